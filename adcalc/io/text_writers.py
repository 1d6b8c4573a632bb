"""Tables of text written: CSV and TSV, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from adcalc.errors import InputProblem
from adcalc.io.chunks import Cells
from adcalc.io.polars_library import polars_if_worth_it
from adcalc.io.table_writer import Columns, Encoder, Rows, left


def separated(columns: Columns, format: str) -> Encoder:
    """Writes CSV or TSV; what was not computed is an empty cell."""
    for column, kind in columns.kept.items():
        if hasattr(kind, "is_nested") and (kind.is_nested() or f"{kind}" == "Binary"):
            hint = "leave it out, or write Parquet or Arrow"
            raise InputProblem(f"column `{column}` cannot be written as text to {columns.name}", hint=hint)
    separator = "\t" if format == "tsv" else ","
    names = [*columns.kept, *columns.results]

    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        file.write(_lines([[name] for name in names], separator))
        for some in rows:
            pl = polars_if_worth_it(_count(some))
            if pl is None or len(names) == 1:
                file.write(_lines(_texts(some, _csv_text), separator))
            else:
                # The library writes past the buffer.
                file.flush()
                frame_of(pl, some).write_csv(file, include_header=False, separator=separator)

    return encode


def json_lines(columns: Columns, _format: str = "jsonl") -> Encoder:
    """Writes one object a line; what was not computed is null."""
    names = [_json(name).replace("%", "%%") for name in [*columns.kept, *columns.results]]
    template = "{" + ", ".join(f"{name}: %s" for name in names) + "}\n"

    def encode(file: IO[bytes], rows: Iterator[Rows]) -> None:
        for some in rows:
            lines = [template % cells for cells in zip(*_texts(some, _json), strict=True)]
            # Half of a pair of surrogates is no character; JSON can still spell it.
            file.write("".join(lines).encode(errors="backslashreplace"))

    return encode


def frame_of(pl: Any, rows: Rows) -> Any:
    """Rows as a data frame, null where nothing was computed."""
    columns = [_series(pl, name, left(cells, rows.drop)) for name, cells in rows.kept.items()]
    columns += [pl.Series(name, left(values, rows.drop), nan_to_null=True) for name, values in rows.results.items()]
    return pl.DataFrame(columns)


def _series(pl: Any, name: str, cells: Cells) -> Any:
    if isinstance(cells, pl.Series):
        return cells.alias(name)
    if isinstance(cells, list) and not all(cell is None or isinstance(cell, str) for cell in cells):
        cells = [cell if cell is None or isinstance(cell, str) else _json(cell).strip('"') for cell in cells]
    return pl.Series(name, cells)


def _count(rows: Rows) -> int:
    return len(next(iter((*rows.results.values(), *rows.kept.values())), ()))


def _texts(rows: Rows, text: Callable[[Any], str]) -> list[list[str]]:
    """The columns as texts."""
    columns = [list(map(text, _values(left(cells, rows.drop)))) for cells in rows.kept.values()]
    for values in rows.results.values():
        some = left(values, rows.drop)
        numbers = some.tolist()
        # Where all are finite, which is the rule, nothing is asked of each.
        finite = math.isfinite(sum(numbers))
        columns.append(list(map(repr, numbers)) if finite else [text(x if x == x else None) for x in numbers])
    return columns


def _values(cells: Cells) -> list[Any]:
    found: list[Any] = (
        cells if isinstance(cells, list) else cells.tolist() if hasattr(cells, "tolist") else cells.to_list()
    )
    return found


def _csv_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else "" if cell is None else _json(cell).strip('"')


def _json(cell: Any) -> str:
    if isinstance(cell, float):
        # JSON has no other numbers than finite ones.
        return repr(cell) if math.isfinite(cell) else f'"{cell}"'
    return json.dumps(cell, ensure_ascii=False, default=str)


def _lines(columns: Sequence[Sequence[str]], separator: str) -> bytes:
    """Columns as lines of CSV, with quotes where they are needed."""
    lines = list(map(separator.join, zip(*columns, strict=True)))
    joined = "\n".join([*lines, ""])
    # Where only what stands between cells looks like it, nothing needs a quote, as nearly always.
    between = len(lines) * (len(columns) - 1)
    if (
        between
        and joined.count(separator) == between
        and joined.count("\n") == len(lines)
        and '"' not in joined
        and "\r" not in joined
    ):
        return joined.encode(errors="replace")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue().encode(errors="replace")
