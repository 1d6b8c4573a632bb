"""More digits where double precision does not suffice.

A result in double precision is checked by carrying the same computation out once more with perturbed
roundings.  Where the two disagree, or where a number left the range of doubles on the way, the
computation is repeated with 40, 100, 400 and 800 digits until two of them agree as doubles.  So
`(1 - cos(x))/x^2` at 1e-8 is 0.5 and its slope -8.3e-10, where double precision has 0 and 1e8.

Every exact backend is refined by itself: it runs on another algebra, and nothing else changes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from adcalc.algebras.perturbed import Perturbed
from adcalc.errors import Caution
from adcalc.program import Program, Unused, evaluate
from adcalc.rules import Call, compiled

#: A computation over some algebra: slots' values in, figures out.
Computation = Callable[[Any, Sequence[Any], Mapping[str, Any]], Sequence[Any]]

DIGITS = (40, 100, 400, 800)

#: Relative; what the perturbation may move without anybody minding.
_TOLERANCE = 64 * sys.float_info.epsilon
# Programs that are larger are not checked, or not repeated: it would take longer than anyone waits.
_LARGEST_CHECKED = 20_000
_LARGEST_REPEATED = 10_000
_LARGEST_REPEATED_AT_LENGTH = 2_000


class Refined(NamedTuple):
    """Figures, and what is to be said about their digits."""

    figures: Sequence[float]
    cautions: tuple[Caution, ...] = ()
    repeated: bool = False
    """They come from more than double precision."""


def refined(program: Program, inputs: Mapping[str, float], figures: Sequence[float], compute: Computation) -> Refined:
    """Figures computed in double precision, checked and where need be repeated with more digits.

    Args:
        figures: what `compute` gives over floats.
        compute: from an algebra, every slot's value in it and the inputs in it to the figures.
    """
    operations = program.operations
    if operations > _LARGEST_CHECKED:
        return Refined(figures)
    algebra = Perturbed()
    moved = compute(algebra, evaluate(program, algebra, inputs), inputs)
    spread = max(map(_distance, figures, moved), default=0.0)
    if spread <= _TOLERANCE and not algebra.strayed:
        return Refined(figures)
    if operations * (1 + len(inputs)) > _LARGEST_REPEATED:
        return Refined(figures, (_lost(spread),) if math.isfinite(spread) else ())
    found = repeated(program, inputs, compute)
    if found is None or any(math.isfinite(a) > math.isfinite(b) for a, b in zip(figures, found, strict=True)):
        return Refined(figures, (_lost(math.inf),) if all(map(math.isfinite, figures)) else ())
    return Refined(found, repeated=True)


def repeated(program: Program, inputs: Mapping[str, float], compute: Computation) -> list[float] | None:
    """Figures with as many digits as it takes.

    None where no number of digits settles them, or where the point is outside the domain.
    """
    from adcalc.algebras.multiprecision import Multiprecision

    before: list[float] | None = None
    short = program.operations * (1 + len(inputs)) <= _LARGEST_REPEATED_AT_LENGTH
    for digits in DIGITS if short else DIGITS[:2]:
        algebra = Multiprecision(digits)
        lifted = {name: algebra.lifted(value) for name, value in inputs.items()}
        values = evaluate(program, algebra, lifted)
        if not _inside(program, algebra, values):
            return None
        found = [float(figure) + 0.0 for figure in compute(algebra, values, lifted)]
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
