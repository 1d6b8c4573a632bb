"""Known answers: what a textbook, a paper or a pencil says, every backend says too.

Each scenario is a formula at a point with its value, gradient and Hessian; each backend answers each of
them, the exact ones to the last few bits, difference quotients to within their own error estimate.  The
expected figures are closed forms worked out by hand, or quoted from the place named beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, e, exp, log, pi, sin, sqrt, tan

import pytest

import adcalc
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.text import written
from adcalc.autodiff.transforms import adjoints, jvp
from adcalc.backends import BACKENDS
from adcalc.backends.numeric import Numeric
from adcalc.errors import ArityProblem, DomainProblem
from adcalc.ir.program import evaluate, lowered

EXACT = ("reverse", "dual", "symbolic")

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Scenario:
    """A formula at a point and what is known about it there."""

    name: str
    formula: str
    at: Mapping[str, float]
    value: float
    gradient: Mapping[str, float]
    hessian: Matrix | None = None
    smooth: bool = True
    """Difference quotients can be taken there."""


MICROGRAD = (
    "c = a + b; d = a*b + b^3; c += c + 1; c += 1 + c + (-a); d += d*2 + relu(b + a); "
    "d += 3*d + relu(b - a); e = c - d; f = e^2; g = f/2; g += 10/f; g"
)

EULER = 0.5772156649015328606  # Euler's constant gamma
PSI = 25 / 12 - EULER  # digamma(5), by its recurrence
PSI1 = pi**2 / 6 - 205 / 144  # trigamma(5), by its recurrence
PHI = exp(-0.5) / sqrt(2 * pi)  # density of the normal distribution at 1
BELL = 2 / sqrt(pi) * exp(-0.25)
T, U = tan(0.5), cos(tan(0.5))

SCENARIOS = [
    # Geron, Hands-On Machine Learning, appendix on autodiff
    Scenario("geron", "x*x*y + y + 2", {"x": 3, "y": 4}, 42, {"x": 24, "y": 10}, [[8, 6], [6, 0]]),
    Scenario("cubic", "x1^2*(x1 + x2)", {"x1": 2, "x2": 3}, 20, {"x1": 24, "x2": 4}, [[18, 4], [4, 0]]),
    Scenario("chain", "sin(x^2)", {"x": 3}, sin(9), {"x": 6 * cos(9)}, [[2 * cos(9) - 36 * sin(9)]]),
    # Baydin, Pearlmutter, Radul, Siskind: Automatic Differentiation in Machine Learning (2018)
    Scenario(
        "baydin", "log(x1) + x1*x2 - sin(x2)", {"x1": 2, "x2": 5},
        log(2) + 10 - sin(5), {"x1": 5.5, "x2": 2 - cos(5)}, [[-0.25, 1], [1, sin(5)]],
    ),
    # Karpathy, micrograd, README
    Scenario(
        "micrograd", MICROGRAD, {"a": -4, "b": 2},
        24.70408163265306, {"a": 138.83381924198252, "b": 645.5772594752186},
    ),
    Scenario(
        "rosenbrock", "(1 - x)^2 + 100(y - x^2)^2", {"x": -1.2, "y": 1},
        24.2, {"x": -215.6, "y": -88}, [[1330, 480], [480, 200]],
    ),
    Scenario(
        "himmelblau", "(x^2 + y - 11)^2 + (x + y^2 - 7)^2", {"x": 3, "y": 2},
        0, {"x": 0, "y": 0}, [[74, 20], [20, 34]],
    ),
    Scenario("saddle", "x^3 - 3x*y^2", {"x": 2, "y": 1}, 2, {"x": 9, "y": -12}, [[12, -6], [-6, -12]]),
    Scenario(
        "quotient", "x/y", {"x": 3, "y": 4}, 0.75, {"x": 0.25, "y": -0.1875}, [[0, -1 / 16], [-1 / 16, 3 / 32]]
    ),
    Scenario(
        "exponential", "exp(x*y)", {"x": 1, "y": 2},
        e**2, {"x": 2 * e**2, "y": e**2}, [[4 * e**2, 3 * e**2], [3 * e**2, e**2]],
    ),
    Scenario(
        "angle", "atan2(y, x)", {"y": 4, "x": 3}, math.atan2(4, 3), {"y": 0.12, "x": -0.16},
        [[-24 / 625, 7 / 625], [7 / 625, 24 / 625]],
    ),
    Scenario(
        "length", "√(x² + y²)", {"x": 3, "y": 4}, 5, {"x": 0.6, "y": 0.8},
        [[0.128, -0.096], [-0.096, 0.072]],
    ),
    Scenario(
        "hypot", "hypot(x, y)", {"x": 3, "y": 4}, 5, {"x": 0.6, "y": 0.8},
        [[0.128, -0.096], [-0.096, 0.072]],
    ),
    Scenario("logarithm", "log(x)/x", {"x": 1}, 0, {"x": 1}, [[-3]]),
    Scenario("power", "x^5", {"x": -2}, -32, {"x": 80}, [[-160]]),
    Scenario("tangent", "tan(x)", {"x": 0.5}, T, {"x": 1 + T * T}, [[2 * T * (1 + T * T)]]),
    Scenario(
        "tower", "x^x", {"x": 2}, 4, {"x": 4 * (1 + log(2))}, [[4 * (1 + log(2)) ** 2 + 2]]
    ),
    Scenario("base", "2^x", {"x": 3}, 8, {"x": 8 * log(2)}, [[8 * log(2) ** 2]]),
    Scenario("euler", "e^x", {"x": 1}, e, {"x": e}, [[e]]),
    Scenario("sigmoid", "1/(1 + exp(-x))", {"x": 0}, 0.5, {"x": 0.25}, [[0]]),
    Scenario(
        "softmax", "log(exp(x) + exp(y) + exp(z))", {"x": 0, "y": 0, "z": 0},
        log(3), {"x": 1 / 3, "y": 1 / 3, "z": 1 / 3},
        [[2 / 9, -1 / 9, -1 / 9], [-1 / 9, 2 / 9, -1 / 9], [-1 / 9, -1 / 9, 2 / 9]],
    ),
    Scenario("bell", "exp(-x^2/2)/sqrt(2*pi)", {"x": 1}, PHI, {"x": -PHI}, [[0]]),
    Scenario("error function", "erf(x)", {"x": 0.5}, math.erf(0.5), {"x": BELL}, [[-BELL]]),
    Scenario("gamma", "gamma(x)", {"x": 5}, 24, {"x": 24 * PSI}, [[24 * (PSI**2 + PSI1)]]),
    Scenario(
        "product", "x*y*z", {"x": 2, "y": 3, "z": 5}, 30, {"x": 15, "y": 10, "z": 6},
        [[0, 5, 3], [5, 0, 2], [3, 2, 0]],
    ),
    Scenario(
        "product with a zero", "x*y*z", {"x": 0, "y": 2, "z": 3}, 0, {"x": 6, "y": 0, "z": 0},
        [[0, 3, 2], [3, 0, 0], [2, 0, 0]],
    ),
    Scenario("interest", "p*(1 + r)^t", {"p": 100, "r": 0.25, "t": 2}, 156.25,
             {"p": 1.5625, "r": 250, "t": 156.25 * log(1.25)}),
    Scenario("negative base", "x^2", {"x": -3}, 9, {"x": -6}, [[2]]),
    Scenario("power at 0", "x^y", {"x": 0, "y": 2}, 0, {"x": 0, "y": 0}, [[2, 0], [0, 0]], smooth=False),
    Scenario("roots that cancel", "sqrt(x)*sqrt(x)", {"x": 4}, 4, {"x": 1}, [[0]]),
    Scenario("no dependence left", "x - x + y", {"x": 3, "y": 2}, 2, {"x": 0, "y": 1}, [[0, 0], [0, 0]]),
    Scenario("kink tamed", "abs(x)^3", {"x": 0}, 0, {"x": 0}, [[0]]),
    Scenario("absolute", "abs(x)^3", {"x": -2}, 8, {"x": -12}, [[12]]),
    Scenario("largest", "max(x^2, y)", {"x": 2, "y": 3}, 4, {"x": 4, "y": 0}, [[2, 0], [0, 0]]),
    Scenario("remainder", "x % 3", {"x": 7.5}, 1.5, {"x": 1}, [[0]]),
    Scenario("rounding beside", "x + floor(y)", {"x": 1, "y": 2.5}, 3, {"x": 1, "y": 0}, [[0, 0], [0, 0]]),
    Scenario("pieces", "x^2 if x < 1 else 2x - 1", {"x": 0.5}, 0.25, {"x": 1}, [[2]]),
    Scenario("branch not taken", "where(x > 0, sqrt(x), 0)", {"x": -1}, 0, {"x": 0}, [[0]]),
    Scenario("lazy and", "x > 0 and log(x) > 1", {"x": -1}, 0, {"x": 0}, [[0]]),
    Scenario("lazy or", "x < 0 or log(x) > 1", {"x": -1}, 1, {"x": 0}, [[0]]),
    Scenario(
        "lazy condition", "y^2 if x > 0 and log(x) > 1 else -y^2", {"y": 3, "x": -1},
        -9, {"y": -6, "x": 0}, [[-2, 0], [0, 0]],
    ),
    Scenario(
        "branch within", "x*where(y > 0, log(y), y^2)", {"x": 2, "y": -3},
        18, {"x": 9, "y": -12}, [[0, -6], [-6, 4]],
    ),
    Scenario("program", "c = x*y; c += x; c*c", {"x": 2, "y": 3}, 64, {"x": 64, "y": 32}, [[32, 32], [32, 8]]),
    Scenario(
        "function", "f(u, v) = u*v + sin(u); f(x, f(y, 2))", {"x": 0, "y": 1},
        0, {"x": 3 + sin(1), "y": 0}, [[0, 2 + cos(1)], [2 + cos(1), 0]],
    ),
    Scenario("nested derivative", "diff(x*diff(x + y, y), x)", {"x": 5, "y": 1}, 1, {"x": 0, "y": 0},
             [[0, 0], [0, 0]]),
    Scenario("prime", "f(t) = t^3; f'(x)", {"x": 2}, 12, {"x": 12}, [[6]]),
    Scenario("primes", "f(t) = t^5; f'''(x)", {"x": 2}, 240, {"x": 240}, [[120]]),
    Scenario("prime of a row", "tan'(x)*log''(x)", {"x": 1}, -(1 + tan(1) ** 2), {"x": (2 - 2 * tan(1)) * (1 + tan(1) ** 2)}),
    Scenario("prime with a default", "elu'(x)", {"x": -2}, exp(-2), {"x": exp(-2)}, [[exp(-2)]]),
    Scenario(
        "second derivative", "diff(x*sin(x), x, 2)", {"x": 1},
        2 * cos(1) - sin(1), {"x": -3 * sin(1) - cos(1)}, [[sin(1) - 4 * cos(1)]],
    ),
    Scenario("eighth derivative", "diff(exp(x), x, 8)", {"x": 1}, e, {"x": e}, [[e]]),
    Scenario("partial derivative", "diff(x*y^2, y)", {"x": 3, "y": 2}, 12, {"x": 4, "y": 6}, [[0, 2], [2, 0]]),
    Scenario("three deep", "sin(cos(tan(x)))", {"x": 0.5}, sin(U), {"x": -cos(U) * sin(T) * (1 + T * T)}),
    Scenario("products without a sign", "2(x + 1)(x - 1)", {"x": 3}, 16, {"x": 12}, [[4]]),
    Scenario("factor without a sign", "3sin(x)", {"x": 0}, 0, {"x": 3}, [[0]]),
]  # fmt: skip

SMOOTH = [scenario for scenario in SCENARIOS if scenario.smooth]


def by_name(scenario: Scenario) -> str:
    """What a scenario is called in a test's name."""
    return scenario.name


def same(found: float, wanted: float) -> bool:
    """Equal but for the rounding of the expected figure itself."""
    return math.isclose(found, wanted, rel_tol=1e-14, abs_tol=1e-15)


def test_scenarios_have_names_of_their_own() -> None:
    """A name tells scenarios apart, so that a failure names one."""
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=by_name)
def test_value(scenario: Scenario) -> None:
    """The value is the known one, and nothing has to be said about it."""
    found = adcalc.parse(scenario.formula).evaluate(scenario.at)
    assert same(found.value, scenario.value)
    assert all(warning.kind == "name" for warning in found.warnings)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=by_name)
def test_gradient(scenario: Scenario, backend: str) -> None:
    """The gradient is the known one, by every variable of the formula, without a warning."""
    found = adcalc.gradient(scenario.formula, scenario.at, backend=backend)
    assert set(found.partials) == set(scenario.gradient)
    for name, wanted in scenario.gradient.items():
        assert same(found.partials[name], wanted), name
    assert same(found.value, scenario.value)
    assert all(warning.kind == "name" for warning in found.warnings)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.hessian is not None], ids=by_name)
def test_hessian(scenario: Scenario, backend: str) -> None:
    """The Hessian is the known one, and value and gradient come with it."""
    assert scenario.hessian is not None
    found = adcalc.hessian(scenario.formula, scenario.at, list(scenario.gradient), backend)
    assert found.variables == tuple(scenario.gradient)
    assert same(found.value, scenario.value)
    for i, row in enumerate(scenario.hessian):
        assert same(found.partials[found.variables[i]], scenario.gradient[found.variables[i]])
        for j, wanted in enumerate(row):
            assert same(found.matrix[i][j], wanted), (i, j)
    assert found.warnings == ()


@pytest.mark.parametrize("scenario", SMOOTH, ids=by_name)
def test_numeric_gradient(scenario: Scenario) -> None:
    """Difference quotients are as near to the known gradient as they say, and they say that they are near."""
    found = adcalc.gradient(scenario.formula, scenario.at, backend="numeric")
    assert found.error_estimate is not None
    for name, wanted in scenario.gradient.items():
        error = found.error_estimate[name]
        assert abs(found.partials[name] - wanted) <= error + 4 * math.ulp(wanted), name
        assert error <= 1e-7 * max(1.0, abs(wanted))


@pytest.mark.parametrize("scenario", [s for s in SMOOTH if s.hessian is not None], ids=by_name)
def test_numeric_hessian(scenario: Scenario) -> None:
    """Second difference quotients are as near to the known Hessian as they say."""
    assert scenario.hessian is not None
    found = adcalc.hessian(scenario.formula, scenario.at, list(scenario.gradient), "numeric")
    assert found.matrix_error is not None
    for i, row in enumerate(scenario.hessian):
        for j, wanted in enumerate(row):
            error = found.matrix_error[i][j]
            assert abs(found.matrix[i][j] - wanted) <= error + 4 * math.ulp(wanted), (i, j)
            assert error <= 1e-4 * max(1.0, abs(wanted)), (i, j)


# The order of variables


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("y + x", ("y", "x")),
        ("z if x > 0 else y", ("z", "x", "y")),
        ("where(x > 0, z, y)", ("x", "z", "y")),
        ("b = y*x; x + b", ("y", "x")),
    ],
)
def test_variables_stand_as_a_reader_meets_them(formula: str, wanted: tuple[str, ...]) -> None:
    """Variables come in the order in which they are met in the result."""
    assert adcalc.parse(formula).variables == wanted


# Eigenvalues


def test_eigenvalues() -> None:
    """The Hessian of x1^2*(x1 + x2) at (2, 3) has the eigenvalues 9 - sqrt(97) and 9 + sqrt(97)."""
    found = adcalc.hessian("x1^2*(x1 + x2)", {"x1": 2, "x2": 3})
    assert found.eigenvalues == pytest.approx((9 - sqrt(97), 9 + sqrt(97)), rel=1e-14)
    assert found.definiteness == "indefinite"


DEFINITENESS = [
    ("x^2 + y^2", "positive definite", (2, 2)),
    ("-x^2 - 2y^2", "negative definite", (-4, -2)),
    ("x*y", "indefinite", (-1, 1)),
    ("(x + y)^2", "positive semidefinite", (0, 4)),
    ("-(x + y)^2", "negative semidefinite", (-4, 0)),
    ("x + y", "zero", (0, 0)),
]


@pytest.mark.parametrize(("formula", "wanted", "eigenvalues"), DEFINITENESS)
def test_definiteness(formula: str, wanted: str, eigenvalues: tuple[float, ...]) -> None:
    """The signs of the eigenvalues are put into words."""
    found = adcalc.hessian(formula, {"x": 1, "y": 2})
    assert found.eigenvalues == pytest.approx(eigenvalues, abs=1e-14)
    assert found.definiteness == wanted


# The evaluation traces of Baydin et al. (2018), tables 2 and 3, to the three decimals printed there:
# operation: value, tangent for x1, adjoint
TRACE = {
    "x1": (2, 1, 5.5),
    "x2": (5, 0, 1.716),
    "log(x1)": (0.693, 0.5, 1),
    "x1*x2": (10, 5, 1),
    "sin(x2)": (-0.959, 0, -1),
    "log(x1) + x1*x2": (10.693, 5.5, 1),
    "log(x1) + x1*x2 - sin(x2)": (11.652, 5.5, 1),
}


def test_baydin_trace() -> None:
    """Every line of the paper's forward and reverse traces is a slot of the program."""
    program = lowered([adcalc.parse("log(x1) + x1*x2 - sin(x2)").expr])
    inputs = {"x1": 2.0, "x2": 5.0}
    values = evaluate(program, FLOATS, inputs)
    backward = adjoints(program, FLOATS, values, 1.0, ["x1", "x2"])
    found = {
        written(slot.node): (value, adjoint)
        for slot, value, adjoint in zip(program.slots, values, backward, strict=True)
    }
    assert set(found) == set(TRACE)
    for text, (primal, tangent, adjoint) in TRACE.items():
        assert found[text] == pytest.approx((primal, adjoint), abs=6e-4), text
        (dual,) = jvp(lowered([adcalc.parse(text).expr]), FLOATS, inputs, {"x1": 1.0})
        assert (dual.primal, dual.tangent or 0.0) == pytest.approx((primal, tangent), abs=6e-4), text


# micrograd with its inputs written into the program


@pytest.mark.parametrize("backend", EXACT)
def test_assigned_inputs(backend: str) -> None:
    """A program that gives its inputs their values is differentiated by them, all or some."""
    program = adcalc.parse(f"a = -4; b = 2; {MICROGRAD}")
    assert program.variables == ()
    assert program.value() == pytest.approx(24.70408163265306, rel=1e-15)
    wanted = {"a": 138.83381924198252, "b": 645.5772594752186}
    assert program.gradient(backend=backend).partials == pytest.approx(wanted, rel=1e-14)
    assert program.gradient(wrt=["b"], backend=backend).partials == pytest.approx({"b": wanted["b"]}, rel=1e-14)


@pytest.mark.parametrize("backend", EXACT)
def test_by_an_intermediate_name(backend: str) -> None:
    """By a name assigned on the way, everything after its last assignment counts, nothing before it."""
    program = adcalc.parse("a = 3; b = a^2; c = a*b; c + b")
    assert program.gradient(wrt=["b"], backend=backend).partials == {"b": 4.0}
    assert program.gradient(wrt=["a"], backend=backend).partials == {"a": 33.0}
    assert program.gradient(wrt=["c"], backend=backend).partials == {"c": 1.0}


# Methods of the numeric backend


def test_forward_differences_of_the_book() -> None:
    """Forward differences with step 1e-4 give Geron's figures to the last digit."""
    found = adcalc.gradient("x*x*y + y + 2", {"x": 3, "y": 4}, backend=Numeric(method="forward", step=1e-4))
    assert found.partials == {"x": 24.000400000048216, "y": 10.000000000047748}
    assert found.error_estimate is not None
    assert abs(found.partials["x"] - 24) <= found.error_estimate["x"] < 1e-3


def test_complex_step() -> None:
    """A complex step has no cancellation: the slope of sin at 1e10 is right in every digit (mpmath)."""
    found = adcalc.gradient("sin(x)", {"x": 1e10}, backend=Numeric(method="complex"))
    assert found.partials["x"] == pytest.approx(0.87311962267685607, rel=1e-15)


# The power at the border of its domain


POWERS = [
    ((0, 2), (0, 0), False),
    ((0, 1), (1, 0), False),
    ((0, 0.5), (math.inf, 0), True),
    ((0, 0), (0, -math.inf), True),
    ((-3, 2), (-6, None), False),
    ((-2, -1), (-0.25, None), False),
]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("at", "wanted", "warned"), POWERS)
def test_power(at: tuple[float, float], wanted: tuple[float, float | None], warned: bool, backend: str) -> None:
    """x^y at the edges: the limits from inside, said where infinite, refused where there are none."""
    power = adcalc.parse("x^y")
    point = dict(zip("xy", at, strict=True))
    assert power.gradient(point, ["x"], backend).partials == {"x": wanted[0]}
    if wanted[1] is None:
        for wrt in (["y"], ["x", "y"], None):
            with pytest.raises(DomainProblem) as caught:
                power.gradient(point, wrt, backend)
            assert caught.value.span == (0, 3)
    else:
        found = power.gradient(point, backend=backend)
        assert found.partials == dict(zip("xy", wanted, strict=True))
        assert [warning.kind for warning in found.warnings] == ["not finite"] * warned
        assert all(warning.span == (0, 3) for warning in found.warnings)


# Variables that play no part


@pytest.mark.parametrize("backend", [*BACKENDS])
def test_inactive_exponent(backend: str) -> None:
    """Only what is asked for is differentiated: (-3)^n by x needs no logarithm."""
    found = adcalc.gradient("x^n", {"x": -3, "n": 4}, ["x"], backend)
    assert found.partials["x"] == pytest.approx(-108, rel=1e-8)
    assert found.warnings == ()


@pytest.mark.parametrize("backend", EXACT)
def test_inactive_kink(backend: str) -> None:
    """A kink in a variable that stands still is nobody's business."""
    assert adcalc.gradient("x*abs(y)", {"x": 2, "y": 0}, ["x"], backend).warnings == ()
    assert adcalc.gradient("x*floor(y)", {"x": 2, "y": 3}, ["x"], backend).partials == {"x": 3.0}


@pytest.mark.parametrize("backend", [*BACKENDS])
def test_variable_that_cancelled(backend: str) -> None:
    """A variable on which a derivative does not depend any more is still one of its variables."""
    function = adcalc.parse("diff(x*y, y)")
    assert function.variables == ("x", "y")
    assert function.gradient({"x": 3, "y": 4}, backend=backend).partials == pytest.approx({"x": 1, "y": 0}, rel=1e-9)


@pytest.mark.parametrize("formula", ["max'(x, y)", "atan2'(y, x)", "f(u, v) = u*v; f'(x, y)", "elu'(x, 2)"])
def test_prime_of_several_arguments(formula: str) -> None:
    """`'` does not say by which argument, so that it is refused where there are several."""
    with pytest.raises(ArityProblem) as caught:
        adcalc.parse(formula)
    assert caught.value.span is not None
    assert formula[slice(*caught.value.span)] == formula.rpartition("; ")[2]


EXTREME = [
    ("x*1e-200*1e-200*x", 1e300, 2e-100),
    ("1e308*x^2 + 1e308*x^2", 0.1, 4e307),
    ("x^(1e200*1e200)", 0.5, 0),
    ("1e308*10*x - 1e308*10*x + x", 1e-10, 1),
]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("formula", "x", "wanted"), EXTREME)
def test_factors_at_the_ends_of_the_range(formula: str, x: float, wanted: float, backend: str) -> None:
    """Factors whose product would overflow or vanish do so nowhere but where the formula does."""
    assert adcalc.gradient(formula, {"x": x}, backend=backend).partials["x"] == pytest.approx(wanted, rel=1e-14, abs=0)


# Coordinates that are not finite


@pytest.mark.parametrize("backend", EXACT)
def test_nan_goes_in_and_comes_out(backend: str) -> None:
    """A coordinate that is not a number makes the result none, with a warning, not a made-up one."""
    found = adcalc.gradient("x*y", {"x": "nan", "y": 2}, backend=backend)
    assert math.isnan(found.value)
    assert found.partials["x"] == 2.0
    assert math.isnan(found.partials["y"])
    assert [(warning.kind, warning.span) for warning in found.warnings] == [("not finite", (0, 1))]


INFINITE = [
    ("exp(-x)", math.inf, 0, 0, False),
    ("1/x", -math.inf, 0, 0, False),
    ("atan(x)", math.inf, pi / 2, 0, False),
    ("tanh(x)", -math.inf, -1, 0, False),
    ("x + 1", math.inf, math.inf, 1, True),
    ("x^2", -math.inf, math.inf, -math.inf, True),
    ("log(x)", math.inf, math.inf, 0, True),
    ("sigmoid(x)", -math.inf, 0, 0, False),
]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("formula", "x", "value", "wanted", "warned"), INFINITE)
def test_infinite_coordinates(formula: str, x: float, value: float, wanted: float, warned: bool, backend: str) -> None:
    """At infinity a formula has its limit, and an infinite result is pointed out."""
    found = adcalc.gradient(formula, {"x": x}, backend=backend)
    assert found.value == value
    assert found.partials["x"] == wanted
    assert any(warning.kind == "not finite" for warning in found.warnings) == warned


@pytest.mark.parametrize("formula", ["sin(x)", "cos(x)", "tan(x)", "x % 2"])
def test_no_limit_at_infinity(formula: str) -> None:
    """What swings for ever has no value at infinity."""
    with pytest.raises(DomainProblem) as caught:
        adcalc.value(formula, {"x": math.inf})
    assert caught.value.span == (0, len(formula))


# Kinks


KINKS = [
    ("3*abs(x) + x", {"x": 0}, {"x": 1}, "kink", (2, 8)),
    ("max(x, 0)", {"x": 0}, {"x": 0.5}, "kink", (0, 9)),
    ("max(x, y)", {"x": 2, "y": 2}, {"x": 0.5, "y": 0.5}, "kink", (0, 9)),
    ("1 + relu(x)", {"x": 0}, {"x": 0.5}, "kink", (4, 11)),
    ("floor(x)", {"x": 2}, {"x": 0}, "jump", (0, 8)),
    ("sign(x)", {"x": 0}, {"x": 0}, "jump", (0, 7)),
    ("x % 2", {"x": 4}, {"x": 1}, "jump", (0, 5)),
    ("hypot(x, y)", {"x": 0, "y": 0}, {"x": 0, "y": 0}, "kink", (0, 11)),
    ("where(x > 0, x, -x)", {"x": 0}, {"x": -1}, "jump", (6, 11)),
    ("x*sign(x)", {"x": 0}, {"x": 0}, "jump", (2, 9)),
    ("diff(abs(x), x)", {"x": 0}, {"x": 0}, "kink", (5, 11)),
]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("formula", "at", "wanted", "kind", "span"), KINKS)
def test_kinks(
    formula: str, at: Mapping[str, float], wanted: Mapping[str, float], kind: str, span: tuple[int, int], backend: str
) -> None:
    """At a kink the convention comes with a warning that points at the place."""
    found = adcalc.gradient(formula, at, backend=backend)
    assert found.partials == wanted
    assert (kind, span) in [(warning.kind, warning.span) for warning in found.warnings]


@pytest.mark.parametrize("backend", [*BACKENDS])
def test_point_outside_the_domain(backend: str) -> None:
    """No backend differentiates where there is no value, and the problem shows the place."""
    with pytest.raises(DomainProblem) as caught:
        adcalc.gradient("x + log(x)", {"x": -1}, backend=backend)
    assert caught.value.span == (4, 10)
    assert caught.value.source is not None
    assert caught.value.source.text == "x + log(x)"


SCALES = [
    # A formula at a point, and the eigenvalues of its Hessian in doubles, from 60 digits of mpmath.
    ("exp(25*x - 3*y) + exp(z - x) + exp(y) + exp(-y - z)", {"x": 1.0, "y": 0.0, "z": 0.0},
     (0.67560514074208179, 2.6689357659508451, 45651106179903.035)),
    ("G*m*M/r", {"G": 6.674e-11, "m": 5.97e24, "M": 7.35e22, "r": 3.84e8},
     (-2.9757690429687506e30, -1.7380208333333891e-19, 1.7380208333332753e-19, 2.9757690429687506e30)),
    ("1e20*x^2/2 + 1e10*x*y + y^2", {"x": 0.0, "y": 0.0}, (1.0, 1e20)),
    ("(x + y)^2*1e-200", {"x": 1.0, "y": 1.0}, (0.0, 4e-200)),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "at", "eigenvalues"), SCALES)
def test_eigenvalues_at_every_scale(formula: str, at: Mapping[str, float], eigenvalues: tuple[float, ...]) -> None:
    """Small eigenvalues beside large ones have their digits, and the definiteness has their signs."""
    found = adcalc.hessian(formula, at)
    assert found.eigenvalues == pytest.approx(eigenvalues, rel=1e-12, abs=0)
    signs = {value > 0 for value in eigenvalues if value}
    kind = "indefinite" if len(signs) == 2 else "positive semidefinite" if 0.0 in eigenvalues else "positive definite"
    assert found.definiteness == kind
