"""Known answers over arrays: what a pencil or a paper says, every backend says too.

Each scenario is a formula of vectors and matrices at a point, with its value, its gradient and its Hessian in
closed form.  Further down: Jacobians and their products, sums over an index, masks, repetition to fit, and
formulas that are taken entry by entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pytest

import adcalc
from adcalc.backends import BACKENDS
from adcalc.errors import InputProblem

Array: TypeAlias = Any

EXACT = ("reverse", "dual", "symbolic")


@dataclass(frozen=True)
class Scenario:
    """A formula over arrays at a point and what is known about it there."""

    name: str
    formula: str
    at: Mapping[str, Any]
    value: float
    gradient: Mapping[str, Any]
    hessian: Any = None
    """By all variables of the gradient together, entry by entry."""
    smooth: bool = True
    """Difference quotients can be taken there."""
    tolerance: float = 1e-14


WEIGHTS = [[0.4792, 0.8692, 0.3657], [0.2091, 0.2768, 0.3109], [0.7517, 0.5404, 0.0791], [0.6101, 0.5677, 0.1531]]
LAYER: dict[str, Any] = {"x": [[1, 2, 3, 4]], "w": WEIGHTS, "b": [1, 1, 1], "t": [[1, 2, 3]]}

#: x@w + b - t of the layer, by hand, over three: twice a third of it is the adjoint of x@w + b.
MISS = [0.4792 + 0.4182 + 2.2551 + 2.4404, 0.8692 + 0.5536 + 1.6212 + 2.2708 - 1, 0.3657 + 0.6218 + 0.2373 + 0.6124 - 2]
BACK = [2 * miss / 3 for miss in MISS]
HILBERT = [[1, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]]

SCENARIOS = [
    Scenario(
        "a layer", "mean((x@w + b - t)^2)", LAYER, sum(miss**2 for miss in MISS) / 3,
        {"b": BACK, "x": [[sum(row[j] * BACK[j] for j in range(3)) for row in WEIGHTS]],
         "w": [[(i + 1) * BACK[j] for j in range(3)] for i in range(4)]},
    ),
    Scenario("entries", "x[0]^2*(x[0] + x[1])", {"x": [2, 3]}, 20, {"x": [24, 4]}, [[18, 4], [4, 0]]),
    Scenario("squares", "x@x", {"x": [1, 2, 3]}, 14, {"x": [2, 4, 6]}, 2 * np.eye(3)),
    Scenario("squared length", "norm(x)^2", {"x": [3, 4]}, 25, {"x": [6, 8]}, 2 * np.eye(2)),
    Scenario("length", "norm(x)", {"x": [3, 4]}, 5, {"x": [0.6, 0.8]}, [[0.128, -0.096], [-0.096, 0.072]]),
    Scenario(
        "quadratic form", "x'*A*x", {"x": [1, 2], "A": [[1, 2], [3, 4]]}, 27, {"x": [12, 21], "A": [[1, 2], [2, 4]]},
        # rows x[0], x[1], A[0,0], A[0,1], A[1,0], A[1,1]
        [[2, 5, 2, 2, 2, 0], [5, 8, 0, 1, 1, 4], [2, 0, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0]],
    ),
    Scenario("trace", "trace(A@A)", {"A": [[1, 2], [3, 4]]}, 29, {"A": [[2, 6], [4, 8]]}),
    Scenario(
        "determinant", "det(A)", {"A": [[1, 2], [3, 4]]}, -2, {"A": [[4, -3], [-2, 1]]},
        [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]],
    ),
    Scenario("singular", "det(A)", {"A": [[1, 2], [2, 4]]}, 0, {"A": [[4, -2], [-2, 1]]}, [[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]]),
    Scenario("logarithm of a determinant", "log(det(A))", {"A": [[2, 1], [1, 2]]}, math.log(3), {"A": [[2 / 3, -1 / 3], [-1 / 3, 2 / 3]]}),
    Scenario("inverse", "sum(inv(A))", {"A": [[2, 0], [0, 4]]}, 0.75, {"A": [[-0.25, -0.125], [-0.125, -0.0625]]}),
    Scenario("product with a zero", "prod(x)", {"x": [0, 2, 3]}, 0, {"x": [6, 0, 0]}, [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
    Scenario("two zeros", "prod(x)", {"x": [0, 0, 3]}, 0, {"x": [0, 0, 0]}, [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
    Scenario(
        "softmax", "logsumexp(x)", {"x": [0, 0, 0]}, math.log(3), {"x": [1 / 3] * 3},
        [[2 / 9, -1 / 9, -1 / 9], [-1 / 9, 2 / 9, -1 / 9], [-1 / 9, -1 / 9, 2 / 9]],
    ),
    Scenario("far out", "logsumexp(x)", {"x": [1000, 1000]}, 1000 + math.log(2), {"x": [0.5, 0.5]}, [[0.25, -0.25], [-0.25, 0.25]]),
    Scenario("cross entropy", "cross_entropy(x, 0)", {"x": [0, 0, 0, 0]}, math.log(4), {"x": [-0.75, 0.25, 0.25, 0.25]}),
    Scenario("variance", "var(x)", {"x": [1, 2, 6]}, 14 / 3, {"x": [-4 / 3, -2 / 3, 2]}, [[4 / 9, -2 / 9, -2 / 9], [-2 / 9, 4 / 9, -2 / 9], [-2 / 9, -2 / 9, 4 / 9]]),
    Scenario("largest", "max(x)^2", {"x": [1, 3, 2]}, 9, {"x": [0, 6, 0]}, [[0, 0, 0], [0, 2, 0], [0, 0, 0]]),
    Scenario(
        "least squares", "norm(A@x - b)^2", {"A": [[1, 0], [0, 2], [1, 1]], "x": [1, 1], "b": [0, 0, 0]},
        9, {"x": [6, 12]}, [[4, 2], [2, 10]],
    ),
    Scenario("cross product", "cross(x, y)[2]", {"x": [1, 2, 3], "y": [4, 5, 6]}, -3, {"x": [5, -4, 0], "y": [-2, 1, 0]}),
    Scenario("outer", "sum(outer(x, y))", {"x": [1, 2], "y": [3, 4]}, 21, {"x": [7, 7], "y": [3, 3]}, [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]),
    Scenario("Kronecker", "sum(kron(A, B))", {"A": [[1, 2]], "B": [[3], [4]]}, 21, {"A": [[7, 7]], "B": [[3], [3]]}),
    Scenario("Hilbert", "trace(solve(A, B))", {"A": HILBERT, "B": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}, 9 + 192 + 180, {}, tolerance=1e-12),
    # sums over an index
    Scenario("sum", "sum(x[i]^2*i for i in 0..2)", {"x": [5, 1, 2]}, 9, {"x": [0, 2, 8]}, [[0, 0, 0], [0, 2, 0], [0, 0, 4]]),
    Scenario("double sum", "sum(A[i,j]*x[i]*x[j] for i in 0..1 for j in 0..1)", {"x": [1, 2], "A": [[1, 2], [3, 4]]}, 27, {"x": [12, 21]}, [[2, 5], [5, 8]]),
    Scenario("triangle", "sum(x[i]*x[j] for i in 0..2 for j in 0..i)", {"x": [1, 2, 3]}, 25, {"x": [7, 8, 9]}, [[2, 1, 1], [1, 2, 1], [1, 1, 2]]),
    Scenario("triangle within", "sum(sum(x[j] for j in 0..i)^2 for i in 0..2)", {"x": [1, 2, 3]}, 46, {"x": [20, 18, 12]}, [[6, 4, 2], [4, 4, 2], [2, 2, 2]]),
    Scenario("triangle above", "sum(x[i]*x[j] for i in 0..2 for j in i+1..2)", {"x": [1, 2, 3]}, 11, {"x": [5, 4, 3]}, [[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    Scenario("gaps", "sum(x[2*i]*x[2*i+1] for i in 0..1)", {"x": [1, 2, 3, 4]}, 14, {"x": [2, 1, 4, 3]}, [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    Scenario("beside the diagonal", "sum(A[i, i+1]^2 for i in 0..1)", {"A": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}, 40, {"A": [[0, 4, 0], [0, 0, 12], [0, 0, 0]]}),
    Scenario("squares of places", "sum(x[i^2] for i in 0..2)", {"x": [1, 2, 3, 4, 5]}, 8, {"x": [1, 1, 0, 0, 1]}),
    Scenario("counted from the end", "sum(x[-i]*i for i in 1..2)", {"x": [1, 2, 3]}, 7, {"x": [0, 2, 1]}),
    Scenario("product", "prod(x[i] + 1 for i in 0..2)", {"x": [1, 2, 3]}, 24, {"x": [12, 8, 6]}, [[0, 4, 3], [4, 0, 2], [3, 2, 0]]),
    Scenario("powers", "sum(c[k]*a^k for k in 0..3)", {"c": [1, 2, 3, 4], "a": 2}, 49, {"a": 62, "c": [1, 2, 4, 8]}),
    Scenario("no terms", "sum(x[i] for i in 0..-1) + x[0]", {"x": [5, 6]}, 5, {"x": [1, 0]}, [[0, 0], [0, 0]]),
    Scenario("no factors", "prod(x[i] for i in 1..0)*x[1]", {"x": [5, 6]}, 6, {"x": [0, 1]}, [[0, 0], [0, 0]]),
    Scenario("a bound that is given", "sum(x[i] for i in 0..n)", {"x": [5, 6, 7], "n": 1}, 11, {"x": [1, 1, 0]}),
    Scenario("mean of terms", "mean(x[i]^2 for i in 0..1)", {"x": [3, 4]}, 12.5, {"x": [3, 4]}, [[1, 0], [0, 1]]),
    Scenario("largest term", "max(x[i]^2 for i in 0..2)", {"x": [3, -4, 1]}, 16, {"x": [0, -8, 0]}),
    # masks
    Scenario("roots of some", "sum(where(x > 0, sqrt(x), 0))", {"x": [-1, 4, -9, 16]}, 6, {"x": [0, 0.25, 0, 0.125]}, np.diag([0, -1 / 32, 0, -1 / 256])),
    Scenario("logarithms of some", "sum(log(x) if x > 1 else x^2)", {"x": [-2, math.e]}, 5, {"x": [-4, math.exp(-1)]}, np.diag([2, -math.exp(-2)])),
    Scenario("mask in a mask", "sum(where(x > 0, where(x > 1, log(x - 1), sqrt(x)), 0))", {"x": [-1, 0.25, 3]}, 0.5 + math.log(2), {"x": [0, 1, 0.5]}, np.diag([0, -2, -0.25])),
    Scenario("mask of terms", "sum(where(x[i] > 0, log(x[i]), 0) for i in 0..2)", {"x": [-1, 1, 2]}, math.log(2), {"x": [0, 1, 0.5]}, np.diag([0, -1, -0.25])),
    Scenario("mask of everything", "where(a > 0, sum(log(x)), sum(x))", {"a": -1, "x": [-1, -2]}, -3, {"x": [1, 1], "a": 0}, np.zeros((3, 3))),
    Scenario("mask around a norm", "where(a > 0, norm(x), 2a)", {"a": -1, "x": [0, 0]}, -2, {"x": [0, 0], "a": 2}, np.zeros((3, 3)), smooth=False),
    Scenario("hinge", "sum(max(1 - y*x, 0))", {"x": [2, -3, 0.5], "y": [1, 1, -1]}, 5.5, {"x": [0, -1, 1]}, np.zeros((3, 3))),
    # repeated to fit
    Scenario("column by row", "sum((r*c)^2)", {"r": [[1], [2]], "c": [[1, 2, 3]]}, 70, {"r": [[28], [56]], "c": [[10, 20, 30]]}),
    Scenario("row", "sum((A - x)^2)", {"A": [[1, 2], [3, 4]], "x": [1, 1]}, 14, {"A": [[0, 2], [4, 6]], "x": [-4, -8]}),
    Scenario("column", "sum((A - r)^2)", {"A": [[1, 2], [3, 4]], "r": [[1], [1]]}, 14, {"A": [[0, 2], [4, 6]], "r": [[-2], [-10]]}),
    Scenario("vector and column", "sum(x*r)", {"x": [1, 2], "r": [[3], [4]]}, 21, {"x": [7, 7], "r": [[3], [3]]}),
    Scenario("number", "sum(a*x + a)", {"a": 2, "x": [1, 2]}, 10, {"a": 5, "x": [2, 2]}, [[0, 1, 1], [1, 0, 0], [1, 0, 0]]),
    Scenario("one entry", "[x^2]", {"x": 3}, 9, {"x": 6}, [[2]]),
    # programs
    Scenario("program", "y = A@x; s = sum(y^2); s/2", {"A": [[1, 2], [3, 4]], "x": [1, 1]}, 29, {"x": [24, 34]}, [[10, 14], [14, 20]]),
    Scenario("function", "f(v) = v@v; f(x) + f(2x)", {"x": [1, 2]}, 25, {"x": [10, 20]}, [[10, 0], [0, 10]]),
]  # fmt: skip


def by_name(scenario: Scenario) -> str:
    """What a scenario is called in a test's name."""
    return scenario.name


def near(found: Any, wanted: Any, tolerance: float = 1e-13) -> bool:
    """The same shape, and the same entries measured by the largest."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    scale = max(np.abs(wanted).max(initial=0.0), 1e-3)
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max(initial=0.0) <= tolerance * scale)


def silent(warnings: Sequence[Any]) -> bool:
    """Nothing is said but how a sign was read."""
    return all(warning.kind == "notation" for warning in warnings)


def parsed(scenario: Scenario) -> adcalc.Function:
    """The formula of a scenario."""
    return adcalc.parse(scenario.formula, bound=scenario.at)


def test_scenarios_have_names_of_their_own() -> None:
    """A name tells scenarios apart, so that a failure names one."""
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=by_name)
def test_value(scenario: Scenario) -> None:
    """The value is the known one, and nothing has to be said about it."""
    found = parsed(scenario).evaluate(scenario.at)
    assert near(np.sum(found.value), scenario.value, scenario.tolerance)
    assert silent(found.warnings)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.gradient], ids=by_name)
def test_gradient(scenario: Scenario, backend: str) -> None:
    """The gradient is the known one, all variables together and one by one, without a warning."""
    function = parsed(scenario)
    found = function.gradient(scenario.at, list(scenario.gradient), backend)
    assert near(found.value, scenario.value, scenario.tolerance)
    assert list(found.partials) == list(scenario.gradient)
    assert silent(found.warnings)
    for name, wanted in scenario.gradient.items():
        alone = function.gradient(scenario.at, [name], backend)
        assert near(found.partials[name], wanted, scenario.tolerance), name
        assert near(alone.partials[name], wanted, scenario.tolerance), name
        assert isinstance(found.partials[name], float) == (np.ndim(wanted) == 0)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.hessian is not None], ids=by_name)
def test_hessian(scenario: Scenario, backend: str) -> None:
    """The Hessian is the known one, symmetric to the last bit, and value and gradient come with it."""
    found = parsed(scenario).hessian(scenario.at, list(scenario.gradient), backend)
    assert near(found.value, scenario.value, scenario.tolerance)
    for name, wanted in scenario.gradient.items():
        assert near(found.partials[name], wanted, scenario.tolerance), name
    assert near(found.matrix, scenario.hessian)
    assert np.array_equal(found.matrix, np.transpose(found.matrix))
    assert len(found.variables) == len(found.matrix)
    assert silent(found.warnings)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.smooth and s.gradient], ids=by_name)
def test_numeric_gradient(scenario: Scenario) -> None:
    """Difference quotients are as near to the known gradient as they say, and they say that they are near."""
    found = parsed(scenario).gradient(scenario.at, list(scenario.gradient), "numeric")
    assert found.error_estimate is not None
    for name, wanted in scenario.gradient.items():
        error = np.asarray(found.error_estimate[name])
        scale = 1 + np.abs(np.asarray(wanted)).max()
        assert np.all(np.abs(np.asarray(found.partials[name]) - wanted) <= error + 1e-14 * scale), name
        assert np.all(error <= 1e-7 * scale), name


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.smooth and s.hessian is not None], ids=by_name)
def test_numeric_hessian(scenario: Scenario) -> None:
    """Second difference quotients are as near to the known Hessian as they say."""
    found = parsed(scenario).hessian(scenario.at, list(scenario.gradient), "numeric")
    assert found.matrix_error is not None
    wanted, error = np.asarray(scenario.hessian), np.asarray(found.matrix_error)
    scale = 1 + np.abs(wanted).max()
    assert np.all(np.abs(np.asarray(found.matrix) - wanted) <= error + 1e-13 * scale)
    # Of rounding alone there is no telling how large it is.
    assert np.all((error <= 1e-4 * scale) | (np.isinf(error) & (wanted == 0)))


# What is printed elsewhere, to its digits


@pytest.mark.parametrize("backend", EXACT)
def test_a_layer_to_the_printed_digits(backend: str) -> None:
    """The loss of a layer with its derivative by the layer's output, a name of the program, and by the input.

    The weights were printed with four digits, so that the last digit of the figures is uncertain by two.
    """
    found = adcalc.gradient("y = x@w + b; mean((y - t)^2)", LAYER, ["y", "x"], backend)
    assert found.value == pytest.approx(16.6414, abs=2e-4)
    assert found.partials["y"] == pytest.approx(np.array([[3.7286, 2.8765, -0.1086]]), abs=2e-4)
    assert found.partials["x"] == pytest.approx(np.array([[4.2473, 1.5420, 4.3485, 3.8913]]), abs=2e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_eigenvalues_and_condition(backend: str) -> None:
    """The Hessian of x[0]^2*(x[0] + x[1]) has the eigenvalues 9 ± sqrt(97), with what they say."""
    found = adcalc.hessian("x[0]^2*(x[0] + x[1])", {"x": [2, 3]}, backend=backend)
    low, high = 9 - math.sqrt(97), 9 + math.sqrt(97)
    tolerance = 1e-6 if backend == "numeric" else 1e-14
    assert found.eigenvalues == pytest.approx((low, high), rel=tolerance)
    assert found.eigenvalues == pytest.approx((-0.848858, 18.848858), abs=1e-6)
    assert found.condition == pytest.approx(-high / low, rel=2 * tolerance)
    assert found.definiteness == "indefinite"
    assert found.variables == ("x[0]", "x[1]")


@pytest.mark.parametrize(
    ("formula", "at", "wrt", "wanted"),
    [
        ("sum(x^2)*a", {"x": [1, 2], "a": 1}, None, ("x[0]", "x[1]", "a")),
        ("a*sum(x^2)", {"x": [1, 2], "a": 1}, None, ("a", "x[0]", "x[1]")),
        ("sum(A^2)", {"A": [[1, 2], [3, 4]]}, None, ("A[0,0]", "A[0,1]", "A[1,0]", "A[1,1]")),
        ("sum(A^2)*sum(x)", {"A": [[1, 2]], "x": [1]}, ["x", "A"], ("x[0]", "A[0,0]", "A[0,1]")),
    ],
)  # fmt: skip
def test_labels(formula: str, at: Mapping[str, Any], wrt: list[str] | None, wanted: tuple[str, ...]) -> None:
    """Rows of a Hessian are called by the entries that they stand for, in the order asked for."""
    assert adcalc.hessian(formula, at, wrt).variables == wanted


# Rosenbrock (1960), as a sum over an index

VALLEY = "sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 0..len(x)-2)"
RANDOM = np.random.default_rng(7)


def valley(x: Array) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian of Rosenbrock's function, worked out by hand."""
    n, u = len(x), x[1:] - x[:-1] ** 2
    gradient, matrix = np.zeros(n), np.zeros((n, n))
    gradient[:-1] += -400 * x[:-1] * u - 2 * (1 - x[:-1])
    gradient[1:] += 200 * u
    places = np.arange(n - 1)
    matrix[places, places] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    matrix[places + 1, places + 1] += 200
    matrix[places, places + 1] -= 400 * x[:-1]
    matrix[places + 1, places] -= 400 * x[:-1]
    return float((100 * u**2 + (1 - x[:-1]) ** 2).sum()), gradient, matrix


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("x", [np.ones(10), np.tile([-1.2, 1.0], 5), *RANDOM.uniform(-2, 2, (3, 10))], ids=repr)
def test_rosenbrock(x: Array, backend: str) -> None:
    """Ten variables: at the minimum, at the customary start, and anywhere."""
    value, gradient, matrix = valley(x)
    found = adcalc.hessian(VALLEY, {"x": x}, backend=backend)
    assert near(found.value, value)
    assert near(found.partials["x"], gradient)
    assert near(found.matrix, matrix)


@pytest.mark.parametrize("backend", ["reverse", "symbolic"])
def test_a_million_terms(backend: str) -> None:
    """A sum over a million values of an index is one operation over arrays."""
    x = np.tile([-1.2, 1.0], 500_000)
    value, gradient = 24.2 * 500_000 + 484.0 * 499_999, np.tile([-215.6, 792.0], 500_000)
    # By hand: at -1.2 both neighbours are 1, at 1 both are -1.2; only the ends differ.
    gradient[0::2] = -400 * -1.2 * (1 - 1.44) - 4.4 + 200 * (-1.2 - 1)
    gradient[1::2] = 200 * (1 - 1.44) - 400 * (-1.2 - 1)
    gradient[0] -= 200 * (-1.2 - 1)
    gradient[-1] += 400 * (-1.2 - 1)
    found = adcalc.gradient(VALLEY, {"x": x}, backend=backend)
    assert found.value == pytest.approx(value, rel=1e-12)
    assert near(found.partials["x"], gradient)


def test_a_million_terms_along_one_direction() -> None:
    """Forward mode takes a million entries along in one sweep."""
    found = adcalc.parse("sum(x[i]^2*i for i in 0..n-1)").jvp(
        {"x": np.ones(10**6), "n": 10**6}, {"x": np.full(10**6, 0.5)}
    )
    assert found.value == found.tangent == 10**6 * (10**6 - 1) / 2


@pytest.mark.parametrize("backend", EXACT)
def test_a_million_terms_by_one_number(backend: str) -> None:
    """Every exact backend takes the derivative of a sum of a million terms by a number."""
    n = 10**6
    found = adcalc.gradient("sum(a*i + a^2 for i in 1..n)", {"a": 3, "n": n}, ["a"], backend)
    assert found.value == pytest.approx(3 * n * (n + 1) / 2 + 9 * n, rel=1e-14)
    assert found.partials["a"] == pytest.approx(n * (n + 1) / 2 + 6 * n, rel=1e-14)


def test_no_derivative_by_a_size() -> None:
    """A variable that says how many terms there are has no derivative: asked for it is refused, else it is left out."""
    point = {"x": [1, 2, 3], "n": 1}
    with pytest.raises(InputProblem, match="`n` settles a size"):
        adcalc.gradient("sum(x[i] for i in 0..n)", point, ["n"])
    found = adcalc.gradient("sum(x[i] for i in 0..n)", point)
    assert list(found.partials) == ["x"]
    assert any("`n` settles a size" in warning.message for warning in found.warnings)


# Jacobians and products with them

MAPS: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
    ("[x*y, sin(x), x^2 - y^2]", {"x": 2, "y": 3}, {"x": [3, math.cos(2), 4], "y": [2, 0, -6]}),
    ("A@x", {"A": [[1, 2], [3, 4], [5, 6]], "x": [1, -1]}, {"x": [[1, 2], [3, 4], [5, 6]]}),
    ("x^2", {"x": [1, 2, 3]}, {"x": np.diag([2, 4, 6])}),
    ("cumsum(x)", {"x": [1, 2, 3]}, {"x": np.tril(np.ones((3, 3)))}),
    ("x*y", {"x": [1, 2], "y": [3, 4]}, {"x": np.diag([3, 4]), "y": np.diag([1, 2])}),
    ("a*x", {"a": 2, "x": [3, 4]}, {"a": [3, 4], "x": 2 * np.eye(2)}),
    ("outer(x, y)", {"x": [1, 2], "y": [3]}, {"x": [[[3, 0]], [[0, 3]]], "y": [[[1]], [[2]]]}),
    ("x[1:] - x[:-1]", {"x": [1, 4, 9, 16]}, {"x": np.eye(4)[1:] - np.eye(4)[:-1]}),
    ("[r*cos(p), r*sin(p)]", {"r": 2, "p": math.pi / 6}, {"r": [math.sqrt(0.75), 0.5], "p": [-1, math.sqrt(3)]}),
    ("sum(x)", {"x": [1, 2]}, {"x": [1, 1]}),
    ("[x[i]*x[i+1] for i in 0..1]", {"x": [2, 3, 5]}, {"x": [[3, 2, 0], [0, 5, 3]]}),
    ("A.T", {"A": [[1, 2]]}, {"A": [[[[1, 0]]], [[[0, 1]]]]}),
    ("where(x > 0, sqrt(x), 0)", {"x": [-1, 4]}, {"x": [[0, 0], [0, 0.25]]}),
]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("formula", "at", "wanted"), MAPS, ids=[text for text, _, _ in MAPS])
def test_jacobian(formula: str, at: Mapping[str, Any], wanted: Mapping[str, Any], backend: str) -> None:
    """The Jacobian is the known one: axes of the value first, then those of the variable."""
    found = adcalc.parse(formula).jacobian(at, list(wanted), backend)
    for name, block in wanted.items():
        assert near(found.blocks[name], block, 1e-7 if backend == "numeric" else 1e-14), name


def direction(at: Mapping[str, Any], names: Sequence[str], seed: int) -> dict[str, Array]:
    """A random tangent of some variables."""
    random = np.random.default_rng(seed)
    return {name: np.asarray(random.normal(size=np.shape(at[name]))) for name in names}


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("formula", "at", "wanted"), MAPS, ids=[text for text, _, _ in MAPS])
def test_products_with_a_jacobian(formula: str, at: Mapping[str, Any], wanted: Mapping[str, Any], backend: str) -> None:
    """Forward and reverse products are those with the known Jacobian, and adjoint to each other."""
    function, names = adcalc.parse(formula), list(wanted)
    tangent = direction(at, names, 1)
    pushed = function.jvp(at, tangent, backend)
    moved = sum(np.tensordot(np.asarray(wanted[name]), tangent[name], tangent[name].ndim) for name in names)
    assert near(pushed.tangent, moved)
    weights = np.asarray(np.random.default_rng(2).normal(size=np.shape(pushed.value)))
    pulled = function.vjp(at, weights, names, backend)
    for name in names:
        assert near(pulled.cotangents[name], np.tensordot(weights, np.asarray(wanted[name]), weights.ndim)), name
    back = sum(float(np.sum(pulled.cotangents[name] * tangent[name])) for name in names)
    assert float(np.sum(weights * pushed.tangent)) == pytest.approx(back, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(2, 7), (7, 2)])
def test_many_rows_and_many_columns(shape: tuple[int, int], backend: str) -> None:
    """Forward or reverse, whichever has less to do: the Jacobian of tanh(A*x) is diag(1/cosh^2)*A."""
    matrix, x = RANDOM.normal(size=shape), RANDOM.normal(size=shape[1])
    found = adcalc.parse("tanh(A@x)").jacobian({"A": matrix, "x": x}, ["x"], backend)
    wanted = matrix / np.cosh(matrix @ x)[:, None] ** 2
    assert near(found.blocks["x"], wanted, 1e-7 if backend == "numeric" else 1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.hessian is not None and s.smooth], ids=by_name)
def test_products_with_a_hessian(scenario: Scenario, backend: str) -> None:
    """The Hessian times a vector, without the Hessian, is the known Hessian times the vector."""
    names = list(scenario.gradient)
    vector = direction(scenario.at, names, 3)
    found = parsed(scenario).hvp(scenario.at, vector, names, backend)
    flat = np.concatenate([np.ravel(vector[name]) for name in names])
    products = np.concatenate([np.ravel(found.products[name]) for name in names])
    scale = 1e-4 if backend == "numeric" else 1e-13
    assert np.abs(products - np.asarray(scenario.hessian) @ flat).max() <= scale * (1 + np.abs(scenario.hessian).max())
    for name, wanted in scenario.gradient.items():
        assert near(found.partials[name], wanted, 1e-6 if backend == "numeric" else 1e-13), name


# Entry by entry

CURVES: list[tuple[str, str, Callable[[Array], Array], Callable[[Array], Array]]] = [
    ("exp(2x)", "x", lambda x: np.exp(2 * x), lambda x: 2 * np.exp(2 * x)),
    ("where(x > 0, sqrt(x), 0)", "x", lambda x: np.sqrt(np.maximum(x, 0)), lambda x: np.divide(0.5, np.sqrt(np.abs(x))) * (x > 0)),
    ("x^3 - x", "x", lambda x: x**3 - x, lambda x: 3 * x**2 - 1),
    ("sum(x^k/factorial(k) for k in 0..2)", "x", lambda x: 1 + x + x**2 / 2, lambda x: 1 + x),
    ("[x, x^2]@[1, 2]", "x", lambda x: x + 2 * x**2, lambda x: 1 + 4 * x),
]  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "points", [np.array([-1.5, 0.5, 2.0]), np.array([[-1.5, 0.5], [1.0, 2.0]])], ids=["vector", "matrix"]
)
@pytest.mark.parametrize(("formula", "name", "value", "slope"), CURVES, ids=[curve[0] for curve in CURVES])
def test_entry_by_entry(
    formula: str,
    name: str,
    value: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    points: Array,
    backend: str,
) -> None:
    """A formula of numbers taken at every entry of an array has a slope at every entry."""
    found = adcalc.parse(formula).elementwise({name: points}, backend=backend)
    assert near(found.value, value(points))
    assert near(found.partials[name], slope(points), 1e-7 if backend == "numeric" else 1e-13)


@pytest.mark.parametrize("backend", EXACT)
def test_entry_by_entry_with_numbers_beside(backend: str) -> None:
    """A variable that is a number is the same for every entry, and has a slope at each."""
    found = adcalc.parse("a*x^2").elementwise({"a": 3, "x": [1, 2]}, backend=backend)
    assert np.array_equal(found.value, [3, 12])
    assert np.array_equal(found.partials["x"], [6, 12])
    assert np.array_equal(found.partials["a"], [1, 4])


# Rows, columns and vectors are three things


@pytest.mark.parametrize(
    ("formula", "at", "shape"),
    [("x + r", {"x": [1, 2], "r": [[1], [2]]}, (2, 2)), ("x + c", {"x": [1, 2], "c": [[1, 2]]}, (1, 2)),
     ("r + c", {"r": [[1], [2]], "c": [[1, 2]]}, (2, 2)), ("x.T + x", {"x": [1, 2]}, (2,)), ("x' + r", {"x": [1, 2], "r": [[1], [2]]}, (2, 2)),
     ("r.T", {"r": [[1], [2]]}, (1, 2)), ("c@r", {"c": [[1, 2]], "r": [[1], [2]]}, (1, 1)), ("r@c", {"c": [[1, 2]], "r": [[1], [2]]}, (2, 2)),
     ("A@x", {"A": [[1, 2], [3, 4]], "x": [1, 2]}, (2,)), ("A@r", {"A": [[1, 2], [3, 4]], "r": [[1], [2]]}, (2, 1)), ("x@x", {"x": [1, 2]}, ())],
)  # fmt: skip
def test_shapes_of_sums_and_products(formula: str, at: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """What comes out has the shape that NumPy gives it; a `'` makes a row of a vector."""
    assert np.shape(adcalc.value(formula, at)) == shape
