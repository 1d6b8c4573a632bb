"""Memory for columns of doubles."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any

#: Where whole vectors can be written at once.
ALIGNMENT = 64
#: Where columns begin: streams past the cache that begin at different places of a page disturb one another.
_PAGE = 4096
#: How many of them may begin at the same place of a page.
_TOGETHER = 8


def column(rows: int, place: int = 0) -> Array:
    """Memory for a column of doubles, at the beginning of a page if it is that long.

    Args:
        place: among other columns; not too many of them should begin at the same place of a page, for the cache
            has room for a few such places only.

    >>> column(5).shape, column(5).ctypes.data % 64
    ((5,), 0)
    """
    alignment = _PAGE if 8 * rows > _PAGE else ALIGNMENT
    memory = np.empty(8 * rows + alignment, dtype=np.uint8)
    start = (-address(memory) + place // _TOGETHER * 8 * ALIGNMENT) % alignment
    return memory[start : start + 8 * rows].view(np.float64)


def address(values: Array) -> int:
    """Where an array begins."""
    found: int = values.__array_interface__["data"][0]
    return found
