"""What a name can stand for in a session, and which names a statement speaks of."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from adcalc.algebras.text import digits
from adcalc.errors import Problem, Source, SyntaxProblem
from adcalc.parser import Syntax, syntax_of
from adcalc.parser.lexer import tokens
from adcalc.results import Figure
from adcalc.table import CONSTANTS

#: What makes a name that of a function: its argument, maybe behind the primes of a derivative.
_CALL = re.compile(r"['′ ]*\(")
#: The name of the last answer.
ANSWER = "ans"


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A variable with a value: one that formulas are differentiated by."""

    name: str
    value: Figure
    since: int = field(default=0, compare=False)
    """The number of the statement that gave it."""

    @property
    def text(self) -> str:
        """The statement that gives it this value."""
        return f"{self.name} = {literal_text(self.value)}"


@dataclass(frozen=True, slots=True)
class DefinedFunction:
    """A name that stands for a formula, or a function of the user's."""

    name: str
    statements: tuple[str, ...]
    """As they were typed: the definition, then the changes that build on it, such as `y += 1`."""
    uses: Uses
    head: str
    """Of a function, its left side; else ""."""
    free: frozenset[str] = frozenset()
    """Names that had no value when it was typed: variables, whose values may change."""
    since: int = field(default=0, compare=False)
    """The number of the statement that made it."""

    @property
    def text(self) -> str:
        """The statements that define it."""
        return "\n".join(self.statements)

    def changed(self, later: DefinedFunction) -> DefinedFunction:
        """This definition with another one that builds on it."""
        uses = Uses(
            tuple(dict.fromkeys((*self.uses.names, *(name for name in later.uses.names if name != self.name)))),
            tuple(dict.fromkeys((*self.uses.calls, *later.uses.calls))),
        )
        return DefinedFunction(
            self.name, self.statements + later.statements, uses, self.head, self.free & later.free, later.since
        )

    def depends_on(self, entry: Entry) -> bool:
        """Whether it was typed when a name stood for an entry, and uses it."""
        return self.name != entry.name and entry.name in self.uses.of_kind(entry) and entry.name not in self.free

    def renamed(self, entry: Entry, to: str) -> DefinedFunction:
        """The same with another name for what an entry stands for; of the entry itself, under that name."""
        calls = isinstance(entry, DefinedFunction) and entry.head != ""
        old = entry.name
        uses = Uses(
            tuple([to if name == old and not calls else name for name in self.uses.names]),
            tuple([to if name == old and calls else name for name in self.uses.calls]),
        )
        texts = tuple([with_name(text, old, to, calls=calls) for text in self.statements])
        head = with_name(self.head, old, to, calls=calls)
        return DefinedFunction(to if self.name == old else self.name, texts, uses, head, self.free, self.since)


Entry: TypeAlias = Coordinate | DefinedFunction


@dataclass(frozen=True, slots=True)
class Uses:
    """The names that a statement speaks of: bare ones, and those of functions it calls."""

    names: tuple[str, ...]
    calls: tuple[str, ...]

    @classmethod
    def of(cls, syntax: Syntax) -> Uses:
        """The names in a formula, in the order in which a reader meets them."""
        names: dict[str, None] = {}
        calls: dict[str, None] = {}
        stack = [syntax]
        while stack:
            node = stack.pop()
            if node.rule == "name":
                names[node.text] = None
            elif node.rule == "call":
                calls[node.text.rstrip("'′")] = None
            stack.extend(reversed(node.parts))
        return cls(tuple(names), tuple(calls))

    def without(self, *others: str) -> Uses:
        """The same but for some bare names."""
        return Uses(tuple(name for name in self.names if name not in others), self.calls)

    def of_kind(self, entry: Entry) -> tuple[str, ...]:
        """The names among which an entry's would mean that entry."""
        return self.calls if isinstance(entry, DefinedFunction) and entry.head else self.names


@dataclass(frozen=True, slots=True)
class Needed:
    """What a formula depends on: definitions in order, variables with values, and those without."""

    definitions: list[DefinedFunction]
    given: dict[str, Figure]
    free: dict[str, None]

    @classmethod
    def by(cls, uses: Uses, entries: Mapping[str, Entry], apart: frozenset[str] = frozenset()) -> Needed:
        """Everything that a formula with these names depends on, some names being variables in any case."""
        found = cls([], {}, {})
        seen: set[tuple[str, bool, bool]] = set()
        stack = _steps(uses)
        while stack:
            step = stack.pop()
            if step in seen:
                continue
            seen.add(step)
            name, bare, complete = step
            entry = None if bare and name in apart else entries.get(name)
            match entry:
                case Coordinate() if bare:
                    found.given[name] = entry.value
                case DefinedFunction() if complete:
                    found.definitions.append(entry)
                case DefinedFunction() if bare or entry.head:
                    stack.append((name, not entry.head, True))
                    stack.extend(_steps(entry.uses))
                case None if bare and (name in apart or name not in CONSTANTS):
                    found.free[name] = None
        return found


def _steps(uses: Uses) -> list[tuple[str, bool, bool]]:
    names = [(name, True, False) for name in reversed(uses.names)]
    return [*names, *((name, False, False) for name in reversed(uses.calls))]


def statement_of(source: Source, start: int, end: int) -> Syntax:
    """The one statement in a part of a source; its places count from the start of that part.

    Raises:
        Problem: with the place in the source.
    """
    part = Source(source.text[start:end])
    try:
        first, *others = syntax_of(part)
    except Problem as problem:
        if problem.span is not None and problem.source == part:
            problem.span, problem.source = (problem.span[0] + start, problem.span[1] + start), source
        raise
    if others:
        place = (start + others[0].start, start + others[0].end)
        raise SyntaxProblem("one statement is expected here", place, "take them one by one", source)
    return first


def literal_text(value: Figure) -> str:
    """A number or an array as the language writes it."""
    if not isinstance(value, float | int):
        return f"[{', '.join(map(literal_text, value.tolist() if len(value.shape) == 1 else value))}]"
    return "inf - inf" if math.isnan(value) else digits(value)


def with_answer(text: str, value: Figure) -> str:
    """A statement with the last answer put in.

    >>> with_answer("y = ans*x^ans", -2.0)
    'y = (-2)*x^(-2)'
    """
    pieces, end = [], 0
    for token in tokens(Source(text)):
        if token.kind == "NAME" and token.text == ANSWER:
            pieces += [text[end : token.start], f"({literal_text(value)})"]
            end = token.end
    return "".join([*pieces, text[end:]])


def with_name(text: str, old: str, new: str, *, calls: bool) -> str:
    """A statement with another name for a variable, or for a function that it calls.

    >>> with_name("y = x^2*x(1)", "x", "x₁", calls=False), with_name("g(t) = f(t)*f'(2)", "f", "f₁", calls=True)
    ('y = x₁^2*x(1)', "g(t) = f₁(t)*f₁'(2)")
    """
    found = [token for token in tokens(Source(text)) if token.kind == "NAME" and token.text == old]
    pieces, end = [], 0
    for token in found:
        if (_CALL.match(text, token.end) is not None) == calls:
            pieces += [text[end : token.start], new]
            end = token.end
    return "".join([*pieces, text[end:]])
