"""Coefficients of canonical formulas: exact as long as everything is a whole number or a quotient of such."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

Coefficient: TypeAlias = Fraction | float

_LARGEST = 2**53


def product(a: Coefficient, b: Coefficient) -> Coefficient:
    """The product of two coefficients.

    >>> product(Fraction(2, 3), Fraction(3)), product(Fraction(1, 3), 0.25)
    (Fraction(2, 1), 0.08333333333333333)
    """
    both = a * b
    return exact(both) if isinstance(both, float) else _bounded(both)


def raised(coefficient: Coefficient, exponent: int) -> Coefficient | None:
    """A power of a coefficient; None where it is not a number that can stand in a formula."""
    if exponent == 1 or coefficient == 1:
        return coefficient
    try:
        power = coefficient**exponent
        folded = exact(power) if isinstance(power, float) else _bounded(power)
    except (OverflowError, ZeroDivisionError):
        return None
    return folded if math.isfinite(folded) and folded else None


def sound(value: Coefficient) -> bool:
    """Whether a coefficient is a number that may stand in a formula."""
    return math.isfinite(value)


def _bounded(value: Fraction) -> Coefficient:
    """A fraction whose parts are exact as floats, or the nearest float."""
    return value if abs(value.numerator) <= _LARGEST and value.denominator <= _LARGEST else float(value)


def exact(value: float) -> Coefficient:
    """A float as a coefficient: a whole number exactly."""
    return Fraction(int(value)) if whole(value) else value


def whole(value: float) -> bool:
    """Whether a float is a whole number whose neighbours are floats as well."""
    return math.isfinite(value) and value == int(value) and abs(value) <= _LARGEST


def parts(coefficient: Coefficient) -> tuple[float, float]:
    """Numerator and denominator."""
    if isinstance(coefficient, Fraction):
        return float(coefficient.numerator), float(coefficient.denominator)
    return coefficient, 1.0
