"""adcalc eval."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.asking import Request
from adcalc.cli.options import At, BackendName, Force, FormatName, Formula, Out

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def evaluate(
    formula: Formula,
    at: At = None,
    backend: BackendName = "reverse",
    format: FormatName = "table",
    out: Out = None,
    force: Force = False,
) -> None:
    """The value of a formula.

    adcalc eval "sqrt(2)*sin(pi/4)"
    adcalc eval "x^2 + y" --at x=3,y=1/4
    adcalc eval "A @ x" --at "A=[[1, 2], [3, 4]],x=[1, -1]"
    adcalc eval "mean(h)" --at h=@people.csv:height
    adcalc eval @program.txt --format json

    A value of --at may be a file: @w.npy, @data.npz:key, @table.csv (a matrix), @table.csv:column.
    --out writes the value to a .npy file, or as `value` to a .npz file.
    """
    Request(formula=formula, at=at, backend=backend, format=format, out=out, force=force).value()
