"""What comes out: values, gradients and Hessians as plain data, before anybody makes them pretty."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from adcalc.errors import Caution


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a formula at a point."""

    value: float
    warnings: tuple[Caution, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether it is a finite number."""
        return math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Gradient:
    """The value and the partial derivatives of a formula at a point."""

    value: float
    partials: Mapping[str, float]
    """By variable, in the order asked for."""
    warnings: tuple[Caution, ...] = ()
    error_estimate: Mapping[str, float] | None = None
    """By variable, from a backend that approximates; the true error is expected below it."""
    evaluations: int = 1
    """How often the backend evaluated the formula."""

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return all(map(math.isfinite, (self.value, *self.partials.values())))


@dataclass(frozen=True)
class Hessian:
    """The value, the partial derivatives and the second partial derivatives of a formula at a point."""

    value: float
    partials: Mapping[str, float]
    variables: tuple[str, ...]
    matrix: Sequence[Sequence[float]]
    """Symmetric to the last bit; rows and columns in the order of `variables`."""
    warnings: tuple[Caution, ...] = ()
    error_estimate: Mapping[str, float] | None = None
    matrix_error: Sequence[Sequence[float]] | None = None

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        entries = (entry for row in self.matrix for entry in row)
        return all(map(math.isfinite, (self.value, *self.partials.values(), *entries)))

    @cached_property
    def eigenvalues(self) -> tuple[float, ...]:
        """In ascending order, by LAPACK's symmetric solver; nan where the matrix is not finite."""
        if not all(math.isfinite(entry) for row in self.matrix for entry in row):
            return (math.nan,) * len(self.matrix)
        if not self.matrix:
            return ()
        import numpy as np

        return tuple(float(value) for value in np.linalg.eigvalsh(np.array(self.matrix)))

    @property
    def definiteness(self) -> str:
        """What the signs of the eigenvalues say, zeros up to rounding counted as zeros.

        >>> Hessian(0, {}, ("x", "y"), [[18, 4], [4, 0]]).definiteness
        'indefinite'
        """
        if not self.matrix:
            return "empty"
        if any(math.isnan(value) for value in self.eigenvalues):
            return "undefined"
        values = _balanced_eigenvalues(self.matrix)
        rounding = max(map(abs, values)) * len(values) * sys.float_info.epsilon * 4
        if all(value == 0.0 for value in values):
            return "zero"
        positive = [value > rounding for value in values]
        negative = [value < -rounding for value in values]
        if all(positive):
            return "positive definite"
        if all(negative):
            return "negative definite"
        if any(positive) and any(negative):
            return "indefinite"
        return "positive semidefinite" if any(positive) else "negative semidefinite"


def _balanced_eigenvalues(matrix: Sequence[Sequence[float]]) -> list[float]:
    """Eigenvalues of a matrix whose variables are measured so that every row is of size 1.

    A congruence keeps the signs of the eigenvalues (Sylvester, 1852), and rounding does not hide the
    small ones behind the large ones any more.
    """
    import numpy as np

    entries = np.array(matrix)
    rows = np.abs(entries).max(axis=1)
    largest = rows.max() or 1.0
    sizes = np.sqrt(np.maximum(np.abs(np.diagonal(entries)), rows * (rows / largest)))
    scale = np.exp2(-np.round(np.log2(np.where(sizes > 0.0, sizes, 1.0))))
    return [float(value) for value in np.linalg.eigvalsh(entries * scale[:, None] * scale[None, :])]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One backend's answer beside the others."""

    backend: str
    gradient: Gradient | None
    problem: str
    """Why there is no answer, or ""."""
    ulps: float
    """The largest distance of a figure from the reference backend's, in units in the last place."""
    operations: int
    """How many primitives it carried out on numbers."""
    evaluations: int
    """How often it evaluated the formula."""
    seconds: float
