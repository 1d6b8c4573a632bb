"""Logarithms, and the functions that end in one.

x = 2^k*m with m about 1, so that log(x) = k*log(2) + log(m).  With AVX-512, log(m) = log(1 + f) - log(c)
with f = c*m - 1 for one of 16 numbers c near 1/m, whose logarithms are doubles to more than 60 bits (Gal,
1986, and Tang, 1990: tables of points where the function happens to be nearly a double).  Polynomials in
f are minimax by Remez (1934), computed for this, as are the tables.  Elsewhere m is in [sqrt(1/2), sqrt(2)),
f = m - 1, and log(1 + f) is taken from s = f/(2 + f) as in fdlibm (Sun Microsystems, 1993).

What is asked for may be the logarithm of a sum of two doubles, which is how log1p and its like keep their
digits near 0.
"""

from __future__ import annotations

import math

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.exponentials import LN2_HIGH, LN2_LOW, exp, with_sign
from adcalc.engines.native.logarithm_tables import SERIES, TEN, TWO, Base, E
from adcalc.engines.native.processor import FRACTION, exponent, fraction_code, looked_up, native, raised_code
from adcalc.engines.native.slow_path import Branching


def log(code: Branching, x: Lane) -> Lane:
    """The natural logarithm."""
    return _sound(code, "log", x, _logarithm(code, x, E), x)


def log2(code: Branching, x: Lane) -> Lane:
    """The logarithm to base 2."""
    return _sound(code, "log2", x, _logarithm(code, x, TWO), x)


def log10(code: Branching, x: Lane) -> Lane:
    """The logarithm to base 10."""
    return _sound(code, "log10", x, _logarithm(code, x, TEN), x)


def log1p(code: Branching, x: Lane) -> Lane:
    """log(1 + x)."""
    total, found = _log1p(code, x)
    return _sound(code, "log1p", total, with_sign(code, found, x), x)


def atanh(code: Branching, x: Lane) -> Lane:
    """The inverse hyperbolic tangent, log1p(2*u/(1 - u))/2 for u = abs(x)."""
    u = code.abs(x)
    total, found = _log1p(code, code.div(code.add(u, u), code.sub(code.const(1.0), u)))
    return _sound(code, "atanh", total, with_sign(code, code.mul(found, code.const(0.5)), x), x)


def asinh(code: Branching, x: Lane) -> Lane:
    """The inverse hyperbolic sine, log1p(u + u^2/(1 + sqrt(1 + u^2))) for u = abs(x)."""
    u, one = code.abs(x), code.const(1.0)
    hypotenuse = code.sqrt(code.fma(u, u, one))
    above = code.add(u, code.div(code.mul(u, u), code.add(one, hypotenuse)))
    total, found = _log1p_or_twice(code, above, u)
    return _sound(code, "asinh", total, with_sign(code, found, x), x)


def acosh(code: Branching, x: Lane) -> Lane:
    """The inverse hyperbolic cosine, log1p(w + sqrt(2*w + w^2)) for w = x - 1."""
    one = code.const(1.0)
    w = code.sub(x, one)
    above = code.add(w, code.sqrt(code.fma(w, w, code.add(w, w))))
    total, found = _log1p_or_twice(code, above, x)
    found = code.select(code.compare("oge", x, one), found, code.const(math.nan))
    return _sound(code, "acosh", total, found, x)


def softplus(code: Code, x: Lane) -> Lane:
    """log(1 + exp(x))."""
    _, found = _log1p(code, exp(code, code.neg(code.abs(x))))
    return code.add(code.select(code.compare("olt", x, code.const(0.0)), code.const(0.0), x), found)


def logaddexp(code: Code, x: Lane, y: Lane) -> Lane:
    """log(exp(x) + exp(y)): the larger plus the log1p of exp of the difference."""
    larger = code.select(code.compare("ogt", x, y), x, y)
    _, found = _log1p(code, exp(code, code.neg(code.abs(code.sub(x, y)))))
    # Two that are equal may be infinite.
    found = code.select(code.compare("oeq", x, y), code.const(math.log(2.0)), found)
    return code.add(larger, found)


def xlogy(code: Branching, x: Lane, y: Lane) -> Lane:
    """x*log(y), and 0 where x is 0."""
    return _times(code, x, log(code, y), code.compare("oge", y, code.const(0.0)))


def xlog1py(code: Branching, x: Lane, y: Lane) -> Lane:
    """x*log(1 + y), and 0 where x is 0."""
    return _times(code, x, log1p(code, y), code.compare("oge", y, code.const(-1.0)))


def logit(code: Branching, x: Lane) -> Lane:
    """log(x/(1 - x)), in the middle log1p((2*x - 1)/(1 - x))."""
    zero, one = code.const(0.0), code.const(1.0)
    about = code.sub(x, code.const(0.5))
    middle = code.compare("olt", code.abs(about), code.const(0.25))
    quotient = code.div(code.select(middle, code.add(about, about), x), code.sub(one, x))
    total = code.add(one, quotient)
    rest = code.select(middle, code.sub(quotient, code.sub(total, one)), zero)
    total = code.select(middle, total, quotient)
    found = _sound(code, "log", total, _logarithm(code, total, E, rest), total)
    inside = code.both(code.compare("ogt", x, zero), code.compare("olt", x, one))
    return code.select(inside, found, code.const(math.nan))


def _times(code: Code, x: Lane, logarithm: Lane, sound: Lane) -> Lane:
    zero = code.const(0.0)
    nothing = code.both(code.compare("oeq", x, zero), sound)
    return code.select(nothing, zero, code.mul(x, logarithm))


def _log1p_or_twice(code: Code, above: Lane, u: Lane) -> tuple[Lane, Lane]:
    """log(1 + above), but log(2*u) for an u so large that it makes no difference, and what log is taken of."""
    large, zero = code.compare("ogt", u, code.const(2.0**28)), code.const(0.0)
    total, rest = _one_more(code, above)
    total, rest = code.select(large, u, total), code.select(large, zero, rest)
    return total, code.add(_logarithm(code, total, E, rest), code.select(large, code.const(LN2_HIGH), zero))


def _log1p(code: Code, x: Lane) -> tuple[Lane, Lane]:
    """1 + x, rounded, and log(1 + x) but for the sign of 0."""
    total, rest = _one_more(code, x)
    return total, _logarithm(code, total, E, rest)


def _one_more(code: Code, x: Lane) -> tuple[Lane, Lane]:
    """1 + x, rounded, and what the rounding took (Dekker, 1971)."""
    one = code.const(1.0)
    more = code.compare("ogt", x, one)
    larger, smaller = code.select(more, x, one), code.select(more, one, x)
    total = code.add(larger, smaller)
    return total, code.sub(smaller, code.sub(total, larger))


def _logarithm(code: Code, x: Lane, base: Base, rest: Lane | None = None) -> Lane:
    """A logarithm of x + rest, for a rest that is below the last bit of x."""
    return _tabled(code, x, base, rest) if native(code) else _plain(code, x, base, rest)


def _sound(code: Branching, name: str, x: Lane, found: Lane, argument: Lane) -> Lane:
    """What was found; elsewhere than with AVX-512 not for an `x` that is denormal, 0, negative or next to infinity."""
    if native(code):
        return found
    # One signed comparison of the bits finds them all.
    shifted = code.integer("add", code.bits(x), code.whole(_LOWEST - _NORMAL))
    rare = code.test("sge", shifted, code.whole(_LOWEST + _HUGE - _NORMAL))
    return code.otherwise(name, rare, found, argument)


def _tabled(code: Code, x: Lane, base: Base, rest: Lane | None) -> Lane:
    """With AVX-512: the instructions know what to do with denormals, 0, infinity and negative numbers."""
    k, m = exponent(code, x), fraction_code(code, x)
    index = code.integer("lshr", code.bits(m), code.whole(FRACTION - 4))
    centre = looked_up(code, base.centres, index)
    f = code.fma(m, centre, code.const(-1.0))
    if rest is not None:
        # A rest of 0 stays so when it is scaled by 2^inf, and that of infinity, nan, does not count.
        counts = code.compare("one", rest, code.const(0.0))
        down = code.select(counts, raised_code(code, rest, code.neg(_shifted(code, k, m))), code.const(0.0))
        f = code.fma(down, centre, f)
    high = code.fma(k, code.const(base.unit), looked_up(code, base.added, index))
    if base.first == 1.0:
        return code.add(high, code.fma(code.mul(f, f), code.split_polynomial(f, base.series), f))
    return code.fma(f, code.fma(code.split_polynomial(f, base.series), f, code.const(base.first)), high)


def _shifted(code: Code, k: Lane, m: Lane) -> Lane:
    """The exponent that leaves m: one more than k where m is below 1."""
    return code.sub(k, exponent(code, m))


def _plain(code: Code, x: Lane, base: Base, rest: Lane | None) -> Lane:
    """On any processor, for positive, normal and finite x."""
    bits = code.bits(x)
    moved = code.integer("add", bits, code.whole(_ONE - _ROOT))
    stored = code.integer("lshr", moved, code.whole(FRACTION))
    m = code.double(code.integer("add", code.integer("and", moved, code.whole((1 << FRACTION) - 1)), code.whole(_ROOT)))
    held = code.double(code.integer("or", stored, code.whole(_HOLDER)))
    k = code.sub(held, code.const(2.0**52 + 1023.0))
    f = code.sub(m, code.const(1.0))
    if rest is not None:
        down = code.integer("shl", code.integer("sub", code.whole(2046), stored), code.whole(FRACTION))
        f = code.fma(rest, code.double(down), f)
    s = code.div(f, code.add(f, code.const(2.0)))
    square, half = code.mul(s, s), code.mul(code.mul(f, f), code.const(0.5))
    inner = code.add(half, code.mul(square, code.polynomial(square, list(SERIES))))
    if base.first == 1.0:
        small = code.fma(s, inner, code.mul(k, code.const(LN2_LOW)))
        return code.fma(k, code.const(LN2_HIGH), code.sub(f, code.sub(half, small)))
    found = code.sub(f, code.sub(half, code.mul(s, inner)))
    return code.fma(found, code.const(base.first), code.mul(k, code.const(base.unit)))


#: The bits of 1, of sqrt(1/2), and of 2^52, whose lowest bits hold an integer.
_ONE, _ROOT, _HOLDER = 0x3FF0000000000000, 0x3FE6A09E667F3BCD, 0x4330000000000000
#: The bits of the least normal number and of 2^1022; the least integer.
_NORMAL, _HUGE, _LOWEST = 0x0010000000000000, 0x7FD0000000000000, -(1 << 63)
