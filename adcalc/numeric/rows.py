"""Difference quotients at many points at once: a ladder of steps for all rows, extrapolated row by row.

For each point the extrapolation is taken that differs least from the two before it (after Ridders, 1982).
The steps are shares of the coordinate itself and, for points near 0, of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
#: The values of the formula at points of which some coordinates are moved; nan where there is none.
Values: TypeAlias = Callable[[Mapping[str, Array]], Array]

_RUNGS = 20
#: Terms of the error that extrapolation takes away.
_ORDERS = 5
_LARGEST = 0.25
#: An answer whose distance from its neighbours is larger, relative to it or to what rounding may do, is none.
_SETTLED, _NOISE = 1e-5, 1e-8
#: How far the quotient of the shortest step may be from the answer.
_ROUGHLY = 1e-2


def slopes(values: Values, at: Mapping[str, Array], middle: Array, wrt: Sequence[str], *, hessian: bool) -> list[Array]:
    """The partials, and the second partials of each pair once, from values alone; nan where they do not settle.

    Args:
        at: the coordinates of all points, by variable.
        middle: the values at the points.
    """
    scale = {name: np.where(at[name] == 0.0, 1.0, np.abs(at[name])) for name in wrt}
    size = np.abs(middle)

    def best(quotient: Callable[[Array], Array], a: str, noise: Array) -> Array:
        return _best(at[a], scale[a], quotient, _NOISE * noise)

    first = [best(partial(_first, values, at, name), name, size / scale[name]) for name in wrt]
    if not hessian:
        return first
    found = {
        (name, name): best(partial(_second, values, at, middle, name), name, size / scale[name] ** 2) for name in wrt
    }
    for a, b in combinations(wrt, 2):
        found[a, b] = best(partial(_mixed, values, at, a, b), a, size / (scale[a] * scale[b]))
    return [*first, *[found[a, b] for place, a in enumerate(wrt) for b in wrt[place:]]]


def _best(x: Array, own: Array, quotient: Callable[[Array], Array], noise: Array) -> Array:
    """The better of the answers at the scale of the coordinate and at that of 1."""
    rough = _ROUGHLY / _NOISE * noise
    one, error = _extrapolated(x, own, quotient, rough)
    other, other_error = _extrapolated(x, np.maximum(own, 1.0), quotient, rough)
    better = ~(other_error >= error)
    found, least = np.where(better, other, one), np.where(better, other_error, error)
    return np.where(least <= _SETTLED * np.abs(found) + noise + _NOISE, found, np.nan)


def _extrapolated(x: Array, scale: Array, quotient: Callable[[Array], Array], rough: Array) -> tuple[Array, Array]:
    """Quotients of even error at halved steps, extrapolated to step 0 (Richardson, 1911), and how sure they are.

    Two neighbours may agree by chance where steps are longer than what the function does; three in a row do not.
    """
    found, error = np.full(x.shape, np.nan), np.full(x.shape, np.inf)
    column: list[Array] = [found]
    last: list[Array] = []
    for rung in range(_RUNGS):
        step = scale * (_LARGEST * 0.5**rung)
        before = column if rung else []
        # The step as it is between two doubles.
        column = [quotient((x + step) - x)]
        for order, coarser in enumerate(before[:_ORDERS]):
            column.append(column[-1] + (column[-1] - coarser) / (4.0 ** (order + 1) - 1.0))
        last = [*last[-2:], column[-1]]
        if len(last) == 3:
            apart = np.maximum(np.abs(last[2] - last[1]), np.abs(last[1] - last[0]))
            better = apart < error
            found, error = np.where(better, last[2], found), np.where(better, apart, error)
    # The shortest step knows least digits, and is the last to be taken in.
    beside = np.abs(column[0] - found) <= _ROUGHLY * np.abs(found) + rough
    return found, np.where(beside, error, np.inf)


def _first(values: Values, at: Mapping[str, Array], name: str, h: Array) -> Array:
    return (values({name: at[name] + h}) - values({name: at[name] - h})) / (2.0 * h)


def _second(values: Values, at: Mapping[str, Array], middle: Array, name: str, h: Array) -> Array:
    return (values({name: at[name] + h}) - 2.0 * middle + values({name: at[name] - h})) / (h * h)


def _mixed(values: Values, at: Mapping[str, Array], a: str, b: str, h: Array) -> Array:
    x, y = at[a], at[b]
    k = (y + h * (np.where(y == 0.0, 1.0, np.abs(y)) / np.where(x == 0.0, 1.0, np.abs(x)))) - y
    corners = [values({a: x + i * h, b: y + j * k}) * (i * j) for i in (1.0, -1.0) for j in (1.0, -1.0)]
    return (corners[0] + corners[1] + corners[2] + corners[3]) / (4.0 * h * k)
