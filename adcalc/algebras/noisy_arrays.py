"""What `adcalc.algebras.noise` does to arrays: entries are moved one by one, and those that came out even are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.roundings import (
    ADDING,
    FACTORING,
    FAR,
    GAMMAS,
    LARGEST_WHOLE,
    NEAR_A_ROOT,
    ROUGH,
    SMALLEST,
    VANISHING,
)
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Algebra

Array: TypeAlias = Any

#: Sums of products, which may underflow one by one.
_PRODUCTS = frozenset({"inner", "matvec", "vecmat", "matmul", "dyad"})


class ArrayNoise:
    """Results of an algebra of arrays, moved; and whether they can be trusted at all."""

    __slots__ = ("_base", "_random", "_size")

    def __init__(self, base: Algebra[Array], seed: int, size: float) -> None:
        self._base = base
        self._size = size
        self._random = np.random.default_rng(seed)

    def apply(self, primitive: Primitive, arguments: Sequence[Array]) -> tuple[Array, bool]:
        """A row that rounds, its value moved; and whether an entry strayed."""
        with np.errstate(all="ignore"):
            if primitive.elementwise:
                return self._entrywise(primitive, arguments)
            if primitive.name in ADDING:
                return self._added(primitive, arguments)
            return self._computed(primitive, arguments)

    def _entrywise(self, primitive: Primitive, arguments: Sequence[Array]) -> tuple[Array, bool]:
        value = self._base.apply(primitive, arguments)
        moved, even = value * self._share(value), are_even(primitive.name, arguments, value)
        if np.any(even):
            moved = np.where(even, value, moved)
        if primitive.name in GAMMAS:
            # To an absolute accuracy that is a few units in the last place of 1.
            near = (np.abs(value) < NEAR_A_ROOT) & np.not_equal(value, 0.0)
            moved = np.where(near, moved + np.copysign(self._size / 2.0, moved - value), moved)
        strayed = bool(np.any(stray(primitive, arguments, value) & ~even))
        return moved, strayed or _are_rough(primitive.name, arguments, value)

    def _added(self, primitive: Primitive, arguments: Sequence[Array]) -> tuple[Array, bool]:
        """Sums: those that are exact in whatever order they are added stay as they are."""
        value = self._base.apply(primitive, arguments)
        # Places are whole numbers that must stay what they are.
        count = 1 if primitive.name == "put" else len(arguments)
        entries, others = arguments[:count], arguments[count:]
        totals = self._base.apply(primitive, [*map(np.abs, entries), *others])
        exact = totals < np.ldexp(LARGEST_WHOLE, sum(map(last_place, entries)))
        strayed = not np.all(np.isfinite(value)) and all(np.all(np.isfinite(each)) for each in entries)
        if primitive.name in _PRODUCTS and np.any(tiny := totals < SMALLEST):
            terms = self._base.apply(primitive, [np.not_equal(each, 0.0).astype(float) for each in entries])
            strayed = strayed or bool(np.any(tiny & (terms > 0.0)))
        if np.all(exact):
            return value, strayed
        moved = self._base.apply(primitive, [*[each * self._share(each) for each in entries], *others])
        return np.where(exact, value, moved * self._share(moved)), strayed

    def _computed(self, primitive: Primitive, arguments: Sequence[Array]) -> tuple[Array, bool]:
        if primitive.name in FACTORING:
            arguments = [self._neighbour(each, symmetric=primitive.outside != "") for each in arguments]
        value = self._base.apply(primitive, arguments)
        finite = all(np.all(np.isfinite(each)) for each in arguments)
        strayed = finite and (not np.all(np.isfinite(value)) or _vanish(primitive.name, arguments, value))
        return value * self._share(value), bool(strayed or _are_rough(primitive.name, arguments, value))

    def _neighbour(self, value: Array, *, symmetric: bool) -> Array:
        moved = value * self._share(value)
        return (moved + np.swapaxes(moved, -1, -2)) / 2.0 if symmetric else moved

    def _share(self, value: Array) -> Array:
        """Factors near 1 for each entry."""
        share = self._random.uniform(-0.75, 0.75, np.shape(value))
        return 1.0 + self._size * (share + np.copysign(0.25, share))


def last_place(entries: Array) -> int:
    """The exponent of the largest power of two of which all entries are multiples."""
    mantissas, exponents = np.frexp(np.asarray(entries, dtype=float))
    whole = np.where(np.isfinite(mantissas), mantissas * LARGEST_WHOLE, 1.0).astype(np.int64)
    places = exponents - 54 + np.frexp((whole & -whole).astype(float))[1]
    return int(np.min(np.where(whole == 0, 1_000, places), initial=1_000))


def are_even(name: str, arguments: Sequence[Array], value: Array) -> Array:
    """For each entry whether nothing was rounded; as for numbers."""
    match name, arguments:
        case (("+" | "-"), (x, y)):
            other = y if name == "+" else np.negative(y)
            rounded = value - x
            return ((x - (value - rounded)) + (other - rounded)) == 0.0
        case (("*" | "^"), (x, y)):
            even = _whole(value, x, y, value)
            return (even & np.greater_equal(y, 0.0) if name == "^" else even) | np.equal(y, 1.0) | np.equal(x, 1.0)
        case (("/" | "%"), (x, y)):
            return _whole(value, x, y, x)
        case "sqrt", (x,):
            return (value == np.floor(value)) & (value * value == x) & np.less(x, LARGEST_WHOLE)
    none = np.equal(value, 0.0) | np.equal(value, 1.0)
    for argument in arguments:
        none = none & np.equal(argument, 0.0)
    return none & (len(arguments) > 0)


def _whole(value: Array, x: Array, y: Array, largest: Array) -> Array:
    """For each entry whether value and arguments are whole numbers, and the largest of them one that doubles have."""
    found = np.equal(value, np.floor(value)) & np.isfinite(value)
    if not np.any(found):
        return found
    return found & np.equal(x, np.floor(x)) & np.equal(y, np.floor(y)) & (np.abs(largest) < LARGEST_WHOLE)


def _are_rough(name: str, arguments: Sequence[Array], value: Array) -> bool:
    """Whether some entry is near a root, or left of 0, where libraries compute to an absolute accuracy only."""
    if name == "%":
        return bool(np.any(np.abs(arguments[0]) > FAR * np.abs(arguments[1])))
    if name not in ROUGH:
        return False
    return bool(np.any(np.abs(value) < NEAR_A_ROOT) or (name in GAMMAS and np.any(np.less(arguments[-1], 0.0))))


def stray(primitive: Primitive, arguments: Sequence[Array], value: Array) -> Array:
    """Which entries overflowed or underflowed, and are not 0, or made of infinities."""
    size = np.abs(value)
    # A nan fails the comparisons.
    if primitive.constant or (np.min(size, initial=1.0) > SMALLEST and np.max(size, initial=1.0) < math.inf):
        return np.False_
    odd = ~((size > SMALLEST) & (size < math.inf)) & (size == size)
    for argument in arguments:
        odd = odd & np.isfinite(argument)
    places = VANISHING.get(primitive.name)
    # Where 0 is an honest result it is not odd.
    honest = np.equal(value, 0.0)
    if places is not None:
        for_each = [np.equal(arguments[place], 0.0) for place in places]
        honest = honest & (np.logical_or.reduce(np.broadcast_arrays(*for_each)) if for_each else False)
    return odd & ~honest


def _vanish(name: str, arguments: Sequence[Array], value: Array) -> bool:
    """Whether some entry of a core row's value underflowed, or something on the way to it."""
    match name:
        case "core prod" | "exclusive":
            entries = np.where(np.equal(arguments[0], 0.0), 1.0, np.abs(arguments[0]))
            ways = [np.cumprod(entries, axis=-1), np.cumprod(entries[..., ::-1], axis=-1)]
            return any(not np.all((way >= SMALLEST) & (way < math.inf)) for way in ways)
        case "core softmax":
            return bool(np.any(np.abs(value) < SMALLEST))
        case "core det":
            odd = np.abs(value) < SMALLEST
            return bool(np.any(odd)) and bool(np.any(odd & np.isfinite(np.linalg.slogdet(arguments[0])[1])))
    return False
