"""Arithmetic of numbers that are known exactly: what literals alone decide is decided without rounding."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce

from adcalc.ir.expr import Apply, Expr, Number, rational, rebuild, topological
from adcalc.ir.primitive import Primitive

#: Integers beyond this many bits are not worked out.
MOST_BITS = 8_192


def arithmetic(primitive: Primitive, arguments: Sequence[Fraction]) -> Fraction | None:
    """The exact value of a row; None where it is not rational, does not exist, or is too long.

    >>> from adcalc.table import PRIMITIVES
    >>> arithmetic(PRIMITIVES["floor"], [Fraction("4.35") * 100]), arithmetic(PRIMITIVES["sin"], [Fraction(1)])
    (Fraction(435, 1), None)
    """
    function = _FUNCTIONS.get(primitive.name)
    if function is None or not arguments:
        return None
    try:
        value = function(*arguments)
    except ZeroDivisionError:
        return None
    if value is None:
        return None
    value = Fraction(value)
    return value if max(value.numerator.bit_length(), value.denominator.bit_length()) <= MOST_BITS else None


def folded(primitive: Primitive, arguments: Sequence[Expr]) -> Number | None:
    """The number that a row of numbers is, if that is rational and a float64 can come near it."""
    if primitive.name not in _FUNCTIONS:
        return None
    known = [fraction(argument) for argument in arguments if isinstance(argument, Number)]
    values = [value for value in known if value is not None]
    value = arithmetic(primitive, values) if len(values) == len(arguments) else None
    return _shown(value) if value is not None else None


def worked_out(roots: Sequence[Expr]) -> Mapping[Expr, Expr]:
    """Each node below the roots with what becomes of it when arithmetic of literals is carried out.

    Only the whole of such a part is rounded, and only by the algebra that takes it: `0.1 + 0.2 - 0.3` is 0.
    """
    known: dict[Expr, Fraction] = {}
    for node in topological(roots):
        if isinstance(node, Apply) and node.primitive.name in _FUNCTIONS:
            values: list[Fraction] = []
            for argument in node.arguments:
                value = known.get(argument) if isinstance(argument, Apply) else fraction(argument)
                if value is None:
                    break
                values.append(value)
            else:
                value = arithmetic(node.primitive, values)
                if value is not None:
                    known[node] = value
    replaced: dict[Expr, Expr] = {}
    for node, value in known.items():
        made = _shown(value)
        if made is not None:
            replaced[node] = made
    return rebuild(roots, replaced) if replaced else {root: root for root in roots}


def fraction(expr: Expr) -> Fraction | None:
    """The exact value of a number; None for anything else, and for infinity."""
    return Fraction(expr.numerator, expr.denominator) if isinstance(expr, Number) and expr.finite else None


def _shown(value: Fraction) -> Number | None:
    made = rational(value.numerator, value.denominator)
    return made if math.isfinite(made.value) and (made.value or not value) else None


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1:
        return _root(base, exponent.denominator, exponent.numerator)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > MOST_BITS and abs(base) != 1:
        return None
    if not base and exponent <= 0:
        return None
    return base ** int(exponent)


def _root(base: Fraction, degree: int, power: int = 1) -> Fraction | None:
    """A square root, if it is rational."""
    if base < 0 or degree != 2 or (not base and power < 0):
        return None
    found = Fraction(math.isqrt(base.numerator), math.isqrt(base.denominator))
    return _power(found, Fraction(power)) if found * found == base else None


def _chosen(compare: Callable[[Fraction, Fraction], bool]) -> Callable[..., Fraction]:
    return lambda *values: Fraction(compare(*values))


_FUNCTIONS: dict[str, Callable[..., Fraction | int | None]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": _power, "%": operator.mod,
    "neg": operator.neg, "abs": abs, "sqrt": lambda x: _root(x, 2),
    "sign": lambda x: (x > 0) - (x < 0), "step": lambda x: int(x >= 0), "relu": lambda x: max(x, Fraction(0)),
    "floor": math.floor, "ceil": math.ceil, "round": round, "trunc": math.trunc,
    "min": lambda *x: reduce(min, x), "max": lambda *x: reduce(max, x),
    "==": _chosen(operator.eq), "!=": _chosen(operator.ne), "<": _chosen(operator.lt), "<=": _chosen(operator.le),
    ">": _chosen(operator.gt), ">=": _chosen(operator.ge), "not": lambda x: int(not x),
}  # fmt: skip
