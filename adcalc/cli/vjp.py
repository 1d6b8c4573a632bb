"""adcalc vjp."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Cotangent = Annotated[
    str,
    typer.Option(
        "--cotangent",
        metavar="VALUE",
        help="What each entry of the value weighs: a constant formula, or a file (@w.npy).",
    ),
]


@app.command(cls=FormulaCommand)
def vjp(
    formula: Formula,
    at: At = None,
    cotangent: Cotangent = "1",
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    out: Out = None,
    force: Force = False,
) -> None:
    """The value, and a vector times the Jacobian, without the Jacobian: one sweep of reverse mode.

    adcalc vjp "[x*y, x + y]" --at x=2,y=3 --cotangent "[1, 0]"
    adcalc vjp "A @ x" --at A=@a.npy,x=@x.npy --cotangent @g.npy --wrt x

    --out writes a .npz file with `value` and, for each variable x, `vjp_x`; with one variable a .npy file will
    do, which holds `vjp_x`.
    """
    Request(
        formula=formula, at=at, wrt=wrt, backend=backend, format=format, method=method, step=step, out=out, force=force
    ).pullback(cotangent)
