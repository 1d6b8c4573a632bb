"""Plans: core formulas ready to be carried out for points of the same shapes.

What does not depend on the point is computed when a plan meets new shapes, and an array is let go after
its last use, so that the memory of a gradient is that of the values the way back still needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from adcalc.engines.executable import Schedule
from adcalc.engines.graph import Grain
from adcalc.ir.expr import Expr, variables
from adcalc.lower.shape_rules import Shape

if TYPE_CHECKING:
    from adcalc.autodiff.linearization import Linearization

Array: TypeAlias = Any

_GRAIN = Grain()
#: Sets of shapes that a plan keeps itself ready for.
_MOST_SHAPES = 4


class Plan:
    """Formulas ready to be carried out.

    >>> from adcalc.ir.expr import apply, variable
    >>> from adcalc.table import PRIMITIVES
    >>> x = variable("x")
    >>> [float(value) for value in Plan([apply(PRIMITIVES["*"], x, x)]).run({"x": np.float64(3)})]
    [9.0]
    """

    __slots__ = ("_grain", "_names", "_schedules", "formulas")

    def __init__(self, formulas: Sequence[Expr], grain: Grain = _GRAIN) -> None:
        """Takes formulas.

        Args:
            grain: which arrays are large enough to be worked on block by block.
        """
        self.formulas = tuple(formulas)
        self._grain = grain
        self._names = variables(formulas)
        self._schedules: dict[tuple[Shape, ...], Schedule] = {}

    def schedule(self, shapes: Sequence[Shape]) -> Schedule:
        """The steps for inputs of some shapes, in the order of the names."""
        key = tuple(shapes)
        found = self._schedules.get(key)
        if found is None:
            with np.errstate(all="ignore"):
                found = Schedule(self.formulas, dict(zip(self._names, key, strict=True)), self._grain)
            kept = list(self._schedules.items())[1 - _MOST_SHAPES :]
            # A new dictionary, for another thread may be looking at the old one.
            self._schedules = {**dict(kept), key: found}
        return found

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """The value of each formula; an array is new, and nobody else's.

        Args:
            inputs: float64 arrays or numbers by name; they may have further axes in front.
        """
        schedule = self.schedule([getattr(inputs[name], "shape", ()) for name in self._names])
        with np.errstate(all="ignore"):
            return schedule.run(inputs)


def plan_of(formula: Linearization, formulas: tuple[Expr, ...]) -> Plan:
    """How NumPy carries out formulas derived from a lowered one; kept with it."""
    found: Plan = formula.kept(("plan", formulas), lambda: Plan(formulas))
    return found
