"""Derivatives from values: accuracy, and that the error they report covers the one they make.

The truths are closed forms, worked out by calculus and rounded from 30 digits of mpmath.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import adcalc
from adcalc.backends.numeric import Numeric
from adcalc.numeric.differences import Method, curvature, reach, slope, twist
from adcalc.numeric.quotients import Function1

MOST = 400


def quiet(f: Function1) -> Function1:
    """f with nan or infinity where `math` raises."""

    def quietly(x: float) -> float:
        try:
            return f(x)
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan

    return quietly


# name, function, point, slope, curvature, largest relative error
SMOOTH: list[tuple[str, Function1, float, float, float, float]] = [
    ("polynomial", lambda x: x**3 - 2 * x, 2.0, 10.0, 12.0, 1e-11),
    ("sine", math.sin, 1.0, 0.5403023058681398, -0.8414709848078965, 1e-11),
    ("even", math.cos, 0.0, 0.0, -1.0, 1e-11),
    ("far out", math.sin, 1e10, 0.8731196226768561, 0.48750602508751069, 1e-10),
    ("by a pole", math.tan, 1.57, 1576948.2207973285, 3960554630.5113491, 1e-9),
    ("fast", lambda x: math.sin(1 / x), 0.01, -8623.1887228768284, 52361201.855551420, 1e-9),
    ("fast about 0", lambda x: math.exp(1e21 * x), 0.0, 1e21, 1e42, 1e-9),
    ("periodic", lambda x: math.sin(2000 * x), 2.0, -1459.8939190984549, 2734015.1755097147, 1e-7),
    ("almost overflown", math.exp, 709.7, 1.6549840276802644e308, 1.6549840276802644e308, 1e-9),
    ("small point", math.exp, 1e-20, 1.0, 1.0, 1e-10),
    ("small scale", lambda x: x * x, 1e-34, 2e-34, 2.0, 1e-10),
    ("drowning", lambda x: x + math.log(1 + x), 1e-5, 1.9999900000999990, -0.99998000029999600, 1e-9),
    ("by an edge", lambda x: math.sqrt(x - 1), 1 + 2.0**-30, 16384.0, -8796093022208.0, 1e-9),
    ("by a kink", lambda x: abs(x - 1 - 2.0**-10) + x * x, 1.0, 1.0, 2.0, 1e-6),
]


@pytest.mark.parametrize(("name", "f", "x", "first", "second", "tolerance"), SMOOTH)
def test_smooth(name: str, f: Function1, x: float, first: float, second: float, tolerance: float) -> None:
    for estimate, truth in ((slope(quiet(f), x), first), (curvature(quiet(f), x), second)):
        # A truth of about 1 ulp is what a float can hold.
        assert abs(estimate.value - truth) <= estimate.error + math.ulp(truth)
        assert estimate.error <= tolerance * (abs(truth) or 1.0)
        assert estimate.sides == "both"


# name, function, point, slope, curvature: too little is left of them in the values
DROWNED: list[tuple[str, Function1, float, float, float]] = [
    ("large constant", lambda x: 1e10 + 1e-3 * x, 1.0, 1e-3, 0.0),
    ("cancellation", lambda x: math.sqrt(x * x + 1) - x, 1e8, -5e-17, 1e-24),
    ("half cancelled", lambda x: math.sqrt(x * x + 1) - x, 1e6, -4.99999999999625e-13, 9.99999999998500e-19),
]


@pytest.mark.parametrize(("name", "f", "x", "first", "second"), DROWNED)
def test_drowned_but_honest(name: str, f: Function1, x: float, first: float, second: float) -> None:
    for estimate, truth in ((slope(f, x), first), (curvature(f, x), second)):
        assert abs(estimate.value - truth) <= estimate.error <= 1e-4


# name, function, left slope, right slope at 0
KINKS: list[tuple[str, Function1, float, float]] = [
    ("abs", abs, -1.0, 1.0),
    ("max", lambda x: max(x, 0.0), 0.0, 1.0),
    ("on a pedestal", lambda x: max(x, 0.0) + 1e6, 0.0, 1.0),
    ("curved", lambda x: abs(x) + math.exp(x), 0.0, 2.0),
    ("slight", lambda x: math.sin(x) + 1e-6 * abs(x), 1.0 - 1e-6, 1.0 + 1e-6),
]


@pytest.mark.parametrize(("name", "f", "left", "right"), KINKS)
def test_kinks_leave_half_their_jump(name: str, f: Function1, left: float, right: float) -> None:
    estimate = slope(f, 0.0)
    assert estimate.error >= 0.5 * (right - left)
    assert abs(estimate.value - 0.5 * (left + right)) <= estimate.error <= 2.0 * (right - left)


@pytest.mark.parametrize("f", [lambda x: math.copysign(1.0, x), math.cbrt, lambda x: float(math.floor(x))])
def test_no_slope(f: Function1) -> None:
    assert slope(f, 0.0).error == math.inf


def test_no_curvature() -> None:
    assert curvature(abs, 0.0).error == math.inf
    assert curvature(lambda x: x * abs(x), 0.0).error >= 2.0


@pytest.mark.parametrize(
    ("f", "x", "truth", "sides"),
    [
        (lambda x: x**1.5 + x, 0.0, 1.0, "right"),
        (lambda x: (1 - x) ** 2.5 - x, 1.0, -1.0, "left"),
        (lambda x: math.sqrt(x) ** 4 + math.exp(x), 0.0, 1.0, "right"),
        (math.sqrt, 1.0, 0.5, "both"),
    ],
)
def test_edges(f: Function1, x: float, truth: float, sides: str) -> None:
    def inside(t: float) -> float:
        value = f(t) if sides == "both" or (t - x) * (1 if sides == "right" else -1) >= 0.0 else math.nan
        return value if isinstance(value, float) else math.nan

    estimate = slope(quiet(inside), x)
    assert estimate.sides == sides
    assert abs(estimate.value - truth) <= estimate.error <= 1e-6


def test_values_beyond_a_gap_do_not_count() -> None:
    def torn(x: float) -> float:
        return x * x if x > 0.9 else math.nan if x > 0.5 else 1e9

    estimate = slope(torn, 1.0)
    assert abs(estimate.value - 2.0) <= estimate.error <= 1e-10


@pytest.mark.parametrize("x", [0.0, math.inf, math.nan])
def test_no_value_no_slope(x: float) -> None:
    def f(x: float) -> float:
        return 1 / x if x else math.nan

    for estimate in (
        slope(f, x),
        slope(f, x, "forward"),
        curvature(f, x),
        twist(lambda s, t: f(s) * t, x, 1.0),
    ):
        assert math.isnan(estimate.value)
        assert estimate.error == math.inf


@pytest.mark.parametrize(
    ("method", "f", "x", "value"),
    [
        ("forward", lambda x: x * x * 4 + 4 + 2, 3.0, 24.000400000048216),
        ("forward", lambda y: 3.0 * 3.0 * y + y + 2, 4.0, 10.000000000047748),
        ("central", lambda x: x * x * 4 + 4 + 2, 3.0, None),
        ("central", math.sin, 1.0, None),
    ],
)
def test_a_step_is_taken_as_it_is(method: Method, f: Function1, x: float, value: float | None) -> None:
    h = 1e-4
    estimate = slope(f, x, method, h)
    plain = (f(x + h) - f(x)) / h if method == "forward" else (f(x + h) - f(x - h)) / (2 * h)
    assert estimate.value == (plain if value is None else value)
    truth = {3.0: 24.0, 4.0: 10.0, 1.0: math.cos(1.0)}[x]
    assert abs(estimate.value - truth) <= estimate.error <= 1e-3
    assert estimate.sides == ("right" if method == "forward" else "both")


@pytest.mark.parametrize(("method", "worst"), [("forward", 1e-7), ("central", 1e-10), ("richardson", 1e-13)])
def test_methods(method: Method, worst: float) -> None:
    estimate = slope(math.exp, 1.0, method)
    assert abs(estimate.value - math.e) <= estimate.error <= 10.0 * worst
    assert slope(math.exp, 1.0, "forward", -1e-3).sides == "left"


def test_largest_step() -> None:
    seen: list[float] = []

    def f(x: float) -> float:
        seen.append(x)
        return math.sin(x)

    estimate = slope(f, 1.0, step=0.25)
    assert abs(estimate.value - math.cos(1.0)) <= estimate.error <= 1e-11
    assert max(seen) == 1.25


# name, function, point, d2f/dxdy
MIXED: list[tuple[str, Callable[[float, float], float], float, float, float]] = [
    ("product", lambda x, y: x * y, 0.0, 0.0, 1.0),
    ("sum", lambda x, y: x * x + math.sin(y), 1.0, 2.0, 0.0),
    ("quotient", lambda x, y: x / y, 3.0, 4.0, -0.0625),
    ("sine of product", lambda x, y: math.sin(x * y), 1.0, 2.0, -2.2347416901985057),
    ("two scales", lambda x, y: math.sin(1e6 * x) * math.exp(1e-3 * y), 1e-6, 1.0, 540.84287841523374),
    ("far out", lambda x, y: math.sin(x) * math.cos(y), 1e8, 1.0, 0.3057780090046384),
]


@pytest.mark.parametrize(("name", "f", "x", "y", "truth"), MIXED)
def test_mixed(name: str, f: Callable[[float, float], float], x: float, y: float, truth: float) -> None:
    estimate = twist(f, x, y)
    assert abs(estimate.value - truth) <= estimate.error <= 1e-9 * (abs(truth) or 1.0)
    known = twist(f, x, y, reaches=(reach(lambda t: f(t, y), x), reach(lambda t: f(x, t), y)))
    assert known == estimate


def test_mixed_at_kinks_and_edges() -> None:
    assert twist(lambda x, y: abs(x * y), 1.0, 0.0).error >= 1.0

    def edge(x: float, y: float) -> float:
        return x * x * math.exp(y) + x * y if x >= 0.0 else math.nan

    estimate = twist(edge, 0.0, 1.0)
    assert abs(estimate.value - 1.0) <= estimate.error <= 1e-6
    assert estimate.sides == "right"


@pytest.mark.parametrize("x", [0.0, 1.0, 1e-13, 1e-20, 1e8, -3e100, 1e160, 1.7e308, 5e-324])
@pytest.mark.parametrize("f", [math.sin, math.atan, abs, lambda x: 1.0, lambda x: x, math.cbrt])
def test_cost(f: Function1, x: float) -> None:
    count = 0

    def counted(x: float, y: float = 0.0) -> float:
        nonlocal count
        count += 1
        return f(x) + f(y)

    for derive in (slope, curvature):
        count = 0
        derive(counted, x)
        assert count <= MOST
    count = 0
    twist(counted, x, x)
    assert count <= 2.5 * MOST


@pytest.mark.parametrize(
    ("formula", "x", "slope"),
    [
        ("sin(x)/x", 1e-8, -1e-8 / 3), ("(1 - cos(x))/x^2", 1e-4, -1e-4 / 12), ("sinc(x)", 1e-8, -math.pi**2 * 1e-8 / 3),
        ("gamma(x)", -1.5, 1.6617502606685968), ("exp(x)*sin(x)", 1.0, math.e * (math.sin(1) + math.cos(1))),
        ("diff(log(x), x)", 2.0, -0.25),
    ],
)  # fmt: skip
def test_complex_steps_know_their_errors(formula: str, x: float, slope: float) -> None:
    """Also where the imaginary part cancels on the way: worked out by hand, gamma by mpmath."""
    found = adcalc.gradient(formula, {"x": x}, backend=Numeric(method="complex"))
    assert found.error_estimate is not None
    assert abs(found.partials["x"] - slope) <= max(3 * float(found.error_estimate["x"]), 1e-14 * abs(slope))
