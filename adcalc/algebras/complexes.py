"""Complex numbers, for the complex step: only what is analytic, everything else is refused."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.roundings import EXACT, SIZE
from adcalc.ir.expr import Apply, Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Program, Unused
from adcalc.lower.rules import Call, compiled
from adcalc.table.operators import COMPARISON


def _gamma(x: complex) -> complex:
    """Left of 1/2 by reflection (Euler): beside the real axis the library is wrong there."""
    from scipy import special

    if x.real < 0.5:
        return math.pi / (cmath.sin(math.pi * x) * complex(special.gamma(1 - x)))
    return complex(special.gamma(x))


def _sinc(x: complex) -> complex:
    """By its Taylor series near 0, where the imaginary part of the quotient cancels."""
    y = math.pi * x
    if abs(y) > 1.0:
        return cmath.sin(y) / y
    total = term = complex(1.0)
    for k in range(1, 12):
        term *= -y * y / ((2 * k) * (2 * k + 1))
        total += term
    return total


_ARITHMETIC: dict[str, Callable[..., complex]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "neg": lambda x: -x,
    "given": lambda x, _: x,
    "provided": lambda x, y: x if y.real else complex(math.nan, math.nan),
    "gamma": _gamma,
    "sinc": _sinc,
}

# Of NumPy's and SciPy's functions these have no complex form, and their rows no analytic body.
_REAL_ONLY = frozenset({"cbrt", "atan2", "lgamma", "polygamma", "beta", "lbeta", "erfinv", "factorial", "logaddexp"})


class Complexes:
    """The algebra of complex numbers; inside a row's body a condition is that of the real part."""

    def const(self, value: float | Number) -> complex:
        return complex(value)

    def truth(self, value: complex) -> bool:
        return value.real != 0.0

    def apply(self, primitive: Primitive, arguments: Sequence[complex]) -> complex:
        try:
            return self._apply(primitive, arguments)
        except (ValueError, ZeroDivisionError, OverflowError):
            return complex(math.nan, math.nan)

    def _apply(self, primitive: Primitive, arguments: Sequence[complex]) -> complex:
        name = primitive.name
        if name in _ARITHMETIC:
            return _ARITHMETIC[name](*arguments)
        if name == "^":
            base, exponent = arguments
            if exponent.imag == 0.0 and exponent.real == int(exponent.real) and abs(exponent.real) < 2**31:
                return base ** int(exponent.real)
            return base**exponent
        if primitive.constant:
            return complex(FLOATS.apply(primitive, ()))
        if primitive.binding == COMPARISON:
            import operator

            return complex(getattr(operator, primitive.host.partition(".")[2])(arguments[0].real, arguments[1].real))
        if primitive.body:
            return Call(primitive, arguments, complex(math.nan)).carry_out(self, compiled(primitive.body))
        function = getattr(cmath, name, None)
        if function is not None:
            return complex(function(*arguments))
        return _from_numpy(primitive, arguments)


COMPLEXES = Complexes()


class PerturbedComplexes(Complexes):
    """The same with both parts of every result off by a few units in the last place.

    What moves in the imaginary part is lost there, as in `sin(x)/x` near 0, where a complex step cancels after all.
    """

    def __init__(self, seed: int) -> None:
        self._state = seed

    def apply(self, primitive: Primitive, arguments: Sequence[complex]) -> complex:
        found = super().apply(primitive, arguments)
        if primitive.name in EXACT:
            return found
        # A linear congruential generator (Knuth, MMIX), whose highest bits are the ones to take.
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        one, other = (SIZE if self._state >> bit & 1 else -SIZE for bit in (63, 62))
        return complex(found.real * (1.0 + one), found.imag * (1.0 + other))


def _from_numpy(primitive: Primitive, arguments: Sequence[complex]) -> complex:
    home, _, name = (primitive.array or f"numpy.{primitive.name}").partition(".")
    function: Any
    if home == "numpy":
        import numpy as np

        function = getattr(np, name)
    else:
        from scipy import special

        function = getattr(special, name)
    import numpy as np

    with np.errstate(all="ignore"):
        return complex(function(*arguments))


def first_unfit(program: Program, values: Sequence[object]) -> int | None:
    """The first slot in use that a complex step cannot pass through: not analytic, or not available."""
    for index, (slot, value) in enumerate(zip(program.slots, values, strict=True)):
        if slot.primitive is not None and not isinstance(value, Unused) and not _fit(slot.primitive):
            return index
    return None


def _fit(primitive: Primitive) -> bool:
    if primitive.kinks or primitive.takes is not None or primitive.name in _REAL_ONLY:
        return False
    if primitive.body:
        body = compiled(primitive.body).program
        return all(
            _fit(slot.primitive) or slot.primitive.binding == COMPARISON or slot.primitive.takes is not None
            for slot in body.slots
            if slot.primitive is not None and isinstance(slot.node, Apply)
        )
    return True
