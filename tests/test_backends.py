"""Backends: complex steps, a backend that brings only a gradient, and the comparison of all."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

import adcalc
from adcalc.autodiff.derive import Derivation, Derivative, Method
from adcalc.backends import BACKENDS, Backend, backend_named
from adcalc.backends.numeric import METHODS, Numeric
from adcalc.comparison import compare
from adcalc.errors import InputProblem, MethodProblem
from adcalc.results import Hessian

COMPLEX_STEPS = [
    ("x^3", 2, 12), ("2^x", 3, 8 * math.log(2)), ("x^2.5", 4, 20), ("exp(x)*sin(x)", 1, math.e * (math.sin(1) + math.cos(1))),
    ("log(x)/x", 2, (1 - math.log(2)) / 4), ("log2(x)", 2, 1 / (2 * math.log(2))), ("log10(x)", 2, 1 / (2 * math.log(10))),
    ("log1p(x)", 1, 0.5), ("expm1(x)", 0, 1), ("exp2(x)", 0, math.log(2)), ("sqrt(x)", 4, 0.25), ("tan(x)", 0, 1), ("atan(x)", 1, 0.5),
    ("asin(x)", 0.5, 2 / math.sqrt(3)), ("sinh(x) + cosh(x)", 0, 1), ("tanh(x)", 0, 1), ("asinh(x)", 0, 1), ("acosh(x)", 2, 1 / math.sqrt(3)),
    ("atanh(x)", 0.5, 4 / 3), ("sec(x)", 1, math.tan(1) / math.cos(1)), ("sech(x)", 0, 0), ("cot(x)", 1, -1 / math.sin(1) ** 2),
    ("pi*x + e", 1, math.pi), ("-x", 3, -1), ("x/(x - 1)", 3, -0.25), ("erf(x)", 0, 2 / math.sqrt(math.pi)), ("gamma(x)", 1, -0.5772156649015329),
    ("sigmoid(x)", 0, 0.25), ("sigmoid(x)", -2, math.exp(2) / (1 + math.exp(2)) ** 2), ("normal_pdf(x)", 0, 0), ("silu(x)", 0, 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "x", "slope"), COMPLEX_STEPS)
def test_a_complex_step_is_exact_to_rounding(formula: str, x: float, slope: float) -> None:
    """The imaginary part carries the slope without cancellation."""
    found = adcalc.parse(formula).gradient({"x": x}, backend=Numeric(method="complex"))

    assert found.partials["x"] == pytest.approx(slope, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(
    "formula",
    ["abs(x)", "max(x, 0)", "floor(x)", "x if x > 0 else 0", "where(x < 1, x, 1)", "asec(x)", "lgamma(x)", "relu(x)"],
)
def test_a_complex_step_refuses_what_is_not_analytic(formula: str) -> None:
    """A complex step through a kink would be silently wrong; it is refused at its place."""
    with pytest.raises(MethodProblem) as caught:
        adcalc.parse(formula).gradient({"x": 2}, backend=Numeric(method="complex"))

    assert caught.value.span is not None
    assert "richardson" in caught.value.hint


def test_second_derivatives_from_complex_steps() -> None:
    """Differences of complex slopes."""
    found = adcalc.parse("x^2*y^3").hessian({"x": 2, "y": 3}, backend=Numeric(method="complex"))

    assert list(found.matrix[0]) == pytest.approx([54, 108], rel=1e-9)
    assert list(found.matrix[1]) == pytest.approx([108, 72], rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_an_error_estimate(method: str) -> None:
    """The true error is below the estimate."""
    found = adcalc.parse("exp(x)").gradient({"x": 1}, backend=Numeric(method=method))  # type: ignore[arg-type]

    assert found.error_estimate is not None
    assert abs(found.partials["x"] - math.e) <= found.error_estimate["x"] < 1e-2


def test_options_that_make_no_sense_are_refused() -> None:
    """An unknown method, a step that is not positive, an unknown backend."""
    for make in (lambda: Numeric(method="magic"), lambda: Numeric(step=-1.0), lambda: backend_named("magic")):  # type: ignore[arg-type]
        with pytest.raises(InputProblem):
            make()


@dataclass(frozen=True)
class Alternating(Backend):
    """A backend from outside, with nothing but the one method: reverse mode for one variable, else forward mode."""

    name: ClassVar[str] = "alternating"
    doc: ClassVar[str] = "for this test"

    def derive(self, work: Derivation) -> Derivative:
        return work.partials() if len(work.wrt) == 1 else work.slopes() if work.numbers else work.pushforward()


def test_a_backend_needs_one_method() -> None:
    """Gradients, Hessians, Jacobians, products and rows of numbers and arrays follow from it."""
    mine = Alternating()
    f, v = adcalc.parse("x^2*y"), adcalc.parse("sum(x^2*y)")
    arrays = {"x": [1.0, 2.0], "y": [3.0, 4.0]}

    assert f.gradient({"x": 2, "y": 3}, backend=mine).partials == {"x": 12.0, "y": 4.0}
    assert f.hessian({"x": 2, "y": 3}, backend=mine).matrix == [[6.0, 4.0], [4.0, 0.0]]
    assert f.jvp({"x": 2, "y": 3}, {"x": 1, "y": 2}, backend=mine).tangent == 20.0
    assert f.vjp({"x": 2, "y": 3}, 2, backend=mine).cotangents == {"x": 24.0, "y": 8.0}
    assert f.hvp({"x": 2, "y": 3}, {"x": 1, "y": 1}, backend=mine).products == {"x": 10.0, "y": 4.0}
    assert f.batch({"x": [2, 1], "y": [3, 5]}, hessian=True, backend=mine).hessian["x", "y"].tolist() == [4.0, 2.0]  # type: ignore[index]
    assert np.ravel(v.gradient(arrays, backend=mine).partials["x"]).tolist() == [6.0, 16.0]
    assert [list(row) for row in v.hessian(arrays, ["x"], backend=mine).matrix] == [[6.0, 0.0], [0.0, 8.0]]


def test_the_comparison_counts_and_times_every_backend() -> None:
    """Operations and evaluations are counted, and the exact backends agree."""
    answers = compare(adcalc.parse("exp(-(x - m)^2/(2*s^2))"), {"x": 1, "m": 0.2, "s": 1.5})

    assert [answer.backend for answer in answers] == list(BACKENDS)
    assert all((answer.operations or 0) > 0 and answer.seconds > 0 for answer in answers)
    assert max(answer.ulps for answer in answers[:3]) <= 4
    assert answers[3].evaluations > answers[0].evaluations


def test_the_comparison_says_who_has_no_answer() -> None:
    """A backend that fails is named with its reason; the others answer."""
    answers = compare(adcalc.parse("x + 0*x"), {"x": 1})

    assert all(answer.gradient is not None for answer in answers)


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        ([[2, 0], [0, 3]], "positive definite"), ([[-2, 0], [0, -3]], "negative definite"), ([[1, 2], [2, 1]], "indefinite"),
        ([[1, 1], [1, 1]], "positive semidefinite"), ([[-1, 1], [1, -1]], "negative semidefinite"), ([[0, 0], [0, 0]], "zero"),
        ([[math.nan]], "undefined"), ([], "empty"),
    ],
)  # fmt: skip
def test_definiteness_in_words(matrix: list[list[float]], word: str) -> None:
    """What the eigenvalues say, zeros up to rounding counted as zeros."""
    assert Hessian(0.0, {}, ("x", "y")[: len(matrix)], matrix).definiteness == word


@dataclass(frozen=True)
class Either(Backend):
    """A backend that gives one kind of derivative, whatever it is asked of."""

    kind: Literal["partials", "pullback", "pushforward"] = "partials"

    name: ClassVar[str] = "either"
    doc: ClassVar[str] = "for this test"

    def derive(self, work: Derivation) -> Derivative:
        made: Derivative = getattr(work, self.kind)()
        return made


@pytest.mark.parametrize("kind", ["partials", "pullback", "pushforward"])
def test_any_kind_of_derivative_answers_every_question(kind: Any) -> None:
    """Numbers, arrays and rows."""
    mine = Either(kind)
    f, v = adcalc.parse("x^2*y"), adcalc.parse("sum(x^2*y)")
    arrays = {"x": [1.0, 2.0], "y": [3.0, 4.0]}

    assert f.gradient({"x": 2, "y": 3}, backend=mine).partials == {"x": 12.0, "y": 4.0}
    assert f.hessian({"x": 2, "y": 3}, backend=mine).matrix == [[6.0, 4.0], [4.0, 0.0]]
    assert f.batch({"x": [2.0], "y": [3.0]}, hessian=True, backend=mine).hessian["x", "x"].tolist() == [6.0]  # type: ignore[index]
    assert np.ravel(v.gradient(arrays, backend=mine).partials["x"]).tolist() == [6.0, 16.0]
    assert np.asarray(v.hessian(arrays, ["x"], backend=mine).matrix).tolist() == [[6.0, 0.0], [0.0, 8.0]]


@pytest.mark.parametrize(("method", "step"), [("forward", 1e-4), ("central", 0.5)])
def test_a_step_that_is_given_is_taken_for_second_derivatives_too(method: Method, step: float) -> None:
    """Quotients of quotients, worked out here by hand; the error that is said covers the one that is made."""

    def f(x: float, y: float) -> float:
        return x * x * y + y + 2

    def quotient(g: Callable[[float], float], x: float) -> float:
        return (g(x + step) - g(x)) / step if method == "forward" else (g(x + step) - g(x - step)) / (2 * step)

    found = adcalc.parse("x*x*y + y + 2").hessian({"x": 3, "y": 4}, backend=Numeric(method, step))
    xx = quotient(lambda a: quotient(lambda b: f(b, 4.0), a), 3.0)
    xy = quotient(lambda a: quotient(lambda b: f(b, a), 3.0), 4.0)
    yy = quotient(lambda a: quotient(lambda b: f(3.0, b), a), 4.0)
    assert found.matrix == [[xx, xy], [xy, yy]]
    assert found.matrix_error is not None
    for at, said, true in (
        (xx, found.matrix_error[0][0], 8.0),
        (xy, found.matrix_error[0][1], 6.0),
        (yy, found.matrix_error[1][1], 0.0),
    ):
        assert abs(at - true) <= said


def test_a_complex_step_that_is_given_is_taken() -> None:
    """Im exp(2 + 0.2i) / 0.1, far from the slope, and said to be."""
    found = adcalc.parse("exp(2*x)").gradient({"x": 1}, backend=Numeric("complex", 0.1))
    assert found.partials["x"] == pytest.approx(math.exp(2) * math.sin(0.2) / 0.1, rel=1e-14)
    assert found.error_estimate is not None
    assert found.error_estimate["x"] >= 2 * math.exp(2) - found.partials["x"] > 0.09
