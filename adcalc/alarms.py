"""What must not be passed over when a formula over arrays is carried out.

For every operation that can leave its domain, and for every one with a kink, one more number is
computed along with the result: 0 where all is well.  Only if one is not 0 are the operations looked
through, to say which entry of which sub-expression it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.text import digits, written
from adcalc.errors import Caution, DomainProblem, Source, Span
from adcalc.expr import Apply, Expr, Number
from adcalc.prepared import Prepared
from adcalc.primitive import Primitive
from adcalc.program import Slot, Unused, evaluate, lowered
from adcalc.rules import ARGUMENTS, Call, NoDerivative, compiled
from adcalc.shapes.rules import core_formula
from adcalc.table import PRIMITIVES
from adcalc.transforms import adjoints, reaches

Array: TypeAlias = Any

#: More than this many warnings of one result say nothing new.
MOST_CAUTIONS = 20
#: A sub-expression longer than this is not written into a message.
_LONGEST = 48

_NOT, _AND = PRIMITIVES["not"], PRIMITIVES["and"]


class Alarm(NamedTuple):
    """A slot of the program, and a formula that is not 0 where something is to be said about it."""

    slot: int
    formula: Expr
    kink: bool


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
        if _can_leave(slot):
            out = nodes[index]
            mask = masks[index]
            if mask is not None:
                out = algebra.apply(PRIMITIVES["where"], [mask, out, algebra.const(0.0)])
            found.append(Alarm(index, algebra.apply(PRIMITIVES["unsound"], [out]), kink=False))
            if primitive.outside and isinstance(slot.node, Apply):
                found.append(Alarm(index, _core_condition(prepared, slot.node, primitive.outside), kink=False))
        if active[index] and primitive.kinks:
            for condition in _kinks(prepared, index):
                mask = masks[index]
                if mask is not None and primitive.elementwise:
                    condition = algebra.apply(_AND, [mask, condition])
                if isinstance(condition, Number):
                    continue
                rank = len(prepared.builder.shape(condition))
                total = prepared.builder.sum(condition, tuple(range(-rank, 0)))
                found.append(Alarm(index, total, kink=True))
    return found


def _can_leave(slot: Slot) -> bool:
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


def _kinks(prepared: Prepared, index: int) -> list[Expr]:
    """The conditions under which a slot is on a kink, entry by entry."""
    slot = prepared.program.slots[index]
    node, primitive, algebra = slot.node, slot.primitive, prepared.algebra
    assert isinstance(node, Apply)
    assert primitive is not None
    if not primitive.elementwise:
        return [_core_condition(prepared, node, primitive.kinks)]
    rule = compiled(primitive.kinks)
    call: Call[Expr] = Call(primitive, node.arguments, node)
    positions = range(len(node.arguments)) if primitive.variadic else (0,)
    return [call.carry_out(algebra, rule, position) for position in positions]


def _core_condition(prepared: Prepared, node: Apply, text: str) -> Expr:
    names = {**dict(zip(ARGUMENTS, node.arguments, strict=False)), "out": node}
    shapes = tuple([(name, prepared.builder.shape(each)) for name, each in names.items()])
    formula, _ = core_formula(text, shapes, node.primitive.static)
    program = lowered([formula])
    value = evaluate(program, prepared.algebra, names)[program.output]
    assert not isinstance(value, Unused)
    return value


class Scene:
    """A formula over arrays at a point, every slot kept, to say what happened where."""

    def __init__(
        self, prepared: Prepared, inputs: Mapping[str, Array], spans: Mapping[Expr, Span], source: Source
    ) -> None:
        self.prepared = prepared
        self.inputs = inputs
        self.spans = spans
        self.source = source

    @cached_property
    def values(self) -> list[Array]:
        """The value of every slot."""
        with np.errstate(all="ignore"):
            return evaluate(self.prepared.program._replace(branching=False), ARRAYS, self.inputs)

    @cached_property
    def masks(self) -> list[Array | None]:
        """Where each slot counts."""
        program = self.prepared.program
        if not program.branching:
            return [None] * len(program.slots)
        with np.errstate(all="ignore"):
            return reaches(program, ARRAYS, self.values)

    def span(self, index: int) -> Span | None:
        """Where a slot stands in the source; of one that a rule made, where its user stands."""
        program = self.prepared.program
        origin = self.prepared.elaboration.origin.get(program.slots[index].node)
        if origin is not None and origin in self.spans:
            return self.spans[origin]
        for user in range(index + 1, len(program.slots)):
            if index in program.slots[user].arguments:
                return self.span(user)
        return None

    def written(self, index: int) -> str:
        """A slot as it was written, if that is short."""
        node = self.prepared.program.slots[index].node
        origin = self.prepared.elaboration.origin.get(node)
        if origin is None:
            return ""
        text = written(origin)
        return text if len(text) <= _LONGEST else ""

    def domain_problem(self) -> DomainProblem | None:
        """The first slot outside its domain, if there is one."""
        program = self.prepared.program
        for index, slot in enumerate(program.slots):
            if not _can_leave(slot) or slot.primitive is None:
                continue
            outside = self._outside(index, slot.primitive)
            if outside is not None and np.any(outside):
                return self._problem(index, slot.primitive, outside)
        return None

    def _outside(self, index: int, primitive: Primitive) -> Array | None:
        slot = self.prepared.program.slots[index]
        arguments = [self.values[argument] for argument in slot.arguments]
        if not primitive.elementwise:
            if not all(np.all(np.isfinite(argument)) for argument in arguments):
                return None
            outside = ~np.isfinite(self.values[index])
            if primitive.outside and isinstance(slot.node, Apply):
                condition = _core_condition(self.prepared, slot.node, primitive.outside)
                outside = np.logical_or(np.any(outside), self.prepared.run([condition], self.inputs)[0] != 0.0)
            return outside
        with np.errstate(all="ignore"):
            inside = Call(primitive, arguments, self.values[index]).carry_out(ARRAYS, compiled(primitive.domain))
            dims = np.broadcast_shapes(np.shape(inside), *map(np.shape, arguments))
            inside = np.broadcast_to(inside, dims)
            known = np.logical_not(np.any([np.isnan(np.broadcast_to(a, dims)) for a in arguments], axis=0))
        outside = np.logical_and(np.equal(inside, 0.0), known)
        mask = self.masks[index]
        return outside if mask is None else np.logical_and(outside, np.not_equal(mask, 0.0))

    def _problem(self, index: int, primitive: Primitive, outside: Array) -> DomainProblem:
        name = primitive.name.removeprefix("core ")
        form = self.written(index) or name
        if not primitive.elementwise:
            name = {"solvevec": "solve", "take": "an index"}.get(name, name)
            return DomainProblem(f"`{form}` needs {primitive.domain}", self.span(index), primitive.advice, self.source)
        slot = self.prepared.program.slots[index]
        place = np.unravel_index(int(np.argmax(outside)), np.shape(outside)) if np.ndim(outside) else ()
        shown = []
        needs = primitive.domain
        for argument in slot.arguments:
            value = np.broadcast_to(self.values[argument], np.shape(outside))[place]
            text = self._argument(index, argument)
            shown.append(f"`{text}{_at(place) if text.isidentifier() else ''} = {digits(float(value))}`")
        where = f" at entry {_at(place)}" if place else ""
        message = f"`{form}` needs `{needs}`, here {' and '.join(shown)}{where}"
        return DomainProblem(message, self.span(index), primitive.advice, self.source)

    def _argument(self, index: int, argument: int) -> str:
        node = self.prepared.program.slots[argument].node
        while isinstance(node, Apply) and node.primitive.name in ("expand", "spread"):
            (node,) = node.arguments
        origin = self.prepared.elaboration.origin.get(node, node)
        text = written(origin)
        if len(text) > _LONGEST:
            position = self.prepared.program.slots[index].arguments.index(argument)
            return ARGUMENTS[min(position, 2)]
        return text

    def kink_cautions(self, slots: Sequence[int]) -> list[Caution]:
        """What to say of slots on a kink."""
        cautions = []
        for index in dict.fromkeys(slots):
            primitive = self.prepared.program.slots[index].primitive
            assert primitive is not None
            name = primitive.name.removeprefix("core ")
            name = {"amax": "max", "amin": "min"}.get(name, name)
            where = self._kink_place(index)
            form = self.written(index) or name
            if primitive.group == "comparisons and logic":
                message = f"the two sides of `{form}` are equal{where}; {primitive.convention}"
            elif primitive.jump:
                message = f"`{form}` jumps{where}: the derivative does not exist; {primitive.convention}"
            else:
                message = f"`{form}` has a kink{where}: the derivative does not exist; {primitive.convention}"
            cautions.append(Caution("jump" if primitive.jump else "kink", message, self.span(index)))
        return cautions[:MOST_CAUTIONS]

    def _kink_place(self, index: int) -> str:
        slot = self.prepared.program.slots[index]
        primitive = slot.primitive
        if primitive is None or not primitive.elementwise:
            return " here"
        call = Call(primitive, [self.values[argument] for argument in slot.arguments], self.values[index])
        positions = range(len(slot.arguments)) if primitive.variadic else (0,)
        for position in positions:
            with np.errstate(all="ignore"):
                on = np.asarray(call.carry_out(ARRAYS, compiled(primitive.kinks), position))
            if on.ndim and np.any(on):
                count = int(np.count_nonzero(on))
                first = _at(np.unravel_index(int(np.argmax(on != 0.0)), on.shape))
                return f" at entry {first}" + (f" and {count - 1} more" if count > 1 else "")
        return " here"

    def slope_cautions(self, wrt: Sequence[str]) -> list[Caution]:
        """Where a derivative stopped being finite, on the way back from the result."""
        program = self.prepared.program
        if np.ndim(self.values[program.output]):
            return [Caution("not finite", "a derivative is not finite here")]
        with np.errstate(all="ignore"):
            try:
                found = adjoints(program, ARRAYS, self.values, 1.0, wrt)
            except NoDerivative:
                return []
        for index in range(len(found) - 1, -1, -1):
            adjoint, slot = found[index], program.slots[index]
            if adjoint is None or slot.primitive is None or not np.all(np.isfinite(adjoint)):
                continue
            for argument in slot.arguments:
                below = found[argument]
                if below is not None and not np.all(np.isfinite(below)):
                    name = slot.primitive.name.removeprefix("core ")
                    form = self.written(index) or name
                    bad = np.asarray(np.logical_not(np.isfinite(below)))
                    where = (
                        f" at entry {_at(np.unravel_index(int(np.argmax(bad)), bad.shape))}" if bad.ndim else " here"
                    )
                    kind = "is infinite" if np.any(np.isinf(below)) else "is not a number"
                    return [Caution("not finite", f"the derivative of `{form}` {kind}{where}", self.span(index))]
        return [Caution("not finite", "a derivative is not finite here")]


def _at(place: Sequence[Any]) -> str:
    return f"[{', '.join(str(int(position)) for position in place)}]" if len(place) else ""
