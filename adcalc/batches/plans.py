"""The same program without machine code: NumPy over blocks of rows that stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from adcalc.batches.register_allocation import Registers
from adcalc.engines.native.layout import Layout, Raised, fewer, watched
from adcalc.engines.native.memory import column
from adcalc.engines.plan import Plan
from adcalc.ir.expr import Expr

Array: TypeAlias = Any

#: Rows of a block: of the columns of a program as many as the cache holds.
_BLOCK = 8192


class Planned:
    """A program as NumPy calls.

    Attributes:
        layout: what it computes.
        finite: formulas that are finite where all is well.
        others: formulas that are 0 where all is well.
        plan: for a program that works on arrays on the way.
        registers: for one of numbers.
    """

    __slots__ = ("finite", "layout", "others", "plan", "registers")

    def __init__(self, layout: Layout) -> None:
        alarms = fewer(layout.alarms)
        self.layout = layout
        self.finite = [formula for alarm in alarms if (formula := watched(alarm)) is not None]
        self.others = [alarm for alarm in alarms if watched(alarm) is None]
        outputs: list[Expr] = [*layout.results, *self.finite, *self.others]
        self.registers = Registers(layout, outputs) if Registers.fit(outputs) else None
        self.plan = Plan(outputs) if self.registers is None else None

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> Run:
        """The program with its data; arguments as those of `adcalc.engines.native.runtime.Machine.bound`."""
        return Run(
            self,
            dict(zip(self.layout.columns, columns, strict=True)),
            dict(zip(self.layout.numbers, numbers, strict=True)),
            results,
        )


class Run:
    """A program with its data, to be run on any of the rows."""

    __slots__ = ("_columns", "_numbers", "_planned", "_results")

    def __init__(
        self, planned: Planned, columns: dict[str, Array], numbers: dict[str, float], results: Sequence[Array]
    ) -> None:
        self._planned = planned
        self._columns = columns
        self._numbers = numbers
        self._results = results

    def run(self, first: int, last: int) -> Raised:
        """Computes some rows; what was raised in one of them."""
        # What plans of arrays meet on the way nobody notes.
        raised, strayed = False, self._planned.registers is None
        registers = self._planned.registers
        places: list[Any] = []
        room: list[Array] = []
        if registers is not None:
            places = registers.start(self._numbers)
            room = [column(min(_BLOCK, last - first), place) for place in range(registers.count)]

        def noted(_kind: str, _flag: int) -> None:
            nonlocal strayed
            strayed = True

        with np.errstate(all="ignore", over="call", under="call", call=noted):
            for begin in range(first, last, _BLOCK):
                end = min(begin + _BLOCK, last)
                inputs = {name: values[begin:end] for name, values in self._columns.items()}
                targets = [each[begin:end] for each in self._results]
                if registers is not None:
                    found = registers.run(places, inputs, targets, [each[: end - begin] for each in room])
                else:
                    found = self._whole(inputs, targets)
                raised = raised or self._is_raised(found[len(targets) :])
        return Raised(raised, strayed)

    def _whole(self, inputs: dict[str, Array], targets: Sequence[Array]) -> list[Array]:
        """A block of a program that works on arrays on the way."""
        assert self._planned.plan is not None
        found = self._planned.plan.run(inputs | self._numbers)
        for values, target in zip(found, targets, strict=False):
            target[...] = values
        return found

    def _is_raised(self, found: Sequence[Array]) -> bool:
        count = len(self._planned.finite)
        # Where a sum is finite all its parts are, and that is seen in one pass.
        sound = all([math.isfinite(np.add.reduce(each, axis=None)) for each in found[:count]])
        return not sound or any([bool(np.any(alarm)) for alarm in found[count:]])


@lru_cache(maxsize=128)
def planned(layout: Layout) -> Planned:
    """The plan of a program, from memory where it was made before."""
    return Planned(layout)
