"""Tables written as arrays: a .npz archive with a vector per column, or a .npy file of structured rows."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from adcalc.errors import InputProblem
from adcalc.io.array_files import portable
from adcalc.io.cells import numbers_in
from adcalc.io.chunks import NUMBER
from adcalc.io.table_writer import Columns, Encoder, Rows, left

#: What a header takes that can announce any number of rows.
_DIGITS = 20


def arrays(columns: Columns, format: str) -> Encoder:
    """Writes .npz or .npy; what was not computed is nan.

    Raises:
        InputProblem: a column to keep is not of numbers.
    """
    import numpy as np

    kinds = {name: _kind(columns, name, kind) for name, kind in columns.kept.items()}
    kinds.update(dict.fromkeys(columns.results, np.dtype(np.float64)))
    return _archive(kinds, columns.folder) if format == "npz" else _structured(kinds)


def _kind(columns: Columns, name: str, kind: Any) -> Any:
    """NumPy's type for a column that is kept."""
    import numpy as np

    if isinstance(kind, np.dtype):
        return portable(kind)
    if kind == NUMBER or (not isinstance(kind, str) and (kind.is_float() or kind.is_decimal())):
        return np.dtype(np.float64)
    if not isinstance(kind, str) and (kind.is_integer() or f"{kind}" == "Boolean"):
        # With a cell missing somewhere, a column of whole numbers is one of doubles.
        return np.dtype(np.float64)
    hint = "leave it out, or write CSV or Parquet"
    raise InputProblem(f"column `{name}` is not of numbers, and {columns.name} can hold no others", hint=hint)


def _archive(kinds: dict[str, Any], folder: Path | None) -> Encoder:
    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        # The members of an archive stand one after the other, and all grow at the same time.
        with ExitStack() as stack:
            files = {name: stack.enter_context(tempfile.TemporaryFile(dir=folder)) for name in kinds}
            count = 0
            for some in rows:
                vectors = _vectors(some, kinds)
                for name, vector in vectors.items():
                    files[name].write(vector)
                count += len(next(iter(vectors.values())))
            with zipfile.ZipFile(file, "w") as archive:
                for name, column in files.items():
                    # Without a date the same table is the same file.
                    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                        member.write(_header(kinds[name], count))
                        column.seek(0)
                        shutil.copyfileobj(column, member, 1 << 20)

    return encode


def _structured(kinds: dict[str, Any]) -> Encoder:
    import numpy as np

    row = np.dtype(list(kinds.items()))

    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        file.write(_header(row, 0))
        count = 0
        for some in rows:
            vectors = _vectors(some, kinds)
            block = np.empty(len(next(iter(vectors.values()))), row)
            for name, vector in vectors.items():
                block[name] = vector
            file.write(block.tobytes())
            count += len(block)
        file.seek(0)
        file.write(_header(row, count))
        file.seek(0, 2)

    return encode


def _vectors(rows: Rows, kinds: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    found = {}
    for name, cells in {**rows.kept, **rows.results}.items():
        some = left(cells, rows.drop)
        if isinstance(some, list) or (hasattr(some, "dtype") and f"{some.dtype}" == "String"):
            found[name] = numbers_in(some)
        elif isinstance(some, np.ndarray):
            found[name] = np.ascontiguousarray(some, dtype=kinds[name])
        else:
            found[name] = np.ascontiguousarray(some.cast(_double()).to_numpy(), dtype=np.float64)
    return found


def _double() -> Any:
    import polars as pl

    return pl.Float64


def _header(kind: Any, rows: int) -> bytes:
    """The beginning of a .npy file, equally long for any number of rows."""
    from numpy.lib import format as numpy_format

    described = numpy_format.dtype_to_descr(kind)
    text = f"{{'descr': {described!r}, 'fortran_order': False, 'shape': ({rows},), }}"
    plain = text.isascii()
    content = text.encode("latin1" if plain else "utf-8")
    # Versions: 2 has long headers, 3 has names in any script.
    begin = b"\x93NUMPY" + (b"\x02\x00" if plain else b"\x03\x00")
    width = len(content) - len(str(rows)) + _DIGITS + 1
    width += -(len(begin) + 4 + width) % 64
    return begin + width.to_bytes(4, "little") + content.ljust(width - 1) + b"\n"
