"""Values, gradients and Hessians in each of the formats: one function a kind of result, one branch a format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adcalc.algebras.text import digits
from adcalc.function import Function
from adcalc.render.figures import entries, flat, is_array, labels, shape_of
from adcalc.render.machine import (
    csv_columns,
    csv_figures,
    csv_of_array,
    csv_rows,
    csv_text,
    json_line,
    plain_figures,
    plain_lines,
)
from adcalc.render.named import named
from adcalc.render.page import latex_equations, latex_figure, latex_formula, latex_matrix, latex_partial, title, write
from adcalc.results import Figure, Gradient, Hessian, Value

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
    match format:
        case "json":
            fields = {"formula": str(function), "at": at, "backend": backend, "value": value}
            write(json_line(fields, result.warnings))
        case "csv":
            write(csv_of_array(value) if is_array(value) else csv_text({"value": value}))
        case "latex":
            write(f"{latex_formula(function)} = {latex_figure(value)}")
        case "plain" if len(shape_of(value)) > 1:
            write(plain_lines(("", row) for row in flat(value).tolist()))
        case "plain":
            write(" ".join(map(digits, entries(value))))
        case _ if is_array(value):
            from adcalc.render.grids import Shown, show_figures
            from adcalc.render.screen import Screen

            show_figures(Screen(), [Shown(str, value)])
        case _:
            write(digits(value))


def show_gradient(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient, format: str) -> None:
    """Value and gradient."""
    match format:
        case "json":
            write(_gradient_json(function, at, backend, result))
        case "csv":
            write(csv_figures(named(result)))
        case "plain":
            write(plain_figures({"value": result.value, **result.partials}))
        case "latex":
            partials = [(latex_partial([name]), latex_figure(d)) for name, d in result.partials.items()]
            write(latex_equations(function, result.value, partials))
        case _:
            from adcalc.render.grids import parts, show_figures
            from adcalc.render.screen import Screen

            screen = Screen()
            title(screen, function, at)
            show_figures(screen, parts(screen, result.value, result.partials, result.error_estimate))


def show_elementwise(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient, format: str) -> None:
    """A curve and its derivative: the value and the partial derivatives at every entry."""
    if not is_array(result.value) or format in ("json", "plain", "latex"):
        show_gradient(function, at, backend, result, format)
        return
    shape = result.value.shape
    inputs = {name: at[name] for name in function.variables if name in at and shape_of(at[name]) == shape}
    if format == "csv":
        write(csv_columns({**inputs, **named(result)}))
        return
    from adcalc.render.grids import show_columns
    from adcalc.render.screen import Screen

    screen = Screen()
    title(screen, function, at)
    partials = {screen.partial(name): partial for name, partial in result.partials.items()}
    show_columns(screen, {**inputs, "f": result.value, **partials})


def show_hessian(function: Function, at: Mapping[str, Figure], backend: str, result: Hessian, format: str) -> None:
    """Value, gradient, Hessian, eigenvalues and definiteness."""
    match format:
        case "json":
            fields = {
                "formula": str(function), "at": at, "backend": backend, "value": result.value,
                "gradient": result.partials, "variables": result.variables, "hessian": result.matrix,
                "eigenvalues": result.eigenvalues, "definiteness": result.definiteness,
                "condition": result.condition,
            }  # fmt: skip
            if result.error_estimate is not None:
                fields |= {"error_estimate": result.error_estimate, "hessian_error_estimate": result.matrix_error}
            write(json_line(fields, result.warnings))
        case "csv":
            write(_hessian_csv(result))
        case "plain":
            gradient = plain_figures({"value": result.value, **result.partials})
            write(
                "\n".join(
                    [
                        gradient,
                        *([plain_lines(("", map(float, row)) for row in result.matrix)] if len(result.matrix) else []),
                    ]
                )
            )
        case "latex":
            gradient = latex_matrix([e] for partial in result.partials.values() for e in entries(partial))
            matrix = latex_matrix(map(float, row) for row in result.matrix)
            write(latex_equations(function, result.value, [(r"\nabla f", gradient), (r"\nabla^2 f", matrix)]))
        case _:
            _hessian_table(function, at, result)


def _gradient_json(function: Function, at: Mapping[str, Figure], backend: str, result: Gradient) -> str:
    fields = {"formula": str(function), "at": at, "backend": backend, "value": result.value}
    fields["gradient"] = result.partials
    if result.error_estimate is not None:
        fields["error_estimate"] = result.error_estimate
    return json_line(fields, result.warnings)


def _hessian_csv(result: Hessian) -> str:
    if not any(map(is_array, result.partials.values())):
        columns: dict[str, float | str] = {"value": result.value, **{f"d_{n}": d for n, d in result.partials.items()}}
        return csv_text(columns | {f"d_{a}_{b}": entry for (a, b), entry in _upper(result)})
    rows: list[tuple[str, str, float]] = [("value", "", result.value)]
    for name, partial in result.partials.items():
        places = (place.strip("[]").replace(",", " ") for place in labels("", shape_of(partial)))
        rows += [(f"d_{name}", place, entry) for place, entry in zip(places, entries(partial), strict=True)]
    rows += [("hessian", f"{a} {b}", entry) for (a, b), entry in _upper(result)]
    return csv_rows(["name", "index", "value"], rows)


def _upper(result: Hessian) -> Iterable[tuple[tuple[str, str], float]]:
    for i, a in enumerate(result.variables):
        for j in range(i, len(result.variables)):
            yield (a, result.variables[j]), float(result.matrix[i][j])


def _hessian_table(function: Function, at: Mapping[str, Figure], result: Hessian) -> None:
    from adcalc.render.grids import error_bound, parts, show_figures, show_matrix
    from adcalc.render.screen import Screen

    screen = Screen()
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
