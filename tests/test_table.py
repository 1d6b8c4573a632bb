"""Every row of the table keeps its word.

What a row says about itself (its derivative, its domain, its kinks, the points where rules go wrong, how
it is written) is held against things that know nothing of the row: difference quotients of its values,
mpmath with 40 digits, and numbers worked out by hand that stand in the row's `edges`.  Conditions of the
table happen to be Python as well, so that Python decides here whether they hold.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import mpmath
import pytest

import adcalc
from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.complexes import COMPLEXES
from adcalc.algebras.duals import Duals
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.latex import LATEX
from adcalc.algebras.multiprecision import Multiprecision
from adcalc.algebras.text import written
from adcalc.errors import DomainProblem
from adcalc.ir.expr import Expr, apply, number, variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused, evaluate, lowered
from adcalc.lower.rules import Call, partial
from adcalc.numeric.differences import slope
from adcalc.symbolic.simplify import simplified
from adcalc.table import PRIMITIVES, SCALAR, TABLE

EXACT = ("reverse", "dual", "symbolic")
LETTERS = "xyz"
FUNCTIONS = [row for row in SCALAR if not row.constant]

MP = mpmath.MPContext()
MP.dps = 40


def choose(condition: Any, first: Any, second: Any) -> Any:
    """A branch with both sides given."""
    return first if condition else second


def tail(x: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    return MP.erfc(-x / MP.sqrt(2)) / 2


#: What each row computes, said again in terms of mpmath.
REFERENCES: dict[str, Callable[..., Any]] = {
    "pi": lambda: +MP.pi, "e": lambda: +MP.e, "tau": lambda: 2 * MP.pi, "inf": lambda: MP.inf,
    "+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
    "%": lambda x, y: x - y * MP.floor(x / y), "neg": lambda x: -x, "^": lambda x, y: MP.exp(y * MP.log(x)),
    "<": lambda x, y: MP.mpf(x < y), "<=": lambda x, y: MP.mpf(x <= y), ">": lambda x, y: MP.mpf(x > y),
    ">=": lambda x, y: MP.mpf(x >= y), "==": lambda x, y: MP.mpf(x == y), "!=": lambda x, y: MP.mpf(x != y),
    "not": lambda x: MP.mpf(x == 0), "and": lambda x, y: MP.mpf(x != 0 and y != 0), "or": lambda x, y: MP.mpf(x != 0 or y != 0),
    "where": choose, "given": lambda x, y: x, "provided": lambda x, y: x if y else math.nan,
    "sqrt": MP.sqrt, "cbrt": lambda x: MP.sign(x) * MP.exp(MP.log(abs(x)) / 3), "exp": MP.exp,
    "exp2": lambda x: MP.exp(x * MP.log(2)), "expm1": lambda x: MP.exp(x) - 1, "log": MP.log,
    "log2": lambda x: MP.log(x) / MP.log(2), "log10": lambda x: MP.log(x) / MP.log(10),
    "log1p": lambda x: MP.log(1 + x),
    "sin": MP.sin, "cos": MP.cos, "tan": lambda x: MP.sin(x) / MP.cos(x), "sec": MP.sec, "csc": MP.csc,
    "cot": MP.cot, "asin": MP.asin, "acos": MP.acos, "atan": MP.atan, "asec": MP.asec, "acsc": MP.acsc,
    "acot": lambda x: MP.atan(1 / x), "atan2": MP.atan2,
    "sinh": MP.sinh, "cosh": MP.cosh, "tanh": MP.tanh, "sech": MP.sech, "csch": MP.csch, "coth": MP.coth,
    "asinh": MP.asinh, "acosh": MP.acosh, "atanh": MP.atanh, "asech": MP.asech, "acsch": MP.acsch,
    "acoth": MP.acoth,
    "abs": lambda x: choose(x < 0, -x, x), "sign": MP.sign, "floor": MP.floor, "ceil": MP.ceil,
    "round": lambda x: MP.floor(x + MP.mpf("0.5")), "trunc": lambda x: MP.mpf(int(x)),
    "step": lambda x: MP.mpf(x >= 0), "min": lambda *a: sorted(a)[0], "max": lambda *a: sorted(a)[-1],
    "clip": lambda x, y, z: sorted((x, y, z))[1], "hypot": lambda *a: MP.sqrt(sum(x * x for x in a)),
    "relu": lambda x: choose(x > 0, x, MP.mpf(0)), "leaky_relu": lambda x, y: choose(x > 0, x, y * x),
    "elu": lambda x, y: choose(x > 0, x, y * (MP.exp(x) - 1)), "sigmoid": lambda x: 1 / (1 + MP.exp(-x)),
    "logit": lambda x: MP.log(x / (1 - x)), "softplus": lambda x: MP.log(1 + MP.exp(x)),
    "silu": lambda x: x / (1 + MP.exp(-x)), "gelu": lambda x: x * tail(x),
    "erf": MP.erf, "erfc": MP.erfc, "erfcx": lambda x: MP.exp(x * x) * MP.erfc(x), "erfinv": MP.erfinv,
    "gamma": MP.gamma, "lgamma": lambda x: MP.log(abs(MP.gamma(x))), "digamma": MP.digamma,
    "polygamma": lambda x, y: MP.psi(int(x), y), "beta": MP.beta, "lbeta": lambda x, y: MP.log(MP.beta(x, y)),
    "factorial": MP.factorial, "logaddexp": lambda x, y: MP.log(MP.exp(x) + MP.exp(y)),
    "xlogy": lambda x, y: x * MP.log(y), "xlog1py": lambda x, y: x * MP.log(1 + y), "sinc": MP.sincpi,
    "normal_pdf": lambda x: MP.exp(-x * x / 2) / MP.sqrt(2 * MP.pi), "normal_cdf": tail,
    "normal_logcdf": lambda x: MP.log(tail(x)),
}  # fmt: skip


def quietly(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of `math` that is nan where `math` raises."""

    def quiet(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.nan

    return quiet


PYTHON: dict[str, Any] = {
    "__builtins__": {}, "abs": abs, "inf": math.inf, "pi": math.pi,
    "log": math.log, "sqrt": math.sqrt, "floor": quietly(math.floor), "sin": quietly(math.sin),
}  # fmt: skip


def figure(text: str) -> float:
    """A figure of the table, worked out by Python."""
    return float(eval(text.replace("^", "**"), PYTHON))


def holds(condition: str, names: Mapping[str, float]) -> bool:
    """Whether a condition of the table holds, decided by Python."""
    return bool(eval(condition, {**PYTHON, **names}))


def count_of(row: Primitive) -> int:
    """With how many arguments a row is tried out: two where there may be any number."""
    return row.arity[1] or 2


def call(row: Primitive, count: int) -> Expr:
    """A row applied to x, y, z."""
    return apply(row, *[variable(letter) for letter in LETTERS[:count]])


def formula(row: Primitive, count: int) -> adcalc.Function:
    """A row applied to x, y, z, as a user writes it."""
    return adcalc.parse(written(call(row, count)))


def plainly(row: Primitive, arguments: Sequence[float]) -> float:
    """The value of a row in double precision, with nothing checked and nothing refined."""
    program = lowered([call(row, len(arguments))])
    value = evaluate(program, FLOATS, dict(zip(LETTERS, arguments, strict=False)))[program.output]
    assert not isinstance(value, Unused)
    return value


def close(found: float, wanted: float, ulps: float) -> bool:
    """Whether two figures are the same but for some units in the last place."""
    return found == wanted or (math.isfinite(wanted) and abs(found - wanted) <= ulps * math.ulp(wanted))


def differentiable(row: Primitive, count: int) -> list[int]:
    """The arguments by which the row has a derivative."""
    return [i for i in range(count) if row.variadic or row.partials[i]]


def samples(rows: Sequence[Primitive]) -> list[Any]:
    """Rows with each of their sample points."""
    return [
        pytest.param(row, tuple(map(figure, sample)), id=f"{row.name}({','.join(sample)})")
        for row in rows
        for sample in row.samples
    ]


def constants() -> list[Any]:
    """Rows of no argument, with their only point."""
    return [pytest.param(row, (), id=row.name) for row in SCALAR if row.constant]


GRID = (-math.inf, -1e3, -2.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 1e3, math.inf)


def grid(count: int) -> Iterator[tuple[float, ...]]:
    """Points that between them meet every border of a domain and every kink of the table."""
    return itertools.product(GRID if count < 3 else GRID[1:-1:2], repeat=count)


def inside(row: Primitive, arguments: Sequence[float]) -> bool:
    """Whether the table says that the row has a value."""
    return not row.domain or holds(row.domain, dict(zip(LETTERS, arguments, strict=False)))


def on_a_kink(row: Primitive, arguments: Sequence[float]) -> bool:
    """Whether the table says that the derivative may not exist."""
    if not row.kinks:
        return False
    out = plainly(row, arguments)
    if not row.variadic:
        return holds(row.kinks, {**dict(zip(LETTERS, arguments, strict=False)), "out": out})
    ties = sum(argument == out for argument in arguments)
    return any(holds(row.kinks, {"x": argument, "out": out, "ties": ties}) for argument in arguments)


# What a row consists of


@pytest.mark.parametrize("row", SCALAR, ids=repr)
def test_a_row_is_complete(row: Primitive) -> None:
    """Each row is documented, belongs to a group, has samples, edges and a rule for each argument."""
    assert row.doc.endswith(".")
    assert row.group
    assert "  " not in row.doc
    if not row.constant:
        least, most = row.arity
        assert row.samples
        assert row.edges
        assert len(row.partials) == (1 if most is None else most)
        assert not row.exact or len(row.exact) == len(row.partials)
        assert most is None or len(row.defaults) == most - least
        assert bool(row.kinks) == bool(row.convention)
        assert all(least <= len(point) <= (most or 99) for point in row.samples)
        assert all(len(point) == len(wanted) for point, wanted in row.edges)


def test_names_are_unique() -> None:
    """No name and no alias stands for two rows."""
    names = Counter(name for row in TABLE for name in (row.name, *row.aliases))
    assert [name for name, count in names.items() if count > 1] == []


def test_references_cover_the_table() -> None:
    """Every row is said again in mpmath, and nothing else is."""
    assert sorted(REFERENCES) == sorted(row.name for row in SCALAR)


# Values


def reference(row: Primitive, arguments: Sequence[float]) -> Any:
    """The value by mpmath, 40 digits."""
    return MP.mpf(REFERENCES[row.name](*[MP.mpf(argument) for argument in arguments]))


@pytest.mark.parametrize(
    ("row", "at"), [*samples(FUNCTIONS), *[pytest.param(r, (), id=r.name) for r in SCALAR if r.constant]]
)
def test_value_in_doubles(row: Primitive, at: tuple[float, ...]) -> None:
    """The value in plain double precision is within 4 ulp of mpmath's."""
    assert close(plainly(row, at), float(reference(row, at)), 4)


@pytest.mark.parametrize(
    ("row", "at"), [*samples(FUNCTIONS), *[pytest.param(r, (), id=r.name) for r in SCALAR if r.constant]]
)
def test_value_with_many_digits(row: Primitive, at: tuple[float, ...]) -> None:
    """With 40 digits every row has a value, right to 35 of them."""
    algebra = Multiprecision(40)
    program = lowered([call(row, len(at))])
    inputs = {letter: algebra.const(argument) for letter, argument in zip(LETTERS, at, strict=False)}
    found, wanted = evaluate(program, algebra, inputs)[program.output], reference(row, at)
    assert found == wanted or abs(MP.mpf(found) - wanted) <= abs(wanted) * MP.mpf("1e-35")


@pytest.mark.parametrize(("row", "at"), samples(FUNCTIONS))
def test_value_of_a_formula(row: Primitive, at: tuple[float, ...]) -> None:
    """A formula that is just the row has the value, without a warning."""
    found = formula(row, len(at)).evaluate(dict(zip(LETTERS, at, strict=False)))
    assert close(found.value, float(reference(row, at)), 4)
    assert found.warnings == ()


# Derivatives


@pytest.mark.parametrize(("row", "at"), samples(FUNCTIONS))
def test_partials_are_slopes_of_the_value(row: Primitive, at: tuple[float, ...]) -> None:
    """The rules, as shown and as computed, agree with difference quotients of the value."""
    conditional = row.takes == (1, 2)
    for position in differentiable(row, len(at)):
        if conditional and position == 0:
            # A condition is looked at as a truth: 0 is not a point of a slope.
            continue

        def along(to: float, position: int = position) -> float:
            return plainly(row, [*at[:position], to, *at[position + 1 :]])

        estimate = slope(along, at[position])
        assert estimate.error <= 1e-6 * max(1.0, abs(estimate.value))
        for exact in (True, False):
            rule = partial(row, position, exact=exact)
            assert rule is not None
            found = Call(row, at, plainly(row, at)).carry_out(FLOATS, rule, position)
            assert abs(found - estimate.value) <= estimate.error + 4 * math.ulp(found), (position, exact)


def edges() -> list[Any]:
    """Rows with each of their edge points."""
    return [
        pytest.param(row, tuple(map(figure, point)), wanted, id=f"{row.name}({','.join(point)})")
        for row in FUNCTIONS
        for point, wanted in row.edges
    ]


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("row", "at", "wanted"), edges())
def test_edges(row: Primitive, at: tuple[float, ...], wanted: tuple[str | None, ...], backend: str) -> None:
    """At its edges each partial is what the row says, or there is none and it is refused."""
    function = formula(row, len(at))
    point = dict(zip(LETTERS, at, strict=False))
    for letter, text in zip(LETTERS, wanted, strict=False):
        if text is None:
            with pytest.raises(DomainProblem):
                function.gradient(point, [letter], backend)
        else:
            found = function.gradient(point, [letter], backend).partials[letter]
            assert close(found, figure(text), 4), (letter, found)


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize(("row", "at", "wanted"), [edge for edge in edges() if None not in edge.values[2]])
def test_edges_by_all_arguments(row: Primitive, at: tuple[float, ...], wanted: tuple[str, ...], backend: str) -> None:
    """Asked for together, the partials at an edge are the same as one by one."""
    found = formula(row, len(at)).gradient(dict(zip(LETTERS, at, strict=False)), backend=backend)
    for letter, text in zip(LETTERS, wanted, strict=False):
        assert close(found.partials[letter], figure(text), 4), (letter, found)


@pytest.mark.parametrize(("row", "at"), samples(FUNCTIONS))
def test_second_derivatives(row: Primitive, at: tuple[float, ...]) -> None:
    """Three exact backends have the same Hessian, and difference quotients confirm it."""
    letters = [LETTERS[i] for i in differentiable(row, len(at)) if not (row.takes == (1, 2) and i == 0)]
    function, point = formula(row, len(at)), dict(zip(LETTERS, at, strict=False))
    reverse, dual, symbolic = [function.hessian(point, letters, backend).matrix for backend in EXACT]
    numeric = function.hessian(point, letters, "numeric")
    assert numeric.matrix_error is not None
    for i, j in itertools.product(range(len(letters)), repeat=2):
        truth = reverse[i][j]
        assert close(dual[i][j], truth, 16), (i, j)
        assert close(symbolic[i][j], truth, 16), (i, j)
        assert numeric.matrix_error[i][j] <= 1e-4 * max(1.0, abs(truth))
        assert abs(numeric.matrix[i][j] - truth) <= numeric.matrix_error[i][j] + 16 * math.ulp(truth), (i, j)


# Domains and kinks


@pytest.mark.parametrize("row", [row for row in FUNCTIONS if row.domain], ids=repr)
def test_outside_its_domain_a_row_is_refused(row: Primitive) -> None:
    """Where the domain's condition fails there is a problem that names the place, and no number."""
    count = count_of(row)
    function = formula(row, count)
    outside = [at for at in grid(count) if not inside(row, at)]
    assert outside
    for at in outside:
        with pytest.raises(DomainProblem) as caught:
            function.value(dict(zip(LETTERS, at, strict=False)))
        assert caught.value.span is not None, at
        assert caught.value.source is not None, at


@pytest.mark.parametrize("row", FUNCTIONS, ids=repr)
def test_inside_its_domain_a_row_has_a_value(row: Primitive) -> None:
    """At finite arguments where the domain's condition holds the value is a number."""
    count = count_of(row)
    function = formula(row, count)
    points = [at for at in grid(count) if all(map(math.isfinite, at)) and inside(row, at)]
    assert points
    for at in points:
        found = function.value(dict(zip(LETTERS, at, strict=False)))
        assert not math.isnan(found), at


@pytest.mark.parametrize("backend", EXACT)
@pytest.mark.parametrize("row", [row for row in FUNCTIONS if row.kinks], ids=repr)
def test_a_kink_never_comes_without_a_warning(row: Primitive, backend: str) -> None:
    """Where the condition of a kink holds, a gradient comes with a warning or not at all."""
    count = count_of(row)
    function = formula(row, count)
    points = [at for at in grid(count) if all(map(math.isfinite, at)) and inside(row, at) and on_a_kink(row, at)]
    assert points
    for at in points:
        try:
            found = function.gradient(dict(zip(LETTERS, at, strict=False)), backend=backend)
        except DomainProblem as problem:
            assert problem.span is not None, at
        else:
            assert [warning.kind for warning in found.warnings] == ["jump" if row.jump else "kink"], at
            assert all(warning.span is not None for warning in found.warnings), at


@pytest.mark.parametrize(("row", "at"), samples(FUNCTIONS))
def test_no_warning_away_from_kinks(row: Primitive, at: tuple[float, ...]) -> None:
    """At inner points a gradient comes without a warning."""
    assert not on_a_kink(row, at)
    letters = [LETTERS[position] for position in differentiable(row, len(at))]
    point = dict(zip(LETTERS, at, strict=False))
    for backend in EXACT:
        assert formula(row, len(at)).gradient(point, letters, backend).warnings == ()


# How rows are written


NAMED = {row.name: row for row in SCALAR}


def operands() -> Iterator[Expr]:
    """Formulas of every binding strength, with and without a sign in front."""
    x, y = variable("x"), variable("y")
    yield from (x, number(2), number(-2.5), apply(NAMED["pi"]))
    for name in ("neg", "not", "sin", "sqrt"):
        yield apply(NAMED[name], x)
    for name in ("+", "-", "*", "/", "%", "^", "<", "==", "and", "or", "max"):
        yield apply(NAMED[name], x, y)
    yield apply(NAMED["where"], x, y, number(1))
    yield apply(NAMED["*"], apply(NAMED["neg"], x), y)


def contexts(node: Expr) -> Iterator[Expr]:
    """A formula on either side of operators."""
    z = variable("z")
    yield apply(NAMED["neg"], node)
    for name in ("+", "-", "*", "/", "^", "<", "and", "or"):
        yield apply(NAMED[name], node, z)
        yield apply(NAMED[name], z, node)
    yield apply(NAMED["where"], z, node, node)
    yield apply(NAMED["where"], node, z, z)


def nestings(row: Primitive) -> Iterator[Expr]:
    """The row with every kind of operand in every place; those that begin otherwise, in every context."""
    count = 0 if row.constant else count_of(row)
    plain = [variable("z")] * count
    yield from contexts(apply(row, *plain))
    for position, operand in itertools.product(range(count), operands()):
        if row.name == "neg" and not hasattr(operand, "arguments"):
            # A minus before a number belongs to the number, and the text cannot tell.
            continue
        node = apply(row, *plain[:position], operand, *plain[position + 1 :])
        yield node
        if row.binding and position == 0:
            yield from contexts(node)


@pytest.mark.parametrize("row", SCALAR, ids=repr)
def test_text_reads_back(row: Primitive) -> None:
    """However a row is nested, its text reads back to the same formula."""
    for node in nestings(row):
        text = written(node)
        assert adcalc.parse(text).expr is node, text
        assert str(adcalc.parse(text)) == text


@pytest.mark.parametrize("row", SCALAR, ids=repr)
def test_latex_is_balanced(row: Primitive) -> None:
    """However a row is nested, in LaTeX its braces and its growing brackets pair up, and every argument is there."""
    count = 0 if row.constant else count_of(row)
    assert all(letter in written(call(row, count), LATEX) for letter in LETTERS[:count])
    for node in nestings(row):
        text = written(node, LATEX)
        depths = list(itertools.accumulate({"{": 1, "}": -1}.get(character, 0) for character in text))
        assert min(depths, default=0) >= 0, text
        assert depths[-1] == 0, text
        assert text.count(r"\left") == text.count(r"\right"), text


@pytest.mark.parametrize("row", [row for row in SCALAR if row.aliases], ids=repr)
def test_aliases_mean_the_row(row: Primitive) -> None:
    """Every other name that can be called gives the same formula."""
    for alias in row.aliases:
        if row.constant:
            assert adcalc.parse(alias).expr is apply(row)
        else:
            count = count_of(row)
            assert adcalc.parse(f"{alias}({', '.join(LETTERS[:count])})").expr is call(row, count)


@pytest.mark.parametrize("row", [row for row in FUNCTIONS if row.defaults], ids=repr)
def test_arguments_left_out_have_their_defaults(row: Primitive) -> None:
    """A call with fewer arguments means the one with the row's defaults."""
    assert adcalc.parse(f"{row.name}(x)").expr is adcalc.parse(f"{row.name}(x, {', '.join(row.defaults)})").expr


CONSTANTS = [row for row in TABLE if row.constant and row.host]


@pytest.mark.parametrize("row", CONSTANTS, ids=lambda row: row.name)
def test_a_constant_is_the_same_in_every_algebra(row: Primitive) -> None:
    """Numbers, arrays, complex numbers, many digits, duals: the number of Python's own library, or infinity."""
    wanted = getattr(math, row.name)

    assert FLOATS.apply(row, ()) == float(ARRAYS.apply(row, ())) == wanted
    assert COMPLEXES.apply(row, ()) == complex(wanted)
    assert float(Multiprecision(40).apply(row, ())) == wanted
    assert Duals(FLOATS).apply(row, ()) == (wanted, None)


@pytest.mark.parametrize("engine", ["numpy", *(["native"] if find_spec("llvmlite") else [])])
@pytest.mark.parametrize("row", CONSTANTS, ids=lambda row: row.name)
def test_a_constant_stands_beside_arrays_and_columns(row: Primitive, engine: str) -> None:
    """Of an array, of the rows of a table, along a direction."""
    wanted = 2 * getattr(math, row.name)
    f = adcalc.parse(f"{row.name}*x")

    assert f.batch({"x": [2.0, 2.0]}, engine=engine).value.tolist() == [wanted] * 2
    assert f.value(x=[2.0, 2.0]).tolist() == [wanted] * 2  # type: ignore[union-attr]
    assert f.vjp({"x": 2.0}).cotangents["x"] == wanted / 2


@pytest.mark.parametrize("row", [row for row in TABLE if row.over and not row.constant], ids=lambda row: row.name)
def test_a_row_over_arrays_is_tidied_as_it_stands(row: Primitive) -> None:
    """What is applied to numbers only may still be an array, which is no number to compute with."""
    node = apply(row, *[number(1.0 + place) for place in range(max(row.arity[0], 1))])

    assert simplified([node]) == [node]
    assert simplified([apply(PRIMITIVES["*"], node, variable("x"))])
