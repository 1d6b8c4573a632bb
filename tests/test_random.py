"""Formulas nobody thought of: printing, differentiating and simplifying random ones, and reading noise.

Hypothesis makes up formulas over the smooth part of the table, points to take them at, and texts that are
no formulas at all.  Nothing is known about them but what holds for every formula: it reads back as it was
printed, three ways to differentiate agree, difference quotients confirm them, and whatever cannot be read
is refused at its place.  The examples are the same in every run.
"""

from __future__ import annotations

import itertools
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adcalc
from adcalc.algebras.multiprecision import Multiprecision
from adcalc.algebras.text import written
from adcalc.ir.expr import Apply, Expr, Number, apply, number, topological, variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate, lowered
from adcalc.results import Gradient
from adcalc.symbolic.simplify import simplified
from adcalc.table import CALLABLE, PRIMITIVES, SCALAR

EXACT = ("reverse", "dual", "symbolic")
NAMES = ("x", "y", "t1")

repeatable = settings(derandomize=True, deadline=None, max_examples=120)
often = settings(derandomize=True, deadline=None, max_examples=400)

#: Rows of one argument without kinks; those with a domain have it checked by every backend alike.
UNARY = [
    row for row in SCALAR if row.arity == (1, 1) and not row.kinks and row.partials[0] != "0" and row.name != "neg"
]
BINARY = [PRIMITIVES[name] for name in "+-*/"]

leaves: st.SearchStrategy[Expr] = st.one_of(
    st.sampled_from([variable(name) for name in NAMES]),
    st.integers(-4, 9).map(number),
    st.sampled_from([0.5, 0.25, -1.5, 2.75, 1e-200, 1e200]).map(number),
    st.sampled_from(["pi", "e"]).map(lambda name: apply(PRIMITIVES[name])),
)


def negative(operand: Expr) -> Expr:
    """The negative; of a number the negative number, as the parser has it."""
    return number(-operand.value) if isinstance(operand, Number) else apply(PRIMITIVES["neg"], operand)


def grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """One more operation on top."""
    return st.one_of(
        inner.map(negative),
        st.builds(apply, st.sampled_from(BINARY), inner, inner),
        st.builds(apply, st.sampled_from(UNARY), inner),
        st.builds(lambda base, n: apply(PRIMITIVES["^"], base, number(n)), inner, st.sampled_from([-2, -1, 2, 3, 0.5])),
    )


def mixed(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """One more operation on top, of any kind that can be written."""
    return st.one_of(
        grown(inner),
        st.builds(apply, st.sampled_from([row for row in SCALAR if row.arity == (2, 2)]), inner, inner),
        st.builds(
            apply,
            st.sampled_from([PRIMITIVES["max"], PRIMITIVES["hypot"]]),
            inner,
            inner,
            inner,
        ),
        st.builds(lambda *parts: apply(PRIMITIVES["where"], *parts), inner, inner, inner),
        st.builds(apply, st.sampled_from([row for row in SCALAR if row.arity == (1, 1) and row.name != "neg"]), inner),
    )


smooth = st.recursive(leaves, grown, max_leaves=8)
formulas = st.recursive(leaves, mixed, max_leaves=14)
coordinates = st.one_of(st.floats(-3, 3), st.sampled_from([-2.0, -1.0, 0.5, 1.0, 2.0, 3.0])).map(lambda x: round(x, 6))
points = st.fixed_dictionaries(dict.fromkeys(NAMES, coordinates))


# Printing


@often
@given(formulas)
def test_text_reads_back(expr: Expr) -> None:
    """What is printed is read as the same formula, the very same object, and prints the same."""
    text = written(expr)
    read = adcalc.parse(text)
    assert read.expr is expr, text
    assert str(read) == text


PROGRAMS = [
    "a = 2; -a",
    "a = -2; a^2 - -a",
    "f(t) = -t; f(2) + f(x)",
    "f(t) = -t; f(-2)*f(f(2))",
    "normal_logcdf'(0.25)",
    "a = x + 1; b = a*a; b/a - b",
    "diff(-x^2*y, x)",
    "c = 2; c -= 5; -c^2",
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_becomes_a_formula(text: str) -> None:
    """With everything put in its place a program is a formula, which reads back as it is printed."""
    function = adcalc.parse(text)
    assert adcalc.parse(str(function)).expr is function.expr, str(function)


@repeatable
@given(formulas, st.sampled_from(NAMES))
def test_printed_derivatives_are_fixed(expr: Expr, name: str) -> None:
    """The text of a first and of a second derivative is read as the formula that it was printed from."""
    function = adcalc.parse(written(expr))
    if name not in function.variables:
        return
    for order in (1, 2):
        if any(not row.partials[i] for row in _rows(expr) for i in range(len(row.partials))):
            return
        derivative = function.diff(name, order=order)
        again = adcalc.parse(str(derivative))
        assert again.expr is derivative.expr, str(derivative)
        assert str(again) == str(derivative)


def _rows(expr: Expr) -> set[Primitive]:
    return {node.primitive for node in topological([expr]) if isinstance(node, Apply)}


# Derivatives


def asked(function: adcalc.Function, point: dict[str, float], backend: str) -> Gradient | adcalc.Problem:
    """A gradient or the problem that stands in its way."""
    try:
        return function.gradient(point, NAMES, backend)
    except adcalc.Problem as problem:
        return problem


def everywhere(expr: Expr) -> adcalc.Function:
    """A formula as a function of all the names, also of those it does not have."""
    return adcalc.parse(f"{written(expr)} + 0*({' + '.join(NAMES)})")


def agree(first: float, second: float) -> bool:
    """Equal to nine digits, both not finite, or one of them undecided: 0*sqrt(x) at 0 has a slope to algebra only."""
    if math.isnan(first) or math.isnan(second):
        return True
    if math.isinf(first) or math.isinf(second):
        return first == second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-300)


@often
@given(smooth, points)
def test_three_ways_to_differentiate_agree(expr: Expr, point: dict[str, float]) -> None:
    """Reverse, dual and symbolic have the same gradient to nine digits, or the same reason for none."""
    function = everywhere(expr)
    reverse, *others = found = [asked(function, point, backend) for backend in EXACT]
    for each in found:
        # What is not a number never comes without a word.
        assert isinstance(each, adcalc.Problem) or each.finite or each.warnings, each
    for other in others:
        if isinstance(reverse, adcalc.Problem) or isinstance(other, adcalc.Problem):
            assert type(reverse) is type(other), (reverse, other)
            continue
        if any(warning.kind == "precision" for found in (reverse, other) for warning in found.warnings):
            # Digits lost to rounding are lost in each way differently, and every answer says so.
            continue
        assert agree(reverse.value, other.value)
        for name in NAMES:
            assert agree(reverse.partials[name], other.partials[name]), (name, reverse, other)


@often
@given(smooth, points)
def test_difference_quotients_confirm_the_gradient(expr: Expr, point: dict[str, float]) -> None:
    """The numeric gradient is as near to the exact one as its error estimate says."""
    function = everywhere(expr)
    exact, numeric = asked(function, point, "reverse"), asked(function, point, "numeric")
    if isinstance(exact, adcalc.Problem) or isinstance(numeric, adcalc.Problem):
        return
    assert numeric.error_estimate is not None
    for name in NAMES:
        truth, found, error = exact.partials[name], numeric.partials[name], numeric.error_estimate[name]
        if math.isfinite(truth) and math.isfinite(found):
            assert abs(found - truth) <= error + 1e-12 * abs(truth), (name, point, exact, numeric)


@often
@given(smooth, points)
def test_simplifying_keeps_the_value(expr: Expr, point: dict[str, float]) -> None:
    """Where a formula has a value its canonical form has the same, with 60 digits to tell."""
    algebra = Multiprecision(60)
    (tidy,) = simplified([expr])
    program = lowered([expr, tidy])
    values = evaluate(program, algebra, {name: algebra.const(value) for name, value in point.items()})
    if not all(algebra.context.isfinite(values[index]) for index in range(program.outputs[0] + 1)):
        return
    before, after = values[program.outputs[0]], values[program.outputs[1]]
    assert algebra.context.almosteq(before, after, 1e-12, algebra.context.mpf("1e-50")), written(tidy)


@repeatable
@given(smooth)
def test_simplifying_twice_is_simplifying_once(expr: Expr) -> None:
    """The canonical form is canonical: simplified once more it is the same object."""
    (once,) = simplified([expr])
    (twice,) = simplified([once])
    assert twice is once, (written(expr), written(once), written(twice))


@pytest.mark.parametrize(
    "text", ["(x*(-y))^(-1)", "(-(x*pi))^(-1)", "(2*x*y)^(-1)", "(-(-2^(-2)))^(-1)", "(x/y)^(-1)*y"]
)
def test_reciprocals_are_quotients(text: str) -> None:
    """A power -1 of a product is the quotient that it would be written as, and in the same canonical form."""
    (once,) = simplified([adcalc.parse(text).expr])
    (twice,) = simplified([once])
    assert twice is once, (written(once), written(twice))


def test_shared_parts_stay_shared() -> None:
    """A nest q = sin(q)*q + 1, 12 deep, has a derivative of under 200 operations, and as short a text."""
    nest = adcalc.parse("q = x; " + "q = sin(q)*q + 1; " * 12 + "q")
    derivative = nest.diff("x")
    assert lowered([derivative.expr]).operations < 200
    assert len(re.findall(r"[a-z]+\(|[-+*/^]", str(derivative))) < 200
    q, slope = 0.5, 1.0
    for _ in range(12):
        q, slope = math.sin(q) * q + 1, (math.cos(q) * q + math.sin(q)) * slope
    assert math.isclose(derivative.value(x=0.5), slope, rel_tol=1e-12)
    assert math.isclose(nest.value(x=0.5), q, rel_tol=1e-12)


# Noise


WORDS = [
    *"xyzπe", "f", "a", "t1", "x1", *CALLABLE, "diff", "if", "else", "and", "or", "not", "for", "in", "inf", "lambda",
    *"+-*/%^()(),;=<>'′²³½√·−≤∞", "**", "==", "<=", "!=", "+=", "*=", "\n", " ", "#",
    "1", "2", "0.5", "1e3", "1e400", ".5", "3x", "1/2x", "f(x)", "f(x) = ", "x = ", "diff(x^2, x)", "sinx",
]  # fmt: skip
CHARACTERS = st.text(st.one_of(st.sampled_from("xyef0123456789.+-*/^()=,; \n'if<>!#√²½"), st.characters()), max_size=40)
TOKENS = st.lists(st.sampled_from(WORDS), max_size=16).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda between: between.join(words))
)


def check_refusal(text: str) -> None:
    """Reads and, if it can be read, works out a text; anything but a proper problem is raised."""
    try:
        function = adcalc.parse(text)
        assert adcalc.parse(str(function)).expr is function.expr or _odd_names(function)
        function.gradient(dict.fromkeys(function.variables, 1.5))
    except adcalc.Problem as problem:
        assert problem.message
        if problem.span is not None:
            start, end = problem.span
            assert 0 <= start <= end <= len(text), (problem.span, text)
        if problem.kind in ("syntax", "name", "arguments") and problem.message != "the formula is empty":
            assert problem.span is not None, problem
            assert problem.source is not None, problem
            assert problem.source.text == text


def _odd_names(function: adcalc.Function) -> bool:
    """A name of the formula that the reader takes otherwise when it stands alone, as an inner `e`."""
    return any(name in CALLABLE or name in ("e", "pi", "inf", "tau", "π") for name in function.variables)


@often
@given(CHARACTERS)
def test_noise_of_characters(text: str) -> None:
    """Whatever characters come, they are a formula or a problem with its place in the text."""
    check_refusal(text)


@settings(often, max_examples=1500)
@given(TOKENS)
def test_noise_of_words(text: str) -> None:
    """Whatever words of the language come in whatever order, they are a formula or a problem."""
    check_refusal(text)


@repeatable
@given(formulas, st.integers(0, 10**6), st.sampled_from([*WORDS, ""]))
def test_formulas_with_a_slip(expr: Expr, place: int, slip: str) -> None:
    """A formula with a word put in, or a character taken out, is another formula or a problem."""
    text = written(expr)
    at = place % (len(text) + 1)
    check_refusal(text[:at] + slip + text[at + (not slip) :])


def test_every_pair_of_words() -> None:
    """Each two words of the language side by side are a formula or a problem."""
    for first, second in itertools.product(WORDS, WORDS[:12] + WORDS[-45:]):
        check_refusal(first + second)
