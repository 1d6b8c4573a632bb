"""What a backend is: from a program at a point to its derivatives there."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.errors import MethodProblem
from adcalc.program import Differentiable, evaluate
from adcalc.trace import Trace

if TYPE_CHECKING:
    from adcalc.backends.columns import Seconds
    from adcalc.prepared import Formulas, Prepared
    from adcalc.task import Task

Matrix = list[list[float]]
Array: TypeAlias = Any


@dataclass(frozen=True, slots=True, eq=False)
class Derivatives:
    """What a backend found at a point."""

    partials: Mapping[str, float]
    matrix: Matrix | None = None
    error_estimate: Mapping[str, float] | None = None
    matrix_error: Matrix | None = None
    evaluations: int = 1
    """How often the formula was evaluated."""
    notes: tuple[str, ...] = ()
    """What the user should know of how it was done."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayDerivatives:
    """What a backend found for a formula over arrays."""

    jacobian: Mapping[str, Array]
    """By variable; axes of the value first, then those of the variable."""
    matrix: Array | None = None
    """The Hessian, by the entries of all variables one after the other."""
    error_estimate: Mapping[str, Array] | None = None
    matrix_error: Array | None = None
    evaluations: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backend(ABC):
    """The base of every backend: one required method, and a Hessian that is built on it."""

    floats: Differentiable[float] = FLOATS
    """The arithmetic to work in."""

    name: ClassVar[str]
    doc: ClassVar[str]
    refinable: ClassVar[bool] = True
    """It is exact but for rounding, so that more digits make it better."""

    @abstractmethod
    def gradient(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        """The partial derivatives of the program's result by some of its inputs, at the trace's point."""

    def hessian(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        """The same with the matrix of second derivatives: here, differences of the gradient."""
        from adcalc.differences import slope

        first = self.gradient(trace, wrt)

        def moved(name: str, other: str, to: float) -> float:
            inputs = {**trace.inputs, name: to}
            values = evaluate(trace.program, self.floats, inputs)
            return self.gradient(replace(trace, inputs=inputs, values=values), [other]).partials[other]

        matrix = [
            [slope(lambda to, a=a, b=b: moved(a, b, to), trace.inputs[a]).value for b in wrt]  # type: ignore[misc]
            for a in wrt
        ]
        return replace(first, matrix=symmetric(matrix))

    def array_gradient(self, task: Task) -> ArrayDerivatives:
        """The Jacobian of a formula over arrays by the variables of the task; of a number it is the gradient.

        Raises:
            MethodProblem: this backend works on numbers only.
        """
        raise MethodProblem(f"the backend `{self.name}` works on numbers only", hint="take `--backend reverse`")

    def array_hessian(self, task: Task) -> ArrayDerivatives:
        """The same with the Hessian of a formula whose value is a number: here, differences of the gradient."""
        raise MethodProblem(f"the backend `{self.name}` has no Hessians of arrays", hint="take `--backend reverse`")

    def batch_gradient(self, ready: Prepared, wrt: tuple[str, ...]) -> Formulas | None:
        """The partials of a formula of numbers as core formulas, to be carried out for every row of columns.

        None: this backend has no formulas, and takes one row after the other.
        """
        return None

    def batch_quotients(
        self,
        values: Callable[[Mapping[str, Array]], Array],
        at: Mapping[str, Array],
        middle: Array,
        wrt: Sequence[str],
        *,
        hessian: bool,
    ) -> list[Array] | None:
        """The partials and, of each pair once, the second partials at many points, from values alone.

        None: this backend takes one row after the other.

        Args:
            values: the formula at points of which some coordinates are moved; nan where there is none.
            at: the coordinates of all points, by variable.
            middle: the values at the points.
        """
        return None

    def batch_hessian(self, ready: Prepared, wrt: tuple[str, ...], partials: Formulas) -> Seconds:
        """The second partials likewise: here, by forward mode over the first ones."""
        from adcalc.backends.columns import forward_seconds

        return forward_seconds(ready, wrt, partials)


def symmetric(matrix: Matrix) -> Matrix:
    """A Hessian with each pair of entries made equal; one that is not finite stays so for both.

    >>> symmetric([[1.0, 2.0], [4.0, 1.0]])
    [[1.0, 3.0], [3.0, 1.0]]
    """
    size = range(len(matrix))
    return [[matrix[i][j] if i == j else _middle(matrix[i][j], matrix[j][i]) for j in size] for i in size]


def _middle(a: float, b: float) -> float:
    if a == b:
        return a
    if math.isfinite(a) and math.isfinite(b):
        return a / 2 + b / 2
    return next(value for value in sorted((a, b), key=str) if not math.isfinite(value))
