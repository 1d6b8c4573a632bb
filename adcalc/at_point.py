"""A function at a point: its value and its derivatives there, by any backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from adcalc import arrayed
from adcalc.arrayed import ArrayAnswer
from adcalc.backends import Backend, backend_named
from adcalc.errors import Caution, InputProblem
from adcalc.exact import settled
from adcalc.expr import Expr, apply, rebuild, topological, variable, variables
from adcalc.point import Given, Point, resolved
from adcalc.reading import Reading
from adcalc.results import Figure, Gradient, Hessian, HessianProduct, Jacobian, Pullback, Pushforward, Value
from adcalc.table import CONSTANTS

if TYPE_CHECKING:
    from adcalc.function import Function


def value(function: Function, at: Point) -> Value:
    """The value at a point, with what is to be said about it."""
    reading = reading_at(function, at, ())
    answer = reading.answer(0, None, "value")
    found = answer.value if isinstance(answer, ArrayAnswer) else answer.figures[0]
    return Value(found, _cautions(reading, answer.cautions))


def gradient(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Gradient:
    """The value and the partial derivatives at a point."""
    found = _gathered(_asked_reading(function, at, wrt), chosen_backend(backend), "gradient")
    return Gradient(found.value, found.partials, found.cautions, found.estimates, found.evaluations)


def jacobian(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Jacobian:
    """The value and its derivative by each variable at a point."""
    found = _gathered(_asked_reading(function, at, wrt), chosen_backend(backend), "jacobian")
    return Jacobian(found.value, found.partials, found.cautions, found.estimates, found.evaluations)


class _Gathered(NamedTuple):
    """First derivatives by all the names that were asked for."""

    value: Figure
    partials: dict[str, Figure]
    cautions: tuple[Caution, ...]
    estimates: dict[str, Figure] | None
    evaluations: int


def _gathered(reading: Reading, backend: Backend, kind: Literal["gradient", "jacobian"]) -> _Gathered:
    """What the groups of names of a reading give, in the order in which the names were asked for."""
    found: dict[str, Figure] = {}
    estimates: dict[str, Figure] = {}
    cautions: list[Caution] = []
    result: Figure = math.nan
    evaluations = 0
    for position, names in enumerate(reading.groups):
        answer = reading.answer(position, backend, kind)
        cautions += answer.cautions
        evaluations += answer.derivatives.evaluations
        estimate = answer.derivatives.error_estimate
        symbols = {name: reading.symbol(name) for name in names}
        if isinstance(answer, ArrayAnswer):
            result = answer.value
            found |= {name: arrayed.as_figure(answer.derivatives.jacobian[symbol]) for name, symbol in symbols.items()}
            if estimate is not None:
                estimates |= {name: arrayed.as_figure(estimate[symbol]) for name, symbol in symbols.items()}
        else:
            result, *partials = answer.figures
            found |= dict(zip(names, partials, strict=True))
            if estimate is not None:
                estimates |= {name: estimate[symbol] for name, symbol in symbols.items()}
    in_order = {name: found[name] for name in reading.wrt}
    known = {name: estimates[name] for name in reading.wrt} if estimates else None
    return _Gathered(result, in_order, _cautions(reading, cautions), known, evaluations)


def hessian(function: Function, at: Point, wrt: Sequence[str] | None, backend: str | Backend) -> Hessian:
    """The value, the partial derivatives and the second partial derivatives at a point."""
    chosen = chosen_backend(backend)
    _check_independent(function, function.by(wrt))
    reading = _asked_reading(function, at, wrt, together=True)
    names = reading.wrt
    answer = reading.answer(0, chosen, "hessian")
    cautions = _cautions(reading, answer.cautions)
    estimate = answer.derivatives.error_estimate
    if isinstance(answer, ArrayAnswer):
        partials = {name: answer.derivatives.jacobian[reading.symbol(name)] for name in names}
        assert isinstance(answer.value, float)
        return Hessian(
            answer.value,
            {name: arrayed.as_figure(partial) for name, partial in partials.items()},
            tuple([label for name, partial in partials.items() for label in labels(name, shape_of(partial))]),
            answer.derivatives.matrix,
            cautions,
            {name: arrayed.as_figure(estimate[reading.symbol(name)]) for name in names}
            if estimate is not None
            else None,
            answer.derivatives.matrix_error,
        )
    size = len(reading.wrt)
    result, *rest = answer.figures
    matrix = [list(rest[size * (i + 1) : size * (i + 2)]) for i in range(size)]
    return Hessian(
        result,
        dict(zip(reading.wrt, rest, strict=False)),
        reading.wrt,
        matrix,
        cautions,
        {name: estimate[reading.symbol(name)] for name in reading.wrt} if estimate is not None else None,
        answer.derivatives.matrix_error,
    )


def labels(name: str, shape: tuple[int, ...]) -> list[str]:
    """What the entries of a variable are called.

    >>> labels("a", ()), labels("A", (1, 2))
    (['a'], ['A[0,0]', 'A[0,1]'])
    """
    found = [""]
    for length in shape:
        found = [f"{before},{entry}" if before else str(entry) for before in found for entry in range(length)]
    return [f"{name}[{entry}]" if entry else name for entry in found]


def shape_of(figure: Figure) -> tuple[int, ...]:
    """The shape of a number or an array."""
    return () if isinstance(figure, float) else tuple(figure.shape)


def jvp(function: Function, at: Point, tangent: Point, backend: str | Backend) -> Pushforward:
    """The value, and how it moves along a tangent."""
    from adcalc import directions

    chosen = chosen_backend(backend)
    names = function.by(list(tangent))
    reading = reading_at(function, at, names, together=True)
    along = resolved(tangent)
    tangents = {reading.symbol(name): along[name] for name in names}
    result, moved, cautions = directions.pushforward(reading.asked(0), tangents, chosen)
    return Pushforward(result, moved, _cautions(reading, cautions))


def vjp(function: Function, at: Point, cotangent: Given, wrt: Sequence[str] | None, backend: str | Backend) -> Pullback:
    """The value, and what a cotangent of it contributes to each variable."""
    from adcalc import directions

    chosen = chosen_backend(backend)
    reading = _asked_reading(function, at, wrt, together=True)
    names = reading.wrt
    seed = resolved({"the cotangent": cotangent})["the cotangent"]
    result, pulled, cautions = directions.pullback(
        reading.asked(0), [reading.symbol(name) for name in names], seed, chosen
    )
    return Pullback(result, {name: pulled[reading.symbol(name)] for name in names}, _cautions(reading, cautions))


def hvp(
    function: Function, at: Point, vector: Point, wrt: Sequence[str] | None, backend: str | Backend
) -> HessianProduct:
    """The value, the gradient, and the Hessian times a vector."""
    from adcalc import directions

    chosen = chosen_backend(backend)
    asked = None if wrt is None else list(dict.fromkeys([*wrt, *vector]))
    function.by(list(vector))
    _check_independent(function, function.by(asked))
    reading = _asked_reading(function, at, asked, together=True)
    names = reading.wrt
    shown = names if wrt is None else tuple(dict.fromkeys(wrt))
    along = {reading.symbol(name): figure for name, figure in resolved(vector).items()}
    result, partials, products, cautions = directions.hessian_product(
        reading.asked(0), [reading.symbol(name) for name in names], along, chosen
    )
    return HessianProduct(
        result,
        {name: partials[reading.symbol(name)] for name in shown},
        {name: products[reading.symbol(name)] for name in shown},
        _cautions(reading, cautions),
    )


def _asked_reading(function: Function, at: Point, wrt: Sequence[str] | None, *, together: bool = False) -> Reading:
    """A function made ready for a point; where no variables were named, for those by which there is a derivative."""
    names = function.by(wrt)
    reading = reading_at(function, at, names, together=together)
    if wrt is not None or len(reading.groups) != 1:
        return reading
    left_out = arrayed.without_derivative(reading.asked(0), [reading.symbol(name) for name in names])
    kept = tuple([name for name in names if reading.symbol(name) not in left_out])
    if len(kept) == len(names) or not kept:
        return reading
    reading = reading_at(function, at, kept, together=together)
    reading.cautions += left_out.values()
    return reading


def _cautions(reading: Reading, more: Sequence[Caution]) -> tuple[Caution, ...]:
    return tuple(dict.fromkeys((*reading.cautions, *more)))


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


def reading_at(function: Function, at: Point, wrt: tuple[str, ...], *, together: bool = False) -> Reading:
    """A function made ready for a point, with the names to differentiate by as inputs."""
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
    computed = settled(roots)
    roots = [computed[root] for root in roots]
    if meaning is not None:
        meaning.follow(computed)
    reading = Reading(function, [names for names, _ in groups], roots, {}, cautions, wrt, symbols)
    reading.place(resolved(at))
    return reading


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
