"""Jacobians and their products with vectors, as reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adcalc.function import Function
from adcalc.render.figures import figure_shape, is_array, labels, mentioned
from adcalc.render.formats import show
from adcalc.render.machine import column_cells, figure_cells, figure_lines
from adcalc.render.named import named_figures
from adcalc.render.page import latex_equations, latex_figure, latex_partial, pointed, title
from adcalc.render.report import Cells, Report
from adcalc.results import Array, Figure, HessianProduct, Jacobian, Pullback, Pushforward

if TYPE_CHECKING:
    from adcalc.render.screen import Screen

_MOST_COLUMNS = 8


def show_jacobian(function: Function, at: Mapping[str, Figure], backend: str, result: Jacobian, format: str) -> None:
    """The value and the matrix of all its partial derivatives."""

    def record() -> dict[str, Any]:
        fields: dict[str, Any] = {"value": result.value, "jacobian": result.blocks}
        if result.error_estimate is not None:
            fields["error_estimate"] = result.error_estimate
        return fields

    def latex() -> str:
        rows = math.prod(figure_shape(result.value))
        blocks = [
            (latex_partial([name]), _matrix(d, rows) if is_array(result.value) and is_array(d) else d)
            for name, d in result.blocks.items()
        ]
        return latex_equations(function, result.value, [(sign, latex_figure(shown)) for sign, shown in blocks])

    report = Report(
        records=lambda: [_record(function, at, backend, record())],
        cells=lambda: figure_cells(named_figures(result)),
        lines=lambda: figure_lines({"value": result.value, **result.blocks}),
        latex=latex,
        draw=lambda screen: _jacobian_table(screen, function, at, result),
        warnings=result.warnings,
    )
    show(report, format)


def _matrix(block: Figure, rows: int) -> Array:
    """A block with a row for each entry of the value and a column for each entry of the variable."""
    import numpy as np

    block = np.asarray(block, dtype=np.float64)
    return block.reshape(rows, block.size // rows if rows else 0)


def _jacobian_table(screen: Screen, function: Function, at: Mapping[str, Figure], result: Jacobian) -> None:
    import numpy as np

    from adcalc.render.grids import Shown, error_bound, parts, show_figures, show_matrix, summary, whole_fits

    title(screen, function, at)
    if not is_array(result.value):
        show_figures(screen, parts(screen, result.value, result.blocks, result.error_estimate))
        return
    show_figures(screen, [Shown(lambda place: f"f{place}", result.value)])
    shape = figure_shape(result.value)
    rows = labels("f", shape)
    matrices = {name: _matrix(block, len(rows)) for name, block in result.blocks.items()}
    columns = {name: labels(name, figure_shape(result.blocks[name])[len(shape) :]) for name in matrices}
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
    fields = {"along": tangent, "value": result.value, "tangent": result.tangent}

    def draw(screen: Screen) -> None:
        from adcalc.render.grids import Shown, show_columns, show_figures

        title(screen, function, at, f"along {pointed(screen, tangent)}")
        figures = {"f": result.value, "tangent": result.tangent}
        if len(figure_shape(result.value)) == 1:
            show_columns(screen, {"f": result.value, "tangent": result.tangent})
        else:
            show_figures(screen, [Shown(name.__add__, figure) for name, figure in figures.items()])

    def cells() -> Cells:
        if is_array(result.value):
            return column_cells({"value": result.value, "tangent": result.tangent})
        return figure_cells(named_figures(result))

    report = Report(
        records=lambda: [_record(function, at, backend, fields)],
        cells=cells,
        lines=lambda: figure_lines(named_figures(result)),
        latex=lambda: latex_equations(function, result.value, [(r"\dot{f}", latex_figure(result.tangent))]),
        draw=draw,
        warnings=result.warnings,
    )
    show(report, format)


def show_pullback(
    function: Function, at: Mapping[str, Figure], cotangent: Figure, backend: str, result: Pullback, format: str
) -> None:
    """The value and what a cotangent of it contributes to each variable."""
    fields = {"cotangent": cotangent, "value": result.value, "vjp": result.cotangents}

    def latex() -> str:
        from adcalc.algebras.latex import symbol

        pulled = [(rf"\bar{{{symbol(name)}}}", latex_figure(bar)) for name, bar in result.cotangents.items()]
        return latex_equations(function, result.value, pulled)

    def draw(screen: Screen) -> None:
        from adcalc.render.grids import Shown, show_figures

        title(screen, function, at, f"cotangent {mentioned(cotangent, unicode=screen.unicode)}")
        figures = [Shown("f".__add__, result.value)]
        figures += [Shown(f"vjp {name}".__add__, pulled) for name, pulled in result.cotangents.items()]
        show_figures(screen, figures)

    report = Report(
        records=lambda: [_record(function, at, backend, fields)],
        cells=lambda: figure_cells(named_figures(result)),
        lines=lambda: figure_lines({"value": result.value, **result.cotangents}),
        latex=latex,
        draw=draw,
        warnings=result.warnings,
    )
    show(report, format)


def show_hessian_product(
    function: Function,
    at: Mapping[str, Figure],
    vector: Mapping[str, Figure],
    backend: str,
    result: HessianProduct,
    format: str,
) -> None:
    """Value, gradient, and the Hessian times a vector."""
    fields = {"vector": vector, "value": result.value, "gradient": result.partials, "hvp": result.products}
    products = {f"hvp_{name}": product for name, product in result.products.items()}

    def latex() -> str:
        from adcalc.algebras.latex import symbol

        slopes = [(latex_partial([name]), latex_figure(d)) for name, d in result.partials.items()]
        moved = [
            (rf"\left(\nabla^2 f \, v\right)_{{{symbol(name)}}}", latex_figure(product))
            for name, product in result.products.items()
        ]
        return latex_equations(function, result.value, [*slopes, *moved])

    def draw(screen: Screen) -> None:
        from adcalc.render.grids import Shown, parts, show_figures

        title(screen, function, at, f"along {pointed(screen, vector)}")
        show_figures(screen, parts(screen, result.value, result.partials))
        screen.line()
        show_figures(screen, [Shown(f"hvp {name}".__add__, product) for name, product in result.products.items()])

    report = Report(
        records=lambda: [_record(function, at, backend, fields)],
        cells=lambda: figure_cells(named_figures(result)),
        lines=lambda: figure_lines({"value": result.value, **result.partials, **products}),
        latex=latex,
        draw=draw,
        warnings=result.warnings,
    )
    show(report, format)


def _record(function: Function, at: Mapping[str, Figure], backend: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"formula": str(function), "at": at, "backend": backend, **fields}
