"""Every backend at the same point: what each finds, how far apart they are, and what it took."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from adcalc.algebras.floats import FLOATS
from adcalc.backends import BACKENDS, backend_named
from adcalc.errors import Problem
from adcalc.function import Function
from adcalc.primitive import Primitive
from adcalc.results import Comparison, Gradient


class Counted:
    """The algebra of floats, counting the primitives it carries out."""

    exact = True

    def __init__(self) -> None:
        self.count = 0

    def const(self, value: float) -> float:
        return value

    def truth(self, value: float) -> bool:
        return value != 0.0

    def apply(self, primitive: Primitive, arguments: Sequence[float]) -> float:
        self.count += 1
        return FLOATS.apply(primitive, arguments)


def compare(function: Function, at: Mapping[str, float], wrt: Sequence[str] | None = None) -> list[Comparison]:
    """The gradient of a function by every backend, the first one the reference.

    Raises:
        Problem: the first backend has no answer.
    """
    answers: list[Comparison] = []
    reference: Gradient | None = None
    for name in BACKENDS:
        counted = Counted()
        try:
            function.gradient(at, wrt, backend_named(name)(floats=counted))
            begin = time.perf_counter()
            gradient = function.gradient(at, wrt, name)
            seconds = time.perf_counter() - begin
        except Problem as problem:
            if reference is None:
                raise
            answers.append(Comparison(name, None, problem.message, math.nan, counted.count, 0, math.nan))
            continue
        reference = reference or gradient
        answers.append(
            Comparison(name, gradient, "", distance(gradient, reference), counted.count, gradient.evaluations, seconds)
        )
    return answers


def distance(one: Gradient, other: Gradient) -> float:
    """The largest distance of two gradients' figures in units in the last place of the larger figure.

    >>> from dataclasses import replace
    >>> a = Gradient(1.0, {"x": 1.0})
    >>> distance(a, replace(a, partials={"x": 1.0000000000000002}))
    1.0
    """
    return max((_ulps(one.partials[name], value) for name, value in other.partials.items()), default=0.0)


def _ulps(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / math.ulp(max(abs(a), abs(b)))
