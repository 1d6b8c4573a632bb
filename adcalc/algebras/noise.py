"""Doubles with every rounding made a little worse: what moves was not certain.

Carrying a computation out once more with its roundings perturbed shows how many of its digits mean
something (stochastic arithmetic, CESTAC: Vignes, 1974; Parker, 1997).  It costs as much as the computation
itself.  `Noise` wraps an algebra of doubles, of numbers or of arrays.  What comes out even is not moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from adcalc.algebras.roundings import EXACT, FAR, GAMMAS, LARGEST_WHOLE, NEAR_A_ROOT, ROUGH, SIZE, SMALLEST, VANISHING
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive

if TYPE_CHECKING:
    from adcalc.algebras.arrays import Arrays
    from adcalc.algebras.floats import Floats

Array: TypeAlias = Any


#: Near 1 a double has few neighbours to be moved to by a rounding or two, so that two numbers may move alike by chance;
#: moved so many times further, they hardly do.
WIDE = 256.0


class Noise:
    """An algebra of doubles in which results are off by a few units in the last place.

    Args:
        base: the algebra whose results are moved, `FLOATS` or `ARRAYS`.
        seed: runs with the same seed are the same.
        still: literals next to these numbers are the numbers themselves; others move if their doubles are not they.
        scale: how many times further than roundings results are moved.

    >>> from adcalc.algebras.floats import FLOATS
    >>> from adcalc.table import PRIMITIVES
    >>> noise = Noise(FLOATS, 1)
    >>> noise.apply(PRIMITIVES["*"], [2.0, 3.0]), 0 < abs(noise.apply(PRIMITIVES["/"], [1.0, 3.0]) - 1/3) < 1e-15
    (6.0, True)
    """

    __slots__ = ("_arrays", "_base", "_size", "_state", "_still", "strayed")
    exact = True

    def __init__(self, base: Floats | Arrays, seed: int, *, still: Collection[float] = (), scale: float = 1.0) -> None:
        self._base: Any = base
        self._size = SIZE * scale
        self._state = seed
        self._still = still
        self.strayed = False
        """Some result left the range of normal doubles, or lies where a library is rough: what is made of it cannot
        be trusted."""
        self._arrays: Any = None
        if base.truth(1.0) is None:
            from adcalc.algebras.noisy_arrays import ArrayNoise

            self._arrays = ArrayNoise(base, seed, self._size)

    def const(self, value: float | Number) -> float:
        moves = isinstance(value, Number) and value.rounded and value.value not in self._still
        return self._moved(float(value)) if moves else float(value)

    def truth(self, value: Any) -> bool | None:
        return self._base.truth(value)  # type: ignore[no-any-return]

    def shape(self, value: Any) -> tuple[int, ...]:
        return self._base.shape(value)  # type: ignore[no-any-return]

    def apply(self, primitive: Primitive, arguments: Sequence[Any]) -> Any:
        if primitive.name in EXACT:
            return self._base.apply(primitive, arguments)
        if self._arrays is not None:
            value, strayed = self._arrays.apply(primitive, arguments)
            self.strayed = self.strayed or strayed
            return value
        value = self._base.apply(primitive, arguments)
        if comes_out_even(primitive.name, arguments, value):
            return value
        size = abs(value)
        if primitive.name in ROUGH and (size < NEAR_A_ROOT or (primitive.name in GAMMAS and arguments[-1] < 0.0)):
            self.strayed = True
        if primitive.name == "%" and abs(arguments[0]) > FAR * abs(arguments[1]):
            self.strayed = True
        if not SMALLEST < size < math.inf:
            self.strayed = self.strayed or _strays(primitive, arguments, size)
        return self._moved(value)

    def _moved(self, value: float) -> float:
        # By different amounts, or two values that are then subtracted would move together.
        self._state = (self._state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        share = ((self._state >> 8) & 0xFFFF) / 0x10000
        moved = self._size * (0.25 + 0.75 * share)
        return value * (1.0 + moved) if self._state & 0x1000000 else value * (1.0 - moved)


def comes_out_even(name: str, arguments: Sequence[float], value: float) -> bool:
    """Whether the value of a row of numbers has not been rounded.

    >>> comes_out_even("*", [3.0, 4.0], 12.0), comes_out_even("/", [1.0, 3.0], 1/3)
    (True, False)
    """
    even = _EVEN.get(name)
    if even is not None:
        return even(*arguments, value)
    return value in (0.0, 1.0) and bool(arguments) and not any(arguments)


def _strays(primitive: Primitive, arguments: Sequence[float], size: float) -> bool:
    """Whether a result overflowed or underflowed, and is not just 0 or made of infinities."""
    if primitive.constant or not all(map(math.isfinite, arguments)):
        return False
    if size == 0.0:
        places = VANISHING.get(primitive.name)
        return places is not None and all([arguments[place] != 0.0 for place in places])
    return size == math.inf or size < SMALLEST


def _sum_is_even(x: float, y: float, total: float) -> bool:
    """Whether the sum of two floats leaves out nothing (Moller, 1965; Knuth, 1969)."""
    rounded = total - x
    return (x - (total - rounded)) + (y - rounded) == 0.0


def _difference_is_even(x: float, y: float, difference: float) -> bool:
    return _sum_is_even(x, -y, difference)


def _product_is_even(x: float, y: float, product: float) -> bool:
    """Whether a product is one of whole numbers, or by 1."""
    whole = x == x // 1 and y == y // 1 and product == product // 1 and abs(product) < LARGEST_WHOLE
    return whole or y == 1.0 or x == 1.0


def _power_is_even(x: float, y: float, power: float) -> bool:
    return _product_is_even(x, y, power) and (y >= 0.0 or x == 1.0)


def _quotient_is_even(x: float, y: float, quotient: float) -> bool:
    """Whether a quotient, or a remainder, is one of whole numbers."""
    return x == x // 1 and y == y // 1 and quotient == quotient // 1 and abs(x) < LARGEST_WHOLE


def _root_is_even(x: float, root: float) -> bool:
    return root == root // 1 and root * root == x < LARGEST_WHOLE


_EVEN: Mapping[str, Callable[..., bool]] = MappingProxyType(
    {
        "+": _sum_is_even,
        "-": _difference_is_even,
        "*": _product_is_even,
        "^": _power_is_even,
        "%": _quotient_is_even,
        "/": _quotient_is_even,
        "sqrt": _root_is_even,
    }
)
