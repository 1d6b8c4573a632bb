"""Tables of typed columns, Parquet and Arrow, read with the data library."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from adcalc.errors import InputProblem
from adcalc.io.cells import array_of, numbers_in
from adcalc.io.chunks import ROWS, TEXT, Part, check_known, check_names, no_rows, unreadable_in
from adcalc.io.polars_library import polars_for, translated
from adcalc.io.sources import ByteSource
from adcalc.io.table_reader import OpenTable

#: Arrow files are mapped into memory, and let go of only after so many rows.
_MAPPED = 1 << 20


class FrameTable(OpenTable):
    """A Parquet or Arrow file that is open for reading."""

    def __init__(self, source: ByteSource) -> None:
        """Reads what columns there are.

        Raises:
            InputProblem: it is no such file, or has no rows.
            MissingExtra: the data library is not installed.
        """
        pl = self._polars = polars_for(source.name)
        super().__init__(source)
        if not self.size:
            raise InputProblem(f"{self.name} is empty", hint="it needs columns, and rows")
        self._broken = f"cannot read {self.name}"
        scan = pl.scan_parquet if source.shape.format == "parquet" else pl.scan_ipc
        with translated(self._broken):
            # A * in the name of a file is a *.
            self._scan = scan(source.path, glob=False)
            self._schema = self._scan.collect_schema()
            self.rows = int(self._scan.select(pl.len()).collect().item())
        self._types = {name: TEXT if kind == pl.String else kind for name, kind in self._schema.items()}
        check_names(self.name, self.columns)
        if not self.rows:
            raise no_rows(self.name)
        self._done = 0
        self._stretch = self.rows if source.shape.format == "parquet" else _MAPPED

    @property
    def position(self) -> int:
        """How many bytes are read, as far as rows tell."""
        return (self.size or 0) * self._done // (self.rows or 1)

    def parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows in order, read ahead in a thread from this call on."""
        check_known(self.name, self.columns, [*numbers, *keep])
        for column in numbers:
            self._check_type(column)
        return super().parts(numbers, keep)

    def _check_type(self, column: str) -> None:
        pl, kind = self._polars, self._schema[column]
        if not (
            kind.is_numeric() or kind in (pl.Boolean, pl.String, pl.Null, pl.Categorical) or isinstance(kind, pl.Enum)
        ):
            what = "dates or times" if kind.is_temporal() else "lists" if kind.is_nested() else f"{kind}".lower()
            raise InputProblem(f"column `{column}` of {self.name} holds {what}, not numbers")

    def _parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        wanted = list(dict.fromkeys([*numbers, *keep])) or [self.columns[0]]
        with translated(self._broken), closing(self._batches(wanted)) as batches:
            for frame in batches:
                if frame.height:
                    yield self._part(frame, numbers, keep)
                    self._done += frame.height

    def _batches(self, wanted: Sequence[str]) -> Generator[Any, None, None]:
        assert self.rows
        for first in range(0, self.rows, self._stretch):
            scan = self._scan.select(wanted).slice(first, self._stretch)
            for batch in scan.collect_batches(chunk_size=ROWS, maintain_order=True):
                # A batch may be as long as the file's groups of rows are.
                yield from batch.iter_slices(ROWS)

    def _part(self, frame: Any, numbers: Sequence[str], keep: Sequence[str]) -> Part:
        found = {column: self._numbers(frame.get_column(column)) for column in numbers}
        masks, texts = unreadable_in(found, frame.get_column)
        kept = {column: frame.get_column(column) for column in keep}
        return Part(self._done, frame.height, found, masks, kept, texts)

    def _numbers(self, series: Any) -> Any:
        pl = self._polars
        if series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null):
            return array_of(series.cast(pl.Float64))
        return numbers_in(series.cast(pl.String))
