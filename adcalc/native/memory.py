"""Memory for columns of doubles."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any

#: Where columns begin, so that whole vectors can be written at once.
ALIGNMENT = 64


def column(rows: int) -> Array:
    """Memory for a column of doubles, aligned so that vectors can be written past the cache.

    >>> column(5).shape, column(5).ctypes.data % 64
    ((5,), 0)
    """
    memory = np.empty(8 * rows + ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + 8 * rows].view(np.float64)


def address(values: Array) -> int:
    """Where an array begins."""
    found: int = values.__array_interface__["data"][0]
    return found
