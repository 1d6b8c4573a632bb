"""How far a table of difference quotients can be trusted: extrapolation, and the error left in it.

A difference quotient is wrong in two ways.  Truncation shrinks with the step; the rounding of the
function's values is divided by the step, and grows as the step shrinks.  Extrapolation to step 0
(Richardson, 1911) removes the truncation power by power.  What is left of both is read off the
table itself: entries that should agree show by how much they do not, and an absolute noise that was
seen at some step is present at every larger one as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

#: How many powers of the step are removed at most; more only amplify the rounding.
COLUMNS: Final = 8

#: The spacing of floats at 1.
EPSILON: Final = 2.0**-52

#: A blur below which an entry tells something about the function rather than about the step.
SHARP: Final = 1e-2

#: How many times the last correction the rest of a slowly converging column may be: a little more
#: than for a column whose error falls with the root of the step.
SLOWEST: Final = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """A difference quotient at one step."""

    step: float
    value: float
    noise: float
    """How far rounding may have moved the value."""
    change: float
    """By how much the function changes within the step."""
    jumps: tuple[float, ...] = ()
    """By how much the sides of the point disagree; tends to 0 with the step where f is smooth."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The value of a table at step 0."""

    value: float
    error: float
    step: float
    """The largest step that entered it."""
    blur: float
    """The error as a part of the function's change over that step: 1 is to know nothing."""


#: A relative error that all values of a function may share, so that no comparison of them shows it.
UNSEEN: Final = 8.0 * EPSILON

#: How many quotients in one direction are no accident.
LONG: Final = 13

#: What an empty table gives.
NOWHERE: Final = Limit(math.nan, math.inf, 0.0, math.inf)

#: Which powers of the step the error of a quotient consists of, by column from 1.
Powers = Callable[[int], int]


def even(column: int) -> int:
    """Errors in h^2, h^4, h^6: symmetric quotients."""
    return 2 * column


def odd(column: int) -> int:
    """Errors in h, h^3, h^5: the difference between the two sides."""
    return 2 * column - 1


def every(column: int) -> int:
    """Errors in h, h^2, h^3: quotients from one side."""
    return column


def neville(values: Sequence[float], steps: Sequence[float], powers: Powers) -> list[list[float]]:
    """The columns of the extrapolation table; `columns[m][i]` comes from the rows i to i+m.

    References:
        Richardson (1911), Neville (1934).

    >>> neville([4.0, 1.0], [2.0, 1.0], even)
    [[4.0, 1.0], [0.0]]
    """
    columns = [list(values)]
    for m in range(1, min(len(values), COLUMNS + 1)):
        before, column = columns[-1], []
        for i in range(len(before) - 1):
            weight = _ratio(steps, i, m, powers) - 1.0
            column.append(before[i + 1] + (before[i + 1] - before[i]) / weight)
        columns.append(column)
    return columns


def _ratio(steps: Sequence[float], i: int, m: int, powers: Powers) -> float:
    """The factor by which the power that column m removes shrinks over its rows."""
    if powers is odd:
        return (steps[i + m - 1] / steps[i + m]) ** odd(m)
    return (steps[i] / steps[i + m]) ** powers(1)


def limit(rows: Sequence[Row], powers: Powers, order: int) -> Limit:
    """The entry of the extrapolation table whose error is least.

    The error of an entry is the sum of: its largest distance to the entries it is made from; the
    noise of its rows times their weights; the noise that smaller steps have shown; half of what is
    left of the difference between the two sides.

    Args:
        rows: by falling step.
        order: the power of the step in the denominator, with which noise falls.

    References:
        Ridders (1982), Advances in Engineering Software 4, 75-76.

    >>> limit([Row(h, 2.0 + h * h, 0.0, h) for h in (1.0, 0.5, 0.25)], even, 1).value
    2.0
    """
    steps = [row.step for row in rows]
    table = neville([row.value for row in rows], steps, powers)
    jumps = [neville(jump, steps, odd) for jump in zip(*[row.jumps for row in rows], strict=True)]
    noise = [row.noise for row in rows]
    changes = list(accumulate(reversed([row.change for row in rows]), max))[::-1]
    best = sharp = NOWHERE
    for m in range(1, len(table)):
        column = table[m]
        noise = _carried(noise, steps, m, powers)
        uneven = [0.5 * sum([abs(jump[m][i]) for jump in jumps]) for i in range(len(column))]
        left = _left(column, table[m - 1], uneven, steps[m:], order)
        for i, value in enumerate(column):
            error = left[i] + noise[i] + UNSEEN * abs(value)
            if not error < max(best.error, sharp.error):
                continue
            blur = error * steps[i] * (steps[i] if order == 2 else 1.0) / changes[i] if changes[i] else math.inf
            found = Limit(value, error, steps[i], blur)
            if error < best.error:
                best = found
            if blur <= SHARP and error < sharp.error:
                sharp = found
    # Far outside the scale of a bounded function its quotients are near 0, with little error.
    return sharp if sharp is not NOWHERE else best


def _left(
    column: Sequence[float],
    before: Sequence[float],
    uneven: Sequence[float],
    steps: Sequence[float],
    order: int,
) -> list[float]:
    """What truncation and noise have left in the entries of a column, seen from their neighbours."""
    left = [math.inf] * len(column)
    seen = 0.0
    for i in range(len(column) - 1, -1, -1):
        value = column[i]
        apart = max(abs(value - before[i]), abs(value - before[i + 1]))
        if i + 1 < len(column):
            apart = max(apart, abs(value - column[i + 1]))
            seen *= (steps[i + 1] / steps[i]) ** order
        if i >= 2:
            last, previous = abs(value - column[i - 1]), abs(column[i - 1] - column[i - 2])
            slow = last / (previous - last) if previous > last else SLOWEST
            apart = max(apart, last * min(slow, SLOWEST))
        apart += uneven[i]
        if math.isfinite(apart):
            seen = left[i] = max(seen, apart)
    return left


def _carried(noise: Sequence[float], steps: Sequence[float], m: int, powers: Powers) -> list[float]:
    """The noise of a column, given that of the column before it."""
    column = []
    for i in range(len(noise) - 1):
        ratio = _ratio(steps, i, m, powers)
        column.append((ratio * noise[i + 1] + noise[i]) / (ratio - 1.0))
    return column


def diverges(rows: Sequence[Row]) -> bool:
    """Whether the quotients move on and on in one direction as the step shrinks, as at a jump of f.

    >>> diverges([Row(0.5**k, 2.0**k, 0.0, 1.0) for k in range(14)])
    True
    """
    moves = [after.value - before.value for before, after in pairwise(rows[-LONG:])]
    return len(rows) >= LONG and all([abs(b) >= 0.99 * abs(a) and a * b > 0.0 for a, b in pairwise(moves)])
