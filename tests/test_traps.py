"""Formulas at which calculators are known to be silently wrong: here they are right, or say so.

The numbers in the ids are those of a survey of JAX, PyTorch, TensorFlow, autograd, CasADi, SymPy and
others.  Each trap has one of three outcomes: the right figures without a word; or a warning or a
problem that points at the place in the formula; or, where only a better method finds the figures, either
of the two.  A wrong number without a word fails in every case.  True values are from mpmath, 60 digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log
from typing import Any, Literal

import pytest

import adcalc
from adcalc.backends.numeric import Numeric
from adcalc.errors import Caution, DomainProblem, InputProblem, MethodProblem, NameProblem, Problem, SyntaxProblem

EXACT = ("reverse", "dual", "symbolic")

Outcome = Literal["right", "said", "right or said"]


@dataclass(frozen=True)
class Trap:
    """A formula at a point, and what becomes of it; None for a figure that does not exist."""

    number: str
    formula: str
    at: Mapping[str, float]
    outcome: Outcome
    value: float | None = None
    gradient: Sequence[float | None] = ()
    hessian: Sequence[Sequence[float]] | None = None
    wrt: Sequence[str] = ()
    tolerance: float = 1e-15
    """Relative."""


def said(number: str, formula: str, *gradient: float | None, **at: float) -> Trap:
    """A trap at which there is no derivative, or only a one-sided one: it must be said."""
    return Trap(number, formula, at, "said", None, gradient)


def right(
    number: str, formula: str, value: float | None, *gradient: float, tolerance: float = 1e-15, **at: float
) -> Trap:
    """A trap with an answer, which must be found."""
    return Trap(number, formula, at, "right", value, gradient, tolerance=tolerance)


def either(number: str, formula: str, value: float | None, *gradient: float, **at: float) -> Trap:
    """A trap with an answer that takes more than rules to find: it is found, or it is said."""
    return Trap(number, formula, at, "right or said", value, gradient)


LSE = "log(exp(x) + exp(y))"
NEAR, FAR = 0.26894142136999512075, 0.73105857863000487925
DEVIATION = "m = (x + y)/2; sqrt(((x - m)^2 + (y - m)^2)/2)"
EIGENVALUE = "(a + d)/2 - sqrt(((a - d)/2)^2 + b^2)"

TRAPS = [
    # branches
    Trap("1", "where(x>0,sqrt(x),0)", {"x": -1}, "right", 0, [0], [[0]]),
    said("2", "where(x>0,sqrt(x),0)", x=0),
    either("4", "where(x==2,4,x^2)", 4, 4, x=2),
    right("5", "where(x<1,exp(x),x)", 1000, 1, x=1000),
    right("7", "where(x>0,log(x),x)", -1, 1, x=-1),
    either("8", "where(x>0,x,x)", 0, 1, x=0),
    either("8b", "x if x>0 else x if x<0 else 0", 0, 1, x=0),
    either("10", "max(x, e^x-1, ((x+1)^2-1)/2)", 0, 1, x=0),
    # kinks and ties
    said("11", "abs(x)", x=0),
    said("13", "max(x,-x)", x=0),
    said("14", "max(x,0)", x=0),
    said("16", "max(x,y)", x=2, y=2),
    said("17", "min(max(x,0),1)", x=1),
    Trap("19", "abs(x)^3", {"x": 0}, "right", 0, [0], [[0]]),
    said("20 sign", "sign(x)", x=0),
    said("20 floor", "floor(x)", x=2),
    said("20 mod", "x%2", x=4),
    said("22", "acos(cos(x))", x=0),
    said("23 sqrt", "sqrt(x^2+y^2)", x=0, y=0),
    said("23 hypot", "hypot(x,y)", x=0, y=0),
    said("25", DEVIATION, x=3, y=3),
    said("26", EIGENVALUE, a=1, d=1, b=0),
    # powers, roots and logarithms at the edge
    Trap("28", "x^y", {"x": 0, "y": 2}, "right", 0, [0, 0], [[2, 0], [0, 0]]),
    said("29", "x^y", inf, 0, x=0, y=0.5),
    said("31", "x^x", -inf, x=0),
    Trap("32 square", "x^2", {"x": -3}, "right", 9, [-6], [[2]]),
    Trap("32 by x", "x^y", {"x": -3, "y": 2}, "right", 9, [-6], [[2]], wrt=["x"]),
    said("32 by both", "x^y", x=-3, y=2),
    right("34", "x^1.5", 0, 0, x=0),
    either("35", "x*sqrt(x)", 0, 0, x=0),
    said("37", "x^(1/3)", x=-8),
    right("37 cbrt", "cbrt(x)", -2, 1 / 12, x=-8),
    said("38", "x^(1/3)", inf, x=0),
    said("38 cusp", "(x^2)^(1/3)", x=0),
    said("40", "log(x)", x=-1),
    said("41 sqrt", "sqrt(x)", inf, x=0),
    said("41 asin", "asin(x)", inf, x=1),
    said("41 acosh", "acosh(x)", inf, x=1),
    said("43 logit", "log(x/(1-x))", x=1),
    said("43 atanh", "atanh(x)", x=1),
    said("43 pole", "1/x", x=0),
    said("44", "x/x", x=0),
    said("44 sinc", "sin(x)/x", x=0),
    either("46", "exp(-1/x^2)", 0, 0, x=0),
    said("47", "atan2(y,x)", y=0, x=0),
    said("47 cut", "atan2(y,x)", -1, 0, y=0, x=-1),
    # overflow, cancellation, accuracy
    right("49", LSE, 1001.3132616875182228, NEAR, FAR, x=1000, y=1001),
    right("50", LSE, -999.68673831248177717, FAR, NEAR, x=-1000, y=-1001),
    right("52", "1/(1+exp(-x))", 0, 0, x=-1000),
    right("53", "log(1/(1+exp(-x)))", -1000, 1, x=-1000),
    right("55", "(exp(x)-exp(-x))/(exp(x)+exp(-x))", 1, 0, x=400),
    right("56", "tanh(x)", 1, 1.6993417021166355837e-17, x=20),
    right("58", "exp(x)*exp(-x)", 1, 0, x=800),
    right("59", "sqrt(x^2+y^2)", 1.414213562373095006e200, math.sqrt(0.5), math.sqrt(0.5), x=1e200, y=1e200),
    right("59 small", "sqrt(x^2+y^2)", 1.4142135623730950235e-200, math.sqrt(0.5), math.sqrt(0.5), x=1e-200, y=1e-200),
    right("59 hypot", "hypot(x,y)", 1.414213562373095006e200, math.sqrt(0.5), math.sqrt(0.5), x=1e200, y=1e200),
    right("59 hypot small", "hypot(x,y)", 1.4142135623730950235e-200, math.sqrt(0.5), math.sqrt(0.5), x=1e-200, y=1e-200),
    right("61", "log(1+x)", 1e-20, 1, x=1e-20),
    right("62", "log(1-exp(x))", -46.051701859880913735, -1e20, x=-1e-20),
    Trap("64", "(1-cos(x))/x^2", {"x": 1e-8}, "right", 0.5, [-8.3333333333333334521e-10], [[-0.083333333333333331667]]),
    Trap("65", "sqrt(x^2+1)-x", {"x": 1e8}, "right", 4.999999999999999875e-9, [-4.999999999999999625e-17], [[1e-24]]),
    right("67 log1p", "log1p(x)", 9.9999999995000003644e-11, 0.9999999999, x=1e-10),
    right("67 expm1", "expm1(x)", 1.0000000000500000364e-10, 1.0000000001, x=1e-10),
    right("67 erf(5)", "erf(x)", 0.99999999999846254021, 1.5670866531017335308e-11, x=5),
    right("67 erf(0)", "erf(x)", 0, 1.1283791670955125739, x=0),
    Trap("68", "lgamma(x)", {"x": -0.5}, "right", 1.2655121234846453965, [0.036489973978576520559], [[8.9348022005446793094]]),
    Trap("68 at 200", "lgamma(x)", {"x": 200}, "right", 857.93366982585743682, [5.2958152832199116155],
         [[0.0050125208332291685267]]),
    right("70", "tan(x)", 16331239353195369.756, 2.667093788113571191e32, x=math.pi / 2),
    said("71", "acos(x)", x=1 + 1e-12),
    right("71 inside", "acos(x)", 1.4141979198683932128e-6, -707114.60252564535451, x=1 - 1e-12),
    said("73", LSE, x=-inf, y=-inf),
    said("73 logaddexp", "logaddexp(x,y)", x=-inf, y=-inf),
    # where finite differences fail
    right("74", "sin(x)", -0.48750602508751069153, 0.87311962267685600118, x=1e10),
    right("76", "tan(x)", 1255.7655915007896475, 1576948.2207973280965, x=1.57),
    right("76 fast", "sin(1/x)", -0.50636564110976058872, -8623.1887228768284412, x=0.01),
    right("77", "1e10+1e-3*x", 10000000000.001, 1e-3, x=1),
    right("79", "exp(x)", 1.6549840276802644031e308, 1.6549840276802644031e308, x=709.7),
    right("80", "diff(exp(x),x,8)", math.e, math.e, x=1),
    right("83", "diff(x*diff(x+y,y),x)", 1, 0, 0, x=5, y=1),
    # reading the input
    right("95", "log2(x)", 3, 0.18033688011112042592, x=8),
    right("97 e^x", "e^x", math.e, math.e, x=1),
    right("97 names", "lambda*x + N*S + I*beta", 77, 3, 2, 7, 5, 9, 4, x=3, N=5, S=7, I=4, beta=9, **{"lambda": 2}),
    right("100 power", "x^2", 49, 14, x=7),
    right("100 juxtaposed", "1e3x", 3000, 1000, x=3),
    right("100 dot", "x·y", 12, 4, 3, x=3, y=4),
    right("100 minus", "x−y", -1, 1, -1, x=3, y=4),
    right("100 half", "½x", 1.5, 0.5, x=3),
    right("100 subscript", "x₁^2", 9, 6, **{"x₁": 3}),
    right("101 negative", "x^3", -27, 27, x=-3),
]  # fmt: skip


def point_at(warnings: Sequence[Caution], formula: str) -> bool:
    """Whether some warning points at a place in the formula."""
    spans = [warning.span for warning in warnings if warning.span is not None]
    return any(0 <= start < end <= len(formula) for start, end in spans)


def points_at(problem: Problem, formula: str) -> bool:
    """Whether a problem points at a place in the formula."""
    if problem.span is None or problem.source is None or problem.source.text != formula:
        return False
    start, end = problem.span
    return 0 <= start < end <= len(formula)


def close(found: float, wanted: float, tolerance: float) -> bool:
    """Equal to some relative tolerance; so small that a double's range ends counts as 0."""
    return found == wanted or (wanted != 0 and math.isclose(found, wanted, rel_tol=tolerance))


def is_right(trap: Trap, found: Any) -> bool:
    """Whether all known figures are met."""
    if trap.value is not None and not close(found.value, trap.value, trap.tolerance):
        return False
    wanted = zip(found.partials.values(), trap.gradient, strict=True)
    if not all(
        close(figure, figure_wanted, trap.tolerance) for figure, figure_wanted in wanted if figure_wanted is not None
    ):
        return False
    if trap.hessian is None:
        return True
    entries = zip([e for row in found.matrix for e in row], [e for row in trap.hessian for e in row], strict=True)
    return all(close(entry, wanted_entry, trap.tolerance) for entry, wanted_entry in entries)


def answer(trap: Trap, backend: str) -> Any:
    """What a backend says to a trap: figures with warnings, or a problem."""
    function = adcalc.parse(trap.formula)
    ask = function.gradient if trap.hessian is None else function.hessian
    try:
        return ask(trap.at, [*trap.wrt] or None, backend)
    except DomainProblem as problem:
        return problem


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.number)
def test_trap(trap: Trap, backend: str) -> None:
    """Every trap has its outcome with every exact backend."""
    found = answer(trap, backend)
    if isinstance(found, Problem):
        assert trap.outcome != "right", found
        assert not trap.gradient or trap.outcome == "right or said", found
        assert points_at(found, trap.formula), found
        return
    spoken = point_at(found.warnings, trap.formula)
    if trap.outcome == "right":
        assert is_right(trap, found), found
    elif trap.outcome == "said":
        assert spoken, found
        assert not trap.gradient or is_right(trap, found), found
    else:
        assert spoken or is_right(trap, found), found


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(
    "trap", [t for t in TRAPS if t.outcome == "right" and t.number != "70"], ids=lambda t: t.number
)
def test_a_right_answer_comes_without_warning(trap: Trap, backend: str) -> None:
    """Where everything is in order nothing is said; the pole beside 70 may be mentioned."""
    assert [w for w in answer(trap, backend).warnings if w.kind not in ("name", "unused")] == []


@pytest.mark.parametrize("backend", EXACT)
def test_second_derivative_at_the_rim(backend: str) -> None:
    """Trap 34: x^1.5 at 0 has the slope 0 and an infinite second derivative, which is said."""
    found = adcalc.hessian("x^1.5", {"x": 0}, backend=backend)
    assert found.partials == {"x": 0.0}
    assert found.matrix == [[inf]]
    assert [warning.kind for warning in found.warnings] == ["not finite"]


# Difference quotients


HONEST = [
    trap for trap in TRAPS if trap.number in {"67 erf(5)", "74", "76", "76 fast", "77", "79", "80", "64", "65", "5"}
]


@pytest.mark.parametrize("trap", HONEST, ids=lambda trap: trap.number)
def test_numeric_estimates_are_honest(trap: Trap) -> None:
    """Where difference quotients are known to fail, the error they report covers the one they make."""
    found = adcalc.gradient(trap.formula, trap.at, backend="numeric")
    assert found.error_estimate is not None
    for name, wanted in zip(found.partials, trap.gradient, strict=True):
        assert wanted is not None
        miss = abs(found.partials[name] - wanted)
        assert miss <= found.error_estimate[name] + 4 * math.ulp(wanted), (miss, found)


@pytest.mark.parametrize(
    "trap", [t for t in HONEST if t.number in {"74", "76", "76 fast", "79", "80"}], ids=lambda t: t.number
)
def test_numeric_finds_what_others_miss(trap: Trap) -> None:
    """Traps 74 to 80: with extrapolation the slope is known to six digits and more."""
    found = adcalc.gradient(trap.formula, trap.at, backend="numeric")
    assert list(found.partials.values()) == pytest.approx(list(trap.gradient), rel=1e-6)


@pytest.mark.parametrize(
    ("formula", "at", "span"), [("abs(x)", 0, (0, 6)), ("max(x, 0)", 0, (0, 9)), ("x + floor(x)", 2.5, (4, 12))]
)
def test_complex_step_refuses(formula: str, at: float, span: tuple[int, int]) -> None:
    """Trap 82: a complex step through what is not analytic is refused, and the place is shown."""
    with pytest.raises(MethodProblem) as caught:
        adcalc.gradient(formula, {"x": at}, backend=Numeric(method="complex"))
    assert caught.value.span == span


# Reading the input


REFUSED: list[tuple[str, str, type[Problem], tuple[int, int], Sequence[str]]] = [
    ("94", "1/2x", SyntaxProblem, (0, 4), ["`1/2*x`", "`1/(2*x)`"]),
    ("94 mod", "7%2x", SyntaxProblem, (0, 4), ["`7%2*x`", "`7%(2*x)`"]),
    ("97 f(x)", "f(x)", NameProblem, (0, 1), ["define"]),
    ("97 N", "N(x)", NameProblem, (0, 1), ["N*(x)"]),
    ("98 gradient", "gradient(x^2+y^2)", NameProblem, (0, 8), []),
    ("98 hessian", "hessian(x^2+y^2)", NameProblem, (0, 7), []),
    ("98 dif", "dif(x^2)", NameProblem, (0, 3), ["`diff`"]),
    ("98 sn", "1 + sn(x)", NameProblem, (4, 6), ["`sin`"]),
    ("98 sinx", "2*sinx", NameProblem, (2, 6), ["`sin(x)`"]),
    ("100 dots", "0.5.x", SyntaxProblem, (3, 4), []),
    ("100 number", "x + 1e400", SyntaxProblem, (4, 9), []),
    ("100 side by side", "x y", SyntaxProblem, (0, 3), ["*"]),
    ("100 quote", "'x'", SyntaxProblem, (0, 1), []),
]


@pytest.mark.parametrize(
    ("number", "formula", "kind", "span", "hints"), REFUSED, ids=lambda each: each if isinstance(each, str) else ""
)
def test_refused(number: str, formula: str, kind: type[Problem], span: tuple[int, int], hints: Sequence[str]) -> None:
    """What can be read in two ways, or not at all, is refused at its place with what to write instead."""
    with pytest.raises(kind) as caught:
        adcalc.parse(formula)
    assert type(caught.value) is kind
    assert caught.value.span == span, number
    assert all(hint in caught.value.hint for hint in hints), caught.value.hint


@pytest.mark.parametrize("x", [2.0, 3.0])
def test_a_comparison_is_a_test(x: float) -> None:
    """Trap 100: `x==2` asks, it does not assign and does not compare formulas."""
    assert adcalc.value("x==2", {"x": x}) == (1.0 if x == 2.0 else 0.0)


def test_value_for_a_variable_that_is_not_there() -> None:
    """Trap 101: a value that nothing uses is mentioned, with the name that was meant."""
    (warning,) = adcalc.parse("speed^2").gradient({"speed": 3, "sped": 4}).warnings
    assert warning.kind == "unused"
    assert "`sped`" in warning.message
    assert warning.hint == "did you mean `speed`?"


def test_variable_without_a_value() -> None:
    """Trap 101: a variable without a value is a problem at its place."""
    with pytest.raises(NameProblem) as caught:
        adcalc.value("x + y", {"x": 1})
    assert caught.value.span == (4, 5)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1/3", 1 / 3), ("-3", -3.0), ("pi/2", math.pi / 2), ("2^0.5", math.sqrt(2)), ("log(2)", log(2)), ("inf", inf)],
)
def test_coordinates_are_constant_formulas(text: str, wanted: float) -> None:
    """Trap 101: a coordinate may be written as a formula and is worked out exactly."""
    assert adcalc.value("x", {"x": text}) == wanted


def test_coordinates_that_are_none() -> None:
    """Trap 101: nan passes through, a number too large is refused, so is a formula with a variable."""
    assert math.isnan(adcalc.value("x", {"x": "nan"}))
    with pytest.raises(SyntaxProblem) as caught:
        adcalc.value("x", {"x": "1e400"})
    assert caught.value.span == (0, 5)
    with pytest.raises(InputProblem) as refused:
        adcalc.value("x", {"x": "2*y"})
    assert refused.value.span == (2, 3)
