"""Results for programs: JSON, CSV and plain text, never wrapped, never rounded."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adcalc.algebras.text import digits
from adcalc.errors import Caution


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
    return json.dumps(_plain(whole), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


def csv_text(columns: Mapping[str, float | str]) -> str:
    """A header and one row.

    >>> print(csv_text({"value": 42.0, "d_x": 24.0}))
    value,d_x
    42,24
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerow([digits(value) if isinstance(value, float) else value for value in columns.values()])
    return buffer.getvalue().rstrip("\n")


def plain_lines(rows: Iterable[tuple[str, Iterable[float | str]]]) -> str:
    """Lines of a name and its values, separated by blanks."""
    return "\n".join(
        " ".join([*([name] if name else []), *(digits(v) if isinstance(v, float) else v for v in values)])
        for name, values in rows
    )
