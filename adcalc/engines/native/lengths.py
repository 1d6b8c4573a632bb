"""Lengths of vectors."""

from __future__ import annotations

import math

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.processor import FRACTION, root


def length(code: Code, x: Lane) -> Lane:
    """Hypot of one argument: its absolute value."""
    return code.abs(x)


def hypot(code: Code, x: Lane, y: Lane) -> Lane:
    """sqrt(x^2 + y^2), both divided by the power of 2 in the larger; an infinite one wins against nan."""
    u, v, infinity = code.abs(x), code.abs(y), code.const(math.inf)
    larger = code.select(code.compare("ogt", u, v), u, v)
    power, inverse = _powers(code, larger)
    scaled_u, scaled_v = code.mul(u, inverse), code.mul(v, inverse)
    square = code.fma(scaled_u, scaled_u, code.mul(scaled_v, scaled_v))
    found = code.mul(root(code, square), power)
    either = code.either(code.compare("oeq", u, infinity), code.compare("oeq", v, infinity))
    return code.select(either, infinity, found)


def _powers(code: Code, u: Lane) -> tuple[Lane, Lane]:
    """A power of 2 about u, and its inverse, both far from the ends of doubles."""
    # Every other power will do: its inverse is one too.
    bits = code.integer("and", code.bits(u), code.whole(0x7FE << FRACTION))
    least, most = code.whole(0x010 << FRACTION), code.whole(0x7D0 << FRACTION)
    bits = code.choose(code.test("slt", bits, least), least, bits)
    bits = code.choose(code.test("sgt", bits, most), most, bits)
    return code.double(bits), code.double(code.integer("sub", code.whole(0x7FE << FRACTION), bits))
