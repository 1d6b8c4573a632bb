"""adcalc jvp."""

from __future__ import annotations

from typing import Annotated

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Step

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Tangent = Annotated[
    list[str],
    typer.Option(
        "--tangent", metavar="X=1,Y=0", help="How the variables move, in the way of --at; others stand still."
    ),
]


@app.command(cls=FormulaCommand)
def jvp(
    formula: Formula,
    tangent: Tangent,
    at: At = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    out: Out = None,
    force: Force = False,
) -> None:
    """The value, and how it moves along a tangent: the Jacobian times a vector, without the Jacobian.

    adcalc jvp "[x*y, x + y]" --at x=2,y=3 --tangent x=1
    adcalc jvp "A @ x" --at A=@a.npy,x=@x.npy --tangent "x=ones(100)"

    --out writes a .npz file with `value` and `tangent`; a .npy file holds the tangent.
    """
    Request(
        formula=formula, at=at, backend=backend, format=format, method=method, step=step, out=out, force=force
    ).pushforward(tangent)
