"""The index of vector functions: for the name of a row of the table, code that computes it lane by lane.

There are three ways, by what was measured to be fastest.  Nearly all elementary functions are polynomials,
written here and inlined into the loop.  Cube roots, error functions and, without AVX-512, powers come from
the vector library of the C library where there is one.  Those elsewhere, and the gamma family, are the
scalar functions of the C library or of SciPy, called for each lane.  Polygamma has no way: SciPy exports no
function for it.  A row that is not here but has a body is written as its body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from adcalc.engines.native import (
    exponentials,
    factorials,
    inverses,
    lengths,
    libmvec,
    logarithms,
    powers,
    remainders,
    scalars,
    trigonometry,
)
from adcalc.engines.native.code import Lane
from adcalc.engines.native.domains import within_domain
from adcalc.engines.native.processor import native
from adcalc.engines.native.slow_path import Branching

#: What operators are called.
_NAMES = MappingProxyType({"^": "pow", "%": "mod"})

Writer: TypeAlias = Callable[..., Lane]


class VectorFunction(NamedTuple):
    """The text of a function from vectors to a vector."""

    name: str
    """What it is called: "adcalc.exp"."""
    text: str
    """Its definition, and those of functions only it calls; `{attributes}` stands for its attributes."""
    declared: Mapping[str, str]
    """What it calls from elsewhere, with the lines that declare it."""
    symbols: Mapping[str, int]
    """Addresses of what the process does not export itself."""


#: Rows that are written here.
_WRITERS: Mapping[tuple[str, int], Writer] = MappingProxyType(
    {
        **{
            (writer.__name__, 1): writer
            for module, names in (
                (exponentials, ("exp", "exp2", "expm1", "sigmoid", "sinh", "cosh", "tanh", "sech")),
                (logarithms, ("log", "log2", "log10", "log1p", "asinh", "acosh", "atanh", "softplus", "logit")),
                (trigonometry, ("sin", "cos", "tan", "sinc")),
                (inverses, ("asin", "acos", "atan")),
            )
            for writer in [getattr(module, name) for name in names]
        },
        ("hypot", 1): lengths.length,
        ("hypot", 2): lengths.hypot,
        ("factorial", 1): factorials.factorial,
        ("atan2", 2): inverses.atan2,
        ("%", 2): remainders.modulo,
        ("logaddexp", 2): logarithms.logaddexp,
        ("xlogy", 2): logarithms.xlogy,
        ("xlog1py", 2): logarithms.xlog1py,
    }
)

#: And with AVX-512 these too.
_WITH_AVX512: Mapping[tuple[str, int], Writer] = MappingProxyType({("^", 2): powers.power})


@cache
def vector_function(name: str, arity: int, width: int) -> VectorFunction | None:
    """The code of a row for vectors of some width; None where there is no way but NumPy's.

    Args:
        name: of the row.
        arity: how many arguments it is given.
        width: doubles in a vector: 8, 4 or 2.
    """
    code = Branching(called(name), arity, width)
    writer = _WRITERS.get((name, arity))
    if native(code):
        writer = _WITH_AVX512.get((name, arity), writer)
    if writer is not None:
        return _function(code, writer(code, *code.arguments), {})
    found = libmvec.address(name, arity, width)
    if found is not None:
        symbol, address = found
        code.declared[symbol] = f"declare {code.doubles} @{symbol}({', '.join([code.doubles] * arity)})"
        value = within_domain(name, code, code.call(symbol, *code.arguments), *code.arguments)
        return _function(code, value, {symbol: address})
    function = scalars.scalar(name)
    if function is None or function.arity != arity:
        return None
    value = code.each(name, "noinline minsize nounwind", *code.arguments)
    symbols = {} if function.address is None else {function.symbol: function.address}
    return _function(code, within_domain(name, code, value, *code.arguments), symbols)


def called(name: str) -> str:
    """What the vector function of a row is called."""
    return f"adcalc.{_NAMES.get(name, name)}"


def _function(code: Branching, value: Lane, symbols: Mapping[str, int]) -> VectorFunction:
    taken = ", ".join(f"{code.doubles} {argument}" for argument in code.arguments)
    head = f'define internal {code.doubles} @"{code.name}"({taken}) {{attributes}} {{'
    text = "\n".join([head, *code.lines, f"  ret {code.doubles} {value}", "}", *code.beside])
    return VectorFunction(code.name, text, MappingProxyType(code.declared), MappingProxyType(symbols))
