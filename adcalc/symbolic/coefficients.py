"""Coefficients of canonical formulas: rational numbers of any size, never rounded."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.ir.exact import arithmetic
from adcalc.ir.expr import Apply, Expr, Number, apply, rational
from adcalc.ir.primitive import Primitive
from adcalc.table import PRIMITIVES

_OVER = PRIMITIVES["/"]


class Decimal(Fraction):
    """A number with decimal places that stay decimal places in what it is added to and multiplied by.

    >>> Decimal("1.1") * 3, Fraction(1, 2) + Decimal("0.5")
    (Decimal(33, 10), Fraction(1, 1))
    """

    __slots__ = ()


def _kept(operation: Callable[[Fraction, Fraction], Fraction]) -> Callable[[Fraction, Fraction], Fraction]:
    def kept(one: Fraction, other: Fraction) -> Fraction:
        found = operation(one, other)
        return found if found.denominator == 1 else Decimal(found)

    return kept


for _name in ("__add__", "__radd__", "__mul__", "__rmul__"):
    setattr(Decimal, _name, _kept(getattr(Fraction, _name)))
Decimal.__neg__ = lambda self: Decimal(Fraction.__neg__(self))  # type: ignore[method-assign]

Coefficient: TypeAlias = Fraction

#: The parts of a quotient must be numbers that can be written and read.
_LARGEST = int(sys.float_info.max)
_MOST_BITS = 4_096


def raised_coefficient(coefficient: Coefficient, exponent: int) -> Coefficient | None:
    """A power of a coefficient; None where it is not a number that can stand in a formula."""
    if exponent == 1 or coefficient == 1:
        return coefficient
    if not coefficient and exponent < 0:
        return None
    bits = max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())
    if abs(exponent) * bits > _MOST_BITS:
        return None
    power = Fraction(coefficient) ** exponent
    if isinstance(coefficient, Decimal) and power.denominator != 1:
        power = Decimal(power)
    return power if power and sound(power) else None


def sound(value: Coefficient) -> bool:
    """Whether a coefficient may stand in a formula: a float64 comes near it, and near both parts of a quotient."""
    if not value:
        return True
    if is_decimal(value):
        over, under = value.numerator, value.denominator
        return under.bit_length() <= _MOST_BITS and abs(over) <= _LARGEST * under and float(value) != 0.0
    return abs(value.numerator) <= _LARGEST and value.denominator <= _LARGEST and float(value) != 0.0


def is_decimal(value: Coefficient) -> bool:
    """Whether a coefficient is written as a decimal, not as a quotient."""
    if not isinstance(value, Decimal):
        return value.denominator == 1
    return bool(10 ** value.denominator.bit_length() % value.denominator == 0)


def exact(number: Number) -> Coefficient | None:
    """The coefficient that a number in a formula is; None for infinity."""
    if not number.finite:
        return None
    kind = Fraction if number.denominator == 1 else Decimal
    return kind(number.numerator, number.denominator)


def numerator_and_denominator(coefficient: Coefficient) -> tuple[Fraction, int]:
    """Numerator and denominator, 1 where it is written as a decimal."""
    if is_decimal(coefficient):
        return coefficient, 1
    return Fraction(coefficient.numerator), coefficient.denominator


def whole(value: float) -> bool:
    """Whether a float is a whole number whose neighbours are floats as well."""
    return math.isfinite(value) and value == int(value) and abs(value) <= 2**53


def node_of(value: Coefficient) -> Number:
    """A rational number as a literal."""
    return rational(value.numerator, value.denominator)


def quotient(value: Coefficient) -> Expr:
    """A rational number as a formula: a literal, or a quotient of two."""
    over, under = numerator_and_denominator(value)
    return node_of(over) if under == 1 else apply(_OVER, node_of(over), rational(under))


def constant(expr: Expr) -> Coefficient | None:
    """The value of a number or a quotient of two."""
    if isinstance(expr, Number):
        return exact(expr)
    if isinstance(expr, Apply) and expr.primitive is _OVER:
        over, under = expr.arguments
        if isinstance(over, Number) and isinstance(under, Number) and over.finite and under.finite and under.numerator:
            kind = Fraction if over.denominator == under.denominator == 1 else Decimal
            return kind(over.numerator * under.denominator, over.denominator * under.numerator)
    return None


def exact_value(kind: Primitive, constants: Sequence[Coefficient]) -> Coefficient | None:
    """The value of a row of constants, if it is known exactly."""
    value = arithmetic(kind, constants)
    if value is not None:
        return Decimal(value) if any(isinstance(constant, Decimal) for constant in constants) else value
    if any(constant.denominator != 1 or not whole(float(constant)) for constant in constants):
        return None
    result = FLOATS.apply(kind, [float(constant) for constant in constants])
    if not whole(result):
        return None
    # At 0 and 1 a whole number is no accident; elsewhere tanh(30) is one, too.
    certain = kind.name in _WHOLE or all(constant in (0, 1) for constant in constants)
    certain = certain or (kind.name in _INVERSES and _INVERSES[kind.name](int(result)) == constants[0])
    return Fraction(int(result)) if certain else None


# Whole numbers of whole numbers, as long as these are doubles.
_WHOLE = frozenset({"factorial", "gamma", "exp2"})
_INVERSES: dict[str, Callable[[int], int | Fraction]] = {
    "cbrt": lambda n: n**3,
    "log2": lambda n: Fraction(2) ** n,
    "log10": lambda n: Fraction(10) ** n,
}
