"""A formula among definitions: one program to compute with, and every remark led back to what was typed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from adcalc.errors import Caution, NameProblem, Problem, Source, Span
from adcalc.function import Function
from adcalc.ir.expr import Apply, rebuild, topological, variable, variables
from adcalc.parser import Syntax
from adcalc.results import Figure
from adcalc.session.entries import ANSWER
from adcalc.symbolic.derived import over_arrays
from adcalc.symbolic.domains import stated
from adcalc.symbolic.simplify import simplified
from adcalc.table import PRIMITIVES

_GIVEN = PRIMITIVES["given"]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a text that somebody typed."""

    source: Source
    start: int
    end: int

    @classmethod
    def whole(cls, text: str, name: str = "") -> Excerpt:
        """All of a text."""
        return cls(Source(text, name), 0, len(text))

    @property
    def text(self) -> str:
        """The part itself."""
        return self.source.text[self.start : self.end]

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end

    def part(self, syntax: Syntax) -> Excerpt:
        """A part of this part."""
        return Excerpt(self.source, self.start + syntax.start, self.start + syntax.end)


class Remark(NamedTuple):
    """A caution, and the text its place is in."""

    caution: Caution
    source: Source


@dataclass(frozen=True, slots=True)
class TypedProgram:
    """Excerpts one below the other, read as one source."""

    source: Source
    starts: tuple[int, ...]
    excerpts: tuple[Excerpt, ...]

    @classmethod
    def of(cls, excerpts: Sequence[Excerpt]) -> TypedProgram:
        """The program of these lines."""
        texts = [excerpt.text for excerpt in excerpts]
        starts = accumulate((len(text) + 1 for text in texts[:-1]), initial=0)
        return cls(Source("\n".join(texts)), tuple(starts), tuple(excerpts))

    def origin(self, span: Span) -> tuple[Span, Source]:
        """The place in the text that was typed.

        >>> program = TypedProgram.of([Excerpt.whole("y = x^2"), Excerpt(Source("grad y + 1"), 5, 10)])
        >>> program.origin((8, 9))
        ((5, 6), Source(text='grad y + 1', name=''))
        """
        index = max(0, bisect_right(self.starts, span[0]) - 1)
        excerpt = self.excerpts[index]
        shift = excerpt.start - self.starts[index]
        return (min(span[0] + shift, excerpt.end), min(span[1] + shift, excerpt.end)), excerpt.source

    @contextmanager
    def placing(self) -> Iterator[None]:
        """Lets problems inside speak of the text that was typed."""
        try:
            yield
        except Problem as problem:
            if problem.span is not None and problem.source == self.source:
                problem.span, problem.source = self.origin(problem.span)
            raise

    def remarks(self, cautions: Iterable[Caution], typed: Source) -> list[Remark]:
        """Cautions at their places; what a name stands for was said when it was defined."""
        found = []
        for caution in cautions:
            if caution.span is None:
                found.append(Remark(caution, typed))
                continue
            span, source = self.origin(caution.span)
            if caution.kind != "name" or source == typed:
                found.append(Remark(caution._replace(span=span), source))
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """A formula with the definitions and values it needs.

    `function` must be asked inside `program.placing()`, so that a problem shows what was typed.
    """

    function: Function
    program: TypedProgram
    typed: Excerpt
    at: Mapping[str, Figure]
    """The values of the variables it has, as far as they have any."""
    given: Mapping[str, Figure]
    """The values of everything it depends on."""

    @property
    def shown(self) -> Function:
        """The function as its user sees it: under its own text, without the definitions in front."""
        return replace(self.function, source=Source(self.typed.text))

    @property
    def simplified(self) -> Function:
        """The formula in its canonical form, with the conditions that this does not show behind it."""
        expr = self.function.expr
        guards = [node for node in topological([expr]) if isinstance(node, Apply) and node.primitive is _GIVEN]
        bare = rebuild([expr], {}, {guard: guard.arguments[0] for guard in guards})[expr]
        (tidy,) = simplified([bare])
        if over_arrays(expr, None):
            # `x/x` is 1 for every number, and for an array as many of them as that has.
            return replace(self.shown, expr=tidy if variables([tidy]) == variables([bare]) else bare)
        return replace(self.shown, expr=stated(tidy, expr))

    @property
    def missing(self) -> tuple[str, ...]:
        """The variables without a value."""
        return tuple(name for name in self.function.variables if name not in self.at)

    def wrt(self, asked: Sequence[str] | None) -> tuple[str, ...] | None:
        """The names to differentiate by: those asked for, else all but the last answer."""
        if asked is not None:
            return tuple(asked)
        return None if self.names == self.function.variables else self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The variables; without the last answer, unless it is the only one."""
        names = self.function.variables
        return tuple(name for name in names if name != ANSWER) or names

    def point(self, wrt: Sequence[str] | None) -> Mapping[str, Figure]:
        """The values to differentiate at; by a defined name, also those of what it is defined by."""
        if set(wrt or ()) & set(self.function.assigned):
            return {**self.given, **self.at}
        return self.at

    def missing_problem(self, hint: str = "") -> NameProblem:
        """What to say where a value is needed."""
        first, *others = self.missing
        more = f" (nor {'does' if len(others) == 1 else 'do'} {listed_names(others)})" if others else ""
        problem = NameProblem(f"`{first}` has no value{more}", hint=hint or f"write `{first} = 3` first")
        span = self.function.spans.get(variable(first))
        problem.span, problem.source = self.program.origin(span) if span else (self.typed.span, self.typed.source)
        return problem

    def remarks(self, cautions: Iterable[Caution]) -> list[Remark]:
        """Cautions of a result, at the places that were typed."""
        return self.program.remarks(cautions, self.typed.source)

    def own(self, cautions: Iterable[Caution]) -> tuple[Caution, ...]:
        """Cautions with places in the formula itself, for a result that carries them along."""
        return tuple(
            caution._replace(span=(caution.span[0] - self.typed.start, caution.span[1] - self.typed.start))
            if caution.span is not None and source == self.typed.source
            else caution._replace(span=None)
            for caution, source in self.remarks(cautions)
        )


def listed_names(names: Iterable[str]) -> str:
    """Names as a reader wants them.

    >>> listed_names(["x", "y", "z"])
    '`x`, `y` and `z`'
    """
    shown = [f"`{name}`" for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
