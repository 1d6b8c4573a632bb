"""Cube roots and lengths."""

from __future__ import annotations

import math

from adcalc.native.beyond import Branching
from adcalc.native.code import Code, Lane
from adcalc.native.processor import FRACTION


def length(code: Code, x: Lane) -> Lane:
    """hypot of one argument: its absolute value."""
    return code.abs(x)


def hypot(code: Code, x: Lane, y: Lane) -> Lane:
    """sqrt(x^2 + y^2), both divided by the power of 2 in the larger; an infinite one wins against nan."""
    u, v, infinity = code.abs(x), code.abs(y), code.const(math.inf)
    larger = code.select(code.compare("ogt", u, v), u, v)
    # Twice the power is infinite at the end of doubles, and half of it 0 at the other.
    power = code.integer("and", code.bits(larger), code.whole(0x7FE << FRACTION))
    least, most = code.whole(0x010 << FRACTION), code.whole(0x7D0 << FRACTION)
    power = code.choose(code.test("slt", power, least), least, power)
    power = code.choose(code.test("sgt", power, most), most, power)
    inverse = code.double(code.integer("sub", code.whole(0x7FE << FRACTION), power))
    u, v = code.mul(u, inverse), code.mul(v, inverse)
    found = code.mul(code.sqrt(code.fma(u, u, code.mul(v, v))), code.double(power))
    either = code.either(code.compare("oeq", u, infinity), code.compare("oeq", v, infinity))
    return code.select(either, infinity, found)


def factorial(code: Branching, x: Lane) -> Lane:
    """gamma(x + 1), and nan at its poles."""
    from adcalc.native.domains import within_domain

    after = code.add(x, code.const(1.0))
    return within_domain("digamma", code, code.each("gamma", "noinline nounwind", after), after)
