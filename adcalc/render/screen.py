"""The tables a person reads: on a terminal, in a pipe, in 60 columns, without colour."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adcalc.render.printable import printable
from adcalc.render.report import Report

_PLAIN_BOX = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
_ENDLESS = 1_000_000
_NARROWEST = 20


class Screen:
    """Standard output: how wide it is, and what it can show."""

    def __init__(self) -> None:
        self.interactive = sys.stdout.isatty()
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
        self.unicode = "utf" in encoding
        self.console = Console(
            file=sys.stdout,
            # A terminal that says it has no columns has some all the same.
            width=max(_NARROWEST, shutil.get_terminal_size().columns) if self.interactive else _ENDLESS,
            no_color=not self.interactive or "NO_COLOR" in os.environ,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=not self.interactive,
        )

    def partial(self, *names: str) -> str:
        """The name of a partial derivative: ∂f/∂x, or df/dx where that cannot be shown."""
        d = "∂" if self.unicode else "d"
        order = "" if len(names) == 1 else "²" if self.unicode else "2"
        if len(set(names)) == 1 and len(names) == 2:
            return f"{d}{order}f/{d}{names[0]}{order}"
        return f"{d}{order}f/{''.join(d + name for name in names)}"

    def line(self, text: str = "", style: str = "") -> None:
        """A line of text, wrapped at words by a terminal only."""
        self.console.print(Text(printable(text), style=style), soft_wrap=not self.interactive)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> None:
        """A table; one that is too wide for the terminal is written as a list, a cell a line.

        Args:
            numbers: columns after the first hold numbers, which stand under each other at the point.
        """
        header = [printable(title) for title in header]
        rows = [[printable(cell) for cell in row] for row in rows]
        cells = _aligned(rows) if numbers else rows
        if not self._wide_enough(header, cells):
            self._list(header, rows)
            return
        boxed = SIMPLE_HEAD if self.interactive and self.unicode else _PLAIN_BOX
        table = Table(box=boxed, show_header=any(header), pad_edge=False, padding=(0, 1), show_edge=False)
        for i, title in enumerate(header):
            table.add_column(title, no_wrap=True, style="bold" if i == 0 else "", header_style="dim")
        for row in cells:
            table.add_row(*[Text(cell) for cell in row])
        with self.console.capture() as captured:
            self.console.print(table)
        lines = [line.rstrip() for line in captured.get().split("\n")]
        sys.stdout.write("\n".join(f"  {line}" if line else "" for line in lines).rstrip() + "\n")

    def fits(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Whether a table of numbers keeps its form; where nobody watches every table does."""
        return self._wide_enough(header, _aligned(rows))

    def _wide_enough(self, header: Sequence[str], cells: Sequence[Sequence[str]]) -> bool:
        widths = [max(len(row[i]) for row in [header, *cells]) for i in range(len(header))]
        return not self.interactive or sum(widths) + 3 * len(widths) <= self.console.width

    def _list(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of two columns stays one; a wider one becomes blocks of lines."""
        if len(header) == 2:
            for name, text in rows:
                self.line(f"  {name} = {text}" if name and text else f"  {name}{text}")
            return
        if header[0]:
            self.line(f"  {header[0]}", "dim")
        for row in rows:
            self.line(f"  {row[0]}", "bold")
            width = max(len(title) for title in header[1:])
            for title, cell in zip(header[1:], row[1:], strict=True):
                if cell.strip():
                    self.line(f"    {title:<{width}}  {cell.strip()}")


def _aligned(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Numbers of a column set under each other at their decimal point."""
    columns = list(zip(*rows, strict=True)) if rows else []
    done = [list(columns[0])] if columns else []
    for column in columns[1:]:
        wholes = [_whole_part(cell) for cell in column]
        width = max(map(len, wholes))
        done.append([" " * (width - len(whole)) + cell for whole, cell in zip(wholes, column, strict=True)])
    return [list(row) for row in zip(*done, strict=True)]


def _whole_part(cell: str) -> str:
    return cell.partition(".")[0].partition("e")[0] if cell[:1].isdigit() or cell[:1] == "-" else cell


def draw(report: Report) -> None:
    """A report for a reader."""
    report.draw(Screen())
