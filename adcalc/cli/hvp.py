"""adcalc hvp."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Vector = Annotated[
    list[str],
    typer.Option(
        "--vector", metavar="X=1,Y=0", help="What the Hessian is multiplied by, in the way of --at; others are 0."
    ),
]


@app.command(cls=FormulaCommand)
def hvp(
    formula: Formula,
    vector: Vector,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    out: Out = None,
    force: Force = False,
) -> None:
    """The value, the gradient, and the Hessian times a vector, without the Hessian.

    adcalc hvp "x*x*y + y + 2" --at x=3,y=4 --vector x=1
    adcalc hvp "logsumexp(A @ x)" --at A=@a.npy,x=@x.npy --vector x=@v.npy --wrt x

    --out writes a .npz file with `value` and, for each variable x, `d_x` and `hvp_x`; with one variable a .npy
    file will do, which holds `hvp_x`.
    """
    Request(
        formula=formula, at=at, wrt=wrt, backend=backend, format=format, method=method, step=step, out=out, force=force
    ).hessian_product(vector)
