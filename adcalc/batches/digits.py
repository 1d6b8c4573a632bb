"""Whether the digits of a batch can be believed: a few rows once more with perturbed roundings.

A small batch is checked row by row as single points are.  Of a large one some rows stand for all; only if one
of them has lost half of its digits are all the others checked too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.perturbedarrays import PerturbedArrays
from adcalc.batches.computation import Computation
from adcalc.batches.points import Points
from adcalc.program import Unused, evaluate

Array: TypeAlias = Any

#: A batch of so many rows is checked like single points, and of a larger one so many rows.
FEW = 256
_SEEDS = (20_250_713, 19_700_101)
_TOLERANCE = 32 * sys.float_info.epsilon
#: What may be lost of a large batch before it is said.
_HALF = 1e-8
#: A larger program would take longer than anyone waits.
_LARGEST = 20_000
_BLOCK = 8192


def doubtful(work: Computation, where: Points, results: Sequence[Array]) -> Array:
    """The rows whose digits are not certain, in order."""
    if len(work.program.slots) > _LARGEST:
        return np.array([], dtype=np.intp)
    if where.rows <= FEW:
        return np.flatnonzero(_spread(work, where, results, _SEEDS) > _TOLERANCE)
    some = np.linspace(0, where.rows - 1, FEW).astype(np.intp)
    sample = Points({name: values[some] for name, values in where.columns.items()}, where.numbers, FEW)
    key = ("digits", work.results, tuple(where.numbers.items()), *[each.tobytes() for each in sample.columns.values()])
    if work.ready.latest("digits", key, lambda: _lost(work, sample, [each[some] for each in results])):
        return np.concatenate(
            [
                first
                + np.flatnonzero(_spread(work, where.part(first, last), _parts(results, first, last), _SEEDS) > _HALF)
                for first in range(0, where.rows, _BLOCK)
                for last in [min(first + _BLOCK, where.rows)]
            ]
        )
    return np.array([], dtype=np.intp)


def _lost(work: Computation, sample: Points, results: Sequence[Array]) -> bool:
    return bool(np.any(_spread(work, sample, results, _SEEDS[:1]) > _HALF))


def _parts(results: Sequence[Array], first: int, last: int) -> list[Array]:
    return [each[first:last] for each in results]


def _spread(work: Computation, where: Points, results: Sequence[Array], seeds: Sequence[int]) -> Array:
    """How far the results of each row move, relative to them; rows that are not finite are somebody else's."""
    program = work.program._replace(branching=False)
    inputs = {**where.numbers, **where.columns}
    worst = np.zeros(where.rows)
    with np.errstate(all="ignore"):
        for seed in seeds:
            values = evaluate(program, PerturbedArrays(seed, even=True), inputs)
            for output, figures in zip(program.outputs, results, strict=True):
                moved = values[output]
                assert not isinstance(moved, Unused)
                apart = np.abs(figures - moved)
                worst = np.fmax(worst, np.where(apart == 0.0, 0.0, apart / np.abs(figures)))
    return worst
