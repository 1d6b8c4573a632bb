"""Floats with every rounding made a little worse: what moves was not certain.

Carrying a computation out once more with its roundings perturbed shows how many of its digits mean
something (Vignes, 1974; Parker, 1997).  It costs as much as the computation itself.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Sequence

from adcalc.algebras.floats import FLOATS
from adcalc.expr import Number
from adcalc.primitive import Primitive

#: Four to eight times what a rounding can do, so that one run is a safe witness.
SIZE = 4.0 * sys.float_info.epsilon

_CHOICES = frozenset({"neg", "abs", "min", "max", "clip", "relu", "given"})
# Libraries give these to an absolute, not to a relative accuracy near their roots and left of 0.
_ROUGH = frozenset({"gamma", "lgamma", "digamma", "polygamma", "lbeta", "factorial"})
_NEAR_A_ROOT = 0.125
_LARGEST_WHOLE = 2.0**53
_SMALLEST = sys.float_info.min


class Perturbed:
    """The algebra of float64 in which results are off by a few units in the last place.

    The signs come from a linear congruential generator, so that a run can be repeated.

    Args:
        still: literals with these values are not rounded, though their decimals are.
    """

    __slots__ = ("_state", "_still", "strayed")
    exact = True

    def __init__(self, seed: int, still: Collection[float] = ()) -> None:
        self._state = seed
        self._still = still
        self.strayed = False
        """Some result left the range of normal doubles, so that what is made of it cannot be trusted."""

    def const(self, value: float | Number) -> float:
        moves = isinstance(value, Number) and value.rounded and value.value not in self._still
        return self._moved(float(value)) if moves else float(value)

    def truth(self, value: float) -> bool:
        return value != 0.0

    def shape(self, value: float) -> tuple[int, ...]:
        return ()

    def apply(self, primitive: Primitive, arguments: Sequence[float]) -> float:
        value = FLOATS.apply(primitive, arguments)
        if _is_exact(primitive, arguments, value):
            return value
        size = abs(value)
        if primitive.name in _ROUGH and (arguments[-1] < 0.0 or size < _NEAR_A_ROOT):
            self.strayed = True
        if not _SMALLEST < size < math.inf:
            self.strayed = self.strayed or _strays(primitive, arguments, size)
        return self._moved(value)

    def _moved(self, value: float) -> float:
        # By different amounts, or two values that are then subtracted would move together.
        self._state = (self._state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        share = ((self._state >> 8) & 0xFFFF) / 0x10000
        size = SIZE * (0.25 + 0.75 * share)
        return value * (1.0 + size) if self._state & 0x1000000 else value * (1.0 - size)


def _is_exact(primitive: Primitive, arguments: Sequence[float], value: float) -> bool:
    """Whether nothing was rounded: a choice among the arguments, or arithmetic that came out even."""
    if primitive.jump or primitive.name in _CHOICES:
        return True
    match primitive.name, arguments:
        case "+", (x, y):
            return _sum_error(x, y) == 0.0
        case "-", (x, y):
            return _sum_error(x, -y) == 0.0
        case "*" | "^", (x, y):
            return x == x // 1 and y == y // 1 and value == value // 1 and abs(value) < _LARGEST_WHOLE
    return False


def _strays(primitive: Primitive, arguments: Sequence[float], size: float) -> bool:
    """Whether a result overflowed or underflowed, and is not just 0 or made of infinities."""
    if not all(map(math.isfinite, arguments)):
        return False
    if size == math.inf:
        return True
    if size == 0.0:
        vanishing = {"*": 0.0 in arguments, "/": arguments[:1] == [0.0], "^": arguments[:1] == [0.0]}
        return primitive.name.startswith("exp") or not vanishing.get(primitive.name, True)
    return size < _SMALLEST


def _sum_error(x: float, y: float) -> float:
    """What the sum of two floats leaves out (Moller, 1965; Knuth, 1969)."""
    total = x + y
    rounded = total - x
    return (x - (total - rounded)) + (y - rounded)
