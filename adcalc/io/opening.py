"""Tables opened for reading, each by its format."""

from __future__ import annotations

from adcalc.io.chunks import Table
from adcalc.io.sources import Source


def open_table(name: str, format: str | None = None) -> Table:
    """A table to read.

    Args:
        name: of a file, or "-" for standard input.
        format: what `--format` says; None to tell it by the name, or of standard input by its first bytes.

    Raises:
        InputProblem: there is none, or it cannot be read.
        MissingExtra: it needs the data library.
    """
    source = Source(name, format)
    try:
        return _opened(source)
    except BaseException:
        source.close()
        raise


def _opened(source: Source) -> Table:
    kind = source.shape.format
    if kind in ("csv", "tsv"):
        from adcalc.io.csv_reader import SeparatedTable

        return SeparatedTable(source)
    if kind in ("parquet", "arrow"):
        from adcalc.io.frame_reader import FrameTable

        return FrameTable(source)
    if kind == "jsonl":
        from adcalc.io.json_reader import JsonTable

        return JsonTable(source)
    from adcalc.io.array_reader import ArrayTable

    return ArrayTable(source)
