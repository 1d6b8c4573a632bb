"""Derivatives of formulas over vectors and matrices, as formulas.

Identities of the Matrix Cookbook (Petersen and Pedersen, 2012), of Magnus and Neudecker (1988) and of the
exercises on matrixcalculus.org, each said again in NumPy.  A derivative is held against that at random points,
against forward mode and difference quotients, and against what its own printed text says when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import pytest
from scipy import linalg, special

import adcalc
from adcalc.errors import LimitProblem, NameProblem, Problem, ShapeProblem

Array: TypeAlias = Any
Wanted: TypeAlias = Callable[[Any], Array]

RANDOM = np.random.default_rng(11)

#: By name, so that a formula says what its variables are: n = 3, m = 4, k = 2.
POINT: dict[str, Any] = {
    "x": RANDOM.normal(size=3), "y": RANDOM.normal(size=3), "a": RANDOM.normal(size=3), "c": RANDOM.normal(size=3),
    "u": RANDOM.normal(size=4), "w": RANDOM.normal(size=4), "A": RANDOM.normal(size=(3, 3)), "C": RANDOM.normal(size=(3, 3)),
    "B": RANDOM.normal(size=(3, 4)), "D": RANDOM.normal(size=(4, 3)), "E": RANDOM.normal(size=(3, 4)), "U": RANDOM.normal(size=(3, 2)),
    "V": RANDOM.normal(size=(2, 4)), "X": RANDOM.normal(size=(3, 3)) + 2 * np.eye(3), "Z": RANDOM.normal(size=(4, 3)),
    "t": 0.7, "s": 1.3, "l": np.array([1.0, 0.0, 2.0]), "q": np.array([0.0, 1.0, 1.0]), "p": np.array([0.2, 0.5, 0.3]),
}  # fmt: skip
_ROOT = RANDOM.normal(size=(3, 3))
POINT["S"] = _ROOT @ _ROOT.T + np.eye(3)
POINT["r"] = np.sign(POINT["x"] + 0.1)

SHAPES = {name: np.shape(value) for name, value in POINT.items()}
_NAMES = {3: "n", 4: "m", 2: "k"}


@dataclass(frozen=True)
class Identity:
    """A formula, a variable, the derivative by it in NumPy, and how it is printed if that is settled."""

    formula: str
    by: str
    wanted: Wanted
    printed: str = ""
    flat: bool = False
    """The derivative is a Jacobian or a Hessian; its gradient is not that of a number."""


def inv(x: Array) -> Array:
    return np.linalg.inv(x)


def det(x: Array) -> float:
    return float(np.linalg.det(x))


def soft(x: Array) -> Array:
    """exp(x)/sum(exp(x)) of each row."""
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def hot(labels: Array, n: int) -> Array:
    return np.eye(n)[np.asarray(labels, dtype=int)]


def unit(x: Array) -> Array:
    return x / np.linalg.norm(x)


IDENTITIES = [
    # of vectors, Matrix Cookbook 2.4.1 and 2.4.2
    Identity("a'*x", "x", lambda p: p.a, "a"),
    Identity("x'*a", "x", lambda p: p.a, "a"),
    Identity("x'*x", "x", lambda p: 2 * p.x, "2*x"),
    Identity("x'*A*x", "x", lambda p: (p.A + p.A.T) @ p.x, "(A + A')*x"),
    Identity("x'*A*x", "A", lambda p: np.outer(p.x, p.x), "x*x'"),
    Identity("x'*A*y", "x", lambda p: p.A @ p.y, "A@y"),
    Identity("x'*A*y", "y", lambda p: p.A.T @ p.x, "A'*x"),
    Identity("a'*B*u", "B", lambda p: np.outer(p.a, p.u), "a*u'"),
    Identity("u'*B'*a", "B", lambda p: np.outer(p.a, p.u), "a*u'"),
    Identity("a'*X*a", "X", lambda p: np.outer(p.a, p.a), "a*a'"),
    Identity("u'*B'*B*u", "B", lambda p: 2 * np.outer(p.B @ p.u, p.u)),
    Identity("u'*B'*A*B*w", "B", lambda p: p.A.T @ np.outer(p.B @ p.u, p.w) + p.A @ np.outer(p.B @ p.w, p.u)),
    Identity("(B*u + a)'*A*(B*u + a)", "B", lambda p: np.outer((p.A + p.A.T) @ (p.B @ p.u + p.a), p.u)),
    Identity("(B*u + a)'*A*(D'*u + c)", "u", lambda p: p.B.T @ p.A @ (p.D.T @ p.u + p.c) + p.D @ p.A.T @ (p.B @ p.u + p.a)),
    Identity("(x - y)'*S*(x - y)", "x", lambda p: (p.S + p.S.T) @ (p.x - p.y), "(S + S')*(x - y)"),
    Identity("exp(-x'*A*x/2)", "x", lambda p: -np.exp(-p.x @ p.A @ p.x / 2) * (p.A + p.A.T) @ p.x / 2),
    Identity("sqrt(x'*x)", "x", lambda p: unit(p.x)),
    Identity("(a'*x)*(c'*x)", "x", lambda p: p.a * (p.c @ p.x) + p.c * (p.a @ p.x)),
    Identity("(x'*A*x)/(x'*x)", "x", lambda p: (p.A + p.A.T) @ p.x / (p.x @ p.x) - 2 * p.x * (p.x @ p.A @ p.x) / (p.x @ p.x) ** 2),
    # norms
    Identity("norm(x)", "x", lambda p: unit(p.x), "x/norm(x)"),
    Identity("norm(A)", "A", lambda p: unit(p.A), "A/norm(A)"),
    Identity("norm(x)^2", "x", lambda p: 2 * p.x, "2*x"),
    Identity("norm(A)^2", "A", lambda p: 2 * p.A, "2*A"),
    Identity("norm(x - a)", "x", lambda p: unit(p.x - p.a), "(x - a)/norm(x - a)"),
    Identity("norm(B@u - a)^2", "u", lambda p: 2 * p.B.T @ (p.B @ p.u - p.a), "2*(B.T@(B@u - a))"),
    Identity("norm(B@u - a)^2", "B", lambda p: 2 * np.outer(p.B @ p.u - p.a, p.u)),
    Identity("norm(B@u - a)^2/2", "u", lambda p: p.B.T @ (p.B @ p.u - p.a), "B.T@(B@u - a)"),
    Identity("norm(B@u - a)", "u", lambda p: p.B.T @ unit(p.B @ p.u - p.a)),
    Identity("norm(E - U@V)^2/2 + norm(U)^2/2", "U", lambda p: p.U - (p.E - p.U @ p.V) @ p.V.T, "U - (E - U@V)@V.T"),
    Identity("norm(E - U@V)^2/2 + norm(U)^2/2", "U", lambda p: p.U - (p.E - p.U @ p.V) @ p.V.T, "U - (E - U@V)@V.T"),
    Identity("norm(E - U@V)^2/2", "V", lambda p: -p.U.T @ (p.E - p.U @ p.V)),
    Identity("norm(B@u - a)^2 + t*norm(u)^2", "u", lambda p: 2 * p.B.T @ (p.B @ p.u - p.a) + 2 * p.t * p.u),
    Identity("norm1(x)", "x", lambda p: np.sign(p.x), "sign(x)"),
    Identity("sum(x^2)", "x", lambda p: 2 * p.x, "2*x"),
    # traces, Matrix Cookbook 2.5
    Identity("trace(A)", "A", lambda p: np.eye(3), "eye(len(A))"),
    Identity("trace(B'*E) + t", "E", lambda p: p.B, "B"),
    Identity("trace(B'*E) + t", "B", lambda p: p.E, "E"),
    Identity("trace(A@C)", "A", lambda p: p.C.T, "C.T"),
    Identity("trace(A*B*D)'", "B", lambda p: p.A.T @ p.D.T, "A'*D'"),
    Identity("trace(B.T@A@B)", "B", lambda p: (p.A + p.A.T) @ p.B, "(A + A.T)@B"),
    Identity("trace(B@B.T)", "B", lambda p: 2 * p.B, "2*B"),
    Identity("trace(A@A)", "A", lambda p: 2 * p.A.T, "2*A.T"),
    Identity("trace(A@A@A)", "A", lambda p: 3 * (p.A @ p.A).T),
    Identity("trace(A@B@D@C)", "D", lambda p: (p.C @ p.A @ p.B).T),
    Identity("trace(A@X@C@X.T)", "X", lambda p: p.A.T @ p.X @ p.C.T + p.A @ p.X @ p.C),
    Identity("trace(inv(X)@A)", "X", lambda p: -(inv(p.X) @ p.A @ inv(p.X)).T, "-(inv(X).T@A.T@inv(X).T)"),
    Identity("trace(sin(A))", "A", lambda p: np.diag(np.cos(np.diag(p.A)))),
    Identity("trace(kron(A, C))", "A", lambda p: np.trace(p.C) * np.eye(3)),
    Identity("sum(kron(A, B))", "A", lambda p: np.full((3, 3), p.B.sum())),
    Identity("sum(kron(A, B)^2)", "B", lambda p: 2 * p.B * (p.A**2).sum()),
    # determinants and inverses, Matrix Cookbook 2.1 and 2.2
    Identity("det(X)", "X", lambda p: det(p.X) * inv(p.X).T, "cofactor(X)"),
    Identity("log(det(S))", "S", lambda p: inv(p.S).T, "inv(S).T for det(S) > 0"),
    Identity("logdet(X)", "X", lambda p: inv(p.X).T, "inv(X).T"),
    Identity("det(A@X@C)", "X", lambda p: det(p.A @ p.X @ p.C) * inv(p.X).T),
    Identity("det(B@B.T)", "B", lambda p: 2 * det(p.B @ p.B.T) * inv(p.B @ p.B.T) @ p.B),
    Identity("logdet(B@B.T)", "B", lambda p: 2 * inv(p.B @ p.B.T) @ p.B),
    Identity("det(X)^2", "X", lambda p: 2 * det(p.X) ** 2 * inv(p.X).T),
    Identity("det(inv(X))", "X", lambda p: -inv(p.X).T / det(p.X)),
    Identity("a'*inv(X)*c", "X", lambda p: -inv(p.X).T @ np.outer(p.a, p.c) @ inv(p.X).T, "-(inv(X)'*a*c'*inv(X)')"),
    Identity("sum(inv(X))", "X", lambda p: -inv(p.X).T @ np.ones((3, 3)) @ inv(p.X).T),
    Identity("a@solve(X, c)", "c", lambda p: inv(p.X).T @ p.a),
    Identity("a@solve(X, c)", "X", lambda p: -np.outer(inv(p.X).T @ p.a, inv(p.X) @ p.c)),
    Identity("x@solve(S, x)", "x", lambda p: (inv(p.S) + inv(p.S).T) @ p.x),
    # entry by entry and sums
    Identity("sum(exp(x))", "x", lambda p: np.exp(p.x), "exp(x)"),
    Identity("sum(sin(x))", "x", lambda p: np.cos(p.x), "cos(x)"),
    Identity("sum(x*y)", "x", lambda p: p.y, "y"),
    Identity("sum(B@u)", "u", lambda p: p.B.sum(0)),
    Identity("sum(B@u)", "B", lambda p: np.tile(p.u, (3, 1))),
    Identity("sum(A^2*C)", "A", lambda p: 2 * p.A * p.C, "2*A*C"),
    Identity("mean(x)", "x", lambda p: np.full(3, 1 / 3), "ones(len(x))/len(x)"),
    Identity("mean((x - y)^2)", "x", lambda p: 2 * (p.x - p.y) / 3),
    Identity("var(x)", "x", lambda p: 2 * (p.x - p.x.mean()) / 3),
    Identity("std(x)", "x", lambda p: (p.x - p.x.mean()) / (3 * p.x.std())),
    Identity("prod(x)", "x", lambda p: p.x.prod() / p.x, "others(x)"),
    Identity("log(prod(x^2))", "x", lambda p: 2 / p.x),
    Identity("max(x)", "x", lambda p: (p.x == p.x.max()).astype(float)),
    Identity("sum(cumsum(x)*y)", "x", lambda p: np.cumsum(p.y[::-1])[::-1]),
    Identity("sum(diag(x)@A)", "x", lambda p: p.A.sum(1)),
    Identity("sum(diag(A)^2)", "A", lambda p: np.diag(2 * np.diag(p.A))),
    Identity("sum(outer(x, u)*B)", "x", lambda p: p.B @ p.u),
    Identity("cross(x, y)@a", "x", lambda p: np.cross(p.y, p.a)),
    Identity("x[0]*x[1]^2", "x", lambda p: np.array([p.x[1] ** 2, 2 * p.x[0] * p.x[1], 0])),
    Identity("sum(x[i]^2 for i in 0..len(x)-1)", "x", lambda p: 2 * p.x, "2*x"),
    Identity("sum(x[i+1]*x[i] for i in 0..len(x)-2)", "x", lambda p: np.append(p.x[1:], 0) + np.append(0, p.x[:-1])),
    # losses
    Identity("logsumexp(x)", "x", lambda p: soft(p.x), "softmax(x)"),
    Identity("log(sum(exp(x)))", "x", lambda p: soft(p.x)),
    Identity("sum(softmax(x)*y)", "x", lambda p: soft(p.x) * (p.y - soft(p.x) @ p.y)),
    Identity("-sum(y*log(softmax(x)))", "x", lambda p: p.y.sum() * soft(p.x) - p.y),
    Identity("cross_entropy(Z.T, l)", "Z", lambda p: ((soft(p.Z.T) - hot(p.l, 4)) / 3).T),
    Identity("cross_entropy(B, l)", "B", lambda p: (soft(p.B) - hot(p.l, 4)) / 3),
    Identity("cross_entropy(B@Z, l)", "Z", lambda p: p.B.T @ (soft(p.B @ p.Z) - hot(p.l, 3)) / 3),
    Identity("sum(log(1 + exp(-r.*(B*u))))'", "u", lambda p: -p.B.T @ (p.r * sigmoid(-p.r * (p.B @ p.u)))),
    Identity("sum(log(1 + exp(-r*(B@u))))", "u", lambda p: -p.B.T @ (p.r * sigmoid(-p.r * (p.B @ p.u)))),
    Identity("sigmoid_cross_entropy(B@u, q)", "u", lambda p: p.B.T @ (sigmoid(p.B @ p.u) - p.q) / 3),
    Identity("-sum(q*log(sigmoid(B@u)) + (1 - q)*log(1 - sigmoid(B@u)))", "u", lambda p: p.B.T @ (sigmoid(p.B @ p.u) - p.q)),
    Identity("mse(tanh(B@u), y)", "u", lambda p: 2 * p.B.T @ ((np.tanh(p.B @ p.u) - p.y) / np.cosh(p.B @ p.u) ** 2) / 3),
    Identity("mse(tanh(B@u), y)", "B", lambda p: 2 * np.outer((np.tanh(p.B @ p.u) - p.y) / np.cosh(p.B @ p.u) ** 2, p.u) / 3),
    Identity("sum(p*log(p/softmax(x)))", "x", lambda p: p.p.sum() * soft(p.x) - p.p),
    # likelihoods
    Identity("logdet(S) + (x - y)'*inv(S)*(x - y)", "x", lambda p: (inv(p.S) + inv(p.S).T) @ (p.x - p.y)),
    Identity("logdet(S) + (x - y)'*inv(S)*(x - y)", "S", lambda p: inv(p.S).T - np.outer(inv(p.S).T @ (p.x - p.y), inv(p.S).T @ (p.x - p.y))),
    Identity("2*sum(log(diag(cholesky(S))))", "S", lambda p: inv(p.S)),
    Identity("norm(solve(cholesky(S), x))^2", "x", lambda p: 2 * inv(p.S) @ p.x),
    Identity("norm(solve(cholesky(S), x))^2", "S", lambda p: -np.outer(inv(p.S) @ p.x, inv(p.S) @ p.x)),
    Identity("sum(eigvalsh(S))", "S", lambda p: np.eye(3)),
    Identity("sum(log(eigvalsh(S)))", "S", lambda p: inv(p.S)),
    Identity("eigvalsh(S)[0]", "S", lambda p: np.outer(linalg.eigh(p.S)[1][:, 0], linalg.eigh(p.S)[1][:, 0])),
    Identity("sum(lgamma(x^2))", "x", lambda p: 2 * p.x * special.digamma(p.x**2)),
    # by a number
    Identity("norm(x - t*a)^2", "t", lambda p: -2 * p.a @ (p.x - p.t * p.a)),
    Identity("logdet(A + t*eye(3))", "t", lambda p: np.trace(inv(p.A + p.t * np.eye(3)))),
    Identity("sum(exp(t*x))", "t", lambda p: p.x @ np.exp(p.t * p.x)),
    # Jacobians
    Identity("B@u", "u", lambda p: p.B, "B", flat=True),
    Identity("B@u", "u", lambda p: p.B, "B", flat=True),
    Identity("x@B", "x", lambda p: p.B.T, "B.T", flat=True),
    Identity("2*x", "x", lambda p: 2 * np.eye(3), flat=True),
    Identity("tanh(B@u)", "u", lambda p: p.B / np.cosh(p.B @ p.u)[:, None] ** 2, flat=True),
    Identity("softmax(x)", "x", lambda p: np.diag(soft(p.x)) - np.outer(soft(p.x), soft(p.x)), flat=True),
    Identity("x/norm(x)", "x", lambda p: (np.eye(3) - np.outer(unit(p.x), unit(p.x))) / np.linalg.norm(p.x), flat=True),
    Identity("solve(A, x)", "x", lambda p: inv(p.A), flat=True),
    Identity("t^2*x", "t", lambda p: 2 * p.t * p.x, "2*t*x", flat=True),
    Identity("inv(A + t*C)", "t", lambda p: -inv(p.A + p.t * p.C) @ p.C @ inv(p.A + p.t * p.C), flat=True),
    Identity("[t*s, sin(t), t^2]", "t", lambda p: np.array([p.s, np.cos(p.t), 2 * p.t]), "[s, cos(t), 2*t]", flat=True),
]  # fmt: skip


def by_formula(identity: Identity) -> str:
    """An identity by what is differentiated, and by what."""
    return f"{identity.formula} by {identity.by}"


def named(function: adcalc.Function) -> dict[str, Any]:
    """The point of a function."""
    return {name: POINT[name] for name in function.variables}


def lengths(function: adcalc.Function) -> dict[str, tuple[int, ...]]:
    """The shapes of a function's variables."""
    return {name: SHAPES[name] for name in function.variables}


def names_of_lengths(function: adcalc.Function) -> dict[str, tuple[str, ...]]:
    """The shapes of a function's variables, with names for lengths."""
    return {name: tuple([_NAMES[length] for length in shape]) for name, shape in lengths(function).items()}


def near(found: Any, wanted: Any, tolerance: float = 1e-12) -> bool:
    """The same shape, and the same entries measured by the largest."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    scale = 1.0 + np.abs(wanted).max(initial=0.0)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max(initial=0.0) <= tolerance * scale)


def at_point(function: adcalc.Function, extra: Mapping[str, Any]) -> Any:
    """The value of a derivative, whose variables may have gone."""
    return function.value({**{name: POINT[name] for name in function.variables}, **extra})


HOW: dict[str, Callable[[adcalc.Function], Mapping[str, Sequence[int | str]]]] = {
    "by numbers": lengths,
    "by names": names_of_lengths,
}

#: Formulas in which a length is written, so that names or guesses do not say it.
FIXED = {"cross(x, y)@a", "logdet(A + t*eye(3))", "x[0]*x[1]^2", "eigvalsh(S)[0]"}

DECLARED = [
    pytest.param(how, identity, id=f"{by_formula(identity)}, {how}")
    for identity in IDENTITIES
    for how in HOW
    if how == "by numbers" or identity.formula not in FIXED
]


@pytest.mark.parametrize(("how", "identity"), DECLARED)
def test_derivative(identity: Identity, how: str) -> None:
    """With its shapes declared a formula has the derivative that the book says, in the book's shape."""
    function = adcalc.parse(identity.formula)
    derivative = function.diff(identity.by, shapes=HOW[how](function))
    assert near(at_point(derivative, {}), identity.wanted(SimpleNamespace(**POINT)))


@pytest.mark.parametrize(("how", "identity"), DECLARED)
def test_derivative_reads_back(identity: Identity, how: str) -> None:
    """The text of a derivative is a formula of the language with the same value, and is printed as it stands."""
    function = adcalc.parse(identity.formula)
    text = str(function.diff(identity.by, shapes=HOW[how](function)))
    again = adcalc.parse(text, bound=POINT)
    assert near(at_point(again, {}), identity.wanted(SimpleNamespace(**POINT)))
    assert str(again) == text


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic", "numeric"])
@pytest.mark.parametrize("identity", IDENTITIES, ids=by_formula)
def test_derivative_at_a_point(identity: Identity, backend: str) -> None:
    """Every backend has the book's derivative at a point."""
    function = adcalc.parse(identity.formula)
    wanted = identity.wanted(SimpleNamespace(**POINT))
    if identity.flat:
        found = function.jacobian(named(function), [identity.by], backend).blocks[identity.by]
    else:
        found = function.gradient(named(function), [identity.by], backend).partials[identity.by]
    assert near(found, wanted, 1e-7 if backend == "numeric" else 1e-12)


@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each.printed], ids=by_formula)
def test_printed(identity: Identity) -> None:
    """With shapes inferred from nothing but the formula, the derivative is written as a mathematician writes it."""
    derivative = adcalc.parse(identity.formula).diff(identity.by)
    assert str(derivative) == identity.printed
    assert near(at_point(derivative, {}), identity.wanted(SimpleNamespace(**POINT)))


#: Formulas that say too little for their shapes to be guessed as they are meant here.
UNKNOWN = FIXED | {
    "sum(log(1 + exp(-r.*(B*u))))'", "2*x", "t^2*x", "B@u", "inv(A + t*C)", "norm(x - t*a)^2", "sum(exp(t*x))",
    "cross_entropy(B, l)", "cross_entropy(Z.T, l)", "cross_entropy(B@Z, l)",
}  # fmt: skip


@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each.formula not in UNKNOWN], ids=by_formula)
def test_shapes_are_inferred(identity: Identity) -> None:
    """Without a word about shapes they are inferred, the assumption is said, and the derivative is right."""
    derivative = adcalc.parse(identity.formula).diff(identity.by)
    assert near(at_point(derivative, {}), identity.wanted(SimpleNamespace(**POINT)))
    (assumed,) = [caution for caution in derivative.cautions if caution.kind == "shape"]
    assert assumed.message.startswith("as read here")


# Second derivatives

SECOND: list[tuple[str, str, Wanted, str]] = [
    ("x'*A*x", "x", lambda p: p.A + p.A.T, "A + A'"),
    ("norm(B@u - a)^2", "u", lambda p: 2 * p.B.T @ p.B, "2*(B.T@B)"),
    ("x'*x", "x", lambda p: 2 * np.eye(3), "2*eye(len(x))"),
    ("a'*x", "x", lambda p: np.zeros((3, 3)), ""),
    ("logsumexp(x)", "x", lambda p: np.diag(soft(p.x)) - np.outer(soft(p.x), soft(p.x)), ""),
    ("sum(exp(x))", "x", lambda p: np.diag(np.exp(p.x)), ""),
    ("norm(x)", "x", lambda p: (np.eye(3) - np.outer(unit(p.x), unit(p.x))) / np.linalg.norm(p.x), ""),
    ("prod(x)", "x", lambda p: p.x.prod() * (1 / np.outer(p.x, p.x) - np.diag(1 / p.x**2)), ""),
    ("exp(a'*x)", "x", lambda p: np.exp(p.a @ p.x) * np.outer(p.a, p.a), ""),
    ("sum(log(1 + exp(B@u)))", "u", lambda p: p.B.T @ np.diag(sigmoid(p.B @ p.u) * sigmoid(-p.B @ p.u)) @ p.B, ""),
    ("x@solve(S, x)", "x", lambda p: inv(p.S) + inv(p.S).T, ""),
    ("(x'*A*x)^2", "x", lambda p: 2 * np.outer((p.A + p.A.T) @ p.x, (p.A + p.A.T) @ p.x) + 2 * (p.x @ p.A @ p.x) * (p.A + p.A.T), ""),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "by", "wanted", "printed"), SECOND, ids=[row[0] for row in SECOND])
def test_second_derivative(formula: str, by: str, wanted: Wanted, printed: str) -> None:
    """The second derivative by a vector is the matrix of the book, and it reads back."""
    function = adcalc.parse(formula)
    expected = wanted(SimpleNamespace(**POINT))
    for shapes in (lengths(function), names_of_lengths(function)):
        derivative = function.diff(by, order=2, shapes=shapes)
        assert near(at_point(derivative, {}), expected)
        assert near(at_point(adcalc.parse(str(derivative), bound=POINT), {}), expected)
        assert near(at_point(function.diff(by, shapes=shapes).diff(by, shapes=shapes), {}), expected)
    if printed:
        assert str(function.diff(by, order=2)) == printed


def test_mixed_second_derivatives() -> None:
    """The formulas of a Hessian, block by block: of (a'*x)*(c'*y) they are 0, a*c' and c*a'."""
    found = adcalc.parse("(a'*x)*(c'*y)").hessian_formulas(["x", "y"], dict.fromkeys("axcy", ("n",)))
    p = SimpleNamespace(**POINT)
    wanted = {
        ("x", "x"): np.zeros((3, 3)), ("y", "y"): np.zeros((3, 3)),
        ("x", "y"): np.outer(p.a, p.c), ("y", "x"): np.outer(p.c, p.a),
    }  # fmt: skip
    assert set(found) == set(wanted)
    for pair, matrix in wanted.items():
        assert near(found[pair].value({name: POINT[name] for name in "axcy"}), matrix), pair


# What cannot be

REFUSED: list[tuple[str, str, dict[str, Any] | None, type[Problem], str]] = [
    ("B@Z", "B", None, ShapeProblem, "4 axes"),
    ("x'*A*y", "x", {"A": (3, 4), "x": (2,), "y": (4,)}, ShapeProblem, "do not fit"),
    ("trace(B)", "B", {"B": ("n", "m")}, ShapeProblem, "square"),
    ("x@y", "z", None, NameProblem, "`z`"),
    ("det(A@B)", "A", {"A": (2, 3), "B": (3, 4)}, ShapeProblem, "square"),
    ("sum(det(A + i*eye(3)) for i in 0..2)", "A", {"A": (3, 3)}, LimitProblem, "cannot say"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "by", "shapes", "kind", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(formula: str, by: str, shapes: dict[str, Any] | None, kind: type[Problem], message: str) -> None:
    """What has no derivative that can be written, or shapes that do not fit, is refused with the reason."""
    with pytest.raises(kind, match=message):
        adcalc.parse(formula).diff(by, shapes=shapes)


def test_assumptions_are_said() -> None:
    """What was assumed of each variable stands in the warning, with the way to say otherwise."""
    (caution,) = adcalc.parse("u'*B'*a").diff("B").cautions
    assert caution.message == "as read here `u` is a vector of n, `B` is m×n, `a` is a vector of m"
    assert "B:mxn" in caution.hint


READINGS = [
    # formula, its value at A = [[1, 2], [3, 4]], x = [1, 2], what is said
    ("sum((A*x).^2)", 90, "`*` is entry by entry here, as in NumPy"),
    ("sum(A*A)", 30, "`*` is entry by entry here, as in NumPy"),
    ("sum(A^2)", 30, "`^` is entry by entry here, as in NumPy"),
    ("sum(A^4)", 354, "`^` is entry by entry here, as in NumPy"),
    ("trace(A^-1)", 1.25, "`^` is entry by entry here, as in NumPy"),
    ("sum(A'*A)", 58, "`*` is the matrix product here, as in a book, for the formula has a `'`"),
    ("sum((A*x)')", 16, "`*` is the matrix product here, as in a book, for the formula has a `'`"),
    ("trace(A'^2)", 29, "`^` is the matrix power here, as in a book, for the formula has a `'`"),
    ("trace(A'^-1)", -2.5, "`^` is the matrix power here, as in a book, for the formula has a `'`"),
    ("B = A'; sum(A*B)", 29, "`*` is entry by entry here, as in NumPy"),
    ("sum(A .* A)", 30, ""), ("sum(A.^2)", 30, ""), ("sum(A@A)", 54, ""), ("x'*A*x", 27, ""), ("2*A[0, 0]^2", 2, ""),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "value", "said"), READINGS)
def test_one_reading_in_every_command(formula: str, value: float, said: str) -> None:
    """A product or a power of matrices has one meaning, at a point and in formulas, and it is said which."""
    at = {"A": np.array([[1.0, 2.0], [3.0, 4.0]]), "x": np.array([1.0, 2.0])}
    f = adcalc.parse(formula)
    at = {name: at[name] for name in f.variables}
    shapes = {name: array.shape for name, array in at.items()}
    answers: list[Any] = [
        f.evaluate(at),
        f.gradient(at),
        f.hessian(at),
        f.jacobian(at),
        f.jvp(at, at),
        f.vjp(at, 1.0),
        f.hvp(at, at),
    ]
    assert [answer.value for answer in answers] == pytest.approx([value] * 7)
    told = [[w.message for w in answer.warnings if w.kind == "notation"] for answer in answers]
    for declared in (shapes, None):
        derivative = f.diff("A", shapes=declared)
        assert near(at_point(derivative, at), f.gradient(at).partials["A"])
        told.append([caution.message for caution in derivative.cautions if caution.kind == "notation"])
    assert told == [[said] if said else []] * 9
