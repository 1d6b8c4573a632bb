"""The options that several commands share, each with its help."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adcalc.errors import InputProblem
from adcalc.render.formats import FORMATS

if TYPE_CHECKING:
    from adcalc.backends import Backend


class Method(StrEnum):
    """How the numeric backend forms difference quotients."""

    RICHARDSON = "richardson"
    CENTRAL = "central"
    FORWARD = "forward"
    COMPLEX = "complex"


def _backend_names() -> list[str]:
    from adcalc.backends import BACKENDS

    return list(BACKENDS)


def _format_names() -> list[str]:
    return list(FORMATS)


def _known_format(name: str) -> str:
    if name not in FORMATS:
        known = ", ".join(f"'{each}'" for each in FORMATS)
        raise typer.BadParameter(f"{name!r} is not one of {known}")
    return name


Formula = Annotated[str, typer.Argument(help="The formula; `-` reads standard input, `@path` a file.")]
At = Annotated[
    list[str] | None,
    typer.Option(
        "--at", metavar="X=3,Y=4", help="The point; a value is a constant formula (pi/2, [1, 2]) or a file (@w.npy)."
    ),
]
Wrt = Annotated[list[str] | None, typer.Option("--wrt", metavar="X,Y", help="Differentiate by these names only.")]
BackendName = Annotated[
    str,
    typer.Option(
        "--backend", metavar="NAME", help="reverse, dual, symbolic or numeric.", autocompletion=_backend_names
    ),
]
MethodName = Annotated[
    Method | None, typer.Option("--method", help="For the numeric backend: which difference quotient.")
]
Step = Annotated[float | None, typer.Option("--step", metavar="H", help="For the numeric backend: the step.")]
Shape = Annotated[
    list[str] | None,
    typer.Option("--shape", metavar="X:N,A:NxN", help="For formulas: which variables are vectors and matrices."),
]
Out = Annotated[
    str | None,
    typer.Option("--out", metavar="FILE", help="Also write the result to a .npy or .npz file."),
]
Force = Annotated[bool, typer.Option("--force", help="With --out: replace a file that is there already.")]
FormatName = Annotated[
    str,
    typer.Option(
        "--format",
        metavar=f"<{'|'.join(FORMATS)}>",
        help="How to write the result.",
        callback=_known_format,
        autocompletion=_format_names,
    ),
]


def backend_of_options(name: str, method: Method | None, step: float | None) -> Backend:
    """The backend that the options ask for.

    Raises:
        InputProblem: unknown, or options that belong to another one.
    """
    from adcalc.backends import backend_named

    backend = backend_named(name)
    if method is None and step is None:
        return backend()
    from adcalc.backends.numeric import Numeric

    if backend is not Numeric:
        option = "--method" if method is not None else "--step"
        raise InputProblem(f"`{option}` is an option of the numeric backend", hint="add `--backend numeric`")
    return Numeric(method=method.value if method else "richardson", step=step)
