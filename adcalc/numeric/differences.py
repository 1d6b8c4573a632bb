"""Derivatives from values alone: difference quotients, extrapolated to step 0.

These know nothing about a function but how to evaluate it, so they share no rule of differentiation
with the rest of the program and can bear witness against it.  Each answer carries a bound of its own
error.  No step has to be given: a ladder of steps, each twice the one before, runs from the spacing of
floats about the point to beyond the point's own size, and the table over it shows at which steps the
function is neither drowned in rounding nor seen from too far.

A function returns nan or an infinity where it has no finite value.  A ladder ends at the first step
that meets one; where one side has none at all, the values of the other side are used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from adcalc.numeric.extrapolation import EPSILON, NOWHERE, Limit, even, every, limit
from adcalc.numeric.quotients import (
    FEWEST,
    LEFT,
    QUADRANTS,
    RIGHT,
    Function1,
    Function2,
    Sides,
    Square,
    across,
    exact_step,
    extrapolated_derivative,
    finite,
    ladders,
    quadrant,
    rising,
    rungs,
    sampled,
    square_of_values,
    usable,
    with_sure_error,
)

Method = Literal["richardson", "central", "forward"]

#: A ladder with an answer this good, relative to the function's change over it, is the last.
GOOD: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative found from values."""

    value: float
    error: float
    """A bound of the distance to the truth; infinite where there is no telling."""
    sides: Sides
    """From which sides of the point values were taken."""


def slope(f: Function1, x: float, method: Method = "richardson", step: float | None = None) -> Estimate:
    """The first derivative of f at x.

    Args:
        method: `forward` is (f(x+h)-f(x))/h, `central` is (f(x+h)-f(x-h))/(2h), and `richardson`
            extrapolates central differences to step 0.
        step: h as it is, or the largest step of the extrapolation; chosen if not given.

    References:
        Ridders (1982), Advances in Engineering Software 4, 75-76.

    >>> found = slope(math.sin, 1.0)
    >>> abs(found.value - math.cos(1.0)) <= found.error < 1e-12
    True
    >>> slope(lambda x: 12.0 * x, 3.0, "forward", 0.25).value
    12.0
    """
    if method == "richardson":
        return _extrapolated(f, x, step, 1)
    h = step if step is not None else balanced_step(x, method, 1)
    sides: Sides = "both" if method == "central" else "right" if h > 0.0 else "left"
    value = difference_quotient(f, x, method, h)
    if not math.isfinite(value):
        return Estimate(math.nan, math.inf, sides)
    return compared(value, _extrapolated(f, x, None, 1), sides)


def difference_quotient(f: Function1, x: float, method: Method, h: float) -> float:
    """The plain difference quotient of f at x over one step.

    >>> difference_quotient(lambda x: x**3, 2.0, "forward", 1.0), difference_quotient(lambda x: x**3, 2.0, "central", 1.0)
    (19.0, 13.0)
    """
    change, width = (f(x + h) - f(x), h) if method == "forward" else (f(x + h) - f(x - h), 2.0 * h)
    return change / width if width else math.nan


def compared(value: float, reference: Estimate, sides: Sides) -> Estimate:
    """A figure with the distance to a better one as its error: the truncation that a fixed step leaves."""
    return Estimate(value, _bound(abs(value - reference.value) + reference.error), sides)


def curvature(f: Function1, x: float, step: float | None = None) -> Estimate:
    """The second derivative of f at x, from extrapolated second differences.

    Args:
        step: the largest step of the extrapolation; chosen if not given.

    >>> found = curvature(math.exp, 0.0)
    >>> abs(found.value - 1.0) <= found.error < 1e-9
    True
    """
    return _extrapolated(f, x, step, 2)


def reach(f: Function1, x: float) -> float:
    """The largest step that is of use about x: the length over which f looks smooth.

    >>> 0.01 < reach(math.sin, 1e6) < 100.0
    True
    """
    middle = f(x)
    best = 0.0
    for steps in ladders(x, None):
        samples = sampled(f, x, steps)
        (first, sides), (second, _) = [extrapolated_derivative(samples, middle, order) for order in (1, 2)]
        best = max(best, min(first.step, second.step))
        # Smaller scales about 0 are for what overflows; what is not smooth there mostly has a kink.
        if _good(first) or _good(second) or (x == 0.0 and sides == "both"):
            break
    return best or abs(x) or 1.0


def twist(
    f: Function2, x: float, y: float, step: float | None = None, reaches: tuple[float, float] | None = None
) -> Estimate:
    """The mixed second derivative of f by x and y, from extrapolated four-point differences.

    Args:
        step: the largest step of the extrapolation in both directions; chosen if not given.
        reaches: `reach` of f along x and along y if they are known, which saves most evaluations.

    >>> found = twist(lambda x, y: math.sin(x * y), 1.0, 0.0)
    >>> abs(found.value - 1.0) <= found.error < 1e-9
    True
    """
    middle = f(x, y)
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(middle)):
        return Estimate(math.nan, math.inf, "both")
    if step is not None:
        return _twist_within(f, x, y, middle, abs(step), abs(step))
    a, b = reaches or (reach(lambda t: f(t, y), x), reach(lambda t: f(x, t), y))
    found = _twist_within(f, x, y, middle, 4.0 * a, 4.0 * b)
    # Where a gradient vanishes together with the value its steps shrink without end, and are no
    # measure for the second derivative; then the size of the coordinates is.
    for share in (0.25, 0.015625):
        if not found.error <= GOOD * abs(found.value):
            other = _twist_within(f, x, y, middle, share * max(abs(x), 1.0), share * max(abs(y), 1.0))
            found = min(found, other, key=lambda estimate: estimate.error)
    return found


def _twist_within(f: Function2, x: float, y: float, middle: float, a: float, b: float) -> Estimate:
    """The mixed second derivative from steps of at most a and b."""
    count = min(rungs(x, a), rungs(y, b))
    steps = zip(rising(x, a, count), rising(y, b, count), strict=True)
    squares: list[Square] = []
    for width, height in [(exact_step(x, h), exact_step(y, k)) for h, k in steps]:
        last = squares[-1] if squares else None
        apart = last is None or (width >= 1.5 * last.width and height >= 1.5 * last.height)
        if apart and usable(x, width) and usable(y, height):
            squares.append(square_of_values(f, x, y, width, height))
    rows = finite([across(corners, middle) for corners in _inside(squares, QUADRANTS)])
    if len(rows) >= FEWEST:
        found = with_sure_error(rows, limit(rows, even, 2))
        return Estimate(found.value, _bound(found.error), "both")
    way = max(QUADRANTS, key=lambda way: len(_inside(squares, [way])))
    rows = finite([quadrant(corners, middle, way) for corners in _inside(squares, [way])])
    found = with_sure_error(rows, limit(rows, every, 2))
    return Estimate(found.value, _bound(found.error), RIGHT if way[0] > 0 else LEFT)


def _inside(squares: Sequence[Square], ways: Sequence[tuple[int, int]]) -> list[Square]:
    """The rising squares whose values over some quadrants are finite, up to the first where they are not."""
    return list(takewhile(lambda corners: corners.defined(ways), squares))


def _extrapolated(f: Function1, x: float, step: float | None, order: int) -> Estimate:
    """The derivative of some order from the ladder of steps that gives the least error."""
    middle = f(x)
    if not (math.isfinite(x) and math.isfinite(middle)):
        return Estimate(math.nan, math.inf, "both")
    best: Limit = NOWHERE
    sides: Sides = "both"
    for steps in ladders(x, step):
        samples = sampled(f, x, steps)
        found, taken = extrapolated_derivative(samples, middle, order)
        if _good(found):
            best, sides = found, taken
            break
        if best is NOWHERE or found.error < best.error:
            best, sides = found, taken
    return Estimate(best.value, _bound(best.error), sides)


def _good(found: Limit) -> bool:
    """Whether a derivative is known well, in itself or compared with how f changes over its steps."""
    return found.error <= GOOD * abs(found.value) or found.blur <= GOOD


def balanced_step(x: float, method: Method, order: int) -> float:
    """The step at which truncation and rounding balance for a derivative of a function on the scale of x."""
    truncation = 1 if method == "forward" else 2
    return exact_step(x, (abs(x) or 1.0) * EPSILON ** (1.0 / (truncation + order)))


def _bound(error: float) -> float:
    return error if math.isfinite(error) else math.inf
