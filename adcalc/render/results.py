"""Values, gradients and Hessians as reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adcalc.algebras.text import digits
from adcalc.function import Function
from adcalc.render.figures import entries, figure_shape, flat, is_array, labels
from adcalc.render.formats import show
from adcalc.render.machine import array_cells, column_cells, figure_cells, figure_lines, single_row
from adcalc.render.named import named_figures
from adcalc.render.page import latex_equations, latex_figure, latex_formula, latex_matrix, latex_partial, title
from adcalc.render.printable import write
from adcalc.render.report import Cells, Line, Report
from adcalc.results import Figure, Gradient, Hessian, Value

if TYPE_CHECKING:
    from adcalc.render.screen import Screen

_WORDS = {
    "positive definite": "positive definite: a minimum where the gradient is 0",
    "negative definite": "negative definite: a maximum where the gradient is 0",
    "indefinite": "indefinite: a saddle where the gradient is 0",
    "positive semidefinite": "positive semidefinite: undecided, the function is flat along some direction",
    "negative semidefinite": "negative semidefinite: undecided, the function is flat along some direction",
    "zero": "zero: undecided, the function is flat to second order",
    "undefined": "undefined: an entry is not finite",
}
_LARGEST_HESSIAN = 10
_MOST_EIGENVALUES = 10


def show_value(function: Function, at: Mapping[str, Figure], backend: str, result: Value, format: str) -> None:
    """The value of a formula."""
    value = result.value

    def lines() -> list[Line]:
        matrix = len(figure_shape(value)) > 1
        return [("", row) for row in flat(value).tolist()] if matrix else [("", entries(value))]

    def draw(screen: Screen) -> None:
        if not is_array(value):
            write(digits(value))
            return
        from adcalc.render.grids import Shown, show_figures

        show_figures(screen, [Shown(str, value)])

    report = Report(
        records=lambda: [{"formula": str(function), "at": at, "backend": backend, "value": value}],
        cells=lambda: array_cells(value) if is_array(value) else single_row({"value": value}),
        lines=lines,
        latex=lambda: f"{latex_formula(function)} = {latex_figure(value)}",
        draw=draw,
        warnings=result.warnings,
    )
    show(report, format)


def show_gradient(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient, format: str) -> None:
    """Value and gradient."""
    show(_gradient(function, at, backend, result), format)


def _gradient(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient) -> Report:
    def latex() -> str:
        partials = [(latex_partial([name]), latex_figure(d)) for name, d in result.partials.items()]
        return latex_equations(function, result.value, partials)

    def draw(screen: Screen) -> None:
        from adcalc.render.grids import parts, show_figures

        title(screen, function, at)
        show_figures(screen, parts(screen, result.value, result.partials, result.error_estimate))

    return Report(
        records=lambda: [_gradient_record(function, at, backend, result)],
        cells=lambda: figure_cells(named_figures(result)),
        lines=lambda: figure_lines({"value": result.value, **result.partials}),
        latex=latex,
        draw=draw,
        warnings=result.warnings,
    )


def show_elementwise(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient, format: str) -> None:
    """A curve and its derivative: the value and the partial derivatives at every entry."""
    report = _gradient(function, at, backend, result)
    if is_array(result.value):
        shape = result.value.shape
        inputs = {name: at[name] for name in function.variables if name in at and figure_shape(at[name]) == shape}

        def draw(screen: Screen) -> None:
            from adcalc.render.grids import show_columns

            title(screen, function, at)
            partials = {screen.partial(name): partial for name, partial in result.partials.items()}
            show_columns(screen, {**inputs, "f": result.value, **partials})

        report = report._replace(cells=lambda: column_cells({**inputs, **named_figures(result)}), draw=draw)
    show(report, format)


def show_hessian(function: Function, at: Mapping[str, Figure], backend: str, result: Hessian, format: str) -> None:
    """Value, gradient, Hessian, eigenvalues and definiteness."""

    def record() -> dict[str, Any]:
        fields = {
            "formula": str(function), "at": at, "backend": backend, "value": result.value,
            "gradient": result.partials, "variables": result.variables, "hessian": result.matrix,
            "eigenvalues": result.eigenvalues, "definiteness": result.definiteness,
            "condition": result.condition,
        }  # fmt: skip
        if result.error_estimate is not None:
            fields |= {"error_estimate": result.error_estimate, "hessian_error_estimate": result.matrix_error}
        return fields

    def lines() -> list[Line]:
        gradient = figure_lines({"value": result.value, **result.partials})
        return [*gradient, *[("", map(float, row)) for row in result.matrix]]

    def latex() -> str:
        gradient = latex_matrix([e] for partial in result.partials.values() for e in entries(partial))
        matrix = latex_matrix(map(float, row) for row in result.matrix)
        return latex_equations(function, result.value, [(r"\nabla f", gradient), (r"\nabla^2 f", matrix)])

    report = Report(
        records=lambda: [record()],
        cells=lambda: _hessian_cells(result),
        lines=lines,
        latex=latex,
        draw=lambda screen: _hessian_table(screen, function, at, result),
        warnings=result.warnings,
    )
    show(report, format)


def _gradient_record(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient) -> dict[str, Any]:
    fields: dict[str, Any] = {"formula": str(function), "at": at, "backend": backend, "value": result.value}
    fields["gradient"] = result.partials
    if result.error_estimate is not None:
        fields["error_estimate"] = result.error_estimate
    return fields


def _hessian_cells(result: Hessian) -> Cells:
    if not any(map(is_array, result.partials.values())):
        columns: dict[str, float | str] = {"value": result.value, **{f"d_{n}": d for n, d in result.partials.items()}}
        return single_row(columns | {f"d_{a}_{b}": entry for (a, b), entry in _upper(result)})
    rows: list[tuple[str, str, float]] = [("value", "", result.value)]
    for name, partial in result.partials.items():
        places = (place.strip("[]").replace(",", " ") for place in labels("", figure_shape(partial)))
        rows += [(f"d_{name}", place, entry) for place, entry in zip(places, entries(partial), strict=True)]
    rows += [("hessian", f"{a} {b}", entry) for (a, b), entry in _upper(result)]
    return Cells(["name", "index", "value"], rows)


def _upper(result: Hessian) -> Iterable[tuple[tuple[str, str], float]]:
    for i, a in enumerate(result.variables):
        for j in range(i, len(result.variables)):
            yield (a, result.variables[j]), float(result.matrix[i][j])


def _hessian_table(screen: Screen, function: Function, at: Mapping[str, Figure], result: Hessian) -> None:
    from adcalc.render.grids import error_bound, parts, show_figures, show_matrix

    title(screen, function, at)
    show_figures(screen, parts(screen, result.value, result.partials))
    if not result.variables:
        return
    screen.line()
    arrays = any(map(is_array, result.partials.values()))
    if arrays:
        show_matrix(screen, "Hessian", result.matrix, result.variables, result.variables, _LARGEST_HESSIAN)
    else:
        cells = [[name, *map(digits, row)] for name, row in zip(result.variables, result.matrix, strict=True)]
        screen.table(["Hessian", *result.variables], cells)
    if result.matrix_error is not None:
        worst = max(float(max(row)) for row in result.matrix_error)
        screen.line(f"  every entry with an error below {error_bound(worst)}")
    screen.line()
    eigenvalues = [digits(value) for value in result.eigenvalues]
    if len(eigenvalues) > _MOST_EIGENVALUES and arrays:
        eigenvalues = [*eigenvalues[:3], "...", *eigenvalues[-2:]]
    screen.line(f"  eigenvalues  {', '.join(eigenvalues)}")
    screen.line(f"  {_WORDS[result.definiteness]}")
    if arrays:
        screen.line(f"  condition number  {result.condition:.6g}")
