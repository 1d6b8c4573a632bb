"""More digits where doubles do not suffice, and a word where they cannot be had."""

from __future__ import annotations

from fractions import Fraction

import pytest

import adcalc


@pytest.mark.parametrize("beside", ["floor(2)", "abs(0)", "max(1, 1)", "(3 if 2 >= 2 else 0)"])
def test_a_constant_tie_does_not_hide_cancellation(beside: str) -> None:
    """What does not depend on the point does not decide whether digits were lost."""
    found = adcalc.parse(f"(1 - cos(x))/x^2 + {beside}").gradient({"x": 1e-8})

    assert found.partials["x"] == pytest.approx(-1e-8 / 12, rel=1e-12)


def test_a_tie_does_not_hide_cancellation_beside_it() -> None:
    """A tie that stays one with more digits stands in nobody's way, and keeps its warning."""
    found = adcalc.parse("(1 - cos(x))/x^2 + max(y, 0)").gradient({"x": 1e-8, "y": 0})

    assert found.value == 0.5
    assert found.partials == {"x": pytest.approx(-1e-8 / 12, rel=1e-12), "y": 0.5}
    assert [caution.kind for caution in found.warnings] == ["kink"]


def test_a_tie_of_doubles_stays_one() -> None:
    """The double nearest to pi ties with pi, though it is not pi."""
    assert adcalc.parse("max(x, pi)").gradient({"x": "pi"}).partials == {"x": 0.5}


@pytest.mark.parametrize("formula", ["x <= 0.1", "x - 0.1", "abs(x - 0.1)", "x == 0.1"])
def test_a_coordinate_is_the_literal_it_looks_like(formula: str) -> None:
    """Coordinates and literals are the same doubles, so that ties are ties; nothing is lost there."""
    found = adcalc.parse(formula).evaluate({"x": 0.1})

    assert found.value in (0.0, 1.0)
    assert found.warnings == ()


@pytest.mark.parametrize(("modulus", "x"), [(3, 3e-17), (10, 1e-19), (7, 1e-30), (5, 7e-25), (11, 3e-40)])
def test_remainders_of_large_quotients(modulus: int, x: float) -> None:
    """The quotient is taken exactly: Python's fractions of the doubles say what is left."""
    wanted = float(1 / Fraction(x) % modulus)

    assert adcalc.value(f"1/x % {modulus}", {"x": x}) == wanted
    assert adcalc.parse(f"1/v[0] % {modulus}").value(v=[x]) == wanted
