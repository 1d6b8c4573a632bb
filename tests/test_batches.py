"""Many points at once: the same answers as one by one, by machine code and by NumPy, by every backend."""

from __future__ import annotations

import math
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import adcalc
from adcalc.errors import InputProblem, MissingExtra, NameProblem, Problem, ShapeProblem
from adcalc.results import Batch
from adcalc.table import SCALAR
from tests.test_scenarios import EXACT, SCENARIOS, Scenario

Array = Any

NATIVE = find_spec("llvmlite") is not None
ENGINES = [pytest.param("native", marks=pytest.mark.skipif(not NATIVE, reason="llvmlite is not installed")), "numpy"]
each_engine = pytest.mark.parametrize("engine", ENGINES)
#: A few units in the last place of every operation on the way.
CLOSE = 1e-13


def close(found: Any, wanted: Any, tolerance: float = CLOSE) -> bool:
    """Whether numbers are the same up to rounding, relative to the largest of them."""
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1e-300) if np.ndim(wanted) else abs(wanted) or 1.0
    return bool(np.allclose(found, wanted, rtol=tolerance, atol=tolerance * scale, equal_nan=True))


@each_engine
@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_known_answers(scenario: Scenario, backend: str, engine: str) -> None:
    """What a textbook says of a point holds in every row that is this point."""
    columns = {name: np.full(11, float(value)) for name, value in scenario.at.items()}
    names = list(scenario.gradient)
    hessian = scenario.hessian is not None
    found = adcalc.parse(scenario.formula, bound=scenario.at).batch(columns, names, hessian, backend, engine=engine)

    assert found.value.shape == (11,)
    assert close(found.value, np.full(11, scenario.value, dtype=float))
    size = max(map(abs, scenario.gradient.values()))
    for name, wanted in scenario.gradient.items():
        assert np.allclose(found.partials[name], wanted, rtol=CLOSE, atol=CLOSE * size), name
    if scenario.hessian is not None:
        assert found.hessian is not None
        largest = max(abs(entry) for row in scenario.hessian for entry in row)
        for a, row in zip(names, scenario.hessian, strict=True):
            for b, wanted in zip(names, row, strict=True):
                assert np.allclose(found.hessian[a, b], wanted, rtol=CLOSE, atol=CLOSE * largest), (a, b)


Known = tuple[str, Callable[..., Array], Mapping[str, Callable[..., Array]], Mapping[str, tuple[float, float]]]

#: Formulas with value and partials as somebody writes them down by hand in NumPy.
BY_HAND: list[Known] = [
    ("x*x*y + y + 2", lambda x, y: x**2 * y + y + 2, {"x": lambda x, y: 2 * x * y, "y": lambda x, y: x**2 + 1},
     {"x": (-3, 3), "y": (-3, 3)}),
    ("log(x) + x*y - sin(y)", lambda x, y: np.log(x) + x * y - np.sin(y),
     {"x": lambda x, y: 1 / x + y, "y": lambda x, y: x - np.cos(y)}, {"x": (0.1, 9), "y": (-50, 50)}),
    ("exp(-(x - m)^2/(2*s^2))/sqrt(2*pi*s^2)",
     lambda x, m, s: np.exp(-((x - m) ** 2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi)),
     {"x": lambda x, m, s: -(x - m) / s**2 * np.exp(-((x - m) ** 2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi)),
      "m": lambda x, m, s: (x - m) / s**2 * np.exp(-((x - m) ** 2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi)),
      "s": lambda x, m, s: ((x - m) ** 2 / s**3 - 1 / s) * np.exp(-((x - m) ** 2) / (2 * s**2))
      / (s * np.sqrt(2 * np.pi))},
     {"x": (-2, 2), "m": (-1, 1), "s": (0.5, 2)}),
    ("tanh(x*y) + atan2(y, x)*x^3 - sqrt(x^2 + y^2)",
     lambda x, y: np.tanh(x * y) + np.arctan2(y, x) * x**3 - np.hypot(x, y),
     {"x": lambda x, y: y / np.cosh(x * y) ** 2 - y * x**3 / (x**2 + y**2) + 3 * x**2 * np.arctan2(y, x)
      - x / np.hypot(x, y),
      "y": lambda x, y: x / np.cosh(x * y) ** 2 + x**4 / (x**2 + y**2) - y / np.hypot(x, y)},
     {"x": (0.1, 2), "y": (0.1, 2)}),
    ("where(x > 1, x^2.5, exp(x))*abs(y)",
     lambda x, y: np.where(x > 1, np.abs(x) ** 2.5, np.exp(x)) * np.abs(y),
     {"x": lambda x, y: np.where(x > 1, 2.5 * np.abs(x) ** 1.5, np.exp(x)) * np.abs(y),
      "y": lambda x, y: np.where(x > 1, np.abs(x) ** 2.5, np.exp(x)) * np.sign(y)}, {"x": (-2, 3), "y": (-1, 1)}),
    ("max(x, y, 0.5) - min(x, 2y) + x % 0.75",
     lambda x, y: np.maximum(np.maximum(x, y), 0.5) - np.minimum(x, 2 * y) + np.mod(x, 0.75),
     {"x": lambda x, y: (x > np.maximum(y, 0.5)) * 1.0 - (x < 2 * y) + 1,
      "y": lambda x, y: (y > np.maximum(x, 0.5)) * 1.0 - 2 * (2 * y < x)}, {"x": (-2, 3), "y": (-1, 1)}),
    ("y^x + 2^y", lambda x, y: y**x + 2**y, {"x": lambda x, y: y**x * np.log(y),
     "y": lambda x, y: x * y ** (x - 1) + 2**y * np.log(2)}, {"x": (-2, 3), "y": (0.1, 4)}),
    ("sum(x^k*y for k in 1..3)", lambda x, y: (x + x**2 + x**3) * y,
     {"x": lambda x, y: (1 + 2 * x + 3 * x**2) * y, "y": lambda x, y: x + x**2 + x**3}, {"x": (-1, 1), "y": (-1, 1)}),
]  # fmt: skip


def drawn(ranges: Mapping[str, tuple[float, float]], rows: int) -> dict[str, Array]:
    """Columns of random numbers."""
    noise = np.random.default_rng(7)
    return {name: noise.uniform(low, high, rows) for name, (low, high) in ranges.items()}


@pytest.mark.parametrize("engine", ["auto", "numpy"])
@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("formula", "value", "partials", "ranges"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_by_hand(formula: str, value: Any, partials: Any, ranges: Any, backend: str, engine: str) -> None:
    columns = drawn(ranges, 20_011)
    found = adcalc.parse(formula).batch(columns, list(partials), backend=backend, engine=engine)
    assert close(found.value, value(**columns))
    for name, wanted in partials.items():
        assert close(found.partials[name], wanted(**columns), 1e-12), name
    assert found.failed == 0


@each_engine
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9, 63, 64, 65, 1000])
def test_any_number_of_rows(rows: int, engine: str) -> None:
    """The last rows may be fewer than a vector holds."""
    x = np.linspace(1, 2, rows)
    found = adcalc.parse("x*log(x)").batch({"x": x}, hessian=True, engine=engine)
    assert found.value.shape == (rows,)
    assert close(found.partials["x"], np.log(x) + 1)
    assert found.hessian is not None
    assert close(found.hessian["x", "x"], 1 / x)


@each_engine
def test_columns_of_all_kinds(engine: str) -> None:
    """Strided, reversed, read-only, single precision, whole numbers, lists: all are columns of doubles."""
    wide = np.arange(24.0).reshape(6, 4)
    frozen = np.arange(6.0)
    frozen.setflags(write=False)
    columns = {
        "a": wide[:, 1], "b": wide[::-1, 2], "c": frozen, "d": np.arange(6, dtype=np.float32),
        "e1": np.arange(6), "f": [True, False, True, True, False, True], "g": np.float64(2), "h": 3,
    }  # fmt: skip
    found = adcalc.parse("a + 10b + 100c + 1000d + 1e4*e1 + 1e5*f + 1e6*g + 1e7*h").batch(columns, engine=engine)
    steps = np.arange(6.0)
    flags = np.array([1, 0, 1, 1, 0, 1])
    wanted = 4 * steps + 1 + 10 * (4 * steps[::-1] + 2) + 100 * steps + 1000 * steps + 1e4 * steps + 1e5 * flags
    assert np.array_equal(found.value, wanted + 2e6 + 3e7)
    assert np.array_equal(found.partials["g"], np.full(6, 1e6))
    assert np.array_equal(wide, np.arange(24.0).reshape(6, 4))


@each_engine
def test_a_branch_not_taken_contributes_nothing(engine: str) -> None:
    x = np.array([-1.0, 0.0, 4.0, -math.inf, 9.0] * 30)
    found = adcalc.parse("where(x > 0, sqrt(x), 0) + where(x < 0, 1, log(x + 1))").batch(
        {"x": x}, hessian=True, engine=engine
    )
    assert close(found.value[:3], np.array([1.0, 0.0, 2 + math.log(5)]))
    assert close(found.partials["x"][:3], np.array([0.0, 1.0, 0.25 + 0.2]))
    assert found.failed == 0
    assert found.value[3] == 1.0
    assert found.partials["x"][3] == 0.0


KINKS = ["abs(x)", "max(x, 0)", "relu(x)", "sign(x)", "step(x)", "floor(x)", "clip(x, 0, 1)", "hypot(x, x)", "x % 1",
         "leaky_relu(x)", "elu(x)", "where(x >= 0, x, 2x)", "min(x, x^2)", "abs(x)^3", "round(x + 0.5)"]  # fmt: skip


@each_engine
@pytest.mark.parametrize("formula", KINKS)
def test_kinks_follow_the_convention_of_single_points(formula: str, engine: str) -> None:
    """The derivative at 0 is that of a single point, and it is said in which rows it is a convention."""
    single = adcalc.gradient(formula, {"x": 0})
    found = adcalc.parse(formula).batch({"x": [1.25, 0, -1.25, 0]}, engine=engine)
    assert found.value[1] == single.value
    assert found.partials["x"][3] == single.partials["x"]
    said = [warning for warning in found.warnings if warning.kind in ("kink", "jump")]
    assert bool(said) == any(warning.kind in ("kink", "jump") for warning in single.warnings)
    assert all("in 2 rows, first in row 2" in warning.message for warning in said)


@each_engine
@pytest.mark.parametrize("backend", EXACT)
def test_rows_outside_the_domain_are_named(backend: str, engine: str) -> None:
    x = np.linspace(1, 2, 1000)
    x[[17, 400, 401]] = -1.0, 0.0, -3.0
    found = adcalc.parse("y*log(x) + sqrt(y)").batch({"x": x, "y": 2}, backend=backend, engine=engine)
    assert found.failed == 3
    (reason,) = found.failures
    assert (reason.count, reason.rows, reason.span) == (3, (17, 400, 401), (2, 8))
    assert reason.message == "`log(x)` needs `x > 0`, here `x = -1`"
    for column in found.columns.values():
        assert np.array_equal(np.flatnonzero(np.isnan(column)), [17, 400, 401])


@each_engine
def test_a_domain_is_kept_where_a_number_would_come_out(engine: str) -> None:
    """exp(-1/x) at 0 would be 0, and a comparison with no number false."""
    found = adcalc.parse("exp(-1/x)").batch({"x": [1.0, 0.0]}, engine=engine)
    assert found.failed == 1
    assert np.isnan(found.value[1])
    found = adcalc.parse("where(log(x) > 0, 1, 2)").batch({"x": [3.0, 0.5, -1.0]}, engine=engine)
    assert np.array_equal(found.value, [1, 2, math.nan], equal_nan=True)
    assert found.failed == 1


@each_engine
def test_rows_that_are_no_numbers_and_overflows(engine: str) -> None:
    found = adcalc.parse("exp(x)").batch({"x": [0.0, math.nan, 800.0]}, engine=engine)
    assert np.array_equal(found.value, [1, math.nan, math.inf], equal_nan=True)
    assert found.failed == 1
    assert "nan" in found.failures[0].message
    assert any("overflows" in warning.message and "row 3" in warning.message for warning in found.warnings)


@each_engine
def test_rows_with_an_infinite_slope_keep_their_value(engine: str) -> None:
    found = adcalc.parse("sqrt(x)").batch({"x": [4.0, 0.0]}, engine=engine)
    assert np.array_equal(found.value, [2, 0])
    assert np.array_equal(found.partials["x"], [0.25, math.inf])
    assert found.failed == 0
    assert any("infinite slope" in warning.message for warning in found.warnings)


@each_engine
def test_digits_are_not_lost(engine: str) -> None:
    """As at a single point: (1 - cos(x))/x^2 tends to 1/2 with the slope -x/12."""
    x = np.array([1e-8, 1e-4, 1.0])
    found = adcalc.parse("(1 - cos(x))/x^2").batch({"x": x}, engine=engine)
    assert np.allclose(found.value[:2], 0.5, rtol=1e-8)
    assert np.allclose(found.partials["x"][:2], -x[:2] / 12, rtol=1e-8)


#: A formula at a hard row, its value and its partial by x; by exact reasoning, or by mpmath with 60 digits.
HARD_ROWS = [
    ("(1 - cos(x))/x^2", {"x": 1e-8}, 0.5, -8.333333333333334e-10), ("log(exp(x) - 1)", {"x": 1e-7}, -16.118095600958263, 10000000.500000008),
    ("x^2/x", {"x": 1e-162}, 1e-162, 1), ("x*y/z", {"x": 1e-200, "y": 1e-200, "z": 1e-300}, 1e-100, 1e100),
    ("log(1 + x)", {"x": 1e-12}, 9.999999999995e-13, 0.999999999999), ("sqrt(x^2 + 1) - x", {"x": 1e8}, 5e-9, -5e-17),
    ("y/(x^2 + y^2)", {"x": 1e200, "y": 1e200}, 5e-201, None), ("log(exp(x) + exp(y))", {"x": 1000, "y": 1001}, 1001.3132616875182, 0.2689414213699951),
    ("1/x % 7", {"x": 1e-18}, 6.457575945378081, None), ("1/x - 1/(x + 1)", {"x": 1e9}, 9.99999999e-19, -1.999999997e-27), ("x - sin(x)", {"x": 1e-5}, 1.6666666666583333e-16, 4.9999999999583333e-11),
]  # fmt: skip


@each_engine
@pytest.mark.parametrize("rows", [1, 256, 257, 1000])
@pytest.mark.parametrize(("formula", "at", "value", "slope"), HARD_ROWS)
def test_a_hard_row_is_right_wherever_it_stands(
    formula: str, at: Mapping[str, float], value: float, slope: float | None, rows: int, engine: str
) -> None:
    """Among easy rows, first, last and in the middle, of few and of many: as a single point has it."""
    columns = {name: np.linspace(1.0 + place, 2.0 + place, rows) for place, name in enumerate(at)}
    places = sorted({0, rows // 2, rows - 1})
    for name, number in at.items():
        columns[name][places] = number
    found = adcalc.parse(formula).batch(columns, engine=engine)

    assert found.value[places].tolist() == pytest.approx([value] * len(places), rel=1e-13, abs=0)
    if slope is not None:
        assert found.partials["x"][places].tolist() == pytest.approx([slope] * len(places), rel=1e-13, abs=0)
    assert (found.failed, found.warnings) == (0, ())


@each_engine
def test_an_underflow_that_does_not_matter_costs_nothing(engine: str) -> None:
    """Far out on a bell curve there is 0, for every row."""
    found = adcalc.parse("exp(-x^2) + y").batch({"x": np.full(10_000, 50.0), "y": np.ones(10_000)}, engine=engine)

    assert np.array_equal(found.value, np.ones(10_000))
    assert found.warnings == ()


@each_engine
def test_what_leaves_the_range_of_doubles_on_the_way_comes_back(engine: str) -> None:
    found = adcalc.parse("log(exp(x) + exp(y))").batch({"x": [1000, 0, -1000], "y": [1001, 0, -1001]}, engine=engine)
    assert close(found.value, np.array([1001.3132616875182, math.log(2), -999.6867383124818]))
    assert found.failed == 0


@each_engine
def test_memory_is_used_again(engine: str) -> None:
    f = adcalc.parse("x*y")
    first = f.batch({"x": [1.0, 2.0], "y": [3.0, 4.0]}, engine=engine)
    value = first.value
    second = f.batch({"x": [5.0, 6.0], "y": [3.0, 4.0]}, engine=engine, out=first)
    assert second.value is value
    assert np.array_equal(value, [15, 24])
    with pytest.raises(InputProblem, match="another length"):
        f.batch({"x": [1.0], "y": [1.0]}, out=first)


@each_engine
def test_threads_share_the_work(engine: str) -> None:
    """Rows are divided in pieces, and the results are those of one thread to the last bit."""
    columns = drawn({"x": (0.5, 2), "y": (-1, 1)}, 300_001)
    f = adcalc.parse("sin(x*y)*exp(x) + log(x)^2")
    one, two = (f.batch(columns, engine=engine, threads=threads) for threads in (1, 2))
    for name, column in one.columns.items():
        assert np.array_equal(column, two.columns[name])
    x, y = columns["x"], columns["y"]
    assert close(two.value, np.sin(x * y) * np.exp(x) + np.log(x) ** 2)


def wide(terms: int) -> str:
    """A formula of many operations, whose derivative is (1 + 1/terms + ...)-like sums of known terms."""
    return "+".join(f"sin({k}*x)*y/{k}" for k in range(1, terms + 1))


@each_engine
@pytest.mark.parametrize("terms", [60, 400, 1500])
def test_large_programs(terms: int, engine: str) -> None:
    """In one part, in several, and beyond what is compiled."""
    x, y = np.linspace(0.1, 3, 700), np.linspace(1, 2, 700)
    found = adcalc.parse(wide(terms)).batch({"x": x, "y": y}, engine=engine)
    assert found.engine == engine
    k = np.arange(1, terms + 1)[:, None]
    assert close(found.value, np.sum(np.sin(k * x) * y / k, axis=0), 1e-11)
    assert close(found.partials["x"], np.sum(np.cos(k * x) * y, axis=0), 1e-11)
    assert close(found.partials["y"], np.sum(np.sin(k * x) / k, axis=0), 1e-11)


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_numeric_agrees(engine: str) -> None:
    columns = drawn({"x": (0.5, 2), "y": (-1, 1)}, 40)
    f = adcalc.parse("exp(x*y) + atan2(y, x)")
    found = f.batch(columns, hessian=True, backend="numeric", engine=engine)
    wanted = f.batch(columns, hessian=True)
    for name, column in wanted.columns.items():
        assert np.allclose(found.columns[name], column, rtol=1e-6, atol=1e-6), name


ROWS = [row for row in SCALAR if row.samples and not row.constant]


@each_engine
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_of_the_table(row: Any, engine: str) -> None:
    """Value and partials at the samples and the edges are those of single points."""
    points = [*row.samples, *[edge[0] for edge in row.edges]]
    points = [point for point in points if len(point) == len(points[0])]
    letters = "xyz"[: len(points[0])]
    text = (
        f"{letters[0]} {row.symbol} {letters[1]}"
        if row.symbol and len(letters) == 2
        else f"{row.name}({', '.join(letters)})"
    )
    if row.name in ("neg", "not"):
        text = f"{row.symbol}(x)"
    f = adcalc.parse(text)
    by = [name for name, partial in zip(letters, row.partials * len(letters), strict=False) if partial]
    numbers = [[adcalc.value(part) for part in point] for point in points]
    columns: dict[str, Any] = {name: [point[place] for point in numbers] for place, name in enumerate(letters)}
    if row.name == "polygamma":
        # The order is not a variable.
        columns["x"] = 1.0
        numbers = [[1.0, *point[1:]] for point in numbers]
    found = f.batch(columns, by, engine="auto" if row.name == "polygamma" and engine == "native" else engine)
    for place, point in enumerate(numbers):
        at = dict(zip(letters, point, strict=True))
        try:
            single = f.gradient(at, by)
        except Problem:
            assert np.isnan(found.value[place]) or any(np.isnan(part[place]) for part in found.partials.values()), at
            continue
        pairs = [(found.value[place], single.value), *[(found.partials[n][place], single.partials[n]) for n in by]]
        for one, other in pairs:
            assert np.isclose(one, other, rtol=1e-13, atol=1e-300, equal_nan=True), (at, one, other)


def test_wrong_columns() -> None:
    f = adcalc.parse("x*y")
    with pytest.raises(ShapeProblem, match="`x` has 2 entries, `y` has 3"):
        f.batch({"x": [1, 2], "y": [1, 2, 3]})
    with pytest.raises(ShapeProblem, match="a column has one axis, `y` is"):
        f.batch({"x": [1, 2], "y": [[1, 2]]})
    with pytest.raises(NameProblem, match="`y` has no value"):
        f.batch({"x": [1, 2]})
    with pytest.raises(NameProblem, match="no variable `z`"):
        f.batch({"x": [1, 2], "y": 1}, wrt=["z"])
    with pytest.raises(InputProblem, match="unknown engine `gpu`"):
        f.batch({"x": [1, 2], "y": 1}, engine="gpu")
    with pytest.raises(ShapeProblem, match="row by row the value must be a number"):
        adcalc.parse("[x, x]").batch({"x": [1, 2]})
    with pytest.raises(InputProblem, match="settles a size"):
        adcalc.parse("sum(zeros(n)) + x").batch({"x": [1.0, 2.0], "n": [1, 2]})


def test_values_only() -> None:
    found = adcalc.parse("x^2").batch({"x": [1, 2]}, wrt=())
    assert list(found.columns) == ["value"]
    assert found.hessian is None


def test_by_names_of_the_program() -> None:
    """A name that the program gives a value to may be differentiated by, row by row."""
    found = adcalc.parse("a = x^2; a*x + a").batch({"x": [1.0, 2.0]}, wrt=["a"])
    assert np.array_equal(found.partials["a"], [2, 3])
    assert np.array_equal(found.value, [2, 12])


@pytest.mark.skipif(not NATIVE, reason="llvmlite is not installed")
def test_fast_trades_last_bits_only() -> None:
    columns = drawn({"x": (0.5, 2), "y": (-1, 1)}, 20_000)
    f = adcalc.parse("x*y + x*x*y - y*y/x + sin(x + y)")
    exact, fast = (f.batch(columns, engine="native", fast=fast) for fast in (False, True))
    for name, column in exact.columns.items():
        assert close(fast.columns[name], column)


@pytest.mark.skipif(not NATIVE, reason="llvmlite is not installed")
def test_strict_arithmetic_is_that_of_single_points() -> None:
    """Without --fast sums, products and quotients are not fused: the same bits as one by one."""
    columns = drawn({"x": (-2, 2), "y": (-1, 1)}, 5000)
    found = adcalc.parse("x*y - y*x*0.1 + x/(y + 3)").batch(columns, (), engine="native")
    x, y = columns["x"], columns["y"]
    assert np.array_equal(found.value, x * y - y * x * 0.1 + x / (y + 3))


def test_without_llvmlite_numpy_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from adcalc.batches import batch, scheduling

    for module in (batch, scheduling):
        monkeypatch.setattr(module, "available", lambda: False)
    found = adcalc.parse("exp(x)").batch({"x": np.zeros(200_000)})
    assert found.engine == "numpy"
    assert np.all(found.partials["x"] == 1)
    assert any("adcalc[native]" in warning.hint for warning in found.warnings)


def test_machine_code_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from adcalc.engines.native import compiling

    monkeypatch.setitem(sys.modules, "llvmlite", None)
    compiling.host.cache_clear()
    compiling.binding.cache_clear()
    with pytest.raises(MissingExtra, match="llvmlite"):
        adcalc.parse("exp(x) + 0.123").batch({"x": [1.0]}, engine="native")


@pytest.mark.skipif(not NATIVE, reason="llvmlite is not installed")
def test_kept_machine_code_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code is kept in a folder of the user's own; a file that was changed is made anew."""
    from adcalc.engines.native import object_cache

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(object_cache, "_WORTH", 0)
    module = "define i64 @f() {\n  ret i64 42\n}\n"
    code = object_cache.machine_code(module)
    folder = tmp_path / "adcalc" / "native"
    (kept,) = folder.glob("*.o")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert object_cache.machine_code(module) == code
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    assert object_cache.machine_code(module) == code
    assert code in kept.read_bytes()
    folder.chmod(0o770)
    kept.unlink()
    assert object_cache.machine_code(module) == code
    assert not list(folder.glob("*.o"))


def test_the_columns_of_a_batch_have_names() -> None:
    found: Batch = adcalc.parse("x*y").batch({"x": [1.0], "y": [2.0]}, hessian=True)
    assert list(found.columns) == ["value", "d_x", "d_y", "d_x_x", "d_x_y", "d_y_y"]
    assert found.hessian is not None
    assert found.hessian["x", "y"] is found.hessian["y", "x"]


def test_numeric_is_not_taken_in_by_chance() -> None:
    """Long steps over a fast wave may agree with one another, and not with the slope."""
    x = np.linspace(1, 8, 300)
    found = adcalc.parse("sin(1000*x)").batch({"x": x}, backend="numeric")
    wanted = 1000 * np.cos(1000 * x)
    assert np.nanmax(np.abs(found.partials["x"] - wanted)) < 1e-3
    assert np.isnan(found.partials["x"]).sum() == 0 or found.warnings


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("formula", "slope"), [("a^2*x + polygamma(1, x)", 4), ("sum([a*x, x^2])", 1)])
def test_numeric_by_a_number_that_is_the_same_in_every_row(formula: str, slope: float, engine: Any) -> None:
    x = np.linspace(1, 2, 300)
    engine = engine if "sum" not in formula else "numpy"
    found = adcalc.parse(formula).batch({"x": x, "a": 2.0}, ["a"], backend="numeric", engine=engine)
    assert np.allclose(found.partials["a"], slope * x, rtol=1e-7)


def test_numeric_says_kinks() -> None:
    found = adcalc.parse("abs(x)").batch({"x": np.zeros(3)}, backend="numeric")
    assert any(warning.kind == "kink" for warning in found.warnings)


@each_engine
def test_results_may_be_written_over_what_they_are_made_of(engine: str) -> None:
    f = adcalc.parse("x*y + sin(x)")
    x, y = np.linspace(0, 1, 1000), np.linspace(2, 3, 1000)
    first = f.batch({"x": x, "y": y}, engine=engine)
    value = first.value.copy()
    second = f.batch({"x": first.value, "y": y}, engine=engine, out=first)
    assert close(second.value, value * y + np.sin(value))
    assert close(second.partials["x"], y + np.cos(value))


@pytest.mark.skipif(not NATIVE, reason="llvmlite is not installed")
@pytest.mark.parametrize("x", [1e-300, 1e-200, 1e-3, 1.0, 1e200, 1e307, 1.7e308])
@pytest.mark.parametrize("y", [1e-300, 1e-100, 0.1, 1.0, 1.9999999999999998, 2.0, 1e100, 1e300])
def test_quick_divisions_have_the_bits_of_slow_ones(x: float, y: float) -> None:
    """Several quotients by one divisor are made of its inverse; numbers next to denormals may differ in the last bit."""
    noise = np.random.default_rng(3)
    a = x * noise.uniform(0.5, 1, 999)
    b = y * (1 - np.arange(999) * 2.0**-52)
    found = adcalc.parse("a/b + 1/b - (a + 1)/(16*b)").batch({"a": a, "b": b}, engine="native")
    with np.errstate(all="ignore"):
        wanted = {"value": a / b + 1 / b - (a + 1) / (16 * b), "d_a": 1 / b - 1 / (16 * b)}
    for name, column in wanted.items():
        fine = np.isfinite(column) & np.isfinite(wanted["value"]) & (np.abs(column) > 1e-290)
        assert np.allclose(found.columns[name][fine], column[fine], rtol=4e-16, atol=0), name


@each_engine
def test_powers_do_not_overflow_on_the_way(engine: str) -> None:
    x = np.full(300, 1e103)
    found = adcalc.parse("x^(-3)").batch({"x": x}, (), engine=engine)
    assert np.allclose(found.value, 1e-309, rtol=1e-4, atol=0)
    found = adcalc.parse("x^(-1.5)").batch({"x": x**2}, (), engine=engine)
    assert np.allclose(found.value, 1e-309, rtol=1e-4, atol=0)


@each_engine
def test_many_rows_of_one_kind_are_counted_once(engine: str) -> None:
    found = adcalc.parse("exp(x)").batch({"x": np.full(1000, 800.0)}, (), engine=engine)
    (warning,) = found.warnings
    assert warning.message.startswith("in 1000 rows, first in row 1: `exp(x)` overflows")
    found = adcalc.parse("log(x)").batch({"x": np.full(1000, -1.0)}, engine=engine)
    assert (found.failed, found.failures[0].count, found.failures[0].rows) == (1000, 1000, (0, 1, 2, 3, 4))


@each_engine
def test_rows_that_only_rounding_puts_outside_are_not_given_up(engine: str) -> None:
    """The first ones are outside, the others are not."""
    x = np.random.default_rng(2).random(1000) + 1
    y = x * (1 + 1e-9)
    z = np.zeros(1000)
    z[:3] = -1
    found = adcalc.parse("sqrt(x^2 - 2*x*y + y^2 + z)").batch({"x": x, "y": y, "z": z}, (), engine=engine)
    assert np.isnan(found.value[:3]).all()
    assert not np.isnan(found.value[3:100]).any()


@each_engine
def test_a_kink_that_is_harmless_in_the_first_rows_is_said_all_the_same(engine: str) -> None:
    y = np.ones(303)
    y[:3] = 0
    found = adcalc.parse("abs(x)*y").batch({"x": np.zeros(303), "y": y}, engine=engine)
    assert any(warning.kind == "kink" for warning in found.warnings)


def test_threads_are_a_whole_number() -> None:
    for threads in (0, -1, 2.5):
        with pytest.raises(InputProblem, match="number of threads"):
            adcalc.parse("x").batch({"x": [1.0]}, threads=threads)  # type: ignore[arg-type]


def test_masked_entries_are_no_data() -> None:
    column = np.ma.masked_array([1.0, 2.0], [False, True])
    with pytest.raises(InputProblem, match="masked"):
        adcalc.parse("x^2").batch({"x": column})


@each_engine
@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_equal_rows_have_equal_results_or_none(engine: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where doubles overflow on the way, rows that there is no time to compute with more digits have no results."""
    monkeypatch.setattr("adcalc.batches.row_diagnosis.SECONDS_FOR_DIGITS", seconds)
    found = adcalc.parse("log(exp(x) + exp(y))").batch(
        {"x": np.full(1000, 1000.0), "y": np.full(1000, 1001.0)}, engine=engine
    )
    known = ~np.isnan(found.value)
    assert close(found.value[known], np.full(known.sum(), 1001.3132616875182))
    assert found.failed == (~known).sum() == (0 if seconds else 744)
    assert all("more digits" in failure.message for failure in found.failures)


@each_engine
def test_sinc_at_large_and_whole_numbers(engine: str) -> None:
    x = np.array([1e8, 710.0, 1.0, 0.5, 0.0, 1e-9, 28.75])
    found = adcalc.parse("sinc(x)").batch({"x": x}, (), engine=engine)
    assert np.array_equal(found.value[:3], [0, 0, 0])
    assert np.allclose(found.value[3:], [2 / math.pi, 1, 1, math.sin(math.pi * 0.75) / (math.pi * 28.75)], rtol=1e-15)


def test_out_is_a_batch() -> None:
    with pytest.raises(InputProblem, match="earlier batch"):
        adcalc.parse("x").batch({"x": [1.0]}, out=np.ones(1))  # type: ignore[arg-type]


def misfits() -> dict[str, Callable[[Array], Array]]:
    """Memory of as many entries that machine code must not write to, made of one that it may."""

    def unaligned(a: Array) -> Array:
        return np.zeros(a.nbytes + 1, np.uint8)[1:].view(np.float64)

    def fixed(a: Array) -> Array:
        a = a.copy()
        a.flags.writeable = False
        return a

    return {
        "int8": lambda a: a.astype(np.int8), "float32": lambda a: a.astype(np.float32), "swapped": lambda a: a.astype(">f8"),
        "objects": lambda a: a.astype(object), "complex": lambda a: a.astype(complex), "reversed": lambda a: a.copy()[::-1],
        "strided": lambda a: np.zeros(2 * len(a))[::2], "broadcast": lambda a: np.broadcast_to(np.zeros(1), a.shape),
        "read-only": fixed, "unaligned": unaligned, "a list": lambda a: a.tolist(), "a column": lambda a: a.reshape(-1, 1),
        "short": lambda a: a[:-1].copy(), "long": lambda a: np.zeros(len(a) + 1),
    }  # fmt: skip


@each_engine
@pytest.mark.parametrize("where", ["value", "partial", "second"])
@pytest.mark.parametrize("kind", list(misfits()))
def test_memory_that_does_not_fit_is_not_written_to(kind: str, where: str, engine: str) -> None:
    """Another type, another order, another length, not writeable, not aligned: refused, and nothing is touched."""
    f, at = adcalc.parse("exp(x)*x"), {"x": np.linspace(0, 1, 1000)}
    good = f.batch(at, hessian=True, engine=engine)
    make = misfits()[kind]
    bad = {
        "value": lambda: replace(good, value=make(good.value)),
        "partial": lambda: replace(good, partials={"x": make(good.partials["x"])}),
        "second": lambda: replace(good, hessian={("x", "x"): make(good.hessian["x", "x"])}),  # type: ignore[index]
    }[where]()
    with pytest.raises(InputProblem, match="to write to"):
        f.batch(at, hessian=True, engine=engine, out=bad)


@each_engine
def test_memory_that_is_shared_is_not_written_to(engine: str) -> None:
    """Two columns in one place, wholly or in part."""
    f, at = adcalc.parse("exp(x)*x"), {"x": np.linspace(0, 1, 1000)}
    good = f.batch(at, engine=engine)
    room = np.zeros(1500)
    for value, partial in ((good.value, good.value), (room[:1000], room[500:]), (room[500:], room[:1000])):
        with pytest.raises(InputProblem, match="share memory"):
            f.batch(at, engine=engine, out=replace(good, value=value, partials={"x": partial}))
    apart = f.batch(at, engine=engine, out=replace(good, value=np.zeros(1000), partials={"x": np.zeros(1000)}))
    assert np.array_equal(apart.value, good.value)


@each_engine
def test_columns_of_any_kind_are_read(engine: str) -> None:
    """Whole numbers, other byte orders, strides, memory that is not to be written to."""
    f, x = adcalc.parse("x^2"), np.arange(2000.0)
    fixed = x.copy()
    fixed.flags.writeable = False
    for column in (
        x.astype(np.int16),
        x.astype(">f8"),
        np.repeat(x, 2)[::2],
        x[::-1].copy()[::-1],
        fixed,
        x.astype(np.float32),
    ):
        assert np.array_equal(f.batch({"x": column}, engine=engine).value, x**2)


@each_engine
def test_a_row_is_refused_only_if_it_uses_what_has_no_derivative(engine: str) -> None:
    """As at a single point: in the branch that is not taken it does not matter."""
    f = adcalc.parse("x^2 if x > 0 else polygamma(floor(x) + 1 - x*0, 2)*x + polygamma(x, 2)")
    found = f.batch({"x": [1.0, 3.0, -2.0]}, engine=engine)

    assert found.partials["x"][:2].tolist() == [2.0, 6.0]
    assert (found.failed, found.failures[0].rows) == (1, (2,))
    with pytest.raises(Problem):
        adcalc.parse("polygamma(x, 2)").batch({"x": [1.0]}, engine=engine)


def test_values_that_more_digits_mend_are_mended_in_every_row_by_numeric_too() -> None:
    """Where exp overflows on the way, in rows beyond the first ones of a kind as well."""
    x = np.full(600, 1000.0)
    found = adcalc.parse("log(exp(x) + exp(y))").batch({"x": x, "y": x + 1}, backend="numeric")

    assert close(found.value, np.full(600, 1001.3132616875182))


HARD_COLUMNS: list[tuple[str, float, float, Callable[[Any], Any]]] = [
    ("log(exp(x) - 1)", 1e-9, 1e-7, lambda x: mpmath.log(mpmath.expm1(x))),
    ("sqrt(x^2 + 1) - x", 1e9, 1e10, lambda x: mpmath.sqrt(x * x + 1) - x),
    ("(x + 1)^2 - x^2 - 2*x - 1", 1.0, 1e5, lambda _: mpmath.mpf(0)),
    ("1 - tanh(x)", 20.0, 40.0, lambda x: 1 - mpmath.tanh(x)),
    ("where(x > 25, 1 - tanh(x), x)", 20.0, 40.0, lambda x: 1 - mpmath.tanh(x) if x > 25 else x),
]


@each_engine
@pytest.mark.parametrize(("formula", "low", "high", "truth"), HARD_COLUMNS)
def test_a_column_of_nothing_but_hard_rows(
    formula: str, low: float, high: float, truth: Callable[[Any], Any], engine: str
) -> None:
    """Rows in doubt are computed again many at a time, so that a thousand of them are no more than a moment."""
    x = np.random.default_rng(5).uniform(low, high, 1000)
    found = adcalc.parse(formula).batch({"x": x}, (), engine=engine)
    with mpmath.workdps(60):
        wanted = np.array([float(truth(mpmath.mpf(each))) for each in x])
    assert (found.failed, found.warnings) == (0, ())
    assert np.all(np.abs(found.value - wanted) <= 4e-9 * np.abs(wanted))
    found = adcalc.parse(formula).batch({"x": x}, engine=engine)
    assert np.all(np.abs(found.value - wanted) <= 4e-9 * np.abs(wanted))


ROUGH: list[tuple[str, float, Callable[[Any], Any]]] = [
    ("digamma(x)", -2.9999999988771933, mpmath.digamma), ("gamma(x)", -2.9999999988771933, mpmath.gamma),
    ("lgamma(x)", 0.9999999983332842, mpmath.loggamma), ("lgamma(x)", 2.0000000012, mpmath.loggamma),
    ("lgamma(x)", -2.4570247382208, lambda x: mpmath.log(abs(mpmath.gamma(x)))), ("digamma(x)", 1.4616321449683623, mpmath.digamma),
    ("digamma(x)", -0.5040830082644554, mpmath.digamma), ("polygamma(1, x)", -2.99999999, lambda x: mpmath.psi(1, x)),
    ("erfcx(x)", 1e4, lambda x: mpmath.exp(x * x) * mpmath.erfc(x)), ("acsc(x)", 1e155, mpmath.acsc), ("asec(x)", -1e155, mpmath.asec),
    ("acoth(x)", 1e100, mpmath.acoth), ("acsch(x)", 1e155, mpmath.acsch), ("gamma(x)", 1e-300, mpmath.gamma),
]  # fmt: skip


@each_engine
@pytest.mark.parametrize(("formula", "x", "truth"), ROUGH)
def test_special_functions_are_as_accurate_in_tables_and_arrays(
    formula: str, x: float, truth: Callable[[Any], Any], engine: str
) -> None:
    """Near roots and poles, far out and near 0, with their slopes, held against 60 digits."""
    with mpmath.workdps(60):
        value = float(truth(mpmath.mpf(x)))
        slope = float(mpmath.diff(truth, mpmath.mpf(x))) if 1e-9 < abs(x) < 1e9 else None
    rows = adcalc.parse(formula).batch({"x": np.full(300, x)}, engine=engine)
    entry = adcalc.parse(f"sum({formula.replace('x)', 'v[0])')})").gradient({"v": [x]})
    for found in (rows.value[7], float(entry.value)):
        assert abs(found - value) <= 1e-15 * abs(value)
    for found in (rows.partials["x"][7], np.asarray(entry.partials["v"])[0]):
        assert slope is None or abs(found - slope) <= 1e-15 * abs(slope)
    assert rows.failed == 0
