"""Parquet and Arrow written with the data library, a group of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from adcalc.io.cells import numbers_in
from adcalc.io.chunks import NUMBER, TEXT, Kind
from adcalc.io.polars_library import polars_for
from adcalc.io.table_writer import Columns, Encoder, Rows
from adcalc.io.text_writers import frame_of

#: What other programs read at once, and what must be held until it is complete.
_GROUP = 1 << 18


def frames(columns: Columns, format: str) -> Encoder:
    """Writes Parquet or Arrow; what was not computed is null.

    Raises:
        MissingExtra: the data library is not installed.
    """
    pl = polars_for(columns.name)
    kept = {name: _type(pl, kind) for name, kind in columns.kept.items()}
    schema = {**kept, **dict.fromkeys(columns.results, pl.Float64)}

    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        from polars.io.plugins import register_io_source

        def frames_of_rows(*_: Any) -> Iterator[Any]:
            for some in rows:
                yield _typed(pl, frame_of(pl, some), schema)

        source = register_io_source(frames_of_rows, schema=schema)
        if format == "parquet":
            source.sink_parquet(file, row_group_size=_GROUP, maintain_order=True)
        else:
            source.sink_ipc(file, maintain_order=True)

    return encode


def _type(pl: Any, kind: Kind) -> Any:
    """The library's type for a column that is kept."""
    import numpy as np

    if isinstance(kind, str):
        return {NUMBER: pl.Float64, TEXT: pl.String}[kind]
    return pl.Series(np.empty(0, kind)).dtype if isinstance(kind, np.dtype) else kind


def _typed(pl: Any, frame: Any, schema: dict[str, Any]) -> Any:
    """Text that was read as numbers becomes numbers."""
    changed = []
    for name, kind in schema.items():
        series = frame.get_column(name)
        if series.dtype == kind:
            continue
        if kind == pl.Float64 and series.dtype == pl.String:
            changed.append(pl.Series(name, numbers_in(series), nan_to_null=True))
        else:
            changed.append(series.cast(kind))
    return frame.with_columns(changed) if changed else frame
