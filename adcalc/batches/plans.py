"""The same program without machine code: NumPy over blocks of rows that stay in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from adcalc.execution import Plan
from adcalc.native.kernel import Layout

Array: TypeAlias = Any

#: Rows of a block: of the columns of a program as many as the cache holds.
_BLOCK = 8192


class Planned:
    """A program as NumPy calls.

    Attributes:
        layout: what it computes.
    """

    __slots__ = ("_plan", "layout")

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._plan = Plan([*layout.results, *layout.alarms])

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> Run:
        """The program with its data; arguments as those of `adcalc.native.engine.Machine.bound`."""
        return Run(self._plan, self.layout, columns, numbers, results)


class Run:
    """A program with its data, to be run on any of the rows."""

    __slots__ = ("_columns", "_numbers", "_plan", "_results")

    def __init__(
        self, plan: Plan, layout: Layout, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]
    ) -> None:
        self._plan = plan
        self._columns = dict(zip(layout.columns, columns, strict=True))
        self._numbers = dict(zip(layout.numbers, numbers, strict=True))
        self._results = results

    def run(self, first: int, last: int) -> bool:
        """Computes some rows; whether an alarm was raised in one of them."""
        raised = False
        for begin in range(first, last, _BLOCK):
            end = min(begin + _BLOCK, last)
            inputs = {name: values[begin:end] for name, values in self._columns.items()} | self._numbers
            found = self._plan.run(inputs)
            for values, target in zip(found, self._results, strict=False):
                target[begin:end] = values
            raised = raised or any([bool(np.any(alarm)) for alarm in found[len(self._results) :]])
        return raised


@lru_cache(maxsize=128)
def planned(layout: Layout) -> Planned:
    """The plan of a program, from memory where it was made before."""
    return Planned(layout)
