"""A formula to work with: its value, gradient, Hessian and derivatives, by any backend."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adcalc.algebras.text import written
from adcalc.backends import Backend
from adcalc.errors import Caution, InputProblem, NameProblem, Source, Span, near
from adcalc.ir.expr import Expr, variable, variables
from adcalc.parser.resolve import read
from adcalc.parser.scope import Meaning
from adcalc.query import query
from adcalc.query.inputs import Given, Point, merged
from adcalc.query.query import names_listed
from adcalc.results import Batch, Figure, Gradient, Hessian, HessianProduct, Jacobian, Pullback, Pushforward, Value
from adcalc.symbolic import derived
from adcalc.symbolic.derived import Axes

_NOWHERE = (sys.maxsize, sys.maxsize)


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
    constants: tuple[tuple[str, Expr], ...] = ()
    """Of a derivative: names in `expr` that the program gives a constant value to, with that value."""

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
        return "; ".join([*(f"{name} = {written(constant)}" for name, constant in self.constants), written(self.expr)])

    def __repr__(self) -> str:
        return f"adcalc.parse({str(self)!r})"

    def value(self, at: Point | None = None, /, **more: Given) -> Figure:
        """The value at a point: a number, or an array.

        Raises:
            Problem: a missing or unreadable value, shapes that do not fit, or a point outside the domain.
        """
        return self.evaluate(merged(at, more)).value

    def evaluate(self, at: Point) -> Value:
        """The value at a point, with what is to be said about it."""
        return query.value_at(self, at)

    def gradient(
        self,
        at: Point | None = None,
        wrt: Sequence[str] | None = None,
        backend: str | Backend = "reverse",
        **more: Given,
    ) -> Gradient:
        """The value and the partial derivatives at a point.

        Args:
            wrt: the variables to differentiate by; assigned names may be among them.  By default all.
            backend: a name, or a backend with options of its own.

        Raises:
            Problem: a missing or unreadable value, or a point without value or derivative.

        >>> parse("sum(x^2)").gradient(x=[1, 2]).partials["x"]
        array([2., 4.])
        """
        return query.gradient_at(self, merged(at, more), wrt, backend)

    def hessian(
        self,
        at: Point | None = None,
        wrt: Sequence[str] | None = None,
        backend: str | Backend = "reverse",
        **more: Given,
    ) -> Hessian:
        """The value, the partial derivatives and the second partial derivatives at a point.

        Raises:
            Problem: as `gradient`.
        """
        return query.hessian_at(self, merged(at, more), wrt, backend)

    def jacobian(
        self,
        at: Point | None = None,
        wrt: Sequence[str] | None = None,
        backend: str | Backend = "reverse",
        **more: Given,
    ) -> Jacobian:
        """The value and all partial derivatives of its entries; forward or reverse mode, whichever has less to do.

        >>> parse("[x*y, x^2]").jacobian(x=1, y=2).blocks["x"]
        array([2., 2.])
        """
        return query.jacobian_at(self, merged(at, more), wrt, backend)

    def jvp(self, at: Point, tangent: Point, backend: str | Backend = "reverse") -> Pushforward:
        """The value, and how it moves along a tangent; variables that the tangent does not name stand still."""
        return query.jvp_at(self, at, tangent, backend)

    def vjp(
        self, at: Point, cotangent: Given = 1.0, wrt: Sequence[str] | None = None, backend: str | Backend = "reverse"
    ) -> Pullback:
        """The value, and what a cotangent of it contributes to each variable."""
        return query.vjp_at(self, at, cotangent, wrt, backend)

    def hvp(
        self, at: Point, vector: Point, wrt: Sequence[str] | None = None, backend: str | Backend = "reverse"
    ) -> HessianProduct:
        """The value, the gradient, and the Hessian times a vector, without the Hessian."""
        return query.hvp_at(self, at, vector, wrt, backend)

    def elementwise(self, at: Point, wrt: Sequence[str] | None = None, backend: str | Backend = "reverse") -> Gradient:
        """The value and the partial derivatives at every entry of the arrays of a point.

        >>> parse("exp(2x)").elementwise({"x": [0, 0]}).partials["x"]
        array([2., 2.])
        """
        from adcalc.batches.entrywise import elementwise

        return elementwise(self, at, wrt, query.chosen_backend(backend))

    def batch(
        self,
        columns: Point,
        wrt: Sequence[str] | None = None,
        hessian: bool = False,
        backend: str | Backend = "reverse",
        *,
        engine: str = "auto",
        threads: int | None = None,
        fast: bool = False,
        out: Batch | None = None,
    ) -> Batch:
        """The value and the partial derivatives at many points.

        Args:
            columns: float64 arrays of one length, an entry for each point; a number is the same at all of them.
            wrt: the variables to differentiate by; by default all, `()` for values only.
            hessian: second partial derivatives as well.
            engine: "native" for machine code, "numpy", or "auto": machine code if the extra is there and it is worth it.
            threads: how many may work at once; by default as many as there are processors.
            fast: the last bits may be traded for speed.
            out: an earlier batch of as many points, whose memory is written again.

        Raises:
            Problem: columns that are missing or do not fit.

        >>> found = parse("x*x*y + y + 2").batch({"x": [3, 1], "y": [4, 1]})
        >>> found.value, found.partials["x"]
        (array([42.,  4.]), array([24.,  2.]))
        """
        from adcalc.batches.batch import batch
        from adcalc.batches.order import Order

        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise InputProblem(f"the number of threads is a whole number from 1, not {threads!r}")
        if out is not None and not isinstance(out, Batch):
            raise InputProblem(f"`out` is an earlier batch, not {type(out).__name__}")
        order = Order(wrt, hessian, query.chosen_backend(backend), engine, threads, fast)
        return batch(self, merged(columns, {}), order, out)

    def diff(self, *wrt: str, order: int = 1, shapes: Axes | None = None) -> Function:
        """The derivative as a formula, by each variable in turn, `order` times each.

        Args:
            wrt: the variables; the only one there is if none is named.
            shapes: of variables that are arrays, lengths as numbers or names: {"x": ("n",), "A": ("n", "n")}.
                Of those that are not named they are inferred.

        >>> str(parse("exp(2x)*sin(x)").diff("x"))
        'cos(x)*exp(2*x) + 2*exp(2*x)*sin(x)'
        """
        if not isinstance(order, int) or order < 0:
            raise InputProblem(f"the order of a derivative is a whole number, not {order!r}")
        wrt = wrt or self.only_variable()
        return derived.diff_formula(self, self.by(wrt), wrt, order, shapes) if order else self

    def only_variable(self) -> tuple[str]:
        """The variable of a formula of one.

        Raises:
            InputProblem: it has none, or several.
        """
        names = self.by(None)
        if len(names) != 1:
            message = "the formula has several variables" if names else "the formula has no variable"
            raise InputProblem(message, hint=f"say by which to differentiate: `--wrt {names[0] if names else 'x'}`")
        return names

    def gradient_formulas(self, wrt: Sequence[str] | None = None, shapes: Axes | None = None) -> dict[str, Function]:
        """The partial derivatives as formulas."""
        return derived.gradient_formulas(self, self.by(wrt), shapes, asked=wrt is not None)

    def hessian_formulas(
        self, wrt: Sequence[str] | None = None, shapes: Axes | None = None
    ) -> dict[tuple[str, ...], Function]:
        """The second partial derivatives as formulas, by row and column."""
        return derived.hessian_formulas(self, self.by(wrt), shapes, asked=wrt is not None)

    def by(self, wrt: Iterable[str] | None) -> tuple[str, ...]:
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
            if name not in known and not query.is_written(self, name):
                guess = near(name, list(known))
                hint = f"did you mean `{guess}`?" if guess else f"it has {names_listed(known)}"
                raise NameProblem(f"the formula has no variable `{name}`", hint=hint)
        return wrt

    def _constants(self) -> tuple[str, ...]:
        """Assigned names whose value is written down outright: the inputs of a program without free names."""
        meaning = self.meaning
        if meaning is None:
            return ()
        return tuple(name for name, symbol in meaning.symbols.items() if not variables([meaning.assigned[symbol]]))


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
    from adcalc.symbolic.derivatives import differentiate

    return differentiate(expr, name, order)


def value(text: str, at: Point | None = None) -> Figure:
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
