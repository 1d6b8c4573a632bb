"""The logarithm of the gamma function and its derivative, where libraries lose digits.

A library's function is as good as the double nearest to pi*x at the poles, and as the largest number on the
way where the value is small.  Here the distance to a pole is taken first, which is exact, and about 1 and 2
the logarithm is a series about its zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

# (-1)^k*(zeta(k) - 1)/k, and 1 - gamma for k = 1: lgamma(2 + t) is the sum of these times t^k
# (Abramowitz and Stegun, 1964, 6.1.33), to the last bit for abs(t) <= 1/2.
_ABOUT_TWO = COEFFS


def lgamma(x: float) -> float:
    """The logarithm of abs(gamma(x)): within 4 ulp, or what 4 ulp of x make of it at its negative zeros.

    Raises:
        ValueError: x is a pole.

    >>> lgamma(0.9999999983332842)
    9.620544514133466e-10
    """
    if x < 0.5:
        if not 0.0 > x > -1e15:
            return lgamma(1.0 + x) - math.log(x) if x > 0.0 else math.lgamma(x)
        return math.log(math.pi / abs(math.sin(math.pi * math.remainder(x, 1.0)))) - lgamma(1.0 - x)
    if x <= 2.5:
        near = x < 1.5
        t = x - 1.0 if near else x - 2.0
        series = 0.0
        for coefficient in reversed(_ABOUT_TWO):
            series = series * t + coefficient
        return series * t - math.log1p(t) if near else series * t
    return math.lgamma(x)


def digamma(x: float, psi: Callable[[Any], Any]) -> float:
    """The derivative of `lgamma`, by reflection for negative x.

    Args:
        psi: a library's function, for the others.
    """
    if not -1e15 < x < -0.75 or x == math.floor(x):
        return float(psi(x))
    return float(psi(1.0 - x)) - math.pi / math.tan(math.pi * math.remainder(x, 1.0))
