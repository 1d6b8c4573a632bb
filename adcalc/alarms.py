"""What must not be passed over when a formula over arrays is carried out.

For every operation that can leave its domain, and for every one with a kink, one more number is
computed along with the result: 0 where all is well.  Only if one is not 0 are the operations looked
through, to say which entry of which sub-expression it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from adcalc.expr import Apply, Expr, Number
from adcalc.prepared import Prepared
from adcalc.program import Slot, Unused, evaluate, lowered
from adcalc.rules import ARGUMENTS, Call, compiled
from adcalc.shapes.rules import core_formula
from adcalc.table import PRIMITIVES
from adcalc.transforms import anywhere, reaches

Array: TypeAlias = Any

_AND = PRIMITIVES["and"]
#: Rows of the largest matrix whose condition number is looked at.
_LARGEST_CHECKED = 256


#: A point outside a domain, on a kink, or where few digits are certain.
Kind = Literal["domain", "kink", "digits"]


class Alarm(NamedTuple):
    """A slot of the program, and a formula that is not 0 where something is to be said about it."""

    slot: int
    formula: Expr
    kind: Kind


def alarms(prepared: Prepared, wrt: Sequence[str]) -> list[Alarm]:
    """The alarms of a formula: its domains, and where derivatives are wanted the kinks on the way to them."""

    def make() -> list[Alarm]:
        return list(_made(prepared, wrt))

    found: list[Alarm] = prepared.remembered(("alarms", tuple(wrt)), make)
    return found


def _made(prepared: Prepared, wrt: Sequence[str]) -> list[Alarm]:
    program, algebra = prepared.program, prepared.algebra
    nodes = [slot.node for slot in program.slots]
    active = program.depends_on(tuple(wrt))
    masks = reaches(program, algebra, nodes) if program.branching else [None] * len(nodes)
    found = []
    for index, slot in enumerate(program.slots):
        primitive = slot.primitive
        if primitive is None:
            continue
        if can_leave(slot):
            out = nodes[index]
            mask = masks[index]
            if mask is not None:
                out = algebra.apply(PRIMITIVES["where"], [mask, out, algebra.const(0.0)])
            found.append(Alarm(index, algebra.apply(PRIMITIVES["unsound"], [out]), "domain"))
        watched: tuple[tuple[str, Kind], ...] = ((primitive.outside, "domain"), (primitive.rough, "digits"))
        for text, kind in watched:
            if text and isinstance(slot.node, Apply) and (kind == "domain" or _is_small(prepared, slot.node)):
                condition = core_condition(prepared, slot.node, text)
                mask = masks[index]
                if mask is not None:
                    condition = algebra.apply(_AND, [anywhere(algebra, mask), condition])
                found.append(Alarm(index, condition, kind))
        if active[index] and primitive.kinks:
            for condition in kink_conditions(prepared, index):
                mask = masks[index]
                if mask is not None:
                    same = prepared.builder.shape(mask) == prepared.builder.shape(condition)
                    condition = algebra.apply(_AND, [mask if same else anywhere(algebra, mask), condition])
                if isinstance(condition, Number):
                    continue
                rank = len(prepared.builder.shape(condition))
                total = prepared.builder.sum(condition, tuple(range(-rank, 0)))
                found.append(Alarm(index, total, "kink"))
    return found


def _is_small(prepared: Prepared, node: Apply) -> bool:
    """Whether a matrix is small enough to be inverted only to see how singular it is."""
    return prepared.builder.shape(node.arguments[0])[-1] <= _LARGEST_CHECKED


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


def kink_conditions(prepared: Prepared, index: int) -> list[Expr]:
    """The conditions under which a slot is on a kink, entry by entry."""
    slot = prepared.program.slots[index]
    node, primitive, algebra = slot.node, slot.primitive, prepared.algebra
    assert isinstance(node, Apply)
    assert primitive is not None
    if not primitive.elementwise:
        return [core_condition(prepared, node, primitive.kinks)]
    rule = compiled(primitive.kinks)
    call: Call[Expr] = Call(primitive, node.arguments, node)
    positions = range(len(node.arguments)) if primitive.variadic else (0,)
    return [call.carry_out(algebra, rule, position) for position in positions]


def core_condition(prepared: Prepared, node: Apply, text: str) -> Expr:
    """A condition of the table about a core row, for the shapes at hand."""
    names = {**dict(zip(ARGUMENTS, node.arguments, strict=False)), "out": node}
    shapes = tuple([(name, prepared.builder.shape(each)) for name, each in names.items()])
    formula, _ = core_formula(text, shapes, node.primitive.static)
    program = lowered([formula])
    value = evaluate(program, prepared.algebra, names)[program.output]
    assert not isinstance(value, Unused)
    return value
