"""The points of a batch: columns of one length, and numbers that are the same at every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.errors import ShapeProblem
from adcalc.lower.shape_rules import named
from adcalc.results import Figure

Array: TypeAlias = Any


class Points(NamedTuple):
    """Many points."""

    columns: dict[str, Array]
    """Float64, one entry for each point."""
    numbers: dict[str, float]
    rows: int

    def at(self, row: int) -> dict[str, float]:
        """One of the points."""
        return {**self.numbers, **{name: float(values[row]) for name, values in self.columns.items()}}

    def apart_from(self, targets: Sequence[Array]) -> Points:
        """The same points, with columns of their own where they lie in memory that will be written to."""
        columns = {
            name: values.copy() if any(np.may_share_memory(values, target) for target in targets) else values
            for name, values in self.columns.items()
        }
        return self._replace(columns=columns)

    def part(self, first: int, last: int) -> Points:
        """Some of the points."""
        columns = {name: values[first:last] for name, values in self.columns.items()}
        return Points(columns, self.numbers, last - first)


def points(figures: Mapping[str, Figure], rows: int | None = None) -> Points:
    """Columns and numbers apart.

    Args:
        rows: how many there are, where no column tells.

    Raises:
        ShapeProblem: the columns are not columns, or are not of one length.

    >>> points({"x": np.ones(3), "a": 2.0}).rows
    3
    """
    columns = {name: np.asarray(value) for name, value in figures.items() if not isinstance(value, float)}
    for name, values in columns.items():
        if values.ndim != 1:
            raise ShapeProblem(
                f"a column has one axis, `{name}` is {named(values.shape)}", hint="`reshape(-1)` makes it one"
            )
    lengths: dict[int, str] = {}
    for name, values in columns.items():
        lengths.setdefault(len(values), name)
    if len(lengths) > 1:
        (one, first), (other, second), *_ = lengths.items()
        raise ShapeProblem(
            f"all columns must have one length: `{first}` has {one} entries, `{second}` has {other}",
            hint="a number that is the same in every row is given as a number",
        )
    numbers = {name: value for name, value in figures.items() if isinstance(value, float)}
    return Points(columns, numbers, next(iter(lengths), 1 if rows is None else rows))
