"""A formula to work with: its value, gradient, Hessian and derivatives, by any backend."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from adcalc.algebras.text import written
from adcalc.backends import Backend, backend_named
from adcalc.errors import Caution, InputProblem, NameProblem, Source, Span, near
from adcalc.expr import Expr, apply, rebuild, topological, variable, variables
from adcalc.parser.meaning import read
from adcalc.parser.symbols import Meaning
from adcalc.reading import Reading, listed
from adcalc.results import Gradient, Hessian, Value
from adcalc.table import CONSTANTS

_NOWHERE = (sys.maxsize, sys.maxsize)

#: A point: the value of each variable, a number or a constant formula such as "pi/2".
Point = Mapping[str, float | str]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Function:
    """A formula in its free variables.

    >>> f = parse("x*x*y + y + 2")
    >>> f.variables, f.value(x=3, y=4)
    (('x', 'y'), 42.0)
    >>> dict(f.gradient({"x": 3, "y": 4}).partials)
    {'x': 24.0, 'y': 10.0}
    >>> str(f.diff("x"))
    '2*x*y'
    """

    source: Source
    expr: Expr
    """The formula as it is shown."""
    evaluated: Expr
    """The formula as it is computed: where `expr` is a derivative, with what it must not be asked without."""
    spans: Mapping[Expr, Span] = field(default_factory=dict)
    meaning: Meaning | None = None
    """The program it was read from; None for a derivative."""
    cautions: tuple[Caution, ...] = ()
    origin: tuple[str, ...] = ()
    """Of a derivative: the variables of what was differentiated, some of which may be gone."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The free names, in the order in which a reader meets them."""
        found = dict.fromkeys(variables([self.evaluated]))
        if self.meaning is not None:
            found |= dict.fromkeys(self.meaning.differentiated)
        return tuple(sorted(found, key=lambda name: self.spans.get(variable(name), _NOWHERE)))

    @property
    def assigned(self) -> tuple[str, ...]:
        """The names that the program itself gives a value to; one may differentiate by them as well."""
        return tuple(self.meaning.symbols) if self.meaning else ()

    def __str__(self) -> str:
        return written(self.expr)

    def __repr__(self) -> str:
        return f"adcalc.parse({str(self)!r})"

    def value(self, at: Point | None = None, /, **more: float | str) -> float:
        """The value at a point.

        Raises:
            Problem: a missing or unreadable value, or a point outside the domain.
        """
        return self.evaluate(_merged(at, more)).value

    def evaluate(self, at: Point) -> Value:
        """The value at a point, with what is to be said about it."""
        reading = self._at(at, ())
        answer = reading.answer(0, None, "value")
        return Value(answer.figures[0], tuple(dict.fromkeys((*reading.cautions, *answer.cautions))))

    def gradient(
        self,
        at: Point | None = None,
        wrt: Sequence[str] | None = None,
        backend: str | Backend = "reverse",
        **more: float | str,
    ) -> Gradient:
        """The value and the partial derivatives at a point.

        Args:
            wrt: the variables to differentiate by; assigned names may be among them.  By default all.
            backend: a name, or a backend with options of its own.

        Raises:
            Problem: a missing or unreadable value, or a point without value or derivative.
        """
        chosen = _chosen(backend)
        reading = self._at(_merged(at, more), self._by(wrt))
        found: dict[str, float] = {}
        estimates: dict[str, float] = {}
        cautions = list(reading.cautions)
        value = math.nan
        evaluations = 0
        for position, names in enumerate(reading.groups):
            answer = reading.answer(position, chosen, "gradient")
            value, *partials = answer.figures
            found |= dict(zip(names, partials, strict=True))
            estimate = answer.derivatives.error_estimate
            if estimate is not None:
                estimates |= {name: estimate[reading.symbol(name)] for name in names}
            evaluations += answer.derivatives.evaluations
            cautions += answer.cautions
        return Gradient(
            value,
            {name: found[name] for name in reading.wrt},
            tuple(dict.fromkeys(cautions)),
            {name: estimates[name] for name in reading.wrt} if estimates else None,
            evaluations,
        )

    def hessian(
        self,
        at: Point | None = None,
        wrt: Sequence[str] | None = None,
        backend: str | Backend = "reverse",
        **more: float | str,
    ) -> Hessian:
        """The value, the partial derivatives and the second partial derivatives at a point.

        Raises:
            Problem: as `gradient`.
        """
        chosen = _chosen(backend)
        names = self._by(wrt)
        self._check_independent(names)
        reading = self._at(_merged(at, more), names, together=True)
        answer = reading.answer(0, chosen, "hessian")
        size = len(reading.wrt)
        value, *rest = answer.figures
        matrix = [list(rest[size * (i + 1) : size * (i + 2)]) for i in range(size)]
        estimate = answer.derivatives.error_estimate
        return Hessian(
            value,
            dict(zip(reading.wrt, rest, strict=False)),
            reading.wrt,
            matrix,
            tuple(dict.fromkeys((*reading.cautions, *answer.cautions))),
            {name: estimate[reading.symbol(name)] for name in reading.wrt} if estimate is not None else None,
            answer.derivatives.matrix_error,
        )

    def diff(self, *wrt: str, order: int = 1) -> Function:
        """The derivative as a formula, by each variable in turn, `order` times each.

        >>> str(parse("exp(2x)*sin(x)").diff("x"))
        'cos(x)*exp(2*x) + 2*exp(2*x)*sin(x)'
        """
        from adcalc.derivatives import derivative

        if not isinstance(order, int) or order < 0:
            raise InputProblem(f"the order of a derivative is a whole number, not {order!r}")
        names = self._by(wrt)
        origin = self._opened(names)
        shown, computed = origin.expr, origin.evaluated
        for name in wrt or names:
            shown = derivative(shown, name, order, exact=False)
            computed = derivative(computed, name, order, exact=True)
        return origin._derived(shown, computed) if order and names else self

    def gradient_formulas(self, wrt: Sequence[str] | None = None) -> dict[str, Function]:
        """The partial derivatives as formulas."""
        from adcalc.derivatives import partials

        names = self._by(wrt)
        origin = self._opened(names)
        found = partials(origin.expr, names, exact=False)
        exact = partials(origin.evaluated, names, exact=True)
        return {
            name: origin._derived(shown, computed) for name, shown, computed in zip(names, found, exact, strict=True)
        }

    def hessian_formulas(self, wrt: Sequence[str] | None = None) -> dict[tuple[str, ...], Function]:
        """The second partial derivatives as formulas, by row and column."""
        names = self._by(wrt)
        return {
            (row, column): second
            for row, first in self.gradient_formulas(names).items()
            for column, second in first.gradient_formulas(names).items()
        }

    def _check_independent(self, names: Sequence[str]) -> None:
        """Second derivatives by a name and by what it depends on have no one meaning.

        Raises:
            InputProblem: naming both.
        """
        meaning = self.meaning
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

    def _opened(self, names: Sequence[str]) -> Function:
        """The same formula with the assigned ones among some names left in it as variables."""
        meaning = self.meaning
        symbols = [meaning.symbols[name] for name in names if name in meaning.symbols] if meaning else []
        if meaning is None or meaning.result is None or not symbols:
            return self
        (expr,) = meaning.inlined([meaning.result], symbols)
        named: dict[Expr, Expr] = {symbol: variable(symbol.name.partition("#")[0]) for symbol in symbols}
        expr = rebuild([expr], named)[expr]
        return replace(self, expr=expr, evaluated=expr, meaning=None)

    def _derived(self, shown: Expr, computed: Expr) -> Function:
        from adcalc.derivatives import guarded

        origin = tuple(dict.fromkeys((*self.variables, *self.origin)))
        return replace(self, expr=shown, evaluated=guarded(computed, self.evaluated), meaning=None, origin=origin)

    def _by(self, wrt: Iterable[str] | None) -> tuple[str, ...]:
        """The names to differentiate by: those asked for, else the free ones."""
        if wrt is None:
            return self.variables or self._constants()
        if not isinstance(wrt, (str, Iterable)):
            raise InputProblem(f"the names to differentiate by are a sequence, not {type(wrt).__name__}")
        wrt = (wrt,) if isinstance(wrt, str) else tuple(dict.fromkeys(wrt))
        known = (*self.variables, *self.origin, *self.assigned)
        if not all(isinstance(name, str) for name in wrt):
            raise InputProblem("the names to differentiate by are texts")
        for name in wrt:
            if name not in known and not _is_written(self, name):
                guess = near(name, list(known))
                hint = f"did you mean `{guess}`?" if guess else f"it has {listed(known)}"
                raise NameProblem(f"the formula has no variable `{name}`", hint=hint)
        return wrt

    def _constants(self) -> tuple[str, ...]:
        """Assigned names whose value is written down outright: the inputs of a program without free names."""
        meaning = self.meaning
        if meaning is None:
            return ()
        return tuple(name for name, symbol in meaning.symbols.items() if not variables([meaning.assigned[symbol]]))

    def _at(self, at: Point, wrt: tuple[str, ...], *, together: bool = False) -> Reading:
        """The formula made ready for a point, with the names to differentiate by as inputs."""
        cautions = list(self.cautions)
        shadowed = {name: variable(name) for name in at if name in CONSTANTS}
        cautions += [
            Caution("name", f"`{name}` is the value given here, not the constant")
            for name in shadowed
            if apply(CONSTANTS[name]) in _nodes(self.evaluated)
        ]
        constants: dict[Expr, Expr] = {apply(CONSTANTS[name]): new for name, new in shadowed.items()}
        meaning = self.meaning
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
            root = self.evaluated
            if meaning is not None and kept and meaning.result is not None:
                (root,) = meaning.inlined([meaning.result], kept)
            roots.append(root)
        if constants:
            roots = [rebuild([root], constants)[root] for root in roots]
        reading = Reading(self, [names for names, _ in groups], roots, {}, cautions, wrt, symbols)
        reading.place({name: coordinate(name, value) for name, value in at.items()})
        return reading


def parse(text: str, *, bound: Collection[str] = (), name: str = "") -> Function:
    """A formula, or a program of several statements, from its text.

    Args:
        bound: names that are variables even where they look like something else (`e`, `sinx`).
        name: what to call the text in messages, such as a file's name.

    Raises:
        Problem: the text is not a formula; the problem knows where.

    >>> parse("f(t) = 2*t^2; f(x) + f'(x)")
    adcalc.parse('2*x^2 + 4*x')
    """
    if not isinstance(text, str):
        raise InputProblem(f"a formula is a text, not {type(text).__name__}")
    source = Source(text, name)
    meaning = read(source, bound, _differentiate)
    assert meaning.result is not None
    (expr,) = meaning.inlined([meaning.result])
    return Function(source, expr, expr, meaning.spans, meaning, tuple(meaning.cautions))


def _differentiate(expr: Expr, name: str, order: int) -> Expr:
    """Symbolic differentiation, imported when a formula asks for it."""
    from adcalc.derivatives import differentiate

    return differentiate(expr, name, order)


def value(text: str, at: Point | None = None) -> float:
    """The value of a formula at a point.

    >>> value("x^2 + 1", {"x": 3})
    10.0
    """
    return parse(text, bound=at or ()).value(at)


def gradient(
    text: str, at: Point | None = None, wrt: Sequence[str] | None = None, backend: str | Backend = "reverse"
) -> Gradient:
    """The value and the partial derivatives of a formula at a point."""
    return parse(text, bound=at or ()).gradient(at, wrt, backend)


def hessian(
    text: str, at: Point | None = None, wrt: Sequence[str] | None = None, backend: str | Backend = "reverse"
) -> Hessian:
    """The value, gradient and Hessian of a formula at a point."""
    return parse(text, bound=at or ()).hessian(at, wrt, backend)


def coordinate(name: str, given: float | str) -> float:
    """A coordinate of a point: a number, or the value of a constant formula.

    >>> coordinate("x", "1/4"), coordinate("x", 3)
    (0.25, 3.0)
    """
    if isinstance(given, str):
        if given.strip().lstrip("+-") == "nan":
            return math.nan
        constant = parse(given, name=f"the value of `{name}`")
        if any(sign in given for sign in ";\n"):
            raise InputProblem(
                f"the value of `{name}` is more than one formula", hint="separate values by commas: `x=3,y=4`"
            )
        if constant.variables:
            first = constant.variables[0]
            raise InputProblem(
                f"the value of `{name}` is not a constant: `{first}` has no value",
                constant.spans.get(variable(first)),
                f"write a number or a constant formula, such as `{name}=pi/2`",
                constant.source,
            )
        return constant.value()
    try:
        return float(given)
    except (TypeError, ValueError):
        raise InputProblem(f"the value of `{name}` is not a number: {type(given).__name__}") from None
    except OverflowError:
        raise InputProblem(f"the value of `{name}` is too large for a double") from None


def _chosen(backend: str | Backend) -> Backend:
    if isinstance(backend, str):
        return backend_named(backend)()
    if not isinstance(backend, Backend):
        raise InputProblem(f"a backend is a name or a Backend, not {type(backend).__name__}")
    return backend


def _merged(at: Point | None, more: Mapping[str, float | str]) -> Point:
    if at is not None and not isinstance(at, Mapping):
        raise InputProblem(f"a point is a mapping from names to values, not {type(at).__name__}")
    merged = {**(at or {}), **more}
    if not all(isinstance(name, str) for name in merged):
        raise InputProblem("the names of a point are texts")
    return merged


def _nodes(expr: Expr) -> frozenset[Expr]:
    return frozenset(topological([expr]))


def _is_written(function: Function, name: str) -> bool:
    """Whether a constant's name stands in the formula, where a value may be given to it."""
    return name in CONSTANTS and apply(CONSTANTS[name]) in _nodes(function.evaluated)
