"""Results for programs: JSON, CSV and plain text, never wrapped, never rounded."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adcalc.algebras.text import digits
from adcalc.errors import Caution
from adcalc.render.figures import entries, figure_shape, flat, indices, is_array
from adcalc.render.printable import json_text, write
from adcalc.render.report import Cells, Line, Report
from adcalc.results import Array, Figure


def json_line(fields: Mapping[str, Any], warnings: Sequence[Caution] | None = None) -> str:
    """One object on one line; numbers that are not finite become texts.

    >>> json_line({"value": float("inf"), "gradient": {"x": 24.0}})
    '{"value": "inf", "gradient": {"x": 24.0}}'
    """
    whole = dict(fields)
    if warnings is not None:
        whole["warnings"] = [
            {"kind": w.kind, "message": w.message, "span": list(w.span) if w.span else None} for w in warnings
        ]
    return json_text(_plain(whole))


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case int() | str() | None:
            return value
    return nested(value)


def nested(array: Array) -> Any:
    """An array as nested lists, in which what is not finite is a text.

    >>> import numpy as np
    >>> nested(np.array([[1.0, np.inf], [np.nan, -np.inf]]))
    [[1.0, 'inf'], ['nan', '-inf']]
    """
    import numpy as np

    finite = np.isfinite(array)
    if finite.all():
        return array.tolist()
    mixed = array.astype(object)
    mixed[~finite] = [str(value) for value in array[~finite].tolist()]
    return mixed.tolist()


def write_json(report: Report) -> None:
    """One object on a line for each record."""
    for record in report.records():
        write(json_line(record, report.warnings))


def write_csv(report: Report) -> None:
    """A header and rows."""
    write(csv_rows(report.cells()))


def write_plain(report: Report) -> None:
    """Lines of a name and its values, separated by blanks."""
    write(
        "\n".join(
            " ".join([*([name] if name else []), *(digits(v) if isinstance(v, float) else v for v in values)])
            for name, values in report.lines()
        )
    )


def csv_rows(cells: Cells) -> str:
    """A table as comma-separated values.

    >>> print(csv_rows(single_row({"value": 42.0, "d_x": 24.0})))
    value,d_x
    42,24
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(cells.header)
    writer.writerows([digits(cell) if isinstance(cell, float) else cell for cell in row] for row in cells.rows)
    return buffer.getvalue().rstrip("\n")


def single_row(columns: Mapping[str, float | str]) -> Cells:
    """A table of one row."""
    return Cells(columns, [columns.values()])


def array_cells(array: Array) -> Cells:
    """A vector as a column; anything else with a row for each place on all axes but the last."""
    if len(array.shape) == 1:
        return column_cells({"value": array})
    return Cells([f"value_{i}" for i in range(array.shape[-1])], flat(array).tolist())


def column_cells(columns: Mapping[str, Array]) -> Cells:
    """Arrays of as many entries side by side, a row for each entry; of a matrix with its place in front."""
    shape = figure_shape(next(iter(columns.values())))
    cells: list[Iterable[float | str]] = [entries(column) for column in columns.values()]
    if len(shape) > 1:
        places = [" ".join(map(str, index)) for index in indices(shape)]
        return Cells(["index", *columns], zip(places, *cells, strict=True))
    return Cells(columns, zip(*cells, strict=True))


def figure_cells(figures: Mapping[str, Figure]) -> Cells:
    """Figures by name: one row if all are numbers, else a row for each entry with name and place.

    >>> import numpy as np
    >>> print(csv_rows(figure_cells({"value": 5.0, "d_x": np.array([2.0, 4.0])})))
    name,index,value
    value,,5
    d_x,0,2
    d_x,1,4
    """
    if not any(map(is_array, figures.values())):
        return single_row(figures)
    rows: list[tuple[str, str, float]] = []
    for name, figure in figures.items():
        places = (" ".join(map(str, index)) for index in indices(figure_shape(figure)))
        rows += [(name, place, entry) for place, entry in zip(places, entries(figure), strict=True)]
    return Cells(["name", "index", "value"], rows)


def figure_lines(figures: Mapping[str, Figure]) -> list[Line]:
    """A line for each figure, the entries of an array row by row."""
    return [(name, entries(figure)) for name, figure in figures.items()]


def listing(columns: Sequence[str], rows: Sequence[Sequence[float | str]]) -> str:
    r"""A list of things with their properties as a LaTeX table.

    >>> print(listing(["name", "ulps"], [["x_1", 0.5]]))
    \begin{tabular}{ll}
    \texttt{name} & \texttt{ulps} \\
    \hline
    \texttt{x\_1} & 0.5 \\
    \end{tabular}
    """
    head, *body = [" & ".join(map(_latex_cell, row)) + r" \\" for row in [columns, *rows]]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * len(columns)}}}", head, r"\hline", *body, r"\end{tabular}"])


#: What LaTeX reads as a command, and how it is written as itself.
_ESCAPED = str.maketrans({
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
})  # fmt: skip


def _latex_cell(value: float | str) -> str:
    if isinstance(value, float):
        return digits(value)
    return rf"\texttt{{{value.translate(_ESCAPED)}}}" if value else ""
