"""Remainders of division: exact, as long as the quotient is; else the C library's."""

from __future__ import annotations

from adcalc.engines.native.code import Lane
from adcalc.engines.native.slow_path import Branching

#: Whole numbers up to here, and their neighbours, are doubles.
_LARGEST_QUOTIENT = 2.0**51


def modulo(code: Branching, x: Lane, y: Lane) -> Lane:
    """The remainder of x divided by y, with the sign of y.

    The whole part of the quotient may be one too large or too small; what is left of x is exact all the same
    (by fused multiplication), and tells.
    """
    zero = code.const(0.0)
    quotient = code.div(x, y)
    left = code.fma(code.neg(code.intrinsic("trunc", quotient)), y, x)
    size = code.abs(y)
    wrong_side = code.compare("olt", code.mul(left, code.intrinsic("copysign", code.const(1.0), y)), zero)
    too_large = code.compare("oge", code.abs(left), size)
    left = code.select(wrong_side, code.add(left, y), code.select(too_large, code.sub(left, y), left))
    unbounded = code.compare("oeq", size, code.const(float("inf")))
    large = code.compare("ogt", code.abs(quotient), code.const(_LARGEST_QUOTIENT))
    found = code.unless(code.either(large, unbounded), left, lambda: _slowly(code, x, y))
    # No remainder has the sign of y as well; where y is 0 there is none.
    found = code.select(code.compare("oeq", found, zero), code.intrinsic("copysign", zero, y), found)
    infinite = code.compare("oeq", code.abs(x), code.const(float("inf")))
    nothing = code.either(code.compare("oeq", y, zero), infinite)
    return code.select(nothing, code.const(float("nan")), found)


def _slowly(code: Branching, x: Lane, y: Lane) -> Lane:
    """By the C library, whose remainder has the sign of x."""
    left = code.each("%", "noinline cold minsize nounwind", x, y)
    product = code.mul(
        code.intrinsic("copysign", code.const(1.0), left), code.intrinsic("copysign", code.const(1.0), y)
    )
    differs = code.both(code.compare("olt", product, code.const(0.0)), code.compare("une", left, code.const(0.0)))
    return code.select(differs, code.add(left, y), left)
