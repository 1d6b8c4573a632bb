"""Where a row has no value, though a library's function may have a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from adcalc.engines.native.code import Code, Lane

Domain: TypeAlias = Callable[..., Lane]


def within_domain(name: str, code: Code, value: Lane, *arguments: Lane) -> Lane:
    """The value, and nan in the lanes outside the domain of a row."""
    domain = _DOMAINS.get(name)
    return value if domain is None else code.select(domain(code, *arguments), value, code.const(math.nan))


def _no_pole(code: Code, x: Lane) -> Lane:
    """Any number but 0, the negative integers and -inf; nan too."""
    whole = code.compare("oeq", x, code.intrinsic("floor", x))
    return code.no(code.both(whole, code.compare("ole", x, code.const(0.0))))


def _both_positive(code: Code, x: Lane, y: Lane) -> Lane:
    zero = code.const(0.0)
    return code.both(code.compare("ogt", x, zero), code.compare("ogt", y, zero))


def _below_one(code: Code, x: Lane) -> Lane:
    return code.compare("olt", code.abs(x), code.const(1.0))


def _power(code: Code, x: Lane, y: Lane) -> Lane:
    """A negative base has whole, finite powers only; infinity is taken from itself to give nan."""
    whole = code.compare("oeq", code.sub(y, code.intrinsic("floor", y)), code.const(0.0))
    return code.either(code.no(code.compare("olt", x, code.const(0.0))), whole)


_DOMAINS: Mapping[str, Domain] = MappingProxyType(
    {
        "^": _power,
        "digamma": _no_pole,
        "beta": _both_positive,
        "lbeta": _both_positive,
        "erfinv": _below_one,
    }
)
