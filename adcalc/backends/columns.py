"""Derivatives of a formula of numbers as core formulas, to be carried out for every row of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from adcalc.expr import Expr, number, variable, variables
from adcalc.prepared import Formulas, Prepared
from adcalc.program import lowered
from adcalc.transforms import jvp

#: Second partials by two variables, the first one not behind the second one in the order asked for.
Seconds: TypeAlias = "dict[tuple[str, str], Expr | None]"


def forward_seconds(ready: Prepared, wrt: Sequence[str], partials: Mapping[str, Expr | None]) -> Seconds:
    """The second partials by forward mode over the formulas of the first ones, one variable after the other."""
    found: Seconds = {}
    for place, name in enumerate(wrt):
        others = [other for other in wrt[place:] if partials[other] is not None]
        live = [formula for other in others if (formula := partials[other]) is not None]
        inputs: dict[str, Expr] = {each: variable(each) for each in variables(live)}
        moved = jvp(lowered(live), ready.algebra, inputs, {name: number(1)} if name in inputs else {})
        slopes = dict(zip(others, [dual.tangent for dual in moved], strict=True))
        found |= {(name, other): slopes.get(other) for other in wrt[place:]}
    return found


def forward_partials(ready: Prepared, wrt: Sequence[str]) -> Formulas:
    """The partials by forward mode, one variable after the other."""
    found: Formulas = {}
    for name in wrt:
        inputs = {each: variable(each) for each in variables([ready.root])}
        (dual,) = jvp(ready.program, ready.algebra, inputs, {name: number(1)} if name in inputs else {})
        found[name] = dual.tangent
    return found
