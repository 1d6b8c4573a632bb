"""What may be wrong with a row: an operation outside its domain, a kink, a result that is not finite.

Conditions are formulas like any other, computed for every row along with the results.  An alarm is cheap and
cautious; the codes, computed only where one was raised, say which operation it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from adcalc.alarms import can_leave, kink_conditions
from adcalc.expr import Apply, Expr, Number, number
from adcalc.prepared import Prepared
from adcalc.rules import Call, compiled
from adcalc.table import PRIMITIVES
from adcalc.transforms import anywhere, reaches

Kind = Literal["domain", "kink"]

_AND, _EQUAL, _MINUS, _UNEQUAL, _NOT, _WHERE = (PRIMITIVES[name] for name in ("and", "==", "-", "!=", "not", "where"))


class Watch(NamedTuple):
    """An operation, and the condition under which something is to be said about it."""

    slot: int
    kind: Kind
    condition: Expr
    """Of numbers: 1 in the rows in question."""
    quick: Expr
    """At least wherever the condition holds, and cheaper."""


def watches(ready: Prepared, wrt: Sequence[str]) -> list[Watch]:
    """Everything that is watched in a formula, in the order of its operations."""
    program, algebra = ready.program, ready.algebra
    nodes = [slot.node for slot in program.slots]
    active = program.depends_on(tuple(wrt))
    masks = reaches(program, algebra, nodes) if program.branching else [None] * len(nodes)
    found = []
    for index, slot in enumerate(program.slots):
        primitive, node = slot.primitive, slot.node
        if primitive is None or not primitive.elementwise or not isinstance(node, Apply):
            continue
        if can_leave(slot):
            outside = algebra.apply(
                _NOT, [Call(primitive, node.arguments, node).carry_out(algebra, compiled(primitive.domain))]
            )
            for argument in node.arguments:
                if not isinstance(argument, Number):
                    outside = algebra.apply(_AND, [outside, algebra.apply(_EQUAL, [argument, argument])])
            condition = _reduced(ready, _where(ready, masks[index], outside))
            quick = _reduced(ready, _where(ready, masks[index], _not_finite(ready, node)))
            found.append(Watch(index, "domain", condition, quick))
        if active[index] and primitive.kinks:
            for condition in kink_conditions(ready, index):
                whole = _reduced(ready, _where(ready, masks[index], condition))
                if not isinstance(whole, Number):
                    found.append(Watch(index, "kink", whole, whole))
    return found


def alarms_of(ready: Prepared, watched: Sequence[Watch], results: Sequence[Expr]) -> tuple[Expr, ...]:
    """Formulas that are not 0 where a row needs to be looked at."""
    own = [_not_finite(ready, formula) for formula in results if not isinstance(formula, Number)]
    return tuple(dict.fromkeys([*[watch.quick for watch in watched], *own]))


def codes(ready: Prepared, watched: Sequence[Watch]) -> tuple[Expr, Expr]:
    """Formulas of the number of the first watch, from 1, that holds; of those of domains, and of those of kinks."""
    found: dict[Kind, Expr] = {"domain": number(0), "kink": number(0)}
    for place in range(len(watched) - 1, -1, -1):
        watch = watched[place]
        found[watch.kind] = ready.algebra.apply(_WHERE, [watch.condition, number(place + 1), found[watch.kind]])
    return found["domain"], found["kink"]


def _not_finite(ready: Prepared, formula: Expr) -> Expr:
    """Where a formula is infinite or not a number: there its difference from itself is not 0."""
    return ready.algebra.apply(_UNEQUAL, [ready.algebra.apply(_MINUS, [formula, formula]), number(0)])


def _where(ready: Prepared, mask: Expr | None, condition: Expr) -> Expr:
    if mask is None:
        return condition
    same = ready.builder.shape(mask) == ready.builder.shape(condition)
    return ready.algebra.apply(_AND, [mask if same else anywhere(ready.algebra, mask), condition])


def _reduced(ready: Prepared, condition: Expr) -> Expr:
    """Whether a condition holds for any entry of an array on the way."""
    return anywhere(ready.algebra, condition)
