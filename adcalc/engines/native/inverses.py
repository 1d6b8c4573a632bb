"""Inverse trigonometric functions.

Polynomials are minimax by Remez (1934), computed for this; what is beyond their interval is brought into
it by the identities that fdlibm uses (Sun Microsystems, 1993).
"""

from __future__ import annotations

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.exponentials import with_sign

_HALF_TURN = (3.141592653589793, 1.2246467991473532e-16)
_QUARTER = (1.5707963267948966, 6.123233995736766e-17)

# atan(t) = t + t^3*(...) for t in [0, 1], in powers of t^2, to 2^-57.6.
_ATAN = (
    -0.3333333333333307,
    0.1999999999995145,
    -0.1428571428257461,
    0.11111111007013584,
    -0.09090907002797749,
    0.07692279837296882,
    -0.06666404043007679,
    0.05880527736417978,
    -0.05253518236158781,
    0.04722321231172721,
    -0.042191765713442755,
    0.0366418658069309,
    -0.029903791713291203,
    0.021984776386201017,
    -0.013900491841271404,
    0.0071964575570703,
    -0.002884896219675298,
    0.0008313143968650017,
    -0.00015215933090531657,
    1.3224929159792481e-05,
)
# asin(t) = t + t^3*(...) for t in [0, 1/2], in powers of t^2, to 2^-59.9.
_ASIN = (
    0.1666666666666676,
    0.07499999999970797,
    0.04464285717461489,
    0.030381942707661452,
    0.02237221499054459,
    0.017351611969872737,
    0.013980820989888416,
    0.011398909136337428,
    0.01078026784116376,
    0.0037063583325487,
    0.021707557502959756,
    -0.020999204929682245,
    0.03262870578289438,
)


def atan(code: Code, x: Lane) -> Lane:
    """The inverse tangent; beyond 1 it is pi/2 less that of 1/x."""
    u, one = code.abs(x), code.const(1.0)
    steep = code.compare("ogt", u, one)
    t = code.div(code.select(steep, code.const(-1.0), u), code.select(steep, u, one))
    low = code.select(steep, code.const(_QUARTER[1]), code.const(0.0))
    high = code.select(steep, code.const(_QUARTER[0]), code.const(0.0))
    return with_sign(code, code.add(high, _arc(code, t, low)), x)


def atan2(code: Code, y: Lane, x: Lane) -> Lane:
    """The angle of the point (x, y): that of the smaller by the larger coordinate, in the right octant."""
    zero = code.const(0.0)
    u, v = code.abs(x), code.abs(y)
    steep = code.compare("olt", u, v)
    below, above = code.select(steep, v, u), code.select(steep, u, v)
    # 0/0 is 0 here and inf/inf 1; nan is never equal.
    same = code.select(code.compare("oeq", below, zero), zero, code.const(1.0))
    t = code.select(code.compare("oeq", above, below), same, code.div(above, below))
    left = code.test("slt", code.bits(x), code.whole(0))
    t = code.select(code.line(f"xor {code.masks} {left}, {steep}"), code.neg(t), t)
    low, high = (
        code.select(steep, code.const(quarter), code.select(left, code.const(half), zero))
        for quarter, half in zip(reversed(_QUARTER), reversed(_HALF_TURN), strict=True)
    )
    return with_sign(code, code.add(high, _arc(code, t, low)), y)


def _arc(code: Code, t: Lane, low: Lane) -> Lane:
    """atan(t) + low for t in [-1, 1] and a small number."""
    square = code.mul(t, t)
    # The first terms in turn: they decide the last bits.
    first, second = map(code.const, _ATAN[:2])
    series = code.fma(code.fma(code.split_polynomial(square, _ATAN[2:]), square, second), square, first)
    return code.add(t, code.fma(code.mul(square, t), series, low))


def asin(code: Code, x: Lane) -> Lane:
    """The inverse sine; of more than 1/2 it is pi/2 - 2*asin(sqrt((1 - x)/2))."""
    far, t, arc = _chord(code, x)
    twice = code.fma(code.const(-2.0), arc, code.const(_QUARTER[1]))
    high = code.add(code.fma(code.const(-2.0), t, code.const(_QUARTER[0])), twice)
    return with_sign(code, code.select(far, high, code.add(t, arc)), x)


def acos(code: Code, x: Lane) -> Lane:
    """The inverse cosine: pi/2 - asin(x), or 2*asin(sqrt((1 - x)/2)), or pi less that of -x."""
    far, t, arc = _chord(code, x)
    zero = code.const(0.0)
    left = code.compare("olt", x, zero)
    count = code.select(far, code.const(2.0), code.const(-1.0))
    count = code.select(left, code.neg(count), count)
    low, high = (
        code.select(far, code.select(left, code.const(half), zero), code.const(quarter))
        for quarter, half in zip(reversed(_QUARTER), reversed(_HALF_TURN), strict=True)
    )
    return code.add(code.fma(count, t, high), code.fma(count, arc, low))


def _chord(code: Code, x: Lane) -> tuple[Lane, Lane, Lane]:
    """Where u = abs(x) is above 1/2; t, which is u or sqrt((1 - u)/2); and asin(t) - t."""
    u, half = code.abs(x), code.const(0.5)
    far = code.compare("ogt", u, half)
    square = code.select(far, code.fma(u, code.const(-0.5), half), code.mul(u, u))
    t = code.select(far, code.sqrt(square), u)
    return far, t, code.mul(code.mul(square, t), code.split_polynomial(square, _ASIN))
