"""Numbers are what was written: decimals and integers are exact until an algebra of doubles takes them.

What is expected comes from Python's fractions, or from mpmath with many digits.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import adcalc
from adcalc.errors import SyntaxProblem
from adcalc.ir.expr import decimal, number, rational
from tests.test_scenarios import EXACT


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("1e30 - 10^30", 0), ("10^25 - 1e25", 0), ("1/10 - 0.1", 0), ("0.1 + 0.2 - 0.3", 0), ("9007199254740993 - 9007199254740992", 1),
        ("floor(4.35*100)", 435), ("ceil(0.1*3*10)", 3), ("0.1*3 == 0.3", 1), ("1.1*1.1 - 1.21", 0), ("(1/3)*3 - 1", 0),
        ("2^0.5*2^0.5 - 2", 0), ("sqrt(0.25) - 1/2", 0), ("0.7 % 0.1", 0), ("round(2.675*1000)", 2675), ("max(0.1 + 0.2, 0.3) - 0.3", 0),
        ("1e16 + 1 - 1e16", 1), ("123456789123456789123 - 123456789123456789122", 1),
    ],
)  # fmt: skip
def test_arithmetic_of_literals_is_exact(formula: str, wanted: float) -> None:
    """As a number, as the value of a variable, beside an array, in the rows of a table."""
    assert adcalc.value(formula) == pytest.approx(wanted, abs=1e-300)
    assert adcalc.value("x", {"x": formula}) == pytest.approx(wanted, abs=1e-300)
    assert adcalc.value(f"v*({formula})", {"v": [1.0, 1.0]}).tolist() == pytest.approx([wanted] * 2, abs=1e-300)  # type: ignore[union-attr]
    assert adcalc.parse(f"x*({formula})").batch({"x": [1.0] * 300}).value.tolist() == pytest.approx(
        [wanted] * 300, abs=1e-300
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_arithmetic(seed: int) -> None:
    """Fifty sums, products and quotients for each seed, rounded once."""
    r = random.Random(seed)

    def made(depth: int) -> tuple[str, Fraction]:
        if not depth:
            text = (
                f"{r.randint(0, 999)}.{r.randint(0, 99):02d}"
                if r.random() < 0.7
                else str(r.randint(1, 10 ** r.randint(1, 25)))
            )
            return text, Fraction(text)
        (a, x), (b, y) = made(depth - 1), made(depth - 1)
        sign = r.choice("+-*/" if y else "+-*")
        return f"({a} {sign} {b})", {"+": x + y, "-": x - y, "*": x * y, "/": x / (y or 1)}[sign]

    for _ in range(50):
        text, wanted = made(r.randint(1, 4))
        assert adcalc.value(text) == float(wanted), text


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(
    ("formula", "at", "value", "slope"),
    [("x^3 - 1e30", 1e10, 0, 3e20), ("(x - 0.1)*1e20", 0.1, 0, 1e20), ("x*(0.1 + 0.2) - 0.3*x", 1e20, 0, 0)],
)
def test_literals_beside_coordinates(formula: str, at: float, value: float, slope: float, backend: str) -> None:
    """Coordinates stay the doubles they were read as, and a literal that reads like one is that one."""
    found = adcalc.gradient(formula, {"x": at}, backend=backend)

    assert found.value == pytest.approx(value, abs=1e-10)
    assert found.partials["x"] == pytest.approx(slope, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(
    ("formula", "order", "wanted"),
    [
        ("1.1*x^3", 1, "3.3*x^2"), ("0.1*x^10", 2, "9*x^8"), ("x^3/7", 1, "3*x^2/7"), ("1/(1 + x)", 25, f"-{math.factorial(25)}/(x + 1)^26"),
        ("x^30", 29, f"{math.factorial(30)}*x"), ("1e20*x^2", 1, "2e20*x"),
    ],
)  # fmt: skip
def test_coefficients_of_derivatives_are_exact(formula: str, order: int, wanted: str) -> None:
    """Integers of any size, and decimals that stay decimals."""
    shown = str(adcalc.parse(formula).diff("x", order=order))

    assert str(adcalc.parse(shown)) == shown
    assert adcalc.value(f"({shown}) - ({wanted})", {"x": 2.0}) == 0.0


@pytest.mark.parametrize(("order", "at"), [(35, 2.0), (100, 0.5)])
def test_high_derivatives(order: int, at: float) -> None:
    """By mpmath's Taylor coefficients with 400 digits: the n-th derivative of 1/(1 + x^2) is Im of n!/(...)^(n + 1)."""
    with mpmath.workdps(400):
        wanted = float(mpmath.im(mpmath.factorial(order) * (-1) ** order / (mpmath.mpc(at, -1)) ** (order + 1)))

    assert adcalc.value(f"diff(1/(1 + x^2), x, {order})", {"x": at}) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("text", ["1e-400", "0.0001e-330", "1e400"])
def test_what_no_double_comes_near_is_said(text: str) -> None:
    """Too small as well as too large."""
    with pytest.raises(SyntaxProblem, match="for a double"):
        adcalc.parse(text)


@pytest.mark.parametrize("seed", range(5))
def test_decimals_are_read_as_written_and_rounded_once(seed: int) -> None:
    """Against Python's fractions, and Python's own reading of doubles."""
    r = random.Random(seed)
    for _ in range(200):
        text = f"{r.randint(0, 10 ** r.randint(1, 20))}.{r.randint(0, 10 ** r.randint(1, 20))}e{r.randint(-200, 200)}"
        node = decimal(text)
        assert (Fraction(node.numerator, node.denominator), node.value) == (Fraction(text), float(text))
        assert adcalc.value(str(adcalc.parse(text))) == float(text)


def test_a_number_is_one_node() -> None:
    """However it was written."""
    nodes: list[Any] = [number(0.5), rational(2, 4), decimal("0.50"), decimal("5e-1"), number(np.float64(0.5))]

    assert len({id(node) for node in nodes}) == 1
    assert number(0.0) is not number(-0.0)
    assert math.isnan(number(math.nan).value)


NAMED = [
    # a program, by what, what is printed, its value at 2 worked out by hand
    ("g = 9.81; 2*pi*sqrt(x/g)", "x", "g = 9.81; pi/(g*sqrt(x/g))", math.pi / math.sqrt(9.81 * 2)),
    ("c = 3; k = 2*c; f(t) = k*t^2; f(x) + c", "x", "k = 2*3; 2*k*x", 24.0),
    ("n = 3; x^n", "x", "n = 3; n*x^(n - 1)", 12.0),
    ("a = 2; b = a*x; a = 5; a*b^2", "x", "a = 5; 8*a*x", 80.0),
    ("a = 2; a*x^2", "a", "x^2", 4.0),
    ("x = 1; y = 2; y*t", "t", "y = 2; y", 2.0),
]


@pytest.mark.parametrize(("program", "by", "printed", "value"), NAMED)
def test_constants_that_were_named_keep_their_names(program: str, by: str, printed: str, value: float) -> None:
    """A printed derivative speaks of `g`, says what it is, and reads back to the same function."""
    derivative = adcalc.parse(program).diff(by)
    assert str(derivative) == printed
    at = dict.fromkeys(derivative.variables, 2.0)
    assert derivative.value(at) == pytest.approx(value, rel=1e-15)
    assert adcalc.parse(printed).value(at) == pytest.approx(value, rel=1e-15)
    assert adcalc.parse(program).gradient_formulas([by])[by].constants == derivative.constants
