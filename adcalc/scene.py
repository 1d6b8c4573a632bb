"""A formula over arrays at a point with every operation's value, to say what happened where.

It is looked through only where an alarm was raised or a figure is not finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from adcalc.alarms import can_leave, core_condition
from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.duals import Dual, Duals
from adcalc.algebras.text import digits, written
from adcalc.errors import Caution, DomainProblem, Source, Span
from adcalc.expr import Apply, Expr, rebuild, variable
from adcalc.prepared import Prepared
from adcalc.primitive import Primitive
from adcalc.program import Slot, evaluate
from adcalc.rules import ARGUMENTS, Call, NoDerivative, compiled
from adcalc.transforms import adjoints, reaches

Array: TypeAlias = Any

#: More than this many warnings of one result say nothing new.
MOST_CAUTIONS = 20
#: A sub-expression longer than this is not written into a message.
_LONGEST = 48


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
        slots = self.prepared.program.slots
        place: int | None = index
        while place is not None:
            origin = self.prepared.elaboration.origin.get(slots[place].node)
            if origin is not None and origin in self.spans:
                return self.spans[origin]
            below = place
            users = (user for user in range(below + 1, len(slots)) if below in slots[user].arguments)
            place = next(users, None)
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
            if not can_leave(slot) or slot.primitive is None:
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
                condition = core_condition(self.prepared, slot.node, primitive.outside)
                outside = np.logical_or(np.any(outside), self.prepared.run([condition], self.inputs)[0] != 0.0)
            needed = self.masks[index] is None or np.any(self.masks[index])
            return outside if needed else None
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
        if primitive.name == "core one_hot":
            labels = np.asarray(self.values[self.prepared.program.slots[index].arguments[0]])
            first = digits(float(labels[np.any(outside, axis=-1)].flat[0]))
            message = f"labels are whole numbers from 0 below {primitive.setting('n')}, here one is {first}"
            return DomainProblem(message, self.span(index), "", self.source)
        if not primitive.elementwise:
            name = {"solvevec": "solve", "take": "an index"}.get(name, name)
            return DomainProblem(f"`{form}` needs {primitive.domain}", self.span(index), primitive.advice, self.source)
        slot = self.prepared.program.slots[index]
        place = np.unravel_index(int(np.argmax(outside)), np.shape(outside)) if np.ndim(outside) else ()
        shown = []
        needs = self._needs(index, primitive)
        for argument in slot.arguments:
            value = np.broadcast_to(self.values[argument], np.shape(outside))[place]
            text = self._argument(index, argument)
            shown.append(f"`{text}{_at(place) if text.isidentifier() else ''} = {digits(float(value))}`")
        where = f" at entry {_at(place)}" if place else ""
        message = f"`{form}` needs `{needs}`, here {' and '.join(shown)}{where}"
        return DomainProblem(message, self.span(index), primitive.advice, self.source)

    def _needs(self, index: int, primitive: Primitive) -> str:
        """The condition of a domain, in terms of what stands in the formula if that is short."""
        texts = [self._argument(index, argument) for argument in self.prepared.program.slots[index].arguments]
        if any(text in ARGUMENTS and text != letter for letter, text in zip(ARGUMENTS, texts, strict=False)) or any(
            text not in ARGUMENTS for text in texts
        ):
            rule = compiled(primitive.domain).program
            condition = rule.slots[rule.output].node
            own: dict[Expr, Expr] = {
                variable(letter): self._origin(argument)
                for letter, argument in zip(ARGUMENTS, self.prepared.program.slots[index].arguments, strict=False)
            }
            told = written(rebuild([condition], own)[condition])
            if len(told) <= _LONGEST:
                return told
        return primitive.domain

    def _origin(self, argument: int) -> Expr:
        node = self.prepared.program.slots[argument].node
        while isinstance(node, Apply) and node.primitive.name in ("expand", "spread"):
            (node,) = node.arguments
        return self.prepared.elaboration.origin.get(node, node)

    def _argument(self, index: int, argument: int) -> str:
        text = written(self._origin(argument))
        if len(text) > _LONGEST:
            position = self.prepared.program.slots[index].arguments.index(argument)
            return ARGUMENTS[min(position, 2)]
        return text

    def harmful(self, slots: Sequence[int], wrt: Sequence[str], order: int) -> list[int]:
        """Those of some slots on a kink whose adjoint there is not nothing: `abs(x)^3` at 0 has the slope 0.

        Args:
            order: of the derivatives wanted; for second ones the adjoint must not begin to move, either.
        """
        program = self.prepared.program
        if not slots or np.ndim(self.values[program.output]):
            return list(slots)
        with np.errstate(all="ignore"):
            try:
                found = adjoints(program, ARRAYS, self.values, 1.0, wrt)
            except NoDerivative:
                return list(slots)
        kept = []
        for index in slots:
            primitive, adjoint = program.slots[index].primitive, found[index]
            assert primitive is not None
            if primitive.elementwise and not primitive.jump:
                on = self._on_kink(index)
                if not np.any(np.where(on, 0.0 if adjoint is None else adjoint, 0.0)) and (
                    order == 1 or self._stays_harmless(index, on, wrt)
                ):
                    continue
            kept.append(index)
        return kept

    def _stays_harmless(self, index: int, on: Array, wrt: Sequence[str]) -> bool:
        """Whether the adjoint on a kink is still nothing to first order, however the point and the kink's value move."""
        program = self.prepared.program
        freed = variable("the kink's value")
        slots = list(program.slots)
        slots[index] = Slot(freed, None)
        moved = program._replace(slots=tuple(slots))
        anywhere = np.random.default_rng(20_261_122)

        def dual(value: Array, *, moves: bool) -> Dual[Array]:
            return Dual(value, anywhere.uniform(0.5, 1.5, np.shape(value)) if moves else None)

        inputs = {name: dual(value, moves=name in wrt) for name, value in self.inputs.items()}
        inputs[freed.name] = dual(self.values[index], moves=True)
        duals = Duals(ARRAYS)
        with np.errstate(all="ignore"):
            values = evaluate(moved._replace(branching=False), duals, inputs)
            found = adjoints(moved, duals, values, duals.const(1.0), [*wrt, freed.name])[index]
        tangent = None if found is None else found.tangent
        return tangent is None or not np.any(np.where(on, tangent, 0.0))

    def value_cautions(self) -> list[Caution]:
        """Where the value stopped being finite: the first operation that made it so."""
        program = self.prepared.program
        for index, slot in enumerate(program.slots):
            if slot.primitive is None or not slot.arguments:
                continue
            value = self.values[index]
            below = [self.values[argument] for argument in slot.arguments]
            born = np.any(np.isnan(value)) and not any(np.any(np.isnan(each)) for each in below)
            endless = np.any(np.isinf(value)) and all(np.all(np.isfinite(each)) for each in below)
            if born or endless:
                form = self.written(index) or slot.primitive.name.removeprefix("core ")
                kind = "is not a number" if born else "overflows, or is infinite"
                bad = np.asarray(np.isnan(value) if born else np.isinf(value))
                place = _at(np.unravel_index(int(np.argmax(bad)), bad.shape)) if bad.ndim else ""
                where = f" at entry {place}" if place else " here"
                return [Caution("not finite", f"`{form}` {kind}{where}", self.span(index))]
        for index, slot in enumerate(program.slots):
            if not slot.arguments and not np.all(np.isfinite(self.values[index])):
                return [Caution("not finite", f"the result comes from `{written(slot.node)}`", self.span(index))]
        return [Caution("not finite", "the value is not finite here", self.span(program.output))]

    def digit_cautions(self, slots: Sequence[int]) -> list[Caution]:
        """What to say of matrices that are nearly singular."""
        return [
            Caution(
                "precision",
                f"the matrix of `{self.written(index) or 'inv'}` is nearly singular: few digits are certain, or none",
                self.span(index),
            )
            for index in dict.fromkeys(slots)
        ]

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
        on = self._on_kink(index)
        if on.ndim and np.any(on):
            count = int(np.count_nonzero(on))
            first = _at(np.unravel_index(int(np.argmax(on)), on.shape))
            return f" at entry {first}" + (f" and {count - 1} more" if count > 1 else "")
        return " here"

    def _on_kink(self, index: int) -> Array:
        """For each entry of an operation's value whether it is on a kink."""
        slot = self.prepared.program.slots[index]
        primitive = slot.primitive
        assert primitive is not None
        call = Call(primitive, [self.values[argument] for argument in slot.arguments], self.values[index])
        positions = range(len(slot.arguments)) if primitive.variadic else (0,)
        with np.errstate(all="ignore"):
            conditions = [call.carry_out(ARRAYS, compiled(primitive.kinks), position) for position in positions]
        on = np.broadcast_to(
            np.any([np.not_equal(condition, 0.0) for condition in conditions], axis=0), np.shape(self.values[index])
        )
        mask = self.masks[index]
        return on if mask is None else np.logical_and(on, np.not_equal(mask, 0.0))

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
