"""A printed derivative, read back, is the function that was computed.

It has the same domain, the same values at ties, edges and removable points, and over arrays it is right for every
length.  What is expected here is worked out by hand, or by difference quotients of values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

import adcalc
from adcalc.errors import DomainProblem, LimitProblem, Problem
from adcalc.function import Function
from adcalc.ir.primitive import Primitive
from adcalc.render.page import latex_formula
from adcalc.table import TABLE

#: Formula, its derivative as it is printed, points with the derivative there; None: outside the domain.
DOMAINS: list[tuple[str, str, dict[float, float | None]]] = [
    ("log(x)", "1/x for x > 0", {2: 0.5, 0: None, -2: None}),
    ("log(-x)", "1/x for x < 0", {-2: -0.5, 0: None, 2: None}),
    ("log(1/x)", "-1/x for x > 0", {2: -0.5, 0: None, -2: None}),
    ("log(3 - 2*x)", "-2/(3 - 2*x) for x < 3/2", {1: -2, 1.5: None, 2: None}),
    ("log(x^2)", "2/x", {-2: -1, 2: 1, 0: None}),
    ("log(log(x))", "1/(log(x)*x) for log(x) > 0", {math.e: 1 / math.e, 1: None, 0.5: None, -1: None}),
    ("sqrt(x)^2", "1 for x >= 0", {0: 1, 2: 1, -1: None}),
    ("x/x", "0 for x != 0", {-1: 0, 1: 0, 0: None}),
    ("sqrt(x)/sqrt(x)", "0 for x > 0", {1: 0, 0: None, -1: None}),
    ("logit(x)", "1/((1 - x)*x) for 0 < x < 1", {0.5: 4, 0: None, 1: None, 2: None, -1: None}),
    ("atanh(x)", "1/((1 - x)*(x + 1)) for -1 < x < 1", {0: 1, 1: None, -1: None, 2: None}),
    ("asin(x)", "1/sqrt((1 - x)*(x + 1))", {0: 1, 2: None}),
    ("asin(x) + acos(x)", "0 for -1 <= x <= 1", {0: 0, 1: 0, 2: None, -2: None}),
    ("acoth(x)", "1/((1 - x)*(x + 1)) for abs(x) > 1", {2: -1 / 3, 0.5: None, 1: None}),
    ("log(x)*0 + x", "1 for x > 0", {1: 1, 0: None, -1: None}),
    ("x^-2*x^2", "0 for x != 0", {1: 0, 0: None}),
    ("log(x - 1) + log(1 - x)", "1/(x - 1) - 1/(1 - x) for 1 < x < 1", {0: None, 1: None, 2: None}),
    ("x if x > 0 else log(-x)", "1 if x > 0 else 1/x", {1: 1, -2: -0.5, 0: None}),
    ("log(x) if x > 1 else x", "1/x if x > 1 else 1", {2: 0.5, -2: 1}),
    ("log(x) if x > -1 else x", "1/x if x > -1 else 1 for x > 0 or x <= -1", {2: 0.5, -2: 1, -0.5: None}),
    ("log(x + 1) if x > -2 and x < 5 else x", "1/(x + 1) if x > -2 and x < 5 else 1 for x > -1 or x <= -2 or x >= 5",
     {0: 1, -1.5: None, 6: 1, -3: 1}),
    ("log10(-x)*log(10)", "1/x for x < 0", {-2: -0.5, 1: None}),
]  # fmt: skip

#: The same of ties and of points at which a textbook rule fails.
TIES: list[tuple[str, str, dict[float, float | None]]] = [
    ("max(x, x^2)", "1 if x > x^2 else 2*x if x^2 > x else (2*x + 1)/2", {0.5: 1, 3: 6, 1: 1.5, 0: 0.5}),
    ("min(x, 2)", "1 if x < 2 else 0 if 2 < x else 1/2", {1: 1, 3: 0, 2: 0.5}),
    ("max(x, x)", "1", {-1: 1, 0: 1}),
    ("relu(x)", "1 if x > 0 else 0.5 if x == 0 else 0", {1: 1, 0: 0.5, -1: 0}),
    ("relu(x) - relu(-x)", "(1 if -x > 0 else 0.5 if -x == 0 else 0) + (1 if x > 0 else 0.5 if x == 0 else 0)", {0: 1, 2: 1}),
    ("clip(x, 0, 1)", "1 if 0 < x and x < 1 else 0.5 if x == 0 or x == 1 else 0", {0: 0.5, 0.5: 1, 1: 0.5, 2: 0}),
    ("leaky_relu(x, 0.5)", "1 if x > 0 else 0.75 if x == 0 else 0.5", {1: 1, 0: 0.75, -1: 0.5}),
    ("hypot(x, 0)", "x/hypot(x, 0) if hypot(x, 0) != 0 else 0", {0: 0, 2: 1, -2: -1}),
    ("abs(x)", "sign(x)", {0: 0, 2: 1, -2: -1}),
    ("sinc(x)", "(cos(pi*x) - sinc(x))/x if x != 0 else -pi^2*x/3", {0: 0, 1: -1}),
    ("0^x", "0 if x > 1 else 0 if x > 0 else log(0) for x >= 0", {2: 0, 0.5: 0, 0: None, -1: None}),
    ("x^x", "x*x^(x - 1) + log(x)*x^x", {1: 1, 2: 4 * (math.log(2) + 1), 0: None}),
    ("min(x, 2*x, 3*x)", "", {0: 2, 1: 1, -1: 3}),
]  # fmt: skip


def met(function: Function, x: float) -> float | None:
    """A value, None outside the domain."""
    try:
        return float(function.value(x=x))
    except DomainProblem:
        return None


@pytest.mark.parametrize(("formula", "printed", "points"), DOMAINS + TIES, ids=lambda each: str(each)[:40])
def test_a_printed_derivative_reads_back_to_the_same_function(
    formula: str, printed: str, points: Mapping[float, float | None]
) -> None:
    """As text, at every point, as the function object has it."""
    derivative = adcalc.parse(formula).diff("x")
    assert not printed or str(derivative) == printed
    again = adcalc.parse(str(derivative))
    for x, wanted in points.items():
        for function in (derivative, again):
            found = met(function, x)
            assert (found is None) == (wanted is None), (x, found)
            assert wanted is None or found == pytest.approx(wanted, rel=1e-13, abs=1e-15), x


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("formula", [formula for formula, _, _ in DOMAINS + TIES])
def test_higher_derivatives_read_back_as_well(formula: str, order: int) -> None:
    """Over points of all kinds, the function object and its text agree, refusals included."""
    derivative = adcalc.parse(formula).diff("x", order=order)
    again = adcalc.parse(str(derivative))
    for x in (-3.0, -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0):
        one, other = met(derivative, x), met(again, x)
        assert (one is None) == (other is None), (x, one, other, str(derivative))
        assert one is None or other == pytest.approx(one, rel=1e-9, abs=1e-12), (x, str(derivative))


@pytest.mark.parametrize("order", [4, 5, 6])
def test_a_point_at_which_only_the_computation_is_right_is_left_out(order: int) -> None:
    """The derivatives of sinc at 0 are 0, pi^4/5, 0, -pi^6/7 ...; the text has the first three of them."""
    wanted = {4: math.pi**4 / 5, 5: 0.0, 6: -(math.pi**6) / 7}[order]
    derivative = adcalc.parse("sinc(x)").diff("x", order=order)
    assert met(derivative, 0.0) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    assert met(adcalc.parse(str(derivative)), 0.0) in (None, pytest.approx(wanted, rel=1e-12, abs=1e-12))


@pytest.mark.parametrize(
    "primitive",
    [row for row in TABLE if row.elementwise and not row.internal and row.arity != (0, 0) and row.partials],
    ids=lambda row: row.name,
)
def test_every_row_of_the_table_reads_back(primitive: Primitive) -> None:
    """By its first argument, at its samples, at its edges, and far outside."""
    if not primitive.partials[0]:
        return
    places = [*primitive.samples, *[place for place, _ in primitive.edges]]
    for place in places:
        names = ["x", "y", "z", "t"][: len(place)]
        text = _applied(primitive.name, primitive.symbol, names)
        derivative = adcalc.parse(text).diff("x")
        again = adcalc.parse(str(derivative))
        for x in (place[0], "-7.5", "0", "1", "1e3"):
            at = dict(zip(names, [x, *place[1:]], strict=True))
            outcomes = [_outcome(function, at) for function in (derivative, again)]
            if (primitive.name, x, place[-1]) == ("^", "0", "0"):
                # The text is that of a textbook, which has no value at 0^0.
                assert outcomes == [0.0, "refused"]
                continue
            assert outcomes[0] == outcomes[1] or outcomes[1] == pytest.approx(outcomes[0], rel=1e-9), (
                text,
                at,
                str(derivative),
            )


def _applied(name: str, symbol: str, names: Sequence[str]) -> str:
    if name == "neg":
        return "-x"
    if symbol:
        return f"{symbol}x" if len(names) == 1 else f"x {symbol} y"
    return f"{name}({', '.join(names)})"


def _outcome(function: Function, at: Mapping[str, str]) -> float | str:
    try:
        return float(function.value({name: at[name] for name in function.variables}))
    except Problem:
        return "refused"


#: Formulas over arrays, with the lengths of their variables by name.
LENGTHS: list[tuple[str, dict[str, tuple[str, ...]]]] = [
    ("sum(x[-2:]^3)", {"x": ("n",)}), ("x[-1]^2", {"x": ("n",)}), ("x[len(x)-1]", {"x": ("n",)}),
    ("sum(concat([x,w])^3)", {"x": ("n",), "w": ("m",)}), ("sum(concat([x,w,x])^2)", {"x": ("n",), "w": ("m",)}),
    ("sum(i*x[i] for i in 0..len(x)-1)", {"x": ("n",)}), ("A[-1,-1]^2", {"A": ("m", "n")}),
    ("var(x)", {"x": ("n",)}), ("var(x[1:])", {"x": ("n",)}), ("std(x)", {"x": ("n",)}), ("mean(x^2)", {"x": ("n",)}),
    ("sum(x[::-1]*w)", {"x": ("n",), "w": ("n",)}), ("sum(x[1:]*x[:-1])", {"x": ("n",)}),
    ("sum(A[:, -1]^2)", {"A": ("m", "n")}), ("sum(A[-2:, :2]^2)", {"A": ("m", "n")}),
    ("trace(A[1:,1:])", {"A": ("n", "n")}), ("sum(A[i,i]^2 for i in 0..len(A)-1)", {"A": ("n", "n")}),
    ("sum(x[i]*x[len(x)-1-i] for i in 0..len(x)-1)", {"x": ("n",)}), ("x[-1]*x[0]*len(x)", {"x": ("n",)}),
    ("x[len(x)-3]*w[len(w)-1]", {"x": ("n",), "w": ("m",)}), ("mean((A@x - b)^2)", {"A": ("m", "n"), "x": ("n",), "b": ("m",)}),
    ("sum(100*(x[i+1]-x[i]^2)^2 + (1-x[i])^2 for i in 0..len(x)-2)", {"x": ("n",)}), ("sum(x[:-3]*w[3:])", {"x": ("n",), "w": ("n",)}),
    ("sum(log(x))", {"x": ("n",)}), ("sum(log(A@x))", {"A": ("m", "n"), "x": ("n",)}), ("size(A)*sum(A^2)", {"A": ("m", "n")}),
    ("sum(x[i]*w[j]*A[i,j] for i in 0..len(x)-1 for j in 0..len(w)-1)", {"x": ("n",), "w": ("m",), "A": ("n", "m")}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "shapes"), LENGTHS, ids=[formula for formula, _ in LENGTHS])
def test_a_printed_derivative_of_arrays_is_right_at_other_lengths(
    formula: str, shapes: Mapping[str, tuple[str, ...]]
) -> None:
    """By difference quotients of the formula's own values, at four pairs of lengths."""
    random = np.random.default_rng(7)
    function = adcalc.parse(formula)
    for name in shapes:
        printed = adcalc.parse(str(function.diff(name, shapes=shapes)))
        for n, m in ((3, 4), (6, 5), (9, 2), (4, 4)):
            at = {
                each: random.uniform(0.5, 2, [{"n": n, "m": m}[axis] for axis in axes]) for each, axes in shapes.items()
            }
            wanted = quotients(function, at, name)
            found = printed.value({each: at[each] for each in printed.variables})
            assert np.broadcast_to(found, wanted.shape) == pytest.approx(wanted, rel=1e-6, abs=1e-7), (
                n,
                m,
                str(printed),
            )


def quotients(function: Function, at: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Central difference quotients by every entry of a variable."""
    wanted = np.zeros_like(at[name])
    for place in np.ndindex(wanted.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = at[name].copy()
            moved[place] += step
            ends.append(float(function.value({**at, name: moved})))
        wanted[place] = (ends[0] - ends[1]) / 2e-5
    return wanted


def test_a_length_that_cannot_be_said_is_refused() -> None:
    """Nothing is printed that holds for some lengths only."""
    with pytest.raises(LimitProblem, match="depends on the lengths"):
        adcalc.parse("x[len(x) % 7]").diff("x", shapes={"x": ("n",)})


ARRAY_DOMAINS = [
    ("sum(log(x))", "1/x for x > 0", [1, 2], [1, -2]),
    ("log(sum(x))", "ones(len(x))/sum(x) for sum(x) > 0", [-1, 2], [1, -2]),
    ("sum(x/x)", "zeros(len(x)) for x != 0", [-1, 2], [1, 0]),
    ("sum(log(2*x[i]) for i in 0..len(x)-1)", "1/x for x > 0", [1, 2], [-1, 2]),
]


@pytest.mark.parametrize(("formula", "printed", "inside", "outside"), ARRAY_DOMAINS)
def test_derivatives_of_arrays_say_where_they_hold(
    formula: str, printed: str, inside: list[float], outside: list[float]
) -> None:
    """As text and as function objects."""
    derivative = adcalc.parse(formula).diff("x", shapes={"x": ("n",)})
    assert str(derivative) == printed
    for function in (derivative, adcalc.parse(printed)):
        assert np.all(np.isfinite(function.value(x=inside)))
        with pytest.raises(DomainProblem):
            function.value(x=outside)


def test_a_condition_reads_in_json_and_latex() -> None:
    """In the notation of the text, and in that of a book."""
    derivative = adcalc.parse("log(-x)").diff("x")
    assert latex_formula(derivative) == r"\frac{1}{x} \quad \text{for } x < 0"
    assert latex_formula(adcalc.parse("logit(x)").diff("x")).endswith(r"\text{for } 0 < x < 1")


@pytest.mark.parametrize(
    ("text", "x", "wanted"),
    [
        ("1/x for x > 0", 2, 0.5), ("1/x for x > 0", -2, None), ("(x for x > 0) + 1", 2, 3), ("f(t) = 1/t for t > 0; f(x)", -1, None),
        ("y = x for x != 1; y^2", 3, 9), ("provided(x, x > 1)", 2, 2), ("provided(x, x > 1)", 1, None), ("sin(x for x > 0)", 1, math.sin(1)),
        ("[x for x > 0][0]", 2, 2), ("x for 1 < x < 3 or x == 5", 5, 5), ("x for 1 < x < 3 or x == 5", 4, None),
    ],
)  # fmt: skip
def test_restrictions_are_part_of_the_language(text: str, x: float, wanted: float | None) -> None:
    """`formula for condition` has a value where the condition holds, and reads back as it is printed."""
    function = adcalc.parse(text)
    assert met(function, x) == wanted
    assert adcalc.parse(str(function)).expr is function.expr


def test_what_is_outside_is_said_in_the_words_of_the_condition() -> None:
    """The condition, and what its variables are."""
    with pytest.raises(DomainProblem, match="needs `x > 0`, here `x = -2`"):
        adcalc.value("1/x for x > 0", {"x": -2})
    with pytest.raises(DomainProblem, match="has a value nowhere"):
        adcalc.value(str(adcalc.parse("log(-exp(x))").diff("x")))
