"""Difference quotients of a formula over arrays, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from adcalc.backends.protocol import ArrayDerivatives
from adcalc.differences import Estimate, Method, curvature, reach, slope, twist
from adcalc.task import Task

Array: TypeAlias = Any
Place = tuple[str, int]


def jacobian(task: Task, method: Method, step: float | None) -> ArrayDerivatives:
    """Slopes of every entry of the value by every entry of the variables, with a bound of their error."""
    task.run([], [])
    values = _Values(task)
    outputs = math.prod(task.shape)
    blocks, errors = {}, {}
    for name, shape in task.shapes().items():
        found = [
            [_slope(values, (name, column), row, method, step) for column in range(math.prod(shape))]
            for row in range(outputs)
        ]
        dims = (*task.shape, *shape)
        blocks[name] = np.array([[e.value for e in row] for row in found]).reshape(dims)
        errors[name] = np.array([[e.error for e in row] for row in found]).reshape(dims)
    return ArrayDerivatives(blocks, error_estimate=errors, evaluations=values.count)


def _slope(values: _Values, place: Place, row: int, method: Method, step: float | None) -> Estimate:
    found = slope(lambda to: values.along(place, to, row), values.start(place), method, step)
    return found if found.error < math.inf else Estimate(math.nan, found.error, found.sides)


def hessian(task: Task, method: Method, step: float | None) -> ArrayDerivatives:
    """Second differences of a formula whose value is a number."""
    first = jacobian(task, method, step)
    values = _Values(task)
    places: list[Place] = [(name, entry) for name, shape in task.shapes().items() for entry in range(math.prod(shape))]
    size = len(places)
    matrix, errors = np.zeros((size, size)), np.zeros((size, size))

    def one(place: Place) -> Callable[[float], float]:
        return lambda to: values.along(place, to, 0)

    reaches = [reach(one(place), values.start(place)) for place in places] if step is None and size > 1 else []
    for i, row in enumerate(places):
        for j, column in enumerate(places[: i + 1]):
            if i == j:
                estimate = curvature(one(row), values.start(row), step)
            else:
                known = (reaches[i], reaches[j]) if reaches else None

                def two(a: float, b: float, row: Place = row, column: Place = column) -> float:
                    return values.at({row: a, column: b})

                estimate = twist(two, values.start(row), values.start(column), step, known)
            matrix[i, j] = matrix[j, i] = estimate.value
            errors[i, j] = errors[j, i] = estimate.error
    return ArrayDerivatives(
        first.jacobian, matrix, first.error_estimate, errors, evaluations=first.evaluations + values.count
    )


class _Values:
    """The formula as a function of some entries of its variables, counting how often it is asked."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.count = 0
        self._seen: dict[tuple[Place, float], Array] = {}

    def start(self, place: Place) -> float:
        """The value of an entry at the point."""
        return float(np.reshape(self.task.inputs[place[0]], -1)[place[1]])

    def along(self, place: Place, to: float, row: int) -> float:
        """One entry of the value, with one entry of a variable moved."""
        key = (place, to)
        if key not in self._seen:
            self._seen[key] = self._value({place: to})
        return float(self._seen[key][row])

    def at(self, moved: dict[Place, float]) -> float:
        """The value, with some entries of variables moved."""
        return float(self._value(moved)[0])

    def _value(self, moved: dict[Place, float]) -> Array:
        self.count += 1
        inputs = dict(self.task.inputs)
        for (name, entry), to in moved.items():
            changed = np.array(inputs[name], dtype=float)
            changed.reshape(-1)[entry] = to
            inputs[name] = changed
        (value,) = self.task.prepared.run([self.task.prepared.root], inputs)
        return np.reshape(value, -1)
