"""More digits where double precision does not suffice: one policy for numbers, arrays and products.

An answer in double precision that a bound of its rounding errors does not make certain
(`adcalc.checks.error_bounds`) is checked by carrying the same formulas out once more with perturbed roundings
(Vignes, 1974; Parker, 1997).  Where the two disagree, or where a number left the range of doubles on the way, they
are carried out with more and more digits, enough to see the smallest number beside the largest, until two of
the answers agree as doubles.  So `(1 - cos(x))/x^2` at 1e-8 is 0.5 and its slope -8.3e-10, where double precision
has 0 and 1e8.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from adcalc.algebras.noise import WIDE, Noise
from adcalc.autodiff.figures import Figures
from adcalc.autodiff.linearization import Asked, Linearization
from adcalc.checks.diagnose import is_inside
from adcalc.checks.entries import Entries, all_finite, both, fails, holds_anywhere, is_number, not_finite
from adcalc.checks.kinks import kinks_met
from adcalc.checks.observation import Observation
from adcalc.checks.runs import MOST_CHECKED, MOST_REPEATED, SAID, InAlgebra
from adcalc.errors import Caution

#: The figures of an answer, by whoever carries its formulas out.
Computation = Callable[[Any], Figures]

#: The least number of digits to repeat with.
LEAST_DIGITS = 40
MOST_DIGITS = 2_500
_SEEDS = (20_250_713, 19_700_101)

#: Relative; what the perturbation may move a number without anybody minding.
_TOLERANCE = 32 * sys.float_info.epsilon
#: The same of an entry of an array, whose roundings are those of many sums.
_ENTRY_TOLERANCE = 4096 * sys.float_info.epsilon
#: Relative; further than the doubles beside a point.
_MOVED = 4.0 * sys.float_info.epsilon
# Of larger computations nobody would wait for the last numbers of digits.
_MOST_REPEATED_AT_LENGTH = 10_000


class Settled(NamedTuple):
    """Figures, and what is to be said about their digits."""

    figures: Figures
    cautions: tuple[Caution, ...] = ()
    untied: frozenset[int] = frozenset()
    """Slots that are tied in doubles by their rounding alone."""


def settled(
    found: Figures,
    compute: Computation,
    formula: Linearization,
    asked: Asked,
    seen: Observation,
    entries: int,
    *,
    doubted: bool = False,
) -> Settled:
    """Figures computed in double precision, checked and where need be repeated with more digits.

    Args:
        found: what `compute` gives in doubles.
        seen: the formula in doubles, slot by slot.
        entries: how many numbers were computed on the way.
        doubted: a guard has said that few digits are certain.
    """
    if not entries:
        return Settled(found)
    if entries > MOST_CHECKED:
        return Settled(found, (_unchecked(entries),))
    active = formula.program.depends_on(tuple(asked.inputs))
    tied = kinks_met(seen, active)
    spread = math.inf if doubted else _spread(found, compute, formula, asked, seen, tied)
    if spread <= 1.0:
        return Settled(found)
    lost = spread * (_ENTRY_TOLERANCE if formula.arrays else _TOLERANCE)
    if entries > MOST_REPEATED:
        return Settled(found, (_lost(lost),) if math.isfinite(lost) and (lost > SAID or not formula.arrays) else ())
    better = repeated(compute, formula, asked, seen, entries, tied)
    if better is None and tied:
        untied = _untied(compute, formula, asked, seen, entries, tied)
        if untied is not None:
            figures = _where_known(found, untied) if formula.arrays else untied
            return Settled(figures, untied=frozenset([index for index, _ in tied]))
        # A tie of doubles, as of x and pi at pi, is what was meant; the kink has a warning of its own.
        return Settled(found)
    if better is None or (not formula.arrays and any(map(_is_finite_only, found.all, better.all))):
        return Settled(found, (_lost(math.inf),) if all(map(all_finite, found.all)) else ())
    return Settled(_where_known(found, better) if formula.arrays else better)


def _where_known(found: Figures, better: Figures) -> Figures:
    """The better figures, and those of doubles for entries at infinity, which more digits may not have."""
    import numpy as np

    doubles = iter(found.all)

    def entries(figure: Entries) -> Entries:
        double = next(doubles)
        return np.where(np.isnan(figure), double, figure) if np.ndim(figure) else double if figure != figure else figure

    return better.each(entries)


def _is_finite_only(one: Entries, other: Entries) -> bool:
    """Whether some entry is finite in one and not in the other."""
    return holds_anywhere(both(fails(not_finite(one)), not_finite(other)))


def _untied(
    compute: Computation,
    formula: Linearization,
    asked: Asked,
    seen: Observation,
    entries: int,
    tied: Sequence[tuple[int, Entries]],
) -> Figures | None:
    """Figures with more digits, where every tie of the doubles is one of their rounding; else None.

    `(1 + x) - 1` at 1e-20 is nowhere near 0 for any x that rounds to that double, but `x` and `pi` at pi are as near as
    doubles can be: such a tie is meant, and a move of the point by its own rounding changes what comes out.
    """
    met: list[Figures] = []
    for share in (0.0, -_MOVED, _MOVED):
        moved = asked._replace(inputs={name: value * (1.0 + share) for name, value in asked.inputs.items()})
        figures = repeated(compute, formula, moved, seen, entries, tied, apart=True)
        if figures is None:
            return None
        met.append(figures)
    steady = [
        _distance(a, b) * _TOLERANCE <= SAID for other in met[1:] for a, b in zip(met[0].all, other.all, strict=True)
    ]
    return met[0] if all(steady) else None


def _spread(
    found: Figures,
    compute: Computation,
    formula: Linearization,
    asked: Asked,
    seen: Observation,
    tied: Sequence[tuple[int, Entries]],
) -> float:
    """How far figures move when the roundings are perturbed, in tolerances."""
    spread = 0.0
    for seed in _SEEDS:
        algebra = Noise(seen.algebra, seed, still=_numbers_of(asked), scale=WIDE)
        run = InAlgebra(formula, asked.inputs, algebra)
        moved = compute(run)
        spread = max(spread, *[each / WIDE for each in map(_distance, found.all, moved.all)])
        if spread > 1.0:
            return spread
        # A tie that a rounding undoes may be decided wrongly, though all perturbed runs decide it alike.
        if algebra.strayed or not _still_tied(
            Observation(formula, asked, run.values, seen.algebra), formula, asked, tied
        ):
            return math.inf
    return spread


def repeated(
    compute: Computation,
    formula: Linearization,
    asked: Asked,
    seen: Observation,
    entries: int,
    tied: Sequence[tuple[int, Entries]] = (),
    *,
    apart: bool = False,
) -> Figures | None:
    """Figures with as many digits as it takes.

    Args:
        tied: slots that are on a kink or a tie in doubles.
        apart: none of them may be on it with more digits; otherwise all must.

    None where no number of digits settles them, where the point is outside the domain, or where ties
    of the doubles are ties no longer.
    """
    before: Figures | None = None
    short = entries <= _MOST_REPEATED_AT_LENGTH
    least = _least_digits(seen.values)
    # With more than 324 digits after the first what still cancels is below the smallest double: it is 0.
    further = max(400, 4 * least)
    for digits in (least, 2 * least + 20, further, 2 * further)[: 4 if short else 2]:
        if digits > MOST_DIGITS:
            break
        algebra, lift, rounded = _precise(formula, digits, _numbers_of(asked))
        run = InAlgebra(formula, asked.inputs, algebra, lift)
        precise = compute(run)
        there = Observation(formula, asked, run.values, algebra)
        fits = _all_apart if apart else _still_tied
        if not is_inside(there) or not fits(there, formula, asked, tied):
            return None
        found = precise.each(rounded)
        if before is not None and all(map(_same, before.all, found.all)):
            return found
        before = found
    return None


def _numbers_of(asked: Asked) -> frozenset[float]:
    """The coordinates that are numbers: a literal next to one is meant to be it, so that `x - 0.1` vanishes at 0.1."""
    return frozenset([value for value in asked.inputs.values() if isinstance(value, float)])


def _precise(
    formula: Linearization, digits: int, still: frozenset[float]
) -> tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]:
    """An algebra of some number of digits, what makes its values of doubles, and what rounds them again."""
    if formula.arrays:
        from adcalc.algebras.precise_arrays import PreciseArrays

        arrays = PreciseArrays(digits, still)
        return arrays, arrays.lift, arrays.rounded
    from adcalc.algebras.multiprecision import Multiprecision

    numbers = Multiprecision(digits, still)
    return numbers, numbers.const, numbers.rounded


def _still_tied(there: Observation, formula: Linearization, asked: Asked, tied: Sequence[tuple[int, Entries]]) -> bool:
    """Whether what is tied in doubles is so with more digits too."""
    if not tied:
        return True
    now = dict(kinks_met(there, formula.program.depends_on(tuple(asked.inputs))))
    for index, on in tied:
        if index not in now:
            return False
        if not is_number(on):
            import numpy as np

            if np.any(np.logical_and(on, np.logical_not(now[index]))):
                return False
    return True


def _all_apart(there: Observation, formula: Linearization, asked: Asked, tied: Sequence[tuple[int, Entries]]) -> bool:
    """Whether nothing that is tied in doubles is so with more digits."""
    now = dict(kinks_met(there, formula.program.depends_on(tuple(asked.inputs))))
    return not any([holds_anywhere(both(on, now[index])) for index, on in tied if index in now])


def _least_digits(values: Sequence[Any]) -> int:
    """Digits that see the smallest number met beside the largest, and beside 1."""
    sizes = [1]
    for value in values:
        if isinstance(value, float):
            if value and math.isfinite(value):
                sizes.append(math.frexp(value)[1])
        elif hasattr(value, "shape"):
            import numpy as np

            inside = value[np.isfinite(value) & (value != 0.0)]
            if inside.size:
                exponents = np.frexp(inside)[1]
                sizes += [int(exponents.min()), int(exponents.max())]
    return LEAST_DIGITS + math.ceil((max(sizes) - min(sizes)) * math.log10(2.0))


def _same(a: Entries, b: Entries) -> bool:
    if is_number(a) and is_number(b):
        return a == b or (a != a and b != b) or (math.isfinite(a) and abs(a - b) <= math.ulp(b))
    import numpy as np

    with np.errstate(all="ignore"):
        near = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= np.spacing(np.abs(b)))
    return bool(np.all(near))


def _distance(a: Entries, b: Entries) -> float:
    """How far a figure moved relative to itself, in tolerances; infinite where either is not finite."""
    if is_number(a) and is_number(b):
        if not (math.isfinite(a) and math.isfinite(b)):
            return math.inf
        return abs(a - b) / abs(a) / _TOLERANCE if a else (0.0 if b == 0.0 else math.inf)
    import numpy as np

    if not np.size(a):
        return 0.0
    with np.errstate(all="ignore"):
        apart = np.where(a == b, 0.0, np.abs(a - b) / np.abs(a))
    worst = float(np.max(apart))
    return worst / _ENTRY_TOLERANCE if math.isfinite(worst) else math.inf


def _unchecked(entries: int) -> Caution:
    return Caution(
        "precision",
        f"the digits are not checked: it takes {entries} operations on numbers, and {MOST_CHECKED} are the most that are",
    )


def _lost(spread: float) -> Caution:
    certain = math.floor(-math.log10(spread)) if 0 < spread < 1 else 0
    message = (
        f"rounding in double precision leaves about {certain} digits certain here"
        if certain > 0
        else "rounding decides the result here: no digit of it is certain"
    )
    return Caution("precision", message)
