"""Roundings made worse: what is exact stays, what cancels moves, and what leaves the range of doubles is noticed."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pytest

from adcalc.algebras import roundings
from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.noise import Noise
from adcalc.ir.primitive import Primitive
from adcalc.table import PRIMITIVES, TABLE
from tests.test_array_rules import CORES, Core, label

Array: TypeAlias = Any

EPSILON = sys.float_info.epsilon
SCALARS = [row for row in TABLE if not row.over and not row.constant]
#: A row applied to arguments, and by which algebra.
BOTH = pytest.mark.parametrize("arrays", [False, True], ids=["numbers", "arrays"])


def named(row: Primitive) -> str:
    """What a row is called in a test's name."""
    return row.name


def noisy(row: str, arguments: Sequence[Any], seed: int = 1, **static: Any) -> tuple[Array, bool]:
    """The value of a row over moved arrays, and whether it strayed."""
    noise = Noise(ARRAYS, seed)
    primitive = PRIMITIVES[row].bound(**static) if static else PRIMITIVES[row]
    return noise.apply(primitive, [np.asarray(each, dtype=float) for each in arguments]), noise.strayed


def moved(row: str, arguments: Sequence[float], *, arrays: bool, seed: int = 1) -> tuple[float, bool]:
    """The value of a row over moved numbers, or over arrays of one entry, and whether it strayed."""
    if arrays:
        value, strayed = noisy(row, [[each] for each in arguments], seed)
        return float(value[0]), strayed
    noise = Noise(FLOATS, seed)
    return noise.apply(PRIMITIVES[row], list(arguments)), noise.strayed


def test_every_row_rounds_in_one_way() -> None:
    """The table of roundings names rows that there are, each once, and leaves no core row out."""
    kinds = [roundings.CHOOSING, roundings.ARRANGING, roundings.ADDING, roundings.FACTORING, roundings.COMPUTING]
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))
    named = frozenset().union(*kinds, roundings.ROUGH, roundings.VANISHING)
    assert named <= PRIMITIVES.keys()
    assert {row.name for row in TABLE if row.over == "core"} <= named
    assert {row.name for row in TABLE if row.jump and row.binding} <= roundings.CHOOSING | {"%"}


@BOTH
@pytest.mark.parametrize("row", SCALARS, ids=named)
def test_every_row_of_numbers(row: Primitive, arrays: bool) -> None:
    """A row moves by a few units in the last place and in both directions, or is one that never rounds."""
    # A tenth beside the samples, so that no result comes out even; an order stays a whole number.
    whole = row.name == "polygamma"
    arguments = [float(text) + (0.0 if whole and i == 0 else 0.1) for i, text in enumerate(row.samples[0])]
    if row.takes is not None and not arrays:
        return  # numbers take branches without computing them
    exact = (
        float(ARRAYS.apply(row, [np.array([each]) for each in arguments])[0])
        if arrays
        else FLOATS.apply(row, arguments)
    )
    found = [moved(row.name, arguments, arrays=arrays, seed=seed)[0] for seed in range(1, 25)]
    assert found == pytest.approx([exact] * 24, rel=5 * EPSILON, abs=0.0)
    if row.name in roundings.CHOOSING:
        assert {*found} == {exact}
    elif row.name not in ("+", "-"):
        assert min(found) < exact < max(found)


@pytest.mark.parametrize("case", CORES, ids=label)
def test_every_core_row(case: Core) -> None:
    """A core row moves a little, or is one that never rounds."""
    primitive = PRIMITIVES[case.row].bound(**case.static) if case.static else PRIMITIVES[case.row]
    changed = False
    for scale in (1 / 3, 1 / 7, 1 / 11):
        arguments = [each if i in case.fixed else each * scale for i, each in enumerate(case.arguments)]
        exact = np.asarray(ARRAYS.apply(primitive, arguments))
        for seed in (1, 2):
            found = np.asarray(Noise(ARRAYS, seed).apply(primitive, arguments))
            assert found.shape == exact.shape
            assert np.allclose(found, exact, rtol=1e-12, atol=1e-12)
            changed = changed or not np.array_equal(found, exact)
    if case.row in roundings.EXACT:
        assert not changed
    else:
        assert changed or not np.any(exact)


@BOTH
@pytest.mark.parametrize(
    ("row", "arguments"),
    [
        ("+", (0.1, 0.3 - 0.1)), ("+", (1.5, 2.25)), ("-", (0.3, 0.1 + 0.1)), ("-", (1e16, 1e16 - 2)),
        ("*", (3.0, 7.0)), ("*", (1.0, 0.1)), ("*", (0.0, 0.1)), ("^", (3.0, 4.0)), ("^", (0.1, 1.0)),
        ("/", (6.0, 3.0)), ("/", (0.0, 0.3)), ("%", (7.0, 3.0)), ("sqrt", (9.0,)), ("exp", (0.0,)), ("cos", (0.0,)),
        ("sin", (0.0,)), ("expm1", (0.0,)), ("log", (1.0,)), ("erfc", (0.0,)), ("floor", (2.5,)), ("<", (1.0, 2.0)),
        ("max", (0.1, 0.2)), ("neg", (0.1,)),
    ],
)  # fmt: skip
def test_what_comes_out_even_stays(row: str, arguments: tuple[float, ...], arrays: bool) -> None:
    """Sums without rounding, whole numbers and choices are what they are, and nothing strayed."""
    for seed in range(1, 10):
        assert moved(row, arguments, arrays=arrays, seed=seed) == (FLOATS.apply(PRIMITIVES[row], arguments), False)


@BOTH
@pytest.mark.parametrize(
    ("row", "arguments"),
    [
        ("+", (0.1, 0.2)), ("-", (1.0, 1e-20)), ("*", (0.1, 3.0)), ("*", (2.0**40 + 1, 2.0**40 + 1)), ("/", (1.0, 3.0)),
        ("sqrt", (2.0,)), ("cos", (1e-20,)), ("tanh", (30.0,)), ("exp", (1e-20,)), ("atan2", (1.0, 1.0)), ("^", (4.0, 0.5)),
    ],
)  # fmt: skip
def test_what_was_rounded_moves(row: str, arguments: tuple[float, ...], arrays: bool) -> None:
    """A result that looks like a whole number may have been rounded to it."""
    exact = FLOATS.apply(PRIMITIVES[row], arguments)
    for seed in range(1, 10):
        value, strayed = moved(row, arguments, arrays=arrays, seed=seed)
        assert value == pytest.approx(exact, rel=5 * EPSILON, abs=0.0)
        assert value != exact
        assert not strayed


@BOTH
@pytest.mark.parametrize(
    ("row", "arguments", "strayed"),
    [
        ("*", (1e-200, 1e-200), True), ("*", (0.0, 1e-200), False), ("*", (1e-160, 1e-160), True), ("*", (1e200, 1e200), True),
        ("/", (1e-200, 1e200), True), ("/", (0.0, 3.0), False), ("/", (1.0, 0.0), True), ("/", (1.0, math.inf), False),
        ("^", (2.0, -2000.0), True), ("+", (1e-310, 1e-310), False), ("*", (1e-310, 1.0), False), ("*", (1e-310, 0.3), True),
        ("^", (1e-200, 2.0), True), ("^", (0.0, 2.0), False), ("^", (1e200, 2.0), True), ("exp", (-1000.0,), True),
        ("exp", (1000.0,), True), ("exp", (-math.inf,), False), ("expm1", (0.0,), False), ("sin", (0.0,), False),
        ("erfc", (30.0,), True), ("sigmoid", (-800.0,), True), ("sech", (800.0,), True), ("normal_pdf", (40.0,), True),
        ("+", (1e308, 1e308), True), ("+", (math.inf, 1.0), False), ("-", (2.0, 2.0), False), ("log", (-1.0,), False),
        ("lgamma", (1.01,), True), ("lgamma", (5.5,), False), ("digamma", (-2.5,), True), ("gamma", (0.5,), False),
        ("logaddexp", (-0.7, -0.68), True), ("floor", (0.5,), False), ("atan2", (1e-200, 1e200), True),
    ],
)  # fmt: skip
def test_what_strays(row: str, arguments: tuple[float, ...], strayed: bool, arrays: bool) -> None:
    """Overflow, underflow and roots of rough functions are noticed; zeros and infinities that are meant are not."""
    assert moved(row, arguments, arrays=arrays)[1] is strayed


@pytest.mark.parametrize("name", ["pi", "e", "tau", "inf"])
def test_constants(name: str) -> None:
    """A constant is rounded, infinity is not, and none strays."""
    noise = Noise(FLOATS, 1)
    value = noise.apply(PRIMITIVES[name], [])
    assert (value != FLOATS.apply(PRIMITIVES[name], [])) is (name != "inf")
    assert not noise.strayed


@pytest.mark.parametrize(
    ("row", "static", "arguments"),
    [
        ("core sum", {"axes": (-1,)}, [[1e16, 1.0, -1e16]]),
        ("core cumsum", {}, [[1e16, 1.0, -1e16]]),
        ("inner", {}, [[1e8, 1.0, 1e8], [1e8, 1.0, -1e8]]),
        ("matvec", {}, [[[1e16, 1.0, -1e16]], [1.0, 1.0, 1.0]]),
        ("core trace", {}, [[[1e16, 0, 0], [0, 1, 0], [0, 0, -1e16]]]),
        ("put", {"n": 1}, [[1e16, 1.0, -1e16], [0.0, 0.0, 0.0]]),
        ("gather", {"dims": (1,)}, [[1e16, 1.0, -1e16]]),
        ("core det", {}, [[[1e8, 1.0], [1e16 + 2, 1e8]]]),
        ("core inv", {}, [1.0 / (np.arange(12)[:, None] + np.arange(12) + 1.0)]),
        ("core solve", {}, [1.0 / (np.arange(12)[:, None] + np.arange(12) + 1.0), np.eye(12)]),
        ("core eigvalsh", {}, [1.0 / (np.arange(12)[:, None] + np.arange(12) + 1.0)]),
    ],
)  # fmt: skip
def test_cancellation(row: str, static: Mapping[str, Any], arguments: Sequence[Any]) -> None:
    """Runs of a computation that lost its digits do not agree."""
    found = [np.asarray(noisy(row, arguments, seed, **static)[0]) for seed in (1, 2)]
    last = [each.ravel()[0 if row.endswith("eigvalsh") else -1] for each in found]
    assert abs(last[0] - last[1]) > 1e-4 * abs(last[0])


@pytest.mark.parametrize(
    ("row", "static", "arguments"),
    [
        ("core sum", {"axes": (-1,)}, [[2.0**52, 1.0, -3.0]]),
        ("core sum", {"axes": (-1,)}, [[0.5, 0.25, -7.0]]),
        ("core sum", {"axes": (-1,)}, [[1e-3, 0.0]]),
        ("core sum", {"axes": (-2, -1)}, [np.arange(1e6).reshape(1000, 1000)]),
        ("core sum", {"axes": (-1,)}, [[]]),
        ("inner", {}, [[3.0, -0.5], [4.0, 8.0]]),
        ("matmul", {}, [[[1e6, 2.0], [3.0, 4.0]], [[1e6, 0.0], [0.0, 1.0]]]),
        ("core cumsum", {}, [[1.0, 2.0, 3.0]]),
        ("dyad", {}, [[1.0, 2.0], [3.0, 0.25]]),
    ],
)  # fmt: skip
def test_exact_sums_stay(row: str, static: Mapping[str, Any], arguments: Sequence[Any]) -> None:
    """Sums of whole numbers, and of fractions over powers of two, that are exact in any order are not moved."""
    found, strayed = noisy(row, arguments, **static)
    exact = ARRAYS.apply(
        PRIMITIVES[row].bound(**static) if static else PRIMITIVES[row], [np.asarray(each) for each in arguments]
    )
    assert np.array_equal(found, exact)
    assert not strayed


@pytest.mark.parametrize(
    ("row", "static", "arguments", "strayed"),
    [
        ("inner", {}, [[1e-200, 0.0], [1e-200, 1.0]], True), ("inner", {}, [[0.0, 0.0], [1e-200, 1.0]], False),
        ("inner", {}, [[1e-200, 0.1], [1e-200, 1.0]], False), ("inner", {}, [[1e200, 1.0], [1e200, 1.0]], True),
        ("core sum", {"axes": (-1,)}, [[1e308, 1e308]], True), ("core sum", {"axes": (-1,)}, [[math.inf, 1.0]], False),
        ("core prod", {}, [[1e200, 1e200, 1e-300]], True), ("core prod", {}, [[1e-200, 1e-200, 1e300]], True),
        ("core prod", {}, [[1e-200, 1e-115, 1e300]], True), ("core prod", {}, [[0.0, 0.1]], False),
        ("core softmax", {}, [[-1000.0, 0.0]], True), ("core softmax", {}, [[-10.0, 0.0]], False),
        ("core logsumexp", {}, [[-40.0, 0.0]], True), ("core logsumexp", {}, [[4.0, 0.0]], False),
        ("core log_softmax", {}, [[-40.0, 0.0]], True), ("core norm", {"axes": (-1,)}, [[3e-200, 4e-200]], False),
        ("core det", {}, [np.eye(4) * 1e-100], True), ("core det", {}, [[[1.0, 1.0], [0.0, 0.0]]], False),
        ("core det", {}, [np.eye(4) * 1e100], True), ("core inv", {}, [[[1.0, 0.0], [0.0, 0.0]]], True),
    ],
)  # fmt: skip
def test_what_strays_in_core_rows(row: str, static: Mapping[str, Any], arguments: Sequence[Any], strayed: bool) -> None:
    """Overflow and underflow on the way are noticed in sums, products and determinants."""
    assert noisy(row, arguments, **static)[1] is strayed


def test_runs_can_be_repeated() -> None:
    """The same seed moves by the same amounts, another by others."""
    entries = np.array([0.1, 0.2, 0.7])
    first, again, other = (noisy("sin", [entries], seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.any(first == other)


def test_a_symmetric_matrix_stays_symmetric() -> None:
    """The eigenvalues asked for are those of a symmetric matrix nearby."""
    matrix = np.array([[1.0, 0.3], [0.3, 0.1]])
    assert np.allclose(noisy("core cholesky", [matrix])[0], np.linalg.cholesky(matrix), rtol=1e-13)


GRID = (-1e200, -3.0, -0.3, -1e-200, 0.0, 1e-310, 0.1, 1.0, 2.0, 9.0, 30.0, 800.0, 1e16, 1e200)


@pytest.mark.parametrize("row", [row for row in SCALARS if row.takes is None], ids=named)
def test_arrays_and_numbers_agree(row: Primitive) -> None:
    """Where both compute the same, the same results are moved, and the same have strayed."""
    count = row.arity[1] or 2
    for point in itertools.product(GRID if count < 3 else GRID[::3], repeat=count):
        exact = FLOATS.apply(row, list(point))
        with np.errstate(all="ignore"):
            same = float(ARRAYS.apply(row, [np.array([each]) for each in point])[0]) == exact
        if same:
            (number, strayed), (entry, too) = (moved(row.name, point, arrays=arrays) for arrays in (False, True))
            assert (number == exact, strayed) == (entry == exact, too), point
