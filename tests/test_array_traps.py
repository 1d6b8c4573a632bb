"""Traps over arrays: formulas of vectors and matrices at which the best systems are silently wrong.

As in `test_traps`, each trap has its outcome with every exact backend: the answer is right, or it is *said*, at its
place, that there is none; where a value is a convention it is that convention, with the warning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
import pytest

import adcalc
from adcalc.errors import DomainProblem, Problem, ShapeProblem
from adcalc.lower.rules import NoDerivative

EXACT = ("reverse", "dual", "symbolic")


@dataclass(frozen=True)
class Trap:
    """A formula over arrays at a point, and what must come of it."""

    number: str
    """In `docs`: what the trap is called."""
    formula: str
    at: Mapping[str, Any]
    outcome: Literal["right", "said"]
    gradient: Mapping[str, Any] | None = None
    """What is known of it; None: it need not be a number."""
    hessian: Any = None
    place: str = ""
    """The part of the formula that the warning points at."""


def right(number: str, formula: str, at: Mapping[str, Any], hessian: Any = None, **gradient: Any) -> Trap:
    """A trap with an answer, which must be found, and without a warning."""
    return Trap(number, formula, at, "right", gradient, hessian)


def said(number: str, formula: str, place: str, at: Mapping[str, Any], **gradient: Any) -> Trap:
    """A trap at which the derivative does not exist, or there is no value: it must be said, at its place."""
    return Trap(number, formula, at, "said", gradient or None, None, place)


I2, I3 = np.eye(2), np.eye(3)
SWAPPED = [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]]

TRAPS = [
    # branches over entries
    right("1", "sum(where(x > 0, sqrt(x), 0))", {"x": [-1, 4]}, np.diag([0, -1 / 32]), x=[0, 0.25]),
    right("1 log", "sum(where(x > 0, log(x), 0))", {"x": [-1, 0.5]}, np.diag([0, -4]), x=[0, 2]),
    right("5", "sum(where(x < 1, exp(x), x))", {"x": [1000, 0]}, np.diag([0, 1]), x=[1, 1]),
    right("7", "sum(where(x > 0, log(x), x))", {"x": [-1, 2]}, x=[1, 0.5]),
    right("1 logdet", "where(a > 0, logdet(S), 2*a)", {"a": -1, "S": [[1, 1], [1, 1]]}, a=2, S=[[0, 0], [0, 0]]),
    right("1 inverse", "where(a > 0, sum(inv(S)), 2*a)", {"a": -1, "S": [[1, 1], [1, 1]]}, a=2, S=[[0, 0], [0, 0]]),
    right("1 norm", "where(a > 0, norm(x), 2*a)", {"a": -1, "x": [0, 0]}, a=2, x=[0, 0]),
    right("1 largest", "where(a > 0, max(x), 2*a)", {"a": -1, "x": [1, 1]}, a=2, x=[0, 0]),
    said("2", "sum(where(x > 0, sqrt(x), 0))", "x > 0", {"x": [0, 4]}),
    # kinks and ties
    said("11", "sum(abs(x))", "abs(x)", {"x": [0, 2]}, x=[0, 1]),
    right("11 square", "sum(abs(x)^2)", {"x": [0, 2]}, 2 * I2, x=[0, 4]),
    right("19", "sum(abs(x)^3)", {"x": [0, 2]}, np.diag([0, 12]), x=[0, 12]),
    said("14", "sum(max(x, 0))", "max(x, 0)", {"x": [0, 2]}, x=[0.5, 1]),
    said("14 relu", "sum(relu(x))", "relu(x)", {"x": [0, 2]}),
    said("16", "max(x)", "max(x)", {"x": [2, 1, 2]}, x=[0.5, 0, 0.5]),
    said("16 min", "min(x)^2", "min(x)", {"x": [2, 2, 2, 2]}, x=[1, 1, 1, 1]),
    said("16 axis", "sum(max(A, axis=0))", "max(A, axis=0)", {"A": [[1, 2], [1, 3]]}, A=[[0.5, 0], [0.5, 1]]),
    right("16 none", "sum(max(A, axis=0))", {"A": [[1, 2], [0, 3]]}, A=[[1, 0], [0, 1]]),
    said("16 norminf", "norminf(x)", "norminf(x)", {"x": [2, -2]}, x=[0.5, -0.5]),
    said("20", "sum(floor(x))", "floor(x)", {"x": [2, 2.5]}, x=[0, 0]),
    said("20 sign", "sum(sign(x)*x)", "sign(x)", {"x": [0, 1]}, x=[0, 1]),
    # norms at 0
    said("23", "norm(x)", "norm(x)", {"x": [0, 0]}, x=[0, 0]),
    said("23 matrix", "1 + norm(A)", "norm(A)", {"A": [[0, 0], [0, 0]]}, A=[[0, 0], [0, 0]]),
    said("23 rows", "sum(norm(A, axis=1))", "norm(A, axis=1)", {"A": [[0, 0], [3, 4]]}, A=[[0, 0], [0.6, 0.8]]),
    said("23 difference", "norm(x - y)", "norm(x - y)", {"x": [1, 2], "y": [1, 2]}, x=[0, 0], y=[0, 0]),
    said("23 sqrt", "sqrt(sum(x^2))", "sqrt(sum(x^2))", {"x": [0, 0]}),
    right("23 square", "norm(x)^2", {"x": [0, 0]}, 2 * I2, x=[0, 0]),
    right("23 fourth", "norm(x)^4", {"x": [0, 0]}, 0 * I2, x=[0, 0]),
    right("23 square of a matrix", "norm(A)^2/2", {"A": [[0, 0], [0, 0]]}, np.eye(4), A=[[0, 0], [0, 0]]),
    right("23 square by name", "r = norm(x); r^2", {"x": [0, 0]}, 2 * I2, x=[0, 0]),
    right("23 huge", "norm(x)", {"x": [3e200, 4e200]}, x=[0.6, 0.8]),
    right("23 tiny", "norm(x)", {"x": [3e-200, 4e-200]}, x=[0.6, 0.8]),
    # statistics of constant data
    said("25", "std(x)", "std(x)", {"x": [3, 3, 3]}, x=[0, 0, 0]),
    said("25 axis", "sum(std(A, axis=0))", "std(A, axis=0)", {"A": [[1, 2], [1, 4]]}, A=[[0, -0.5], [0, 0.5]]),
    right("25 var", "var(x)", {"x": [3, 3, 3]}, 2 / 3 * (I3 - 1 / 3), x=[0, 0, 0]),
    # repeated eigenvalues
    said("26", "eigvalsh(A)[0]", "eigvalsh(A)", {"A": I2}),
    said("26 largest", "max(eigvalsh(A))", "eigvalsh(A)", {"A": np.diag([1.0, 5.0, 5.0])}),
    right("26 apart", "eigvalsh(A)[0]", {"A": np.diag([1.0, 5.0])}, A=[[1, 0], [0, 0]]),
    # powers, logarithms and poles
    right("28", "sum(x^y)", {"x": [0, 3], "y": [2, 2]}, x=[0, 6], y=[0, 9 * math.log(3)]),
    said("29", "sum(sqrt(x))", "sqrt(x)", {"x": [0, 4]}, x=[inf, 0.25]),
    right("32", "sum(x^2)", {"x": [-3, 0]}, 2 * I2, x=[-6, 0]),
    said("32 by both", "sum(x^y)", "x^y", {"x": [-3, 2], "y": [2, 2]}),
    said("40", "sum(log(x))", "log(x)", {"x": [1, -1, 2]}),
    said("43", "sum(1/x)", "1/x", {"x": [1, 0]}),
    said("44", "sum(x/x)", "x/x", {"x": [1, 0]}),
    # overflow and cancellation
    right("49", "logsumexp(x)", {"x": [1000, 1001]}, x=[0.26894142136999512075, 0.73105857863000487925]),
    right("50", "logsumexp(x)", {"x": [-1000, -1001]}, x=[0.73105857863000487925, 0.26894142136999512075]),
    right("49 softmax", "softmax(x)[0]", {"x": [1000, 1000]}, x=[0.25, -0.25]),
    right("49 log_softmax", "log_softmax(x)[1]", {"x": [1000, 0]}, x=[-1, 1]),
    right("49 minus infinity", "logsumexp(x)", {"x": [-inf, 3, 3]}, x=[0, 0.5, 0.5]),
    right("52", "sum(sigmoid(x))", {"x": [-1000, 1000]}, x=[0, 0]),
    right("53", "sum(log(sigmoid(x)))", {"x": [-50, 0]}, x=[1, 0.5]),
    right("53 loss", "sigmoid_cross_entropy(x, y)", {"x": [-1000, 1000], "y": [1, 0]}, x=[-0.5, 0.5]),
    right("53 cross entropy", "cross_entropy(x, 0)", {"x": [-1000, 1000]}, x=[-1, 1]),
    right("56", "sum(tanh(x))", {"x": [20, 0]}, x=[1.6993417021166355837e-17, 1]),
    said("73", "logsumexp(x)", "x", {"x": [-inf, -inf]}),
    said("73 softmax", "softmax(x)[0]", "softmax(x)", {"x": [-inf, -inf]}),
    # matrices
    right("85", "trace(x'*w) + b", {"x": [[1, 2]], "w": [[3, 4]], "b": 5}, x=[[3, 4]], w=[[1, 2]], b=1),
    right("86", "(norm(A - U*V)^2 + norm(U)^2)/2", {"A": [[3, 1]], "U": [[1]], "V": [[2, 5]]}, U=[[1 - 2 + 20]], A=[[1, -4]], V=[[-1, 4]]),
    right("91", "prod(x)", {"x": [0, 2, 3]}, [[0, 3, 2], [3, 0, 0], [2, 0, 0]], x=[6, 0, 0]),
    right("91 twice", "prod(x)", {"x": [0, 2, 0]}, [[0, 0, 2], [0, 0, 0], [2, 0, 0]], x=[0, 0, 0]),
    right("91 all", "prod(x)", {"x": [0, 0, 0]}, 0 * I3, x=[0, 0, 0]),
    right("91 axis", "sum(prod(A, axis=1))", {"A": [[0, 2], [3, 0]]}, A=[[2, 0], [0, 3]]),
    right("92", "det(A)", {"A": [[1, 2], [2, 4]]}, SWAPPED, A=[[4, -2], [-2, 1]]),
    right("92 of nothing", "det(A)", {"A": [[0, 0], [0, 0]]}, SWAPPED, A=[[0, 0], [0, 0]]),
    right("92 of rank 1", "det(A)", {"A": np.ones((3, 3))}, A=np.zeros((3, 3))),
    right("92 of rank 2", "det(A)", {"A": [[1, 0, 0], [0, 1, 0], [0, 0, 0]]}, A=[[0, 0, 0], [0, 0, 0], [0, 0, 1]]),
    right("92 of one entry", "det(A)", {"A": [[0]]}, [[0]], A=[[1]]),
    said("inverse", "sum(inv(A))", "inv(A)", {"A": [[1, 2], [2, 4]]}),
    said("solve", "sum(solve(A, x))", "solve(A, x)", {"A": [[1, 2], [2, 4]], "x": [1, 2]}),
    said("logdet", "logdet(A)", "logdet(A)", {"A": [[1, 2], [2, 4]]}),
    said("log det", "log(det(A))", "log(det(A))", {"A": [[0, 1], [1, 0]]}),
    said("cholesky", "sum(cholesky(A))", "cholesky(A)", {"A": [[1, 2], [2, 1]]}),
    # labels and places
    said("labels", "cross_entropy(x, l)", "cross_entropy(x, l)", {"x": [[1, 2]], "l": [2]}),
    said("negative label", "cross_entropy(x, l)", "cross_entropy(x, l)", {"x": [[1, 2]], "l": [-1]}),
    said("half a label", "cross_entropy(x, l)", "cross_entropy(x, l)", {"x": [[1, 2]], "l": [0.5]}),
    said("one hot", "sum(x*one_hot(l, 2))", "one_hot(l, 2)", {"x": [[1, 2]], "l": [2]}),
]  # fmt: skip


def near(found: Any, wanted: Any) -> bool:
    """Equal up to rounding, measured by the largest entry; smaller than the range of doubles counts as 0."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape or not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
        return False
    finite = np.isfinite(wanted)
    scale = np.abs(wanted[finite]).max(initial=0.0) or 1.0
    return np.array_equal(found[~finite], wanted[~finite]) and bool(
        np.all(np.abs(found[finite] - wanted[finite]) <= 2e-15 * scale)
    )


def by_number(trap: Trap) -> str:
    """What a trap is called."""
    return trap.number


def asked(trap: Trap, backend: str, kind: str = "gradient") -> Any:
    """What a backend says to a trap: figures with warnings, or a problem."""
    function = adcalc.parse(trap.formula, bound=trap.at)
    wrt = list(trap.gradient) if trap.gradient else [name for name in trap.at if name != "l"]
    try:
        return getattr(function, kind)(trap.at, wrt, backend)
    except (DomainProblem, ShapeProblem) as problem:
        return problem


def places(trap: Trap, found: Any) -> list[str]:
    """The parts of a formula that are spoken of."""
    spans = [found.span] if isinstance(found, Problem) else [warning.span for warning in found.warnings]
    return [trap.formula[slice(*span)] for span in spans if span is not None]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("trap", TRAPS, ids=by_number)
def test_trap(trap: Trap, backend: str) -> None:
    """Every trap has its outcome with every exact backend."""
    found = asked(trap, backend)
    if trap.outcome == "right":
        assert not isinstance(found, Problem), found
        assert [w for w in found.warnings if w.kind != "notation"] == []
    else:
        assert trap.place in places(trap, found), found
    if trap.gradient:
        assert not isinstance(found, Problem), found
        for name, wanted in trap.gradient.items():
            assert near(found.partials[name], wanted), (name, found.partials[name])


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("trap", [trap for trap in TRAPS if trap.hessian is not None], ids=by_number)
def test_second_derivatives_in_a_trap(trap: Trap, backend: str) -> None:
    """Where second derivatives are known they are found, and without a warning."""
    found = asked(trap, backend, "hessian")
    assert not isinstance(found, Problem), found
    assert near(found.matrix, trap.hessian)
    assert [w for w in found.warnings if w.kind != "notation"] == []


@pytest.mark.parametrize(
    ("formula", "at", "words"),
    [
        ("sum(log(x))", {"x": [1, -1, 2]}, ["`log(x)`", "x > 0", "`x[1] = -1`", "entry [1]"]),
        ("sum(log(A))", {"A": [[1, 2], [3, 0]]}, ["`log(A)`", "`A[1, 1] = 0`", "entry [1, 1]"]),
        ("sum(sqrt(x - 2))", {"x": [5, 1]}, ["`sqrt(x - 2)`", "entry [1]", "-1"]),
        ("sum(acos(A@x))", {"A": [[1, 0], [0, 2]], "x": [1, 1]}, ["`acos(A@x)`", "entry [1]", "2"]),
        ("sum(1/x)", {"x": [1, 0]}, ["`1/x`", "entry [1]"]),
        ("sum(x^0.5)", {"x": [1, -4]}, ["entry [1]", "-4"]),
        ("inv(A)", {"A": [[1, 2], [2, 4]]}, ["`inv(A)`", "inverse"]),
        ("solve(A, x)", {"A": [[0, 0], [0, 0]], "x": [1, 2]}, ["`solve(A, x)`", "inverse"]),
        ("cholesky(A)", {"A": [[1, 2], [2, 1]]}, ["`cholesky(A)`", "positive definite"]),
        (
            "cross_entropy(x, l)",
            {"x": [[1, 2], [3, 4]], "l": [0, 2]},
            ["whole numbers from 0 below 2", "here one is 2"],
        ),
    ],
)
def test_an_entry_outside_the_domain_is_named(formula: str, at: Mapping[str, Any], words: list[str]) -> None:
    """The refusal says which entry it was, what it is, and what is needed, for values as for derivatives."""
    with pytest.raises(DomainProblem) as caught:
        adcalc.value(formula, at)
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.exit_code == 1


def test_entries_of_other_branches_are_nobodys_business() -> None:
    """A mask keeps an entry outside a domain from being refused; without the mask it is."""
    point = {"x": [-1.0, 2.0]}
    assert adcalc.value("sum(where(x > 0, log(x), 0))", point) == pytest.approx(math.log(2))
    with pytest.raises(DomainProblem):
        adcalc.value("sum(where(x > -2, log(x), 0))", point)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("formula", ["argmax(x)", "argmin(x)*2", "sum(x*argmax(x))"])
def test_the_place_of_the_largest_has_no_derivative(formula: str, backend: str) -> None:
    """`argmax` is not differentiable, and that is said at its place; no zeros are made up in silence."""
    try:
        found = adcalc.gradient(formula, {"x": [1, 3, 2]}, backend=backend)
    except NoDerivative as problem:
        assert "argm" in str(problem)
        assert problem.span is not None
        return
    assert any("argm" in warning.message for warning in found.warnings)


@pytest.mark.parametrize("backend", EXACT)
def test_a_place_that_does_not_depend_is_no_obstacle(backend: str) -> None:
    """By another variable there is a derivative."""
    assert adcalc.gradient("a*argmax(x)", {"a": 2, "x": [1, 3, 2]}, ["a"], backend).partials == {"a": 1.0}


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(
    ("formula", "variable"), [("x[l]", "l"), ("cross_entropy(x, l)", "l"), ("sum(one_hot(l, 3)*x)", "l")]
)
def test_labels_have_no_derivative(formula: str, variable: str, backend: str) -> None:
    """By a label or a place there is no derivative, and that is said."""
    with pytest.raises(Problem) as caught:
        adcalc.gradient(formula, {"x": [1, 3, 2], "l": 1}, [variable], backend)
    assert "derivative" in caught.value.message


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_kink_in_many_entries_is_one_warning(count: int) -> None:
    """What happens in many entries of one operation is said once, with the first entry and how many more."""
    found = adcalc.gradient("sum(abs(x))", {"x": np.zeros(count)})
    (warning,) = found.warnings
    assert warning.kind == "kink"
    assert warning.span == (4, 10)
    assert "[0]" in warning.message
    assert ("more" in warning.message) == (count > 1)
    assert count == 1 or f"{count - 1} more" in warning.message


@pytest.mark.parametrize("at", [[-inf, -inf], [inf, 1]])
def test_infinities_are_not_passed_over(at: list[float]) -> None:
    """A softmax of infinities has no value: there is a problem or a warning, and never silence."""
    for formula in ("softmax(x)", "log_softmax(x)"):
        try:
            found = adcalc.parse(formula).evaluate({"x": at})
        except DomainProblem:
            continue
        assert found.warnings != (), (formula, found)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(
    ("formula", "at", "value", "slope"),
    [
        ("sum((1 - cos(x))/x^2)", {"x": [1e-8]}, 0.5, [-1e-8 / 12]),
        ("sum(log(1 + x))", {"x": [1e-20]}, 1e-20, [1]),
        ("(1e16 + x[0]) - 1e16", {"x": [1]}, 1, [1]),
        ("sum(x)", {"x": [1e16, 1, -1e16]}, 1, [1, 1, 1]),
        ("mean(x)", {"x": [1e16, 1, -1e16]}, 1 / 3, [1 / 3] * 3),
        ("x@y", {"x": [1e16, 1, -1e16], "y": [1, 1, 1]}, 1, [1, 1, 1]),
        ("det([[x[0], 1], [1e16 + 2, x[0]]])", {"x": [1e8]}, -2, [2e8]),
        ("sqrt(x[0]^2 + 1) - x[0]", {"x": [1e8]}, 5e-9, [-5e-17]),
        ("logsumexp(x)", {"x": [-40, 0]}, 4.248354255291589e-18, [4.248354255291589e-18, 1]),
        ("1 - softmax(x)[1]", {"x": [-40, 0]}, 4.248354255291589e-18, [4.248354255291589e-18, -4.248354255291589e-18]),
        ("sqrt(sum(x^2))", {"x": [1e200, 1e200]}, 2**0.5 * 1e200, [0.5**0.5] * 2),
        ("sum(x^2/x)", {"x": [1e-162]}, 1e-162, [1]),
    ],
)
def test_digits_that_doubles_would_lose_are_kept(
    formula: str, at: Mapping[str, Any], value: float, slope: list[float], backend: str
) -> None:
    """Where rounding decides, more digits are taken: sums, products, determinants, numbers below the smallest double."""
    found = adcalc.gradient(formula, at, ["x"], backend)
    assert found.value == pytest.approx(value, rel=1e-14, abs=0)
    assert np.ravel(found.partials["x"]).tolist() == pytest.approx(slope, rel=1e-14, abs=0)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("norm(A@x - b)^2", {"A": [[0.1, 0.2], [0.3, 0.4]], "x": [1, 1], "b": [0.3, 0.7]}),
        ("sum(softmax(x)^2)", {"x": [0.1, 0.2, 0.3]}),
        ("sum(x - mean(x)) + 1", {"x": [0.1, 0.2, 0.4]}),
        ("logsumexp(x) + sum(x[i]^2 for i in 0..2)", {"x": [0.1, 0.2, 0.4]}),
    ],
)
def test_digits_that_are_there_are_not_doubted(formula: str, at: Mapping[str, Any]) -> None:
    """Roundings at the size of roundings are nothing to speak of."""
    assert adcalc.gradient(formula, at).warnings == ()


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("C = mean(A, axis=0, keepdims=1); sum(C[i,j]*w[i] for i in 0..0 for j in 0..2)", 45),
        ("[[broadcast(w, [1, 3])[i,j]*w[i] for j in 0..2] for i in 0..0]", [[25, 25, 25]]),
        ("C = mean(A, axis=0, keepdims=1); C'", [[2], [3], [4]]),
        ("concat([A])", [[1, 2, 3], [3, 4, 5]]),
        ("concat(A)", [1, 2, 3, 3, 4, 5]),
        ("stack([w])", [[5]]),
        ("stack([w], axis=1)", [[5]]),
    ],
)
def test_an_axis_of_one_is_an_axis(formula: str, wanted: Any) -> None:
    """A row that a mean has kept is no book's row, and a list of one array is a list."""
    found = adcalc.parse(formula).value({"A": [[1, 2, 3], [3, 4, 5]], "w": [5]})
    assert np.array_equal(found, wanted)
    assert np.shape(found) == np.shape(wanted)


def test_entries_that_always_tie_share_in_the_printed_derivative() -> None:
    """On the diagonal of max(A, A.T) both are the largest, for every A."""
    derivative = adcalc.parse("sum(max(A, A.T))").diff("A", shapes={"A": (2, 2)})
    printed = adcalc.parse(str(derivative))
    assert np.array_equal(printed.value(A=[[1, 2], [3, 4]]), [[1, 0], [2, 1]])


_LOST: dict[str, float] = {"x": 1e-8}


def test_products_have_all_digits() -> None:
    """Along directions as by gradient and Jacobian."""
    f = adcalc.parse("(1 - cos(x))/x^2")
    slope, curvature = pytest.approx(-1e-8 / 12, rel=1e-14), pytest.approx(-1 / 12, rel=1e-14)

    assert f.jvp(_LOST, {"x": 1}).tangent == slope
    assert f.vjp(_LOST, 1).cotangents["x"] == slope
    assert f.hvp(_LOST, {"x": 1}).partials["x"] == slope
    assert f.hvp(_LOST, {"x": 1}).products["x"] == curvature


def test_the_jacobian_of_numbers_has_all_digits() -> None:
    found = adcalc.parse("(1 - cos(x))/x^2").jacobian(_LOST)
    assert math.isclose(found.value, 0.5)
    assert math.isclose(found.blocks["x"], -8.333333333333333e-10, rel_tol=1e-14)


def test_an_infinite_slope_along_a_direction_is_said() -> None:
    f = adcalc.parse("sqrt(x)")
    for found in (f.jvp({"x": 0}, {"x": 1}), f.vjp({"x": 0}, 1)):
        assert any("infinite" in caution.message for caution in found.warnings)


def test_a_hessian_product_by_one_variable_along_another() -> None:
    found = adcalc.parse("x^2*y^3").hvp({"x": 1, "y": 2}, {"x": 1}, wrt=["y"])
    assert dict(found.partials) == {"y": 12.0}
    assert dict(found.products) == {"y": 24.0}


def test_a_hessian_whose_rows_add_up_to_nothing_is_not_doubted() -> None:
    assert adcalc.hessian("logsumexp(x)", {"x": [0, 0, 0]}).warnings == ()
