"""One question has one answer, whichever way it is asked.

The gradient is the vector-Jacobian product with 1, the row of the Jacobian, the gradient that comes with a
Hessian-vector product, and the row of a batch by either engine: the same numbers to the last digits, the same
refusals, the same warnings in the same words.  Rows of a table are computed again only where an operation has cost more than
22 bits, and so agree to about nine digits.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import adcalc
from adcalc.cli.app import app
from adcalc.errors import Problem
from tests.test_array_scenarios import SCENARIOS as ARRAY_SCENARIOS
from tests.test_scenarios import SCENARIOS
from tests.test_traps import TRAPS

Point = Mapping[str, Any]
#: What one route says: the value and the partials, or the refusal; and the warnings.
Said = tuple[Any, frozenset[tuple[str, str]]]

#: What a row may differ by.
_ROWS = 2e-9
ENGINES = ["numpy", *(["native"] if find_spec("llvmlite") else [])]
_KINDS = frozenset({"kink", "jump", "precision", "not finite"})
#: What the warning of a table has in front of that of a point.
_IN_ROWS = re.compile(r"^in 3 rows, first in row 1: ")


def said(ask: Callable[[], tuple[Any, Mapping[str, Any], Any]]) -> Said:
    """What a route says, a refusal included."""
    try:
        value, partials, warnings = ask()
    except Problem as problem:
        return problem.message, frozenset()
    return (value, dict(partials)), frozenset(
        (w.kind, _IN_ROWS.sub("", w.message)) for w in warnings if w.kind in _KINDS
    )


def routes(formula: str, at: Point) -> dict[str, Said]:
    """The gradient of a formula by every route that there is for it."""
    f = adcalc.parse(formula, bound=at)
    names = [name for name in f.variables if name in at]

    def gradient() -> Any:
        found = f.gradient(at, names)
        return found.value, found.partials, found.warnings

    def pulled() -> Any:
        found = f.vjp(at, 1.0, names)
        return found.value, found.cotangents, found.warnings

    def row() -> Any:
        found = f.jacobian(at, names)
        return found.value, found.blocks, found.warnings

    def beside() -> Any:
        found = f.hvp(at, {names[0]: at[names[0]]} if names else {}, names)
        return found.value, found.partials, [w for w in found.warnings if "second" not in w.message]

    def pushed() -> Any:
        found = {name: f.jvp(at, {name: 1.0}) for name in names}
        warnings = [warning for each in found.values() for warning in each.warnings]
        return next(iter(found.values())).value, {name: each.tangent for name, each in found.items()}, warnings

    ways: dict[str, Callable[[], Any]] = {"gradient": gradient, "vjp": pulled, "jacobian": row, "hvp": beside}
    if names and all(np.ndim(at[name]) == 0 for name in at):
        ways["jvp"] = pushed
        ways |= {engine: partial(row_of_batch, f, at, names, engine) for engine in ENGINES}
    return {way: said(ask) for way, ask in ways.items()}


def row_of_batch(f: adcalc.Function, at: Point, names: list[str], engine: str) -> Any:
    """The middle one of three equal rows."""
    found = f.batch({name: np.full(3, float(at[name])) for name in f.variables}, names, engine=engine)
    if found.failed:
        # A row says what single points say, and is refused whatever kind of problem that is.
        f.gradient(at, names)
        raise AssertionError(found.failures[0].message)
    return found.value[1], {name: column[1] for name, column in found.partials.items()}, found.warnings


def close(one: Any, other: Any, tolerance: float) -> bool:
    """The same numbers to the last few digits, nan and infinities at the same places."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if a.shape != b.shape:
        return False
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= tolerance * np.maximum(np.abs(a), np.abs(b)) + 5e-324
    return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


def alike(one: Said, other: Said, tolerance: float = 4e-14) -> bool:
    """Whether two routes say the same."""
    if isinstance(one[0], str) or isinstance(other[0], str):
        return bool(one == other)
    (value, partials), (other_value, others) = one[0], other[0]
    same = close(value, other_value, tolerance) and partials.keys() == others.keys()
    return same and all(close(partials[name], others[name], tolerance) for name in partials) and one[1] == other[1]


def disagreeing(formula: str, at: Point) -> dict[str, Said]:
    """The routes that do not say what the gradient says, and what that is."""
    found = routes(formula, at)
    wanted = found["gradient"]
    # Second derivatives meet more kinks than first ones.
    more = {each for each in found["hvp"][1] - wanted[1] if each[0] in ("kink", "jump")}
    found["hvp"] = (found["hvp"][0], found["hvp"][1] - more)
    if "jvp" in found and any(kind == "not finite" for kind, _ in wanted[1]):
        # A gradient names one place where it stops being finite, the tangents one each.
        found["jvp"] = (found["jvp"][0], (found["jvp"][1] & wanted[1]) | {e for e in wanted[1] if e[0] == "not finite"})
    apart = [way for way, each in found.items() if not alike(each, wanted, _ROWS if way in ENGINES else 4e-14)]
    return found if apart else {}


@pytest.mark.parametrize("case", [*SCENARIOS, *TRAPS], ids=lambda case: str(getattr(case, "name", "") or case.number))
def test_scenarios_and_traps(case: Any) -> None:
    """Of numbers."""
    assert not disagreeing(case.formula, case.at)


@pytest.mark.parametrize("case", ARRAY_SCENARIOS, ids=lambda case: case.name)
def test_array_scenarios(case: Any) -> None:
    """Of arrays, where the value is a number."""
    if np.ndim(adcalc.value(case.formula, case.at)) == 0:
        assert not disagreeing(case.formula, case.at)


FAULTS = [
    ("(1 - cos(x))/x^2", {"x": 1e-8}), ("sqrt(x^2 + 1) - x", {"x": 1e8}), ("log(exp(x) + exp(y))", {"x": 1000, "y": 999}),
    ("diff(x, x)*y", {"x": 1, "y": 2}), ("diff(w, a)", {"w": 1, "a": 2}), ("sum(v) + diff(a, y)", {"v": [1.0, 2.0], "a": 1, "y": 2}),
    ("1 if x else x^2", {"x": 0}), ("x^y", {"x": -3, "y": 2}), ("x^2/x", {"x": 1e-162}), ("x*y/z", {"x": 1e-200, "y": 1e-200, "z": 1e-300}),
    ("log(x)", {"x": -1}), ("abs(x)", {"x": 0}), ("abs(x)^3", {"x": 0}), ("sqrt(x)*y", {"x": 0, "y": 1}), ("max(x, y)", {"x": 1, "y": 1}),
    ("floor(x)", {"x": 2}), ("exp(x)", {"x": 800}), ("sum(v)*x", {"v": [1.0, 2.0], "x": 0.1 + 0.2 - 0.3}), ("tau*x", {"x": 1}),
    ("norm(x)", {"x": [1e200, 1e200]}), ("sum(x)", {"x": [1e16, 1.0, -1e16]}), ("det(A)", {"A": [[1e8, 1.0], [1e16 + 2, 1e8]]}),
    ("log(x[0])", {"x": [-1.0]}), ("sum(abs(x))", {"x": [0.0, 1.0]}), ("logsumexp(x)", {"x": [-40.0, 0.0]}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "at"), FAULTS)
def test_hard_points(formula: str, at: Point) -> None:
    """Where digits cancel, numbers leave the range of doubles, domains end and kinks are met."""
    assert not disagreeing(formula, at)


def formula_of_numbers(r: random.Random, depth: int) -> str:
    """A random formula in x and y."""
    if depth == 0:
        return r.choice(["x", "y", "x", "y", "2", "0.5", "3", "pi"])
    a, b = formula_of_numbers(r, depth - 1), formula_of_numbers(r, depth - 1)
    form = r.choice(
        ["({a} + {b})", "({a} - {b})", "({a})*({b})", "({a})/(1 + ({b})^2)", "sin({a})", "exp(-({a})^2)", "log(1 + ({a})^2)",
         "abs({a})", "max({a}, {b})", "sqrt(abs({a}))", "tanh({a})", "({a} if {b} > 0 else {b})", "({a})^2", "atan2({a}, {b})",
         "log({a})", "({a})^({b})", "floor({a})", "relu({a})"]
    )  # fmt: skip
    return str(form).format(a=a, b=b)


def formula_of_arrays(r: random.Random, depth: int) -> str:
    """A random formula in the vectors u and v, the matrix A and the number x; its value is a vector."""
    if depth == 0:
        return r.choice(["u", "v", "A@u", "x*u", "v@A", "[x, 1, x^2]", "A.T@v"])
    a, b = formula_of_arrays(r, depth - 1), formula_of_arrays(r, depth - 1)
    form = r.choice(
        ["({a} + {b})", "({a} - {b})", "({a})*({b})", "sin({a})", "exp(-({a})^2)", "abs({a})", "max({a}, {b})", "({a})^2",
         "sqrt(abs({a}))", "where({a} > {b}, {a}, {b}^2)", "cumsum({a})", "softmax({a})", "tanh({a})", "({a})/(1 + ({b})^2)", "({a})[::-1]",
         "log({a})", "A@({a})", "relu({a})*sum({b})"]
    )  # fmt: skip
    return str(form).format(a=a, b=b)


NUMBERS = [0.0, 1.0, -1.0, 2.0, 0.5, -0.3, 1e-8, 1e8, 3.7, 1e-160, -1e150]


@pytest.mark.parametrize("seed", range(25))
def test_random_formulas_of_numbers(seed: int) -> None:
    """Forty for each seed, at easy and at hard points."""
    r = random.Random(seed)
    for _ in range(40):
        formula = formula_of_numbers(r, r.randint(1, 4))
        at = {"x": r.choice(NUMBERS), "y": r.choice(NUMBERS)}
        assert not disagreeing(formula, at), (formula, at)


@pytest.mark.parametrize("seed", range(25))
def test_random_formulas_of_arrays(seed: int) -> None:
    """Forty for each seed."""
    r = random.Random(1000 + seed)
    reduce = ["sum({})", "norm({})", "max({})", "({})[1]", "mean({})", "logsumexp({})", "({})@v"]
    for _ in range(40):
        formula = r.choice(reduce).format(formula_of_arrays(r, r.randint(0, 2)))
        pick = NUMBERS if r.random() < 0.3 else [0.5, -0.3, 1.2, 2.0, -1.7, 0.9, 0.0]
        at = {"u": [r.choice(pick) for _ in range(3)], "v": [r.choice(pick) for _ in range(3)], "x": r.choice(pick)}
        at["A"] = [[r.choice(pick) for _ in range(3)] for _ in range(3)]
        assert not disagreeing(formula, at), (formula, at)


CASES: list[Any] = [*SCENARIOS, *TRAPS, *ARRAY_SCENARIOS]
TYPED = [*((case.formula, case.at) for case in CASES), *FAULTS]


@pytest.mark.parametrize(("formula", "at"), TYPED)
def test_command_line_session_and_library(formula: str, at: Point) -> None:
    """What `adcalc grad` writes as JSON is what Python gives; what it prints is what a session prints."""
    f = adcalc.parse(formula, bound=at)
    values = {name: json.dumps(np.asarray(at[name], dtype=float).tolist()).replace("Infinity", "inf") for name in at}
    arguments = ["grad", formula, *(f"--at={name}={value}" for name, value in values.items())]
    written = typed([*arguments, "--format", "json"])
    try:
        found = f.gradient(at)
    except Problem as problem:
        assert json.loads(written.stderr)["error"]["message"] == problem.message
    else:
        answer = json.loads(written.stdout)
        assert alike(((read(answer["value"]), {name: read(each) for name, each in answer["gradient"].items()}), frozenset()),
                     ((found.value, dict(found.partials)), frozenset()), 0.0)  # fmt: skip
        assert [each["message"] for each in answer["warnings"]] == [each.message for each in found.warnings]
    if ";" in formula or "\n" in formula:
        return
    shown = typed(arguments)
    lines = [*(f"{name} = {value}" for name, value in values.items() if name in f.variables), f"grad {formula}"]
    kept = typed(["repl"], "\n".join(lines) + "\n")
    assert told(kept.stdout) == told(shown.stdout)
    wanted = headlines(shown.stderr)
    # Of values that are infinite a session has spoken before.
    assert headlines(kept.stderr)[-len(wanted) :] == wanted if wanted else not headlines(kept.stderr)


def typed(arguments: list[str], lines: str = "") -> Any:
    """What a command prints."""
    return CliRunner().invoke(app, arguments, input=lines)


def read(figure: Any) -> Any:
    """A number of JSON, or an array of them."""
    return np.array(figure, dtype=float)


def told(printed: str) -> list[str]:
    """The figures of a table."""
    return [line for line in printed.splitlines() if line.startswith("  ")]


def headlines(printed: str) -> list[str]:
    """Warnings and problems without their places."""
    found = [line for line in printed.splitlines() if line.startswith(("warning", "error")) and "not used" not in line]
    return [re.sub(r" \(in line \d+\)$", "", line) for line in found]


def test_a_route_that_disagrees_is_found() -> None:
    """The test can fail: another number, another warning, another refusal."""
    one: Said = ((1.0, {"x": 2.0}), frozenset())

    assert alike(one, ((1.0, {"x": 2.0 * (1 + 1e-15)}), frozenset()))
    assert not alike(one, ((1.0, {"x": 2.0 * (1 + 1e-12)}), frozenset()))
    assert not alike(one, ((1.0, {"x": math.nan}), frozenset()))
    assert not alike(one, (one[0], frozenset({("kink", "`abs(x)` has a kink")})))
    assert not alike(one, ("DomainProblem", frozenset()))


@pytest.mark.parametrize(
    ("text", "at", "value", "slope"),
    [
        ("abs((1+x)-1)", 1e-20, 1e-20, 1.0),
        ("max(1+x,1)-1", 1e-20, 1e-20, 1.0),
        ("min(1-x,1)-1", 1e-20, -1e-20, -1.0),
        ("floor(1-x)", 1e-20, 0.0, 0.0),
        ("ceil(1+x)", 1e-20, 2.0, 0.0),
        ("where(x*x>0,x,2)", 1e-200, 1e-200, 1.0),
        ("sum(abs(([1,2]+x)-[1,2]))", 1e-20, 2e-20, 2.0),
    ],
)
def test_a_tie_by_rounding_alone_is_decided_with_more_digits(text: str, at: float, value: float, slope: float) -> None:
    found = adcalc.gradient(text, {"x": at})
    assert (found.value, found.partials["x"]) == pytest.approx((value, slope), rel=1e-15, abs=0.0)
    assert not found.warnings
    for engine in ENGINES if "[" not in text else []:
        columns = np.linspace(0.25, 0.75, 300)
        columns[[0, 150, 299]] = at
        for wrt in (("x",), ()):
            rows = adcalc.parse(text).batch({"x": columns}, wrt, engine=engine)
            assert rows.value[[0, 150, 299]].tolist() == pytest.approx([value] * 3, rel=1e-15, abs=0.0)
            assert all(column[150] == pytest.approx(slope, rel=1e-15, abs=0.0) for column in rows.partials.values())


@pytest.mark.parametrize(
    ("text", "at"), [("max(x,pi)", math.pi), ("abs(x-sqrt(2))", math.sqrt(2.0)), ("abs(x-0.1)", 0.1)]
)
def test_a_tie_of_doubles_at_the_point_is_meant_as_one(text: str, at: float) -> None:
    assert [caution.kind for caution in adcalc.gradient(text, {"x": at}).warnings] == ["kink"]


@pytest.mark.parametrize("kind", ["numbers", "arrays"])
@pytest.mark.parametrize("seed", range(20))
def test_a_derivative_as_a_formula_is_the_gradient(seed: int, kind: str) -> None:
    """As a function object, and printed and read back, away from 0, where a textbook's text may have no value."""
    r = random.Random(5000 + seed)
    for _ in range(12):
        number = partial(r.choice, [0.5, -0.3, 1.2, 2.0, -1.7, 0.9, 3.7, 1e8, 1e-8])
        at: dict[str, Any] = {"x": number(), "y": number()}
        formula = formula_of_numbers(r, r.randint(1, 3))
        if kind == "arrays":
            formula = r.choice(["sum({})", "mean({})", "({})[-1]", "({})@v"]).format(
                formula_of_arrays(r, r.randint(0, 1))
            )
            at = {"x": number(), **{name: [number() for _ in range(3)] for name in "uv"}}
            at["A"] = [[number() for _ in range(3)] for _ in range(3)]
        f = adcalc.parse(formula, bound=at)
        shapes = {name: np.shape(at[name]) for name in f.variables}
        for name in f.variables:
            wanted = said(lambda: ((g := f.gradient(at, [name])).value, g.partials, ()))[0]  # noqa: B023
            derivative = f.diff(name, shapes=shapes if kind == "arrays" else None)
            for again in (derivative, adcalc.parse(str(derivative))):
                point = {each: at[each] for each in again.variables}
                found = said(lambda: (again.value(point), {}, ()))[0]  # noqa: B023
                if isinstance(wanted, str) or not np.all(np.isfinite(wanted[1][name])):
                    assert isinstance(found, str) or not np.all(np.isfinite(found[0])), (formula, at, str(derivative))
                else:
                    assert not isinstance(found, str), (formula, at, found, str(derivative))
                    slope = np.broadcast_to(found[0], np.shape(wanted[1][name]))
                    assert close(slope, wanted[1][name], 1e-9), (formula, at, str(derivative))
