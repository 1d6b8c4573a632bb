"""How many digits of a result over arrays are certain: it is computed once more with its roundings perturbed.

Formulas of numbers are computed again with more digits where this shows that it takes them
(`adcalc.refinement`); over arrays it is only said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.algebras.perturbedarrays import PerturbedArrays
from adcalc.errors import Caution
from adcalc.expr import Expr, topological
from adcalc.program import Unused, evaluate, lowered
from adcalc.task import Task

Array: TypeAlias = Any

_SEEDS = (20_250_713, 19_700_101)
#: Entries of all operations together; larger computations are not checked.
_MOST_ENTRIES = 50_000
#: What may move, relative to a figure, without anybody minding.
_TOLERANCE = 1e-8
#: Beside the largest number of the point, a figure so small counts as 0.
_NOTHING = 1e-6


class Claim(NamedTuple):
    """A formula, and the figure that it is said to have."""

    formula: Expr
    figure: Array


def doubts(
    task: Task,
    claims: Callable[[], Sequence[Claim]],
    seeds: Mapping[str, Array] | None = None,
) -> list[Caution]:
    """What is to be said of the digits of some figures.

    Args:
        claims: the figures; asked for only if the formula is small enough to be checked.
        seeds: tangents or cotangents that the formulas read beside the point.
    """
    if _entries(task, [task.prepared.root]) > _MOST_ENTRIES:
        return []
    formulas, figures = zip(*claims(), strict=True)
    if _entries(task, formulas) > _MOST_ENTRIES:
        return []
    inputs = {**task.inputs, **(seeds or {})}
    program = lowered(formulas)._replace(branching=False)
    sizes = [float(np.max(np.abs(value))) for value in task.inputs.values() if np.size(value)]
    least = _NOTHING * max([size for size in sizes if math.isfinite(size)], default=0.0)
    spread = 0.0
    for seed in _SEEDS:
        with np.errstate(all="ignore"):
            values = evaluate(program, PerturbedArrays(seed), inputs)
        for output, figure in zip(program.outputs, figures, strict=True):
            moved = values[output]
            assert not isinstance(moved, Unused)
            spread = max(spread, _distance(figure, moved, least))
    if spread <= _TOLERANCE:
        return []
    certain = math.floor(-math.log10(spread)) if spread < 1.0 else 0
    message = (
        f"rounding in double precision leaves about {certain} digits certain here"
        if certain > 0
        else "rounding decides the result here: no digit of it is certain"
    )
    return [Caution("precision", message, None, "a formula of numbers is computed with as many digits as it takes")]


def _entries(task: Task, formulas: Sequence[Expr]) -> int:
    """How many numbers are computed on the way."""
    return sum([math.prod(task.prepared.builder.shape(node)) for node in topological(formulas)])


def _distance(figure: Array, moved: Array, least: float) -> float:
    """How far a figure moved, relative to it."""
    with np.errstate(all="ignore"):
        apart = np.abs(np.subtract(figure, moved))
        sizes = np.abs(np.broadcast_to(figure, apart.shape))
        if not apart.size:
            return 0.0
        found = np.where(apart == 0.0, 0.0, apart / np.maximum(np.max(sizes), least))
    worst = np.max(found)
    return math.inf if np.isnan(worst) else float(worst)
