"""What the rounding errors of arrays become in rows over whole arrays: arrangements, sums, products of matrices.

Of products of matrices the inequality of Cauchy and Schwarz gives the bound, at the price of the norms of rows and
columns (Higham, 2002, section 3.5); of a sum of n terms a rounding at random is taken to grow as the root of n (Higham
and Mary, 2019).  Eliminations have no bound here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.noisy_arrays import are_even, last_place
from adcalc.algebras.roundings import ARRANGING, CHOOSING, LARGEST_WHOLE, SMALLEST
from adcalc.checks.rounding_errors import LEAST, UNIT, Entries, Kit, decided, is_nothing
from adcalc.ir.primitive import Primitive

Array: TypeAlias = Any
_Rule: TypeAlias = Callable[[Array, Array, Array], Array]

# Squares of norms below this may have underflowed.
_SMALL_NORM = 1e-140
_FEW = 8


def core_errors(primitive: Primitive, arguments: Sequence[Array], errors: Sequence[Entries], value: Array) -> Entries:
    """A bound of the absolute error of each entry of a row over whole arrays; infinite where there is none.

    >>> from adcalc.table import PRIMITIVES
    >>> x, total = np.array([1.0, 0.1, -1.0]), PRIMITIVES["core sum"].bound(axes=(-1,))
    >>> 1e-17 < float(core_errors(total, [x], [0.0], np.sum(x))) < 1e-15
    True
    """
    name = primitive.name
    exact = _are_nothing(errors)
    if name in CHOOSING or name in ARRANGING:
        if exact:
            return 0.0
        if name == "take":
            return (
                ARRAYS.apply(primitive, [_full(errors[0], arguments[0]), arguments[1]])
                if is_nothing(errors[1])
                else math.inf
            )
        if name in ("core amin", "core amax"):
            return np.max(_full(errors[0], arguments[0]), axis=-1, initial=0.0)
        if name in CHOOSING:
            return math.inf
        return ARRAYS.apply(primitive, list(map(_full, errors, arguments)))
    if name in _PRODUCTS:
        return _of_product(name, arguments, errors)
    if name in _TOTALS:
        return _of_sum(primitive, arguments, errors, value)
    if name == "core norm":
        return _of_norm(primitive, _full(errors[0], arguments[0]), value)
    rule = _COMPUTED.get(name)
    return math.inf if rule is None else rule(arguments[0], _full(errors[0], arguments[0]), value)


def _are_nothing(errors: Sequence[Entries]) -> bool:
    return all([is_nothing(error) for error in errors])


def _full(error: Entries, argument: Array) -> Array:
    """An error for each entry."""
    shape = np.shape(argument)
    return error if np.shape(error) == shape else np.broadcast_to(error, shape)


def _growth(terms: float) -> float:
    """What a sum of so many terms adds to their sizes; NumPy adds in blocks and side by side."""
    return UNIT * (1.0 + math.sqrt(terms) / 8.0)


def _of_sum(primitive: Primitive, arguments: Sequence[Array], errors: Sequence[Entries], value: Array) -> Entries:
    x, error = arguments[0], errors[0]
    if len(errors) > 1 and not is_nothing(errors[1]):
        return math.inf
    terms = np.shape(x)[-1] if primitive.name in ("core cumsum", "put") else np.size(x) / max(1, np.size(value))
    sizes = np.abs(x)
    if is_nothing(error):
        totals = ARRAYS.apply(primitive, [sizes, *arguments[1:]])
        return _unless_exact(totals * _growth(terms), totals, [x])
    return ARRAYS.apply(primitive, [_full(error, x) + sizes * _growth(terms), *arguments[1:]])


def _unless_exact(found: Array, totals: Array, entries: Sequence[Array], others: Array = 1.0) -> Array:
    """Nothing where sums of entries, or of their products, are below what doubles have digits for.

    Args:
        totals: of the sizes of the entries; for products of each of the first ones, and `others` of the second ones.
    """

    def most(parts: Sequence[Array]) -> float:
        return float(np.ldexp(LARGEST_WHOLE, sum(map(last_place, parts))))

    # A few entries mostly tell that they have too many digits.
    if not np.min(totals, initial=math.inf) * np.min(others, initial=math.inf) < most(
        [np.ravel(each)[:_FEW] for each in entries]
    ):
        return found
    return np.where(totals * others < most(entries), 0.0, found)


def _of_product(name: str, arguments: Sequence[Array], errors: Sequence[Entries]) -> Array:
    contracted = _PRODUCTS[name]
    terms = 1 if name == "dyad" else np.shape(arguments[0])[-1]

    def sizes(place: int, of: Entries) -> Array:
        """Of each row of the first argument, or column of the second, beside those of the other."""
        axis, key = contracted[place]
        return (np.abs(of) if axis is None else _norm(of, axis))[key]

    first, second = sizes(0, arguments[0]), sizes(1, arguments[1])
    moved, shifted = (
        0.0 if is_nothing(error) else sizes(place, _full(error, arguments[place])) for place, error in enumerate(errors)
    )
    found = first * (shifted + _growth(terms) * second)
    if not is_nothing(errors[0]):
        found = found + moved * (second + shifted)
    # Terms below all normal doubles are lost without a trace.
    if not np.min(first, initial=1.0) * np.min(second, initial=1.0) > LEAST:
        found = found + np.where((first > 0.0) & (second > 0.0), terms * SMALLEST, 0.0)
    return _unless_exact(found, first, arguments, second) if _are_nothing(errors) else found


def _norm(x: Array, axis: int) -> Array:
    squares = np.sqrt(np.add.reduce(np.multiply(x, x), axis=axis))
    if np.min(squares, initial=1.0) < _SMALL_NORM:
        squares = np.maximum(squares, np.max(np.abs(x), axis=axis, initial=0.0) * math.sqrt(np.shape(x)[axis]))
    return squares


def _of_norm(primitive: Primitive, error: Array, value: Array) -> Array:
    total = ARRAYS.apply(primitive, [error])
    return total + decided(ARRAY_KIT, value, total) + 2.0 * _growth(error.size / max(1, np.size(value))) * value


def _relative(x: Array, error: Array) -> Array:
    """The sum of the relative errors along the last axis."""
    return np.add.reduce(np.where(error == 0.0, 0.0, error / np.abs(x)), axis=-1)


def _of_factors(x: Array, error: Array, value: Array) -> Array:
    least = np.multiply.reduce(np.where(x == 0.0, 1.0, np.minimum(np.abs(x), 1.0)), axis=-1)
    share = np.where(least < LEAST, math.inf, _relative(x, error) + UNIT * x.shape[-1])
    return np.abs(value) * (share if np.ndim(value) < np.ndim(x) else share[..., None])


def _of_logsumexp(x: Array, error: Array, value: Array) -> Array:
    return np.max(error, axis=-1, initial=0.0) + UNIT * (3.0 + 2.0 * math.log(max(1, x.shape[-1])) + np.abs(value))


def _of_softmax(x: Array, error: Array, value: Array) -> Array:
    below = np.max(x, axis=-1, keepdims=True, initial=-math.inf) - x
    moved = 2.0 * np.max(error, axis=-1, keepdims=True, initial=0.0) + UNIT * (
        4.0 + math.log(max(1, x.shape[-1])) + below
    )
    found = value * moved
    return found if np.min(value, initial=1.0) > LEAST else found + np.where(value < LEAST, SMALLEST, 0.0)


def _of_log_softmax(x: Array, error: Array, value: Array) -> Array:
    below = np.max(x, axis=-1, keepdims=True, initial=-math.inf) - x
    own = UNIT * (4.0 + 2.0 * math.log(max(1, x.shape[-1])) + np.abs(value) + below)
    return 2.0 * np.max(error, axis=-1, keepdims=True, initial=0.0) + own


_ALL: tuple[Any, ...] = (...,)
_ROWS: tuple[Any, ...] = (..., None)
_COLUMNS: tuple[Any, ...] = (..., None, slice(None))
#: Of each argument the axis along which products are summed up, and how the sizes of the two stand beside each other.
_PRODUCTS: Mapping[str, tuple[tuple[int | None, tuple[Any, ...]], ...]] = {
    "inner": ((-1, _ALL), (-1, _ALL)),
    "matvec": ((-1, _ALL), (-1, _ROWS)),
    "vecmat": ((-1, _ROWS), (-2, _ALL)),
    "matmul": ((-1, _ROWS), (-2, _COLUMNS)),
    "dyad": ((None, _ROWS), (None, _COLUMNS)),
}
_TOTALS = frozenset({"core sum", "core cumsum", "core trace", "gather", "put"})
_COMPUTED: Mapping[str, _Rule] = {
    "core prod": _of_factors,
    "exclusive": _of_factors,
    "core logsumexp": _of_logsumexp,
    "core softmax": _of_softmax,
    "core log_softmax": _of_log_softmax,
}


def _chosen(condition: Array, one: Entries, other: Entries) -> Entries:
    found: Array = np.where(condition, one, other)
    # A number stays one.
    return found if found.ndim else found.item()


def _least(size: Array) -> float:
    return float(np.min(size, initial=math.inf))


#: Of entries of arrays.
ARRAY_KIT = Kit(ARRAYS, _chosen, np.maximum, np.rint, _least, _are_nothing, are_even, core_errors)
