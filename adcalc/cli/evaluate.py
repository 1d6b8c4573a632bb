"""adcalc eval."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Format, FormatName, Formula

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def evaluate(
    formula: Formula,
    at: At = None,
    backend: BackendName = "reverse",
    format: FormatName = Format.TABLE,
) -> None:
    """The value of a formula.

    adcalc eval "sqrt(2)*sin(pi/4)"
    adcalc eval "x^2 + y" --at x=3,y=1/4
    adcalc eval @program.txt --format json
    """
    Request(formula, at, None, backend, format).value()
