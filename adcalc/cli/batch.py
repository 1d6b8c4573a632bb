"""adcalc batch."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.options import At, BackendName, Formula, MethodName, Step, Wrt
from adcalc.errors import InputProblem
from adcalc.io.chunks import shortened
from adcalc.io.formats import FORMATS

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class OnError(StrEnum):
    """What becomes of a row that cannot be computed."""

    NAN = "nan"
    SKIP = "skip"
    STOP = "stop"


class Engine(StrEnum):
    """What computes the rows."""

    AUTO = "auto"
    NATIVE = "native"
    NUMPY = "numpy"


class BatchCommand(FormulaCommand):
    """A command whose option `--keep` may stand without a value, for all columns, and whose table is an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Gives a bare `--keep` its value.

        Raises:
            InputProblem: there is more than a formula besides the options.
        """
        following = [*args[1:], "--"]
        given = [
            part
            for word, after in zip(args, following, strict=True)
            for part in ([word, "*"] if word == "--keep" and after.startswith("-") else [word])
        ]
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, given)
        if ctx.args and not ctx.resilient_parsing:
            extra = shortened(ctx.args[0])
            hint = f"the table is an option: `--data {extra}`"
            raise InputProblem(f"`{extra}` is one argument too many: there is a formula and no more", hint=hint)
        return rest


_TABLES = ", ".join([*FORMATS][:-1]) + f" or {[*FORMATS][-1]}"
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="FILE", help="The table; `-` is standard input. Its columns are the variables."),
]
DataFormat = Annotated[
    str | None, typer.Option("--data-format", metavar="NAME", help="Of the table, where its name does not tell.")
]
Map = Annotated[
    list[str] | None, typer.Option("--map", metavar="X=COLUMN", help="Read a variable from a column of another name.")
]
Keep = Annotated[
    list[str] | None, typer.Option("--keep", metavar="[A,B]", help="Columns to pass through; all without a value.")
]
OutTable = Annotated[
    str, typer.Option("--out", "-o", metavar="FILE", help="Where the results go; `-` is standard output.")
]
TableFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help=f"How to write the results: {_TABLES}; else the name of the file tells."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
Hessian = Annotated[bool, typer.Option("--hessian", help="Second partial derivatives too.")]
OnErrorName = Annotated[
    OnError,
    typer.Option("--on-error", help="A row that cannot be computed: leave its results empty, leave it out, or stop."),
]
Fast = Annotated[bool, typer.Option("--fast", help="Trade the last bits for speed.")]
EngineName = Annotated[Engine, typer.Option("--engine", help="Machine code, or NumPy.")]
Threads = Annotated[int | None, typer.Option("--threads", metavar="N", min=1, help="How many may compute at once.")]


@app.command(cls=BatchCommand)
def batch(
    formula: Formula,
    data: Data = None,
    at: At = None,
    map: Map = None,
    wrt: Wrt = None,
    hessian: Hessian = False,
    keep: Keep = None,
    out: OutTable = "-",
    format: TableFormat = None,
    data_format: DataFormat = None,
    on_error: OnErrorName = OnError.NAN,
    force: Force = False,
    backend: BackendName = "reverse",
    method: MethodName = None,
    step: Step = None,
    engine: EngineName = Engine.AUTO,
    fast: Fast = False,
    threads: Threads = None,
) -> None:
    """Value and derivatives for every row of a table.

    adcalc batch "a*exp(-b*t)" --data obs.csv --at a=2 --wrt a,b --out grads.parquet
    adcalc batch "log(x1) + x1*x2 - sin(x2)" --data points.parquet --hessian -o out.csv
    adcalc batch "x^2*y" --data obs.csv --map x=width,y=height --keep id -o out.csv
    cat points.csv | adcalc batch "x*x*y + y + 2" --data - | head

    The results are the columns `value`, `d_x`, `d_y`, and with --hessian `d_x_x`, `d_x_y`, `d_y_y`.
    """
    from adcalc.cli.tables import TableRequest

    TableRequest(
        formula=formula, data=data, at=at, map=map, wrt=wrt, hessian=hessian, keep=keep, out=out, format=format,
        data_format=data_format, on_error=on_error.value, force=force, backend=backend, method=method, step=step,
        engine=engine.value, fast=fast, threads=threads,
    ).run()  # fmt: skip
