"""adcalc grad."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Shape, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Elementwise = Annotated[
    bool, typer.Option("--elementwise", help="Of a curve: value and derivative at every entry of the arrays.")
]


@app.command(cls=FormulaCommand)
def grad(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    elementwise: Elementwise = False,
    shape: Shape = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """The value and the gradient; without a point, the formulas of the partials.

    adcalc grad "x*x*y + y + 2" --at x=3,y=4
    adcalc grad "x*x*y + y + 2"
    adcalc grad "sin(x^2)" --at x=3 --backend numeric --method central
    adcalc grad "norm(A @ x - b)^2" --at "A=[[1, 2], [3, 4]],x=[1, 1],b=[0, 1]" --wrt x
    adcalc grad "norm(A @ x - b)^2" --wrt x --shape A:mxn,x:n,b:m
    adcalc grad "exp(-x^2)" --at "x=linspace(-2, 2, 9)" --elementwise

    --out writes a .npz file with `value` and, for each variable x, `d_x`; with one variable a .npy
    file will do, which holds the derivative by it.
    """
    Request(
        formula=formula, at=at, wrt=wrt, backend=backend, format=format, method=method, step=step, shape=shape,
        out=out, force=force,
    ).gradient(elementwise=elementwise)  # fmt: skip
