"""Shapes: what does not fit is refused at its place, and what fits is taken as it is.

A refusal names the shapes and the operation, and its span is the part of the formula that is at fault, not the
formula.  Points are checked too: arrays of numbers in any layout are taken and never changed, everything else is
refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pytest

import adcalc
from adcalc.errors import InputProblem, NameProblem, Problem, ShapeProblem

Array: TypeAlias = Any

HERE: dict[str, Any] = {
    "A": np.arange(12.0).reshape(3, 4), "S": np.eye(3), "x": np.ones(3), "u": np.ones(4), "T": np.ones((2, 3, 2)),
    "a": 2.0, "l": np.array([0.0, 5.0]),
}  # fmt: skip

V3, V4 = "a vector of 3", "a vector of 4"

#: A formula, the part of it at fault, and what its refusal names.
REFUSED: list[tuple[str, str, tuple[str, ...]]] = [
    # entry by entry
    ("A + S", "A + S", ("3×4", "3×3", "`+`")), ("x - u", "x - u", (V3, V4, "`-`")), ("2 + x*u", "x*u", (V3, V4, "`*`")),
    ("sin(x) + exp(x/u)", "x/u", (V3, V4, "`/`")), ("sum(x^u)", "x^u", (V3, V4, "`^`")), ("x .* u", "x .* u", (V3, V4, "`*`")),
    ("sum(x < u)", "x < u", (V3, V4, "`<`")), ("atan2(x, u)", "atan2(x, u)", (V3, V4, "`atan2`")), ("max(x, u)", "max(x, u)", (V3, V4, "`max`")),
    ("where(x > 0, u, 0)", "where(x > 0, u, 0)", (V3, V4, "`where`")), ("u if x > 0 else a", "u if x > 0 else a", (V3, V4)),
    ("mse(x, u)", "mse(x, u)", (V3, V4)), ("a*(outer(x, u) + S)", "outer(x, u) + S", ("3×4", "3×3", "`+`")),
    # products
    ("sin(x) + (x@u)", "x@u", (V3, V4, "product")), ("1 + A@x", "A@x", ("3×4", V3, "product")), ("A@A", "A@A", ("3×4", "product")), ("dot(A, x)", "dot(A, x)", ("3×4", V3)),
    ("x'*S*u", "x'*S*u", (V3, V4)), ("a + x'*A*x", "x'*A*x", (V4, V3)), ("A'*A^2", "A^2", ("3×4",)), ("x*S'", "x*S'", (V3, "3×3")), ("T@T", "T@T", ("2×3×2",)), ("A*S", "A*S", ("3×4", "3×3")),
    ("a@x", "a@x", ("`@`",)), ("cross(x, u[:2])", "cross(x, u[:2])", ("entry 2",)), ("kron(A, x)", "kron(A, x)", ("`kron`",)),
    # square matrices
    *[(f"1 + {name}(A)", f"{name}(A)", (f"`{name}`", "3×4", "square")) for name in ("det", "inv", "trace", "cholesky", "logdet", "eigvalsh", "eigenvectors", "cofactor")],
    ("det(x)", "det(x)", ("`det`", V3)), ("solve(A, x)", "solve(A, x)", ("`solve`", "3×4")), ("solve(S, u)", "solve(S, u)", ("3×3", V4, "`solve`")), ("triu(x)", "triu(x)", ("`triu`", V3)), ("diag(T)", "diag(T)", ("`diag`", "2×3×2")), ("T.T", "T.T", ("matrix",)),
    # put together
    ("[x, u]", "[x, u]", (V3, V4)), ("2*[[1, 2], [3]]", "[[1, 2], [3]]", ("a vector of 2", "a vector of 1")), ("[1, x]", "[1, x]", ("a number", V3)), ("stack(x, u)", "stack(x, u)", (V3, V4)),
    ("concat(A, x)", "concat(A, x)", ("3×4", V3, "`concat`")), ("concat(A, S, axis=0)", "concat(A, S, axis=0)", ("3×4", "3×3", "`concat`")),
    ("broadcast(x, [2, 4])", "broadcast(x, [2, 4])", (V3, "2×4")), ("a + reshape(A, [5, 2])", "reshape(A, [5, 2])", ("12", "5×2")), ("reshape(A, [5, -1])", "reshape(A, [5, -1])", ("12",)), ("reshape(A, [-1, -1])", "reshape(A, [-1, -1])", ("12",)),
    ("place(x, 4, 2, 1)", "place(x, 4, 2, 1)", (V3, V4)), ("cross_entropy(A, u)", "cross_entropy(A, u)", ("3×4", V4)),
    # entries
    ("1 + x[3]", "x[3]", ("entry 3", "from 0 to 2")), ("x[-4]", "x[-4]", ("entry -4",)), ("A[0, 4]", "A[0, 4]", ("entry 4", "from 0 to 3")), ("A[3]*a", "A[3]", ("entry 3",)), ("x[l]", "x[l]", ("entry 5",)),
    ("x[0, 0]", "x[0, 0]", (V3, "axis")), ("a[0]", "a[0]", ("a number",)), ("x[1/2]", "x[1/2]", ("whole number",)), ("x[1:2:0]", "1:2:0", ("step",)), ("x[x > 2][0]", "x[x > 2]", ("condition",)),
    ("sum(x[i] for i in 0..3)", "x[i]", ("entry 3", "from 0 to 2")), ("sum(x[i+1] - x[i] for i in 0..2)", "x[i+1]", ("entry 3",)), ("sum(A[i, i] for i in 0..3)", "A[i, i]", ("entry 3",)),
    ("sum(x[i]*u[i] for i in 0..3)", "x[i]", ("entry 3",)), ("sum(x[i/2] for i in 0..2)", "x[i/2]", ("whole number",)),
    ("sum(x[i] for i in 0..5/2)", "x[i] for i in 0..5/2", ("bounds", "whole")), ("sum(i for i in 0..x)", "i for i in 0..x", ("bounds",)),
    # axes
    ("1 + sum(x, axis=1)", "sum(x, axis=1)", ("axis 1",)), ("sum(A, axis=-3)", "sum(A, axis=-3)", ("axis -3",)), ("sum(A, axis=1/2)", "sum(A, axis=1/2)", ("axis", "whole")), ("sum(A, axis=[0, 0])", "sum(A, axis=[0, 0])", ("twice",)), ("sum(A, axis=[0, -2])", "sum(A, axis=[0, -2])", ("twice",)),
    ("sum(a, axis=0)", "sum(a, axis=0)", ("axes",)), ("a*mean(x, axis=2)", "mean(x, axis=2)", ("axis 2",)), ("std(x, axis=1)", "std(x, axis=1)", ("axis 1",)), ("max(A, axis=2)", "max(A, axis=2)", ("axis 2",)), ("cumsum(A, axis=2)", "cumsum(A, axis=2)", ("axis 2",)), ("softmax(x, axis=1)", "softmax(x, axis=1)", ("axis 1",)),
    ("flip(A)", "flip(A)", ("`flip`", "3×4", "axis")), ("others(A)", "others(A)", ("axis",)), ("flip(a)", "flip(a)", ("`flip`",)), ("stack([x, x], axis=2)", "stack([x, x], axis=2)", ("axis 2",)), ("concat(x, x, axis=1)", "concat(x, x, axis=1)", ("axis 1",)), ("argmax(A, axis=[0, 1])", "argmax(A, axis=[0, 1])", ("`argmax`", "one axis")),
    # sizes
    ("1 + zeros(5/2)", "zeros(5/2)", ("whole",)), ("zeros(-1)", "zeros(-1)", ("negative",)), ("zeros([2, -1])", "zeros([2, -1])", ("negative",)), ("eye(5/2)", "eye(5/2)", ("whole",)), ("eye(-1)", "eye(-1)", ("negative",)), ("zeros(S)", "zeros(S)", ("whole",)), ("zeros(0/0)", "zeros(0/0)", ("whole",)),
    ("zeros(inf)", "zeros(inf)", ()), ("zeros(10^400)", "zeros(10^400)", ()), ("eye(inf)", "eye(inf)", ()), ("sum(i for i in 0..inf)", "i for i in 0..inf", ()), ("arange(inf)", "arange(inf)", ()), ("x[inf]", "x[inf]", ()), ("sum(x, axis=inf)", "sum(x, axis=inf)", ()),
    ("linspace(0, 1, 5/2)", "linspace(0, 1, 5/2)", ()), ("arange(0, 1, 0)", "arange(0, 1, 0)", ("step",)), ("one_hot([0], 0)", "one_hot([0], 0)", ("label",)), ("one_hot([0], 3/2)", "one_hot([0], 3/2)", ("whole",)),
    # what no memory holds
    *[(text, text, ("too large",)) for text in (
        "zeros(10^12)", "eye(10^9)", "ones([10^6, 10^6])", "full(10^13, 1)", "arange(10^12)", "linspace(0, 1, 10^12)", "outer(arange(10^6), arange(10^6))", "kron(arange(10^6), arange(10^6))", "diag(arange(10^6))", "broadcast(1, 10^12)",
        "one_hot(arange(10^5), 10^6)", "accumulate([1], [0], 10^12)", "place([1], 10^12, 0, 1)", "arange(10^6) + reshape(arange(10^6), [-1, 1])",
    )],
    ("sum(i for i in 0..10^12)", "i for i in 0..10^12", ("too large",)), ("1 + arange(10^12)[0]", "arange(10^12)", ("too large",)),
]  # fmt: skip


def at(function: adcalc.Function) -> dict[str, Any]:
    """What the variables of a formula are here."""
    return {name: HERE[name] for name in function.variables}


@pytest.mark.parametrize(("formula", "place", "names"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(formula: str, place: str, names: tuple[str, ...]) -> None:
    """What does not fit is a problem of shape, at its place and in these words."""
    function = adcalc.parse(formula, bound=HERE)
    with pytest.raises(ShapeProblem) as caught:
        function.value(at(function))
    problem = caught.value
    assert problem.exit_code == 2
    assert problem.span is not None
    assert formula[problem.span[0] : problem.span[1]] == place
    assert all(name in problem.message for name in names), problem.message
    assert problem.source is not None
    assert problem.source.text == formula


@pytest.mark.parametrize("ask", ["gradient", "jacobian", "hessian"])
@pytest.mark.parametrize(
    "formula", ["sin(x) + (x@u)", "sum(x[i] for i in 0..3)", "sum(zeros(10^12)*x[0])", "sum(x, axis=1)"]
)
def test_derivatives_are_refused_alike(formula: str, ask: str) -> None:
    """Asked for a derivative, a formula whose shapes do not fit is refused in the same words."""
    function = adcalc.parse(formula, bound=HERE)
    with pytest.raises(ShapeProblem) as caught:
        function.value(at(function))
    with pytest.raises(ShapeProblem) as again:
        getattr(function, ask)(at(function))
    assert (again.value.message, again.value.span) == (caught.value.message, caught.value.span)


@pytest.mark.parametrize(
    ("formula", "place"),
    [("zeros(n) + 1", "n"), ("sum(x[i] for i in 0..n)", "n"), ("eye(2*n)", "n"), ("reshape(x, [n, 1])", "n"), ("x[n]", "n"), ("sum(x, axis=n)", "n"), ("linspace(0, 1, n)", "n")],
)  # fmt: skip
def test_sizes_without_a_value(formula: str, place: str) -> None:
    """A size that nobody gave is asked for by its name."""
    with pytest.raises(NameProblem) as caught:
        adcalc.value(formula, {"x": [1, 2, 3]} if "x" in formula else {})
    assert "`n` has no value" in caught.value.message
    assert caught.value.span is not None
    assert formula[slice(*caught.value.span)] == place


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [("sum(x^2)", "sum"), ("x@x", "product"), ("x[0]", "index"), ("norm(x)", "norm")],
)
def test_a_long_way_down(formula: str, wanted: str) -> None:
    """The place is found however deep it stands; shapes that fit deep down go through."""
    text = "sin(" * 300 + f"{formula} + sum(x@u)" + ")" * 300
    with pytest.raises(ShapeProblem) as caught:
        adcalc.value(text, {"x": [1, 2, 3], "u": [1, 2]})
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] == "x@u", wanted


def test_in_a_function_the_call_is_shown() -> None:
    """What does not fit inside a row made of others is shown where that row is called."""
    text = "1 + mse(x, [1, 2])"
    with pytest.raises(ShapeProblem) as caught:
        adcalc.value(text, {"x": [1, 2, 3]})
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] == "mse(x, [1, 2])"


# What a derivative needs of shapes


def test_a_gradient_is_that_of_a_number() -> None:
    """A formula with an array for its value has no gradient; what it has instead is said."""
    with pytest.raises(ShapeProblem, match="a vector of 3") as caught:
        adcalc.gradient("x^2", {"x": [1, 2, 3]})
    assert "jacobian" in caught.value.hint
    with pytest.raises(ShapeProblem, match="2×2"):
        adcalc.hessian("outer(x, x)", {"x": [1, 2]})


@pytest.mark.parametrize(
    ("ask", "message"),
    [(lambda f: f.jvp({"x": [1, 2]}, {"x": [1, 2, 3]}), "a vector of 2"), (lambda f: f.jvp({"x": [1, 2]}, {"x": 1}), "a number"),
     (lambda f: f.vjp({"x": [1, 2]}, [1, 2, 3]), "a vector of 3"), (lambda f: f.vjp({"x": [1, 2]}, [[1, 2]]), "1×2"),
     (lambda f: f.vjp({"x": [1, 2]}), "a number"), (lambda f: adcalc.parse("x@x").hvp({"x": [1, 2]}, {"x": [1]}), "a vector of 1"),
     (lambda f: adcalc.parse("[x, x]").elementwise({"x": [1, 2]}), "a vector of 2")],
)  # fmt: skip
def test_directions_have_the_shape_of_what_they_move(ask: Any, message: str) -> None:
    """A tangent has the shape of its variable, a cotangent that of the value, and points entry by entry one shape."""
    with pytest.raises(ShapeProblem, match=message):
        ask(adcalc.parse("x^2"))


def test_entry_by_entry_needs_one_shape() -> None:
    """Arrays that are many points have one shape."""
    with pytest.raises(ShapeProblem, match="a vector of 2 and a vector of 3"):
        adcalc.parse("x*y").elementwise({"x": [1, 2], "y": [1, 2, 3]})


# Points

TAKEN = [
    np.array([1, 2, 3], dtype=np.int8), np.array([1, 2, 3], dtype=np.uint64), np.array([True, False, True]), np.array([1, 2, 3], dtype=np.float32),
    np.array([1.0, 2.0, 3.0], dtype=">f8"), np.array([1.0, 2.0, 3.0], dtype=np.float16), np.arange(9.0)[::3], np.arange(3.0)[::-1], np.arange(9.0).reshape(3, 3)[:, 1],
    np.arange(3.0).astype(np.longdouble), [1, 2, 3], (1.5, 2.5, 3.5), [True, False, True], "[1, 2, 3]",
]  # fmt: skip


@pytest.mark.parametrize(
    "given", TAKEN, ids=lambda given: f"{type(given).__name__} {getattr(given, 'dtype', '')} {given!r}"
)
def test_points_of_all_kinds(given: Any) -> None:
    """Whatever is made of real numbers is taken for what it is, in any layout, and comes out in float64."""
    plain = np.asarray(eval(given) if isinstance(given, str) else given, dtype=float)
    found = adcalc.gradient("sum(x^3)", {"x": given})
    assert found.value == pytest.approx((plain**3).sum(), rel=1e-15)
    assert type(found.partials["x"]) is np.ndarray
    assert found.partials["x"].dtype == np.float64
    assert np.array_equal(found.partials["x"], 3 * plain**2)


@pytest.mark.parametrize(
    "given",
    [np.array([1j, 2]), np.array(["1", "2"]), np.array([1, None], dtype=object), np.array([1, 2], dtype=object), np.array(["2020-01-01"], dtype="datetime64[D]"),
     np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), [1, "2"], [[1, 2], [3]], [1, [2, 3]], [1j, 2], [None, 1], {1, 2}, {"a": 1}, object(), None, b"12", [[1, 2], "ab"], lambda: 1],
    ids=repr,
)  # fmt: skip
def test_points_that_are_none(given: Any) -> None:
    """What is not made of real numbers is refused with the name of the variable."""
    with pytest.raises(Problem, match="`x`") as caught:
        adcalc.value("sum(x)", {"x": given})
    assert isinstance(caught.value, InputProblem)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"x": "zeros(n)", "n": "len(x)"}, "wait for each other"),
        ({"x": "y", "y": "z", "z": "x + 1"}, "wait for each other"),
        ({"x": "x + 1"}, "`x` has no value"),
        ({"x": "zeros(k)"}, "`k` has no value"),
    ],
)
def test_values_that_wait_for_each_other(point: Mapping[str, str], message: str) -> None:
    """Values of a point may speak of each other, but not in a circle."""
    with pytest.raises(InputProblem, match=message):
        adcalc.value("sum(x)", point)


def test_values_may_speak_of_others() -> None:
    """A value may be a formula of other values, in any order."""
    assert adcalc.value("sum(x)*a", {"x": "a*ones(n)", "a": "n/2", "n": 4}) == 16.0


VIEWS: list[tuple[str, dict[str, Array]]] = [
    ("sum(x^2)", {"x": np.arange(6.0)[::2]}), ("sum(A@A.T)", {"A": np.arange(12.0).reshape(3, 4).T[::-1]}), ("x[0]^2 + x@x", {"x": np.arange(4.0)[::-1]}),
    ("sum(softmax(A)^2)", {"A": np.arange(6.0).reshape(2, 3)}), ("det(A)", {"A": np.arange(9.0).reshape(3, 3).T}), ("sum(cumsum(x)^2)", {"x": np.arange(8.0)[1:4]}), ("sum(inv(A + 9*eye(3)))", {"A": np.arange(9.0).reshape(3, 3)}),
    ("sum(x) + x[0]", {"x": np.broadcast_to(2.0, 3)}), ("log_softmax(x)[0]", {"x": np.arange(3.0)}), ("prod(x)", {"x": np.arange(1.0, 4.0)}),
]  # fmt: skip


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic", "numeric"])
@pytest.mark.parametrize(("formula", "point"), VIEWS, ids=[row[0] for row in VIEWS])
def test_inputs_are_never_changed(formula: str, point: dict[str, Array], backend: str) -> None:
    """Views, and arrays that may not be written to, are read only: whatever is asked, they are the same afterwards."""
    copies = {name: np.array(value) for name, value in point.items()}
    locked = {name: value.view() for name, value in point.items()}
    for value in locked.values():
        value.flags.writeable = False
    function = adcalc.parse(formula)
    wanted = function.gradient(copies, backend=backend)
    found = function.hessian(locked, backend=backend)
    function.jvp(locked, {name: np.ones_like(value) for name, value in copies.items()}, backend)
    for name, value in point.items():
        assert np.array_equal(value, copies[name])
        assert np.allclose(found.partials[name], wanted.partials[name], rtol=1e-12, atol=1e-12)


SAME: list[tuple[str, str]] = [
    ("x", "x"), ("x*1", "x"), ("x.T", "x"), ("x + 0", "x"), ("A.T.T", "A"), ("x[:]", "x"), ("x[::1]", "x"), ("reshape(x, 3)", "x"), ("A[1]", "A"), ("A.T", "A"), ("diag(A)", "A"), ("x[1:]", "x"), ("broadcast(x, [2, 3])", "x"),
    ("ravel(A)", "A"), ("flip(x)", "x"), ("where(1, x, x)", "x"), ("[x]", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "name"), SAME, ids=[row[0] for row in SAME])
def test_results_are_arrays_of_their_own(formula: str, name: str) -> None:
    """A result may be written to, and nothing else changes: neither the input nor the next result."""
    point = {"x": np.arange(3.0), "A": np.arange(9.0).reshape(3, 3)}
    before = np.array(point[name])
    function = adcalc.parse(formula)
    first = function.value({name: point[name]})
    assert isinstance(first, np.ndarray)
    kept = np.array(first)
    first += 100.0
    assert np.array_equal(point[name], before)
    assert np.array_equal(np.asarray(function.value({name: point[name]})), kept)


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic"])
def test_gradients_are_arrays_of_their_own(backend: str) -> None:
    """Gradients, Jacobians and Hessians may be written to as well."""
    function, point = adcalc.parse("sum(x*y) + sum(y)"), {"x": np.arange(3.0), "y": np.ones(3)}
    for _ in range(2):
        found = function.gradient(point, backend=backend)
        assert np.array_equal(found.partials["x"], np.ones(3))
        assert np.array_equal(found.partials["y"], np.arange(1.0, 4.0))
        found.partials["x"][:] = 7.0  # type: ignore[index]
        found.partials["y"][:] = 7.0  # type: ignore[index]
        blocks = adcalc.parse("x").jacobian({"x": point["x"]}, backend=backend).blocks
        assert np.array_equal(blocks["x"], np.eye(3))
        blocks["x"][:] = 7.0  # type: ignore[index]
        matrix = np.asarray(function.hessian(point, backend=backend).matrix)
        assert np.array_equal(matrix, np.kron([[0, 1], [1, 0]], np.eye(3)))
        matrix[:] = 7.0
        pulled = adcalc.parse("2*x").vjp({"x": point["x"]}, point["y"], backend=backend).cotangents
        assert np.array_equal(pulled["x"], 2 * np.ones(3))
        pulled["x"][:] = 7.0  # type: ignore[index]
    assert np.array_equal(point["x"], np.arange(3.0))
    assert np.array_equal(point["y"], np.ones(3))
