"""Plans: carried out block by block or row by row they say the same, and what they give is nobody else's."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest

import adcalc
from adcalc.autodiff.derive import Derivation
from adcalc.autodiff.linearization import Asked, linearized
from adcalc.autodiff.stacks import unit_stack
from adcalc.engines.executable import Schedule
from adcalc.engines.graph import UNFUSED, Grain
from adcalc.engines.plan import Plan
from adcalc.errors import Source
from adcalc.ir.expr import Expr, variables
from adcalc.parser.resolve import read

#: Everything is large, and a block is a few entries that divide no length.
FINE = Grain(2, 7)
SEED = np.random.default_rng(20)
POINT: dict[str, Any] = {
    "x": SEED.normal(size=41), "y": SEED.normal(size=41), "a": np.float64(1.25), "A": SEED.normal(size=(6, 9)),
    "B": SEED.normal(size=(9, 6)), "c": SEED.normal(size=9), "labels": SEED.integers(0, 9, 6).astype(float),
    "T": SEED.normal(size=(3, 4, 5)), "S": SEED.normal(size=(4, 4)), "n": np.float64(41),
}  # fmt: skip

FORMULAS = """
sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 0..n-2)
sum(x[i-1]*x[i]^2*x[i+1] + x[i+1]/(1 + x[i]^2) for i in 1..n-2)
sum(x[::2]^2*x[::-2]) + sum(x*y)
sum(sin(x)*exp(y)) - a*sum(x^3)
norm(x - y)*norm(x)
logsumexp(x*y)^2 + logsumexp(A, axis=0)[2]
sum(where(x > 0, sqrt(x)^3, x*y))
sum(tanh(A)*softmax(A)) + sum(log_softmax(A + c)[:,1])
h = sigmoid(A@B + a); cross_entropy(h@A, labels)
sum((A - mean(A, axis=1, keepdims=1))^2/(1 + var(A, axis=0)))
sum(max(x, y, 0.1)^2 + abs(x) + hypot(x, y))
sum(T[1:]*T[:-1]) + sum(sum(T, axis=1)^2) + sum(exp(T)[:,0,:]*T[:,:,2][:,:1])
sum(2*(4*x - (-2)*y)*(-y)*8 - -x/4 + 3)
sum(-(2*x + 2*y)*-(2*x - 2*y)) + sum(-x - y)
x'*x + sum(cumsum(x)*y) + prod(1 + x/100)
sum(silu(x) + gelu(y) + softplus(x*y) + sech(x)^2)
sum(x[[0, 3, 3]]*y[1:4]) + sum(outer(x, y)^2)
sum(det(S + i*eye(4))^2 + logdet(S@S.T + (i + 3)*eye(4)) for i in 0..2)
sum(x^2) + sum(x)*sum((x - sum(x))^2*y)
sum([x, y, x*y][:,1:]^2) + sum(concat([x, sin(y)])^2)
sum(x^y for k in 0..1) if a > 2 else sum(erf(x)*(a + 0*x))
""".strip().splitlines()


def ready(text: str) -> Derivation:
    """A formula made ready for the point, and the variables to differentiate by."""
    source = Source(text)
    meaning = read(source, tuple(POINT))
    assert meaning.result is not None
    (root,) = meaning.inlined([meaning.result])
    formula = linearized(Asked(root, POINT, meaning.spans, source))
    wrt = tuple([name for name in variables([root]) if name not in ("labels", "n")])
    return Derivation(formula, wrt, {name: np.shape(POINT[name]) for name in wrt})


def derived(text: str) -> list[Expr]:
    """The value of a formula, its gradient, and how that moves."""
    work = ready(text)
    gradient = [each for each in work.partials().formulas.values() if each is not None]
    moved = [each for each in work.moved(tuple(gradient)) if each is not None]
    return [work.formula.root, *gradient, *moved]


def point(text: str, *, stacked: int = 0) -> dict[str, Any]:
    """The inputs of the formulas of a text, with tangents, or with a stack of so many."""
    work = ready(text)
    if stacked:
        seeds = unit_stack(work, 0, stacked)
    else:
        seeds = {name: np.cos(np.arange(np.prod(shape))).reshape(shape) for name, shape in work.shapes.items()}
    return {**POINT, **{f"tangent {name}": seed for name, seed in seeds.items()}}


def assert_alike(first: list[Any], second: list[Any]) -> None:
    """Equal but for rounding."""
    for one, other in zip(first, second, strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * (1.0 + np.max(np.abs(other), initial=0.0)))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("stacked", [0, 3])
def test_blocks_change_nothing(text: str, stacked: int) -> None:
    """Fused and unfused plans agree, at a point and for a stack of directions."""
    formulas, at = derived(text), point(text, stacked=stacked)

    assert_alike(Plan(formulas, FINE).run(at), Plan(formulas, UNFUSED).run(at))


@pytest.mark.parametrize("grain", [Grain(2, 1), Grain(30, 4), Grain(40, 64), Grain(2, 1000)])
def test_the_size_of_blocks_changes_nothing(grain: Grain) -> None:
    """Blocks of one entry, of rows, and larger than the arrays."""
    for text in FORMULAS:
        formulas, at = derived(text), point(text)
        assert_alike(Plan(formulas, grain).run(at), Plan(formulas, UNFUSED).run(at))


@pytest.mark.parametrize("seed", range(60))
def test_random_formulas(seed: int) -> None:
    """Random sums of random rows over slices of two vectors."""
    r = np.random.default_rng(seed)

    def row(depth: int) -> str:
        if depth == 0 or r.random() < 0.1:
            return str(r.choice(["x[1:]", "x[:-1]", "y[:-1]", "y[1:]", "x[:0:-1]", "2", "-1", "0.5", "a", "sum(x)"]))
        u, v = row(depth - 1), row(depth - 1)
        form = r.choice(["({u} + {v})", "({u} - {v})", "({u})*({v})", "-({u})", "sin({u})", "({u})^2", "({u})/(1 + ({v})^2)",
                         "max({u}, {v})", "2*({u})", "exp(-({u})^2)", "where({u} > {v}, {u}, -({v}))"])  # fmt: skip
        return str(form).format(u=u, v=v)

    text = f"sum({row(4)} + 0*x[1:])*a + sum(({row(3)})*y[1:]) + sum(x*y)"
    formulas, at = derived(text), point(text)

    assert_alike(Plan(formulas, FINE).run(at), Plan(formulas, UNFUSED).run(at))


@pytest.mark.parametrize("text", FORMULAS)
def test_planned_shapes_are_the_shapes(text: str) -> None:
    """What NumPy gives has the shape that was expected of it, stacks in front included."""
    for stacked in (0, 3):
        formulas, at = derived(text), point(text, stacked=stacked)
        shapes = {name: np.shape(at[name]) for name in variables(formulas)}
        with np.errstate(all="ignore"):
            schedule = Schedule(formulas, shapes, UNFUSED)
            values = schedule.run(at)
        assert [np.shape(value) for value in values] == schedule.shapes


def test_regions_are_found() -> None:
    """The rows of Rosenbrock's function, its sum and its gradient are one region."""
    formulas = derived(FORMULAS[0])[:2]

    schedule = Schedule(formulas, {name: np.shape(POINT[name]) for name in variables(formulas)}, FINE)

    assert schedule.regions == 1


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0, 1e308, 5e-324])
@pytest.mark.parametrize(
    "text", ["sum(x*y + 2*(4*x)*y)", "sum(exp(x)/(1 + exp(x)))", "sum(1/(x - y))", "sum(sigmoid(x)*x)"]
)
def test_special_numbers_stay(text: str, special: float) -> None:
    """A nan, an infinity, a signed zero and a number at the end of the range in one entry are met alike."""
    formulas, at = derived(text)[:3], point(text)
    x = at["x"].copy()
    x[17] = special
    at = {**at, "x": x}

    for one, other in zip(Plan(formulas, FINE).run(at), Plan(formulas, UNFUSED).run(at), strict=True):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_sums_in_blocks_are_as_exact() -> None:
    """A sum over many blocks is added up pairwise."""
    x = np.full(10**6, 0.1)
    f = adcalc.parse("sum(x*1.5)")

    assert f.value(x=x) == pytest.approx(0.15e6, rel=4e-16)


@pytest.mark.parametrize("grain", [FINE, UNFUSED])
def test_results_are_nobody_elses(grain: Grain) -> None:
    """No result shares memory with an input, with another result or with the result of another run."""
    for text in (*FORMULAS, "sum(x*y)", "sum(x) + sum(y)", "sum(x*y + y*x)", "x'*y"):
        formulas, at = derived(text), point(text)
        plan = Plan([*formulas, formulas[-1], ready("x*y").formula.root], grain)
        first, second = plan.run(at), plan.run(at)
        arrays = [value for value in (*first, *second) if np.ndim(value)]
        for position, array in enumerate(arrays):
            assert array.flags.writeable
            assert not any(np.shares_memory(array, other) for other in arrays[:position])
            assert not any(np.shares_memory(array, given) for given in at.values() if np.ndim(given))


def test_inputs_are_left_alone() -> None:
    """Nothing is written over what the user gave."""
    for text in FORMULAS:
        at = point(text)
        before = {name: np.copy(value) for name, value in at.items()}
        Plan(derived(text), FINE).run(at)
        for name, value in at.items():
            np.testing.assert_array_equal(value, before[name])


def test_gradients_may_be_changed() -> None:
    """What `gradient` gives belongs to whoever asked."""
    f = adcalc.parse("sum(x*y)")
    at = {"x": np.ones(50_000), "y": np.full(50_000, 2.0)}
    found: Any = f.gradient(at).partials["x"]
    found *= 0.0

    assert at["y"][0] == 2.0
    again: Any = f.gradient(at).partials["x"]
    assert again[0] == 2.0


def test_two_threads_may_run_one_plan() -> None:
    """A plan keeps nothing of a run."""
    f = adcalc.parse("sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 0..n-2)")
    points = [{"x": np.random.default_rng(k).normal(size=60_000), "n": 60_000} for k in range(4)]
    expected = [f.gradient(at, wrt=["x"]) for at in points]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(10):
            found = f.gradient(points[number], wrt=["x"])
            same = found.value == expected[number].value
            if not (same and np.array_equal(found.partials["x"], expected[number].partials["x"])):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


def test_memory_is_given_back() -> None:
    """After a run nothing is left but the results; on the way there is little more than they."""
    f = adcalc.parse("sum(sin(x)*exp(x)*(1 + x^2)/(2 + x^4) + x*tanh(x))")
    at = {"x": np.linspace(-1.0, 1.0, 10**6)}
    f.gradient(at)
    gc.collect()
    tracemalloc.start()
    try:
        found = f.gradient(at)
        _, peak = tracemalloc.get_traced_memory()
        gone = weakref.ref(found.partials["x"])
        assert peak < 2.5 * 8e6
        del found
        left, _ = tracemalloc.get_traced_memory()
        assert gone() is None
        assert left < 1e6
    finally:
        tracemalloc.stop()


def test_deep_networks_keep_one_array_for_each_layer_and_its_slope() -> None:
    """The peak of a gradient of ten layers is that of what the way back needs."""
    layers, size = 10, 200_000
    text = "; ".join(["h0 = X", *[f"h{k + 1} = tanh(h{k}@W)" for k in range(layers)], f"sum(h{layers}^2)"])
    f = adcalc.parse(text)
    at = {"X": np.random.default_rng(0).normal(size=(size // 8, 8)), "W": np.eye(8)}
    f.gradient(at, wrt=["W"])
    tracemalloc.start()
    try:
        f.gradient(at, wrt=["W"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < (2 * layers + 4) * size * 8
