"""The state of a session: variables with values, definitions, the last answer, and the way back.

A constant gives a variable its value: after `x = 3` the gradient of `x^2` is 6 by `x`.  Anything else
stays the formula it was written as.  As in a file, a definition sees what stands before it: when a name is
given another meaning, the former one is kept under a name of its own for the definitions that use it.  A name
that had no meaning is a variable, and takes the value that it is given later.  A formula is read together with
the definitions it needs and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from adcalc.errors import Caution, NameProblem, SyntaxProblem
from adcalc.function import parse
from adcalc.parser import Syntax, target
from adcalc.results import Figure
from adcalc.session.entries import (
    ANSWER,
    Coordinate,
    DefinedFunction,
    Entry,
    Needed,
    Uses,
    statement_of,
    with_answer,
)
from adcalc.session.question import Excerpt, Question, Remark, TypedProgram, listed_names

_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"


@dataclass(slots=True)
class Session:
    """Variables and definitions, which statements change and questions use.

    >>> session = Session()
    >>> for line in ("x = 3", "y = x^2", "x += 1"):
    ...     _ = session.take(Excerpt.whole(line))
    >>> session.number(Excerpt.whole("y + 1"))
    10.0
    >>> session.script(), session.undo()
    (['x₁ = 3', 'y = x₁^2', 'x = 4'], ('y', 'x₁', 'x'))
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    backend: str = "reverse"
    format: str = "table"
    _changes: list[tuple[tuple[str, Entry | None], ...]] = field(default_factory=list)

    def take(self, typed: Excerpt) -> list[Remark]:
        """Carries out `x = 3`, `y = x^2`, `x += 1` or `f(x, y) = ...`; what is to be said about it.

        Raises:
            Problem: nothing has changed then.
        """
        statement = statement_of(typed.source, *typed.span)
        if statement.rule not in ("assignment", "update", "definition"):
            raise SyntaxProblem("this defines nothing", typed.span, "write `name = formula`", typed.source)
        name = target(statement)
        place = (typed.start + statement.start, typed.start + statement.start + len(name))
        uses, head = Uses.of(statement.parts[-1]), ""
        if statement.rule == "definition":
            left = statement.parts[0]
            uses, head = uses.without(*(part.text for part in left.parts)), typed.part(left).text
        elif statement.rule == "update":
            uses = Uses((name, *uses.names), uses.calls)
        former = self.entries.get(name)
        entry: Entry
        builds_on = not head and name in uses.names
        if builds_on and (former is None or (isinstance(former, DefinedFunction) and former.head)):
            hint = f"write `{name} = ...` without `{name}` first"
            raise NameProblem(f"`{name}` has no value yet that could be changed", place, hint, typed.source)
        needed = Needed.by(uses, self.entries)
        if (builds_on and isinstance(former, Coordinate)) or not (head or needed.given or needed.free):
            question = self._assembled(typed, needed, between=_present(statement, name))
            with question.program.placing():
                entry, remarks = self._coordinate(name, question)
        else:
            definition, remarks = self._definition(typed, statement, uses, head)
            entry = former.changed(definition) if builds_on and isinstance(former, DefinedFunction) else definition
        if name == ANSWER and isinstance(entry, DefinedFunction):
            hint = "give the formula a name of its own"
            raise NameProblem(f"`{ANSWER}` is the last value and cannot be a formula", place, hint, typed.source)
        kept = {} if former is None or name == ANSWER else self._kept_apart(former)
        known = {**self.entries, **kept}
        if isinstance(entry, DefinedFunction):
            self._refuse_circle(entry, known, typed, place)
        changed = {**kept, name: entry}
        self._changes.append(tuple([(each, self.entries.get(each)) for each in changed]))
        self.entries.update(changed)
        if kept:
            *users, to = kept
            verb = "keeps" if len(users) == 1 else "keep"
            message = f"{listed_names(users)} {verb} the former `{name}`, which is `{to}` from now on"
            remarks = [*remarks, Remark(Caution("name", message), typed.source)]
        return remarks

    @property
    def _next(self) -> int:
        """The number of the next statement."""
        return 1 + max([entry.since for entry in self.entries.values()], default=0)

    def _kept_apart(self, former: Entry) -> dict[str, Entry]:
        """The definitions that use an entry, and last the entry itself, with a name of its own for it."""
        users = [
            each for each in self.entries.values() if isinstance(each, DefinedFunction) and each.depends_on(former)
        ]
        if not users:
            return {}
        names = (former.name + "".join(_SUBSCRIPTS[int(digit)] for digit in str(number)) for number in count(1))
        used = {name for each in self.entries.values() if isinstance(each, DefinedFunction) for name in each.uses.names}
        to = next(name for name in names if name not in self.entries and name not in used)
        moved = replace(former, name=to) if isinstance(former, Coordinate) else former.renamed(former, to)
        return {**{each.name: each.renamed(former, to) for each in users}, to: moved}

    def question(
        self,
        typed: Excerpt,
        at: Mapping[str, Figure] | None = None,
        by: Sequence[str] = (),
        *,
        formulas: bool = False,
    ) -> Question:
        """A formula together with the definitions and values it needs.

        Args:
            at: values for this question only; a definition of the same name is set aside.
            by: names that are variables in any case.
            formulas: a derivative by a defined name is wanted as a formula, so that the name must stay in it.

        Raises:
            Problem: it is no formula.
        """
        statement = statement_of(typed.source, *typed.span)
        if statement.rule in ("assignment", "update", "definition"):
            place = (typed.start + statement.start, typed.start + statement.end)
            hint = "define it on a line of its own"
            raise SyntaxProblem("a formula is needed here, not a definition", place, hint, typed.source)
        at = at or {}
        apart = {
            *at,
            *(n for n in by if n not in self.entries or (formulas and isinstance(self.entries[n], DefinedFunction))),
        }
        return self._assembled(typed, Needed.by(Uses.of(statement), self.entries, frozenset(apart)), at, apart)

    def number(self, typed: Excerpt, at: Mapping[str, Figure] | None = None) -> Figure:
        """The value of a formula in which everything has a value.

        Raises:
            Problem: something has none, or the formula has no value there.
        """
        question = self.question(typed, at)
        with question.program.placing():
            return self._coordinate(ANSWER, question)[0].value

    def remember(self, value: Figure) -> None:
        """Makes a value the last answer."""
        self.entries[ANSWER] = Coordinate(ANSWER, value, self._next)

    def forget(self, name: str) -> None:
        """Takes the value or the definition of a name away.

        Raises:
            NameProblem: it has none.
        """
        if name not in self.entries:
            raise NameProblem(f"`{name}` has no value and no definition", hint="`:vars` lists what there is")
        self._changes.append(((name, self.entries.pop(name)),))

    def undo(self) -> tuple[str, ...]:
        """Takes the last change back; the names it was about, none where nothing is left."""
        if not self._changes:
            return ()
        step = self._changes.pop()
        for name, former in reversed(step):
            if former is None:
                self.entries.pop(name, None)
            else:
                self.entries[name] = former
        return tuple(dict.fromkeys(name for name, _ in step))

    @property
    def depth(self) -> int:
        """How many changes can be taken back."""
        return len(self._changes)

    def joined(self, depth: int) -> None:
        """Makes the changes since a depth one, to be taken back together."""
        if len(self._changes) > depth + 1:
            self._changes[depth:] = [tuple(change for step in self._changes[depth:] for change in step)]

    def copy(self) -> Session:
        """The same state, to return to."""
        return Session(dict(self.entries), self.backend, self.format, list(self._changes))

    def restore(self, copy: Session) -> None:
        """Returns to a state."""
        self.entries, self._changes = copy.entries, copy._changes
        self.backend, self.format = copy.backend, copy.format

    def script(self) -> list[str]:
        """Statements that make an empty session know the same, in the order in which they were typed.

        >>> session = Session()
        >>> for line in ("f(t) = t^2", "y = f(a)", "a = 3"):
        ...     _ = session.take(Excerpt.whole(line))
        >>> session.script()
        ['f(t) = t^2', 'y = f(a)', 'a = 3']
        """
        return [entry.text for entry in sorted(self.entries.values(), key=lambda entry: entry.since)]

    def definitions(self) -> list[str]:
        """The definitions as they were typed, each after what it uses."""
        everything = Uses(tuple(self.entries), ())
        return [each.text for each in Needed.by(everything, self.entries).definitions]

    def _definition(
        self, typed: Excerpt, statement: Syntax, uses: Uses, head: str
    ) -> tuple[DefinedFunction, list[Remark]]:
        """A statement as a definition, read below the heads of what it uses: their bodies are known."""
        name = target(statement)
        own = typed.part(statement)
        known = {each: self.entries[each] for each in (*uses.names, *uses.calls) if each in self.entries}
        heads = {each: entry.head for each, entry in known.items() if isinstance(entry, DefinedFunction) and entry.head}
        stubs = [Excerpt.whole(f"{written} = 0") for each, written in heads.items() if each != name]
        program = TypedProgram.of([*stubs, *_present(statement, name), own, Excerpt.whole("0")])
        with program.placing():
            function = parse(program.source.text, bound=known.keys() - heads.keys())
        text = own.text
        if ANSWER in uses.names and name != ANSWER:
            # The next line has another answer; a definition keeps the one of its time.
            answer = self.entries.get(ANSWER)
            if not isinstance(answer, Coordinate):
                hint = "it is the last value that was found"
                raise NameProblem(f"`{ANSWER}` has no value yet", own.span, hint, own.source)
            text, uses = with_answer(text, answer.value), uses.without(ANSWER)
        free = frozenset({each for each in (*uses.names, *uses.calls) if each not in self.entries})
        entry = DefinedFunction(name, (text,), uses, head, free, self._next)
        return entry, program.remarks(function.cautions, typed.source)

    def _assembled(
        self,
        typed: Excerpt,
        needed: Needed,
        at: Mapping[str, Figure] | None = None,
        apart: Iterable[str] = (),
        between: Sequence[Excerpt] = (),
    ) -> Question:
        stored = [Excerpt.whole(each.text, f"the definition of `{each.name}`") for each in needed.definitions]
        program = TypedProgram.of([*stored, *between, typed])
        with program.placing():
            function = parse(program.source.text, bound={*needed.given, *apart})
        values = {**needed.given, **(at or {})}
        own = {name: values[name] for name in function.variables if name in values}
        return Question(function, program, typed, {**own, **(at or {})}, needed.given)

    def _coordinate(self, name: str, question: Question) -> tuple[Coordinate, list[Remark]]:
        if question.missing:
            raise question.missing_problem()
        result = question.function.evaluate(question.at)
        entry = Coordinate(name, result.value, self._next)
        return entry, question.remarks(result.warnings)

    def _refuse_circle(
        self, new: DefinedFunction, known: Mapping[str, Entry], typed: Excerpt, place: tuple[int, int]
    ) -> None:
        """Refuses a definition that what it uses is defined by."""
        if not any(
            isinstance(entry, DefinedFunction) and entry.name != new.name and new.name in entry.uses.of_kind(new)
            for entry in known.values()
        ):
            return
        needed = Needed.by(new.uses.without(new.name), known)
        through = [
            each.name for each in needed.definitions if new.name in each.uses.of_kind(new) and each.name != new.name
        ]
        if through:
            hint = f"give one of them another name, or a value: `{through[0]} = 3`"
            raise NameProblem(
                f"`{new.name}` would be defined by itself, through {listed_names(through)}",
                place,
                hint,
                typed.source,
            )


def _present(statement: Syntax, name: str) -> list[Excerpt]:
    """What a change such as `x += 1` needs in front of it: the value that `x` has."""
    return [Excerpt.whole(f"{name} = {name}")] if statement.rule == "update" else []
