"""Blocks of CSV as rows: quickly with the library, row by row without it or where rows are not whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adcalc.io.cells import array_of, numbers_in
from adcalc.io.chunks import Cells, Part, unreadable_in
from adcalc.io.quoting import clean_quotes
from adcalc.io.text_blocks import LONGEST_RECORD


class BlockReader:
    """Turns blocks of text into parts."""

    def __init__(
        self, columns: Sequence[str], separator: str, numbers: Sequence[str], keep: Sequence[str], library: Any | None
    ) -> None:
        self._columns = columns
        self._separator = separator
        self._numbers = numbers
        self._keep = keep
        self._library = library
        # Cells that nobody asks for are text that is not looked at; the last column shows which rows are not whole.
        self._as_text = set(columns) - (set(numbers) - set(keep))
        self._places: list[int] | None = [
            place for place, name in enumerate(columns) if name in (*numbers, *keep, columns[-1])
        ]

    def part(self, block: bytes, first: int) -> Part:
        """The rows of a block, the first of which has a number."""
        if self._library is not None:
            frame = self._frame(block)
            if frame is not None:
                return self._part_of_frame(block, frame, first)
        return self._part_of_rows(block, first)

    def _frame(self, block: bytes) -> Any | None:
        """A block as a data frame; None if rows in it are not whole, or it is quoted in a way of its own."""
        import numpy as np

        quoted = b'"' in block
        if quoted and not clean_quotes(block, self._separator):
            return None
        frame = self._read(block, None if quoted else self._places)
        if frame is None or not frame.height:
            return None
        if frame.get_column(self._columns[-1]).null_count():
            # Last cells may be empty, or not be there; in a single column it is lines that may be blank.
            if quoted or len(self._columns) == 1:
                return None
            if self._places is not None:
                # Only the reader of all columns refuses rows that are too long, which would make up for short ones.
                self._places = None
                return self._frame(block)
        separators = np.count_nonzero(np.frombuffer(block, np.uint8) == ord(self._separator))
        if not quoted and separators != frame.height * (len(self._columns) - 1):
            return None
        if len(self._columns) == 1 and self._as_text and frame.to_series().str.strip_chars().is_in([""]).any():
            return None
        return frame

    def _read(self, block: bytes, places: list[int] | None) -> Any | None:
        pl = self._library
        assert pl is not None
        schema = {name: pl.String if name in self._as_text else pl.Float64 for name in self._columns}
        try:
            return pl.read_csv(
                block, has_header=False, separator=self._separator, schema=schema, columns=places,
                ignore_errors=True, quote_char='"' if b'"' in block else None,
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return None

    def _part_of_frame(self, block: bytes, frame: Any, first: int) -> Part:
        pl = self._library
        assert pl is not None
        numbers = {}
        for column in self._numbers:
            series = frame.get_column(column)
            if series.dtype == pl.Float64 and (series.null_count() or series.is_nan().any()):
                # What stands there must be looked at; the blocks to come will hold such cells as well.
                self._as_text.add(column)
                again = self._frame(block)
                return self._part_of_rows(block, first) if again is None else self._part_of_frame(block, again, first)
            numbers[column] = array_of(series) if series.dtype == pl.Float64 else numbers_in(series)
        masks, texts = unreadable_in(numbers, frame.get_column)
        kept = {column: frame.get_column(column) for column in self._keep}
        return Part(first, frame.height, numbers, masks, kept, texts)

    def _part_of_rows(self, block: bytes, first: int) -> Part:
        text = io.StringIO(block.decode(), newline="")
        broken: dict[int, str] = {}
        limit = csv.field_size_limit(LONGEST_RECORD)
        try:
            rows = _whole_rows(csv.reader(text, delimiter=self._separator), len(self._columns), broken)
        finally:
            csv.field_size_limit(limit)
        cells = dict(zip(self._columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
        return self._part_of_cells(cells, broken, first, len(rows))

    def _part_of_cells(self, cells: Mapping[str, list[str]], broken: dict[int, str], first: int, rows: int) -> Part:
        numbers = {column: numbers_in(cells.get(column, [])) for column in self._numbers}
        for values in numbers.values():
            values[list(broken)] = float("nan")
        masks, texts = unreadable_in(numbers, lambda column: cells[column])
        kept: dict[str, Cells] = {column: [cell or None for cell in cells.get(column, [])] for column in self._keep}
        return Part(first, rows, numbers, masks, kept, texts, broken)


def _whole_rows(reader: Iterator[list[str]], width: int, broken: dict[int, str]) -> list[list[str]]:
    """Rows that are not blank, all of a width.

    Args:
        broken: takes in which are not, and why.
    """
    rows: list[list[str]] = []
    while True:
        try:
            rows.extend(reader)
        except csv.Error as error:
            rows.append([""] * width)
            broken[len(rows) - 1] = f"the row is broken: {error}"
        else:
            break
    if width > 1 and all([len(row) == width for row in rows]):
        return rows
    whole: list[list[str]] = []
    reasons = {place: broken.pop(place) for place in list(broken)}
    for place, row in enumerate(rows):
        if place in reasons:
            broken[len(whole)] = reasons[place]
        elif not row or (len(row) == 1 and not row[0].strip()):
            continue
        elif len(row) != width:
            broken[len(whole)] = f"the row has {len(row)} cell{'s' if len(row) != 1 else ''}, not {width}"
        whole.append((row + [""] * width)[:width])
    return whole
