"""How far a table is: a bar on standard error, where somebody is watching."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from adcalc.io.chunks import Table


class Progress:
    """A bar with rows a second and the time left; nothing at all in a pipe.

    Args:
        shown: nothing else is written to the terminal meanwhile.
    """

    def __init__(self, table: Table, *, shown: bool) -> None:
        self._table = table
        self._bar: Any = None
        self._task: Any = None
        self._shown = shown and sys.stderr.isatty()
        self._whole: int | None = table.rows

    def __enter__(self) -> Self:
        if self._shown:
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, rows: int, end: int | None = None) -> None:
        """Tells how many rows are done, and where in the file the last of them ends, if that is known."""
        if self._bar is None:
            return
        if self._table.rows is None and end and self._table.size:
            # Rows that are only read are not done: those to come are taken to be as long as these.
            self._whole = max(rows, round(rows * self._table.size / end))
        self._bar.update(self._task, completed=rows, total=self._whole, rows=f"{rows:,} rows", speed=self._speed(rows))

    def _speed(self, rows: int) -> str:
        elapsed = self._bar.tasks[0].elapsed or 0.0
        return f"{_short(rows / elapsed)} rows/s" if elapsed else ""

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(file=sys.stderr, no_color="NO_COLOR" in os.environ, highlight=False)
        columns = [TextColumn("{task.fields[rows]}"), BarColumn(None), TaskProgressColumn()]
        ending = [TextColumn("{task.fields[speed]}"), TimeRemainingColumn()]
        self._bar = Bar(*columns, *ending, console=console, transient=True, expand=True)
        self._task = self._bar.add_task("", total=None, rows="", speed="")
        self._bar.start()


def _short(number: float) -> str:
    """A number in few letters.

    >>> _short(1234567.0), _short(830.0)
    ('1.2 M', '830')
    """
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.1f}{letter}"
    return f"{number:.0f}"
