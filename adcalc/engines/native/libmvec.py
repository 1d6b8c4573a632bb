"""Vector functions of the GNU C library, where the platform has them.

They are in libmvec since glibc 2.22, and most of them since 2.35; there is none on other systems.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from adcalc.engines.native.processor import has_avx512

#: What libmvec calls the functions that are better there than here.
NAMES: Mapping[str, str] = MappingProxyType({"cbrt": "cbrt", "erf": "erf", "erfc": "erfc", "^": "pow"})

_PREFIXES = {8: "_ZGVeN8", 4: "_ZGVdN4", 2: "_ZGVbN2"}


@cache
def address(name: str, arity: int, width: int) -> tuple[str, int] | None:
    """The symbol of a vector function and where it is in memory; None where there is none."""
    if name not in NAMES or not _loaded() or not _runs(width):
        return None
    from llvmlite import binding

    symbol = f"{_PREFIXES[width]}{'v' * arity}_{NAMES[name]}"
    found = binding.address_of_symbol(symbol)
    return (symbol, found) if found else None


@cache
def _loaded() -> bool:
    from llvmlite import binding

    try:
        binding.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return False
    return True


@cache
def _runs(width: int) -> bool:
    """Whether the processor has the registers that a function's name promises."""
    if width == 8:
        return has_avx512()
    from llvmlite import binding

    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:
        return False
    return width == 2 or bool(features.get("avx2") and features.get("fma"))
