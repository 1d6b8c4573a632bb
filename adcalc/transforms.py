"""How derivatives flow through a program, in any algebra.

Forward mode is evaluation over `Duals`.  Reverse mode walks the Wengert list back from the result
and hands each slot's adjoint to its arguments (Linnainmaa, 1970; Speelpenning, 1980).  Both take the
partial derivatives from the same rules of the table, and both look only at slots that were used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from adcalc.algebras.duals import Dual, Duals, NoDerivative, contribution
from adcalc.expr import Variable
from adcalc.program import Differentiable, Program, Unused, evaluate, taken
from adcalc.rules import Call
from adcalc.table import PRIMITIVES

T = TypeVar("T")

_PLUS = PRIMITIVES["+"]


def jvp(
    program: Program, algebra: Differentiable[T], inputs: Mapping[str, T], tangents: Mapping[str, T]
) -> list[Dual[T]]:
    """Values and directional derivatives of the results, by forward mode.

    Args:
        inputs: the value of each variable.
        tangents: the direction; a variable that is not named stands still.
    """
    duals = {name: Dual(value, tangents.get(name)) for name, value in inputs.items()}
    values = evaluate(program, Duals(algebra), duals)
    return [_used(values[output]) for output in program.outputs]


def vjp(
    program: Program,
    algebra: Differentiable[T],
    values: Sequence[T | Unused],
    cotangent: T,
    wrt: Sequence[str],
) -> dict[str, T | None]:
    """What each variable contributes to the result, by reverse mode; None: nothing at all.

    Args:
        values: every slot's value, from `evaluate` in the same algebra.
        cotangent: the adjoint of the result; 1 for a gradient.
        wrt: the variables to differentiate by.
    """
    found = adjoints(program, algebra, values, cotangent, wrt)
    result: dict[str, T | None] = dict.fromkeys(wrt)
    for slot, adjoint in zip(program.slots, found, strict=True):
        if isinstance(slot.node, Variable) and slot.node.name in result:
            result[slot.node.name] = adjoint
    return result


def adjoints(
    program: Program,
    algebra: Differentiable[T],
    values: Sequence[T | Unused],
    cotangent: T,
    wrt: Sequence[str],
) -> list[T | None]:
    """The adjoint of every slot; None where nothing flows: not used, or not dependent on `wrt`."""
    active = program.depends_on(wrt)
    found: list[T | None] = [None] * len(program.slots)
    found[program.output] = cotangent
    for index in range(len(program.slots) - 1, -1, -1):
        adjoint = found[index]
        if adjoint is None or not active[index]:
            continue
        _, primitive, arguments, _ = program.slots[index]
        if primitive is None:
            continue
        if primitive.takes is not None:
            truth = algebra.truth(_used(values[arguments[0]]))
            assert truth is not None, "reverse mode needs to know which branch was taken"
            chosen = arguments[taken(primitive, truth)]
            if active[chosen] and not primitive.binding:
                found[chosen] = _sum(algebra, found[chosen], adjoint)
            continue
        call = Call(primitive, [_used(values[a]) for a in arguments], _used(values[index]))
        for position, argument in enumerate(arguments):
            if active[argument]:
                try:
                    flow = contribution(algebra, call, position, adjoint)
                except NoDerivative as problem:
                    problem.node = program.slots[index].node
                    raise
                if flow is not None:
                    found[argument] = _sum(algebra, found[argument], flow)
    return found


def _sum(algebra: Differentiable[T], before: T | None, flow: T) -> T:
    return flow if before is None else algebra.apply(_PLUS, [before, flow])


def _used(value: T | Unused) -> T:
    assert not isinstance(value, Unused)
    return value
