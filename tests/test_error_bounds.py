"""Bounds of rounding errors: what the table's rows make of errors, held against arguments that were really moved."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np
import pytest

import adcalc
from adcalc.algebras import roundings
from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.multiprecision import Multiprecision
from adcalc.algebras.precise_arrays import PreciseArrays
from adcalc.autodiff.linearization import Asked, linearized
from adcalc.checks.array_errors import ARRAY_KIT
from adcalc.checks.error_bounds import MOST, MOST_OF_ENTRY, is_certain
from adcalc.checks.rounding_errors import NUMBERS, error_of
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate
from adcalc.table import PRIMITIVES, TABLE
from tests.test_array_rules import CORES, Core, label
from tests.test_routes import formula_of_arrays, formula_of_numbers

#: Relative; large beside roundings, small beside curvature.
SHIFT = 1e-9
ROWS = [row for row in TABLE if not row.over and not row.constant and row.takes is None]
POINTS = [0.0, 1.0, -1.0, 2.0, 0.5, -0.3, 1e-8, 1e8, 3.7, 0.1, 0.7]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_of_numbers(row: Primitive) -> None:
    """No argument that is moved within its error moves the value further than the bound; numbers and entries alike."""
    r = random.Random(row.name)
    for sample in row.samples:
        arguments = [float(text) for text in sample]
        fixed = {0} if row.name == "polygamma" else set()
        errors = [0.0 if i in fixed else abs(x) * SHIFT for i, x in enumerate(arguments)]
        value = FLOATS.apply(row, arguments)
        bound = error_of(NUMBERS, row, arguments, errors, value)
        assert bound < math.inf or row.name in roundings.ROUGH
        with np.errstate(all="ignore"):
            columns = [np.array([x, x]) for x in arguments]
            spread = [0.0 if i in fixed else np.full(2, error) for i, error in enumerate(errors)]
            of_entries = error_of(ARRAY_KIT, row, columns, spread, ARRAYS.apply(row, columns))
        assert np.broadcast_to(of_entries, 2) == pytest.approx([bound] * 2, rel=1e-3)
        for _ in range(20):
            moved = [
                x + error * r.choice([-1, 1, r.uniform(-1, 1)]) for x, error in zip(arguments, errors, strict=True)
            ]
            assert abs(FLOATS.apply(row, moved) - value) <= bound * 1.001 + 1e-14 * abs(value)


@pytest.mark.parametrize("case", CORES, ids=label)
def test_every_core_row(case: Core) -> None:
    """The same of rows over whole arrays; eliminations have no bound, and choices of places none but exact ones."""
    row = PRIMITIVES[case.row].bound(**case.static) if case.static else PRIMITIVES[case.row]
    arguments = [np.asarray(each, dtype=float) for each in case.arguments]
    errors: list[Any] = [0.0 if i in case.fixed else np.abs(each) * SHIFT for i, each in enumerate(arguments)]
    with np.errstate(all="ignore"):
        value = ARRAYS.apply(row, arguments)
        bound = error_of(ARRAY_KIT, row, arguments, errors, value)
    assert np.all(np.isfinite(bound)) == (case.row not in roundings.FACTORING | roundings.ROUGH) or case.row in {
        "core logsumexp",
        "core log_softmax",
    }
    r = np.random.default_rng(1)
    for _ in range(20):
        moved = [
            each + error * r.choice([-1.0, 1.0], np.shape(each)) for each, error in zip(arguments, errors, strict=True)
        ]
        apart = np.abs(ARRAYS.apply(row, moved) - value)
        assert np.all(apart <= bound * 1.001 + 1e-14 * np.abs(value))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_certain_is_right(seed: int) -> None:
    """Random formulas, at points where digits cancel too, held against sixty digits."""
    r = random.Random(seed)
    certain = 0
    for _ in range(60):
        arrays = r.random() < 0.5
        formula = f"sum({formula_of_arrays(r, r.randint(0, 2))})" if arrays else formula_of_numbers(r, r.randint(1, 4))
        at: dict[str, Any] = {"x": r.choice(POINTS), "y": r.choice(POINTS)}
        at |= {name: np.array([r.choice(POINTS) for _ in range(3)]) for name in "uv"}
        at["A"] = np.array([[r.choice(POINTS) for _ in range(3)] for _ in range(3)])
        function = adcalc.parse(formula)
        asked = Asked(function.evaluated, {name: at[name] for name in function.variables}, {}, function.source)
        program = linearized(asked).program
        if arrays:
            program = program._replace(branching=False)
        with np.errstate(all="ignore"):
            values = evaluate(program, ARRAYS if arrays else FLOATS, asked.inputs)
            if not is_certain(program, values, 1 if arrays else None):
                continue
            certain += 1
            truth = precise(program, asked.inputs, arrays=arrays)
        for output in program.outputs:
            found, exact = np.asarray(values[output]), np.asarray(truth[output])
            most = MOST_OF_ENTRY if found.ndim else MOST
            assert np.all(np.abs(found - exact) <= most * np.abs(exact)), (formula, at)
    assert certain > 15


def precise(program: Any, inputs: Mapping[str, Any], *, arrays: bool) -> Any:
    """The values of a program with sixty digits, rounded."""
    algebra: Any = PreciseArrays(60) if arrays else Multiprecision(60)
    lift = algebra.lift if arrays else algebra.const
    values = evaluate(program, algebra, {name: lift(value) for name, value in inputs.items()})
    return {output: algebra.rounded(values[output]) for output in program.outputs}


@pytest.mark.parametrize(
    ("formula", "at", "certain"),
    [
        ("sum(x)", [1.0, 1e16, -1e16], False), ("sum(x)", [1.0, 2.0, -3.0], True), ("sum(exp(x))", [-800.0, 1.0], True),
        ("x[0]*x[1]", [1e-200, 1e-200], False), ("prod(x)", [1e-160, 1e-160, 1e300], False), ("max(exp(x))", [1.0, 1.0], True),
        ("sum(x > exp(x[0]))", [1.0, math.e], False), ("sum(floor(x*3))", [1 / 3, 0.5], False), ("norm(x)", [3.0, 4.0], True),
        ("logsumexp(x)", [1.0, 2.0], True), ("x@x - 25", [3.0, 4.0], True), ("x@x - 0.25", [0.3, 0.4], False),
        ("(x[0] - 0.1)^2 + 0*x[1]", [0.1, 0.0], False),
    ],
)  # fmt: skip
def test_known_cases(formula: str, at: list[float], certain: bool) -> None:
    """Cancellation, underflow on the way, choices that a rounding decides; and what is exact."""
    function = adcalc.parse(formula)
    asked = Asked(function.evaluated, {"x": np.array(at)}, {}, function.source)
    program = linearized(asked).program._replace(branching=False)
    with np.errstate(all="ignore"):
        values = evaluate(program, ARRAYS, asked.inputs)
    assert is_certain(program, values, 1) is certain


def test_a_sum_by_hand() -> None:
    """The bound of a sum is that of the table of Higham: the errors of the terms, and half a unit of the sum."""
    found = error_of(NUMBERS, PRIMITIVES["+"], [1.0, 2.0], [1e-15, 3e-15], 3.0)
    assert mpmath.almosteq(found, 4e-15 + 0.5 * 2.0**-53 * 3.0, rel_eps=1e-12)


@pytest.mark.parametrize("formula", ["logsumexp(x)", "norm(x)", "x@x", "sum(outer(x, x))", "prod(x)"])
def test_arrays_without_entries(formula: str) -> None:
    """Nothing is certain of nothing, and nobody stumbles over it."""
    found = adcalc.parse(formula).gradient(x=[])
    assert np.asarray(found.partials["x"]).size == 0
    assert found.value == {"logsumexp(x)": -math.inf, "prod(x)": 1.0}.get(formula, 0.0)


@pytest.mark.parametrize("shape", ["x^y - x^pi", "sum([x^y - x^pi, 0])"])
def test_roundings_that_move_alike_by_chance(shape: str) -> None:
    """Near 1 doubles have few neighbours: that perturbed runs agree is no proof, however often that happens."""
    function = adcalc.parse(shape)
    for k in range(1, 100):
        at = {"x": 1.0 + k * 1e-9, "y": 0.01 * (k % 7)}
        with mpmath.workdps(40):
            x, y = (mpmath.mpf(each) for each in at.values())
            exact = float(x**y - x**mpmath.pi)
        assert function.gradient(at).value == pytest.approx(exact, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_rows_in_which_nothing_is_left(engine: str) -> None:
    """A logarithm that is 0 by rounding is missing in the sum that follows it."""
    if engine == "native":
        pytest.importorskip("llvmlite")
    xs = np.array([k * 1e-9 for k in range(1, 12)] * 30)
    found = adcalc.parse("log(1 + x^2) - abs(x)").batch({"x": xs}, engine=engine)
    with mpmath.workdps(40):
        exact = [float(mpmath.log(1 + mpmath.mpf(x) ** 2) - mpmath.mpf(x)) for x in xs[:11].tolist()]
    assert found.value == pytest.approx(exact * 30, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic"])
def test_a_large_value_with_small_second_derivatives(backend: str) -> None:
    """What is said of a point comes from the values of the formula, also where only its second derivatives are checked."""
    function = adcalc.parse("sum(sin(c)*exp(c)*c^2*cos(c))*abs(x[0]) + x[1]^2")
    found = function.hessian({"c": np.linspace(0, 1, 90_000), "x": [0.0, 1.0]}, wrt=["x"], backend=backend)
    assert np.array_equal(found.matrix, [[0, 0], [0, 2]])
    assert [warning.kind for warning in found.warnings] == ["precision", "kink"]
