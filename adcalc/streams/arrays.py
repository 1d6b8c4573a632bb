"""Tables in NumPy's own formats, read a few rows at a time.

The columns of a .npz archive are its vectors, by key.  Those of a .npy file are the fields of a structured array, or the
columns of a matrix, which are called x0, x1, ...; a vector is one column called x.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple, Protocol

from adcalc.data.references import Array
from adcalc.errors import InputProblem
from adcalc.streams.cells import numbers_in
from adcalc.streams.parts import TEXT, Cells, Kind, Part, check_known, check_names, no_rows, unreadable_in
from adcalc.streams.sources import Source
from adcalc.streams.threads import Ahead


class Column(NamedTuple):
    """A column of a file of arrays."""

    length: int
    kind: Any
    """NumPy's type of its entries."""


class Content(Protocol):
    """A file of arrays, as columns."""

    columns: dict[str, Column]
    position: int
    """How many bytes are read."""

    def batches(self, wanted: Sequence[str]) -> Generator[dict[str, Array], None, None]:
        """Columns in step, a few rows at a time.

        Raises:
            InputProblem: the file is broken.
        """


class ArrayTable:
    """A .npz or .npy file that is open for reading."""

    note = ""

    def __init__(self, source: Source) -> None:
        """Reads what columns there are.

        Raises:
            InputProblem: it is no such file, or has no rows.
        """
        from adcalc.streams.arrayfiles import Archive, Matrix

        self._source = source
        self.name, self.size = source.name, source.size
        if self.size is None:
            raise InputProblem(f"{self.name} is no ordinary file", hint="copy what it holds into one")
        self._content: Content = Archive(source) if source.shape.format == "npz" else Matrix(source)
        self.columns = tuple(self._content.columns)
        check_names(self.name, self.columns)
        lengths = {column.length for column in self._content.columns.values()}
        if lengths <= {0}:
            raise no_rows(self.name)
        self.rows: int | None = lengths.pop() if len(lengths) == 1 else None

    @property
    def position(self) -> int:
        """How many bytes are read."""
        return self._content.position

    def kinds(self, keep: Sequence[str], numbers: Sequence[str]) -> dict[str, Kind]:
        """The types that the file has."""
        check_known(self.name, self.columns, keep)
        found = {column: self._content.columns[column].kind for column in keep}
        return {column: TEXT if kind.kind in "SU" else kind for column, kind in found.items()}

    def parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows, a few at a time."""
        check_known(self.name, self.columns, [*numbers, *keep])
        wanted = tuple(dict.fromkeys([*numbers, *keep])) or self.columns[:1]
        for column in wanted:
            kind = self._content.columns[column].kind
            if kind.kind not in "fiubSU":
                what = {"c": "complex numbers", "M": "dates", "m": "times"}.get(kind.kind, "no numbers")
                raise InputProblem(f"column `{column}` of {self.name} holds {what}")
            if self._content.columns[column].length != self._content.columns[wanted[0]].length:
                raise InputProblem(f"`{wanted[0]}` and `{column}` in {self.name} are not equally long")
        return Ahead(lambda: self._parts(wanted, tuple(dict.fromkeys(numbers)), keep))

    def close(self) -> None:
        """Lets go of the file."""
        self._source.close()

    def _parts(self, wanted: Sequence[str], numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        done = 0
        with closing(self._content.batches(wanted)) as batches:
            for arrays in batches:
                cells = {column: _cells(array) for column, array in arrays.items()}
                found = {column: _numbers(cells[column]) for column in numbers}
                masks, texts = unreadable_in(found, cells.__getitem__)
                rows = len(arrays[wanted[0]])
                yield Part(done, rows, found, masks, {column: cells[column] for column in keep}, texts)
                done += rows


def _cells(array: Array) -> Cells:
    """An array as columns are kept: numbers in a type that all formats have, or texts."""
    import numpy as np

    if array.dtype.kind == "S":
        return [cell.decode(errors="replace") for cell in array.tolist()]
    if array.dtype.kind == "U":
        return array.tolist()
    return np.ascontiguousarray(array, dtype=portable(array.dtype))


def _numbers(cells: Cells) -> Array:
    import numpy as np

    return numbers_in(cells) if isinstance(cells, list) else np.ascontiguousarray(cells, dtype=np.float64)


def portable(kind: Any) -> Any:
    """The type nearest to one of NumPy's that other formats have too."""
    import numpy as np

    return np.dtype(np.float64) if kind.kind == "f" and kind.itemsize not in (4, 8) else kind.newbyteorder("=")
