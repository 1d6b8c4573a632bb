"""adcalc compare."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, FormatName, Formula, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def compare(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    format: FormatName = "table",
) -> None:
    """Every backend side by side: figures, disagreement, operations, evaluations, time.

    adcalc compare "exp(-(x-m)^2/(2*s^2))/sqrt(2*pi*s^2)" --at x=1,m=0.2,s=1.5
    """
    Request(formula=formula, at=at, wrt=wrt, format=format).comparison()
