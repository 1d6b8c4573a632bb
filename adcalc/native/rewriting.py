"""A program made ready for machine code: the same numbers by fewer divisions, and fewer alarms that say as much."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adcalc.expr import Apply, Expr, Number, apply, number, topological
from adcalc.native.layout import Layout, fewer
from adcalc.primitive import Primitive
from adcalc.table import PRIMITIVES

_OVER, _TIMES = PRIMITIVES["/"], PRIMITIVES["*"]


def rewritten(layout: Layout) -> Layout:
    """The same kernel for less.

    A power of 2 in a divisor becomes a factor of the quotient, which is exact, so that `1/(2*y)` and `x/y` share the
    inverse of y.
    """
    new = _rebuilt([*layout.results, *layout.alarms])
    results = tuple([new[formula] for formula in layout.results])
    return layout._replace(results=results, alarms=fewer(tuple([new[alarm] for alarm in layout.alarms])))


def _rebuilt(roots: Sequence[Expr]) -> dict[Expr, Expr]:
    new: dict[Expr, Expr] = {}
    for node in topological(roots):
        if isinstance(node, Apply):
            new[node] = _built(node.primitive, [new[argument] for argument in node.arguments])
        else:
            new[node] = node
    return new


def _built(primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
    if primitive is _OVER:
        factor, divisor = _without_power_of_two(arguments[1])
        if factor != 1.0:
            return apply(_TIMES, apply(_OVER, arguments[0], divisor), number(1.0 / factor))
    return apply(primitive, *arguments)


def _without_power_of_two(divisor: Expr) -> tuple[float, Expr]:
    if isinstance(divisor, Apply) and divisor.primitive is _TIMES:
        for factor, rest in (divisor.arguments, divisor.arguments[::-1]):
            if isinstance(factor, Number) and math.frexp(factor.value)[0] == 0.5 and 0.0625 <= factor.value <= 16.0:
                return factor.value, rest
    return 1.0, divisor
