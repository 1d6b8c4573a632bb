"""Values about a point, and the difference quotients made of them.

Steps come in ladders, each twice the one before.  Values count only up to the first step at which the
function has none: what lies beyond a gap in its domain says nothing about the point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Final, Literal

from adcalc.numeric.extrapolation import EPSILON, Limit, Row, diverges, even, every, limit

Function1 = Callable[[float], float]
Function2 = Callable[[float, float], float]
Sides = Literal["both", "left", "right"]

LEFT: Final[Sides] = "left"
RIGHT: Final[Sides] = "right"
QUADRANTS: Final = ((1, 1), (1, -1), (-1, 1), (-1, -1))

#: A ladder starts at this many times the spacing of floats: few bits, so that offsets stay exact, and
#: no power of 2, which might be a period of the function.
FIRST: Final = 53.0

#: Changes of f that are smaller than this, relative to f and x, may be those of rounding.
GRAIN: Final = 1e-8

#: With fewer steps inside the domain than this, a side is given up.
FEWEST: Final = 4

#: How many steps a ladder has at most below one that was given.
RUNGS: Final = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """The values on both sides of a point at one step."""

    step: float
    left: float
    right: float


def ladders(x: float, step: float | None) -> Iterator[list[float]]:
    """Rising steps, on the scale of x first and of 1 next; about 0, on ever smaller scales."""
    if step is not None:
        yield rising(x, step, rungs(x, step))
        return
    size = abs(x)
    if size > 2.0**-44:
        yield _ladder(math.ulp(x), 4.0 * max(1.0, size))
        return
    if size > 0.0:
        yield _ladder(math.ulp(x), 4.0 * size)
    yield _ladder(EPSILON, 4.0)
    if size == 0.0:
        yield _ladder(2.0**-44 * EPSILON, 2.0**-40)
        yield _ladder(2.0**-88 * EPSILON, 2.0**-84)


def rungs(x: float, top: float) -> int:
    """How many steps below one given are still well above the spacing of floats about x."""
    count = RUNGS
    while count > FEWEST and math.ldexp(abs(top), -count) < FIRST * math.ulp(x):
        count -= 1
    return count


def rising(x: float, top: float, count: int) -> list[float]:
    """Steps up to about the one given; the least is rounded, so that all are twice the one before."""
    least = exact_step(x, math.ldexp(abs(top), -count)) or math.ulp(x)
    return [math.ldexp(least, k) for k in range(count + 1)]


def _ladder(spacing: float, top: float) -> list[float]:
    steps = [FIRST * spacing]
    while steps[-1] < top:
        steps.append(2.0 * steps[-1])
    return steps


def sampled(f: Function1, x: float, steps: Sequence[float]) -> list[Sample]:
    """Values at rising steps, until both sides have left the domain."""
    samples: list[Sample] = []
    left = right = 0.0
    for nominal in steps:
        step = exact_step(x, nominal)
        # Few floats from x, rounding may make two steps one.
        if not usable(x, step) or (samples and step < 1.5 * samples[-1].step):
            continue
        # A side that was left is not entered again: beyond a gap may lie another branch.
        left = f(x - step) if math.isfinite(left) else math.nan
        right = f(x + step) if math.isfinite(right) else math.nan
        if not (math.isfinite(left) or math.isfinite(right)):
            break
        samples.append(Sample(step, left, right))
    return samples


def exact_step(x: float, step: float) -> float:
    """A step near the given one whose offset from x is a float."""
    offset = math.copysign(step, x)
    return abs((x + offset) - x)


def usable(x: float, step: float) -> bool:
    """Whether there are floats at that distance from x."""
    return step > 0.0 and math.isfinite(x + step) and math.isfinite(x - step)


def extrapolated_derivative(samples: Sequence[Sample], middle: float, order: int) -> tuple[Limit, Sides]:
    """The derivative of some order from both sides, or from the one side that has values."""
    grain = _grain(samples, middle)
    both = [s for s in samples if math.isfinite(s.left) and math.isfinite(s.right)]
    rows = finite(first(both, middle, grain) if order == 1 else second(both, middle, grain))
    if len(rows) >= FEWEST:
        return with_sure_error(rows, limit(rows, even, order)), "both"
    right = [(s.step, s.right) for s in samples if math.isfinite(s.right)]
    left = [(-s.step, s.left) for s in samples if math.isfinite(s.left)]
    side = RIGHT if len(right) >= len(left) else LEFT
    rows = finite(beside(right if side is RIGHT else left, middle, grain, order))
    return with_sure_error(rows, limit(rows, every, order)), side


def with_sure_error(rows: Sequence[Row], found: Limit) -> Limit:
    """A limit, its error infinite where there is none."""
    if not found.error <= 1e-3 * abs(found.value) and diverges(rows):
        return replace(found, error=math.inf)
    return found


def _grain(samples: Sequence[Sample], middle: float) -> float:
    """The least change of which f is capable, where it stands still about x; else 0.

    A term in which x drowns, as in sqrt(x^2+1) - x for large x, moves in steps of its own spacing.
    """
    values = [middle, *[v for s in samples for v in (s.left, s.right) if math.isfinite(v)]]
    if any([value != middle for value in values[1:3]]):
        return 0.0
    grain = min([abs(value - middle) for value in values if value != middle], default=0.0)
    return grain if grain <= GRAIN * max([abs(v) for v in values] + [s.step for s in samples]) else 0.0


def first(samples: Sequence[Sample], middle: float, grain: float) -> list[Row]:
    """Central differences; the jump is that of the slope from left to right."""
    rows = []
    for s in samples:
        rise, fall = s.right - middle, middle - s.left
        value = (s.right - s.left) / (2.0 * s.step)
        noise = _rounding(grain, s.left, middle, s.right) / s.step
        rows.append(Row(s.step, value, noise, max(abs(rise), abs(fall)), ((rise - fall) / s.step,)))
    return rows


def second(samples: Sequence[Sample], middle: float, grain: float) -> list[Row]:
    """Second differences; the jump is that of the curvature from left to right."""
    rows = []
    for s, wider in pairwise(samples):
        rise, fall = s.right - middle, middle - s.left
        slopes = (s.right - s.left) / (2.0 * s.step), (wider.right - wider.left) / (2.0 * wider.step)
        jump = 4.0 * (slopes[1] - slopes[0]) / (wider.step - s.step)
        noise = 4.0 * _rounding(grain, s.left, middle, s.right) / s.step / s.step
        change = max(abs(rise), abs(fall))
        rows.append(Row(s.step, (rise - fall) / s.step / s.step, noise, change, (jump,)))
    return rows


def beside(pairs: Sequence[tuple[float, float]], middle: float, grain: float, order: int) -> list[Row]:
    """Differences of some order from one side, of pairs of a signed step and a value."""
    rows = []
    for (near, first), (far, second) in pairwise(pairs):
        noise = 2.0 * _rounding(grain, first, middle, second) / abs(near)
        slopes = (first - middle) / near, (second - middle) / far
        value = slopes[0]
        if order == 2:
            value = 2.0 * (slopes[1] - slopes[0]) / (far - near)
            noise = 4.0 * noise / abs(far - near)
        rows.append(Row(abs(near), value, noise, abs(first - middle)))
    return rows


def _rounding(grain: float, *values: float) -> float:
    """How far values may be off by rounding."""
    return max(grain, EPSILON * max([abs(value) for value in values]))


def finite(rows: Sequence[Row]) -> list[Row]:
    """The rows by falling step; the longest run of them in which nothing overflows."""
    runs = [list(run) for finite, run in groupby(rows, lambda row: math.isfinite(row.value)) if finite]
    return max(runs, key=len, default=[])[::-1]


@dataclass(frozen=True, slots=True)
class Square:
    """The values at the corners of a rectangle about a point, by quadrant, and where it cuts the axes."""

    width: float
    height: float
    corners: dict[tuple[int, int], float]
    across: dict[int, float]
    along: dict[int, float]

    def defined(self, ways: Sequence[tuple[int, int]]) -> bool:
        """Whether all values over some quadrants are finite."""
        values = [(self.corners[i, j], self.across[i], self.along[j]) for i, j in ways]
        return all([math.isfinite(v) for three in values for v in three])


def square_of_values(f: Function2, x: float, y: float, width: float, height: float) -> Square:
    """The values at the distances `width` along x and `height` along y."""
    return Square(
        width,
        height,
        {(i, j): f(x + i * width, y + j * height) for i, j in QUADRANTS},
        {i: f(x + i * width, y) for i in (1, -1)},
        {j: f(x, y + j * height) for j in (1, -1)},
    )


def quadrant(s: Square, middle: float, way: tuple[int, int]) -> Row:
    """The mixed difference quotient over one quadrant."""
    i, j = way
    values = s.corners[way], s.across[i], s.along[j], middle
    value = i * j * ((values[0] - values[1]) - (values[2] - middle)) / s.width / s.height
    noise = 4.0 * _rounding(0.0, *values) / s.width / s.height
    return Row(s.width, value, noise, max([abs(v - middle) for v in values]))


def across(s: Square, middle: float) -> Row:
    """The mixed difference quotient over all four quadrants; the jumps are those across the axes."""
    rows = {way: quadrant(s, middle, way) for way in QUADRANTS}
    c = s.corners
    value = ((c[1, 1] - c[1, -1]) - (c[-1, 1] - c[-1, -1])) / (2.0 * s.width) / (2.0 * s.height)
    right, left = (rows[i, 1].value + rows[i, -1].value for i in (1, -1))
    above, below = (rows[1, j].value + rows[-1, j].value for j in (1, -1))
    change = max([row.change for row in rows.values()])
    noise = max([row.noise for row in rows.values()]) / 4.0
    return Row(s.width, value, noise, change, (0.5 * (right - left), 0.5 * (above - below)))
