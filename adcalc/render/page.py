"""What all results have in common: the title above them, LaTeX, and the way out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from adcalc.errors import Caution, Source
from adcalc.function import Function
from adcalc.render.figures import flat, is_array, mentioned
from adcalc.render.printable import write
from adcalc.render.problems import caution_text
from adcalc.render.report import Report
from adcalc.results import Figure

if TYPE_CHECKING:
    from adcalc.render.screen import Screen

_LONGEST_TITLE = 60
_MOST_VALUES = 12


def show_cautions(cautions: Iterable[Caution], source: Source, format: str, *, colour: bool) -> None:
    """Warnings, on standard error; in JSON they are part of the result instead."""
    if format != "json":
        for caution in cautions:
            sys.stderr.write(caution_text(caution, source, colour=colour) + "\n")


def title(screen: Screen, function: Function, at: Mapping[str, Figure], more: str = "") -> None:
    """The formula, the point, and what else was given."""
    text = function.source.text.strip()
    if "\n" not in text:
        shown = text if len(text) <= _LONGEST_TITLE else text[:_LONGEST_TITLE] + "..."
        program = function.meaning is not None and bool(function.meaning.symbols or function.meaning.functions)
        screen.line(shown if program else f"f = {shown}")
    where = pointed(screen, at)
    if where:
        screen.line(f"at {where}", "dim")
    if more:
        screen.line(more, "dim")
    if where or more or "\n" not in text:
        screen.line()


def pointed(screen: Screen, at: Mapping[str, Figure]) -> str:
    """The values of a point on a line, arrays by their size."""
    values = [f"{name} = {mentioned(value, unicode=screen.unicode)}" for name, value in list(at.items())[:_MOST_VALUES]]
    return ", ".join([*values, *(["..."] if len(at) > _MOST_VALUES else [])])


def latex_formula(function: Function) -> str:
    """A formula in LaTeX."""
    from adcalc.algebras.latex import LATEX
    from adcalc.algebras.text import written

    return written(function.expr, LATEX)


def latex_equations(function: Function, value: Figure, more: Iterable[tuple[str, str]]) -> str:
    """The formula, its value, and what else is equal to what, aligned at the signs of equality."""
    lines = [rf"f &= {latex_formula(function)}", f"  &= {latex_figure(value)}", *(f"{a} &= {b}" for a, b in more)]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def latex_figure(figure: Figure) -> str:
    """A number, a vector as a column, or a matrix; more axes as a matrix with the last one across."""
    if not is_array(figure):
        return _latex_number(figure)
    rows = [[value] for value in figure.tolist()] if len(figure.shape) == 1 else flat(figure).tolist()
    return latex_matrix(rows)


def latex_matrix(rows: Iterable[Iterable[float]]) -> str:
    """A matrix in LaTeX, in full."""
    body = r" \\ ".join(" & ".join(map(_latex_number, row)) for row in rows)
    return rf"\begin{{pmatrix}} {body} \end{{pmatrix}}"


def _latex_number(value: float) -> str:
    from adcalc.algebras.latex import LATEX

    return str(LATEX.const(value)) if value == value else r"\mathrm{nan}"


def latex_partial(by: Sequence[str]) -> str:
    """The sign of a partial derivative in LaTeX."""
    from adcalc.algebras.latex import symbol

    if len(by) == 1:
        return rf"\frac{{\partial f}}{{\partial {symbol(by[0])}}}"
    below = " ".join(rf"\partial {symbol(name)}" for name in by) if len(set(by)) > 1 else rf"\partial {symbol(by[0])}^2"
    return rf"\frac{{\partial^2 f}}{{{below}}}"


def write_latex(report: Report) -> None:
    """A report as LaTeX."""
    write(report.latex())
