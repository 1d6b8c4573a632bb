"""What must not be passed over when a formula is carried out: guards, computed along with the result.

For every operation that can leave its domain, and for every one with a kink, a guard is 0 where all is well.
Only if one is not 0 are the operations looked through, to say which entry of which sub-expression it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from adcalc.autodiff.linearization import Linearization
from adcalc.autodiff.transforms import anywhere, reaches
from adcalc.ir.expr import Apply, Expr, Number
from adcalc.ir.program import Program, Slot, Unused, evaluate, lowered
from adcalc.lower.rules import ARGUMENTS, Call, compiled
from adcalc.lower.shaped_rules import core_formula
from adcalc.table import PRIMITIVES

_AND, _EQUAL, _WHERE, _UNSOUND = (PRIMITIVES[name] for name in ("and", "==", "where", "unsound"))
#: Rows of the largest matrix whose condition number is looked at.
_LARGEST_CHECKED = 256


#: A point outside a domain, on a kink, or where few digits are certain.
Kind = Literal["domain", "kink", "digits"]


class Guard(NamedTuple):
    """A slot of the program, and a formula that is not 0 where something is to be said about it."""

    slot: int
    formula: Expr
    kind: Kind


def guards(formula: Linearization, wrt: Sequence[str]) -> list[Guard]:
    """The guards of a formula: its domains, and where derivatives are wanted the kinks on the way to them."""

    def make() -> list[Guard]:
        return list(_made(formula, wrt))

    found: list[Guard] = formula.kept(("guards", tuple(wrt)), make)
    return found


def _made(formula: Linearization, wrt: Sequence[str]) -> Iterator[Guard]:
    program, algebra, builder = formula.program, formula.algebra, formula.builder
    nodes = [slot.node for slot in program.slots]
    active = program.depends_on(tuple(wrt))
    masks = reaches(program, algebra, nodes) if program.branching else [None] * len(nodes)
    for index, slot in enumerate(program.slots):
        primitive, mask = slot.primitive, masks[index]
        if primitive is None:
            continue
        if can_leave(slot):
            out: Expr = nodes[index]
            if mask is not None:
                out = algebra.apply(_WHERE, [mask, out, algebra.const(0.0)])
            yield Guard(index, algebra.apply(_UNSOUND, [out]), "domain")
        watched: tuple[tuple[str, Kind], ...] = ((primitive.outside, "domain"), (primitive.rough, "digits"))
        for text, kind in watched:
            if text and isinstance(slot.node, Apply) and (kind == "domain" or _is_small(formula, slot.node)):
                condition = core_condition(formula, slot.node, text)
                if mask is not None:
                    condition = algebra.apply(_AND, [anywhere(algebra, mask), condition])
                yield Guard(index, condition, kind)
        for condition in kink_conditions(formula, index, active):
            if mask is not None:
                same = builder.shape(mask) == builder.shape(condition)
                condition = algebra.apply(_AND, [mask if same else anywhere(algebra, mask), condition])
            if not isinstance(condition, Number):
                rank = len(builder.shape(condition))
                yield Guard(index, builder.sum(condition, tuple(range(-rank, 0))), "kink")


def _is_small(formula: Linearization, node: Apply) -> bool:
    """Whether a matrix is small enough to be inverted only to see how singular it is."""
    return formula.builder.shape(node.arguments[0])[-1] <= _LARGEST_CHECKED


def can_leave(slot: Slot) -> bool:
    """Whether a slot can be asked for a point outside its domain."""
    primitive, node = slot.primitive, slot.node
    if primitive is None or not primitive.domain or not isinstance(node, Apply):
        return False
    last = node.arguments[-1]
    if primitive.name == "/" and isinstance(last, Number):
        return last.value == 0.0
    if primitive.name == "^" and isinstance(last, Number):
        return last.value < 0.0 or last.value != int(last.value)
    return True


def may_be_kinked(program: Program, index: int, active: Sequence[bool]) -> bool:
    """Whether a slot has a point at which its derivative may not exist, and moves with the variables in question."""
    primitive = program.slots[index].primitive
    if primitive is None or not active[index]:
        return False
    return bool(primitive.kinks) or is_plain_condition(program, index, active)


def is_plain_condition(program: Program, index: int, active: Sequence[bool]) -> bool:
    """Whether a slot is a branch, or logic, on a number that moves and is not itself a comparison."""
    slot = program.slots[index]
    if slot.primitive is None or not (slot.primitive.takes is not None or slot.primitive.name == "not"):
        return False
    condition = program.slots[slot.arguments[0]].primitive
    logical = condition is not None and condition.group == "comparisons and logic" and bool(condition.binding)
    return active[slot.arguments[0]] and not logical


def kink_conditions(formula: Linearization, index: int, active: Sequence[bool]) -> list[Expr]:
    """The conditions under which a slot is on a kink, entry by entry."""
    slot = formula.program.slots[index]
    node, primitive, algebra = slot.node, slot.primitive, formula.algebra
    if primitive is None or not may_be_kinked(formula.program, index, active):
        return []
    assert isinstance(node, Apply)
    if not primitive.kinks:
        return [algebra.apply(_EQUAL, [node.arguments[0], algebra.const(0.0)])]
    if not primitive.elementwise:
        return [core_condition(formula, node, primitive.kinks)]
    rule = compiled(primitive.kinks)
    call: Call[Expr] = Call(primitive, node.arguments, node)
    return [call.carry_out(algebra, rule, position) for position in kinked_arguments(slot, active)]


def kinked_arguments(slot: Slot, active: Sequence[bool]) -> list[int]:
    """The arguments of which a slot's condition speaks in turn."""
    assert slot.primitive is not None
    if not slot.primitive.variadic:
        return [0]
    return [position for position, argument in enumerate(slot.arguments) if active[argument]]


def core_condition(formula: Linearization, node: Apply, text: str) -> Expr:
    """A condition of the table about a core row, for the shapes at hand."""
    names = {**dict(zip(ARGUMENTS, node.arguments, strict=False)), "out": node}
    shapes = tuple([(name, formula.builder.shape(each)) for name, each in names.items()])
    condition, _ = core_formula(text, shapes, node.primitive.static)
    program = lowered([condition])
    value = evaluate(program, formula.algebra, names)[program.output]
    assert not isinstance(value, Unused)
    return value
