"""Derivatives as formulas, as reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adcalc.function import Function
from adcalc.render.formats import show
from adcalc.render.machine import single_row
from adcalc.render.page import latex_formula, latex_partial, title
from adcalc.render.printable import write
from adcalc.render.report import Cells, Report

if TYPE_CHECKING:
    from adcalc.render.screen import Screen


def show_formulas(
    function: Function,
    found: Mapping[tuple[str, ...], Function],
    format: str,
    gradient: Mapping[str, Function] | None = None,
) -> None:
    """Partial derivatives as formulas, by the names they are taken by.

    Args:
        gradient: the first derivatives, where `found` holds the second ones.
    """

    def record() -> dict[str, object]:
        if gradient is None:
            return {"formula": str(function), "gradient": {by[0]: str(derivative) for by, derivative in found.items()}}
        names = list(gradient)
        return {
            "formula": str(function),
            "variables": names,
            "gradient": {name: str(derivative) for name, derivative in gradient.items()},
            "hessian": [[str(found[a, b]) for b in names] for a in names],
        }

    def cells() -> Cells:
        names = list(dict.fromkeys(by[0] for by in found))
        upper = {by: d for by, d in found.items() if names.index(by[0]) <= names.index(by[-1])}
        return single_row({f"d_{'_'.join(by)}": str(derivative) for by, derivative in upper.items()})

    report = Report(
        records=lambda: [record()],
        cells=cells,
        lines=lambda: [(" ".join(by), [str(derivative)]) for by, derivative in found.items()],
        latex=lambda: "\n".join(f"{latex_partial(by)} = {latex_formula(d)}" for by, d in found.items()),
        draw=lambda screen: _formula_table(screen, function, found),
    )
    show(report, format)


def _formula_table(screen: Screen, function: Function, found: Mapping[tuple[str, ...], Function]) -> None:
    from adcalc.algebras.text import spelled, written

    title(screen, function, {})
    constants = dict(each for derivative in found.values() for each in derivative.constants)
    rows = [[f"  {name}", written(value)] for name, value in constants.items()]
    for by, derivative in found.items():
        *named, (_, last) = spelled(derivative.expr)
        rows += [[f"  {name}", text] for name, text in named]
        rows.append([screen.partial(*by), last])
    screen.table(["", ""], rows, numbers=False)


def show_derivative(function: Function, wrt: Sequence[str], result: Function, format: str) -> None:
    """One derivative as a formula."""
    report = Report(
        records=lambda: [{"formula": str(function), "wrt": list(wrt), "derivative": str(result)}],
        cells=lambda: single_row({"derivative": str(result)}),
        lines=lambda: [("", [str(result)])],
        latex=lambda: latex_formula(result),
        draw=lambda _: write(str(result)),
    )
    show(report, format)
