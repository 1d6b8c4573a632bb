"""Sine, cosine, tangent.

x = k*pi/2 + r: pi/2 is the sum of three doubles, and three fused products subtract them (Cody and Waite,
1980): up to 2^40 the first is exact, because the difference is a multiple of 2^-53 below 1, and the second
keeps all digits of what is left.  The few angles beyond go to the C library (which does as Payne and Hanek,
1983).  Sine and cosine of r are minimax polynomials by Remez (1934), computed for this; k says which of
them is wanted, and its sign.  Sine and cosine of the same x have all but that in common.
"""

from __future__ import annotations

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.exponentials import with_sign
from adcalc.engines.native.processor import rounded
from adcalc.engines.native.slow_path import Branching

_TURN = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33)
_LARGEST = 2.0**40

# sin(r) = r + r^3*(...), to 2^-58, and cos(r) = 1 - r^2/2 + r^4*(...), to 2^-64, for abs(r) <= pi/4.
_SIN = (
    -0.16666666666666632,
    0.00833333333332237,
    -0.00019841269829771086,
    2.7557313678643845e-06,
    -2.505075595863526e-08,
    1.5896666370939634e-10,
)
_COS = (
    0.0416666666666666,
    -0.0013888888888874064,
    2.480158728944353e-05,
    -2.755731434067416e-07,
    2.0875721625702183e-09,
    -1.1359559428690583e-11,
)


def sin(code: Branching, x: Lane) -> Lane:
    """The sine: that of abs(x), with the sign of x."""
    u, r, quarters = _reduced(code, code.abs(x))
    found = code.select(_is_odd(code, quarters), _cosine(code, r), _sine(code, r))
    sign = code.integer("xor", code.integer("shl", quarters, code.whole(62)), code.bits(x))
    return code.otherwise("sin", _is_large(code, u), _signed(code, found, sign), x)


def cos(code: Branching, x: Lane) -> Lane:
    """The cosine: the sine a quarter of a turn later."""
    u, r, quarters = _reduced(code, code.abs(x))
    found = code.select(_is_odd(code, quarters), _sine(code, r), _cosine(code, r))
    sign = code.integer("shl", code.integer("add", quarters, code.whole(1)), code.whole(62))
    return code.otherwise("cos", _is_large(code, u), _signed(code, found, sign), x)


def tan(code: Branching, x: Lane) -> Lane:
    """The tangent: sine by cosine, or the other way round and with the other sign."""
    u, r, quarters = _reduced(code, code.abs(x))
    odd = _is_odd(code, quarters)
    sine, cosine = _sine(code, r), _cosine(code, r)
    found = code.div(code.select(odd, cosine, sine), code.select(odd, sine, cosine))
    sign = code.integer("xor", code.integer("shl", quarters, code.whole(63)), code.bits(x))
    return code.otherwise("tan", _is_large(code, u), _signed(code, found, sign), x)


def sinc(code: Code, x: Lane) -> Lane:
    """sin(pi*x)/(pi*x), 1 at 0; x is reduced by 2 before it is multiplied by pi."""
    u, pi, half = code.abs(x), code.const(2.0 * _TURN[0]), code.const(0.5)
    turn = code.fma(code.intrinsic("rint", code.mul(u, half)), code.const(-2.0), u)
    turn = _signed(code, turn, code.bits(x))
    folded = code.sub(with_sign(code, code.const(1.0), turn), turn)
    turn = code.select(code.compare("ogt", code.abs(turn), half), folded, turn)
    # Half a turn at most: the sine needs no more reduction than this.
    _, r, quarters = _reduced(code, code.abs(code.mul(pi, turn)))
    above = code.select(_is_odd(code, quarters), _cosine(code, r), _sine(code, r))
    found = code.div(_signed(code, above, code.bits(turn)), code.mul(pi, x))
    return code.select(code.compare("oeq", x, code.const(0.0)), code.const(1.0), found)


def _reduced(code: Code, u: Lane) -> tuple[Lane, Lane, Lane]:
    """An angle, what is left of it after whole quarters of a turn, and integers whose lowest bits count these."""
    k, held = rounded(code, u, 1.0 / _TURN[0])
    r = u
    for part in _TURN:
        r = code.fma(k, code.const(-part), r)
    return u, r, code.bits(held)


def _is_odd(code: Code, quarters: Lane) -> Lane:
    one = code.whole(1)
    return code.test("ne", code.integer("and", quarters, one), code.whole(0))


def _signed(code: Code, x: Lane, sign: Lane) -> Lane:
    """-x where the first bit of an integer is set."""
    flip = code.integer("and", sign, code.whole(-(1 << 63)))
    return code.double(code.integer("xor", code.bits(x), flip))


def _is_large(code: Code, u: Lane) -> Lane:
    """Where an angle is too large to be reduced here, or infinite; nan is at home everywhere."""
    return code.compare("ogt", u, code.const(_LARGEST))


def _sine(code: Code, r: Lane) -> Lane:
    square = code.mul(r, r)
    return code.fma(code.mul(square, r), code.polynomial(square, list(_SIN)), r)


def _cosine(code: Code, r: Lane) -> Lane:
    square = code.mul(r, r)
    return code.polynomial(square, [1.0, -0.5, *_COS])
