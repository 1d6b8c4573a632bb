"""Every row over arrays keeps its word.

What a row computes is said again in NumPy and SciPy, core rows and rows of the language alike, and all
derivatives are held against difference quotients of *that*, so that no rule of the table bears witness for
itself.  Rows that work entry by entry must do to arrays what they do to numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import pytest
from scipy import linalg, special

import adcalc
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.text import written
from adcalc.autodiff.derive import Derivation
from adcalc.autodiff.linearization import Linearization
from adcalc.autodiff.stacks import unit_stack
from adcalc.engines.plan import plan_of
from adcalc.errors import DomainProblem, ShapeProblem, Source
from adcalc.ir.expr import Apply, Expr, apply, number, topological, variable
from adcalc.ir.primitive import Primitive
from adcalc.lower.builder import Builder
from adcalc.parser.resolve import read
from adcalc.symbolic.matrix_derivative import core_partials
from adcalc.table import ARRAYS, PRIMITIVES, SCALAR

Array: TypeAlias = Any
Reference: TypeAlias = Callable[..., Array]

EXACT = ("reverse", "dual", "symbolic")
LETTERS = "xyz"
RANDOM = np.random.default_rng(20)


def some(*shape: int) -> Array:
    """Numbers of either sign, none of them small and no two the same."""
    values = RANDOM.uniform(0.3, 2.0, shape)
    return values * np.where(RANDOM.uniform(size=shape) < 0.4, -1.0, 1.0)


def definite(n: int) -> Array:
    """A positive definite matrix with eigenvalues well apart."""
    turn = linalg.qr(RANDOM.normal(size=(n, n)))[0]
    matrix = turn @ np.diag(np.arange(1.0, n + 1)) @ turn.T
    return (matrix + matrix.T) / 2


# Difference quotients


def slopes(function: Callable[[Array], Array], at: Array, step: float = 1e-3) -> Array:
    """The slope of every entry of a function by every entry of its argument, to about eleven digits."""
    at = np.asarray(at, dtype=float)
    columns = []
    for place in np.ndindex(*at.shape):
        values = []
        for shift in (-2, -1, 1, 2):
            moved = at.copy()
            moved[place] += shift * step
            values.append(np.asarray(function(moved), dtype=float))
        columns.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step))
    return np.stack(columns, axis=-1).reshape((*columns[0].shape, *at.shape))


def slopes_by(name: str, function: Callable[[dict[str, Array]], Array], at: Mapping[str, Array]) -> Array:
    """The slopes of a function of several arrays by one of them."""
    return slopes(lambda to: function({**at, name: to}), at[name])


def near(found: Array, wanted: Array, tolerance: float) -> bool:
    """Whether arrays are the same in shape, and in every entry measured by the largest."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    scale = 1.0 + np.abs(wanted).max(initial=0.0)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max(initial=0.0) <= tolerance * scale)


# Core rows


@dataclass(frozen=True)
class Core:
    """A core row with arguments, and the same in NumPy."""

    row: str
    arguments: tuple[Array, ...]
    reference: Reference
    static: Mapping[str, Any] = field(default_factory=dict)
    fixed: tuple[int, ...] = ()
    """Arguments that are not differentiated by, such as labels; they have no further axes in front."""
    once: bool = False
    """There is no second derivative, and it is refused."""


def cofactors(x: Array) -> Array:
    """Determinants of what is left when a row and a column are struck out."""
    n = len(x)

    def minor(i: int, j: int) -> float:
        return float(np.linalg.det(np.delete(np.delete(x, i, 0), j, 1))) if n > 1 else 1.0

    return np.array([[(-1) ** (i + j) * minor(i, j) for j in range(n)] for i in range(n)])


def others(x: Array) -> Array:
    """For each entry the product of all the others, one after the other."""
    return np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


def put(x: Array, places: Array, n: int) -> Array:
    """Entries added up at their places."""
    result = np.zeros(n)
    np.add.at(result, np.asarray(places, dtype=int), x)
    return result


def scattered(x: Array, dims: tuple[int, ...], where: Any) -> Array:
    """An array in the midst of zeros."""
    result = np.zeros(dims)
    result[where] = x
    return result


def symmetric(x: Array) -> Array:
    """The symmetric part, of which alone factorisations speak."""
    return (x + x.T) / 2


def eigenvectors(x: Array, start: Array) -> Array:
    """Eigenvectors that point where those of another matrix point: their sign is open otherwise."""
    first, found = np.linalg.eigh(start)[1], np.linalg.eigh(symmetric(x))[1]
    return found * np.sign((found * first).sum(0))


V, W, M, N, R, P = some(3), some(3), some(3, 3), some(3, 4), some(2, 3, 2), definite(3)
LABELS = np.array([2.0, 0.0, 2.0])
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])

CORES = [
    Core("core array", (V, W), lambda x, y: np.stack([x, y]), {"inner": 1}),
    Core("core array", (V, W), lambda x, y: np.stack([x, y], 1), {"inner": 0}),
    Core("core concat", (V, W, some(2)), lambda x, y, z: np.concatenate([x, y, z]), {"axis": -1}),
    Core("core concat", (M, some(1, 3)), lambda x, y: np.vstack([x, y]), {"axis": -2}),
    Core("fill", (), lambda: np.full((2, 3), 1.5), {"dims": (2, 3), "value": 1.5}),
    Core("identity", (), lambda: np.eye(3), {"n": 3}),
    Core("numbers", (), lambda: np.arange(5, -3, -2), {"range": (5, -3, -2)}),
    Core("core one_hot", (LABELS,), lambda x: np.eye(4)[x.astype(int)], {"n": 4}, fixed=(0,)),
    Core("expand", (V,), lambda x: x[None, :, None], {"axes": (-3, -1)}),
    Core("squeeze", (some(3, 1),), lambda x: x[:, 0], {"axes": (-1,)}),
    Core("spread", (some(1, 3),), lambda x: np.vstack([x, x]), {"dims": (2, 3)}),
    Core("gather", (N,), lambda x: x.sum(1, keepdims=True), {"dims": (3, 1)}),
    Core("gather", (N,), lambda x: x.sum(keepdims=True), {"dims": (1, 1)}),
    Core("shaped", (N,), lambda x: x.reshape(2, 6), {"dims": (2, 6), "rank": 2}),
    Core("swap", (N,), lambda x: x.T, {}),
    Core("permute", (R,), lambda x: x.transpose(1, 2, 0), {"axes": (-2, -1, -3), "back": (-1, -3, -2)}),
    Core("index", (N,), lambda x: x[1, ::2], {"key": (1, (0, 4, 2))}),
    Core("index", (N,), lambda x: x[::-1, 3], {"key": ((2, -1, -1), 3)}),
    Core("scatter", (some(2),), lambda x: scattered(x, (3, 4), (1, slice(None, None, 2))), {"dims": (3, 4), "key": (1, (0, 4, 2))}),
    Core("scatter", (V,), lambda x: scattered(x, (3,), slice(None, None, -1)), {"dims": (3,), "key": ((2, -1, -1),)}),
    Core("take", (V, LABELS), lambda x, y: x[y.astype(int)], {}, fixed=(1,)),
    Core("take", (V, np.array([[0.0, 1.0], [1.0, 1.0]])), lambda x, y: x[y.astype(int)], {}, fixed=(1,)),
    Core("put", (V, LABELS), lambda x, y: put(x, y, 4), {"n": 4}, fixed=(1,)),
    Core("reverse", (N,), lambda x: x[..., ::-1], {}),
    Core("diagonal", (V,), np.diag, {}),
    Core("on_diagonal", (M,), np.diag, {}),
    Core("upper", (M,), lambda x: np.triu(x, 1), {"k": 1}),
    Core("lower", (N,), lambda x: np.tril(x, -1), {"k": -1}),
    Core("unsound", (np.array([1.0, np.inf]),), lambda x: 1.0, {}, fixed=(0,)),
    Core("unsound", (V,), lambda x: 0.0, {}, fixed=(0,)),
    Core("core sum", (R,), lambda x: x.sum((0, 2)), {"axes": (-3, -1)}),
    Core("core norm", (V,), np.linalg.norm, {"axes": (-1,)}),
    Core("core norm", (R,), lambda x: np.sqrt((x * x).sum((0, 2))), {"axes": (-3, -1)}),
    Core("core prod", (V,), np.prod, {}),
    Core("core prod", (np.array([2.0, 0.0, 3.0]),), np.prod, {}),
    Core("core prod", (np.array([0.0, 0.0, 3.0]),), np.prod, {}),
    Core("exclusive", (V,), others, {}),
    Core("exclusive", (np.array([2.0, 0.0, 3.0, 0.0]),), others, {}, once=True),
    Core("core amin", (N[0],), np.min, {}),
    Core("core amax", (N[0],), np.max, {}),
    Core("core argmin", (N[0],), np.argmin, {}, fixed=(0,)),
    Core("core argmax", (N[0],), np.argmax, {}, fixed=(0,)),
    Core("core cumsum", (V,), np.cumsum, {}),
    Core("core logsumexp", (V,), special.logsumexp, {}),
    Core("core softmax", (V,), special.softmax, {}),
    Core("core log_softmax", (V,), special.log_softmax, {}),
    Core("inner", (V, W), np.dot, {}),
    Core("matvec", (N, some(4)), np.dot, {}),
    Core("vecmat", (V, N), np.dot, {}),
    Core("matmul", (M, N), np.dot, {}),
    Core("dyad", (V, some(2)), np.outer, {}),
    Core("core trace", (M,), np.trace, {}),
    Core("core det", (M,), np.linalg.det, {}),
    Core("core det", (SINGULAR,), np.linalg.det, {}),
    Core("cofactors", (M,), cofactors, {}, once=True),
    Core("cofactors", (SINGULAR,), cofactors, {}, once=True),
    Core("minors", (M, some(3, 3)), lambda x, y: np.tensordot(slopes(cofactors, x), y, 2), {}, fixed=(0,)),
    Core("core logdet", (M,), lambda x: np.linalg.slogdet(x)[1], {}),
    Core("core inv", (M,), np.linalg.inv, {}),
    Core("core solve", (M, N), np.linalg.solve, {}),
    Core("solvevec", (M, V), np.linalg.solve, {}),
    Core("core cholesky", (P,), lambda x: np.linalg.cholesky(symmetric(x)), {}),
    Core("core eigvalsh", (P,), lambda x: np.linalg.eigvalsh(symmetric(x)), {}),
    Core("core eigenvectors", (P,), lambda x: eigenvectors(x, P), {}),
]  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A core row applied to variables and ready to be differentiated."""

    work: Derivation
    inputs: dict[str, Array]
    wrt: tuple[str, ...]
    wanted: Callable[[Mapping[str, Array]], Array]
    """The value by NumPy."""


def made(case: Core, *, stacked: bool, weighed: bool) -> Made:
    """A case as a formula; as a stack of two cases in one, and as a weighted sum, if wanted."""
    names = ["xyz"[i] for i in range(len(case.arguments))]
    inputs = {
        name: np.stack([argument, 1.5 * argument]) if stacked and i not in case.fixed else argument
        for i, (name, argument) in enumerate(zip(names, case.arguments, strict=True))
    }
    builder = Builder()
    for name, value in inputs.items():
        builder.shapes[variable(name)] = np.shape(value)

    def reference(at: Mapping[str, Array]) -> Array:
        if not stacked:
            return np.asarray(case.reference(*[at[name] for name in names]), dtype=float)
        layers = [
            [at[name] if i in case.fixed else at[name][layer] for i, name in enumerate(names)] for layer in range(2)
        ]
        return np.stack([np.asarray(case.reference(*layer), dtype=float) for layer in layers])

    root = builder.core(case.row, *map(variable, names), **case.static)
    wanted = reference
    if weighed:
        shape = reference(inputs).shape
        weights = np.asarray(np.random.default_rng(3).normal(size=shape))
        builder.shapes[variable("w")] = shape
        root = builder.sum(builder.entrywise("*", variable("w"), root), tuple(range(-len(shape), 0)))
        inputs["w"] = weights

        def wanted(at: Mapping[str, Array]) -> Array:
            return (weights * reference(at)).sum()

    formula = Linearization(root, builder, arrays=True, origin={})
    wrt = tuple([name for i, name in enumerate(names) if i not in case.fixed])
    work = Derivation(formula, wrt, {name: np.shape(inputs[name]) for name in wrt})
    return Made(work, inputs, wrt, wanted)


def label(case: Core) -> str:
    """What a case is called in a test's name."""
    return f"{case.row} {'×'.join(map(str, np.shape(case.arguments[0]))) if case.arguments else ''}"


DIFFERENTIABLE = [case for case in CORES if len(case.fixed) < len(case.arguments)]
LAYERS = pytest.mark.parametrize("stacked", [False, True], ids=["one", "stack"])


def run(case: Made, formulas: Sequence[Expr], at: Mapping[str, Array]) -> list[Array]:
    """The values of some formulas at a point."""
    return list(plan_of(case.work.formula, tuple(formulas)).run(at))


def carried(
    case: Made, formulas: Sequence[Expr | None], seeds: Mapping[str, Array], lead: tuple[int, ...]
) -> list[Array]:
    """Derivatives by each variable as arrays with axes in front; None is zero."""
    live = [formula for formula in formulas if formula is not None]
    found = iter(run(case, live, {**case.inputs, **seeds}))
    shapes = [np.shape(case.inputs[name]) for name in case.wrt]
    return [
        np.zeros(lead + shape) if formula is None else np.broadcast_to(next(found), lead + shape)
        for formula, shape in zip(formulas, shapes, strict=True)
    ]


def unit_tangents(case: Made) -> tuple[int, dict[str, Array]]:
    """How many entries the variables have, and a unit tangent for each."""
    return case.work.size, unit_stack(case.work, 0, case.work.size)


@LAYERS
@pytest.mark.parametrize("case", CORES, ids=label)
def test_core_values(case: Core, stacked: bool) -> None:
    """A core row computes what NumPy computes, over the last axes of a stack too."""
    if stacked and not (set(range(len(case.arguments))) - set(case.fixed)):
        return
    found = made(case, stacked=stacked, weighed=False)
    (value,) = run(found, [found.work.formula.root], found.inputs)
    wanted = found.wanted(found.inputs)
    assert found.work.formula.shape == wanted.shape
    assert near(value, wanted, 1e-8 if case.row == "minors" else 1e-13)


@LAYERS
@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=label)
def test_core_gradients(case: Core, stacked: bool) -> None:
    """Adjoints and tangents of a core row, evaluated and as printed, agree with slopes of NumPy's value."""
    found = made(case, stacked=stacked, weighed=True)
    wanted = [slopes_by(name, found.wanted, found.inputs) for name in found.wrt]
    reverse = carried(found, list(found.work.partials().formulas.values()), {}, ())
    shown = core_partials(found.work.formula.root, found.work.formula.builder, list(found.wrt), exact=False)
    count, seeds = unit_tangents(found)
    moved = found.work.pushforward().formula
    assert moved is not None
    (dual,) = run(found, [moved], {**found.inputs, **{f"tangent {name}": seed for name, seed in seeds.items()}})
    printed = carried(found, shown, {}, ())
    tolerance = 1e-7 if case.row == "minors" else 1e-9
    for name, by_rule, by_text, slope in zip(found.wrt, reverse, printed, wanted, strict=True):
        assert near(by_rule, slope, tolerance), name
        assert near(by_text, by_rule, 1e-12), name
    assert near(np.broadcast_to(dual, count), np.concatenate([each.ravel() for each in reverse]), 1e-12)


@LAYERS
@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=label)
def test_core_hessians(case: Core, stacked: bool) -> None:
    """Forward over reverse and duals of duals have the same second derivatives, as slopes of the gradient."""
    found = made(case, stacked=stacked, weighed=True)
    first = list(found.work.partials().formulas.values())
    live = [formula for formula in first if formula is not None]
    if case.row == "cofactors":
        found.work.moved(tuple(live))
        assert found.work.refusals
        return
    count, seeds = unit_tangents(found)
    moved = iter(found.work.moved(tuple(live)))
    second = [next(moved) if formula is not None else None for formula in first]
    columns = carried(found, second, {f"tangent {name}": seed for name, seed in seeds.items()}, (count,))
    matrix = np.concatenate([column.reshape(count, -1) for column in columns], axis=1)

    def gradient(at: dict[str, Array]) -> Array:
        here = Made(found.work, at, found.wrt, found.wanted)
        return np.concatenate([each.ravel() for each in carried(here, first, {}, ())])

    blocks = [slopes_by(name, gradient, found.inputs).reshape((count, -1)) for name in found.wrt]
    wanted = np.concatenate(blocks, axis=1)
    assert near(matrix, wanted, 1e-8)
    assert near(matrix, matrix.T, 1e-12)
    twice = found.work.moved((moved_once,), "other")[0] if (moved_once := found.work.pushforward().formula) else None
    for row in range(count):
        others_ = {f"other {name}": seed[row] for name, seed in seeds.items()}
        tangents = {f"tangent {name}": seed for name, seed in seeds.items()}
        dual = run(found, [twice], {**found.inputs, **tangents, **others_})[0] if twice is not None else 0.0
        assert near(np.broadcast_to(dual, count), matrix[row], 1e-12), row


# Rows of the language

HERE: dict[str, Array] = {
    "x": some(3), "y": some(3), "u": some(4), "A": some(3, 3), "B": some(3, 4), "S": definite(3), "T": some(2, 3, 2),
    "c": some(1, 4), "r": some(3, 1), "a": 1.3, "l": LABELS,
}  # fmt: skip


def soft(x: Array, axis: int) -> Array:
    """exp(x)/sum(exp(x)) as it is defined."""
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def logarithm(x: Array, axis: int) -> Array:
    """log(sum(exp(x))) as it is defined."""
    return np.log(np.exp(x).sum(axis))


#: A formula, the variables to differentiate by, and the same in NumPy of a point `p`.
LANGUAGE: list[tuple[str, str, Callable[[Any], Array]]] = [
    # how arrays are written
    ("[x[0], 2, y[1]*a]", "x y a", lambda p: np.array([p.x[0], 2, p.y[1] * p.a])),
    ("[x, 2*y]", "x y", lambda p: np.stack([p.x, 2 * p.y])),
    ("[[x, y], [y, x^2]]", "x y", lambda p: np.stack([np.stack([p.x, p.y]), np.stack([p.y, p.x**2])])),
    ("x[-1]^2", "x", lambda p: p.x[2] ** 2),
    ("A[1, :]*A[:, 2]", "A", lambda p: p.A[1] * p.A[:, 2]),
    ("x[1:]^2*x[:-1]", "x", lambda p: p.x[1:] ** 2 * p.x[:-1]),
    ("x[::-1]*x^2", "x", lambda p: p.x[::-1] * p.x**2),
    ("B[::2, 1:3]^2", "B", lambda p: p.B[::2, 1:3] ** 2),
    ("B[:, [0, 2, 2]]^2", "B", lambda p: p.B[:, [0, 2, 2]] ** 2),
    ("B[[0, 2, 0], 1]^2", "B", lambda p: p.B[[0, 2, 0], 1] ** 2),
    ("x[l]^2", "x", lambda p: p.x[[2, 0, 2]] ** 2),
    ("T[1, :, 0]*x", "T x", lambda p: p.T[1, :, 0] * p.x),
    ("T[-1]^2", "T", lambda p: p.T[1] ** 2),
    ("A[0][1]*A[0]", "A", lambda p: p.A[0, 1] * p.A[0]),
    ("[x[i]^2 for i in 0..1]", "x", lambda p: p.x[:2] ** 2),
    ("[A[j, i]*i for i in 0..2 for j in 0..1]", "A", lambda p: np.array([[p.A[j, i] * i for j in range(2)] for i in range(3)])),
    ("[A[i, :]*x[i] for i in 0..2]", "A x", lambda p: p.A * p.x[:, None]),
    ("A.T*B[:, :3]", "A B", lambda p: p.A.T * p.B[:, :3]),
    ("x.T*y", "x y", lambda p: p.x * p.y),
    ("x'*A*x", "x A", lambda p: p.x @ p.A @ p.x),
    ("x*y'", "x y", lambda p: np.outer(p.x, p.y)),
    ("B'*A*B", "A B", lambda p: p.B.T @ p.A @ p.B),
    ("A'*A^2", "A", lambda p: p.A.T @ p.A @ p.A),
    ("A'*A^-1", "A", lambda p: p.A.T @ np.linalg.inv(p.A)),
    ("a*A'*x", "a A x", lambda p: p.a * p.A.T @ p.x),
    ("A'.*A", "A", lambda p: p.A.T * p.A),
    ("x.*y", "x y", lambda p: p.x * p.y), ("A./x", "A x", lambda p: p.A / p.x), ("(x.^2).^a", "x a", lambda p: (p.x**2) ** p.a),
    # making
    ("zeros(3) + x", "x", lambda p: p.x), ("ones([2, 3])*x", "x", lambda p: np.stack([p.x, p.x])),
    ("full([2, 2], a^2)", "a", lambda p: np.full((2, 2), p.a**2)), ("full(3, x)*y", "x y", lambda p: p.x * p.y),
    ("a*eye(3) + A", "a A", lambda p: p.a * np.eye(3) + p.A), ("a*arange(4)", "a", lambda p: p.a * np.arange(4)),
    ("a*arange(7, 1, -2)", "a", lambda p: p.a * np.array([7, 5, 3])), ("a*arange(0.5, 2, 0.5)", "a", lambda p: p.a * np.array([0.5, 1, 1.5])),
    ("linspace(a, 2, 4)", "a", lambda p: np.linspace(p.a, 2, 4)), ("linspace(0, a)", "a", lambda p: np.linspace(0, p.a, 50)),
    ("one_hot(l, 4)*a", "a", lambda p: np.eye(4)[[2, 0, 2]] * p.a),
    ("reshape(B, [2, -1])^2", "B", lambda p: p.B.reshape(2, 6) ** 2), ("reshape(T, [3, 2, 2])", "T", lambda p: p.T.reshape(3, 2, 2)),
    ("reshape(x, 3)", "x", lambda p: p.x), ("ravel(B)", "B", lambda p: p.B.ravel()), ("vec(T)", "T", lambda p: p.T.ravel()),
    ("concat(x, u^2)", "x u", lambda p: np.concatenate([p.x, p.u**2])),
    ("concat([A, B], axis=1)", "A B", lambda p: np.hstack([p.A, p.B])), ("concat([A, A^2], axis=-2)", "A", lambda p: np.vstack([p.A, p.A**2])),
    ("stack(x, y^2)", "x y", lambda p: np.stack([p.x, p.y**2])), ("stack([x, y], axis=1)", "x y", lambda p: np.stack([p.x, p.y], 1)),
    ("stack([A, A^2], axis=-1)", "A", lambda p: np.stack([p.A, p.A**2], -1)),
    ("flip(x)", "x", lambda p: p.x[::-1]), ("flip(B, axis=0)", "B", lambda p: p.B[::-1]), ("flip(B, axis=-1)", "B", lambda p: p.B[:, ::-1]),
    ("diag(x)", "x", lambda p: np.diag(p.x)), ("diag(B)", "B", lambda p: np.diag(p.B)),
    ("triu(A)", "A", lambda p: np.triu(p.A)), ("triu(B, 2)", "B", lambda p: np.triu(p.B, 2)), ("tril(A, k=-1)", "A", lambda p: np.tril(p.A, -1)),
    ("broadcast(x, [2, 3])^2", "x", lambda p: np.stack([p.x, p.x]) ** 2), ("broadcast(r, [3, 4])", "r", lambda p: np.tile(p.r, 4)),
    ("place(x, 7, 1, 2)", "x", lambda p: scattered(p.x, (7,), slice(1, None, 2))),
    ("place(A, [4, 5], [1, 4], [1, -2])", "A", lambda p: scattered(p.A, (4, 5), (slice(1, 4), slice(None, None, -2)))),
    ("accumulate(x^2, l, 4)", "x", lambda p: put(p.x**2, p.l, 4)),
    ("len(B)*x", "x", lambda p: 3 * p.x), ("size(B)*x", "x", lambda p: 12 * p.x), ("shape(B)*a", "a", lambda p: np.array([3, 4]) * p.a),
    # sums and statistics
    ("sum(T)", "T", lambda p: p.T.sum()), ("sum(T, axis=1)", "T", lambda p: p.T.sum(1)), ("sum(T, axis=[0, 2])", "T", lambda p: p.T.sum((0, 2))),
    ("sum(T, axis=-1, keepdims=1)", "T", lambda p: p.T.sum(-1, keepdims=True)), ("sum(a)", "a", lambda p: p.a),
    ("mean(T)^2", "T", lambda p: p.T.mean() ** 2), ("mean(B, axis=-2)^2", "B", lambda p: p.B.mean(0) ** 2), ("mean(B, 1, 1)", "B", lambda p: p.B.mean(1, keepdims=True)),
    ("prod(x)", "x", lambda p: p.x.prod()), ("prod(T, axis=1)", "T", lambda p: p.T.prod(1)), ("prod(B, axis=-1, keepdims=1)", "B", lambda p: p.B.prod(1, keepdims=True)),
    ("min(x)", "x", lambda p: p.x.min()), ("max(T)^2", "T", lambda p: p.T.max() ** 2), ("max(B, axis=0)", "B", lambda p: p.B.max(0)),
    ("min(T, axis=[0, 1])", "T", lambda p: p.T.min((0, 1))), ("max(B, axis=-1, keepdims=1)", "B", lambda p: p.B.max(1, keepdims=True)),
    ("argmax(x) + a", "a", lambda p: p.x.argmax() + p.a), ("argmin(B, axis=1)*x", "x", lambda p: p.B.argmin(1) * p.x), ("argmax(B) + a", "a", lambda p: p.B.argmax() + p.a),
    ("var(x)", "x", lambda p: p.x.var()), ("var(T, axis=1, ddof=1)", "T", lambda p: p.T.var(1, ddof=1)), ("var(B, 0, 1)", "B", lambda p: p.B.var(0, keepdims=True)),
    ("std(x)", "x", lambda p: p.x.std()), ("std(B, axis=-1)", "B", lambda p: p.B.std(1)), ("std(T, ddof=1)", "T", lambda p: p.T.std(ddof=1)),
    ("cumsum(x)", "x", lambda p: p.x.cumsum()), ("cumsum(B, axis=0)", "B", lambda p: p.B.cumsum(0)), ("cumsum(T, axis=-2)", "T", lambda p: p.T.cumsum(1)), ("cumsum(B)", "B", lambda p: p.B.cumsum()),
    ("rowsum(B)^2", "B", lambda p: p.B.sum(1) ** 2), ("others(x)", "x", lambda p: others(p.x)), ("others(A, axis=0)", "A", lambda p: np.apply_along_axis(others, 0, p.A)),
    ("norm(x)", "x", lambda p: np.linalg.norm(p.x)), ("norm(A)", "A", lambda p: np.linalg.norm(p.A)), ("norm(B, axis=0)", "B", lambda p: np.linalg.norm(p.B, axis=0)),
    ("norm(T, axis=[0, 1])", "T", lambda p: np.sqrt((p.T**2).sum((0, 1)))), ("norm(B, axis=-1, keepdims=1)", "B", lambda p: np.linalg.norm(p.B, axis=1, keepdims=True)),
    ("norm(x)^2", "x", lambda p: p.x @ p.x), ("norm(A)^4", "A", lambda p: (p.A**2).sum() ** 2),
    ("norm1(x)", "x", lambda p: np.abs(p.x).sum()), ("norm1(B, axis=0)", "B", lambda p: np.abs(p.B).sum(0)), ("norminf(A)", "A", lambda p: np.abs(p.A).max()), ("norminf(B, axis=1)", "B", lambda p: np.abs(p.B).max(1)),
    # losses
    ("logsumexp(x)", "x", lambda p: logarithm(p.x, 0)), ("logsumexp(B, axis=0)", "B", lambda p: logarithm(p.B, 0)), ("logsumexp(T, axis=[0, 2])", "T", lambda p: np.log(np.exp(p.T).sum((0, 2)))),
    ("logsumexp(B, axis=-1, keepdims=1)", "B", lambda p: logarithm(p.B, 1)[:, None]),
    ("softmax(x)", "x", lambda p: soft(p.x, 0)), ("softmax(B)", "B", lambda p: soft(p.B, 1)), ("softmax(B, axis=0)", "B", lambda p: soft(p.B, 0)), ("softmax(T, axis=1)", "T", lambda p: soft(p.T, 1)),
    ("log_softmax(x)", "x", lambda p: p.x - logarithm(p.x, 0)), ("log_softmax(B, axis=0)", "B", lambda p: p.B - logarithm(p.B, 0)),
    ("mse(x, y^2)", "x y", lambda p: np.mean((p.x - p.y**2) ** 2)),
    ("cross_entropy(B, l)", "B", lambda p: -np.mean(np.log(soft(p.B, 1))[range(3), [2, 0, 2]])), ("cross_entropy(x, 1)", "x", lambda p: -np.log(soft(p.x, 0))[1]),
    ("cross_entropy(A, softmax(S))", "A S", lambda p: -np.mean((soft(p.S, 1) * np.log(soft(p.A, 1))).sum(1))),
    ("sigmoid_cross_entropy(x, [0, 1, 0.3])", "x", lambda p: np.mean(np.log1p(np.exp(p.x)) - p.x * np.array([0, 1, 0.3]))),
    # linear algebra
    ("A@B", "A B", lambda p: p.A @ p.B), ("A@x", "A x", lambda p: p.A @ p.x), ("x@B", "x B", lambda p: p.x @ p.B), ("x@y", "x y", lambda p: p.x @ p.y),
    ("dot(A, x)", "A x", lambda p: p.A @ p.x), ("dot(a, x)", "a x", lambda p: p.a * p.x), ("outer(x, u)", "x u", lambda p: np.outer(p.x, p.u)), ("outer(A, y)", "A y", lambda p: np.outer(p.A, p.y)),
    ("cross(x, y)", "x y", lambda p: np.cross(p.x, p.y)), ("kron(A, B)", "A B", lambda p: np.kron(p.A, p.B)), ("kron(x, y)", "x y", lambda p: np.kron(p.x, p.y)),
    ("trace(A@A)", "A", lambda p: np.trace(p.A @ p.A)), ("det(A)", "A", lambda p: np.linalg.det(p.A)), ("logdet(A)", "A", lambda p: np.log(abs(np.linalg.det(p.A)))),
    ("inv(A)", "A", lambda p: np.linalg.inv(p.A)), ("solve(A, x)", "A x", lambda p: np.linalg.solve(p.A, p.x)), ("solve(A, B)", "A B", lambda p: np.linalg.solve(p.A, p.B)),
    ("cholesky((S + S.T)/2)", "S", lambda p: np.linalg.cholesky(symmetric(p.S))), ("eigvalsh((S + S.T)/2)", "S", lambda p: np.linalg.eigvalsh(symmetric(p.S))),
    ("eigenvectors((S + S.T)/2)", "S", lambda p: eigenvectors(p.S, HERE["S"])),
    ("cofactor(A)", "A", lambda p: cofactors(p.A)),
    # axes of length 1, and what is repeated to fit
    ("r*c", "r c", lambda p: p.r * p.c), ("r + x", "r x", lambda p: p.r + p.x), ("(c - B)^2", "c B", lambda p: (p.c - p.B) ** 2), ("a*B - r", "a B r", lambda p: p.a * p.B - p.r),
    ("sum(r, axis=1)", "r", lambda p: p.r[:, 0]), ("max(r, axis=1)", "r", lambda p: p.r[:, 0]), ("prod(c, axis=0)", "c", lambda p: p.c[0]), ("softmax(r)", "r", lambda p: np.ones((3, 1))), ("norm(c, axis=0)", "c", lambda p: np.abs(p.c[0])),
    ("where(x > y, x^2, y)", "x y", lambda p: np.where(p.x > p.y, p.x**2, p.y)), ("B if a > 1 else r", "B r", lambda p: p.B), ("sum(x[i]*y[j] for i in 0..2 for j in 0..i)", "x y", lambda p: (p.x * p.y.cumsum()).sum()),
]  # fmt: skip


def by_text(case: tuple[str, str, Any]) -> str:
    """A case by its formula."""
    return case[0]


def value_by_numpy(case: tuple[str, str, Any], at: Mapping[str, Array]) -> Array:
    """What NumPy says."""
    return np.asarray(case[2](SimpleNamespace(**at)), dtype=float)


def weighed(case: tuple[str, str, Any]) -> tuple[adcalc.Function, dict[str, Array], Array]:
    """The sum of all entries of a case, each with a weight of its own."""
    shape = value_by_numpy(case, HERE).shape
    weights = np.asarray(np.random.default_rng(5).normal(size=shape))
    function = adcalc.parse(f"sum(weight.*({case[0]}))", bound=[*HERE, "weight"])
    here = {name: HERE[name] for name in function.variables if name != "weight"}
    return function, {**here, "weight": weights}, weights


@pytest.mark.parametrize("case", LANGUAGE, ids=by_text)
def test_values(case: tuple[str, str, Any]) -> None:
    """A row of the language computes what NumPy computes, in NumPy's shape."""
    function = adcalc.parse(case[0], bound=HERE)
    found = function.value({name: HERE[name] for name in function.variables})
    assert near(found, value_by_numpy(case, HERE), 1e-13)


@pytest.mark.parametrize("case", LANGUAGE, ids=by_text)
def test_gradients(case: tuple[str, str, Any]) -> None:
    """The exact backends have the gradient of a weighted sum, and slopes of NumPy's value confirm it."""
    function, here, weights = weighed(case)
    names = case[1].split()
    wanted = {name: slopes_by(name, lambda at: (weights * value_by_numpy(case, at)).sum(), HERE) for name in names}
    reverse, *others_ = [function.gradient(here, names, backend) for backend in EXACT]
    for name in names:
        assert near(reverse.partials[name], wanted[name], 1e-9), name
        for other in others_:
            assert near(other.partials[name], reverse.partials[name], 1e-12), name
    assert all(found.warnings == () or found.warnings[0].kind == "notation" for found in (reverse, *others_))


@pytest.mark.parametrize("case", [case for case in LANGUAGE if case[0] != "cofactor(A)"], ids=by_text)
def test_hessians(case: tuple[str, str, Any]) -> None:
    """The exact backends have the Hessian of a weighted sum, and slopes of the gradient confirm it."""
    function, here, _ = weighed(case)
    names = case[1].split()
    reverse, dual, symbolic = [np.asarray(function.hessian(here, names, backend).matrix) for backend in EXACT]

    def gradient(at: dict[str, Array]) -> Array:
        found = function.gradient(at, names).partials
        return np.concatenate([np.ravel(found[each]) for each in names])

    rows = [slopes_by(name, gradient, here).reshape((len(reverse), -1)) for name in names]
    assert near(reverse, np.concatenate(rows, axis=1), 1e-8)
    assert near(dual, reverse, 1e-12)
    assert near(symbolic, reverse, 1e-12)
    assert np.array_equal(reverse, reverse.T)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("case", LANGUAGE, ids=by_text)
def test_jacobians(case: tuple[str, str, Any], backend: str) -> None:
    """The Jacobian has the axes of the value before those of the variable."""
    function = adcalc.parse(case[0], bound=HERE)
    here = {name: HERE[name] for name in function.variables}
    names = case[1].split()
    found = function.jacobian(here, names, backend)
    for name in names:
        wanted = slopes_by(name, lambda at: value_by_numpy(case, at), HERE)
        assert near(found.blocks[name], wanted, 1e-9), name


def test_third_derivatives_of_a_determinant_are_refused() -> None:
    """The rules end at the second derivative of a determinant, and say so."""
    with pytest.raises(DomainProblem, match="derivative"):
        adcalc.parse("sum(cofactor(A))").hessian({"A": HERE["A"]})


# No row without a case


def rows_in(expr: Expr) -> set[Primitive]:
    """The rows that a formula is made of."""
    return {PRIMITIVES[node.primitive.name] for node in topological([expr]) if isinstance(node, Apply)}


def test_every_row_over_arrays_has_a_case() -> None:
    """A row over arrays is a core row with a case, written in a case, or part of the rule of such a row."""
    covered = {PRIMITIVES[case.row] for case in CORES}
    for text, _, _ in LANGUAGE:
        result = read(Source(text), HERE).result
        assert result is not None
        covered |= rows_in(result)
    waiting = list(covered)
    names = ("x", "y", "z", "out", "g", "d", "axes", "dims", "rank", "key", "back", "n", "k")
    for row in waiting:
        texts = (row.body, row.kinks if row.over else "", *row.adjoints, *row.tangents)
        for text in filter(None, texts):
            result = read(Source(text), (*names, *row.parameters), rule=True).result
            assert result is not None
            new = rows_in(result) - covered
            covered |= new
            waiting += new
    assert [row.name for row in ARRAYS if row not in covered] == []


def test_every_core_row_with_a_rule_is_differentiated() -> None:
    """A core row that has an adjoint has a case in which it is differentiated by every argument with a rule."""
    tried: dict[str, set[int]] = {}
    for case in CORES:
        tried.setdefault(case.row, set()).update(set(range(len(case.arguments))) - set(case.fixed))
    for row in ARRAYS:
        if row.over == "core":
            # A rule for any number of arguments is tried with the first.
            with_rule = {position for position, text in enumerate(row.adjoints) if text}
            assert with_rule <= tried[row.name], row.name


# Nothing at all, and edges

EDGES: list[tuple[str, float | list[Any]]] = [
    ("sum([])", 0), ("prod([])", 1), ("sum(zeros([0, 3]), axis=0)", [0, 0, 0]), ("prod(zeros([2, 0]), axis=1)", [1, 1]),
    ("norm([])", 0), ("logsumexp([])", -math.inf), ("cumsum([])", []), ("sum(zeros([0, 3]))", 0), ("[]", []), ("zeros(0)@zeros(0)", 0),
    ("zeros([2, 0])@zeros([0, 2])", [[0, 0], [0, 0]]), ("trace(zeros([0, 0]))", 0), ("len([])", 0), ("arange(3, 3)", []), ("arange(5, 2)", []),
    ("sum(i for i in 1..0)", 0), ("prod(i for i in 1..0)", 1), ("concat([], [1, 2])", [1, 2]), ("[1, 2, 3][2:1]", []), ("max([3])", 3),
    ("sum(max(zeros([0, 2]), axis=1))", 0), ("shape(zeros([0, 3]))", [0, 3]), ("len(eye(0))", 0), ("argmax([1, 3, 3])", 1),
    ("det([[2]])", 2), ("inv([[4]])", [[0.25]]), ("[1, 2, 3][1]", 2), ("softmax([7])", [1]), ("linspace(2, 3, 2)", [2, 3]), ("var([3])", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), EDGES, ids=[text for text, _ in EDGES])
def test_edges(text: str, wanted: Any) -> None:
    """Arrays without entries, or with one, have the values that they must have by definition."""
    assert np.array_equal(adcalc.value(text), np.array(wanted, dtype=float))


@pytest.mark.parametrize(
    "text",
    ["max([])", "min([])", "amax(zeros([0, 3]), axis=0)", "argmax([])", "argmin(zeros(0))", "det(zeros([0, 0]))", "softmax([])",
     "max(zeros([2, 0]), axis=1)", "mean([])", "var([])", "std([])", "norminf([])", "mse([], [])", "cross_entropy(zeros([0, 2]), [])"],
)  # fmt: skip
def test_nothing_has_no_extreme_and_no_mean(text: str) -> None:
    """What is not defined for no entries is refused."""
    with pytest.raises((ShapeProblem, DomainProblem)):
        adcalc.value(text)


@pytest.mark.parametrize("backend", EXACT)
def test_derivatives_of_nothing(backend: str) -> None:
    """A variable without entries has a gradient without entries."""
    found = adcalc.gradient("sum(x^2) + prod(x)*y", {"x": [], "y": 3}, backend=backend)
    assert found.value == 3.0
    assert np.array_equal(found.partials["x"], np.zeros(0))
    assert found.partials["y"] == 1.0


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.bool_, np.float32])
def test_whole_numbers_are_numbers(dtype: Any) -> None:
    """Integers and truth values are taken as the numbers they are: nothing overflows, nothing is rounded."""
    x = np.array([1, 0, 1] if dtype == np.bool_ else [100, 2, 3], dtype=dtype)
    exact = [float(entry) for entry in x]
    found = adcalc.gradient("sum(x^3/3 - 250x)", {"x": x})
    assert found.value == pytest.approx(sum(entry**3 / 3 - 250 * entry for entry in exact), rel=1e-15)
    assert list(found.partials["x"]) == pytest.approx([entry**2 - 250 for entry in exact], rel=1e-15)  # type: ignore[arg-type]


# Rows that work entry by entry

ENTRYWISE = [row for row in SCALAR if not row.constant]
GRID = (-math.inf, -1e3, -2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 1e3, math.inf, math.nan)


def formula(row: Primitive, count: int) -> adcalc.Function:
    """A row applied to x, y, z, as a user writes it."""
    return adcalc.parse(written(apply(row, *[variable(letter) for letter in LETTERS[:count]])))


def arguments_of(row: Primitive) -> int:
    """With how many arguments a row is tried out."""
    return row.arity[1] or 2


def outcome(function: adcalc.Function, at: Mapping[str, float]) -> float | None:
    """The value for numbers; None: there is none, and it is said."""
    try:
        found = function.value(at)
    except DomainProblem:
        return None
    assert isinstance(found, float)
    return found


def points(row: Primitive) -> Iterator[tuple[float, ...]]:
    """Points between which all borders of a domain lie."""
    count = arguments_of(row)
    return itertools.product(GRID if count < 3 else GRID[1:-1:2], repeat=count)


def figure(text: str) -> float:
    """A figure of the table."""
    return float(
        eval(
            text.replace("^", "**"),
            {"__builtins__": {}, "abs": abs, "inf": math.inf, "pi": math.pi, "log": math.log, "sqrt": math.sqrt},
        )
    )


@pytest.mark.parametrize("row", ENTRYWISE, ids=repr)
def test_arrays_are_many_numbers(row: Primitive) -> None:
    """Where numbers have a value arrays have it entry by entry; outside the domain they are refused too."""
    count = arguments_of(row)
    function = formula(row, count)
    letters = LETTERS[:count]
    with_value: list[tuple[tuple[float, ...], float]] = []
    outside = []
    for point in points(row):
        value = outcome(function, dict(zip(letters, point, strict=True)))
        if value is None:
            outside.append(point)
        else:
            # In double precision, for at infinity more digits may have another answer.
            with_value.append((point, value if row.takes else FLOATS.apply(row, point)))
    assert with_value
    columns = {letter: np.array([point[i] for point, _ in with_value]) for i, letter in enumerate(letters)}
    found = function.value(columns)
    for (point, value), entry in zip(with_value, np.broadcast_to(found, len(with_value)), strict=True):
        assert entry == pytest.approx(value, rel=1e-13, abs=1e-15, nan_ok=True), point
    sound = with_value[len(with_value) // 2][0]
    for point in outside:
        with pytest.raises(DomainProblem):
            function.value({letter: [sound[i], point[i]] for i, letter in enumerate(letters)})


def edge_points() -> list[Any]:
    """Rows with all their edges at which every partial exists, and their samples, as one array each."""
    return [row for row in ENTRYWISE if any(None not in wanted for _, wanted in row.edges)]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("row", edge_points(), ids=repr)
def test_edges_entry_by_entry(row: Primitive, backend: str) -> None:
    """At the edges of a row its partials over an array are what the table says, all entries at once."""
    edges = [(tuple(map(figure, at)), wanted) for at, wanted in row.edges if None not in wanted]
    for count in {len(at) for at, _ in edges}:
        chosen = [(at, wanted) for at, wanted in edges if len(at) == count]
        letters = LETTERS[:count]
        columns = {letter: np.array([at[i] for at, _ in chosen]) for i, letter in enumerate(letters)}
        text = str(formula(row, count))
        entries = adcalc.parse(text).elementwise(columns, list(letters), backend)
        total = adcalc.parse(f"sum({text})").gradient(columns, list(letters), backend)
        for i, letter in enumerate(letters):
            for place, (at, wanted) in enumerate(chosen):
                text_wanted = wanted[i]
                assert text_wanted is not None
                for found in (entries.partials[letter], total.partials[letter]):
                    entry = np.broadcast_to(found, len(chosen))[place]
                    assert entry == pytest.approx(figure(text_wanted), rel=1e-13, abs=1e-300), (letter, at)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("row", [row for row in ENTRYWISE if row.samples], ids=repr)
def test_samples_entry_by_entry(row: Primitive, backend: str) -> None:
    """Over arrays of sample points the partials are those at each sample."""
    for count in {len(sample) for sample in row.samples}:
        samples = [tuple(map(figure, sample)) for sample in row.samples if len(sample) == count]
        # One layer of a matrix, so that shapes other than vectors are met.
        letters = LETTERS[:count]
        columns = {letter: np.array([[at[i]] for at in samples]) for i, letter in enumerate(letters)}
        function = formula(row, count)
        names = [letter for i, letter in enumerate(letters) if row.variadic or row.partials[i]]
        found = function.elementwise(columns, names, backend)
        for place, at in enumerate(samples):
            here = function.gradient(dict(zip(letters, at, strict=True)), names)
            for letter in names:
                assert np.broadcast_to(found.partials[letter], (len(samples), 1))[place, 0] == pytest.approx(
                    here.partials[letter], rel=1e-12, abs=1e-300
                ), (letter, at)


def test_numbers_are_made_as_they_are_read() -> None:
    """A number that fills an array is the same in every entry, whatever its size."""
    assert np.array_equal(adcalc.value("zeros([2, 2]) + x", {"x": 1e-300}), np.full((2, 2), 1e-300))
    assert number(1e-300) is number(1e-300)
