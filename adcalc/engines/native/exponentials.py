"""Exponentials and what is made of them: hyperbolic functions and the logistic function.

x = k*log(2) + r with an integer k, so that exp(x) = 2^k*exp(r) (Cody and Waite, 1980); log(2) is the sum
of two doubles, and with fused products r is exact but for one rounding.  Polynomials in r are minimax by
Remez (1934), computed for this.
"""

from __future__ import annotations

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.processor import FRACTION, native, power_of_two, raised_code, rounded, scaled

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471805599453
LN2_LOW = 2.3190468138462996e-17

#: Beyond these exp is 0 or infinity.
BOUNDS = (-746.0, 710.0)
#: sinh and cosh are infinite here.
_LAST_FINITE = 711.0

# exp(r) = 1 + r + r^2*(...) for abs(r) <= log(2)/2, to 2^-58.
_EXP = (
    0.5000000000000011,
    0.1666666666666641,
    0.04166666666652973,
    0.00833333333349498,
    0.001388888894375879,
    0.0001984126950576047,
    2.480149295080446e-05,
    2.755758681881435e-06,
    2.7630305859655486e-07,
    2.50000138317822e-08,
)
# expm1(r) = r + r^2*(...), to 2^-61.7 of itself.
_EXPM1 = (
    0.5,
    0.16666666666666677,
    0.041666666666666505,
    0.008333333333321653,
    0.0013888888888962617,
    0.000198412698860735,
    2.480158717220584e-05,
    2.7557244254062392e-06,
    2.755740279366568e-07,
    2.510902452950259e-08,
    2.0875324233829476e-09,
)
# 2^r = 1 + r*(...) for abs(r) <= 1/2, to 2^-58.
_EXP2 = (
    0.6931471805599453,
    0.2402265069591013,
    0.05550410866482008,
    0.00961812910759401,
    0.001333355814677574,
    0.0001540353045726466,
    1.5252733492363324e-05,
    1.3215435200033e-06,
    1.0178199762322669e-07,
    7.073798334990136e-09,
    4.434761305970106e-10,
)
# cosh(r) = 1 + r^2*(...), to 2^-58, and sinh(r) = r + r^3*(...), to 2^-61.7.
_COSH = (
    0.5000000000000013,
    0.0416666666665138,
    0.0013888888947401693,
    2.4801489566326296e-05,
    2.7631409158623694e-07,
)
_SINH = (
    0.16666666666666677,
    0.008333333333321577,
    0.0001984126988626826,
    2.755724405984099e-06,
    2.5109091142826424e-08,
)


def exp(code: Code, x: Lane) -> Lane:
    """The exponential function."""
    x = clamped(code, x, *BOUNDS)
    k, held = rounded(code, x, LOG2_E, 2046)
    r = _rest(code, x, k)
    return scaled(code, _exp(code, r), k, held)


def exp_of_sum(code: Code, x: Lane, rest: Lane) -> Lane:
    """exp(x + rest), for an `x` within bounds and a rest that is below its last bit."""
    k, held = rounded(code, x, LOG2_E, 2046)
    r = code.add(code.fma(k, code.const(-LN2_HIGH), x), code.fma(k, code.const(-LN2_LOW), rest))
    return scaled(code, _exp(code, r), k, held)


def exp2(code: Code, x: Lane) -> Lane:
    """2^x."""
    x = clamped(code, x, -1080.0, 1030.0)
    k, held = rounded(code, x, 1.0, 2046)
    return scaled(code, code.polynomial(code.sub(x, k), [1.0, *_EXP2]), k, held)


def expm1(code: Code, x: Lane) -> Lane:
    """exp(x) - 1, as 2^k*expm1(r) + (2^k - 1), in halves because 2^k may overflow."""
    inner = clamped(code, x, -60.0, BOUNDS[1])
    k, held = rounded(code, inner, LOG2_E, 1022)
    r = _rest(code, inner, k)
    small = code.fma(code.mul(r, r), code.split_polynomial(r, _EXPM1), r)
    half = power_of_two(code, held)
    risen = code.fma(half, small, code.sub(half, code.const(0.5)))
    found = code.select(code.compare("oeq", k, code.const(0.0)), small, code.add(risen, risen))
    return with_sign(code, found, x)


def sigmoid(code: Code, x: Lane) -> Lane:
    """1/(1 + exp(-x)); exp(-abs(x)) and the quotient are the same for x and -x."""
    fallen = exp(code, code.neg(code.abs(x)))
    inverse = code.div(code.const(1.0), code.add(fallen, code.const(1.0)))
    return code.select(code.compare("olt", x, code.const(0.0)), code.mul(fallen, inverse), inverse)


def sinh(code: Code, x: Lane) -> Lane:
    """The hyperbolic sine."""
    odd, _, k, held = _pair(code, x, _LAST_FINITE)
    return with_sign(code, _risen(code, odd, k, held), x)


def cosh(code: Code, x: Lane) -> Lane:
    """The hyperbolic cosine."""
    _, even, k, held = _pair(code, x, _LAST_FINITE)
    return _risen(code, even, k, held)


def tanh(code: Code, x: Lane) -> Lane:
    """The hyperbolic tangent."""
    odd, even, _, _ = _pair(code, x, -BOUNDS[0])
    inverse = code.div(code.const(1.0), even)
    found = code.mul(odd, inverse)
    # The inverse is shared with sech; this makes the product as good as a quotient.
    return with_sign(code, code.fma(code.fma(code.neg(found), even, odd), inverse, found), x)


def sech(code: Code, x: Lane) -> Lane:
    """The hyperbolic secant."""
    _, even, k, held = _pair(code, x, -BOUNDS[0])
    inverse = code.div(code.const(1.0), even)
    return scaled(code, code.add(inverse, inverse), k, held)


def clamped(code: Code, x: Lane, least: float, most: float) -> Lane:
    """The nearest number between two; nan stays."""
    low, high = code.const(least), code.const(most)
    x = code.select(code.compare("olt", x, low), low, x)
    return code.select(code.compare("ogt", x, high), high, x)


def with_sign(code: Code, x: Lane, y: Lane) -> Lane:
    """abs(x) with the sign of y."""
    return code.intrinsic("copysign", x, y)


def _exp(code: Code, r: Lane) -> Lane:
    """exp(r) for abs(r) <= log(2)/2."""
    one = code.const(1.0)
    return code.fma(code.fma(code.split_polynomial(r, _EXP), r, one), r, one)


def _rest(code: Code, x: Lane, k: Lane) -> Lane:
    """X - k*log(2)."""
    return code.fma(k, code.const(-LN2_LOW), code.fma(k, code.const(-LN2_HIGH), x))


def _pair(code: Code, x: Lane, most: float) -> tuple[Lane, Lane, Lane, Lane]:
    """2*sinh(u)*2^k and 2*cosh(u)*2^k for u = abs(x), with k and what holds it; exp(-u) = 2^k*exp(-r).

    With c = cosh(r) - 1 and s = sinh(r), 2*cosh(u)*2^k is (1 + 4^k)*(1 + c) + (1 - 4^k)*s, and the other way
    round for sinh: nothing is divided, and all four functions have nearly everything in common.
    """
    one, limit = code.const(1.0), code.const(most)
    u = code.abs(x)
    u = code.select(code.compare("ogt", u, limit), limit, u)
    k, held = rounded(code, u, -LOG2_E, 2046)
    r = code.fma(k, code.const(LN2_LOW), code.fma(k, code.const(LN2_HIGH), u))
    square = code.mul(r, r)
    c = code.mul(square, code.polynomial(square, list(_COSH)))
    s = code.fma(code.mul(square, r), code.polynomial(square, list(_SINH)), r)
    fallen = scaled(code, one, k, held)
    tiny = code.mul(fallen, fallen)
    total, difference = code.add(one, tiny), code.sub(one, tiny)
    odd = code.add(difference, code.fma(total, s, code.mul(difference, c)))
    even = code.add(total, code.fma(difference, s, code.mul(total, c)))
    return odd, even, k, held


def _risen(code: Code, x: Lane, k: Lane, held: Lane) -> Lane:
    """x/2/2^k, rounded once."""
    if native(code):
        return raised_code(code, x, code.sub(code.const(-1.0), k))
    quarter = code.integer("shl", code.integer("sub", code.whole(3067), code.bits(held)), code.whole(FRACTION))
    return code.mul(code.add(x, x), code.double(quarter))
