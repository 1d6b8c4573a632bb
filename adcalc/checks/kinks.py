"""Kinks and jumps: where a derivative may not exist, and where that is harmless."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from adcalc.algebras.duals import Dual, Duals
from adcalc.autodiff.transforms import adjoints
from adcalc.checks.entries import Entries, both, fails, first_place, holds_anywhere, how_many, is_number, masked, shown
from adcalc.checks.guards import core_condition, is_plain_condition, kinked_arguments, may_be_kinked
from adcalc.checks.observation import Observation
from adcalc.errors import Caution
from adcalc.ir.expr import Apply, variable
from adcalc.ir.program import Slot, evaluate
from adcalc.lower.rules import NoDerivative
from adcalc.table import PRIMITIVES

_GIVEN = PRIMITIVES["given"]


def witness_cautions(seen: Observation) -> list[Caution]:
    """Kinks of the formulas whose derivatives were taken inside this one, by `diff` or by hand."""
    slots = seen.program.slots
    witnesses = {slot.arguments[1] for slot in slots if slot.primitive is _GIVEN}
    if not witnesses:
        return []
    below = [False] * len(slots)
    for index in range(len(slots) - 1, -1, -1):
        if index in witnesses or below[index]:
            for argument in slots[index].arguments:
                below[argument] = True
    active = seen.program.depends_on(tuple(seen.asked.inputs))
    found = [i for i in range(len(slots)) if (below[i] or i in witnesses) and holds_anywhere(on_kink(seen, i, active))]
    return [kink_caution(seen, index, active) for index in found]


def on_kink(seen: Observation, index: int, active: Sequence[bool]) -> Entries:
    """Where a slot is on a kink."""
    slot, mask = seen.program.slots[index], seen.masks[index]
    primitive = slot.primitive
    if primitive is None or not may_be_kinked(seen.program, index, active) or not seen.used(index):
        return False
    if not primitive.kinks:
        found = fails(seen.at(slot.arguments[0]))
    elif primitive.elementwise:
        found = _on_elementwise_kink(seen, index, kinked_arguments(slot, active))
    else:
        assert isinstance(slot.node, Apply)
        found = core_holds(seen, slot.node, primitive.kinks)
        return found if mask is None else found and holds_anywhere(mask)
    return found if mask is None else both(found, mask)


def _on_elementwise_kink(seen: Observation, index: int, positions: Sequence[int]) -> Entries:
    primitive = seen.program.slots[index].primitive
    assert primitive is not None
    conditions = [seen.condition_at(index, primitive.kinks, position) for position in positions]
    if not seen.formula.arrays:
        return any(conditions)
    import numpy as np

    on = np.any([np.not_equal(condition, 0.0) for condition in np.broadcast_arrays(*conditions)], axis=0)
    return np.broadcast_to(on, np.shape(seen.at(index)))


def harmless_kinks(
    seen: Observation, wrt: Sequence[str], kinks: Sequence[int], active: Sequence[bool], order: int
) -> set[int]:
    """Kinks whose adjoint is exactly nothing: `abs(x)^3` at 0 has the derivatives 0 and 0.

    A function with a kink is still Lipschitz, so that a factor that vanishes with it takes the kink
    away; a jump it does not.
    """
    slots = seen.program.slots
    rows = {i: row for i in kinks if (row := slots[i].primitive) is not None}
    candidates = [i for i, row in rows.items() if row.kinks and not row.jump and row.elementwise]
    if not candidates or not is_number(seen.at(seen.program.output)):
        return set()
    try:
        found = seen.quietly(lambda: adjoints(seen.program, seen.algebra, seen.values, 1.0, wrt))
    except NoDerivative:
        return set()
    harmless = set()
    for index in candidates:
        on = on_kink(seen, index, active)
        adjoint = found[index]
        still = adjoint is None or not holds_anywhere(masked(on, adjoint))
        if still and (order == 1 or _stays_harmless(seen, index, on, wrt)):
            harmless.add(index)
    return harmless


def _stays_harmless(seen: Observation, index: int, on: Entries, wrt: Sequence[str]) -> bool:
    """Whether the adjoint on a kink is still nothing to first order, however the point and the kink's value move."""
    freed = variable("the kink's value")
    slots = list(seen.program.slots)
    slots[index] = Slot(freed, None)
    moved = seen.program._replace(slots=tuple(slots), branching=seen.program.branching and not seen.formula.arrays)
    inputs = {
        name: Dual(value, _anyhow(value, place) if name in wrt else None)
        for place, (name, value) in enumerate(seen.asked.inputs.items())
    }
    inputs[freed.name] = Dual(seen.at(index), _anyhow(seen.at(index), len(inputs)))
    duals = Duals(seen.algebra)

    def adjoint() -> Any:
        values = evaluate(moved, duals, inputs)
        return adjoints(moved, duals, values, duals.const(1.0), [*wrt, freed.name])[index]

    found = seen.quietly(adjoint)
    return found is None or found.tangent is None or not holds_anywhere(masked(on, found.tangent))


def _anyhow(value: Entries, place: int) -> Entries:
    """A tangent in which no entries cancel by chance: multiples of the golden ratio without their whole parts."""
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    if isinstance(value, float):
        return 0.5 + math.fmod(ratio * (place + 1), 1.0)
    import numpy as np

    count = np.arange(1.0, value.size + 1.0) + 101.0 * place
    return 0.5 + np.modf(ratio * count)[0].reshape(value.shape)


def kink_caution(seen: Observation, index: int, active: Sequence[bool]) -> Caution:
    """What to say of a slot on a kink."""
    slot = seen.program.slots[index]
    primitive = slot.primitive
    assert primitive is not None
    where = _kink_place(seen, index, active)
    if is_plain_condition(seen.program, index, active) and not primitive.kinks:
        condition = seen.described(slot.arguments[0])
        message = f"the condition {condition} is 0{where}, and true on both sides; the derivative may be another one"
        return Caution("jump", message, seen.span(index))
    if primitive.group == "comparisons and logic":
        message = f"the two sides of {seen.described(index)} are equal{where}; {primitive.convention}"
    elif primitive.jump:
        message = f"{seen.described(index)} jumps{where}: the derivative does not exist; {primitive.convention}"
    else:
        name = seen.called(index)
        message = f"`{name}` has a kink{where}: the derivative does not exist; {primitive.convention}"
    return Caution("jump" if primitive.jump else "kink", message, seen.span(index))


def _kink_place(seen: Observation, index: int, active: Sequence[bool]) -> str:
    on = on_kink(seen, index, active)
    place = first_place(on)
    if not place:
        return " here"
    more = how_many(on) - 1
    return f" at entry {shown(place)}" + (f" and {more} more" if more else "")


def core_holds(seen: Observation, node: Apply, text: str) -> bool:
    """Whether a condition of the table holds for some entry of a core row."""
    condition = core_condition(seen.formula, node, text)
    from adcalc.engines.plan import plan_of

    return holds_anywhere(plan_of(seen.formula, (condition,)).run(seen.asked.inputs)[0])


def kinks_met(seen: Observation, active: Sequence[bool]) -> list[tuple[int, Entries]]:
    """The slots that sit exactly on a kink or a tie, and which of their entries do."""
    found = []
    for index, slot in enumerate(seen.program.slots):
        if slot.primitive is not None and slot.primitive.kinks and slot.primitive.elementwise:
            on = on_kink(seen, index, active)
            if holds_anywhere(on):
                found.append((index, on))
    return found
