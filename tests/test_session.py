"""What a session knows after some lines, and what it refuses; every expected number is worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import adcalc
from adcalc.errors import Problem
from adcalc.session import Coordinate, Excerpt, Session

# The lines of a session, a formula asked after them, and its value; what has a value when it is first used, as in a file.
VALUES = [
    ("x = 3", "x^2", 9),
    ("x = 3; x += 1", "x", 4),
    ("x = 3; x = x + 1", "x", 4),
    ("x = 3; x ^= 2; x /= 2", "x", 4.5),
    ("x = 3; x = 5", "x", 5),
    ("y = x^2; x = 3", "y + 1", 10),
    ("x = 3; y = x^2; x = 4", "y", 9),
    ("x = 2; y = x^2; x = 5", "x + y", 9),
    ("y = x^2; x = 3; x = 4", "y", 16),
    ("x = 3; y = 1; y = x*y; x = 4; z = x*y; y = 7; x = 0", "z", 12),
    ("a = 2; f(x) = a*x; a = 3", "f(1) + a", 5),
    ("z = 2; y = z + 1; z = w; w = 5", "y + z", 8),
    ("y = z + 1; z = w; w = 5", "y", 6),
    ("x = 1; y = x; x = 2; z = x; x = 3", "100*x + 10*z + y", 321),
    ("x = 3; y = x^2; y = y + 1", "y", 10),
    ("x = 3; y = x^2; y += 1; y *= 2; x = 1", "y", 20),
    ("x = 3; y = x^2; x = x + y", "x + y", 21),
    ("y = 2*z; z = 4", "y", 8),
    ("y = 2*z; z = w + 1; w = 1", "y", 4),
    ("f(u, v) = u*v", "f(2, 3)", 6),
    ("f(t) = a*t; a = 2; a = 5", "f(3)", 15),
    ("f(t) = t; g(t) = f(t) + 1; f(t) = 10t", "g(2)", 3),
    ("f(t) = t; g(t) = f(t); f(t) = 2*g(t)", "f(3)", 6),
    ("y = x; z = y; y = z + 1; x = 4", "10*y + z", 54),
    ("f(t) = t^3; x = 2", "f'(x)", 12),
    ("x = 2; y = x^3", "diff(y, x)", 12),
    ("y = 2; y = x^2; x = 3", "y", 9),
    ("y = x^2; y = 2", "y", 2),
    ("f(t) = t; f = 3", "f^2", 9),
    ("f(t) = t^2; z = f(2)", "z", 4),
    ("e = 2", "e*3", 6),
    ("e = x; x = 5", "e", 5),
    ("gamma = gamma(4)", "gamma", 6),
    ("f(ans) = ans + 1", "f(1)", 2),
    ("ans = 4; y = ans*x; ans = 100; x = 2", "y", 8),
    ("ans = -3; y = x^2*ans; x = 2", "y", -12),
    ("ans = 4; ans += 1", "ans", 5),
    ("A = [[1, 2], [3, 4]]; A @= A", "A[0, 0]", 7),
    ("x = [1, 2]; x .*= 2", "x[1]", 4),
    ("α = 2; β = α^2", "β", 4),
    ("f(u,\n  v) = u + # the first\n  v", "f(1, 2)", 3),
]


@pytest.mark.parametrize(("lines", "formula", "value"), VALUES)
def test_a_statement_sees_what_stands_before_it(lines: str, formula: str, value: float) -> None:
    assert session(lines).number(Excerpt.whole(formula)) == value


IN_FILES = [(lines, formula, value) for lines, formula, value in VALUES if "ans" not in lines and value is not None]


@pytest.mark.parametrize(("lines", "formula", "value"), IN_FILES)
def test_a_file_means_the_same(lines: str, formula: str, value: float) -> None:
    """All at once, as in a file, or refused there for a name that has a value only later."""
    text = "\n".join([*lines.split("; "), formula])
    function = adcalc.parse(text)
    later = [name for name in function.variables if f"{name} = " in lines]
    if later:
        with pytest.raises(Problem, match=r"has no value|later"):
            function.value()
    else:
        assert function.value() == value


# The lines of a session, the last of which is refused; words of the message; the text under the caret.
REFUSED = [
    ("x = x + 1", "no value yet", "x"),
    ("x += 1", "no value yet", "x"),
    ("f(t) = t; f = f + 1", "no value yet", "f"),
    ("y = 2*z; z = y", "by itself, through `y`", "z"),
    ("y = 2*z; z = w; w = y", "by itself, through `z`", "w"),
    ("f(t) = f(t - 1)", "defined by itself", "f"),
    ("y = sn(x)", "unknown function `sn`", "sn"),
    ("x = 1; y = x +* 2", "missing operand", "+"),
    ("f(t) = t; y = f(1, x)", "takes 1 argument", "f(1, x)"),
    ("x = log(-1)", "needs `x > 0`", "log(-1)"),
    ("ans = x", "cannot be a formula", "ans"),
    ("y = ans*x", "no value yet", "y = ans*x"),
    ("x^2", "defines nothing", "x^2"),
    ("if = 3", "", "if"),
]


@pytest.mark.parametrize(("lines", "message", "marked"), REFUSED)
def test_what_cannot_be_is_refused_with_its_place_and_changes_nothing(lines: str, message: str, marked: str) -> None:
    *before, last = lines.split("; ")
    state = session("; ".join(before))
    known = state.script()
    with pytest.raises(Problem) as caught:
        state.take(Excerpt.whole(last))
    problem = caught.value
    assert message in problem.message
    assert problem.source is not None and problem.span is not None and problem.source.text == last
    assert last[slice(*problem.span)] == marked
    assert state.script() == known


def test_a_problem_in_a_definition_shows_the_definition() -> None:
    state = session("a = 1; y = a + log(x); x = -1")
    with pytest.raises(Problem) as caught:
        state.number(Excerpt.whole("2*y"))
    problem = caught.value
    assert problem.source is not None and problem.span is not None
    assert problem.source.name == "the definition of `y`"
    assert problem.source.text[slice(*problem.span)] == "log(x)"


def test_a_problem_behind_definitions_shows_the_part_of_the_line() -> None:
    state = session("y = x^2; x = 1")
    line = Excerpt.whole("grad y + sn(x)")
    with pytest.raises(Problem) as caught:
        state.question(Excerpt(line.source, 5, line.end))
    assert caught.value.source == line.source
    assert caught.value.span == (9, 11)


# The lines of a session, a formula, and its partial derivatives at the session's values.
GRADIENTS = [
    ("x = 3", "x^2", {"x": 6}),
    ("x = 3; y = x^2", "y", {"x": 6}),
    ("x = 3; y = 4", "x*x*y + y + 2", {"x": 24, "y": 10}),
    ("x = 3; a = 2; f(t) = a*t^2", "f(x)", {"x": 12, "a": 9}),
    ("ans = 5; x = 3", "ans*x", {"x": 5}),
    ("ans = 5", "ans^2", {"ans": 10}),
]


@pytest.mark.parametrize(("lines", "formula", "partials"), GRADIENTS)
def test_a_value_is_a_coordinate_and_a_formula_is_followed(
    lines: str, formula: str, partials: dict[str, float]
) -> None:
    question = session(lines).question(Excerpt.whole(formula))
    assert dict(question.function.gradient(question.at, question.wrt(None)).partials) == partials


def test_a_value_for_one_question_sets_a_definition_aside() -> None:
    question = session("x = 3; y = x^2").question(Excerpt.whole("y^2 + x"), {"y": 5.0})
    assert dict(question.at) == {"y": 5.0, "x": 3.0}
    assert dict(question.function.gradient(question.at).partials) == {"y": 10.0, "x": 1.0}


def test_by_a_defined_name_the_formula_keeps_the_name() -> None:
    question = session("x = 3; y = x^2").question(Excerpt.whole("x*y^2"), {}, ["y"], formulas=True)
    assert str(question.function.diff("y")) == "2*x*y"


def test_undo_takes_back_one_change_after_the_other() -> None:
    state = session("x = 3; x += 1; y = x; x = y^2 + x")
    values = [state.undo() and state.script() for _ in range(5)]
    assert values == [["x = 4", "y = x"], ["x = 4"], ["x = 3"], [], ()]


def test_changes_that_belong_together_are_taken_back_together() -> None:
    state = session("x = 1")
    depth = state.depth
    for line in ("x = 2", "y = 3", "x = 4"):
        state.take(Excerpt.whole(line))
    state.joined(depth)
    assert state.undo() == ("x", "y")
    assert state.script() == ["x = 1"]


def test_undo_brings_back_what_was_forgotten() -> None:
    state = session("x = 1")
    state.forget("x")
    assert state.script() == []
    state.undo()
    assert state.script() == ["x = 1"]
    with pytest.raises(Problem, match="`q` has no value and no definition"):
        state.forget("q")


SAVED = [lines for lines, _, _ in VALUES] + [
    "x = 0.1; y = -1e-300; z = inf; w = -inf",
    "y = 1; f(t) = t*b; y = f(2)",
]


@pytest.mark.parametrize("lines", SAVED)
def test_a_saved_script_makes_the_same_session(lines: str) -> None:
    first = session(lines)
    second = Session()
    for text in first.script():
        for part in text.split("\n") if text.count("=") > 1 else [text]:
            second.take(Excerpt.whole(part))
    assert second.script() == first.script()
    assert second.entries.keys() == first.entries.keys()
    for name, one in second.entries.items():
        other = first.entries[name]
        if isinstance(one, Coordinate) and isinstance(other, Coordinate):
            assert np.array_equal(one.value, other.value)
        else:
            assert one == other


def test_not_a_number_is_saved_as_something_that_gives_it() -> None:
    state = Session({"x": Coordinate("x", math.nan)})
    (text,) = state.script()
    again = Session()
    again.take(Excerpt.whole(text))
    assert math.isnan(again.number(Excerpt.whole("x")))


def test_a_note_about_a_name_is_given_once() -> None:
    state = Session()
    assert [remark.caution.kind for remark in state.take(Excerpt.whole("pi = x"))] == ["name"]
    question = state.question(Excerpt.whole("pi + 1"))
    assert question.remarks(question.function.cautions) == []


def test_long_chains_and_growing_definitions_stay_small() -> None:
    state = session("x = 1; a0 = x")
    for i in range(1, 400):
        state.take(Excerpt.whole(f"a{i} = a{i - 1} + x"))
    assert state.number(Excerpt.whole("a399")) == 400
    state.take(Excerpt.whole("y = x"))
    for _ in range(200):
        state.take(Excerpt.whole("y = y + y"))
    assert state.number(Excerpt.whole("y")) == 2.0**200


def session(lines: str) -> Session:
    """A session after some statements."""
    state = Session()
    for line in filter(None, lines.split("; ")):
        state.take(Excerpt.whole(line))
    return state
