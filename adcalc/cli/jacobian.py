"""adcalc jacobian."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, MethodName, Out, Step, Wrt

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def jacobian(
    formula: Formula,
    at: At = None,
    wrt: Wrt = None,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    format: FormatName = "table",
    out: Out = None,
    force: Force = False,
) -> None:
    """The value and the matrix of all partial derivatives of its entries.

    adcalc jacobian "[x*y, x + y, x^2]" --at x=2,y=3
    adcalc jacobian "tanh(W @ x)" --at "W=[[1, 2], [3, 4]],x=[0.1, 0.2]" --wrt x

    --out writes a .npz file with `value` and, for each variable x, `d_x`: axes of the value first, then those
    of x; with one variable a .npy file will do, which holds the derivative by it.
    """
    Request(
        formula=formula, at=at, wrt=wrt, backend=backend, format=format, method=method, step=step, out=out, force=force
    ).jacobian()
