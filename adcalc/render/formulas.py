"""Derivatives as formulas, in each of the formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adcalc.function import Function
from adcalc.render.machine import csv_text, json_line, plain_lines
from adcalc.render.page import latex_formula, latex_partial, title, write


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
    match format:
        case "json":
            texts: dict[str, object] = {"formula": str(function)}
            if gradient is not None:
                names = list(gradient)
                texts["variables"] = names
                texts["gradient"] = {name: str(derivative) for name, derivative in gradient.items()}
                texts["hessian"] = [[str(found[a, b]) for b in names] for a in names]
            else:
                texts["gradient"] = {by[0]: str(derivative) for by, derivative in found.items()}
            write(json_line(texts))
        case "csv":
            names = list(dict.fromkeys(by[0] for by in found))
            upper = {by: d for by, d in found.items() if names.index(by[0]) <= names.index(by[-1])}
            write(csv_text({f"d_{'_'.join(by)}": str(derivative) for by, derivative in upper.items()}))
        case "plain":
            write(plain_lines((" ".join(by), [str(derivative)]) for by, derivative in found.items()))
        case "latex":
            for by, derivative in found.items():
                write(f"{latex_partial(by)} = {latex_formula(derivative)}")
        case _:
            _formula_table(function, found)


def _formula_table(function: Function, found: Mapping[tuple[str, ...], Function]) -> None:
    from adcalc.algebras.text import spelled, written
    from adcalc.render.screen import Screen

    screen = Screen()
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
    match format:
        case "json":
            write(json_line({"formula": str(function), "wrt": list(wrt), "derivative": str(result)}))
        case "latex":
            write(latex_formula(result))
        case "csv":
            write(csv_text({"derivative": str(result)}))
        case _:
            write(str(result))
