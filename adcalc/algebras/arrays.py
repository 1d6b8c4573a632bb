"""Arrays: a primitive is computed by NumPy for all entries at once.

As over floats the arithmetic is that of IEEE 754 and never raises, and a row of the table that SciPy
computes keeps to the domain that the row says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.kernels import Kernel, kernel
from adcalc.ir.expr import Expr, Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused, evaluate, lowered
from adcalc.lower.rules import Call, compiled

Array: TypeAlias = Any

#: exp of what is larger may overflow.
_LAST_EXP = 709.0


class Arrays:
    """The algebra of float64 arrays."""

    __slots__ = ("_functions",)
    exact = True

    def __init__(self) -> None:
        self._functions: WeakKeyDictionary[Primitive, Kernel] = WeakKeyDictionary()

    def const(self, value: float | Number) -> Array:
        return float(value)

    def truth(self, value: Array) -> None:
        """Entries differ, so that both branches are computed."""

    def shape(self, value: Array) -> tuple[int, ...]:
        return np.shape(value)

    def apply(self, primitive: Primitive, arguments: Sequence[Array]) -> Array:
        return self.function(primitive)(*arguments)

    def function(self, primitive: Primitive) -> Kernel:
        """What computes a primitive."""
        found = self._functions.get(primitive)
        if found is None:
            found = self._functions[primitive] = entrywise(primitive) if primitive.elementwise else kernel(primitive)
        return found


ARRAYS = Arrays()


def computed(expr: Expr, inputs: Mapping[str, Any]) -> Array:
    """The value of one core formula."""
    program = lowered([expr])
    with np.errstate(all="ignore"):
        value = evaluate(program._replace(branching=False), ARRAYS, inputs)[program.output]
    assert not isinstance(value, Unused)
    return value


def entrywise(primitive: Primitive) -> Kernel:
    """The function of a row that works entry by entry."""
    own = _OWN.get(primitive.name)
    if own is not None:
        return own
    if primitive.constant:
        return lambda: FLOATS.apply(primitive, ())
    if primitive.body and not primitive.array:
        rule = compiled(primitive.body)

        def body(*arguments: Array) -> Array:
            return Call(primitive, arguments, np.nan).carry_out(ARRAYS, rule)

        return _within_domain(primitive, body)
    home, _, name = (primitive.array or f"numpy.{primitive.name}").partition(".")
    if home == "numpy":
        function: Kernel = getattr(np, name)
        return function
    from scipy import special

    return _within_domain(primitive, getattr(special, name))


def _within_domain(primitive: Primitive, function: Kernel) -> Kernel:
    """The same function with nan outside the domain, where a formula or a library may have a number."""
    if not primitive.domain:
        return function
    rule = compiled(primitive.domain)

    def within(*arguments: Array) -> Array:
        inside = Call(primitive, arguments, np.nan).carry_out(ARRAYS, rule)
        return np.where(inside, function(*arguments), np.nan)

    return within


class TruthTest:
    """A comparison of NumPy's, with 1 for true and 0 for false."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Array]) -> None:
        self._function = function

    def __call__(self, *arguments: Array) -> Array:
        return np.asarray(self._function(*arguments)).astype(float)

    def into(self, out: Array, *arguments: Array) -> None:
        """Writes it to an array that is there."""
        np.copyto(out, self._function(*arguments))


def _power(x: Array, y: Array) -> Array:
    """x^y; small whole powers as products, which is several times faster."""
    if np.ndim(y) == 0:
        if y == 2.0:
            return np.multiply(x, x)
        if y == 3.0:
            return np.multiply(np.multiply(x, x), x)
        if y == -1.0:
            return np.divide(1.0, x)
    found = np.power(np.asarray(x, dtype=float), y)
    # A negative base has no infinite and no fractional powers, though they may tend to 0.
    outside = np.less(x, 0.0) & (np.isinf(y) | np.not_equal(y, np.floor(y)))
    return np.where(outside, np.nan, found) if np.any(outside) else found


def _sigmoid(x: Array) -> Array:
    """1/(1 + exp(-x)); in a form that does not overflow where there are entries for which this one does."""
    if np.ndim(x) and np.size(x) and np.minimum.reduce(x, axis=None) > -_LAST_EXP:
        risen = np.negative(x)
        np.exp(risen, out=risen)
        np.add(risen, 1.0, out=risen)
        return np.divide(1.0, risen, out=risen)
    small = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0.0), 1.0, small) / (1.0 + small)


def _polygamma(x: Array, y: Array) -> Array:
    from scipy import special

    order, at = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    sound = (
        (order >= 0) & (order <= 170) & (order == np.floor(order)) & ((at > 0) | ((at > -1e6) & (at != np.floor(at))))
    )
    return np.where(sound, special.polygamma(np.where(sound, order, 0).astype(int), np.where(sound, at, 1.0)), np.nan)


def _digamma(x: Array) -> Array:
    """The digamma function; left of 0 by its reflection, with the distance to the pole taken before pi multiplies it."""
    from scipy import special

    left = np.less(x, 0.0)
    if not np.any(left):
        return special.psi(x)
    apart = np.where(left, np.asarray(x) - np.rint(x), 0.25)
    with np.errstate(divide="ignore"):
        mirrored = special.psi(np.where(left, 1.0 - np.asarray(x), x)) - np.where(
            left, np.pi / np.tan(np.pi * apart), 0.0
        )
    return np.where(left & (apart == 0.0), np.nan, mirrored)


def _sinc(x: Array) -> Array:
    """sin(pi*x)/(pi*x), 1 at 0; the angle is reduced before it is multiplied by pi."""
    turn = x - 2.0 * np.rint(np.divide(x, 2.0))
    turn = np.where(np.abs(turn) > 0.5, np.copysign(1.0, turn) - turn, turn)
    return np.where(np.equal(x, 0.0), 1.0, np.sin(np.pi * turn) / (np.pi * np.where(np.equal(x, 0.0), 1.0, x)))


def _gamma(x: Array) -> Array:
    from scipy import special

    return special.gamma(x)


_OWN: Mapping[str, Kernel] = MappingProxyType(
    {
        "<": TruthTest(np.less),
        "<=": TruthTest(np.less_equal),
        ">": TruthTest(np.greater),
        ">=": TruthTest(np.greater_equal),
        "==": TruthTest(np.equal),
        "!=": TruthTest(np.not_equal),
        "and": TruthTest(np.logical_and),
        "or": TruthTest(np.logical_or),
        "not": TruthTest(np.logical_not),
        "given": lambda x, y: np.where(np.equal(y, y), x, np.nan),
        "provided": lambda x, y: np.where(np.equal(y, y) & np.not_equal(y, 0.0), x, np.nan),
        "^": _power,
        "round": np.rint,
        "step": lambda x: np.heaviside(x, 1.0),
        "min": lambda *arguments: reduce(np.minimum, arguments),
        "max": lambda *arguments: reduce(np.maximum, arguments),
        "hypot": lambda *arguments: np.abs(arguments[0]) if len(arguments) == 1 else reduce(np.hypot, arguments),
        "clip": lambda x, y, z: np.where(np.less_equal(y, z), np.maximum(y, np.minimum(x, z)), np.nan),
        "relu": lambda x: np.maximum(x, 0.0),
        "sigmoid": _sigmoid,
        "softplus": lambda x: np.logaddexp(x, 0.0),
        "digamma": _digamma,
        "polygamma": _polygamma,
        "factorial": lambda x: _gamma(np.add(x, 1.0)),
        "sinc": _sinc,
    }
)
