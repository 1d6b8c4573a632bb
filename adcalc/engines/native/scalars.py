"""Vector functions that take their lanes one by one to a function of the C library or of SciPy.

It is how the rows are computed that have no polynomials here, and how a function of polynomials treats the
few arguments that are beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple


class Scalar(NamedTuple):
    """A function of doubles in C."""

    symbol: str
    """Its name for the linker."""
    arity: int
    rest: str = ""
    """What follows the arguments, as code."""
    address: int | None = None
    """Where it is in memory, unless the process exports it."""


#: What C calls the functions that every C99 library has.
_LIBM: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p")},
        **{name: name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot")},
        **{name: name for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc")},
        "^": "pow",
        "%": "fmod",
        # More accurate than those of CPython and of SciPy.
        "gamma": "tgamma",
        "lgamma": "lgamma",
    }
)
_OF_TWO = ("atan2", "hypot", "^", "%", "beta", "lbeta")

#: What SciPy calls its own, in C without the interpreter.
_SCIPY: Mapping[str, str] = MappingProxyType(
    {
        "erfcx": "erfcx",
        "erfinv": "erfinv",
        "digamma": "psi",
        "beta": "beta",
        "lbeta": "betaln",
        "normal_logcdf": "log_ndtr",
    }
)


@cache
def scalar(name: str) -> Scalar | None:
    """The function of a row in C; None where there is none."""
    arity = 2 if name in _OF_TWO else 1
    if name in _LIBM:
        return Scalar(_LIBM[name], arity)
    return _of_scipy(_SCIPY[name], arity) if name in _SCIPY else None


def _of_scipy(name: str, arity: int) -> Scalar | None:
    """A function that `scipy.special.cython_special` exports to other modules written in Cython.

    Of one that is there for several types each variant has a name of its own; it is told by its signature.
    """
    import ctypes

    try:
        from scipy.special import cython_special
    except ImportError:
        return None
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    doubles = ", ".join(["double"] * arity)
    # Cython's functions have a further argument, whether to skip what a subclass overrides.
    rests = {f"double ({doubles}, int __pyx_skip_dispatch)": "i32 0", f"double ({doubles})": ""}
    for variant in (name, *(f"__pyx_fuse_{i}{name}" for i in range(4))):
        capsule = cython_special.__pyx_capi__.get(variant)
        signature: bytes = name_of(capsule) if capsule is not None else b""
        rest = rests.get(signature.decode())
        if rest is not None:
            return Scalar(f"scipy.special.{name}", arity, rest, pointer_of(capsule, signature))
    return None


def lane_by_lane(name: str, function: Scalar, width: int, attributes: str) -> str:
    """The text of a vector function that calls a scalar one once for each lane, in a loop over memory."""
    kind = f"<{width} x double>"
    letters = "xy"[: function.arity]
    given = ", ".join([*(f"double %{each}1" for each in letters), *filter(None, [function.rest])])
    lines = [
        f'define internal {kind} @"{name}"({", ".join(f"{kind} %{each}" for each in letters)}) {attributes} {{',
        "entry:",
        *(f"  %{each}s = alloca {kind}" for each in letters),
        f"  %values = alloca {kind}",
        *(f"  store {kind} %{each}, ptr %{each}s" for each in letters),
        "  br label %lane",
        "lane:",
        "  %i = phi i64 [ 0, %entry ], [ %next, %lane ]",
        *(f"  %{each}0 = getelementptr double, ptr %{each}s, i64 %i" for each in letters),
        *(f"  %{each}1 = load double, ptr %{each}0" for each in letters),
        f'  %value = call double @"{function.symbol}"({given})',
        "  %place = getelementptr double, ptr %values, i64 %i",
        "  store double %value, ptr %place",
        "  %next = add i64 %i, 1",
        f"  %more = icmp ult i64 %next, {width}",
        "  br i1 %more, label %lane, label %done",
        "done:",
        f"  %found = load {kind}, ptr %values",
        f"  ret {kind} %found",
        "}",
    ]
    return "\n".join(lines)


def declaration(function: Scalar) -> str:
    """The line by which a module declares a scalar function."""
    kinds = ["double"] * function.arity + ([function.rest.split()[0]] if function.rest else [])
    return f'declare double @"{function.symbol}"({", ".join(kinds)})'
