"""Derivatives as formulas for functions over arrays: shapes given, declared or inferred."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from adcalc.algebras.arrays import computed
from adcalc.autodiff.transforms import differentiable
from adcalc.errors import Caution, LimitProblem, ShapeProblem
from adcalc.ir.expr import Apply, Expr, topological, variable, variables
from adcalc.ir.program import lowered
from adcalc.lower.builder import Builder
from adcalc.lower.inference import LENGTHS, declared, described, inferred, lettered
from adcalc.lower.lowering import Elaboration, elaborated
from adcalc.lower.rules import ARGUMENTS, compiled
from adcalc.lower.shape_rules import Shape
from adcalc.symbolic.conditions import Condition
from adcalc.symbolic.domains import Scope, demanding, required, stated_of_arrays
from adcalc.symbolic.lengths import Length, for_every_length, lengths_of_choice, named_lengths
from adcalc.symbolic.matrix_derivative import core_partials, uses_book_notation, written_in_words

if TYPE_CHECKING:
    from adcalc.function import Function
    from adcalc.symbolic.derived import Axes


class Reading(NamedTuple):
    """A formula elaborated for one choice of the lengths that are not known."""

    root: Expr
    builder: Builder
    lengths: tuple[int, ...]
    """Those that were made up, always in the same order."""
    length: Length


class Opened(NamedTuple):
    """A function whose variables have shapes, lengths made up where they are not known."""

    read: Callable[[int], Reading]
    cautions: tuple[Caution, ...]
    book: bool


def opened_function(function: Function, root: Expr, constants: Mapping[str, Expr], shapes: Axes | None) -> Opened:
    """A function elaborated without a point.

    Args:
        root: its formula.
        constants: what is meant by the names of constants in it.

    Raises:
        ShapeProblem: no shapes fit, or those declared do not.
    """
    given, names = declared(shapes or {})
    used = variables([root])
    fixed = {name: float(computed(value, {})) for name, value in constants.items() if name in used}
    assumed = [name for name in used if name not in given and name not in names.values() and name not in fixed]
    notes = [
        Caution("unused", f"the formula has no `{name}`; its shape is not used")
        for name in given
        if name not in used and name not in function.origin
    ]

    def attempt(tried: Mapping[str, Shape], meant: Mapping[int, int] | None = None) -> Elaboration:
        lengths = {name: float((meant or {}).get(length, length)) for length, name in names.items()}
        values = {**lengths, **fixed}
        return elaborated([root], tried, values, function.spans, function.source, Builder(made_up=True), computed)

    def value(tried: Mapping[str, Shape]) -> Shape:
        found = attempt(tried)
        return found.builder.shape(found.roots[0])

    given |= {name: () for name in (*names.values(), *fixed) if name in used}
    try:
        every = inferred(root, given, value)
    except ShapeProblem as problem:
        raise lettered(problem, names) from None
    made_up = list(dict.fromkeys(length for shape in every.values() for length in shape if length in LENGTHS))

    @cache
    def read(choice: int) -> Reading:
        meant = lengths_of_choice(made_up, choice)
        tried = {name: tuple([meant.get(length, length) for length in shape]) for name, shape in every.items()}
        found = attempt(tried, meant)
        for name, shape in tried.items():
            found.builder.shapes.setdefault(variable(name), shape)
        lengths = tuple(meant.values())
        return Reading(found.roots[0], found.builder, lengths, named_lengths(tried, lengths))

    if assumed:
        notes.append(described(every, assumed, names))
    return Opened(read, (*attempt(every).cautions, *notes), uses_book_notation(root))


class Pair(NamedTuple):
    """A function to be derived, as it is shown and as it is computed."""

    function: Function
    constants: Mapping[str, Expr]
    """What is meant by names of constants in what is shown."""
    shown: Opened
    computed: Opened


def pair(function: Function, named: tuple[Expr, Mapping[str, Expr]], shapes: Axes | None) -> Pair:
    """A function opened twice: with the names of its constants, and without; once where that is the same."""
    root, constants = named
    shown = opened_function(function, root, constants, shapes)
    plain = shown if root is function.evaluated else opened_function(function, function.evaluated, {}, shapes)
    return Pair(function, constants, shown, plain)


def diff_over_arrays(ready: Pair, wrt: Sequence[str], order: int) -> Function:
    """The derivative by each variable in turn, `order` times each."""
    path = [name for name in wrt for _ in range(order)]
    return _functions(ready, [path])[0]


def gradient_over_arrays(ready: Pair, wrt: Sequence[str], *, asked: bool) -> dict[str, Function]:
    """The derivative by each variable; if they were not asked for, by each that has one."""
    ready, wrt = _with_derivative(ready, wrt, asked=asked)
    return dict(zip(wrt, _functions(ready, [[name] for name in wrt]), strict=True))


def hessian_over_arrays(ready: Pair, wrt: Sequence[str], *, asked: bool) -> dict[tuple[str, ...], Function]:
    """The second derivatives, by row and column."""
    ready, wrt = _with_derivative(ready, wrt, asked=asked)
    pairs = [[row, column] for row in wrt for column in wrt]
    return {tuple(pair): each for pair, each in zip(pairs, _functions(ready, pairs), strict=True)}


def _with_derivative(ready: Pair, wrt: Sequence[str], *, asked: bool) -> tuple[Pair, Sequence[str]]:
    if asked:
        return ready, wrt
    root = ready.shown.read(0).root
    inside = differentiable(lowered([root]))
    used = variables([root])
    left_out = [name for name in wrt if name in used and name not in inside]
    kept = [name for name in wrt if name not in left_out]
    if not left_out or not kept:
        return ready, wrt
    notes = [
        Caution("derivative", f"`{name}` stands only where there are no derivatives, as labels do") for name in left_out
    ]
    shown = ready.shown._replace(cautions=(*ready.shown.cautions, *notes))
    return ready._replace(shown=shown), kept


def _functions(ready: Pair, paths: Sequence[Sequence[str]]) -> list[Function]:
    function = ready.function
    shown = _for_every_length(ready.shown, paths, exact=False)
    for each in shown:
        _check_words(each)
    exact = _for_every_length(ready.computed, paths, exact=True)
    origin = tuple(dict.fromkeys((*function.variables, *function.origin)))
    cautions = tuple(dict.fromkeys((*function.cautions, *ready.shown.cautions)))
    constants = ready.constants.items()
    return [
        replace(
            function,
            expr=expr,
            evaluated=evaluated,
            meaning=None,
            origin=origin,
            cautions=cautions,
            constants=tuple([(name, value) for name, value in constants if name in variables([expr])]),
        )
        for expr, evaluated in zip(shown, exact, strict=True)
    ]


def _for_every_length(ready: Opened, paths: Sequence[Sequence[str]], *, exact: bool) -> list[Expr]:
    def formulas(choice: int) -> list[Expr]:
        reading = ready.read(choice)
        roots = []
        for path in paths:
            root = reading.root
            for name in path:
                try:
                    (root,) = core_partials(root, reading.builder, [name], exact=exact)
                except ShapeProblem as problem:
                    raise lettered(problem, {}) from None
            roots.append(root)
        # The arguments of what has a domain are written along with them.
        arguments = [argument for _, arguments in _demanding(reading) for argument in arguments]
        return written_in_words([*roots, *arguments], reading.builder, reading.length, exact=exact, book=ready.book)

    first = ready.read(0)
    found = for_every_length(formulas, lambda choice: ready.read(choice).lengths, first.length)
    arguments = iter(found[len(paths) :])
    needs = [(node, operands, [next(arguments) for _ in operands]) for node, operands in _demanding(first)]
    return [
        stated_of_arrays(shown, _conditions(needs, first.builder, _derivative_shape(first, path)))
        for shown, path in zip(found, paths, strict=False)
    ]


def _demanding(reading: Reading) -> list[tuple[Apply, list[Expr]]]:
    """Operations that have a value only for some arguments, and these, without their repetition along axes."""
    return [(node, [_unrepeated(argument) for argument in node.arguments]) for node in demanding(reading.root)]


def _unrepeated(expr: Expr) -> Expr:
    while isinstance(expr, Apply) and expr.primitive.name in ("expand", "spread"):
        (expr,) = expr.arguments
    return expr


def _derivative_shape(reading: Reading, path: Sequence[str]) -> Shape:
    """The shape of a derivative: that of the value, and of each variable."""
    shape = reading.builder.shape(reading.root)
    return sum([reading.builder.shapes.get(variable(name), ()) for name in path], shape)


def _conditions(
    needs: Sequence[tuple[Apply, Sequence[Expr], Sequence[Expr]]], builder: Builder, value: Shape
) -> Iterator[tuple[Condition, Scope]]:
    """What operations demand of their operands, as these are written."""
    for node, operands, arguments in needs:
        reads = compiled(node.primitive.domain).reads
        shapes = {builder.shape(each) for letter, each in zip(ARGUMENTS, operands, strict=False) if letter in reads}
        shapes.discard(())
        scope: Scope = "number" if not shapes else "entry" if shapes == {value} else "other"
        for condition in required(node.primitive, arguments):
            yield condition, scope


def _check_words(expr: Expr) -> None:
    """Refuses a formula that the language cannot say.

    Raises:
        LimitProblem: naming what there is no word for.
    """
    for node in topological([expr]):
        if isinstance(node, Apply) and node.primitive.over == "core":
            name = node.primitive.name.removeprefix("core ")
            raise LimitProblem(
                f"this derivative takes a `{name}` for every value of an index, which the language cannot say",
                hint="take it at a point: `adcalc grad ... --at ...`",
            )
