"""Factorials of any number, by the gamma function."""

from __future__ import annotations

from adcalc.engines.native.code import Lane
from adcalc.engines.native.domains import within_domain
from adcalc.engines.native.slow_path import Branching


def factorial(code: Branching, x: Lane) -> Lane:
    """gamma(x + 1), and nan at its poles."""
    after = code.add(x, code.const(1.0))
    return within_domain("digamma", code, code.each("gamma", "noinline minsize nounwind", after), after)
