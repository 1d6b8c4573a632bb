"""What is to be said of a formula at a point: domains, kinks, what is not finite.

Everything is read off the rows of the table, over numbers and over arrays by the same lines, and nothing depends on
how a backend found its derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from adcalc.algebras.duals import pulled
from adcalc.algebras.text import digits, written
from adcalc.autodiff.transforms import adjoints
from adcalc.checks.entries import (
    Entries,
    Place,
    all_finite,
    both,
    entry,
    fails,
    first_place,
    holds_anywhere,
    is_number,
    masked,
    not_a_number,
    not_finite,
    shown,
)
from adcalc.checks.guards import can_leave
from adcalc.checks.kinks import core_holds, harmless_kinks, kink_caution, on_kink
from adcalc.checks.observation import Observation
from adcalc.errors import Caution, DomainProblem
from adcalc.ir.expr import Apply, Number
from adcalc.ir.program import Unused
from adcalc.lower.rules import NoDerivative
from adcalc.table import PRIMITIVES

#: More than this many warnings of one result say nothing new.
MOST_CAUTIONS = 20
_GIVEN = PRIMITIVES["given"]


def outside_domain(seen: Observation) -> int | None:
    """The first slot outside its domain, if there is one."""
    for index, slot in enumerate(seen.program.slots):
        primitive = slot.primitive
        if primitive is not None and primitive.domain and seen.used(index) and holds_anywhere(_outside(seen, index)):
            return index
    return None


def is_defined(seen: Observation) -> bool:
    """Whether every slot that the result needs has a value: the test that difference quotients make."""
    for index in range(len(seen.program.slots)):
        if not seen.used(index) or all_finite(seen.at(index)):
            continue
        nowhere = not_a_number(seen.at(index))
        mask = seen.masks[index]
        if holds_anywhere(nowhere if mask is None else both(nowhere, mask)) or holds_anywhere(_outside(seen, index)):
            return False
    return True


def _outside(seen: Observation, index: int) -> Entries:
    """Where the arguments of a slot lie outside the domain of its primitive; nan lies nowhere."""
    slot, value, mask = seen.program.slots[index], seen.at(index), seen.masks[index]
    primitive = slot.primitive
    if primitive is None or not primitive.domain or not can_leave(slot):
        return False
    if primitive.elementwise:
        if all_finite(value):
            return False
        call = seen.call(index)
        known = [fails(not_a_number(argument)) for argument in call.arguments]
        outside = both(fails(seen.condition_at(index, primitive.domain)), *known)
        return outside if mask is None else both(outside, mask)
    if not all(all_finite(seen.at(argument)) for argument in slot.arguments):
        return False
    outside = not_finite(value)
    if primitive.outside and isinstance(slot.node, Apply):
        outside = holds_anywhere(outside) or core_holds(seen, slot.node, primitive.outside)
    return outside if mask is None or holds_anywhere(mask) else False


def domain_problem(seen: Observation, index: int) -> DomainProblem:
    """What to say of a slot outside its domain."""
    slot, outside = seen.program.slots[index], _outside(seen, index)
    primitive, span, source = slot.primitive, seen.span(index), seen.asked.source
    assert primitive is not None
    if primitive.name == "core one_hot":
        labels = seen.at(slot.arguments[0])
        first = digits(entry(labels, first_place(outside)[:-1]))
        return DomainProblem(
            f"labels are whole numbers from 0 below {primitive.setting('n')}, here one is {first}", span, "", source
        )
    if not primitive.elementwise:
        message = f"{seen.described(index)} needs {primitive.domain}"
        return DomainProblem(message, span, primitive.advice, source)
    place = first_place(outside)
    condition = seen.condition(index, place)
    # Where the constants alone decide, only the rule itself says something.
    values = seen.arguments(index, place, plain=not condition)
    where = f" at entry {shown(place)}" if place else ""
    if condition or values:
        message = f"{seen.described(index)} needs `{condition or primitive.domain}`, here {values}{where}"
    else:
        message = f"{seen.described(index)} has a value nowhere: the condition never holds"
    return DomainProblem(message, span, primitive.advice, source)


def value_cautions(seen: Observation) -> list[Caution]:
    """Why the value is not finite: the innermost sub-expression that it comes from."""
    index = seen.program.output
    return [] if all_finite(seen.at(index)) else [_origin_caution(seen, index)]


def _origin_caution(seen: Observation, index: int) -> Caution:
    """Where the value of a slot that is not finite comes from."""
    while True:
        slot = seen.program.slots[index]
        # What is not a number was made where nothing before it was that.
        bad_at = not_a_number if holds_anywhere(not_a_number(seen.at(index))) else not_finite
        bad = [a for a in slot.arguments if seen.used(a) and holds_anywhere(bad_at(seen.at(a)))]
        if not bad:
            break
        index = bad[0]
    value = seen.at(index)
    place = first_place(bad_at(value))
    where = f" at entry {shown(place)}" if place else ""
    if slot.primitive is None:
        name = (
            "a number in the formula"
            if isinstance(slot.node, Number)
            else f"the value given for `{written(slot.node)}`"
        )
        return Caution("not finite", f"{name} is {digits(entry(value, place))}{where}", seen.span(index))
    if not slot.arguments:
        return Caution("not finite", "the result comes from `inf`", seen.span(index))
    what = "overflows" if math.isinf(entry(value, place)) else "is not a number"
    values = f" at {seen.arguments(index, place)}" if slot.primitive.elementwise else ""
    return Caution("not finite", f"{seen.described(index)} {what}{values}{where}", seen.span(index))


def derivative_cautions(
    seen: Observation, wrt: Sequence[str], *, order: int, finite: bool, untied: Collection[int] = ()
) -> list[Caution]:
    """What the derivatives by some variables must not come without.

    Args:
        order: of the derivatives wanted; for second ones a kink is harmless only to second order.
        finite: every derivative came out finite.
        untied: slots that are on a kink only by the rounding of doubles.

    Raises:
        DomainProblem: a primitive has no derivative at all where it is used.
    """
    active = seen.program.depends_on(tuple(wrt))
    kinks = [
        index
        for index in range(len(seen.program.slots))
        if index not in untied and holds_anywhere(on_kink(seen, index, active))
    ]
    cautions = [] if finite else slope_cautions(seen, wrt, active)
    if kinks:
        harmless = harmless_kinks(seen, wrt, kinks, active, order)
        cautions += [kink_caution(seen, index, active) for index in kinks if index not in harmless]
    return cautions[:MOST_CAUTIONS]


def slope_cautions(seen: Observation, wrt: Sequence[str], active: Sequence[bool]) -> list[Caution]:
    """The place at which a derivative stopped being finite, found on the way of reverse mode."""
    if not is_number(seen.at(seen.program.output)):
        return [Caution("not finite", "a derivative is not finite here")]
    try:
        found = seen.quietly(lambda: adjoints(seen.program, seen.algebra, seen.values, 1.0, wrt))
    except NoDerivative:
        return []
    for index in range(len(found) - 1, -1, -1):
        adjoint, slot = found[index], seen.program.slots[index]
        if adjoint is None or slot.primitive is None or slot.primitive.takes is not None or not all_finite(adjoint):
            continue
        for position, argument in enumerate(slot.arguments):
            if not active[argument]:
                continue
            flow = _flow(seen, index, position, adjoint)
            if flow is None or all_finite(flow):
                continue
            return [_slope_caution(seen, index, position, adjoint, first_place(not_finite(flow)))]
    return [Caution("not finite", "a derivative is not finite here")] if seen.formula.arrays else []


def _flow(seen: Observation, index: int, position: int, adjoint: Entries) -> Entries | None:
    """What the adjoint of a slot contributes to that of an argument."""
    mask = seen.masks[index]
    flow = seen.quietly(lambda: pulled(seen.algebra, seen.call(index), position, adjoint))
    primitive = seen.program.slots[index].primitive
    if flow is None or mask is None or primitive is None or not primitive.elementwise:
        return flow
    return masked(mask, flow)


def _slope_caution(seen: Observation, index: int, position: int, adjoint: Entries, place: Place) -> Caution:
    """What to say of a slot whose partial derivative by one argument is not finite.

    Raises:
        DomainProblem: it has none.
    """
    call = seen.call(index)
    form, primitive = seen.described(index), call.primitive
    where = f" at entry {shown(place)}" if place else ""
    if not primitive.elementwise:
        return Caution("not finite", f"the derivative of {form} is not finite{where or ' here'}", seen.span(index))
    slope = seen.quietly(lambda: pulled(seen.algebra, call, position, 1.0))
    partial = None if slope is None else entry(slope, place)
    slot_arguments = seen.program.slots[index].arguments
    by = f"by {seen.described(slot_arguments[position])} " if len(call.arguments) > 1 else ""
    values = f"{seen.arguments(index, place)}{where}"
    endless = [each for each in (index, *slot_arguments) if not math.isfinite(entry(seen.at(each), place))]
    if endless:
        return _origin_caution(seen, endless[0])
    if partial is None or math.isnan(partial):
        message = f"{form} has no derivative {by}at {values}"
        raise DomainProblem(message, seen.span(index), primitive.advice, seen.asked.source)
    if math.isinf(partial) and entry(adjoint, place) == 0.0:
        message = f"{form} has an infinite slope {by}at {values}, and is multiplied by 0: undecided"
    elif math.isinf(partial):
        message = f"`{seen.called(index)}` has an infinite slope {by}at {values}"
    else:
        message = f"the derivative overflows in {form} at {values}"
    return Caution("not finite", message, seen.span(index))


def singular_cautions(seen: Observation, slots: Iterable[int]) -> list[Caution]:
    """What to say of matrices that are nearly singular."""
    return [
        Caution(
            "precision",
            f"the matrix of {seen.described(index)} is nearly singular: few digits are certain, or none",
            seen.span(index),
        )
        for index in dict.fromkeys(slots)
    ]


def is_used(seen: Observation, index: int) -> bool:
    """Whether some entry of a slot counts for the result."""
    mask = seen.masks[index]
    return not isinstance(seen.values[index], Unused) and (mask is None or holds_anywhere(mask))


def is_inside(seen: Observation) -> bool:
    """Whether no slot that counts is outside its domain, in whatever algebra the formula was carried out."""
    for index, slot in enumerate(seen.program.slots):
        primitive = slot.primitive
        if primitive is None or not primitive.domain or not primitive.elementwise or not seen.used(index):
            continue
        outside = fails(seen.condition_at(index, primitive.domain))
        mask = seen.masks[index]
        if holds_anywhere(outside if mask is None else both(outside, mask)):
            return False
    return True
