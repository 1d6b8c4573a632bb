"""adcalc grad."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Format, FormatName, Formula, MethodName, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def grad(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = Format.TABLE,
) -> None:
    """The value and the gradient; without a point, the formulas of the partials.

    adcalc grad "x*x*y + y + 2" --at x=3,y=4
    adcalc grad "x*x*y + y + 2"
    adcalc grad "sin(x^2)" --at x=3 --backend numeric --method central
    """
    Request(formula, at, wrt, backend, format, method, step).gradient()
