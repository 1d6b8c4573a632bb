"""adcalc hessian."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Format, FormatName, Formula, MethodName, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def hessian(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = Format.TABLE,
) -> None:
    """Value, gradient, Hessian, eigenvalues and definiteness; without a point, the formulas.

    adcalc hessian "x1^2*(x1 + x2)" --at x1=2,x2=3
    adcalc hessian "x*x*y + y + 2"
    """
    Request(formula, at, wrt, backend, format, method, step).hessian()
