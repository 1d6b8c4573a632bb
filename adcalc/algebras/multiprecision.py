"""Floats of many digits, by mpmath: where double precision does not tell, more digits do.

Literals are what was written, coordinates the doubles they were read as; a literal next to a coordinate
is that coordinate, so that `x - 0.1` vanishes at 0.1.  Named constants have the full precision.  Numbers beyond any use (more than a million digits before or after the point) are infinity or zero, so that
`9^9^9^9` costs nothing here either.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Sequence
from typing import Any

import mpmath

from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.lower.rules import Call, compiled
from adcalc.table.operators import COMPARISON

Real = Any
"""An mpmath mpf: the library has no types of its own."""

_LARGEST_BITS = 4_000_000
#: Rows that keep to their domain by themselves; a library may have a number of its own outside that of another.
_CAREFUL = frozenset({"/", "^", "%", "sqrt", "log", "log2", "log10", "log1p", "asin", "acos", "acosh", "atanh", "clip"})
_LARGEST_ANGLE_BITS = 4_000
#: More bits are not added where logarithms of gamma cancel.
_MOST_BITS_ADDED = 4_000


class Multiprecision:
    """The algebra of real numbers with some number of decimal digits."""

    exact = True

    def __init__(self, digits: int, still: Collection[float] = ()) -> None:
        self._still = still
        self.context = mpmath.MPContext()
        self.context.dps = digits
        self._functions = _functions(self.context)
        self.exponential = self._functions["exp"]

    def const(self, value: float | Number) -> Real:
        if isinstance(value, Number) and value.finite and value.value not in self._still:
            return self.context.mpf(value.numerator) / value.denominator
        return self.context.mpf(float(value))

    def rounded(self, value: Real) -> float:
        """The nearest double; below the normal ones too, where two roundings in a row would go wrong."""
        if not value or not self.context.isfinite(value) or self.context.mag(value) > -1021:
            return float(value) + 0.0
        return float(self.context.nint(self.context.ldexp(value, 1074))) * 2.0**-1074

    def truth(self, value: Real) -> bool:
        return bool(value != 0)

    def apply(self, primitive: Primitive, arguments: Sequence[Real]) -> Real:
        if any([self.context.isnan(argument) for argument in arguments]) and primitive.binding != COMPARISON:
            endless = primitive.name == "hypot" and any(map(self.context.isinf, arguments))
            return self.context.inf if endless else self.context.nan
        if primitive.domain and primitive.name not in _CAREFUL:
            inside = Call(primitive, arguments, self.context.nan).carry_out(self, compiled(primitive.domain))
            if not inside:
                return self.context.nan
        try:
            return self._bounded(self._apply(primitive, arguments))
        except (ValueError, ZeroDivisionError, OverflowError, self.context.NoConvergence):
            return self.context.nan

    def _apply(self, primitive: Primitive, arguments: Sequence[Real]) -> Real:
        function = self._functions.get(primitive.name)
        if function is not None:
            return function(*arguments)
        if primitive.body:
            return Call(primitive, arguments, self.context.nan).carry_out(self, compiled(primitive.body))
        home, _, name = (primitive.host or f"math.{primitive.name}").partition(".")
        if home == "operator":
            return self.context.mpf(getattr(operator, name)(*arguments))
        return getattr(self.context, primitive.name)(*arguments)

    def _bounded(self, value: Real) -> Real:
        context = self.context
        if not isinstance(value, context.mpf):
            return context.nan if isinstance(value, context.mpc) else context.mpf(value)
        if context.isfinite(value) and value:
            size = context.mag(value)
            if size > _LARGEST_BITS:
                return context.sign(value) * context.inf
            if size < -_LARGEST_BITS:
                return context.mpf(0)
        return value


def _functions(mp: Any) -> dict[str, Callable[..., Real]]:
    """What mpmath calls otherwise, or answers otherwise at the rim of a domain."""

    def divide(x: Real, y: Real) -> Real:
        if y == 0:
            return mp.nan if x == 0 else mp.sign(x) * mp.inf
        return x / y

    def power(x: Real, y: Real) -> Real:
        if x == 0:
            return mp.mpf(1) if y == 0 else mp.mpf(0) if y > 0 else mp.inf
        if x < 0 and not mp.isint(y):
            return mp.nan
        if y == 0 or not mp.isfinite(x) or mp.mag(y) + (abs(mp.mag(x)) + 1).bit_length() <= 23:
            return mp.power(x, y)
        if abs(x) != 1 and mp.mag(y) + mp.mag(mp.log(abs(x))) > 23:
            return mp.inf if (abs(x) > 1) == (y > 0) else mp.mpf(0)
        return mp.power(x, y)

    def exponential(x: Real) -> Real:
        return (mp.inf if x > 0 else mp.mpf(0)) if mp.isfinite(x) and mp.mag(x) > 23 else mp.exp(x)

    def angle(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
        return lambda x: function(x) if mp.isfinite(x) and mp.mag(x) < _LARGEST_ANGLE_BITS else mp.nan

    def hyperbolic(function: Callable[[Real], Real], far: Callable[[Real], Real]) -> Callable[[Real], Real]:
        return lambda x: far(x) if mp.isfinite(x) and mp.mag(x) > 23 else function(x)

    def logarithm(function: Callable[[Real], Real], pole: int) -> Callable[[Real], Real]:
        return lambda x: function(x) if x > pole else -mp.inf if x == pole else mp.nan

    def within(function: Callable[[Real], Real], holds: Callable[[Real], bool]) -> Callable[[Real], Real]:
        return lambda x: function(x) if holds(x) else mp.nan

    def modulo(x: Real, y: Real) -> Real:
        if mp.isinf(y) and mp.isfinite(x):
            return x if x == 0 or (x > 0) == (y > 0) else y
        if y == 0 or (x != 0 and mp.mag(x) - mp.mag(y) > mp.prec):
            # Of a quotient that has more digits than are kept nobody knows the last one before the point.
            return mp.nan
        return x - y * mp.floor(x / y)

    def atan2(y: Real, x: Real) -> Real:
        return mp.atan2(y, x) if x or y else mp.mpf(0)

    def logaddexp(x: Real, y: Real) -> Real:
        larger, smaller = max(x, y), min(x, y)
        if mp.isinf(larger):
            return larger
        return larger + mp.log1p(exponential(smaller - larger))

    def factor(x: Real, logarithm_of: Real) -> Real:
        return mp.mpf(0) if x == 0 else x * logarithm_of

    def erfcx(x: Real) -> Real:
        if not mp.isfinite(x):
            return mp.inf if x < 0 else mp.mpf(0)
        if x < 0 or x * x < mp.prec:
            return exponential(x * x) * mp.erfc(x)
        # The asymptotic series (Abramowitz and Stegun, 1964, 7.1.23), whose terms fall below exp(-x^2).
        total = term = mp.mpf(1)
        for k in range(1, mp.prec):
            term *= -(2 * k - 1) / (2 * x * x)
            total += term
            if mp.mag(term) < -mp.prec:
                break
        return total / (x * mp.sqrt(mp.pi))

    log, log1p = logarithm(mp.log, 0), logarithm(mp.log1p, -1)
    cosh, sinh = hyperbolic(mp.cosh, lambda _: mp.inf), hyperbolic(mp.sinh, lambda x: mp.sign(x) * mp.inf)
    tanh = hyperbolic(mp.tanh, mp.sign)
    unit = within(mp.asin, lambda x: abs(x) <= 1)
    return {
        "pi": lambda: +mp.pi, "e": lambda: +mp.e, "tau": lambda: 2 * mp.pi, "inf": lambda: mp.inf,
        "/": divide, "^": power, "%": modulo,
        "given": lambda x, _: x,
        "provided": lambda x, y: x if y == y and y != 0 else mp.nan,
        "not": lambda x: mp.mpf(x == 0),
        "sqrt": within(mp.sqrt, lambda x: x >= 0),
        "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        "exp": exponential, "exp2": lambda x: power(mp.mpf(2), x),
        "expm1": lambda x: mp.expm1(x) if mp.mag(x) < 10 else exponential(x) - 1,
        "log": log, "log2": lambda x: log(x) / mp.ln2, "log10": lambda x: log(x) / mp.ln10, "log1p": log1p,
        "sin": angle(mp.sin), "cos": angle(mp.cos), "tan": angle(mp.tan),
        "asin": unit, "acos": within(mp.acos, lambda x: abs(x) <= 1), "atan2": atan2,
        "sinh": sinh, "cosh": cosh, "tanh": tanh,
        "acosh": within(mp.acosh, lambda x: x >= 1),
        "atanh": lambda x: mp.atanh(x) if abs(x) < 1 else mp.sign(x) * mp.inf if abs(x) == 1 else mp.nan,
        "abs": abs, "sign": mp.sign, "floor": mp.floor, "ceil": mp.ceil, "round": mp.nint,
        "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)), "step": lambda x: mp.mpf(x >= 0),
        "min": lambda *a: min(a), "max": lambda *a: max(a),
        "clip": lambda x, y, z: max(y, min(x, z)) if y <= z else mp.nan,
        "hypot": lambda *a: mp.sqrt(mp.fsum([x * x for x in a])),
        "erfcx": erfcx,
        **_gammas(mp, exponential),
        "logaddexp": logaddexp,
        "xlogy": lambda x, y: factor(x, log(y)), "xlog1py": lambda x, y: factor(x, log1p(y)),
        "sinc": lambda x: mp.sin(mp.pi * x) / (mp.pi * x) if x else mp.mpf(1),
        "normal_logcdf": lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
    }  # fmt: skip


def _gammas(mp: Any, exponential: Callable[[Real], Real]) -> dict[str, Callable[..., Real]]:
    """The gamma function and its family, beside 0 and of unlike arguments, too."""

    def tiny(x: Real) -> bool:
        # mpmath's own way takes seconds there, for the numbers of Bernoulli at full precision.
        return bool(x) and mp.isfinite(x) and mp.mag(x) < -30 and mp.prec < -40 * mp.mag(x)

    def digamma_beside_one(x: Real) -> Real:
        """The digamma function at 1 + x by its Taylor series (Abramowitz and Stegun, 1964, 6.3.14)."""
        total, power = -mp.euler, mp.mpf(-1)
        for k in range(2, 2 + mp.prec // -mp.mag(x) + 1):
            power *= -x
            total += mp.zeta(k) * power
        return total

    def loggamma_beside_one(x: Real) -> Real:
        """The logarithm of gamma(1 + x) by its Taylor series (Abramowitz and Stegun, 1964, 6.1.33)."""
        total, power = -mp.euler * x, -x
        for k in range(2, 2 + mp.prec // -mp.mag(x) + 1):
            power *= -x
            total += mp.zeta(k) * power / k
        return total

    def gamma(x: Real) -> Real:
        return mp.exp(loggamma_beside_one(x)) / x if tiny(x) else mp.gamma(x)

    def loggamma(x: Real) -> Real:
        if tiny(x):
            return loggamma_beside_one(x) - mp.log(abs(x))
        return mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x)

    def lbeta(x: Real, y: Real) -> Real:
        # Of unlike numbers nearly all of the logarithms cancels, and the smaller one is lost in the sum.
        sizes = [mp.mag(each) for each in (x, y) if mp.isfinite(each) and each]
        with mp.workprec(mp.prec + min(_MOST_BITS_ADDED, max([abs(size) for size in sizes], default=0) + 20)):
            return loggamma(x) + loggamma(y) - loggamma(x + y)

    def beta(x: Real, y: Real) -> Real:
        with mp.workprec(mp.prec + 20):
            return exponential(lbeta(x, y))

    def digamma(x: Real) -> Real:
        return digamma_beside_one(x) - 1 / x if tiny(x) else mp.digamma(x)

    def near(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
        # Far to the left mpmath steps from pole to pole.
        return lambda x: function(x) if x > -1_000 else mp.nan

    return {
        "gamma": gamma, "lgamma": loggamma, "digamma": near(digamma), "beta": beta, "lbeta": lbeta,
        "polygamma": lambda n, x: near(lambda y: mp.psi(int(n), y))(x) if 0 <= n <= 170 else mp.nan,
        "factorial": lambda x: gamma(x + 1),
    }  # fmt: skip
