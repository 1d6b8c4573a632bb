"""adcalc functions."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.options import FormatName

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def functions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them, in full.")] = None,
    format: FormatName = "table",
) -> None:
    """What the language can compute, with the derivative rule of each.

    adcalc functions
    adcalc functions tanh
    """
    from adcalc.render import reference

    rows = reference.all_rows() if name is None else [reference.row_named(name)]
    reference.show_functions(rows, format)
