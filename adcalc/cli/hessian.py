"""adcalc hessian."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Shape, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def hessian(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    shape: Shape = None,
    out: Out = None,
    force: Force = False,
) -> None:
    """Value, gradient, Hessian, eigenvalues and definiteness; without a point, the formulas.

    adcalc hessian "x1^2*(x1 + x2)" --at x1=2,x2=3
    adcalc hessian "x*x*y + y + 2"
    adcalc hessian "sum(x^2)*x[0]" --at "x=[1, 2, 3]"

    --out writes a .npz file with `value`, `d_x` for each variable x, and `hessian`; a .npy file holds the Hessian.
    """
    Request(
        formula=formula, at=at, wrt=wrt, backend=backend, format=format, method=method, step=step, shape=shape,
        out=out, force=force,
    ).hessian()  # fmt: skip
