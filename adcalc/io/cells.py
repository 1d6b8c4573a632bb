"""Cells of text as numbers, the same with and without the data library.

A number may have blanks around it and a sign, and be `inf`; `true` and `false` are 1 and 0.  All else (nothing, `NA`,
`nan`, `1_000`, `1,5`) is no number, which is nan.
"""

from __future__ import annotations

import re
from typing import Any

from adcalc.io.chunks import Cells
from adcalc.io.references import Array

_NAN = float("nan")
_WORDS = {"true": 1.0, "false": 0.0}
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")


def number_in(cell: object) -> float:
    """The number in a cell, or nan.

    >>> [number_in(cell) for cell in (" +3", "1_000", "true", "", None, 2)]
    [3.0, nan, 1.0, nan, nan, 2.0]
    """
    if isinstance(cell, str):
        try:
            # Python would read 1_000 as a number, which no table means.
            return _NAN if "_" in cell else float(cell)
        except ValueError:
            return _WORDS.get(cell.strip().lower(), _NAN)
    if isinstance(cell, int | float):
        try:
            return float(cell)
        except OverflowError:
            return float("inf") if cell > 0 else float("-inf")
    return _NAN


def numbers_in(cells: Cells) -> Array:
    """The numbers in cells of a list, or of a polars Series of text."""
    import numpy as np

    if not isinstance(cells, list):
        return _numbers_in_series(cells)
    try:
        # Nearly always all cells are numbers in a plain way, which Python finds out several times faster.
        if "_" not in "".join(cells):
            return np.fromiter(map(float, cells), np.float64, len(cells))
    except (TypeError, ValueError):
        pass
    return np.fromiter(map(number_in, cells), np.float64, len(cells))


def _numbers_in_series(texts: Any) -> Array:
    import polars as pl

    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count() > texts.null_count():
        bare = texts.str.strip_chars()
        numbers = bare.cast(pl.Float64, strict=False)
        if numbers.null_count() > texts.null_count():
            words = bare.str.to_lowercase().replace_strict(
                list(_WORDS), list(_WORDS.values()), default=None, return_dtype=pl.Float64
            )
            numbers = numbers.zip_with(numbers.is_not_null(), words)
    return array_of(numbers)


def array_of(series: Any) -> Array:
    """A Series of doubles as a contiguous array, nan where it is null."""
    import numpy as np

    return np.ascontiguousarray(series.to_numpy(), dtype=np.float64)


def decimal_comma_in(cells: Cells, mask: Array) -> int | None:
    """The place of the first cell, of those in a mask, that is a number with a decimal comma."""
    import numpy as np

    for place in np.flatnonzero(mask)[:100].tolist():
        if _DECIMAL_COMMA.fullmatch(str(cells[place] or "")):
            return int(place)
    return None
