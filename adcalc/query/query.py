"""What is asked of a function at a point, by name: its value, its derivatives, its products.

Here names that the user wrote become inputs of a formula, and figures become results under those names again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from adcalc.autodiff.figures import FiguresWanted, Kind
from adcalc.autodiff.linearization import Asked, linearized, needs_arrays
from adcalc.backends import Backend, backend_named
from adcalc.checks.entries import holds_anywhere
from adcalc.errors import Caution, InputProblem, NameProblem, ShapeProblem, near
from adcalc.ir.exact import worked_out
from adcalc.ir.expr import Expr, apply, rebuild, topological, variable, variables
from adcalc.lower.shape_rules import named
from adcalc.query.answer import Answer, answer, value_of
from adcalc.query.inputs import Given, Point, resolved, unused
from adcalc.results import Figure, Gradient, Hessian, HessianProduct, Jacobian, Pullback, Pushforward, Value
from adcalc.table import CONSTANTS

if TYPE_CHECKING:
    from adcalc.function import Function


@dataclass(slots=True, eq=False, repr=False)
class Query:
    """A function at a point: what to evaluate, and the values to do it with.

    Attributes:
        groups: names that are differentiated by together, each group with a formula of its own.
        inputs: the value of every variable of the formulas.
        symbols: what an assigned name to differentiate by has become.
    """

    function: Function
    groups: list[tuple[str, ...]]
    roots: list[Expr]
    inputs: dict[str, Figure]
    cautions: list[Caution]
    wrt: tuple[str, ...]
    symbols: dict[str, Expr]

    def symbol(self, name: str) -> str:
        """The input that a name to differentiate by has become."""
        symbol = self.symbols.get(name)
        return name if symbol is None else getattr(symbol, "name", name)

    def asked(self, position: int = 0) -> Asked:
        """The formula of one group of names, at the point."""
        return Asked(self.roots[position], self.inputs, self.function.spans, self.function.source)

    def ask(
        self, kind: Kind, backend: Backend | None, seeds: Mapping[str, Figure] | None = None, group: int = 0
    ) -> Answer:
        """What is asked of one group of names."""
        names = self.groups[group] if group < len(self.groups) else ()
        return answer(self.asked(group), FiguresWanted(kind, tuple(map(self.symbol, names)), seeds or {}), backend)

    def by_name(self, figures: Mapping[str, Any] | None) -> dict[str, Any]:
        """Figures by the names that the user wrote."""
        return {name: figures[self.symbol(name)] for name in self.wrt if figures and self.symbol(name) in figures}

    def all_cautions(self, *more: Sequence[Caution]) -> tuple[Caution, ...]:
        """Everything that is to be said, once."""
        return tuple(dict.fromkeys([*self.cautions, *[caution for each in more for caution in each]]))

    def place(self, at: Mapping[str, Figure]) -> None:
        """Takes the values of the point, and those that the program gives to its names.

        Raises:
            NameProblem: a variable has no value.
        """
        needed = dict.fromkeys(variables(self.roots))
        kept = {self.symbol(name) for name in self.symbols}
        definitions: list[Expr] = []
        meaning = self.function.meaning
        if kept and meaning is not None:
            definitions = list(meaning.inlined(list(self.symbols.values())))
            needed |= dict.fromkeys(variables(definitions))
        for name in needed:
            if name in kept:
                continue
            if name not in at:
                raise self._missing(name, [other for other in needed if other not in at and other not in kept])
            self.inputs[name] = at[name]
        # A name that only a removed derivative had moves nothing, but has a shape.
        self.inputs |= {name: at[name] for name in self.wrt if name in at and name not in self.inputs}
        known = {*needed, *self.function.variables, *self.function.origin}
        self.cautions += [
            unused(name, self.function.assigned, self.function.variables) for name in at if name not in known
        ]
        for symbol, definition in zip(self.symbols.values(), definitions, strict=bool(definitions)):
            name = getattr(symbol, "name", "")
            self.inputs[name] = value_of(Asked(definition, self.inputs, self.function.spans, self.function.source))

    def _missing(self, name: str, missing: list[str]) -> NameProblem:
        spans = self.function.spans
        span = spans.get(variable(name))
        also = [other for other in missing if other != name]
        hint = f"give it one: `--at {','.join(f'{each}=...' for each in missing)}`"
        guess = near(name, [*self.function.assigned])
        if name.lower() in ("true", "false"):
            hint = "write 1 for true and 0 for false"
        if name in self.function.assigned:
            hint = f"it gets its value only later; {hint}"
        elif guess:
            hint += f"; or did you mean `{guess}`?"
        more = f" ({'nor does' if len(also) == 1 else 'nor do'} {names_listed(also)})" if also else ""
        return NameProblem(f"`{name}` has no value{more}", span, hint, self.function.source)


def value_at(function: Function, at: Point) -> Value:
    """The value at a point, with what is to be said about it."""
    query = query_at(function, at, ())
    found = query.ask("value", None)
    return Value(found.figures.value, query.all_cautions(found.cautions))


def gradient_at(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Gradient:
    """The value and the partial derivatives at a point."""
    return Gradient(*_first("gradient", function, at, wrt, backend))


def jacobian_at(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Jacobian:
    """The value and its derivative by each variable at a point."""
    return Jacobian(*_first("jacobian", function, at, wrt, backend))


class _First(NamedTuple):
    """First derivatives by all the names that were asked for."""

    value: Figure
    blocks: dict[str, Figure]
    cautions: tuple[Caution, ...]
    estimates: dict[str, Figure] | None
    evaluations: int
    operations: int | None


def _first(kind: Kind, function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> _First:
    """What the groups of names give, in the order in which the names were asked for."""
    query, chosen = _asked_query(function, at, wrt), chosen_backend(backend)
    answers = [query.ask(kind, chosen, group=group) for group in range(len(query.groups))] or [query.ask(kind, chosen)]
    blocks = {name: block for found in answers for name, block in found.figures.blocks.items()}
    estimates = {name: error for found in answers for name, error in (found.estimates or {}).items()}
    operations = [found.operations for found in answers if found.operations is not None]
    return _First(
        answers[-1].figures.value,
        query.by_name(blocks),
        query.all_cautions(*[found.cautions for found in answers]),
        query.by_name(estimates) if estimates else None,
        sum([found.evaluations for found in answers]),
        sum(operations) if len(operations) == len(answers) else None,
    )


def hessian_at(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Hessian:
    """The value, the partial derivatives and the second partial derivatives at a point."""
    chosen = chosen_backend(backend)
    _check_independent(function, function.by(wrt))
    query = _asked_query(function, at, wrt, together=True)
    found = query.ask("hessian", chosen)
    partials = query.by_name(found.figures.blocks)
    return Hessian(
        found.figures.value,
        partials,
        tuple([label for name in partials for label in entry_labels(name, shape_of_value(partials[name]))]),
        found.figures.matrix,
        query.all_cautions(found.cautions),
        query.by_name(found.estimates) if found.estimates else None,
        found.matrix_error,
    )


def entry_labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the entries of a variable are called.

    >>> entry_labels("a", ()), entry_labels("A", (1, 2))
    (['a'], ['A[0,0]', 'A[0,1]'])
    """
    found = [""]
    for length in shape:
        found = [f"{before},{entry}" if before else str(entry) for before in found for entry in range(length)]
    return [f"{name}[{entry}]" if entry else name for entry in found]


def shape_of_value(figure: Figure) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return () if isinstance(figure, float) else tuple(figure.shape)


def jvp_at(function: Function, at: Point, tangent: Point, backend: str | Backend) -> Pushforward:
    """The value, and how it moves along a tangent."""
    chosen = chosen_backend(backend)
    along = resolved(tangent)
    # What stands still takes no part: 0 times an infinite slope would be undecided.
    names = tuple([name for name in function.by(list(tangent)) if holds_anywhere(along[name])])
    query = query_at(function, at, function.by(list(tangent)), together=True)
    query.groups = [names]
    seeds = {}
    for name in query.wrt:
        direction = _direction(
            f"`{name}`", along[name], shape_of_value(query.inputs.get(query.symbol(name), 0.0)), "tangent"
        )
        if name in names:
            seeds[f"tangent {query.symbol(name)}"] = direction
    found = query.ask("jvp", chosen, seeds)
    return Pushforward(found.figures.value, found.figures.tangent, query.all_cautions(found.cautions))


def vjp_at(
    function: Function, at: Point, cotangent: Given, wrt: Sequence[str] | None, backend: str | Backend
) -> Pullback:
    """The value, and what a cotangent of it contributes to each variable."""
    chosen = chosen_backend(backend)
    query = _asked_query(function, at, wrt, together=True)
    seed = resolved({"the cotangent": cotangent})["the cotangent"]
    seeds = {"cotangent ": _direction("the value", seed, linearized(query.asked()).shape, "cotangent")}
    found = query.ask("vjp", chosen, seeds)
    return Pullback(found.figures.value, query.by_name(found.figures.blocks), query.all_cautions(found.cautions))


def hvp_at(
    function: Function, at: Point, vector: Point, wrt: Sequence[str] | None, backend: str | Backend
) -> HessianProduct:
    """The value, the gradient, and the Hessian times a vector."""
    chosen = chosen_backend(backend)
    names = None if wrt is None else list(dict.fromkeys([*wrt, *vector]))
    function.by(list(vector))
    _check_independent(function, function.by(names))
    query = _asked_query(function, at, names, together=True)
    along = {query.symbol(name): figure for name, figure in resolved(vector).items()}
    seeds = {}
    for name in map(query.symbol, query.wrt):
        shape = shape_of_value(query.inputs.get(name, 0.0))
        seeds[f"tangent {name}"] = (
            _direction(f"`{name}`", along[name], shape, "vector") if name in along else _zeros(shape)
        )
    found = query.ask("hvp", chosen, seeds)
    shown = query.wrt if wrt is None else tuple(dict.fromkeys(wrt))
    blocks, products = query.by_name(found.figures.blocks), query.by_name(found.figures.products)
    return HessianProduct(
        found.figures.value,
        {name: blocks[name] for name in shown},
        {name: products[name] for name in shown},
        query.all_cautions(found.cautions),
    )


def _zeros(shape: tuple[int, ...]) -> Figure:
    if not shape:
        return 0.0
    import numpy as np

    return np.zeros(shape)


def _direction(subject: str, figure: Figure, shape: tuple[int, ...], what: str) -> Figure:
    """A tangent, a cotangent or a vector in the shape it must have.

    Raises:
        ShapeProblem: it has another one.
    """
    if shape_of_value(figure) != shape:
        hint = f"give the {what} the same shape"
        if shape:
            hint += f", such as `ones({shape[0] if len(shape) == 1 else list(shape)})`"
        raise ShapeProblem(f"{subject} is {named(shape)}, its {what} {named(shape_of_value(figure))}", hint=hint)
    return figure


def _asked_query(function: Function, at: Point, wrt: Sequence[str] | None, *, together: bool = False) -> Query:
    """A function made ready for a point; where no variables were named, for those by which there is a derivative."""
    names = function.by(wrt)
    query = query_at(function, at, names, together=together)
    if wrt is not None or len(query.groups) != 1 or not needs_arrays(query.roots[0], query.inputs):
        return query
    formula = linearized(query.asked())
    symbols = [query.symbol(name) for name in names]
    left_out = formula.kept(("without", tuple(symbols)), lambda: formula.without_derivative(symbols))
    kept = tuple([name for name in names if query.symbol(name) not in left_out])
    if len(kept) == len(names) or not kept:
        return query
    query = query_at(function, at, kept, together=together)
    query.cautions += left_out.values()
    return query


def chosen_backend(backend: str | Backend) -> Backend:
    """A backend by name, or as it is.

    Raises:
        InputProblem: there is none of that name.
    """
    if isinstance(backend, str):
        return backend_named(backend)()
    if not isinstance(backend, Backend):
        raise InputProblem(f"a backend is a name or a Backend, not {type(backend).__name__}")
    return backend


def query_at(function: Function, at: Point, wrt: tuple[str, ...], *, together: bool = False) -> Query:
    """A function made ready for a point, with the names to differentiate by as inputs.

    Args:
        together: all names in one group, even where some are assigned in the program.
    """
    cautions = list(function.cautions)
    shadowed = {name: variable(name) for name in at if name in CONSTANTS}
    cautions += [
        Caution("name", f"`{name}` is the value given here, not the constant")
        for name in shadowed
        if is_written(function, name)
    ]
    constants: dict[Expr, Expr] = {apply(CONSTANTS[name]): new for name, new in shadowed.items()}
    meaning = function.meaning
    symbols: dict[str, Expr] = {}
    if meaning is not None:
        symbols = {name: meaning.symbols[name] for name in wrt if name in meaning.symbols}
    free = tuple(name for name in wrt if name not in symbols)
    if together or not symbols:
        groups = [(wrt, list(symbols.values()))]
    else:
        groups = [((name,), [symbol]) for name, symbol in symbols.items()]
        if free:
            groups.append((free, []))
    roots = []
    for _, kept in groups:
        root = function.evaluated
        if meaning is not None and kept and meaning.result is not None:
            (root,) = meaning.inlined([meaning.result], kept)
        roots.append(root)
    if constants:
        roots = [rebuild([root], constants)[root] for root in roots]
    computed = worked_out(roots)
    roots = [computed[root] for root in roots]
    if meaning is not None:
        meaning.follow(dict(computed))
    query = Query(function, [names for names, _ in groups], roots, {}, cautions, wrt, symbols)
    query.place(resolved(at))
    return query


def is_written(function: Function, name: str) -> bool:
    """Whether a constant's name stands in the formula, where a value may be given to it."""
    return name in CONSTANTS and apply(CONSTANTS[name]) in frozenset(topological([function.evaluated]))


def _check_independent(function: Function, names: Sequence[str]) -> None:
    """Second derivatives by a name and by what it depends on have no one meaning.

    Raises:
        InputProblem: naming both.
    """
    meaning = function.meaning
    if meaning is None:
        return
    for name in names:
        symbol = meaning.symbols.get(name)
        if symbol is None:
            continue
        others = [meaning.symbols[other] for other in names if other != name and other in meaning.symbols]
        (definition,) = meaning.inlined([meaning.assigned[symbol]], others)
        below = {free.partition("#")[0] for free in variables([definition])}
        for other in names:
            if other != name and other in below:
                raise InputProblem(
                    f"`{name}` depends on `{other}`: second derivatives by both at once have no one meaning",
                    hint=f"take `--wrt {name}` and `--wrt {other}` in turn",
                )


def names_listed(names: Iterable[str]) -> str:
    """Names as a sentence has them.

    >>> names_listed("xyz")
    '`x`, `y` and `z`'
    """
    shown = [f"`{name}`" for name in names]
    if not shown:
        return "no variables"
    return (
        shown[0]
        if len(shown) == 1
        else f"{', '.join(shown[:-1])} and {shown[-1]}"
        if len(shown) < 9
        else f"{', '.join(shown[:8])}, ..."
    )
