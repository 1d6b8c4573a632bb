"""Running error analysis: a bound of every operation's rounding errors, beside its value.

A formula in which nothing cancels is certain to its last digits, and that is seen in one pass over the values that
were computed (Wilkinson, 1963; Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.3).  What
this pass does not know, or where a bound is large, is left to perturbed roundings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from adcalc.ir.expr import Number
from adcalc.ir.program import Program

#: A bound of the relative error of a value, in units of 2^-53, given the value, its arguments and their bounds; None:
#: there is none.
Bound: TypeAlias = Callable[[float, Sequence[float], Sequence[float]], float | None]

#: Results with a smaller bound are certain: worst cases, of which roundings that fall at random make a fraction.
MOST = 32.0
# Of smaller numbers the last digits are lost.
_LEAST = 1e-290


def is_certain(program: Program, values: Sequence[Any]) -> bool:
    """Whether all results of a program of numbers are right to their last digits.

    Args:
        values: of every slot, in doubles.

    >>> from adcalc.algebras.floats import FLOATS
    >>> from adcalc.errors import Source
    >>> from adcalc.ir.program import evaluate, lowered
    >>> from adcalc.parser.resolve import read
    >>> program = lowered([read(Source("x*x + exp(y) - 2"), ()).result])
    >>> [is_certain(program, evaluate(program, FLOATS, {"x": x, "y": 0.5})) for x in (3.0, 0.5927)]
    [True, False]
    """
    bounds: list[float] = []
    for slot, value in zip(program.slots, values, strict=True):
        primitive = slot.primitive
        if primitive is None:
            bounds.append(0.5 if isinstance(slot.node, Number) and slot.node.rounded else 0.0)
            continue
        rule = _RULES.get(primitive.name)
        if rule is None or not isinstance(value, float):
            return False
        found = rule(value, [values[a] for a in slot.arguments], [bounds[a] for a in slot.arguments])
        if (
            found is None
            or not found <= MOST
            or not (_LEAST < abs(value) < math.inf or (value == 0.0 and found == 0.0))
        ):
            return False
        bounds.append(found)
    return True


def _sum(value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    (x, y), (one, other) = arguments, bounds
    error = abs(x) * one + abs(y) * other
    if not error:
        # Numbers that are exact are added with one rounding, and where nothing is left, with none.
        return 0.5 if value else 0.0
    return error / abs(value) + 0.5 if value else None


def _product(value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    (x, y), (one, other) = arguments, bounds
    if (x == 0.0 and not one) or (y == 0.0 and not other):
        return 0.0
    return one + other + 0.5 if value else None


def _quotient(value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    x, (one, other) = arguments[0], bounds
    if x == 0.0 and not one:
        return 0.0
    return one + other + 0.5 if value else None


def _power(value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    (x, y), (one, other) = arguments, bounds
    if other or not value or y == 0.0:
        return None
    return abs(y) * one + 1.0 if x else None


def _same(_value: float, _arguments: Sequence[float], bounds: Sequence[float]) -> float:
    return bounds[0]


def _no_steeper(value: float, _arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    """Of a function whose relative error is at most that of its argument."""
    return bounds[0] + 1.0 if value else None


def _exponential(_value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float:
    return abs(arguments[0]) * bounds[0] + 1.0


def _logarithm(value: float, _arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    return bounds[0] / abs(value) + 1.0 if value else None


def _wave(value: float, arguments: Sequence[float], bounds: Sequence[float]) -> float | None:
    return abs(arguments[0]) * bounds[0] / abs(value) + 1.0 if value else None


_RULES: Mapping[str, Bound] = {
    "+": _sum, "-": _sum, "*": _product, "/": _quotient, "^": _power, "neg": _same, "sqrt": _no_steeper,
    "exp": _exponential, "log": _logarithm, "sin": _wave, "cos": _wave, "tanh": _no_steeper, "atan": _no_steeper,
    "pi": lambda _value, _arguments, _bounds: 0.5, "e": lambda _value, _arguments, _bounds: 0.5,
}  # fmt: skip
