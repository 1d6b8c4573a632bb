"""Tables on their way out: complete or not at all, and written while the next rows are computed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, TypeAlias

from adcalc.errors import InputProblem
from adcalc.io.chunks import Cells, Kind, check_names
from adcalc.io.formats import FORMATS, Shape, handler, storage_of
from adcalc.io.polars_library import translated
from adcalc.io.references import Array
from adcalc.io.saving import Draft, checked_path
from adcalc.io.threads import Behind


class Columns(NamedTuple):
    """The columns of a table that is written."""

    name: str
    """What to call the table in messages."""
    kept: Mapping[str, Kind]
    results: Sequence[str]
    folder: Path | None = None
    """Where it is written, and what is needed meanwhile."""


class Rows(NamedTuple):
    """Some rows on their way out."""

    kept: Mapping[str, Cells]
    results: Mapping[str, Array]
    drop: Array | None
    """A mask of rows to leave out."""


#: Writes all rows to a file, in a thread.
Encoder: TypeAlias = Callable[[IO[bytes], Iterator[Rows]], None]


def create_table(
    name: str,
    format: str | None,
    *,
    force: bool,
    kept: Mapping[str, Kind],
    results: Sequence[str],
    terminal: IO[bytes] | None = None,
) -> TableWriter:
    """A table to write, checked before anything is read or computed.

    Args:
        name: of a file, or "-" for standard output.
        format: what `--format` says; None to tell it by the name.
        force: a file of that name is replaced.
        kept: the columns passed through, and what they hold: `Table.kinds`.
        results: the names of the other columns, which follow them.
        terminal: where standard output goes if that is a terminal, which takes text only.

    Raises:
        InputProblem: it cannot be written, or must not be, or the format cannot hold it.
        MissingExtra: it needs the data library.
    """
    shown = "standard output" if name == "-" else f"`{name}`"
    shape = storage_of(name, format, b"" if name == "-" else None)
    check_names(shown, [*kept, *results])
    if name == "-" and terminal is not None and (shape.packed or not shape.text):
        raise InputProblem(
            "a terminal cannot show a binary table", hint="write it to a file by `--out`, or into a pipe"
        )
    path = None if name == "-" else checked_path(name, force=force)
    encoder = _encoder(shape, Columns(shown, kept, results, path.parent if path else None))
    if path is None:
        return TableWriter(shown, None, shape, encoder, terminal)
    try:
        draft = Draft(path, replacing=force)
    except OSError as error:
        raise InputProblem(f"cannot write {shown}: {error.strerror or error}") from None
    return TableWriter(shown, draft, shape, encoder)


def _encoder(shape: Shape, columns: Columns) -> Encoder:
    encoder: Encoder = handler(FORMATS[shape.format].writer)(columns, shape.format)
    return _packed(encoder) if shape.packed else encoder


def _packed(encoder: Encoder) -> Encoder:
    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        import gzip

        # Without a date and a name the same table is the same file.
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
            encoder(packed, rows)  # type: ignore[arg-type]

    return encode


class TableWriter:
    """A table that is being written."""

    def __init__(
        self, name: str, draft: Draft | None, shape: Shape, encoder: Encoder, terminal: IO[bytes] | None = None
    ) -> None:
        self.name = name
        self._terminal = terminal
        self._draft = draft
        self._encoder = encoder
        # Where in a file something stands is known only of files, not of a pipe.
        self._copied = draft is None and shape.format in ("npy", "npz")
        self._behind: Behind[Rows] = Behind(self._consume)
        self._open = True

    def write(self, kept: Mapping[str, Cells], results: Mapping[str, Array], drop: Array | None = None) -> None:
        """Adds rows."""
        try:
            self._behind.give(Rows(kept, results, drop if drop is not None and drop.any() else None))
        except OSError as error:
            raise self._problem(error) from None

    def finish(self) -> None:
        """Everything is on disk and has its name."""
        try:
            self._behind.finish()
            if self._draft is not None:
                self._draft.keep()
        except FileExistsError:
            raise InputProblem(f"{self.name} is there already", hint="add `--force` to replace it") from None
        except OSError as error:
            raise self._problem(error) from None
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Nothing is left behind."""
        if self._open:
            self._open = False
            self._behind.abandon()
            if self._draft is not None:
                self._draft.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()

    def _consume(self, rows: Iterator[Rows]) -> None:
        with translated(f"cannot write {self.name}"):
            if self._draft is not None:
                self._encoder(self._draft.file, _on_their_way(self._draft.file, rows))
            elif self._copied:
                with tempfile.TemporaryFile() as file:
                    self._encoder(file, rows)
                    file.seek(0)
                    shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
                    sys.stdout.buffer.flush()
            else:
                sys.stdout.flush()
                out = self._terminal or sys.stdout.buffer
                self._encoder(out, _flushed(out, rows))

    def _problem(self, error: OSError) -> Exception:
        if isinstance(error, BrokenPipeError):
            return error
        return InputProblem(f"cannot write {self.name}: {error.strerror or error}")


def _flushed(file: IO[bytes], rows: Iterator[Rows]) -> Iterator[Rows]:
    """Hands on what is written whenever rows are asked for: whoever reads it may wait for it."""
    for some in rows:
        yield some
        file.flush()


def _on_their_way(file: IO[bytes], rows: Iterator[Rows]) -> Iterator[Rows]:
    """Has the system write to disk what a file holds whenever rows are asked for, so that little is left for the end."""
    done = 0
    for some in rows:
        yield some
        size = os.fstat(file.fileno()).st_size
        if size > done and hasattr(os, "posix_fadvise"):
            # Of pages that are not on disk yet, this one begins to write them.
            os.posix_fadvise(file.fileno(), done, size - done, os.POSIX_FADV_DONTNEED)
            done = size


def left(cells: Cells, drop: Array | None) -> Any:
    """The cells that are not dropped."""
    if drop is None:
        return cells
    if isinstance(cells, list):
        return [cell for cell, out in zip(cells, drop.tolist(), strict=True) if not out]
    import numpy as np

    if isinstance(cells, np.ndarray):
        return cells[~drop]
    import polars as pl

    return cells.filter(pl.Series(~drop))
