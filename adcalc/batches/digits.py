"""Whether the digits of a batch can be believed: a few rows once more with perturbed roundings.

A small batch is checked row by row as single points are.  Of a large one some rows stand for all; only if one
of them has lost half of its digits are all the others checked too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.perturbedarrays import PerturbedArrays
from adcalc.batches.computation import Computation
from adcalc.batches.points import Points
from adcalc.program import Unused, evaluate

Array: TypeAlias = Any

#: A batch of so many rows is checked like single points, and of a larger one so many rows.
FEW = 256
_RUN = 8
_SEEDS = (20_250_713, 19_700_101)
#: Roundings are made about eight times worse, so that this is about what 30 of them may do.
_TOLERANCE = 256 * sys.float_info.epsilon
#: What may be lost of a large batch before it is said.
_HALF = 1e-8
#: A larger program would take longer than anyone waits.
_LARGEST = 20_000
_BLOCK = 8192
#: How much more an entry may move relative to itself than relative to the largest one.
_BESIDE = 4.0
_NOWHERE = (np.array([], dtype=np.intp), np.array([], dtype=bool))


def doubtful(work: Computation, where: Points, results: Sequence[Array]) -> tuple[Array, Array]:
    """The rows whose digits are not certain, in order; and which of them have lost half of their digits."""
    if len(work.program.slots) > _LARGEST:
        return _NOWHERE
    if where.rows <= FEW:
        return _found(_spread(work, where, results, _SEEDS), _TOLERANCE)
    some = _sample(where.rows)
    sample = Points({name: values[some] for name, values in where.columns.items()}, where.numbers, FEW)
    key = ("digits", work.results, tuple(where.numbers.items()), *[each.tobytes() for each in sample.columns.values()])
    if work.ready.latest("digits", key, lambda: _lost(work, sample, [each[some] for each in results])):
        return _found(_all_spreads(work, where, results), _HALF)
    return _NOWHERE


@lru_cache(maxsize=8)
def _sample(rows: int) -> Array:
    """Rows that stand for all: runs of neighbours, which lie together in memory, everywhere in the columns."""
    starts = np.linspace(0, rows - _RUN, FEW // _RUN).astype(np.intp)
    return (starts[:, None] + np.arange(_RUN)).reshape(-1)


def _found(spread: Array, tolerance: float) -> tuple[Array, Array]:
    rows = np.flatnonzero(spread > tolerance)
    return rows, spread[rows] > _HALF


def _all_spreads(work: Computation, where: Points, results: Sequence[Array]) -> Array:
    """The same for all rows of a large batch, block by block."""
    found = []
    for first in range(0, where.rows, _BLOCK):
        last = min(first + _BLOCK, where.rows)
        found.append(_spread(work, where.part(first, last), [each[first:last] for each in results], _SEEDS))
    return np.concatenate(found)


def _lost(work: Computation, sample: Points, results: Sequence[Array]) -> bool:
    return bool(np.any(_spread(work, sample, results, _SEEDS[:1]) > _HALF))


def _spread(work: Computation, where: Points, results: Sequence[Array], seeds: Sequence[int]) -> Array:
    """How far the results of each row move: the value, the gradient and the Hessian, relative to their largest entries.

    What is small beside others may move a little more.
    Rows that are not finite are somebody else's.
    """
    program = work.program._replace(branching=False)
    inputs = {**where.numbers, **where.columns}
    worst = np.zeros(where.rows)
    with np.errstate(all="ignore"):
        for seed in seeds:
            values = evaluate(program, PerturbedArrays(seed, even=True), inputs)
            moved = [value for output in program.outputs if not isinstance(value := values[output], Unused)]
            for first, last in work.groups:
                apart, size = np.zeros(where.rows), np.zeros(where.rows)
                for figures, other in zip(results[first:last], moved[first:last], strict=True):
                    own, distance = np.abs(figures), np.abs(figures - other)
                    apart, size = np.fmax(apart, distance), np.fmax(size, own)
                    worst = np.fmax(worst, np.where(distance == 0.0, 0.0, distance / (_BESIDE * own)))
                worst = np.fmax(worst, np.where(apart == 0.0, 0.0, apart / size))
    return worst
