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
from typing import Final

#: How many powers of the step are removed at most; more only amplify the rounding.
COLUMNS: Final = 8

#: The spacing of floats at 1.
EPSILON: Final = 2.0**-52


@dataclass(frozen=True, slots=True)
class Row:
    """A difference quotient at one step."""

    step: float
    value: float
    noise: float
    """How far rounding may have moved the value."""
    jump: float = 0.0
    """By how much the two sides of the point disagree; tends to 0 with the step where f is smooth."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The value of a table at step 0."""

    value: float
    error: float
    step: float
    """The largest step that entered it."""


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

    >>> limit([Row(1.0, 3.0, 0.0), Row(0.5, 2.25, 0.0), Row(0.25, 2.0625, 0.0)], even, 1).value
    2.0
    """
    steps = [row.step for row in rows]
    table = neville([row.value for row in rows], steps, powers)
    jumps = neville([row.jump for row in rows], steps, odd)
    noise = [row.noise for row in rows]
    best = Limit(math.nan, math.inf, steps[0] if steps else 0.0)
    for m, column in enumerate(table):
        if m == 0:
            continue
        before = table[m - 1]
        noise = _carried(noise, steps, m, powers)
        seen = 0.0
        for i in range(len(column) - 1, -1, -1):
            value = column[i]
            apart = max(abs(value - before[i]), abs(value - before[i + 1]))
            if i + m + 1 < len(steps):
                seen *= (steps[i + m + 1] / steps[i + m]) ** order
                apart = max(apart, abs(value - column[i + 1]))
            seen = max(seen, apart)
            error = seen + noise[i] + 0.5 * abs(jumps[m][i]) + EPSILON * abs(value)
            if error < best.error and math.isfinite(value):
                best = Limit(value, error, steps[i])
    return best


def _carried(noise: Sequence[float], steps: Sequence[float], m: int, powers: Powers) -> list[float]:
    """The noise of a column, given that of the column before it."""
    column = []
    for i in range(len(noise) - 1):
        ratio = _ratio(steps, i, m, powers)
        column.append((ratio * noise[i + 1] + noise[i]) / (ratio - 1.0))
    return column


def diverges(rows: Sequence[Row]) -> bool:
    """Whether the quotients move on and on in one direction as the step shrinks, as at a jump of f.

    >>> diverges([Row(0.5**k, 2.0**k, 0.0) for k in range(14)])
    True
    """
    moves = [after.value - before.value for before, after in zip(rows[-13:-1], rows[-12:], strict=True)]
    if len(moves) < 12:
        return False
    return all(b * a > 0.0 and abs(b) >= 0.99 * abs(a) for a, b in zip(moves, moves[1:], strict=False))
