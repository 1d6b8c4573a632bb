"""Tables in NumPy's own formats, read a few rows at a time.

The columns of a .npz archive are its vectors, by key.  Those of a .npy file are the fields of a structured array, or the
columns of a matrix, which are called x0, x1, ...; a vector is one column called x.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from adcalc.errors import InputProblem
from adcalc.io.array_files import Archive, Column, Matrix, portable
from adcalc.io.cells import numbers_in
from adcalc.io.chunks import TEXT, Cells, Part, check_known, check_names, no_rows, unreadable_in
from adcalc.io.references import Array
from adcalc.io.sources import ByteSource
from adcalc.io.table_reader import OpenTable


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


class ArrayTable(OpenTable):
    """A .npz or .npy file that is open for reading."""

    def __init__(self, source: ByteSource) -> None:
        """Reads what columns there are.

        Raises:
            InputProblem: it is no such file, or has no rows.
        """
        super().__init__(source)
        self._content: Content = Archive(source) if source.shape.format == "npz" else Matrix(source)
        kinds = {name: column.kind for name, column in self._content.columns.items()}
        self._types = {name: TEXT if kind.kind in "SU" else portable(kind) for name, kind in kinds.items()}
        check_names(self.name, self.columns)
        lengths = {column.length for column in self._content.columns.values()}
        if lengths <= {0}:
            raise no_rows(self.name)
        self.rows = lengths.pop() if len(lengths) == 1 else None

    @property
    def position(self) -> int:
        """How many bytes are read."""
        return self._content.position

    def parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows in order, read ahead in a thread from this call on."""
        check_known(self.name, self.columns, [*numbers, *keep])
        first = (*numbers, *keep, self.columns[0])[0]
        for column in (*numbers, *keep):
            kind = self._content.columns[column].kind
            if kind.kind not in "fiubSU":
                what = {"c": "complex numbers", "M": "dates", "m": "times"}.get(kind.kind, "no numbers")
                raise InputProblem(f"column `{column}` of {self.name} holds {what}")
            if self._content.columns[column].length != self._content.columns[first].length:
                raise InputProblem(f"`{first}` and `{column}` in {self.name} are not equally long")
        return super().parts(numbers, keep)

    def _parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        wanted = tuple(dict.fromkeys([*numbers, *keep])) or self.columns[:1]
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
