"""Every backend at the same point: what each finds, how far apart they are, and what it took."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from adcalc.backends import BACKENDS
from adcalc.errors import Problem
from adcalc.function import Function
from adcalc.results import Array, Comparison, Figure, Gradient


def compare(function: Function, at: Mapping[str, Figure], wrt: Sequence[str] | None = None) -> list[Comparison]:
    """The gradient of a function by every backend, the first one the reference.

    Raises:
        Problem: the first backend has no answer.
    """
    answers: list[Comparison] = []
    reference: Gradient | None = None
    for name in BACKENDS:
        try:
            begin = time.perf_counter()
            gradient = function.gradient(at, wrt, name)
            seconds = time.perf_counter() - begin
        except Problem as problem:
            if reference is None:
                raise
            answers.append(Comparison(name, None, problem.message, math.nan, None, 0, math.nan))
            continue
        reference = reference or gradient
        apart = distance(gradient, reference)
        answers.append(Comparison(name, gradient, "", apart, gradient.operations, gradient.evaluations, seconds))
    return answers


def distance(one: Gradient, other: Gradient) -> float:
    """The largest distance of two gradients' figures in units in the last place of the larger figure.

    >>> from dataclasses import replace
    >>> a = Gradient(1.0, {"x": 1.0})
    >>> distance(a, replace(a, partials={"x": 1.0000000000000002}))
    1.0
    """
    return max((_ulps(one.partials[name], value) for name, value in other.partials.items()), default=0.0)


def _ulps(a: Figure, b: Figure) -> float:
    if not isinstance(a, float) or not isinstance(b, float):
        return _array_ulps(a, b)
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / math.ulp(max(abs(a), abs(b)))


def _array_ulps(a: Array, b: Array) -> float:
    """The same for arrays, in units of the largest entry: a small entry owes its rounding to the large ones."""
    import numpy as np

    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    if not np.isfinite(np.stack([a, b])[:, ~same]).all():
        return math.inf
    sizes = np.abs(np.stack([a, b]))
    unit = math.ulp(float(sizes[np.isfinite(sizes)].max()))
    return float(np.abs(a - b)[~same].max()) / unit
