"""Where the columns of .npz and .npy files stand, and their rows a few at a time.  Nothing is ever unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any, NamedTuple

from adcalc.errors import InputProblem
from adcalc.io.chunks import ROWS
from adcalc.io.npy_array import announced
from adcalc.io.npz_array import check_member, reading_archive
from adcalc.io.references import Array
from adcalc.io.sources import ByteSource

#: Bytes of an entry, which may be a text or a structure; and columns of a matrix.
_LARGEST_ENTRY, _MOST_COLUMNS = 4096, 100_000
_AGAIN = "write it again with `numpy.savez`"


class Column(NamedTuple):
    """A column of a file of arrays."""

    length: int
    kind: Any
    """NumPy's type of its entries."""


def portable(kind: Any) -> Any:
    """The type nearest to one of NumPy's that other formats have too."""
    import numpy as np

    return np.dtype(np.float64) if kind.kind == "f" and kind.itemsize not in (4, 8) else kind.newbyteorder("=")


class Archive:
    """A .npz archive of vectors, unpacked side by side as they are needed."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.columns: dict[str, Column] = {}
        self.position = 0
        with self._reading():
            self._archive = zipfile.ZipFile(source.file)
            self._members = {info.filename.removesuffix(".npy"): info for info in self._archive.infolist()}
            for name, member in self._members.items():
                check_member(member, source.size or 0, f"`{name}` in {source.name}", most=None)
                with self._archive.open(member) as file:
                    shape, kind = self._header(file, name)
                if len(shape) == 1:
                    self.columns[name] = Column(shape[0], kind)
        if not self.columns:
            raise InputProblem(f"{source.name} holds no vectors", hint="every column is an array with one axis")

    def batches(self, wanted: Sequence[str]) -> Generator[dict[str, Array], None, None]:
        """Columns in step, a few rows at a time."""
        with self._reading(), ExitStack() as stack:
            files = {name: stack.enter_context(self._archive.open(self._members[name])) for name in wanted}
            for name, file in files.items():
                self._header(file, name)
            left = self.columns[wanted[0]].length
            while left:
                rows = min(left, ROWS)
                yield {name: self._entries(file, name, rows) for name, file in files.items()}
                left -= rows
                self.position = sum(self._packed(name, left) for name in wanted)

    def _packed(self, name: str, left: int) -> int:
        length = self.columns[name].length
        return self._members[name].compress_size * (length - left) // length

    def _header(self, file: IO[bytes], name: str) -> tuple[tuple[int, ...], Any]:
        shown = f"`{name}` in {self._source.name}"
        shape, kind = announced(file, shown)
        _check(shape, kind, shown)
        return shape, kind

    def _entries(self, file: IO[bytes], name: str, rows: int) -> Array:
        import numpy as np

        kind = self.columns[name].kind
        content = file.read(rows * kind.itemsize)
        if len(content) != rows * kind.itemsize:
            raise InputProblem(f"`{name}` in {self._source.name} is cut off", hint=_AGAIN)
        return np.frombuffer(content, kind).astype(portable(kind), copy=False)

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        with reading_archive(self._source.name), self._source.reading():
            yield


class Matrix:
    """A .npy file: the fields of a structured array, the columns of a matrix, or a vector."""

    def __init__(self, source: ByteSource) -> None:
        import numpy as np

        self._source = source
        with source.path.open("rb") as file:
            _check(*announced(file, source.name), source.name)
        try:
            # Only looked at: pages that are mapped count as memory of the process.
            mapped = np.lib.format.open_memmap(source.path, mode="r")
        except (ValueError, EOFError, OSError, TypeError, OverflowError) as error:
            message = f"{source.name} is no whole .npy file: {str(error).lower()}"
            raise InputProblem(message, hint="write it again with `numpy.save`") from None
        self._kind, shape, self._begin = mapped.dtype, mapped.shape, mapped.offset
        self._upright = mapped.ndim == 2 and not mapped.flags.c_contiguous
        self.position = self._begin
        if self._kind.names and mapped.ndim == 1:
            self.columns = {name: Column(shape[0], self._kind[name]) for name in self._kind.names}
        elif mapped.ndim == 1:
            self.columns = {"x": Column(shape[0], self._kind)}
        elif mapped.ndim == 2 and not self._kind.names:
            self.columns = {f"x{place}": Column(shape[0], self._kind) for place in range(shape[1])}
        else:
            times = "×".join(map(str, shape))
            hint = "a table is a matrix, or a vector of structured entries"
            raise InputProblem(
                f"{source.name} is no table: its shape is {times or 'that of a single number'}", hint=hint
            )
        del mapped

    def batches(self, wanted: Sequence[str]) -> Generator[dict[str, Array], None, None]:
        """Columns in step, a few rows at a time."""
        rows = self.columns[wanted[0]].length
        with self._source.reading():
            for first in range(0, rows, ROWS):
                yield self._batch(wanted, first, min(rows - first, ROWS), rows)

    def _batch(self, wanted: Sequence[str], first: int, rows: int, length: int) -> dict[str, Array]:
        names = list(self.columns)
        if self._upright:
            size = self._kind.itemsize
            return {
                name: self._read((names.index(name) * length + first) * size, rows * size).view(self._kind)
                for name in wanted
            }
        width = 1 if self._kind.names else len(names)
        size = self._kind.itemsize * width
        block = self._read(first * size, rows * size).view(self._kind)
        if self._kind.names:
            return {name: block[name] for name in wanted}
        block = block.reshape(rows, width)
        return {name: block[:, names.index(name)] for name in wanted}

    def _read(self, start: int, size: int) -> Array:
        import numpy as np

        self._source.file.seek(self._begin + start)
        content = self._source.file.read(size)
        if len(content) != size:
            raise InputProblem(f"{self._source.name} is cut off", hint="write it again with `numpy.save`")
        self.position = self._begin + start + size
        return np.frombuffer(content, np.uint8)


def _check(shape: tuple[int, ...], kind: Any, name: str) -> None:
    """What a header announces must be fit for columns, before anything is made of it.

    Raises:
        InputProblem: it is not.
    """
    if kind.hasobject:
        raise _objects(name)
    if not 0 < kind.itemsize <= _LARGEST_ENTRY:
        raise InputProblem(f"{name} has entries of {kind.itemsize} bytes", hint="save an array of numbers")
    if len(shape) == 2 and shape[1] > _MOST_COLUMNS:
        message = f"{name} has {shape[1]} columns, and {_MOST_COLUMNS} are the most that are read"
        raise InputProblem(message, hint="transpose it, if its rows are the columns")


def _objects(name: str) -> InputProblem:
    hint = 'save an array of numbers: `numpy.save(name, array.astype("float64"))`'
    return InputProblem(f"{name} holds Python objects, which are never loaded: that could run code", hint=hint)
