"""The processor's own notes of numbers that became too large or too small: they cost nothing, and miss nothing.

Every overflow and every underflow of arithmetic sets a flag that stays (IEEE 754, section 7), for each thread.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any

_LIBRARIES = ("libm.so.6", None)
#: Overflow and underflow, as the machine's own header has them.
_FLAGS = {"x86_64": 0x08 | 0x10, "AMD64": 0x08 | 0x10, "aarch64": 0x04 | 0x08, "arm64": 0x04 | 0x08}


@cache
def _library() -> Any | None:
    """The C library's functions for the flags; None where they are not known."""
    if platform.machine() not in _FLAGS:
        return None
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.feclearexcept, library.fetestexcept  # noqa: B018 - asked for to see whether they are there
        except (OSError, AttributeError):
            continue
        return library
    return None


def clear_flags() -> None:
    """Forgets what this thread has met so far."""
    library = _library()
    if library is not None:
        library.feclearexcept(_FLAGS[platform.machine()])


def left_range() -> bool:
    """Whether a number has left the range of normal doubles in this thread since; where nobody knows, it may have."""
    library = _library()
    return library is None or bool(library.fetestexcept(_FLAGS[platform.machine()]))
