"""A function of numbers at every entry of arrays of one shape: the entries are the points of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from adcalc.backends.backend import Backend
from adcalc.batches.batch import batch
from adcalc.batches.order import Order
from adcalc.errors import ShapeProblem
from adcalc.lower.shape_rules import named
from adcalc.query.inputs import Point, resolved
from adcalc.results import Figure, Gradient

if TYPE_CHECKING:
    from adcalc.function import Function

Array: TypeAlias = Any


def elementwise(function: Function, at: Point, wrt: Sequence[str] | None, backend: Backend) -> Gradient:
    """The value and the partials at every entry.

    Raises:
        ShapeProblem: the arrays have different shapes, or the formula does not give a number.
        DomainProblem: there is an entry without a value.
    """
    figures = resolved(at)
    shapes = dict.fromkeys(np.shape(value) for value in figures.values() if not isinstance(value, float))
    if len(shapes) > 1:
        shown = " and ".join(named(shape) for shape in shapes)
        raise ShapeProblem(f"entry by entry all arrays must have one shape, these are {shown}")
    (dims,) = shapes or [()]
    points = {name: value if isinstance(value, float) else np.reshape(value, -1) for name, value in figures.items()}

    def entry(row: int) -> str:
        place = ", ".join(map(str, np.unravel_index(row, dims)))
        return f"entry [{place}]" if dims else ""

    found = batch(function, points, Order(wrt, False, backend, strict=True), label=entry)
    return Gradient(
        _shaped(found.value, dims),
        {name: _shaped(partial, dims) for name, partial in found.partials.items()},
        found.warnings,
    )


def _shaped(column: Array, dims: tuple[int, ...]) -> Figure:
    return column.reshape(dims) if dims else float(column[0])
