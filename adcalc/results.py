"""What comes out: values, gradients and Hessians as plain data, before anybody makes them pretty."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from adcalc.errors import Caution

#: A float64 array of NumPy's; imported by whoever makes one.
Array: TypeAlias = Any
#: A float, or an array where the variable or the value is one.
Figure: TypeAlias = "float | Array"


def finite_everywhere(figures: Iterable[Figure]) -> bool:
    """Whether every number, or every entry of every array, is finite.

    >>> finite_everywhere([1.0, float("inf")])
    False
    """
    for figure in figures:
        if isinstance(figure, float | int):
            if not math.isfinite(figure):
                return False
        else:
            import numpy as np

            if not np.isfinite(figure).all():
                return False
    return True


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a formula at a point."""

    value: Figure
    warnings: tuple[Caution, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether it is a finite number, or an array of them."""
        return finite_everywhere([self.value])


@dataclass(frozen=True, slots=True)
class Gradient:
    """The value and the partial derivatives of a formula at a point."""

    value: Figure
    """A number; an array where the partials are taken entry by entry."""
    partials: Mapping[str, Figure]
    """By variable, in the order asked for; of an array an array of its shape."""
    warnings: tuple[Caution, ...] = ()
    error_estimate: Mapping[str, Figure] | None = None
    """By variable, from a backend that approximates; the true error is expected below it."""
    evaluations: int = 1
    """How often the backend evaluated the formula."""
    operations: int | None = None
    """How many operations on numbers the formulas of the derivatives have; None over arrays, where nobody counts."""

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return finite_everywhere([self.value, *self.partials.values()])


@dataclass(frozen=True, slots=True)
class Jacobian:
    """The value of a formula and its derivative by each variable: the matrix of all partial derivatives."""

    value: Figure
    blocks: Mapping[str, Figure]
    """By variable: axes of the value first, then those of the variable; a number if neither has any."""
    warnings: tuple[Caution, ...] = ()
    error_estimate: Mapping[str, Figure] | None = None
    evaluations: int = 1
    operations: int | None = None

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return finite_everywhere([self.value, *self.blocks.values()])


@dataclass(frozen=True, slots=True)
class Pushforward:
    """The value of a formula and how it moves along a tangent: a Jacobian-vector product."""

    value: Figure
    tangent: Figure
    warnings: tuple[Caution, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return finite_everywhere([self.value, self.tangent])


@dataclass(frozen=True, slots=True)
class Pullback:
    """The value of a formula and what a cotangent of it contributes to each variable: a vector-Jacobian product."""

    value: Figure
    cotangents: Mapping[str, Figure]
    warnings: tuple[Caution, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return finite_everywhere([self.value, *self.cotangents.values()])


@dataclass(frozen=True, slots=True)
class HessianProduct:
    """The value and the gradient of a formula, and its Hessian times a vector."""

    value: float
    partials: Mapping[str, Figure]
    products: Mapping[str, Figure]
    """By variable, in the variable's shape."""
    warnings: tuple[Caution, ...] = ()

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        return finite_everywhere([self.value, *self.partials.values(), *self.products.values()])


@dataclass(frozen=True)
class Hessian:
    """The value, the partial derivatives and the second partial derivatives of a formula at a point."""

    value: float
    partials: Mapping[str, Figure]
    variables: tuple[str, ...]
    """What a row and a column stand for: a variable, or an entry of one such as "x[0]"."""
    matrix: Sequence[Sequence[float]] | Array
    """Symmetric to the last bit; rows and columns in the order of `variables`."""
    warnings: tuple[Caution, ...] = ()
    error_estimate: Mapping[str, Figure] | None = None
    matrix_error: Sequence[Sequence[float]] | Array | None = None

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        entries = (entry for row in self.matrix for entry in row)
        return finite_everywhere([self.value, *self.partials.values()]) and all(map(math.isfinite, entries))

    @cached_property
    def eigenvalues(self) -> tuple[float, ...]:
        """In ascending order; one that the rounding of the entries may have made is 0; nan where the matrix is not finite."""
        if not all(math.isfinite(entry) for row in self.matrix for entry in row):
            return (math.nan,) * len(self.matrix)
        if not len(self.matrix):
            return ()
        return eigenvalues_of(self.matrix)

    @property
    def condition(self) -> float:
        """The condition number: the largest eigenvalue in size over the smallest; inf where one is 0."""
        sizes = sorted(map(abs, self.eigenvalues))
        if not sizes or math.isnan(sizes[-1]):
            return math.nan
        return sizes[-1] / sizes[0] if sizes[0] else math.inf

    @property
    def definiteness(self) -> str:
        """What the signs of the eigenvalues say.

        >>> Hessian(0, {}, ("x", "y"), [[18, 4], [4, 0]]).definiteness
        'indefinite'
        """
        if not len(self.matrix):
            return "empty"
        values = self.eigenvalues
        if any(math.isnan(value) for value in values):
            return "undefined"
        if len(values) > _MOST_PRECISE:
            values = _balanced_eigenvalues(self.matrix)
        if all(value == 0.0 for value in values):
            return "zero"
        if values[0] < 0.0 < values[-1]:
            return "indefinite"
        sign = "positive" if values[-1] > 0.0 else "negative"
        return f"{sign} {'semidefinite' if 0.0 in values else 'definite'}"


#: Larger matrices are left to LAPACK: with more digits they would take seconds.
_MOST_PRECISE = 16
#: Eigenvalues that are smaller than the largest by more than this have lost digits in LAPACK.
_SPREAD = 1e-4


def eigenvalues_of(matrix: Sequence[Sequence[float]] | Array) -> tuple[float, ...]:
    """The eigenvalues of a symmetric matrix in ascending order, each to the digits that its entries make certain.

    LAPACK's symmetric solver has them to the last digits of the largest; where others are much smaller they are computed
    with more digits.  What is smaller than the rounding of the entries makes it (first-order perturbation of a simple
    eigenvalue; Wilkinson, 1965) is 0.

    >>> eigenvalues_of([[1e20, 1e10], [1e10, 2.0]]), eigenvalues_of([[1.0, 3.0], [3.0, 9.0]])
    ((1.0, 1e+20), (0.0, 10.0))
    """
    import numpy as np

    entries = np.array(matrix, dtype=float)
    values, vectors = np.linalg.eigh(entries)
    sizes = np.abs(values)
    if len(entries) <= _MOST_PRECISE and sizes.min() < _SPREAD * sizes.max():
        import mpmath

        context = mpmath.MPContext()
        inside = np.abs(entries[entries != 0.0])
        context.dps = 40 + 2 * math.ceil(math.log10(inside.max()) - math.log10(inside.min()))
        # Where the iteration does not end LAPACK's are what there is.
        with suppress(RuntimeError):
            precise, columns = context.eigsy(context.matrix(entries.tolist()))
            order = sorted(range(len(entries)), key=lambda place: precise[place])
            values = np.array([float(precise[place]) for place in order])
            vectors = np.array([[float(columns[row, place]) for place in order] for row in range(len(entries))])
    rounding = np.abs(entries) * sys.float_info.epsilon
    doubt = np.einsum("ik,ij,jk->k", np.abs(vectors), rounding, np.abs(vectors))
    return tuple([float(value) for value in np.where(np.abs(values) <= doubt, 0.0, values)])


def _balanced_eigenvalues(matrix: Sequence[Sequence[float]]) -> tuple[float, ...]:
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
    values = np.linalg.eigvalsh(entries * scale[:, None] * scale[None, :])
    rounding = np.max(np.abs(values)) * len(values) * sys.float_info.epsilon * 4
    return tuple([float(value) for value in np.where(np.abs(values) <= rounding, 0.0, values)])


@dataclass(frozen=True, slots=True)
class Comparison:
    """One backend's answer beside the others."""

    backend: str
    gradient: Gradient | None
    problem: str
    """Why there is no answer, or ""."""
    ulps: float
    """The largest distance of a figure from the reference backend's, in units in the last place."""
    operations: int | None
    """How many primitives it carried out on numbers; None over arrays, where nobody counts."""
    evaluations: int
    """How often it evaluated the formula."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some rows of a batch have no results, or not all of them."""

    message: str
    span: tuple[int, int] | None
    count: int
    rows: tuple[int, ...]
    """The first ones, counted from 0."""
    hint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Values, partial derivatives and second partial derivatives at many points."""

    value: Array
    """One entry for each point; nan where there is no value."""
    partials: Mapping[str, Array]
    """By variable, in the order asked for."""
    hessian: Mapping[tuple[str, str], Array] | None = None
    """By two variables, in both orders; the same array for both."""
    failed: int = 0
    """How many points have no value."""
    failures: tuple[Reason, ...] = ()
    warnings: tuple[Caution, ...] = ()
    engine: str = ""
    """What carried the program out: "native" or "numpy"."""
    order: tuple[tuple[str, str], ...] = ()
    """The pairs of variables of the second partials, each once."""

    @property
    def columns(self) -> dict[str, Array]:
        """Every result by the name of its column: "value", "d_x", "d_x_y"."""
        second = {} if self.hessian is None else {f"d_{a}_{b}": self.hessian[a, b] for a, b in self.order}
        return {"value": self.value, **{f"d_{name}": array for name, array in self.partials.items()}, **second}
