"""adcalc backends."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.options import Format, FormatName

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def backends(format: FormatName = Format.TABLE) -> None:
    """The ways to a derivative.

    adcalc grad "x^2" --at x=3 --backend dual
    """
    from adcalc.backends import BACKENDS, backend_named
    from adcalc.render.machine import json_line
    from adcalc.render.page import write
    from adcalc.render.screen import Screen

    if format is Format.JSON:
        for name in BACKENDS:
            write(json_line({"name": name, "doc": backend_named(name).doc}))
        return
    Screen().table(["", ""], [[name, backend_named(name).doc] for name in BACKENDS], numbers=False)
