"""Jacobians and their products with vectors, in each of the formats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from adcalc.errors import Caution
from adcalc.function import Function
from adcalc.render.figures import is_array, labels, mentioned, shape_of
from adcalc.render.machine import csv_columns, csv_figures, json_line, plain_figures
from adcalc.render.named import named
from adcalc.render.page import latex_equations, latex_figure, latex_partial, pointed, title, write
from adcalc.results import Array, Figure, HessianProduct, Jacobian, Pullback, Pushforward

_MOST_COLUMNS = 8


def show_jacobian(function: Function, at: Mapping[str, Figure], backend: str, result: Jacobian, format: str) -> None:
    """The value and the matrix of all its partial derivatives."""
    rows = math.prod(shape_of(result.value))
    match format:
        case "json":
            fields: dict[str, Any] = {"value": result.value, "jacobian": result.blocks}
            if result.error_estimate is not None:
                fields["error_estimate"] = result.error_estimate
            write(_json(function, at, backend, fields, result.warnings))
        case "csv":
            write(csv_figures(named(result)))
        case "plain":
            write(plain_figures({"value": result.value, **result.blocks}))
        case "latex":
            lines = [
                (latex_partial([name]), _matrix(d, rows) if is_array(result.value) and is_array(d) else d)
                for name, d in result.blocks.items()
            ]
            write(latex_equations(function, result.value, [(sign, latex_figure(shown)) for sign, shown in lines]))
        case _:
            _jacobian_table(function, at, result)


def _matrix(block: Figure, rows: int) -> Array:
    """A block with a row for each entry of the value and a column for each entry of the variable."""
    import numpy as np

    block = np.asarray(block, dtype=np.float64)
    return block.reshape(rows, block.size // rows if rows else 0)


def _jacobian_table(function: Function, at: Mapping[str, Figure], result: Jacobian) -> None:
    import numpy as np

    from adcalc.render.grids import Shown, error_bound, parts, show_figures, show_matrix, summary, whole_fits
    from adcalc.render.screen import Screen

    screen = Screen()
    title(screen, function, at)
    if not is_array(result.value):
        show_figures(screen, parts(screen, result.value, result.blocks, result.error_estimate))
        return
    show_figures(screen, [Shown(lambda place: f"f{place}", result.value)])
    shape = shape_of(result.value)
    rows = labels("f", shape)
    matrices = {name: _matrix(block, len(rows)) for name, block in result.blocks.items()}
    columns = {name: labels(name, shape_of(result.blocks[name])[len(shape) :]) for name in matrices}
    screen.line()
    every = [column for names in columns.values() for column in names]
    joined = np.hstack(list(matrices.values())) if matrices else np.zeros((len(rows), 0))
    if 0 < len(every) <= _MOST_COLUMNS and whole_fits(screen, "Jacobian", joined, rows, every):
        show_matrix(screen, "Jacobian", joined, rows, every)
    else:
        for position, (name, matrix) in enumerate(matrices.items()):
            if position:
                screen.line()
            if matrix.size:
                show_matrix(screen, screen.partial(name), matrix, rows, columns[name])
            screen.line(f"  {summary(screen, result.blocks[name])}")
    if result.error_estimate is not None:
        import numpy as np

        worst = max((float(np.max(error)) for error in result.error_estimate.values() if np.size(error)), default=0.0)
        screen.line(f"  every entry with an error below {error_bound(worst)}")


def show_pushforward(
    function: Function,
    at: Mapping[str, Figure],
    tangent: Mapping[str, Figure],
    backend: str,
    result: Pushforward,
    format: str,
) -> None:
    """The value and how it moves along a tangent."""
    match format:
        case "json":
            fields = {"along": tangent, "value": result.value, "tangent": result.tangent}
            write(_json(function, at, backend, fields, result.warnings))
        case "csv" if is_array(result.value):
            write(csv_columns({"value": result.value, "tangent": result.tangent}))
        case "csv":
            write(csv_figures(named(result)))
        case "plain":
            write(plain_figures(named(result)))
        case "latex":
            write(latex_equations(function, result.value, [(r"\dot{f}", latex_figure(result.tangent))]))
        case _:
            from adcalc.render.grids import Shown, show_columns, show_figures
            from adcalc.render.screen import Screen

            screen = Screen()
            title(screen, function, at, f"along {pointed(screen, tangent)}")
            if len(shape_of(result.value)) == 1:
                show_columns(screen, {"f": result.value, "tangent": result.tangent})
            else:
                figures = {"f": result.value, "tangent": result.tangent}
                show_figures(screen, [Shown(name.__add__, figure) for name, figure in figures.items()])


def show_pullback(
    function: Function, at: Mapping[str, Figure], cotangent: Figure, backend: str, result: Pullback, format: str
) -> None:
    """The value and what a cotangent of it contributes to each variable."""
    match format:
        case "json":
            fields = {"cotangent": cotangent, "value": result.value, "vjp": result.cotangents}
            write(_json(function, at, backend, fields, result.warnings))
        case "csv":
            write(csv_figures(named(result)))
        case "plain":
            write(plain_figures({"value": result.value, **result.cotangents}))
        case "latex":
            from adcalc.algebras.latex import symbol

            pulled = [(rf"\bar{{{symbol(name)}}}", latex_figure(bar)) for name, bar in result.cotangents.items()]
            write(latex_equations(function, result.value, pulled))
        case _:
            from adcalc.render.grids import Shown, show_figures
            from adcalc.render.screen import Screen

            screen = Screen()
            title(screen, function, at, f"cotangent {mentioned(cotangent, unicode=screen.unicode)}")
            figures = [Shown("f".__add__, result.value)]
            figures += [Shown(f"vjp {name}".__add__, pulled) for name, pulled in result.cotangents.items()]
            show_figures(screen, figures)


def show_hessian_product(
    function: Function,
    at: Mapping[str, Figure],
    vector: Mapping[str, Figure],
    backend: str,
    result: HessianProduct,
    format: str,
) -> None:
    """Value, gradient, and the Hessian times a vector."""
    match format:
        case "json":
            fields = {"vector": vector, "value": result.value, "gradient": result.partials, "hvp": result.products}
            write(_json(function, at, backend, fields, result.warnings))
        case "csv":
            write(csv_figures(named(result)))
        case "plain":
            products = {f"hvp_{name}": product for name, product in result.products.items()}
            write(plain_figures({"value": result.value, **result.partials, **products}))
        case "latex":
            from adcalc.algebras.latex import symbol

            slopes = [(latex_partial([name]), latex_figure(d)) for name, d in result.partials.items()]
            lines = [
                (rf"\left(\nabla^2 f \, v\right)_{{{symbol(name)}}}", latex_figure(product))
                for name, product in result.products.items()
            ]
            write(latex_equations(function, result.value, [*slopes, *lines]))
        case _:
            from adcalc.render.grids import Shown, parts, show_figures
            from adcalc.render.screen import Screen

            screen = Screen()
            title(screen, function, at, f"along {pointed(screen, vector)}")
            show_figures(screen, parts(screen, result.value, result.partials))
            screen.line()
            show_figures(screen, [Shown(f"hvp {name}".__add__, product) for name, product in result.products.items()])


def _json(
    function: Function, at: Mapping[str, Figure], backend: str, fields: Mapping[str, Any], warnings: tuple[Caution, ...]
) -> str:
    return json_line({"formula": str(function), "at": at, "backend": backend, **fields}, warnings)
