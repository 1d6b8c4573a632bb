"""What a formula means: one line each, the text on the left, its meaning or its refusal on the right."""

from __future__ import annotations

import math

import pytest

import adcalc
from adcalc.errors import Problem

VALUES = [
    ("2 + 3*4", 14), ("-3^2", -9), ("(-3)^2", 9), ("2^3^2", 512), ("2**3**2", 512), ("2^-1", 0.5), ("2^-2^2", 1 / 16),
    ("-2^-2", -0.25), ("7 % 3", 1), ("-7 % 3", 2), ("1 - 2 - 3", -4), ("8/4/2", 1), ("+5", 5), ("--5", 5), ("3 + -5", -2),
    ("2*-3", -6), ("2/-4", -0.5), (".5 + 5.", 5.5), ("1e3", 1000), ("1E-2", 0.01), ("1 < 2", 1), ("2 < 1", 0),
    ("1 < 2 < 3", 1), ("1 < 3 < 2", 0), ("3 >= 3", 1), ("3 != 3", 0), ("3 == 3", 1), ("not 0", 1), ("not 2", 0),
    ("0 and 1", 0), ("2 and 3", 1), ("0 or 3", 1), ("2 or 3", 1), ("1 or 1/0", 1), ("0 and 1/0", 0),
    ("1 if 2 > 1 else 1/0", 1), ("1/0 if 2 < 1 else 5 if 1 else 6", 5), ("where(1, 2, 1/0)", 2), ("not 1 == 2", 1),
    ("2(3 + 4)", 14), ("(1 + 2)(3 + 4)", 21), ("2sqrt(9)", 6), ("2pi", 2 * math.pi), ("1e1pi", 10 * math.pi),
    ("max(1, 5, 3)", 5), ("min(4)", 4), ("hypot(3, 4)", 5), ("hypot(2, 3, 6)", 7), ("pow(2, 3)", 8), ("mod(7, 3)", 1),
    ("π", math.pi), ("√4", 2), ("√(2 + 2)·3", 6), ("2×3", 6), ("6÷3", 2), ("5−3", 2), ("3²", 9), ("2³²", 2**32), ("2⁻¹", 0.5),
    ("½ + ¼", 0.75), ("1 ≤ 1", 1), ("1 ≥ 2", 0), ("1 ≠ 1", 0), ("1 < ∞", 1), ("τ/π", 2), ("arcsin(1)", math.pi / 2),
    ("ln(e)", 1), ("log(e^2)", 2), ("log2(8)", 3), ("log10(1000)", 3), ("factorial(5)", 120), ("gamma(5)", 24),
    ("a = 3; a + 1", 4), ("a = 3\nb = a^2\nb - a", 6), ("a = 1; a += 2; a *= 5; a -= 1; a /= 2; a", 7), ("a = 2; a ^= 3; a", 8),
    ("a = 7; a %= 4; a", 3), ("a = 3; 2*a; b = 9", 6), ("a = 2; b = a + 1", 3), ("c = 1; c += c + 1; c", 3),
    ("f(x) = x^2; f(3)", 9), ("f(x, y) = x - y; f(5, 3)", 2), ("f(x) = x + 1; g(x) = f(f(x)); g(1)", 3),
    ("f(x) = a*x; a = 2; f(3)", 6), ("x = 5; f(x) = x^2; f(2) + x", 9), ("f(x) = x; f(x) = 2x; f(3)", 6),
    ("# nothing\n2 # two\n# three", 2), ("(1 +\n 2)*\n3", 9), ("max(1,\n2)", 2), ("1;2;3;", 3), ("\n\n4\n\n", 4),
     ("f(t) = t^3; f'(2)", 12), ("f(t) = t^3; f''(2)", 12), ("sin'(0)", 1),
    ("x = 3; diff(x^2, x)", 6), ("x = 3; y = x^2; diff(y^2, x)", 108), ("f(t) = diff(t^3, t); f(2)", 12),
     ("e = 2; e", 2), ("x₁ = 4; x₁/2", 2), ("größe = 3; 2größe", 6),
]  # fmt: skip

AT_A_POINT = [
    ("x²", {"x": 3}, 9), ("2x^2", {"x": 3}, 18), ("3sin(x)", {"x": 0}, 0), ("(x+1)(x-1)", {"x": 3}, 8), ("2x", {"x": "1/4"}, 0.5),
    ("1e3x", {"x": 2}, 2000), ("½x", {"x": 3}, 1.5), ("x₁ + 1", {"x₁": 3}, 4), ("x·y", {"x": 3, "y": 4}, 12), ("e^x", {"x": 1}, math.e),
    ("e*x", {"e": 3, "x": 2}, 6), ("lambda*N + S*I + beta", {"lambda": 2, "N": 3, "S": 4, "I": 5, "beta": 1}, 27),
    ("x == 1", {"x": 1}, 1), ("diff(x^3, x)", {"x": 2}, 12), ("diff(x^3*y, x, 2)", {"x": 2, "y": 5}, 60),
    ("diff(x*diff(x + y, y), x)", {"x": 5, "y": 1}, 1), ("gamma*2", {"gamma": 3}, 6), ("sinx", {"sinx": 3}, 3), ("x", {"x": "-1/4"}, -0.25),
]  # fmt: skip

PRINTED = [
    ("x*x*y + y + 2", "x*x*y + y + 2"), ("((x))", "x"), ("-(x^2)", "-x^2"), ("(-x)^2", "(-x)^2"), ("2^(3^x)", "2^3^x"),
    ("(2^3)^x", "(2^3)^x"), ("x-(y-z)", "x - (y - z)"), ("x/(y*z)", "x/(y*z)"), ("x/y*z", "x/y*z"), ("x%y", "x % y"), ("2x", "2*x"),
    ("a<b<c", "a < b and b < c"), ("(a<b)<c", "(a < b) < c"), ("x if y else z", "x if y else z"), ("not (a and b)", "not (a and b)"),
    ("ln(x)", "log(x)"), ("arctan2(y, x)", "atan2(y, x)"), ("a = 2; a*x", "2*x"), ("f(t) = t^2; f(x + 1)", "(x + 1)^2"), ("π*x", "pi*x"),
]  # fmt: skip

REFUSED = [
    ("sn(x)", "unknown function `sn`", "sn", "`sin`"), ("x(x+1)", "unknown function `x`", "x", "x*(x+1)"),
    ("x y", "side by side", "x y", "x*y"), ("2 3", "side by side", "2 3", "2*3"), ("x 2", "side by side", "x 2", "x*2"),
    ("1/2x", "two ways", "1/2x", "1/(2*x)"), ("2^3x", "two ways", "2^3x", "2^(3*x)"), ("x^2(x+1)", "two ways", "x^2(x+1)", "x^2*(x+1)"),
    ("√2x", "two ways", "√2x", "√(2*x)"), ("1%2x", "two ways", "1%2x", "1%(2*x)"), ("sinx", "sinx", "sinx", "sin(x)"), ("sin x", "brackets", "sin x", "sin(x)"),
    ("sin^2(x)", "two ways", "sin^2(x)", "sin(x)^2"), ("(x", "never closed", "(", ")"), ("x)", "closes nothing", ")", ""),
    ("x +", "missing operand after `+`", "+", ""), ("* x", "missing operand before `*`", "*", ""), ("a =", "missing value", "=", ""),
    ("sin(1, 2)", "takes 1 argument", "sin(1, 2)", ""), ("atan2(1)", "takes 2 arguments", "atan2(1)", ""), ("max()", "missing formula", "()", ""),
    ("x.T.real", "means nothing", ".", ""), ('"x"', "means nothing", '"', ""), ("`x`", "means nothing", "`", ""),
    ("x = 3 = 4", "stand alone", "=", "=="), ("3 = x", "stand alone", "=", "=="), ("1e400", "too large", "1e400", "inf"),
    ("if", "cannot stand", "if", ""), ("for + 1", "word of the language", "for", ""), ("in = 3", "word of the language", "in", ""), ("0.5.x", "means nothing", ".", ""),
    ("f(x) = f(x)", "defined by itself", "f", ""), ("f(x) = g(x); g(x) = f(x); f(1)", "unknown function `g`", "g", ""), ("f(2) = 3", "must be a name", "2", ""),
    ("f(x, x) = x; 1", "same name", "f(x, x)", ""), ("f(x) = x", "nothing to compute", "f(x) = x", ""), ("b += 1; b", "no value yet", "b", ""),
    ("diff(x^2, 3)", "by a name", "3", ""), ("diff(x^2, pi)", "constant", "pi", ""), ("diff(x^2)", "takes", "diff(x^2)", ""), ("diff(x, x, 1.5)", "whole number", "1.5", ""),
    ("f(x, y) = x; f'(1)", "takes 2", "f'(1)", ""), ("f(x, y) = x; f'(1, 2)", "one argument", "f'(1, 2)", "diff"), ("f'(x) = x; 1", "cannot be defined", "f'(x)", ""),
    ("f(t) = diff(y, x)*t; y = x^2; f(1)", "took a derivative", "y", "move"), ("diff(x, x, 1000)", "order", "diff(x, x, 1000)", ""), ("a, b", "comma", ",", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_values(text: str, value: float) -> None:
    """A constant formula or program has this value."""
    assert adcalc.value(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(("text", "at", "value"), AT_A_POINT)
def test_values_at_a_point(text: str, at: dict[str, float | str], value: float) -> None:
    """A formula has this value at a point."""
    assert adcalc.value(text, at) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(("text", "printed"), PRINTED)
def test_a_formula_reads_back_as_it_is_printed(text: str, printed: str) -> None:
    """Printing is canonical, and a fixed point."""
    function = adcalc.parse(text)

    assert str(function) == printed
    assert adcalc.parse(printed).expr is function.expr


@pytest.mark.parametrize(("text", "message", "place", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(text: str, message: str, place: str, hint: str) -> None:
    """What is no formula, or could be two, is refused at its place and with advice."""
    with pytest.raises(Problem) as caught:
        adcalc.parse(text)

    problem = caught.value
    assert message in problem.message
    assert problem.span is not None
    assert text[problem.span[0] : problem.span[1]] == place
    assert hint in problem.hint
    assert problem.exit_code == 2


@pytest.mark.parametrize(
    ("text", "place"), [("x^2\n+ x*y", "x^2"), ("x; y", "x"), ("a = 2\nx*a\ny*a", "x*a"), ("x^2; -x", "x^2")]
)
def test_a_formula_without_effect_is_said(text: str, place: str) -> None:
    """Of several formulas the last one is the result; the others are not dropped in silence."""
    found = [caution for caution in adcalc.parse(text).cautions if caution.kind == "unused"]

    assert [text[caution.span[0] : caution.span[1]] for caution in found if caution.span] == [place]
    assert "no effect" in found[0].message


@pytest.mark.parametrize("text", ["x^2 +\nx*y", "a = x\na^2", "f(t) = t^2\nf(x)", "x; a = 2"])
def test_a_program_that_uses_all_of_its_lines_has_no_such_warning(text: str) -> None:
    """Lines that are continued, assigned or defined."""
    assert not [caution for caution in adcalc.parse(text).cautions if caution.kind == "unused"]
