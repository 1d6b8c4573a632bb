"""More digits where double precision does not suffice.

A result in double precision is checked by carrying the same computation out once more with perturbed
roundings.  Where the two disagree, or where a number left the range of doubles on the way, the
computation is repeated with more and more digits, enough to see the smallest number beside the largest,
until two of them agree as doubles.  So
`(1 - cos(x))/x^2` at 1e-8 is 0.5 and its slope -8.3e-10, where double precision has 0 and 1e8.

Every exact backend is refined by itself: it runs on another algebra, and nothing else changes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.perturbed import Perturbed
from adcalc.errors import Caution
from adcalc.program import Program, Unused, evaluate
from adcalc.rules import Call, compiled

#: A computation over some algebra: slots' values in, figures out.
Computation = Callable[[Any, Sequence[Any], Mapping[str, Any]], Sequence[Any]]

#: The least number of digits to repeat with.
LEAST_DIGITS = 40
_MOST_DIGITS = 2_500

_SEEDS = (20_250_713, 19_700_101)

#: Relative; what the perturbation may move without anybody minding.
_TOLERANCE = 32 * sys.float_info.epsilon
# Programs that are larger are not checked, or not repeated: it would take longer than anyone waits.
_LARGEST_CHECKED = 20_000
_LARGEST_REPEATED = 10_000
_LARGEST_REPEATED_AT_LENGTH = 2_000


class Refined(NamedTuple):
    """Figures, and what is to be said about their digits."""

    figures: Sequence[float]
    cautions: tuple[Caution, ...] = ()


def refined(
    program: Program,
    inputs: Mapping[str, float],
    values: Sequence[float | Unused],
    figures: Sequence[float],
    compute: Computation,
) -> Refined:
    """Figures computed in double precision, checked and where need be repeated with more digits.

    Args:
        figures: what `compute` gives over floats.
        compute: from an algebra, every slot's value in it and the inputs in it to the figures.
    """
    operations = program.operations
    if operations > _LARGEST_CHECKED:
        return Refined(figures)
    if operations == 0:
        return Refined(figures)
    spread, still = 0.0, frozenset(inputs.values())
    for seed in _SEEDS:
        algebra = Perturbed(seed, still)
        moved = compute(algebra, evaluate(program, algebra, inputs), inputs)
        spread = max(spread, *map(_distance, figures, moved))
        if spread > _TOLERANCE or algebra.strayed:
            break
    else:
        return Refined(figures)
    if operations * (1 + len(inputs)) > _LARGEST_REPEATED:
        return Refined(figures, (_lost(spread),) if math.isfinite(spread) else ())
    tied = ties(program, inputs, FLOATS, values)
    found = repeated(program, inputs, values, compute, tied)
    if found is None and tied:
        # A tie of doubles, as of x and pi at pi, is what was meant; the kink has a warning of its own.
        return Refined(figures)
    if found is None or any(math.isfinite(a) > math.isfinite(b) for a, b in zip(figures, found, strict=True)):
        return Refined(figures, (_lost(math.inf),) if all(map(math.isfinite, figures)) else ())
    return Refined(found)


def ties(program: Program, inputs: Mapping[str, float], algebra: Any, values: Sequence[Any]) -> frozenset[int]:
    """The slots that depend on the point and sit exactly on a kink or a tie there."""
    moving = program.depends_on(tuple(inputs))
    found = set()
    for index, (slot, value) in enumerate(zip(program.slots, values, strict=True)):
        primitive = slot.primitive
        if not moving[index] or primitive is None or not primitive.kinks or isinstance(value, Unused):
            continue
        call = Call(primitive, [values[argument] for argument in slot.arguments], value)
        rule = compiled(primitive.kinks)
        positions = range(len(slot.arguments)) if primitive.variadic else (0,)
        if any(call.carry_out(algebra, rule, position) for position in positions):
            found.add(index)
    return frozenset(found)


def _least_digits(values: Sequence[float | Unused]) -> int:
    """Digits that see the smallest number met beside the largest, and beside 1."""
    sizes = [1, *[math.frexp(v)[1] for v in values if not isinstance(v, Unused) and v and math.isfinite(v)]]
    return LEAST_DIGITS + math.ceil((max(sizes) - min(sizes)) * math.log10(2.0))


def repeated(
    program: Program,
    inputs: Mapping[str, float],
    values: Sequence[float | Unused],
    compute: Computation,
    tied: frozenset[int] = frozenset(),
) -> list[float] | None:
    """Figures with as many digits as it takes.

    None where no number of digits settles them, where the point is outside the domain, or where ties
    of the doubles are ties no longer.
    """
    from adcalc.algebras.multiprecision import Multiprecision

    before: list[float] | None = None
    short = program.operations * (1 + len(inputs)) <= _LARGEST_REPEATED_AT_LENGTH
    least = _least_digits(values)
    # With more than 324 digits after the first what still cancels is below the smallest double: it is 0.
    further = max(400, 4 * least)
    for digits in (least, 2 * least + 20, further, 2 * further)[: 4 if short else 2]:
        if digits > _MOST_DIGITS:
            break
        algebra = Multiprecision(digits, frozenset(inputs.values()))
        lifted = {name: algebra.const(value) for name, value in inputs.items()}
        precise = evaluate(program, algebra, lifted)
        if not _inside(program, algebra, precise) or not tied <= ties(program, inputs, algebra, precise):
            return None
        found = [float(figure) + 0.0 for figure in compute(algebra, precise, lifted)]
        if before is not None and all(map(_same, before, found)):
            return found
        before = found
    return None


def _inside(program: Program, algebra: Any, values: Sequence[Any]) -> bool:
    for slot, value in zip(program.slots, values, strict=True):
        primitive = slot.primitive
        if primitive is not None and primitive.domain and not isinstance(value, Unused):
            call = Call(primitive, [values[a] for a in slot.arguments], value)
            if not call.carry_out(algebra, compiled(primitive.domain)):
                return False
    return True


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b) or (math.isfinite(a) and abs(a - b) <= math.ulp(b))


def _distance(a: float, b: float) -> float:
    """Relative; infinite where either is not finite."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / abs(a) if a else (0.0 if b == 0.0 else math.inf)


def _lost(spread: float) -> Caution:
    certain = math.floor(-math.log10(spread)) if 0 < spread < 1 else 0
    message = (
        f"rounding in double precision leaves about {certain} digits certain here"
        if certain > 0
        else "rounding decides the result here: no digit of it is certain"
    )
    return Caution("precision", message)
