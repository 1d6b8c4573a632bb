"""Formulas of a size that nobody types and some program writes: deep, long, shared, nested, enormous.

Nothing here may hit a recursion limit, take more time or memory than the text is long, or bring Python
down when it is thrown away.  Expected figures are closed forms, loops over floats, or mpmath's.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest

import adcalc

DEEP = 100_000
OPERATORS = 20_000
EXACT = ("reverse", "dual", "symbolic")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails if what is done takes far longer than it should."""
    start = perf_counter()
    yield
    assert perf_counter() - start < seconds


# Deep


def test_brackets() -> None:
    """100,000 pairs of brackets about x are x."""
    function = adcalc.parse("(" * DEEP + "x" + ")" * DEEP)
    assert str(function) == "x"
    assert function.value(x=3) == 3.0
    assert function.gradient({"x": 3}).partials == {"x": 1.0}


@pytest.mark.parametrize(("opening", "closing"), [("(", ""), ("", ")"), ("sin(", "")])
def test_brackets_that_do_not_pair(opening: str, closing: str) -> None:
    """100,000 brackets without partners are refused at one of them."""
    text = opening * DEEP + "x" + closing * DEEP
    with pytest.raises(adcalc.Problem) as caught:
        adcalc.parse(text)
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] in "()"


@pytest.fixture(scope="module")
def nested_sines() -> adcalc.Function:
    """sin(sin(...(x))), 100,000 deep."""
    return adcalc.parse("sin(" * DEEP + "x" + ")" * DEEP)


def test_nested_sines_as_text(nested_sines: adcalc.Function) -> None:
    """The text of a deep formula is the text it was read from."""
    assert str(nested_sines) == "sin(" * DEEP + "x" + ")" * DEEP


def sines(times: int) -> tuple[float, float]:
    """Value and slope of nested sines at 1, by a loop."""
    value, slope = 1.0, 1.0
    for _ in range(times):
        value, slope = math.sin(value), slope * math.cos(value)
    return value, slope


@pytest.mark.parametrize("backend", ["reverse", "dual"])
def test_nested_sines(nested_sines: adcalc.Function, backend: str) -> None:
    """Value and slope of 100,000 nested sines are those of a loop."""
    value, slope = sines(DEEP)
    found = nested_sines.gradient({"x": 1}, backend=backend)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.partials["x"] == pytest.approx(slope, rel=1e-9)


def test_derivative_of_nested_sines() -> None:
    """The derivative of 20,000 nested sines is a formula, and its value that of a loop."""
    derivative = adcalc.parse("sin(" * OPERATORS + "x" + ")" * OPERATORS).diff("x")
    assert derivative.value(x=1) == pytest.approx(sines(OPERATORS)[1], rel=1e-9)


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("-" * OPERATORS + "x", 2, 1),
        ("+" * OPERATORS + "x", 2, 1),
        ("2^" * OPERATORS + "x", math.inf, None),
        ("1 if x < 0 else " * 5_000 + "x", 2, 1),
        ("not " * OPERATORS + "x", 1, 0),
        ("√" * 1_000 + "x", 2**2**-1000, None),
        ("x" + " and x" * OPERATORS, 1, 0),
        ("x" + "/1" * OPERATORS, 2, 1),
        ("0 < " * 2 + "x" + " < 9" * 2 + " < 10" * 5_000, 0, 0),
    ],
    ids=["minus", "plus", "power", "conditional", "not", "root", "and", "quotient", "chain"],
)
def test_deep_operators(text: str, value: float, slope: float | None) -> None:
    """Operators of every kind, one within the other, are read and carried out."""
    function = adcalc.parse(text)
    assert adcalc.parse(str(function)).expr is function.expr
    found = function.gradient({"x": 2})
    assert found.value == value
    if slope is not None:
        assert found.partials["x"] == slope


def test_deep_formulas_are_thrown_away() -> None:
    """A formula 300,000 deep is freed without overflowing the C stack; tried in a process of its own."""
    code = (
        "import gc\n"
        "from adcalc.ir.expr import apply, variable\n"
        "from adcalc.table import PRIMITIVES\n"
        "node = variable('x')\n"
        "for _ in range(300_000):\n"
        "    node = apply(PRIMITIVES['sin'], node)\n"
        "del node\n"
        "gc.collect()\n"
        "from adcalc.ir.expr import _living\n"
        "print('freed', len(_living) < 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "freed True\n", "")


# Long


TERMS = 200_000


@pytest.fixture(scope="module")
def long_sum() -> adcalc.Function:
    """x + x*y + x + x*y + ..., 200,000 terms."""
    return adcalc.parse(" + ".join(["x", "x*y"] * (TERMS // 2)))


def test_long_sum(long_sum: adcalc.Function) -> None:
    """Value and gradient of a sum of 200,000 terms."""
    found = long_sum.gradient({"x": 3, "y": 2})
    assert found.value == 9 * TERMS / 2
    assert found.partials == {"x": 3 * TERMS / 2, "y": 3 * TERMS / 2}


def test_derivative_of_a_long_sum(long_sum: adcalc.Function) -> None:
    """The derivative of a sum of 200,000 terms has two when like terms are collected."""
    assert str(long_sum.diff("x")) == "100000*y + 100000"


def test_sum_of_different_terms() -> None:
    """The derivative of 20,000 different multiples of x is one number, Gauss's."""
    function = adcalc.parse(" + ".join(f"x*{k}" for k in range(1, 20_001)))
    assert function.gradient({"x": 3}).partials == {"x": 200_010_000.0}
    assert str(function.diff("x")) == "200010000"


def test_sum_of_many_variables() -> None:
    """2,000 variables have their gradient in one sweep back."""
    count = 2_000
    function = adcalc.parse(" + ".join(f"{k}*x{k}^2" for k in range(count)))
    found = function.gradient(dict.fromkeys(function.variables, 1.5))
    assert list(found.partials.values()) == [3.0 * k for k in range(count)]


def test_many_arguments() -> None:
    """A maximum of 1,000 arguments has one slope 1, at the largest."""
    function = adcalc.parse(f"max({', '.join(f'x - {abs(k - 777)}*y' for k in range(1_000))})")
    assert function.gradient({"x": 5, "y": 1}).partials == {"x": 1.0, "y": 0.0}


def test_many_statements() -> None:
    """A program of 20,000 statements is carried out from top to bottom."""
    program = adcalc.parse("s = x\n" + "s = s + x*x\n" * 20_000 + "s")
    assert program.value(x=2) == 80_002.0
    assert program.gradient({"x": 2}).partials == {"x": 80_001.0}


def test_many_definitions() -> None:
    """300 functions, each of which calls the one before, are put together."""
    lines = ["f0(t) = t"] + [f"f{k}(t) = f{k - 1}(t) + t" for k in range(1, 300)]
    assert adcalc.gradient("\n".join([*lines, "f299(x)"]), {"x": 3}).partials == {"x": 300.0}


def test_long_name_and_number() -> None:
    """A name and a number of 100,000 characters are a name and a number."""
    name, digits = "x" * DEEP, "0." + "3" * DEEP
    assert adcalc.gradient(f"{name}*{digits}", {name: 3}).partials == {name: 1 / 3}


# Enormous


@pytest.mark.parametrize(
    ("text", "wanted"), [("9^9^9^9", math.inf), ("9^9^9^9 - 1", math.inf), ("0.5^9^9^9^9", 0), ("1e308*10", math.inf)]
)
def test_enormous_numbers(text: str, wanted: float) -> None:
    """A number of more digits than atoms is infinity at once, or 0."""
    with within(5):
        assert adcalc.value(text) == wanted


@pytest.mark.parametrize("backend", EXACT)
def test_enormous_numbers_with_a_derivative(backend: str) -> None:
    """A formula that overflows says where it begins, at 9^9^9, with every backend, and soon."""
    with within(5):
        found = adcalc.gradient("x + 9^9^9^9", {"x": 1}, backend=backend)
    assert found.value == math.inf
    assert [(warning.kind, warning.span) for warning in found.warnings] == [("not finite", (6, 11))]


def test_power_tower() -> None:
    """x^x^x^..., 2,000 high, has at 1/2 the limit of Lambert's function, and its slope (mpmath)."""
    tower = adcalc.parse("^".join("x" * 2_000))
    # y = x^y has the slope y^2/(x*(1 - y*log(x))).
    y = 0.64118574450498598449
    found = tower.gradient({"x": 0.5})
    assert found.value == pytest.approx(y, rel=1e-13)
    assert found.partials["x"] == pytest.approx(y * y / (0.5 * (1 + y * math.log(2))), rel=1e-12)
    assert tower.gradient({"x": 1}).partials == {"x": 1.0}


# Nested derivatives


def test_nested_diff() -> None:
    """`diff` 30 deep takes 30 derivatives: x^30 becomes 30 factorial."""
    text = "diff(" * 30 + "x^30" + ", x)" * 30
    assert adcalc.value(text, {"x": 2}) == pytest.approx(math.factorial(30), rel=1e-15)


def test_nested_diff_of_products() -> None:
    """x*diff(x*diff(...)) 30 deep: the operator x*d/dx leaves x^2 as it is but for 2^30."""
    text = "x*diff(" * 30 + "x^2" + ", x)" * 30
    assert adcalc.gradient(text, {"x": 3}).partials == {"x": 6.0 * 2**30}


def test_high_orders() -> None:
    """The 100th derivative of a polynomial and of an exponential function are there, the 101st is refused."""
    assert adcalc.value("diff(x^99, x, 100)", {"x": 2}) == 0.0
    assert adcalc.value("diff(exp(2x), x, 100)", {"x": 0}) == 2.0**100
    with pytest.raises(adcalc.Problem):
        adcalc.parse("diff(x, x, 101)")


# Shared


def bomb(step: str, times: int) -> adcalc.Function:
    """A program whose result, written out, would be longer than anything."""
    return adcalc.parse("a = x\n" + f"a = {step}\n" * times + "a")


@pytest.mark.parametrize("backend", EXACT)
def test_sharing_bomb(backend: str) -> None:
    """a = a + a 200 times has the slope 2^200, with every backend."""
    found = bomb("a + a", 200).gradient({"x": 1}, backend=backend)
    assert found.value == 2.0**200
    assert found.partials == {"x": 2.0**200}


@pytest.mark.parametrize(
    "step", ["a + a", "a*a", "sin(a)*a + cos(a)", "a + x/(1 + a^2)", "max(a, a/2)", "a if a > 0 else a*a"]
)
def test_text_of_shared_formulas_is_bounded(step: str) -> None:
    """The text of what is shared 200 times is no longer than the program, and means the same; so its derivative."""
    function = bomb(step, 200)
    text = str(function)
    assert len(text) < 20_000
    assert adcalc.parse(text).expr is function.expr
    derivative = str(function.diff("x"))
    assert len(derivative) < 60_000
    assert str(adcalc.parse(derivative)) == derivative


@pytest.mark.parametrize("backend", EXACT)
def test_hessian_of_a_shared_formula(backend: str) -> None:
    """a = a*a 8 times is x^256, whose second derivative at 1 is 256*255."""
    assert bomb("a*a", 8).hessian({"x": 1}, backend=backend).matrix == [[65_280.0]]


def test_defined_functions_do_not_swell() -> None:
    """f(f(f(...))) of a function that uses its argument twice, 100 deep, stays small."""
    function = adcalc.parse("f(t) = t + t; " + "f(" * 100 + "x" + ")" * 100)
    assert function.gradient({"x": 1}).partials == {"x": 2.0**100}
    assert len(str(function)) < 10_000
