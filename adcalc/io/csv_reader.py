"""Tables of text: CSV and TSV, read block by block."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain

from adcalc.errors import InputProblem
from adcalc.io.cells import decimal_comma_in, number_in
from adcalc.io.chunks import TEXT, Part, check_names, no_rows, shortened
from adcalc.io.csv_array import announced_separator
from adcalc.io.csv_blocks import BlockReader
from adcalc.io.polars_library import INSTALL, polars
from adcalc.io.sources import ByteSource
from adcalc.io.table_reader import OpenTable
from adcalc.io.text_blocks import FIRST_BLOCK, blocks

_SEPARATORS = (",", ";", "\t")
_BOM = b"\xef\xbb\xbf"


class SeparatedTable(OpenTable):
    """A table of text that is open for reading."""

    def __init__(self, source: ByteSource) -> None:
        """Reads the names of the columns.

        Raises:
            InputProblem: there are none, or no rows.
        """
        super().__init__(source)
        self._blocks = blocks(source.read, self.name)
        first = next(self._blocks, b"").removeprefix(_BOM)
        self._separator = "\t" if source.shape.format == "tsv" else ""
        header, self._first = self._divided(first)
        announced = announced_separator(header)
        if announced and source.shape.format == "csv":
            self._separator = announced
            header, self._first = self._divided(self._first)
        self._types = dict.fromkeys(self._names(header), TEXT)
        # Who has sent a few rows may wait for their results before sending more.
        short = bool(self._first.strip()) and len(first) < FIRST_BLOCK // 2
        second = b"" if short else next(self._blocks, b"")
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
        try:
            names = next(csv.reader(io.StringIO(header, newline=""), delimiter=self._separator))
        except csv.Error as error:
            message = f"the line of column names of {self.name} is broken: {error}"
            raise InputProblem(message, hint="a quote may be opened and never closed") from None
        cells = [cell.strip() for cell in names]
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
