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
    from adcalc.render.machine import json_line, listing
    from adcalc.render.page import write
    from adcalc.render.screen import Screen

    rows = [[name, backend_named(name).doc] for name in BACKENDS]
    match format:
        case Format.JSON:
            for name, doc in rows:
                write(json_line({"name": name, "doc": doc}))
        case Format.TABLE:
            Screen().table(["", ""], rows, numbers=False)
        case _:
            write(listing(["name", "doc"], rows, format))
