"""How derivatives flow through a program, in any algebra.

Forward mode is evaluation over `Duals`.  Reverse mode walks the Wengert list back from the result
and hands each slot's adjoint to its arguments (Linnainmaa, 1970; Speelpenning, 1980).  Both take the
partial derivatives from the same rules of the table, and both look only at slots that were used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from adcalc.algebras.duals import Dual, Duals, pulled, tangent
from adcalc.ir.expr import Expr, Variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Differentiable, Program, Unused, evaluate, taken
from adcalc.lower.rules import Call, NoDerivative, has_rule
from adcalc.table import PRIMITIVES
from adcalc.table.operators import COMPARISON

T = TypeVar("T")

_PLUS, _WHERE, _NOT, _AND, _OR, _UNEQUAL = (PRIMITIVES[name] for name in ("+", "where", "not", "and", "or", "!="))


class Refusal(NamedTuple):
    """An operation that has no derivative by an argument which moves: there is an answer only where it is not used."""

    node: Expr
    problem: NoDerivative


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


def pushforward(
    program: Program,
    algebra: Differentiable[T],
    values: Sequence[T | Unused],
    tangents: Mapping[str, T],
    refusals: list[Refusal] | None = None,
) -> list[T | None]:
    """The tangent of every slot whose value is known, by forward mode; None for one that stands still.

    Args:
        values: every slot's value, from `evaluate` in the same algebra.
        tangents: the direction; a variable that is not named stands still.
        refusals: takes the operations without derivative, whose tangent is then nan; without it they raise.
    """
    found: list[T | None] = [None] * len(program.slots)
    users: list[list[int]] = [[] for _ in program.slots]
    waiting: list[int] = []
    for index, (node, primitive, arguments) in enumerate(program.slots):
        if primitive is None:
            if isinstance(node, Variable) and node.name in tangents:
                found[index] = tangents[node.name]
                waiting.append(index)
        else:
            for argument in arguments:
                users[argument].append(index)
    moving = _reached(waiting, users)
    for index in moving:
        _, primitive, arguments = program.slots[index]
        value = values[index]
        if primitive is None or isinstance(value, Unused):
            continue
        duals = [Dual(primal, found[a]) for a in arguments if not isinstance(primal := values[a], Unused)]
        if len(duals) < len(arguments):
            # Of a branch only the side that was taken has a value.
            assert primitive.takes is not None
            chosen = taken(primitive, bool(algebra.truth(_used(values[arguments[0]]))))
            found[index] = None if primitive.binding else found[arguments[chosen]]
            continue
        try:
            found[index] = tangent(algebra, primitive, duals, value)
        except NoDerivative as problem:
            found[index] = _refused(algebra, program, index, problem, refusals)
    return found


def _reached(start: Sequence[int], users: Sequence[Sequence[int]]) -> list[int]:
    """The slots that depend on some slots, in the order of the program."""
    seen = set(start)
    stack = list(start)
    while stack:
        for user in users[stack.pop()]:
            if user not in seen:
                seen.add(user)
                stack.append(user)
    return sorted(seen)


def _refused(
    algebra: Differentiable[T], program: Program, index: int, problem: NoDerivative, refusals: list[Refusal] | None
) -> T:
    """What stands for a derivative that an operation does not have, if that may be left to the point."""
    problem.node = program.slots[index].node
    if refusals is None:
        raise problem
    refusals.append(Refusal(problem.node, problem))
    return algebra.const(math.nan)


def vjp(
    program: Program,
    algebra: Differentiable[T],
    values: Sequence[T | Unused],
    cotangent: T,
    wrt: Sequence[str],
    refusals: list[Refusal] | None = None,
) -> dict[str, T | None]:
    """What each variable contributes to the result, by reverse mode; None: nothing at all.

    Args:
        values: every slot's value, from `evaluate` in the same algebra.
        cotangent: the adjoint of the result; 1 for a gradient.
        wrt: the variables to differentiate by.
        refusals: as of `pushforward`.
    """
    found = adjoints(program, algebra, values, cotangent, wrt, refusals)
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
    refusals: list[Refusal] | None = None,
) -> list[T | None]:
    """The adjoint of every slot; None where nothing flows: not used, or not dependent on `wrt`."""
    active = program.depends_on(wrt)
    reached = reaches(program, algebra, values, flows=True) if _is_split(program, algebra, values) else None
    found: list[T | None] = [None] * len(program.slots)
    found[program.output] = cotangent
    for index in range(len(program.slots) - 1, -1, -1):
        adjoint = found[index]
        if adjoint is None or not active[index]:
            continue
        _, primitive, arguments = program.slots[index]
        if primitive is None:
            continue
        if primitive.takes is not None:
            for chosen, flow in _branch_flows(program, algebra, values, index, adjoint):
                if active[chosen]:
                    found[chosen] = _sum(algebra, found[chosen], flow)
            continue
        call = Call(primitive, [_used(values[a]) for a in arguments], _used(values[index]))
        for position, argument in enumerate(arguments):
            if active[argument]:
                try:
                    moved = pulled(algebra, call, position, adjoint)
                except NoDerivative as problem:
                    moved = _refused(algebra, program, index, problem, refusals)
                if moved is None:
                    continue
                if reached is not None and (mask := reached[index]) is not None:
                    edge = _passed(program, algebra, values, index, position, mask)
                    if edge is not None:
                        # Where no branch that was taken leads, a rule may have no value.
                        moved = algebra.apply(_WHERE, [edge, moved, algebra.const(0.0)])
                found[argument] = _sum(algebra, found[argument], moved)
    return found


def _branch_flows(
    program: Program, algebra: Differentiable[T], values: Sequence[T | Unused], index: int, adjoint: T
) -> list[tuple[int, T]]:
    """The slots that the adjoint of a branch goes to: the one taken, or both with a share of the entries."""
    _, primitive, arguments = program.slots[index]
    assert primitive is not None
    if primitive.binding:
        return []
    condition = _used(values[arguments[0]])
    truth = algebra.truth(condition)
    if truth is not None:
        return [(arguments[taken(primitive, truth)], adjoint)]
    zero = algebra.const(0.0)
    first, second = (arguments[taken(primitive, side)] for side in (True, False))
    return [
        (first, algebra.apply(_WHERE, [condition, adjoint, zero])),
        (second, algebra.apply(_WHERE, [condition, zero, adjoint])),
    ]


def _is_split(program: Program, algebra: Differentiable[T], values: Sequence[T | Unused]) -> bool:
    """Whether some entries take one branch and some another."""
    return program.branching and any(
        slot.primitive is not None
        and slot.primitive.takes is not None
        and not isinstance(value := values[slot.arguments[0]], Unused)
        and algebra.truth(value) is None
        for slot in program.slots
    )


def differentiable(program: Program) -> set[str]:
    """The inputs from which the results can be reached through rows that have a derivative there."""
    reached = set(program.outputs)
    names: set[str] = set()
    for index in range(len(program.slots) - 1, -1, -1):
        node, primitive, arguments = program.slots[index]
        if index not in reached:
            continue
        if isinstance(node, Variable):
            names.add(node.name)
        if primitive is not None:
            reached |= {a for position, a in enumerate(arguments) if has_rule(primitive, position)}
    return names


def reaches(
    program: Program, algebra: Differentiable[T], values: Sequence[T | Unused], *, flows: bool = False
) -> list[T | None]:
    """For each slot a condition, entry by entry, that the results depend on it; None where all do.

    What goes into a row that is neither linear nor applied entry by entry is needed as a whole or not at all.

    Args:
        flows: whether adjoints reach it: through conditions they do not.
    """
    found: list[T | None] = [None] * len(program.slots)
    met = [False] * len(program.slots)
    for output in program.outputs:
        met[output] = True
    for index in range(len(program.slots) - 1, -1, -1):
        slot, mask = program.slots[index], found[index]
        primitive = slot.primitive
        if primitive is None or not met[index]:
            continue
        sides: tuple[T | None, ...] = (None,) * len(slot.arguments)
        if primitive.takes is not None and not primitive.binding:
            condition = _used(values[slot.arguments[0]])
            sides = (None, condition, algebra.apply(_NOT, [condition]))
        for position, argument in enumerate(slot.arguments):
            if flows and _stops_flow(primitive, position):
                continue
            own = None if mask is None else _passed(program, algebra, values, index, position, mask)
            side = sides[position]
            if side is not None:
                own = side if own is None else algebra.apply(_AND, [own, side])
            if own is not None:
                own = _fitted(algebra, own, algebra.shape(_used(values[argument])))
            before = found[argument]
            if not met[argument]:
                found[argument], met[argument] = own, True
            elif own is None or before is None:
                found[argument] = None
            elif before is not own:
                found[argument] = algebra.apply(_OR, [before, own])
    return found


def _stops_flow(primitive: Primitive, position: int) -> bool:
    """Whether an argument only decides: a condition, or a side of a comparison."""
    if primitive.takes is not None:
        return position == 0 or bool(primitive.binding)
    return primitive.binding == COMPARISON or not has_rule(primitive, position)


def anywhere(algebra: Differentiable[T], mask: T) -> T:
    """Whether a condition holds for any entry."""
    rank = len(algebra.shape(mask))
    if not rank:
        return mask
    total = algebra.apply(PRIMITIVES["core sum"].bound(axes=tuple(range(-rank, 0))), [mask])
    return algebra.apply(_UNEQUAL, [total, algebra.const(0.0)])


def _fitted(algebra: Differentiable[T], mask: T, dims: tuple[int, ...]) -> T:
    """A condition for every entry of an array; for a number that stands for many entries, whether one of them is needed."""
    if algebra.shape(mask) == dims:
        return mask
    if not dims:
        return anywhere(algebra, mask)
    ones = algebra.apply(PRIMITIVES["fill"].bound(dims=dims, value=1.0), [])
    return algebra.apply(PRIMITIVES["*"], [mask, ones])


def _passed(
    program: Program,
    algebra: Differentiable[T],
    values: Sequence[T | Unused],
    index: int,
    position: int,
    mask: T,
) -> T | None:
    """The condition of a slot as one of its arguments; None for everywhere."""
    _, primitive, arguments = program.slots[index]
    assert primitive is not None
    if primitive.elementwise:
        return mask
    if primitive.linear != "in all":
        return _fitted(algebra, anywhere(algebra, mask), algebra.shape(_used(values[arguments[position]])))
    call = Call(primitive, [_used(values[a]) for a in arguments], _used(values[index]))
    back = pulled(algebra, call, position, mask)
    return None if back is None else algebra.apply(_UNEQUAL, [back, algebra.const(0.0)])


def _sum(algebra: Differentiable[T], before: T | None, flow: T) -> T:
    return flow if before is None else algebra.apply(_PLUS, [before, flow])


def _used(value: T | Unused) -> T:
    assert not isinstance(value, Unused)
    return value
