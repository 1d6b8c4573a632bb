"""Whether the digits of rows can be believed: rows in doubt once more, with perturbed roundings.

Every row is watched while it is computed (`adcalc.batches.row_guards`): whether digits have cancelled, and whether a
number has left the range of doubles on the way.  The rows in question are carried out again, many at a time, with
noise in every rounding, and with what underflowed or overflowed moved; those that this moves are in doubt.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.noise import WIDE, Noise
from adcalc.algebras.noisy_arrays import stray
from adcalc.algebras.roundings import CHOOSING, SMALLEST
from adcalc.batches.computation import Computation
from adcalc.batches.points import Points
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused, evaluate

Array: TypeAlias = Any

#: Roundings of one run may by chance cancel each other, or decide a tie; those of four hardly do.
_SEEDS = (20_250_713, 19_700_101, 19_640_229, 18_270_323)
#: What noise may move a result, relative to itself, before the row is computed again.
_TOLERANCE = 1e-12
#: Rows at a time.
_BLOCK = 8192
#: A result below this may be wrong by what is smaller than any normal double.
_NOTHING = 2.0**-1000


class Strays:
    """Arrays of doubles in which what has underflowed or overflowed is moved a little back into their range."""

    __slots__ = ("_sign",)
    exact = True

    def __init__(self, sign: float) -> None:
        self._sign = sign

    def const(self, value: float | Number) -> Array:
        return ARRAYS.const(value)

    def truth(self, value: Array) -> None:
        """Entries differ, so that both branches are computed."""

    def shape(self, value: Array) -> tuple[int, ...]:
        return np.shape(value)

    def apply(self, primitive: Primitive, arguments: Sequence[Array]) -> Array:
        value = ARRAYS.apply(primitive, arguments)
        if primitive.name in CHOOSING or not primitive.elementwise or not arguments:
            return value
        odd = stray(primitive, arguments, value)
        if not np.any(odd):
            return value
        least = np.where(value == 0.0, self._sign, np.sign(value)) * 4.0 * sys.float_info.min * sys.float_info.epsilon
        near = np.where(np.abs(value) < SMALLEST, value + least, np.sign(value) * sys.float_info.max)
        return np.where(odd, near, value)


def in_doubt(
    work: Computation, where: Points, results: Sequence[Array], rows: Array, *, strayed: bool
) -> tuple[Array, Array]:
    """Those of some rows that rounding decides, or numbers beyond the range of doubles; and how far their results move.

    Args:
        rows: in order.
        strayed: a number may have left that range.
    """
    found, apart = [], []
    for first in range(0, len(rows), _BLOCK):
        some = rows[first : first + _BLOCK]
        part = Points({name: values[some] for name, values in where.columns.items()}, where.numbers, len(some))
        figures = [each[some] for each in results[: len(work.results)]]
        spread = np.zeros(len(some))
        for seed in _SEEDS:
            spread = np.fmax(spread, _spread(work, part, figures, Noise(ARRAYS, seed, scale=WIDE)) / WIDE)
        for sign in (1.0, -1.0) if strayed else ():
            spread = np.fmax(spread, _spread(work, part, figures, Strays(sign)))
        found.append(some[spread > _TOLERANCE])
        apart.append(spread[spread > _TOLERANCE])
    return (np.concatenate(found), np.concatenate(apart)) if found else (rows, np.zeros(0))


def _spread(work: Computation, where: Points, results: Sequence[Array], algebra: Any) -> Array:
    """How far the results of each row move, relative to themselves; what is nothing beside normal doubles does not."""
    inputs = {**where.numbers, **where.columns}
    worst = np.zeros(where.rows)
    with np.errstate(all="ignore"):
        values = evaluate(work.program._replace(branching=False), algebra, inputs)
        moved = [value for output in work.program.outputs if not isinstance(value := values[output], Unused)]
        for figure, other in zip(results, moved, strict=True):
            apart = np.where((figure == other) | (figure != figure), 0.0, np.abs(figure - other))
            apart = np.where(np.fmax(np.abs(figure), np.abs(other)) < _NOTHING, 0.0, apart)
            lost = (other != other) & (figure == figure)
            worst = np.fmax(worst, np.where(lost, np.inf, np.where(apart == 0.0, 0.0, apart / np.abs(figure))))
    return worst
