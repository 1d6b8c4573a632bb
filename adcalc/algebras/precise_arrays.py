"""Arrays whose entries have many digits: where doubles do not tell, more digits do.

The counterpart over arrays of `adcalc.algebras.multiprecision`: NumPy's arrays of objects, each entry a number of
mpmath's.  What only arranges entries is done by the same kernels as in doubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.kernels import kernel
from adcalc.algebras.multiprecision import Multiprecision
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive

Array: TypeAlias = Any
#: A number of mpmath's, which has no types of its own.
Real: TypeAlias = Any

_DIRECT: Mapping[str, Any] = {"+": np.add, "-": np.subtract, "*": np.multiply, "neg": np.negative}


class PreciseArrays:
    """The algebra of arrays of real numbers with some number of decimal digits.

    >>> from adcalc.table import PRIMITIVES
    >>> wide = PreciseArrays(40)
    >>> total = wide.apply(PRIMITIVES["core sum"].bound(axes=(-1,)), [wide.lift(np.array([1e16, 1.0, -1e16]))])
    >>> wide.rounded(total)
    1.0
    """

    exact = True

    def __init__(self, digits: int, still: Collection[float] = ()) -> None:
        self.numbers = Multiprecision(digits, still)
        self.context = self.numbers.context
        self._functions: dict[Primitive, Callable[..., Array]] = {}
        self._lifted = np.frompyfunc(self.numbers.const, 1, 1)
        self._float = np.frompyfunc(self.numbers.rounded, 1, 1)

    def const(self, value: float | Number) -> Real:
        return self.numbers.const(value)

    def truth(self, value: Array) -> None:
        """Entries differ, so that both branches are computed."""

    def shape(self, value: Array) -> tuple[int, ...]:
        return np.shape(value)

    def lift(self, value: Any) -> Array:
        """Doubles as they are, with many digits."""
        if not np.ndim(value):
            return self.const(float(value))
        with np.errstate(all="ignore"):
            return np.asarray(self._lifted(np.asarray(value, dtype=float)), dtype=object)

    def rounded(self, value: Array) -> Any:
        """The nearest doubles: a float, or an array of float64."""
        if not np.ndim(value):
            return self.numbers.rounded(value.item() if hasattr(value, "item") else value)
        with np.errstate(all="ignore"):
            return np.asarray(self._float(value), dtype=float)

    def apply(self, primitive: Primitive, arguments: Sequence[Array]) -> Array:
        function = self._functions.get(primitive)
        if function is None:
            make = self._entrywise if primitive.elementwise else self._kernel
            function = self._functions[primitive] = make(primitive)
        return function(*[self._own(argument) for argument in arguments])

    def _own(self, value: Array) -> Array:
        """A value in this algebra; zeros, units and places come as doubles."""
        return self.lift(value) if getattr(value, "dtype", None) == np.float64 or isinstance(value, float) else value

    def _entrywise(self, primitive: Primitive) -> Callable[..., Array]:
        direct = _DIRECT.get(primitive.name)
        if direct is not None:
            function: Callable[..., Array] = direct
            return function
        if primitive.name == "where":
            return lambda condition, x, y: _chosen(np.not_equal(condition, 0).astype(bool), x, y)
        logic = {"and": np.logical_and, "or": np.logical_or}.get(primitive.name)
        if logic is not None:
            return lambda x, y: self.lift(logic(np.not_equal(x, 0).astype(bool), np.not_equal(y, 0).astype(bool)))
        apply = self.numbers.apply
        if not primitive.arity[1] and not primitive.variadic:
            return lambda: apply(primitive, ())

        def entry(*arguments: Real) -> Real:
            return apply(primitive, arguments)

        def entries(*arguments: Array) -> Array:
            return np.frompyfunc(entry, len(arguments), 1)(*arguments)

        return entries

    def _kernel(self, primitive: Primitive) -> Callable[..., Array]:
        static = dict(primitive.static)
        made = _MAKERS.get(primitive.name)
        if made is not None:
            return partial(made, self, **static)
        if primitive.over != "core":
            raise TypeError(f"`{primitive.name}` is no core row")
        plain = kernel(primitive)
        if not primitive.arity[1] and not primitive.variadic:
            return lambda: self.lift(plain())
        return plain

    def map(self, function: Callable[[Real], Real], x: Array) -> Array:
        """A function of numbers at every entry."""
        return np.frompyfunc(function, 1, 1)(x)

    def zeros(self, dims: Sequence[int]) -> Array:
        """An array of zeros."""
        return np.full(tuple(dims), self.context.mpf(0), dtype=object)

    def nowhere(self, dims: Sequence[int]) -> Array:
        """An array of what is not a number."""
        return np.full(tuple(dims), self.context.nan, dtype=object)


def _chosen(condition: Array, x: Array, y: Array) -> Array:
    found: Array = np.where(condition, x, y)
    return found if found.ndim else found.item()


def _scatter(wide: PreciseArrays, x: Array, dims: tuple[int, ...], key: tuple[Any, ...]) -> Array:
    from adcalc.lower.shape_rules import key_slices

    kept = sum(isinstance(part, tuple) for part in key)
    shape = np.shape(x)
    result = wide.zeros((*shape[: len(shape) - kept], *dims[len(dims) - len(key) :]))
    result[(..., *key_slices(key))] = x
    return result


def _take(wide: PreciseArrays, x: Array, places: Array) -> Array:
    numbers = np.asarray(wide.rounded(places))
    whole = np.where(np.isfinite(numbers), numbers, -1.0).astype(np.intp)
    sound = (whole == numbers) & (whole >= 0) & (whole < x.shape[-1])
    if not np.any(sound):
        return wide.nowhere((*x.shape[:-1], *whole.shape))
    return np.where(sound, np.take(x, np.where(sound, whole, 0), axis=-1), wide.context.nan)


def _put(wide: PreciseArrays, x: Array, places: Array, n: int) -> Array:
    numbers = np.asarray(wide.rounded(places))
    x = np.asarray(x, dtype=object)
    lead = x.shape[: x.ndim - numbers.ndim]
    if not np.all((numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < n)):
        return wide.nowhere((*lead, n))
    whole = numbers.astype(np.intp)
    rows = x.reshape((math.prod(lead), whole.size))
    result = wide.zeros((len(rows), n))
    for column, place in enumerate(whole.ravel()):
        result[:, place] += rows[:, column]
    return result.reshape((*lead, n))


def _norm(wide: PreciseArrays, x: Array, axes: tuple[int, ...]) -> Array:
    return wide.map(wide.context.sqrt, np.add.reduce(np.multiply(x, x), axis=axes))


def _one_hot(wide: PreciseArrays, labels: Array, n: int) -> Array:
    from adcalc.table import PRIMITIVES

    return wide.lift(kernel(PRIMITIVES["core one_hot"].bound(n=n))(wide.rounded(labels)))


def _unsound(wide: PreciseArrays, x: Array) -> Real:
    finite = all(wide.context.isfinite(entry) for entry in np.ravel(x))
    return wide.context.mpf(0 if finite else 1)


def _diagonal(wide: PreciseArrays, x: Array) -> Array:
    result = wide.zeros((*x.shape, x.shape[-1]))
    places = np.arange(x.shape[-1])
    result[..., places, places] = x
    return result


def _shares(wide: PreciseArrays, x: Array) -> tuple[Array, Array, Array]:
    """The largest entry of the last axis, exp of what the others are above it, and the sum of that."""
    top = np.maximum.reduce(x, axis=-1, keepdims=True, initial=-wide.context.inf)
    least = wide.map(lambda entry: wide.context.mpf(0) if entry == -wide.context.inf else entry, top)
    risen = wide.map(lambda entry: wide.context.nan if entry != entry else wide.numbers.exponential(entry), x - least)
    return top, risen, np.add.reduce(risen, axis=-1, keepdims=True)


def _logsumexp(wide: PreciseArrays, x: Array) -> Array:
    if not x.shape[-1]:
        return np.full(x.shape[:-1], -wide.context.inf, dtype=object)
    top, _, total = _shares(wide, x)
    found = wide.map(lambda entry: -wide.context.inf if entry == 0 else wide.context.log(entry), total)
    return found[..., 0] + np.where(np.equal(top, -wide.context.inf), wide.context.mpf(0), top)[..., 0]


def _softmax(wide: PreciseArrays, x: Array) -> Array:
    _, risen, total = _shares(wide, x)
    return risen / np.where(np.equal(total, 0), wide.context.nan, total)


def _log_softmax(wide: PreciseArrays, x: Array) -> Array:
    top, _, total = _shares(wide, x)
    return x - top - wide.map(wide.context.log, total)


def _or_nan(wide: PreciseArrays, x: Array, found: Array) -> Array:
    """An extreme, or what is not a number where an entry is that."""
    odd = np.any(np.not_equal(x, x).astype(bool), axis=-1)
    return _chosen(odd, wide.context.nan, found)


def _first_odd_or(x: Array, found: Array) -> Array:
    """The place of an extreme, or of the first entry that is not a number, as NumPy has it."""
    odd = np.not_equal(x, x).astype(bool)
    return np.where(np.any(odd, axis=-1), np.argmax(odd, axis=-1), found)


def _square(function: Callable[..., Array]) -> Callable[..., Array]:
    """A function of matrices over the axes in front of them; nan where there is none."""

    def each(wide: PreciseArrays, *arrays: Array) -> Array:
        lead = np.broadcast_shapes(*[array.shape[:-2] for array in arrays])
        spread = [np.broadcast_to(array, (*lead, *array.shape[-2:])) for array in arrays]
        if not lead:
            return function(wide, *spread)
        found = [function(wide, *[array[place] for array in spread]) for place in np.ndindex(*lead)]
        return np.stack(found).reshape((*lead, *np.shape(found[0])))

    return each


def _eliminated(x: Array, y: Array) -> tuple[Array, Array, int] | None:
    """Gaussian elimination with the largest pivots: the triangle, the right sides, the sign; None where it is singular."""
    left, right, sign = x.copy(), y.copy(), 1
    for column in range(len(left)):
        pivot = column + int(np.argmax(np.abs(left[column:, column])))
        if left[pivot, column] == 0 or left[pivot, column] != left[pivot, column]:
            return None
        if pivot != column:
            left[[column, pivot]], right[[column, pivot]] = left[[pivot, column]], right[[pivot, column]]
            sign = -sign
        factors = left[column + 1 :, column] / left[column, column]
        left[column + 1 :] -= factors[:, None] * left[column]
        right[column + 1 :] -= factors[:, None] * right[column]
    return left, right, sign


def _det(wide: PreciseArrays, x: Array) -> Real:
    found = _eliminated(x, x[:, :0])
    if found is None:
        bad = any(entry != entry for entry in x.ravel())
        return wide.context.nan if bad else wide.context.mpf(0)
    return np.multiply.reduce(np.diagonal(found[0]), initial=wide.context.mpf(found[2]))


def _logdet(wide: PreciseArrays, x: Array) -> Real:
    found = abs(_det(wide, x))
    return -wide.context.inf if found == 0 else wide.context.log(found)


def _solve(wide: PreciseArrays, x: Array, y: Array) -> Array:
    found = _eliminated(x, y)
    if found is None:
        return wide.nowhere(y.shape)
    left, right, _ = found
    solution = wide.zeros(right.shape)
    for row in range(len(left) - 1, -1, -1):
        solution[row] = (right[row] - np.dot(left[row, row + 1 :], solution[row + 1 :])) / left[row, row]
    return solution


def _inv(wide: PreciseArrays, x: Array) -> Array:
    return _solve(wide, x, wide.lift(np.eye(len(x))))


def _solvevec(wide: PreciseArrays, x: Array, y: Array) -> Array:
    found: Array = _square(_solve)(wide, x, y[..., None])[..., 0]
    return found


def _le_verrier(wide: PreciseArrays, x: Array, y: Array) -> tuple[Array, Array]:
    """The adjugate of a matrix and its derivative along another (Le Verrier, 1840; Faddeev): no pivot is needed.

    What cancels on the way takes further digits.
    """
    one = wide.lift(np.eye(len(x)))
    matrix, moved = one, wide.zeros(x.shape)
    for step in range(1, len(x)):
        product, slope = np.matmul(x, matrix), np.matmul(y, matrix) + np.matmul(x, moved)
        matrix = product - one * (np.trace(product) / step)
        moved = slope - one * (np.trace(slope) / step)
    sign = -1 if len(x) % 2 == 0 else 1
    return sign * matrix, sign * moved


def _cofactors(wide: PreciseArrays, x: Array) -> Array:
    with wide.context.workdps(3 * wide.context.dps):
        found = _inv(wide, x)
        return _det(wide, x) * found.T if np.all(np.equal(found, found)) else _le_verrier(wide, x, x)[0].T


def _minors(wide: PreciseArrays, x: Array, y: Array) -> Array:
    with wide.context.workdps(3 * wide.context.dps):
        return _le_verrier(wide, x, y)[1].T


def _symmetric(x: Array) -> Array:
    return (x + x.T) / 2


def _cholesky(wide: PreciseArrays, x: Array) -> Array:
    x, result = _symmetric(x), wide.zeros(x.shape)
    for row in range(len(x)):
        for column in range(row + 1):
            rest = x[row, column] - np.dot(result[row, :column], result[column, :column])
            if row == column and not rest > 0:
                return wide.nowhere(x.shape)
            result[row, column] = wide.context.sqrt(rest) if row == column else rest / result[column, column]
    return result


def _eigen(wide: PreciseArrays, x: Array) -> tuple[Array, Array]:
    """Eigenvalues in ascending order, and eigenvectors that point where LAPACK's do."""
    if not len(x) or not all(map(wide.context.isfinite, x.ravel())):
        return wide.nowhere((len(x),)), wide.nowhere(x.shape)
    values, vectors = wide.context.eigsy(wide.context.matrix(_symmetric(x).tolist()))
    order = sorted(range(len(x)), key=lambda place: values[place])
    found = np.array([[vectors[row, place] for place in order] for row in range(len(x))], dtype=object)
    rough = np.linalg.eigh(wide.rounded(_symmetric(x)))[1]
    signs = np.where((wide.rounded(found) * rough).sum(axis=0) < 0.0, -1, 1)
    return np.array([values[place] for place in order], dtype=object), found * signs


_MAKERS: Mapping[str, Callable[..., Array]] = {
    "scatter": _scatter,
    "take": _take,
    "put": _put,
    "core norm": _norm,
    "core one_hot": _one_hot,
    "unsound": _unsound,
    "diagonal": _diagonal,
    "core logsumexp": _logsumexp,
    "core softmax": _softmax,
    "core log_softmax": _log_softmax,
    "core amin": lambda wide, x: _or_nan(wide, x, np.minimum.reduce(x, axis=-1)),
    "core amax": lambda wide, x: _or_nan(wide, x, np.maximum.reduce(x, axis=-1)),
    "core argmin": lambda wide, x: wide.lift(_first_odd_or(x, np.argmin(x, axis=-1))),
    "core argmax": lambda wide, x: wide.lift(_first_odd_or(x, np.argmax(x, axis=-1))),
    "core det": _square(_det),
    "core logdet": _square(_logdet),
    "core inv": _square(_inv),
    "core solve": _square(_solve),
    "solvevec": _solvevec,
    "cofactors": _square(_cofactors),
    "minors": _square(_minors),
    "core cholesky": _square(_cholesky),
    "core eigvalsh": _square(lambda wide, x: _eigen(wide, x)[0]),
    "core eigenvectors": _square(lambda wide, x: _eigen(wide, x)[1]),
}
