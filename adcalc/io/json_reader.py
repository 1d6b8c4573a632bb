"""JSON lines read: an object a line, block by block."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from adcalc.errors import InputProblem
from adcalc.io.cells import numbers_in
from adcalc.io.chunks import TEXT, Part, check_names, no_rows, unreadable_in
from adcalc.io.sources import ByteSource
from adcalc.io.table_reader import OpenTable
from adcalc.io.text_blocks import blocks

_BOM = b"\xef\xbb\xbf"
_NO_OBJECT = "the row is no JSON object"
_LINES = 'JSON lines have an object a line, such as `{"x": 1.5, "y": 2}`'


class JsonTable(OpenTable):
    """JSON lines that are open for reading; the columns are the keys of the first block of lines."""

    def __init__(self, source: ByteSource) -> None:
        """Reads the first lines.

        Raises:
            InputProblem: there are none, or the first is no object.
        """
        super().__init__(source)
        self._blocks = blocks(source.read, self.name, quote=b"\0")
        first = next(self._blocks, b"").removeprefix(_BOM)
        self._check_first(first)
        self._blocks = chain([first], self._blocks)
        found = (row for row in _objects(first) if row is not None)
        self._types = dict.fromkeys(chain.from_iterable(found), TEXT)
        check_names(self.name, self.columns)

    def _check_first(self, block: bytes) -> None:
        line = next((line for line in block.split(b"\n") if line.strip()), b"")
        if not line:
            raise no_rows(self.name)
        try:
            pairs = json.loads(line, object_pairs_hook=tuple)
        except (ValueError, RecursionError):
            raise InputProblem(f"the first line of {self.name} is no JSON", hint=_LINES) from None
        if not isinstance(pairs, tuple):
            raise InputProblem(f"the first line of {self.name} is no JSON object", hint=_LINES)
        check_names(self.name, [name for name, _ in pairs])

    def _parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        done = 0
        for block in self._blocks:
            found = _objects(block)
            broken = {place: _NO_OBJECT for place, row in enumerate(found) if row is None}
            rows = [row or {} for row in found]
            values = {column: numbers_in([row.get(column) for row in rows]) for column in numbers}
            masks, texts = unreadable_in(values, lambda column, rows=rows: [row.get(column) for row in rows])  # type: ignore[misc]
            kept = {column: [row.get(column) for row in rows] for column in keep}
            yield Part(done, len(rows), values, masks, kept, texts, broken)
            done += len(rows)


def _objects(block: bytes) -> list[dict[str, Any] | None]:
    """The objects in lines that are not blank; None for what is none."""
    lines = [line for line in block.decode().split("\n") if line and not line.isspace()]
    try:
        # One call for all of them is several times faster than one for each.
        found = json.loads(f"[{','.join(lines)}]")
        if len(found) != len(lines):
            found = [_object(line) for line in lines]
    except (ValueError, RecursionError):
        found = [_object(line) for line in lines]
    return [row if isinstance(row, dict) else None for row in found]


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
