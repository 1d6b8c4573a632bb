"""Rows in doubt carried out with more digits, many at a time: the program of the batch over columns of many digits.

The policy is that of single points (`adcalc.checks.adaptive_precision`): as many digits as it takes to see the smallest
number on the way beside the largest, and twice as many; where both give the same doubles, these are the results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.precise_arrays import PreciseArrays
from adcalc.batches.computation import Computation
from adcalc.batches.points import Points
from adcalc.checks.adaptive_precision import LEAST_DIGITS, MOST_DIGITS
from adcalc.ir.expr import Number
from adcalc.ir.program import Program, Unused, evaluate, lowered
from adcalc.table.operators import COMPARISON

Array: TypeAlias = Any

#: Operations of many digits at a time, on all rows of a block together: about half a second.
_BLOCK = 60_000
_MOST_ROWS = 256
#: Doubles at a time, where it is found out how many digits it takes.
_DOUBLES = 4_000_000
#: Numbers of digits that are tried, so that rows which need about as many go together.
_LADDER = (60, 120, 250, 500, 1_000)


def settle_rows(
    work: Computation,
    where: Points,
    rows: Array,
    take: Callable[[Array, Sequence[Array]], None],
    late: Callable[[], bool],
) -> Array:
    """Computes rows with more digits; a mask of those that two numbers of digits agree about.

    Args:
        rows: their numbers.
        take: is given such rows and their results, as columns of doubles.
        late: the time for it is over, and the rest is left as it is.
    """
    done = np.zeros(len(rows), dtype=bool)
    places = np.flatnonzero(~_beside_literals(work, where, rows))
    needed = np.zeros(len(rows), dtype=int)
    program = lowered([*work.results, *work.ties])
    at_once = max(1, _DOUBLES // max(1, len(program.slots)))
    for first in range(0, len(places), at_once):
        some = places[first : first + at_once]
        needed[some] = _digits(program, len(work.results), _part(where, rows[some]))
    block = max(1, min(_MOST_ROWS, _BLOCK // max(1, work.program.operations)))
    for least, digits in zip((0, *_LADDER), _LADDER, strict=False):
        together = places[(needed[places] > least) & (needed[places] <= digits)]
        for first in range(0, len(together), block):
            if late():
                return done
            some = together[first : first + block]
            part = _part(where, rows[some])
            one, sure = _results(work, part, digits)
            other, _ = _results(work, part, min(2 * digits + 20, MOST_DIGITS))
            for before, after in zip(one, other, strict=True):
                with np.errstate(all="ignore"):
                    sure &= np.isfinite(after) & (np.abs(before - after) <= np.spacing(np.abs(after)))
            take(rows[some][sure], [column[sure] for column in other])
            done[some[sure]] = True
    return done


def _part(where: Points, rows: Array) -> Points:
    return Points({name: values[rows] for name, values in where.columns.items()}, where.numbers, len(rows))


def _beside_literals(work: Computation, where: Points, rows: Array) -> Array:
    """Rows with a coordinate that a literal of the formula is next to, and is meant to be."""
    literals = [slot.node.value for slot in work.program.slots if isinstance(slot.node, Number)]
    inexact = [value for value in literals if value != int(value)] if all(map(math.isfinite, literals)) else literals
    found = np.zeros(len(rows), dtype=bool)
    for values in where.columns.values():
        found |= np.isin(values[rows], inexact)
    return found | any(number in inexact for number in where.numbers.values())


def _digits(program: Program, results: int, part: Points) -> Array:
    """Digits that see the smallest number on the way of each row beside the largest, and beside 1; 0 on a kink or a tie.

    Whether a tie is meant is decided for one row at a time.
    """
    least, most = (np.ones(part.rows, dtype=int) for _ in range(2))
    with np.errstate(all="ignore"):
        values = evaluate(program._replace(branching=False), ARRAYS, {**part.numbers, **part.columns})
        for value in values:
            if not isinstance(value, Unused):
                sound = np.isfinite(value) & (value != 0.0)
                exponents = np.where(sound, np.frexp(np.where(sound, value, 1.0))[1], 1)
                least, most = np.minimum(least, exponents), np.maximum(most, exponents)
    found: Array = LEAST_DIGITS + np.ceil((most - least) * math.log10(2.0)).astype(int)
    for output in program.outputs[results:]:
        found = np.where(np.asarray(values[output], dtype=float) != 0.0, 0, found)
    return found


def _results(work: Computation, part: Points, digits: int) -> tuple[list[Array], Array]:
    """The results of some rows, rounded to doubles, and where no condition on the way was decided by rounding."""
    algebra = PreciseArrays(digits)
    program = work.program._replace(branching=False)
    inputs = {name: algebra.lift(value) for name, value in {**part.numbers, **part.columns}.items()}
    sure = np.ones(part.rows, dtype=bool)
    least = algebra.context.mpf(10) ** (-digits // 2)
    with np.errstate(all="ignore"):
        values = evaluate(program, algebra, inputs)
        for slot in program.slots:
            if slot.primitive is not None and slot.primitive.binding == COMPARISON:
                x, y = (np.asarray(values[argument], dtype=object) for argument in slot.arguments)
                apart = np.abs(x - y)
                near = np.less(apart, least * np.maximum(np.maximum(np.abs(x), np.abs(y)), 1))
                sure &= ~(near.astype(bool) & np.not_equal(apart, 0).astype(bool))
        found = [algebra.rounded(values[output]) for output in program.outputs]
    return [np.broadcast_to(np.asarray(column, dtype=float), (part.rows,)) for column in found], sure
