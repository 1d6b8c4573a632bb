"""Arrays of many digits: every row of the table, held against doubles, against whole numbers and against reason."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import pytest

import adcalc
from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.precise_arrays import PreciseArrays
from adcalc.autodiff.derive import Derivation
from adcalc.autodiff.linearization import Asked, Linearization, linearized
from adcalc.autodiff.stacks import unit_stack
from adcalc.errors import Source
from adcalc.ir.expr import Expr
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate, lowered
from adcalc.table import PRIMITIVES, TABLE
from tests.test_array_rules import CORES, LAYERS, Core, label, made, run, unit_tangents
from tests.test_array_scenarios import SCENARIOS, Scenario, by_name, near

Array: TypeAlias = Any

MANY = PreciseArrays(50)
GRID = (-1e3, -2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 1e3)


def named(row: Primitive) -> str:
    """What a row is called in a test's name."""
    return row.name


def carried_out(formulas: Sequence[Expr], inputs: Mapping[str, Array]) -> list[Array]:
    """The values of core formulas in many digits, as doubles."""
    program = lowered(formulas)._replace(branching=False)
    values = evaluate(program, MANY, {name: MANY.lift(value) for name, value in inputs.items()})
    return [MANY.rounded(values[output]) for output in program.outputs]


def same(found: Array, wanted: Array) -> bool:
    """The same shape, numbers at the same places, and the same ones to twelve digits of the largest beside."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape or not np.array_equal(np.isfinite(found), np.isfinite(wanted)):
        return False
    inside = np.isfinite(wanted)
    return bool(np.all(np.abs(found[inside] - wanted[inside]) <= 1e-12 * (1e-3 + np.abs(wanted[inside]))))


# Rows


@pytest.mark.parametrize("row", TABLE, ids=named)
def test_every_row(row: Primitive) -> None:
    """A row of the table is computed as doubles compute it, or refused by name."""
    if row.over == "core":
        assert row.name in {case.row for case in CORES}
    elif row.over:
        with pytest.raises(TypeError, match="no core row"):
            MANY.apply(row, [MANY.lift([1.0])])
    elif row.constant:
        assert MANY.rounded(MANY.apply(row, [])) == FLOATS.apply(row, [])
    else:
        count = row.arity[1] or 3
        random = np.random.default_rng(7).normal(scale=2.0, size=(30, count))
        points = np.concatenate([list(itertools.product(GRID[:: max(1, count - 1)], repeat=count)), random]).T
        with np.errstate(all="ignore"):
            wanted = ARRAYS.apply(row, list(points))
        assert same(MANY.rounded(MANY.apply(row, [MANY.lift(column) for column in points])), wanted)
        # Numbers without axes, and of one argument an array beside numbers.
        alone = MANY.apply(row, [MANY.lift(column[-1]) for column in points])
        assert same(MANY.rounded(alone), np.asarray(wanted)[-1])
        beside = [MANY.lift(column) if i == 0 else MANY.lift(column[-1]) for i, column in enumerate(points)]
        with np.errstate(all="ignore"):
            mixed = ARRAYS.apply(row, [column if i == 0 else column[-1] for i, column in enumerate(points)])
        assert same(MANY.rounded(MANY.apply(row, beside)), mixed)


@pytest.mark.parametrize("row", [row for row in TABLE if not row.over and not row.constant], ids=named)
def test_entries_without_a_value(row: Primitive) -> None:
    """Entries that are nan or infinite, and arrays without entries, raise nothing."""
    odd = MANY.lift([math.nan, math.inf, -math.inf, 0.0, 1e300, -1e300, 5e-324])
    count = row.arity[1] or 2
    for shift in range(3):
        found = MANY.apply(row, [np.roll(odd, shift * i) for i in range(count)])
        assert np.shape(found) == odd.shape
    assert np.shape(MANY.apply(row, [odd[:0]] * count)) == (0,)


@LAYERS
@pytest.mark.parametrize("case", CORES, ids=label)
def test_core_rows(case: Core, stacked: bool) -> None:
    """A core row computes what doubles compute, over the last axes of a stack too."""
    if stacked and not (set(range(len(case.arguments))) - set(case.fixed)):
        return
    found = made(case, stacked=stacked, weighed=False)
    (value,) = carried_out([found.work.formula.root], found.inputs)
    assert near(value, found.wanted(found.inputs), 1e-8 if case.row == "minors" else 1e-13)


@pytest.mark.parametrize("case", [case for case in CORES if len(case.fixed) < len(case.arguments)], ids=label)
def test_derivatives_of_core_rows(case: Core) -> None:
    """Adjoints, and tangents along a stack of directions, are those of doubles."""
    found = made(case, stacked=False, weighed=True)
    _, tangents = unit_tangents(found)
    seeds = {f"tangent {name}": tangent for name, tangent in tangents.items()}
    pushed = found.work.pushforward().formula
    adjoints = found.work.partials().formulas
    formulas = [formula for formula in (pushed, *adjoints.values()) if formula is not None]
    inputs = {**found.inputs, **seeds}
    for precise, double in zip(carried_out(formulas, inputs), run(found, formulas, inputs), strict=True):
        assert near(precise, np.broadcast_to(double, np.shape(precise)), 1e-11)


@pytest.mark.parametrize(
    ("row", "static", "arguments", "wanted"),
    [
        ("core sum", {"axes": (-1,)}, [[1e16, 1.0, -1e16]], 1.0),
        ("core cumsum", {}, [[1e16, 1.0, -1e16]], [1e16, 1e16, 1.0]),
        ("inner", {}, [[1e8, 1.0, 1e8], [1e8, 1.0, -1e8]], 1.0),
        ("core trace", {}, [[[1e16, 0, 0], [0, 1, 0], [0, 0, -1e16]]], 1.0),
        ("core norm", {"axes": (-1,)}, [[3e200, 4e200]], 5e200),
        ("core norm", {"axes": (-1,)}, [[3e-200, 4e-200]], 5e-200),
        ("core prod", {}, [[1e300, 1e300, 1e-300, 1e-300]], 1.0),
        ("core logsumexp", {}, [[-40.0, 0.0]], 4.248354255291589e-18),
        ("core logsumexp", {}, [[-math.inf, -math.inf]], -math.inf),
        ("core logsumexp", {}, [[]], -math.inf),
        ("core softmax", {}, [[-math.inf, 0.0]], [0.0, 1.0]),
        ("core softmax", {}, [[math.inf, 0.0]], [math.nan, math.nan]),
        ("core amax", {}, [[1.0, math.nan, 3.0]], math.nan),
        ("core argmax", {}, [[1.0, math.nan, 3.0]], 1.0),
        ("core argmin", {}, [[2.0, 1.0, 1.0]], 1.0),
        ("core sum", {"axes": (-1,)}, [[]], 0.0),
        ("core prod", {}, [[]], 1.0),
        ("inner", {}, [[], []], 0.0),
        ("matmul", {}, [np.zeros((2, 0)), np.zeros((0, 3))], np.zeros((2, 3))),
        ("take", {}, [[1.0, 2.0], [1.0, 2.0, 0.5, math.nan]], [2.0, math.nan, math.nan, math.nan]),
        ("take", {}, [[], [0.0]], [math.nan]),
        ("put", {"n": 2}, [[1.0, 2.0, 4.0], [1.0, 0.0, 1.0]], [2.0, 5.0]),
        ("put", {"n": 2}, [[1.0], [2.0]], [math.nan, math.nan]),
        ("core one_hot", {"n": 2}, [[1.0, 2.0]], [[0.0, 1.0], [math.nan, math.nan]]),
        ("unsound", {}, [[1e300, math.nan]], 1.0),
    ],
)  # fmt: skip
def test_known_answers(row: str, static: Mapping[str, Any], arguments: Sequence[Array], wanted: Array) -> None:
    """What cancels, overflows or underflows on the way, and what is not there."""
    found = MANY.rounded(MANY.apply(PRIMITIVES[row].bound(**static), [MANY.lift(each) for each in arguments]))
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


# Linear algebra, against exact fractions


def exact_det(matrix: Sequence[Sequence[Fraction]]) -> Fraction:
    """A determinant by elimination in fractions."""
    rows = [list(row) for row in matrix]
    result = Fraction(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot], result = rows[pivot], rows[k], -result
        result *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return result


def fractions(matrix: Array) -> list[list[Fraction]]:
    """The same matrix in fractions."""
    return [[Fraction(entry) for entry in row] for row in np.asarray(matrix, dtype=float).tolist()]


def double(number: Fraction) -> float:
    """The nearest double, or infinity."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def hilbert(n: int) -> Array:
    """The matrix of 1/(i + j + 1), rounded to doubles."""
    return 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1.0)


RANDOM = np.random.default_rng(5)
SCALED = RANDOM.normal(size=(6, 6)) * 10.0 ** RANDOM.integers(-250, 250, size=(6, 6))
MATRICES = {
    "Hilbert": hilbert(12),
    "nearly singular": np.array([[1e8, 1.0], [1e16 + 2, 1e8]]),
    "singular": np.arange(1.0, 10.0).reshape(3, 3),
    "rank 1": np.outer([1.0, 2.0, 4.0, 8.0], [0.1, 0.7, 0.3, 0.9]),
    "exchanged": np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "one": np.array([[0.3]]),
    "many sizes": SCALED,
    "large": RANDOM.normal(size=(40, 40)) * 10.0 ** RANDOM.integers(-30, 30, size=(40, 1)),
}  # fmt: skip
EACH = pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)


def applied(row: str, *arguments: Array) -> Array:
    """A row in many digits, as doubles."""
    return MANY.rounded(MANY.apply(PRIMITIVES[row], [MANY.lift(argument) for argument in arguments]))


def test_the_determinant_of_a_hilbert_matrix() -> None:
    """To all digits, as fractions of the same doubles have it."""
    found = applied("core det", hilbert(12))
    assert found == float(exact_det(fractions(hilbert(12))))
    assert found == pytest.approx(2.6872255816619e-78, rel=1e-13)


@EACH
def test_determinants(matrix: Array) -> None:
    """A determinant is right to the last bit, and 0 exactly if the matrix is singular."""
    wanted = exact_det(fractions(matrix))
    assert applied("core det", matrix) == pytest.approx(double(wanted), rel=1e-15, abs=0.0)
    logarithm = applied("core logdet", matrix)
    assert logarithm == -math.inf if not wanted else abs(logarithm) < math.inf
    assert applied("core det", np.full((3, 3), math.nan)) != 0.0


@EACH
def test_solutions(matrix: Array) -> None:
    """Solutions, of a vector, a matrix and a stack, solve the equation exactly; of a singular matrix there are none."""
    n = len(matrix)
    right = np.random.default_rng(1).normal(size=(3, n, 2))
    found = applied("core solve", matrix, right)
    assert found.shape == right.shape
    if not exact_det(fractions(matrix)):
        assert np.all(np.isnan(found))
        assert np.all(np.isnan(applied("core inv", matrix)))
        return
    assert np.array_equal(found[1], applied("core solve", matrix, right[1]))
    assert np.array_equal(found[2, :, 0], applied("solvevec", matrix, right[2, :, 0]))
    assert np.array_equal(found[0], applied("core solve", np.stack([matrix, matrix]), right[0])[1])
    # By Cramer's rule, in fractions.
    below, rows = exact_det(fractions(matrix)), fractions(matrix)
    for place in range(min(n, 3) if n < 20 else 1):
        above = [[Fraction(right[0, i, 0]) if j == place else row[j] for j in range(n)] for i, row in enumerate(rows)]
        assert found[0, place, 0] == pytest.approx(double(exact_det(above) / below), rel=1e-15, abs=0.0)


@EACH
def test_cofactors(matrix: Array) -> None:
    """Cofactors are determinants of what is left; of singular matrices too, along any direction."""
    n, rows = len(matrix), fractions(matrix)
    if n > 12:
        return
    found = applied("cofactors", matrix)
    direction = np.random.default_rng(2).integers(-3, 4, size=(n, n)).astype(float)
    slopes = applied("minors", matrix, np.stack([direction, 2 * direction]))

    def left(of: list[list[Fraction]], i: int, j: int) -> Fraction:
        return Fraction((-1) ** (i + j)) * exact_det([row[:j] + row[j + 1 :] for k, row in enumerate(of) if k != i])

    # The slope of a polynomial that is known at enough places: symmetric differences, extrapolated to nothing.
    ahead, behind = ([[a + sign * Fraction(b) / 10**400 for a, b in zip(row, by, strict=True)] for row, by in zip(rows, direction, strict=True)] for sign in (1, -1))  # fmt: skip
    for i, j in [(0, 0), (n - 1, 0), (n // 2, n - 1)]:
        assert found[i, j] == pytest.approx(double(left(rows, i, j)), rel=1e-15, abs=0.0)
        if matrix is SCALED:  # takes more digits than these
            continue
        slope = (left(ahead, i, j) - left(behind, i, j)) / 2 * 10**400
        assert slopes[0, i, j] == pytest.approx(float(slope), rel=1e-13, abs=1e-300)
        assert slopes[1, i, j] == pytest.approx(2 * float(slope), rel=1e-13, abs=1e-300)


def test_eigenvalues_and_factors() -> None:
    """The eigenvalues of the Hilbert matrix multiply to its determinant, the smallest one included; L @ L.T is it."""
    matrix = MANY.lift(hilbert(12))
    values = MANY.apply(PRIMITIVES["core eigvalsh"], [matrix])
    vectors = MANY.apply(PRIMITIVES["core eigenvectors"], [matrix])
    assert MANY.rounded(MANY.apply(PRIMITIVES["core prod"], [values])) == pytest.approx(
        applied("core det", hilbert(12)), rel=1e-15
    )
    assert np.all(np.diff(MANY.rounded(values)) > 0)
    turned = MANY.apply(PRIMITIVES["matmul"], [matrix, vectors])
    assert np.abs(MANY.rounded(turned - vectors * values)).max() < 1e-45
    lower = MANY.apply(PRIMITIVES["core cholesky"], [matrix])
    back = MANY.apply(PRIMITIVES["matmul"], [lower, np.swapaxes(lower, -1, -2)])
    assert np.abs(MANY.rounded(back - matrix)).max() < 1e-45
    assert np.all(np.isnan(applied("core cholesky", [[1.0, 2.0], [2.0, 1.0]])))
    assert np.all(np.isnan(applied("core eigvalsh", [[1.0, math.nan], [2.0, 1.0]])))
    definite = hilbert(4) + np.eye(4)
    assert near(applied("core eigenvectors", definite), np.linalg.eigh(definite)[1], 1e-13)


# Doubles in and out


@pytest.mark.parametrize("number", [0.0, 0.1, -1e308, 5e-324, 2.0**-1022, math.inf, -math.inf, math.nan])
def test_doubles_come_back(number: float) -> None:
    """Doubles are lifted as they are and come back as they were, alone and in arrays."""
    alone, together = MANY.rounded(MANY.lift(number)), MANY.rounded(MANY.lift([[number, 1.0]]))
    assert isinstance(alone, float) and together.dtype == float
    assert np.array_equal([[alone, 1.0]], together, equal_nan=True)
    assert alone == number or alone != alone != number != number


def test_rounding_is_to_nearest() -> None:
    """Numbers between doubles go to the nearest, once, subnormal ones too; those beyond are infinite or 0."""
    mpf, two = MANY.context.mpf, MANY.context.mpf(2)
    assert MANY.rounded(mpf(10) ** 400) == math.inf
    assert MANY.rounded(-(mpf(10) ** 400)) == -math.inf
    assert MANY.rounded(two**-1_000_000) == 0.0
    # Just above the middle of two subnormals; rounded to 53 bits it would be the middle, and go to the even one.
    middle = (4 * two + 1) * two**-1075
    assert MANY.rounded(middle * (1 + two**-80)) == 5 * 2.0**-1074
    assert MANY.rounded(-middle * (1 - two**-80)) == -4 * 2.0**-1074


# Formulas and what is derived from them


def ready(formula: str, at: Mapping[str, Any]) -> tuple[Linearization, dict[str, Array]]:
    """A formula elaborated at a point, and the point."""
    function = adcalc.parse(formula, bound=at)
    inputs = {name: np.asarray(value, dtype=float) for name, value in at.items()}
    return linearized(Asked(function.evaluated, inputs, function.spans, Source(formula))), inputs


@pytest.mark.parametrize("scenario", SCENARIOS, ids=by_name)
def test_scenarios(scenario: Scenario) -> None:
    """Value and gradient of every scenario, by reverse and by forward mode, with a stack of seeds."""
    formula, inputs = ready(scenario.formula, scenario.at)
    (value,) = carried_out([formula.root], inputs)
    assert near(np.sum(value), scenario.value, scenario.tolerance)
    wrt = tuple(scenario.gradient)
    alone = formula.number()
    if not wrt or alone is None:
        return
    work = Derivation(alone, wrt, {name: np.shape(inputs[name]) for name in wrt})
    adjoints = work.partials().formulas
    for name, wanted in scenario.gradient.items():
        adjoint = adjoints[name]
        found = 0.0 if adjoint is None else carried_out([adjoint], inputs)[0]
        assert near(np.broadcast_to(found, np.shape(wanted)), wanted), name
    seeds = {f"tangent {name}": seed for name, seed in unit_stack(work, 0, work.size).items()}
    pushed = work.pushforward().formula
    if pushed is None:
        return
    (tangents,) = carried_out([pushed], {**inputs, **seeds})
    assert near(tangents, np.concatenate([np.ravel(wanted) for wanted in scenario.gradient.values()]))


@pytest.mark.parametrize(
    ("formula", "at", "value", "gradient"),
    [
        ("sum(sqrt(x^2 + 1) - x)", {"x": [1e8]}, 5e-9, [-5e-17]),
        ("sum(tanh(x) - 1)", {"x": [30.0]}, -2 / (1 + math.exp(60)), [4 / math.exp(60)]),
        ("sum((1 - cos(x))/x^2)", {"x": [1e-8]}, 0.5, [-8.333333333333333e-10]),
        (
            "1 - softmax(x)[1]",
            {"x": [-40.0, 0.0]},
            4.248354255291589e-18,
            [4.248354255291589e-18, -4.248354255291589e-18],
        ),
        ("sqrt(sum(x^2))", {"x": [1e200, 1e200]}, math.sqrt(2) * 1e200, [math.sqrt(0.5)] * 2),
        ("sum(where(x > 0, log(x), x))", {"x": [-1.0, math.e]}, 0.0, [1.0, 1 / math.e]),
    ],
)
def test_digits(formula: str, at: Mapping[str, Any], value: float, gradient: list[float]) -> None:
    """Where doubles have lost every digit, many digits have the doubles that are right."""
    found, inputs = ready(formula, at)
    adjoint = Derivation(found, ("x",), {"x": np.shape(inputs["x"])}).partials().formulas["x"]
    assert adjoint is not None
    figures = carried_out([found.root, adjoint], inputs)
    assert figures[0] == pytest.approx(value, rel=1e-12, abs=1e-15 if value == 0.0 else 0.0)
    assert figures[1] == pytest.approx(np.array(gradient), rel=1e-12, abs=0.0)
