"""Tables of text: CSV and TSV, read block by block."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from adcalc.errors import InputProblem
from adcalc.streams.blocks import FIRST_BLOCK, LONGEST_RECORD, blocks
from adcalc.streams.cells import array_of, decimal_comma_in, number_in, numbers_in
from adcalc.streams.library import INSTALL, polars
from adcalc.streams.parts import TEXT, Cells, Part, check_names, no_rows, shortened, unreadable_in
from adcalc.streams.quoting import clean_quotes
from adcalc.streams.sources import Source
from adcalc.streams.tables import OpenTable

_SEPARATORS = (",", ";", "\t")
_BOM = b"\xef\xbb\xbf"


class SeparatedTable(OpenTable):
    """A table of text that is open for reading."""

    def __init__(self, source: Source) -> None:
        """Reads the names of the columns.

        Raises:
            InputProblem: there are none, or no rows.
        """
        super().__init__(source)
        self._blocks = blocks(source.read, self.name)
        first = next(self._blocks, b"").removeprefix(_BOM)
        self._separator = "\t" if source.shape.format == "tsv" else ""
        header, self._first = self._divided(first)
        self._types = dict.fromkeys(self._names(header), TEXT)
        second = next(self._blocks, b"")
        self._blocks = chain([second] if second else [], self._blocks)
        if not self._first.strip() and not second:
            raise no_rows(self.name)
        self._library = None
        if len(first) >= FIRST_BLOCK // 2 or second:
            # A small table is read before the library would be loaded.
            self._library = polars()
            if self._library is None:
                self.note = f"tables of text are read several times faster with the extra: {INSTALL}"

    def _divided(self, block: bytes) -> tuple[str, bytes]:
        """The first record that is not blank, and what follows it."""
        start = 0
        while True:
            end = block.find(b"\n", start) + 1 or len(block)
            while block.count(b'"', start, end) % 2 and end < len(block):
                end = block.find(b"\n", end) + 1 or len(block)
            header = block[start:end].decode()
            if header.strip():
                break
            if end == len(block):
                raise InputProblem(f"{self.name} is empty", hint="it needs a line of column names, and rows")
            start = end
        if "\r" in header.rstrip("\r\n") and '"' not in header:
            raise InputProblem(f"{self.name} ends its lines in an old way", hint="save it with line feeds")
        return header, block[end:]

    def _names(self, header: str) -> tuple[str, ...]:
        counts = {each: header.count(each) for each in _SEPARATORS}
        self._separator = self._separator or max(_SEPARATORS, key=lambda each: counts[each])
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(header, newline=""), delimiter=self._separator))]
        # NumPy writes its line of names as a remark.
        cells[0] = cells[0].removeprefix("#").lstrip()
        if all(cell and (number_in(cell) == number_in(cell) or cell.lower() == "nan") for cell in cells):
            hint = f"add a first line such as `{self._separator.join('xyzuvw'[: len(cells)])}`".replace("\t", " ")
            raise InputProblem(f"the first row of {self.name} is all numbers, and its columns have no names", hint=hint)
        check_names(self.name, cells)
        return tuple(cells)

    def _parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        reader = BlockReader(self.columns, self._separator, numbers, keep, self._library)
        done = 0
        for block in chain([self._first], self._blocks):
            part = reader.part(block, done)
            self._check_commas(part)
            done += part.rows
            yield part

    def _check_commas(self, part: Part) -> None:
        if self._separator != ";":
            return
        for column, mask in part.unreadable.items():
            place = decimal_comma_in(part.texts[column], mask)
            if place is not None:
                where = f"row {part.first + place + 1}, column `{column}` of {self.name}"
                message = f"{where} is not a number: `{shortened(part.cell(column, place))}`"
                raise InputProblem(message, hint="write numbers with a decimal point")


class BlockReader:
    """Turns blocks of text into parts: quickly with the library, row by row without it or where rows are not whole."""

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
