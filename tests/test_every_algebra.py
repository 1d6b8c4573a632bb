"""Every row of the table in every algebra: it answers, or refuses as it should.

Inside its domain a row has the same value whatever carries it out; outside it is no number, and nothing raises.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.complexes import COMPLEXES, first_unfit
from adcalc.algebras.duals import Dual, Duals
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.formulas import EXACT, READABLE
from adcalc.algebras.latex import LATEX
from adcalc.algebras.multiprecision import Multiprecision
from adcalc.algebras.noise import Noise
from adcalc.algebras.precise_arrays import PreciseArrays
from adcalc.algebras.text import TEXT
from adcalc.errors import Source
from adcalc.ir.expr import Apply, variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate, lowered
from adcalc.lower.rules import NoDerivative
from adcalc.parser.resolve import read
from adcalc.table import TABLE
from tests.test_table import REFERENCES

ROWS = [row for row in TABLE if row.elementwise and not row.internal and row.arity != (0, 0) and row.takes is None]
WIDE, WIDE_ARRAYS = Multiprecision(40), PreciseArrays(40)
#: Coordinates at which rules go wrong: zeros of both signs, beside integers, large, tiny, and no number at all.
HARD = (0.0, -0.0, 1.0, -1.0, 0.5, -7.5, 3.0, -3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan)


def number(text: str) -> float:
    """The double that a sample stands for."""
    program = lowered([read(Source(text), ()).result])  # type: ignore[list-item]
    found = evaluate(program, FLOATS, {})[program.output]
    assert isinstance(found, float)
    return found


def places(row: Primitive) -> list[tuple[float, ...]]:
    """The samples and edges of a row, and hard points."""
    written = [*row.samples, *[place for place, _ in row.edges]]
    count = len(written[0]) if written else (row.arity[1] or 2)
    hard = list(itertools.product(HARD, repeat=count)) if count < 3 else [tuple([x] * count) for x in HARD]
    return [*[tuple(map(number, place)) for place in written], *hard]


def in_algebras(row: Primitive, place: Sequence[float]) -> dict[str, float]:
    """The value of a row at a point, as each algebra of numbers has it."""
    with np.errstate(all="ignore"):
        columns = [np.full(3, x) for x in place]
        wide = WIDE.apply(row, [WIDE.const(x) for x in place])
        return {
            "doubles": FLOATS.apply(row, list(place)),
            "arrays": float(ARRAYS.apply(row, columns)[1]),
            "numbers as arrays": float(ARRAYS.apply(row, [np.float64(x) for x in place])),
            "many digits": WIDE.rounded(wide),
            "arrays of many digits": float(
                WIDE_ARRAYS.rounded(WIDE_ARRAYS.apply(row, [WIDE_ARRAYS.lift(each) for each in columns]))[1]
            ),
            "perturbed": Noise(FLOATS, 1).apply(row, list(place)),
            "perturbed arrays": float(np.ravel(Noise(ARRAYS, 1).apply(row, columns))[0]),
        }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_algebras_of_numbers_agree(row: Primitive) -> None:
    """Where doubles have a value all have it; where they have none, none has."""
    for place in places(row):
        found = in_algebras(row, place)
        doubles = found["doubles"]
        if not all(map(math.isfinite, place)) or any(str(x) == "-0.0" for x in place):
            # Endless numbers and the sign of 0 are for doubles alone; elsewhere they may only raise nothing.
            continue
        for name, other in found.items():
            if math.isnan(doubles):
                # A library may have the limit at a pole; either is seen to be no value.
                assert not math.isfinite(other), (name, place, found)
            elif math.isfinite(doubles) and abs(doubles) > 1e-290:
                assert other == pytest.approx(doubles, rel=1e-8, abs=1e-13), (name, place, found)


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in REFERENCES], ids=lambda row: row.name)
def test_samples_are_those_of_the_reference(row: Primitive) -> None:
    """In every algebra of numbers, against the row said again in terms of mpmath."""
    for sample in row.samples:
        place = tuple(map(number, sample))
        wanted = float(REFERENCES[row.name](*map(WIDE.context.mpf, place)))
        for name, found in in_algebras(row, place).items():
            assert found == pytest.approx(wanted, rel=1e-12, abs=1e-15), (name, place)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_algebras_of_formulas_write_what_is_read_back(row: Primitive) -> None:
    """A row applied to names is a formula, a text that means it, and LaTeX with balanced brackets."""
    names = ["u", "v", "w", "t"][: len(row.samples[0]) if row.samples else 1]
    arguments = [variable(name) for name in names]
    made = EXACT.apply(row, arguments)
    assert made is READABLE.apply(row, arguments)
    assert isinstance(made, Apply)
    text = str(TEXT.apply(row, [TEXT.variable(name) for name in names]))
    assert read(Source(text), names).result is made
    latex = str(LATEX.apply(row, [LATEX.variable(name) for name in names]))
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_duals_and_complex_numbers_answer_or_refuse(row: Primitive) -> None:
    """A dual number of doubles has a tangent, or the row has no derivative; a complex step agrees where there is one."""
    for sample in row.samples:
        place = list(map(number, sample))
        value = FLOATS.apply(row, place)
        try:
            dual = Duals(FLOATS).apply(row, [Dual(place[0], 1.0), *[Dual(x, None) for x in place[1:]]])
        except NoDerivative:
            assert not row.partials[0]
            continue
        assert dual.primal == value
        slope = 0.0 if dual.tangent is None else dual.tangent
        program = lowered([EXACT.apply(row, [variable(name) for name in "uvw"[: len(place)]])])
        if first_unfit(program, [0.0] * len(program.slots)) is not None:
            continue
        turned: Any = COMPLEXES.apply(row, [complex(place[0], 1e-30), *map(complex, place[1:])])
        if turned == turned and turned.imag:
            assert turned.real == pytest.approx(value, rel=1e-9, abs=1e-12), place
            assert turned.imag / 1e-30 == pytest.approx(slope, rel=1e-6, abs=1e-9), place
