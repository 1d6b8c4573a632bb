"""adcalc diff."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import FormatName, Formula, Shape

app = typer.Typer(rich_markup_mode=None, add_completion=False)

By = Annotated[
    list[str] | None,
    typer.Option(
        "--wrt", metavar="X[,Y...]", help="Differentiate by these, in turn.", show_default="the only variable"
    ),
]
Order = Annotated[int, typer.Option("--order", metavar="N", min=0, max=100, help="How often by each.")]


@app.command(cls=FormulaCommand)
def diff(
    formula: Formula,
    wrt: By = None,
    order: Order = 1,
    shape: Shape = None,
    format: FormatName = "table",
) -> None:
    """The derivative as a formula.

    adcalc diff "log(-x)"
    adcalc diff "exp(2x)*sin(x)" --wrt x --order 2
    adcalc diff "x^2*y^3" --wrt x,y
    adcalc diff "norm(A @ x - b)^2" --wrt x --shape A:mxn,x:n,b:m
    """
    Request(formula=formula, wrt=wrt, backend="symbolic", format=format, shape=shape).derivative(order)
