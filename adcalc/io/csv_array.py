"""Numbers in tables of text: CSV and TSV, with or without a line of column names."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from adcalc.errors import InputProblem
from adcalc.io.references import LARGEST_ARRAY, Array, unknown_key, unreadable

_WIDEST_TEXT = 20
_ANNOUNCED = re.compile(r"sep=([,;|\t])\s*", re.IGNORECASE)


def array_of_table(path: Path, column: str = "") -> Array:
    """A column of a table as a vector, or the whole table as a matrix (of a single column: a vector).

    Args:
        column: its name, or where the table has none its number from 0; "" for the whole table.

    Raises:
        InputProblem: something in it is no number, with line and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _Table(path, file, "" if path.suffix.lower() == ".csv" else "\t").numbers(column)
    except UnicodeDecodeError:
        raise InputProblem(f"`{path}` is not UTF-8 text", hint="save it as CSV in UTF-8") from None
    except OSError as error:
        raise unreadable(path, error) from None


class _Table:
    """A table on its way from lines to numbers."""

    def __init__(self, path: Path, lines: Iterable[str], delimiter: str) -> None:
        self.path = path
        lines = iter(lines)
        if not delimiter:
            start: list[str] = []
            while not start or not start[-1].strip():
                line = next(lines, None)
                if line is None:
                    break
                start.append(line)
            first = start[-1] if start else ""
            delimiter = announced_separator(first)
            if delimiter:
                # A blank line in its place keeps the numbers of the lines that follow.
                start[-1] = "\n"
            else:
                delimiter = ";" if ";" in first and "," not in first else ","
            lines = chain(start, lines)
        self.delimiter = delimiter
        self.reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self.titles: list[str] = []
        self.named = False

    def numbers(self, column: str) -> Array:
        """The numbers of a column, or all of them."""
        import numpy as np

        rows = self._rows()
        first = next(rows, None)
        if first is None:
            raise InputProblem(f"`{self.path}` is empty", hint="it needs a line of numbers")
        self.named = not all(map(_is_number, first))
        self.titles = [cell.strip() for cell in first] if self.named else [str(i) for i in range(len(first))]
        # NumPy writes its line of names as a remark.
        self.titles[0] = self.titles[0].removeprefix("#").lstrip()
        position = self._position(column) if column else None
        found = array("d")
        for row in rows if self.named else chain([first], rows):
            self._take(row, position, found)
            if len(found) > LARGEST_ARRAY:
                raise InputProblem(f"`{self.path}` holds more than {LARGEST_ARRAY} numbers", hint="take one column")
        if not found:
            hint = "it needs a line of numbers"
            raise InputProblem(f"`{self.path}` has no numbers below its column names", hint=hint)
        values = np.frombuffer(found, dtype=np.float64)
        width = len(self.titles)
        return values if position is not None or width == 1 else values.reshape(-1, width)

    def _rows(self) -> Iterator[list[str]]:
        """The rows that hold anything."""
        try:
            for row in self.reader:
                if len(row) > 1 or (row and row[0].strip()):
                    yield row
        except csv.Error as error:
            raise InputProblem(f"line {self.reader.line_num} of `{self.path}` is broken: {error}") from None

    def _position(self, column: str) -> int:
        """Where a column stands."""
        if self.titles.count(column) > 1:
            hint = "give them different names"
            raise InputProblem(f"`{self.path}` has several columns called `{column}`", hint=hint)
        if column in self.titles:
            return self.titles.index(column)
        if not self.named:
            last = len(self.titles) - 1
            hint = f"its columns go by numbers, from `:0` to `:{last}`"
            raise InputProblem(f"`{self.path}` has no line of column names, and so no column `{column}`", hint=hint)
        raise unknown_key(self.path, "column", column, self.titles)

    def _take(self, row: Sequence[str], position: int | None, found: array[float]) -> None:
        """Adds the numbers of a row."""
        if len(row) != len(self.titles):
            have = f"{len(row)} cell{'s' if len(row) != 1 else ''}"
            raise InputProblem(
                f"line {self.reader.line_num} of `{self.path}` has {have}, not {len(self.titles)}",
                hint="every line needs as many as the first one",
            )
        wanted = row if position is None else row[position : position + 1]
        if "_" in "".join(wanted):
            # Python would read 1_000 as a number, which no table means.
            raise self._no_number(row, position)
        try:
            found.extend(map(float, wanted))
        except ValueError:
            raise self._no_number(row, position) from None

    def _no_number(self, row: Sequence[str], position: int | None) -> InputProblem:
        places = range(len(row)) if position is None else [position]
        place = next(i for i in places if not _is_number(row[i]))
        cell = row[place].strip()
        title = self.titles[place]
        where = f"line {self.reader.line_num}, column {f'`{title}`' if title else place} of `{self.path}`"
        if not cell:
            return InputProblem(f"{where} is empty", hint="write a number there, or `nan`")
        shown = cell if len(cell) <= _WIDEST_TEXT else cell[:_WIDEST_TEXT] + "..."
        shown = "".join(character if character.isprintable() else "?" for character in shown)
        others = [title for i, title in enumerate(self.titles) if title and i != place]
        hint = "write a number there, or `nan`"
        if self.delimiter == ";" and "," in cell and _is_number(cell.replace(",", ".")):
            hint = "write numbers with a decimal point"
        elif position is None and others:
            hint = f"take one column, such as `@{self.path}:{others[0]}`"
        return InputProblem(f"{where} is not a number: `{shown}`", hint=hint)


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number and nothing else.

    >>> [_is_number(cell) for cell in ("1e-3", " nan ", "1_000", "")]
    [True, True, False, False]
    """
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def announced_separator(line: str) -> str:
    r"""The separator that a first line such as `sep=;` announces, as Excel has it; "" where the line is an ordinary one.

    >>> announced_separator("sep=;\r\n"), announced_separator("sep,x")
    (';', '')
    """
    found = _ANNOUNCED.fullmatch(line)
    return found[1] if found else ""
