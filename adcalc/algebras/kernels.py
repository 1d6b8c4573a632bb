"""What computes each core row: NumPy over the last axes, whatever axes stand in front."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from adcalc.ir.primitive import Primitive
from adcalc.lower.shape_rules import key_slices

Array: TypeAlias = Any
Kernel: TypeAlias = Callable[..., Array]


def kernel(primitive: Primitive) -> Kernel:
    """The function of a core row, with everything settled that the row was bound to.

    >>> from adcalc.table import PRIMITIVES
    >>> float(kernel(PRIMITIVES["core sum"].bound(axes=(-1,)))(np.ones(3)))
    3.0
    """
    made = _MAKERS.get(primitive.name)
    if made is not None:
        return made(**dict(primitive.static))
    return _PLAIN[primitive.name]


def _array(inner: int) -> Kernel:
    def stack(*parts: Array) -> Array:
        return (
            np.stack(np.broadcast_arrays(*parts), axis=-(inner + 1))
            if len({np.shape(p) for p in parts}) > 1
            else np.stack(parts, axis=-(inner + 1))
        )

    return stack


def _concat(axis: int) -> Kernel:
    def concatenate(*parts: Array) -> Array:
        rank = max(map(np.ndim, parts))
        if any(np.ndim(part) != rank for part in parts):
            lead = np.broadcast_shapes(*[part.shape[: part.ndim - min(map(np.ndim, parts))] for part in parts])
            least = min(map(np.ndim, parts))
            parts = tuple([np.broadcast_to(part, (*lead, *part.shape[part.ndim - least :])) for part in parts])
        return np.concatenate(parts, axis=axis)

    return concatenate


def _expand(axes: tuple[int, ...]) -> Kernel:
    """Axes put in: by a key, which NumPy takes much faster than a list of axes."""
    first = min(axes)
    key = (..., *[None if axis in axes else slice(None) for axis in range(first, 0)])
    return lambda x: np.asarray(x)[key]


def _squeeze(axes: tuple[int, ...]) -> Kernel:
    first = min(axes)
    key = (..., *[0 if axis in axes else slice(None) for axis in range(first, 0)])
    return lambda x: np.asarray(x)[key]


def _spread(dims: tuple[int, ...]) -> Kernel:
    rank = len(dims)
    return lambda x: np.broadcast_to(x, (*np.shape(x)[: np.ndim(x) - rank], *dims))


def _gather(dims: tuple[int, ...]) -> Kernel:
    def gather(x: Array) -> Array:
        behind = x.shape[x.ndim - len(dims) :]
        axes = tuple([axis - len(dims) for axis, length in enumerate(dims) if length != behind[axis]])
        return np.add.reduce(x, axis=axes, keepdims=True) if axes else x

    return gather


def _shaped(dims: tuple[int, ...], rank: int) -> Kernel:
    return lambda x: np.reshape(x, (*np.shape(x)[: np.ndim(x) - rank], *dims))


def _permute(axes: tuple[int, ...], back: tuple[int, ...]) -> Kernel:
    def permute(x: Array) -> Array:
        lead = x.ndim - len(axes)
        return np.transpose(x, (*range(lead), *[x.ndim + axis for axis in axes]))

    return permute


def _index(key: tuple[Any, ...]) -> Kernel:
    slices = (..., *key_slices(key))
    return lambda x: np.asarray(x)[slices]


def _scatter(dims: tuple[int, ...], key: tuple[Any, ...]) -> Kernel:
    slices = (..., *key_slices(key))
    room = dims[len(dims) - len(key) :]
    kept = sum(isinstance(part, tuple) for part in key)

    def scatter(x: Array) -> Array:
        shape = np.shape(x)
        result = np.zeros((*shape[: len(shape) - kept], *room))
        result[slices] = x
        return result

    return scatter


def _take(x: Array, places: Array) -> Array:
    """Entries of the last axis; nan where there is none at a place."""
    length = x.shape[-1]
    numbers = np.asarray(places)
    whole = numbers.astype(np.intp)
    if np.all(whole == numbers) and (not whole.size or (whole.min() >= 0 and whole.max() < length)):
        return np.take(x, whole, axis=-1)
    sound = (whole == numbers) & (whole >= 0) & (whole < length)
    return np.where(sound, np.take(x, np.where(sound, whole, 0), axis=-1), np.nan)


def _put(n: int) -> Kernel:
    def put(x: Array, places: Array) -> Array:
        x, whole = np.asarray(x), np.asarray(places).astype(np.intp)
        rank = whole.ndim
        lead = x.shape[: x.ndim - rank]
        if not lead:
            return np.bincount(whole.ravel(), weights=x.ravel(), minlength=n).astype(float)
        rows = x.reshape(math.prod(lead), whole.size)
        added = [np.bincount(whole.ravel(), weights=row, minlength=n) for row in rows]
        return np.array(added, dtype=float).reshape((*lead, n))

    return put


def _sum(axes: tuple[int, ...]) -> Kernel:
    return lambda x: np.add.reduce(x, axis=axes)


def _norm(axes: tuple[int, ...]) -> Kernel:
    """The root of the sum of squares, of entries measured by the largest where squares would overflow."""

    def norm(x: Array) -> Array:
        squares = np.sqrt(np.add.reduce(np.multiply(x, x), axis=axes))
        if np.all((squares > 1e-140) & (squares < 1e140)):
            return squares
        largest = np.max(np.abs(x), axis=axes, keepdims=True, initial=0.0)
        unit = np.where((largest > 0.0) & np.isfinite(largest), largest, 1.0)
        scaled = x / unit
        return np.sqrt(np.add.reduce(scaled * scaled, axis=axes)) * np.squeeze(unit, axes)

    return norm


def _numbers(**static: tuple[int, int, int]) -> Kernel:
    return lambda: np.arange(*static["range"], dtype=float)


def _hot(n: int) -> Kernel:
    numbers = np.arange(n, dtype=float)

    def hot(labels: Array) -> Array:
        found = np.equal(np.asarray(labels)[..., None], numbers).astype(float)
        if np.add.reduce(found, axis=None) != np.size(labels):
            found[np.add.reduce(found, axis=-1) == 0.0] = np.nan
        return found

    return hot


def _exclusive(x: Array) -> Array:
    """Products of all the others: from the left times from the right, right where entries are 0."""
    left, right = np.ones_like(x), np.ones_like(x)
    np.cumprod(x[..., :-1], axis=-1, out=left[..., 1:])
    right[..., :-1] = np.cumprod(x[..., :0:-1], axis=-1)[..., ::-1]
    return left * right


def _logsumexp(x: Array) -> Array:
    if not x.shape[-1]:
        return np.full(x.shape[:-1], -np.inf)
    top = np.max(x, axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.log(np.sum(np.exp(x - top), axis=-1)) + top[..., 0]


def _softmax(x: Array) -> Array:
    risen = np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True, initial=-np.inf))
    np.exp(risen, out=risen)
    risen /= np.add.reduce(risen, axis=-1, keepdims=True)
    return risen


def _log_softmax(x: Array) -> Array:
    moved = np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True, initial=-np.inf))
    moved -= np.log(np.add.reduce(np.exp(moved), axis=-1, keepdims=True))
    return moved


def _matvec(x: Array, y: Array) -> Array:
    return np.matmul(x, y) if np.ndim(y) == 1 else np.matmul(x, y[..., None])[..., 0]


def _vecmat(x: Array, y: Array) -> Array:
    return np.matmul(x, y) if np.ndim(x) == 1 else np.matmul(x[..., None, :], y)[..., 0, :]


def _inner(x: Array, y: Array) -> Array:
    if np.ndim(x) == np.ndim(y) == 1:
        return np.dot(x, y)
    return np.matmul(x[..., None, :], y[..., None])[..., 0, 0]


def _dyad(x: Array, y: Array) -> Array:
    return x[..., :, None] * y[..., None, :]


def _diagonal(x: Array) -> Array:
    length = x.shape[-1]
    result = np.zeros((*x.shape, length))
    places = np.arange(length)
    result[..., places, places] = x
    return result


def _quietly(function: Kernel, shape: Callable[[Array], Any]) -> Kernel:
    """A factorisation that is nan where there is none."""

    def quiet(*arrays: Array) -> Array:
        try:
            return function(*arrays)
        except np.linalg.LinAlgError:
            return np.full(shape(arrays), np.nan)

    return quiet


def _cofactors(x: Array) -> Array:
    """By the singular values, so that a singular matrix has them as well."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return sign[..., None, None] * np.matmul(u * _exclusive(s)[..., None, :], v)


def _minors(x: Array, y: Array) -> Array:
    """The derivative of the cofactors along y: from the second term of det(S + t*E) in the basis of the SVD."""
    u, s, v = np.linalg.svd(x)
    sign = np.linalg.det(u) * np.linalg.det(v)
    length = x.shape[-1]
    e = np.matmul(np.swapaxes(u, -1, -2), np.matmul(y, np.swapaxes(v, -1, -2)))
    rows = np.where(np.eye(length, dtype=bool), 1.0, s[..., None, :])
    pairs = _exclusive(rows) * (1.0 - np.eye(length))
    inside = -np.swapaxes(e, -1, -2) * pairs
    diagonal = np.matmul(pairs, np.diagonal(e, axis1=-2, axis2=-1)[..., None])[..., 0]
    inside = inside + _diagonal(diagonal)
    return sign[..., None, None] * np.matmul(u, np.matmul(inside, v))


def _solve(x: Array, y: Array) -> Array:
    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return np.linalg.solve(np.broadcast_to(x, (*lead, *x.shape[-2:])), np.broadcast_to(y, (*lead, *y.shape[-2:])))


def _swap(x: Array) -> Array:
    return x.T if x.ndim == 2 else np.swapaxes(x, -1, -2)


def _same(arrays: Sequence[Array]) -> Any:
    return np.shape(arrays[-1])


_MAKERS: Mapping[str, Callable[..., Kernel]] = MappingProxyType(
    {
        "core array": _array,
        "core concat": _concat,
        "fill": lambda dims, value: lambda: np.full(dims, value),
        "identity": lambda n: lambda: np.eye(n),
        "numbers": _numbers,
        "core one_hot": _hot,
        "expand": _expand,
        "squeeze": _squeeze,
        "spread": _spread,
        "gather": _gather,
        "shaped": _shaped,
        "permute": _permute,
        "index": _index,
        "scatter": _scatter,
        "put": _put,
        "core sum": _sum,
        "core norm": _norm,
        "upper": lambda k: lambda x: np.triu(x, k),
        "lower": lambda k: lambda x: np.tril(x, k),
    }
)

_PLAIN: Mapping[str, Kernel] = MappingProxyType(
    {
        "swap": _swap,
        "take": _take,
        "unsound": lambda x: float(not math.isfinite(np.add.reduce(x, axis=None))),
        "reverse": lambda x: x[..., ::-1],
        "diagonal": _diagonal,
        "on_diagonal": lambda x: np.diagonal(x, axis1=-2, axis2=-1),
        "inner": _inner,
        "matvec": _matvec,
        "vecmat": _vecmat,
        "matmul": np.matmul,
        "dyad": _dyad,
        "core prod": lambda x: np.multiply.reduce(x, axis=-1),
        "exclusive": _exclusive,
        "core amin": lambda x: np.minimum.reduce(x, axis=-1),
        "core amax": lambda x: np.maximum.reduce(x, axis=-1),
        "core argmin": lambda x: np.argmin(x, axis=-1).astype(float),
        "core argmax": lambda x: np.argmax(x, axis=-1).astype(float),
        "core cumsum": lambda x: np.cumsum(x, axis=-1),
        "core logsumexp": _logsumexp,
        "core softmax": _softmax,
        "core log_softmax": _log_softmax,
        "core trace": lambda x: np.trace(x, axis1=-2, axis2=-1),
        "core det": np.linalg.det,
        "cofactors": _quietly(_cofactors, _same),
        "minors": _quietly(_minors, _same),
        "core logdet": lambda x: np.linalg.slogdet(x)[1],
        "core inv": _quietly(np.linalg.inv, _same),
        "core solve": _quietly(_solve, _same),
        "solvevec": _quietly(lambda x, y: _solve(x, y[..., None])[..., 0], _same),
        "core cholesky": _quietly(lambda x: np.linalg.cholesky((x + _swap(x)) / 2.0), _same),
        "core eigvalsh": _quietly(
            lambda x: np.linalg.eigvalsh((x + _swap(x)) / 2.0), lambda arrays: np.shape(arrays[0])[:-1]
        ),
        "core eigenvectors": _quietly(lambda x: np.linalg.eigh((x + _swap(x)) / 2.0)[1], _same),
    }
)
