"""Powers: x^y = exp(y*log(x)), with the logarithm to some 62 bits as the sum of two doubles.

The logarithm is taken as in `adcalc.engines.native.logarithms`, but every product and sum that counts is kept with
its rounding error (Dekker, 1971).
"""

from __future__ import annotations

import math

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.exponentials import BOUNDS, clamped, exp_of_sum
from adcalc.engines.native.processor import FRACTION, exponent, fraction_code, looked_up
from adcalc.engines.native.slow_path import Branching

# Numbers near 1/m in 16 cells of [3/4, 3/2), minus the logarithms of which are doubles to 2^-66.
_CENTRES = (
    1.0,
    0.9126154929043417,
    0.8642873402434014,
    0.8190155296919769,
    0.7811780431098189,
    0.745402529395767,
    0.7111136620491967,
    0.6803948164243294,
    1.306489370586688,
    1.2569826170683935,
    1.2086019979959977,
    1.1648903793732288,
    1.1239308250727496,
    1.0855485158712932,
    1.0477800923541896,
    1.0,
)
_LOGARITHMS = (
    0.0,
    0.09144063396808723,
    0.14584999574097585,
    0.19965223353597422,
    0.246952186992867,
    0.2938308986025606,
    0.34092299972034457,
    0.38508203691342274,
    -0.26734367015262,
    -0.22871410060906422,
    -0.18946431809305084,
    -0.15262698763185367,
    -0.11683220604803636,
    -0.08208540382964973,
    -0.046673728340397826,
    0.0,
)
# log(1 + f) = f - f^2/2 + f^3*(...) for f in [-1/32, 1/16], to 2^-68.
_SERIES = (
    0.3333333333333333,
    -0.25000000000000416,
    0.200000000000424,
    -0.16666666665081536,
    0.14285714155935897,
    -0.12500001012051495,
    0.11111266811496401,
    -0.10001389191955283,
    0.09034252622270401,
    -0.07088012851328827,
)
# log(2), the first part with room for a factor of 11 bits.
_LN2_HIGH, _LN2_LOW = 0.6931471805598903, 5.497923018708371e-14

#: exp of what is smaller is a normal and finite number.
_USUAL = 700.0


def power(code: Branching, x: Lane, y: Lane) -> Lane:
    """x^y, with AVX-512; a vector in which all is usual and positive takes the short way."""
    high, low = _logarithm(code, code.abs(x))
    product = code.mul(y, high)
    rest = code.fma(y, low, code.fma(y, high, code.neg(product)))
    found = exp_of_sum(code, product, rest)
    usual = code.compare("olt", code.abs(product), code.const(_USUAL))
    usual = code.both(usual, code.compare("ogt", x, code.const(0.0)))
    return code.unless(code.no(usual), found, lambda: _exceptional(code, x, y, product, rest))


def _exceptional(code: Branching, x: Lane, y: Lane, product: Lane, rest: Lane) -> Lane:
    """Any power: large and small ones, signs, nan for a negative base and no integer; 0 and inf by the C library."""
    tiny = 2.0**-20
    found = exp_of_sum(code, clamped(code, product, *BOUNDS), clamped(code, rest, -tiny, tiny))
    negative = code.compare("olt", x, code.const(0.0))
    half = code.mul(y, code.const(0.5))
    odd = code.compare("one", half, code.intrinsic("rint", half))
    found = code.select(code.both(negative, odd), code.neg(found), found)
    # Infinite and nan where x or y is, and where x is 0 or y is beyond all bounds.
    lost = code.no(code.compare("olt", code.abs(product), code.const(2.0**60)))
    found = code.otherwise("^", lost, found, x, y)
    whole = code.compare("oeq", code.sub(y, code.intrinsic("rint", y)), code.const(0.0))
    return code.select(code.both(negative, code.no(whole)), code.const(math.nan), found)


def _logarithm(code: Code, x: Lane) -> tuple[Lane, Lane]:
    """log(x) as a sum, for positive and finite x."""
    m = fraction_code(code, x)
    k = code.sub(exponent(code, x), exponent(code, m))
    index = code.integer("lshr", code.bits(m), code.whole(FRACTION - 4))
    centre = looked_up(code, _CENTRES, index)
    product = code.mul(m, centre)
    error = code.fma(m, centre, code.neg(product))
    f = code.sub(product, code.const(1.0))
    square, half = code.mul(f, f), code.const(-0.5)
    start = code.fma(square, half, f)
    rest = code.fma(square, half, code.sub(f, start))
    rest = code.fma(code.mul(square, f), code.split_polynomial(f, _SERIES), rest)
    rest = code.fma(code.fma(f, f, code.neg(square)), half, rest)
    rest = code.add(rest, code.fma(code.neg(f), error, code.fma(square, error, error)))
    added, ln2 = looked_up(code, _LOGARITHMS, index), code.const(_LN2_HIGH)
    base = code.fma(k, ln2, added)
    total = code.add(base, start)
    rest = code.add(rest, code.add(code.fma(k, ln2, code.neg(base)), added))
    rest = code.add(rest, code.add(code.sub(base, total), start))
    rest = code.fma(k, code.const(_LN2_LOW), rest)
    high = code.add(total, rest)
    return high, code.add(code.sub(total, high), rest)
