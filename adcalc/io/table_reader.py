"""What all open tables have in common: rows are read ahead, and only columns that are there are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from adcalc.io.chunks import NUMBER, TEXT, Kind, Part, Table, check_known, no_rows
from adcalc.io.formats import FORMATS, handler
from adcalc.io.sources import ByteSource
from adcalc.io.threads import Ahead


class OpenTable(ABC):
    """A `Table`, but for the reading."""

    rows: int | None = None
    note = ""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._ahead: Ahead[Part] | None = None
        self._types: Mapping[str, Kind] = {}
        self.name, self.size = source.name, source.size

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._types)

    @property
    def position(self) -> int:
        """How many bytes are read."""
        return self._source.position

    def kinds(self, keep: Sequence[str], numbers: Sequence[str]) -> dict[str, Kind]:
        """What the columns to keep hold."""
        check_known(self.name, self.columns, keep)
        found = {column: self._types[column] for column in keep}
        return {column: NUMBER if kind == TEXT and column in numbers else kind for column, kind in found.items()}

    def parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows in order, read ahead in a thread from this call on."""
        check_known(self.name, self.columns, [*numbers, *keep])
        numbers, keep = tuple(dict.fromkeys(numbers)), tuple(dict.fromkeys(keep))
        self._ahead = Ahead(lambda: self._counted(numbers, keep))
        return self._ahead

    def close(self) -> None:
        """Stops reading, and lets go of the file."""
        if self._ahead is None or self._ahead.close():
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _counted(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        done = 0
        for part in self._parts(numbers, keep):
            done += part.rows
            yield part._replace(end=self.position)
        if not done:
            raise no_rows(self.name)

    @abstractmethod
    def _parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows in order; a part may be empty."""


def open_table(name: str, format: str | None = None) -> Table:
    """A table to read.

    Args:
        name: of a file, or "-" for standard input.
        format: what `--format` says; None to tell it by the name, or of standard input by its first bytes.

    Raises:
        InputProblem: there is none, or it cannot be read.
        MissingExtra: it needs the data library.
    """
    source = ByteSource(name, format)
    try:
        table: Table = handler(FORMATS[source.shape.format].reader)(source)
    except BaseException:
        source.close()
        raise
    return table
