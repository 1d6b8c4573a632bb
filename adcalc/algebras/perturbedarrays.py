"""Arrays with every rounding made a little worse: what moves was not certain.

The counterpart over arrays of `adcalc.algebras.perturbed` (Vignes, 1974; Parker, 1997).  What works entry
by entry has its value moved, entry by entry; what adds up many entries has them moved before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.perturbed import SIZE
from adcalc.expr import Number
from adcalc.primitive import Primitive
from adcalc.table.linear import LINEAR
from adcalc.table.reductions import REDUCTIONS

Array: TypeAlias = Any

_CHOICES = frozenset({"neg", "abs", "min", "max", "clip", "relu", "given", "where"})
_PLACES = frozenset({"core amin", "core amax", "core argmin", "core argmax"})
#: Core rows that compute something; the others only arrange entries, or choose among them.
_COMPUTING = frozenset(row.name for row in (*REDUCTIONS, *LINEAR) if row.over == "core" and row.name not in _PLACES) | {
    "gather",
    "put",
}
_LARGEST_WHOLE = 2.0**53


class PerturbedArrays:
    """The algebra of float64 arrays in which results are off by a few units in the last place.

    Attributes:
        even: all entries of an operation's value are moved by the same share, which is faster.
    """

    __slots__ = ("_noise", "even")
    exact = True

    def __init__(self, seed: int, *, even: bool = False) -> None:
        self._noise = np.random.default_rng(seed)
        self.even = even

    def const(self, value: float | Number) -> Array:
        return float(value)

    def truth(self, value: Array) -> None:
        return None

    def shape(self, value: Array) -> tuple[int, ...]:
        return np.shape(value)

    def apply(self, primitive: Primitive, arguments: Sequence[Array]) -> Array:
        if primitive.elementwise:
            value = ARRAYS.apply(primitive, arguments)
            if primitive.jump or primitive.name in _CHOICES or not arguments:
                return value
            return np.where(_is_exact(primitive, arguments, value), value, self._moved(value))
        if primitive.name not in _COMPUTING or _are_whole(arguments):
            return ARRAYS.apply(primitive, arguments)
        even = primitive.outside != ""
        moved = [self._evenly_moved(each) if even else self._moved(each) for each in arguments]
        # Places are whole numbers that must stay what they are.
        return ARRAYS.apply(primitive, [moved[0], *arguments[1:]] if primitive.name == "put" else moved)

    def _moved(self, value: Array) -> Array:
        if self.even:
            share = self._noise.uniform(0.25, 1.75) - 1.0
            return value * (1.0 + SIZE * (share + math.copysign(0.25, share)))
        size = SIZE * self._noise.uniform(0.25, 1.0, np.shape(value))
        return value * (1.0 + size * self._noise.choice([-1.0, 1.0], np.shape(value)))

    def _evenly_moved(self, value: Array) -> Array:
        """A symmetric matrix moved so that it stays symmetric."""
        moved = self._moved(value)
        return (moved + np.swapaxes(moved, -1, -2)) / 2.0


def _are_whole(arguments: Sequence[Array]) -> bool:
    """Whether sums and products of the entries are exact: whole numbers, and not too large."""
    for each in arguments:
        entries = np.asarray(each)
        if not np.all(entries == np.floor(entries)) or np.sum(np.abs(entries)) > _LARGEST_WHOLE**0.5:
            return False
    return True


def _is_exact(primitive: Primitive, arguments: Sequence[Array], value: Array) -> Array:
    """For each entry whether nothing was rounded."""
    match primitive.name, arguments:
        case (("+" | "-"), (x, y)):
            other = y if primitive.name == "+" else np.negative(y)
            rounded = value - x
            return ((x - (value - rounded)) + (other - rounded)) == 0.0
        case (("*" | "^"), (x, y)):
            whole = (x == np.floor(x)) & (y == np.floor(y))
            return (whole & (np.abs(value) < _LARGEST_WHOLE)) | (value == 0.0)
    return np.equal(value, 0.0)
