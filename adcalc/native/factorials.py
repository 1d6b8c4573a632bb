"""Factorials of any number, by the gamma function."""

from __future__ import annotations

from adcalc.native.beyond import Branching
from adcalc.native.code import Lane
from adcalc.native.domains import within_domain


def factorial(code: Branching, x: Lane) -> Lane:
    """gamma(x + 1), and nan at its poles."""
    after = code.add(x, code.const(1.0))
    return within_domain("digamma", code, code.each("gamma", "noinline minsize nounwind", after), after)
