"""Everything a user can get wrong, as data: what, where in the source, and what to do about it.

A problem knows its words and its place; drawing the caret is the business of `adcalc.render`, and
leaving the process the business of `adcalc.cli`.  Headlines are lower case without a full stop, with
names in backticks; hints say what to do.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, TypeAlias

Span: TypeAlias = tuple[int, int]


class Source(NamedTuple):
    """A text that a user wrote, and what to call it in messages."""

    text: str
    name: str = ""

    def line(self, position: int) -> tuple[int, int, str]:
        """The number of the line at a position (from 1), the column (from 0), and the line itself."""
        position = min(position, len(self.text))
        start = self.text.rfind("\n", 0, position) + 1
        end = self.text.find("\n", position)
        number = self.text.count("\n", 0, position) + 1
        return number, position - start, self.text[start : end if end >= 0 else len(self.text)]


class Caution(NamedTuple):
    """A warning that comes with a result: the result stands, but not without this."""

    kind: str
    message: str
    span: Span | None = None
    hint: str = ""


class Problem(ValueError):
    """Base class of every error that a user can cause.

    Attributes:
        kind: one word for scripts, such as "syntax" or "domain".
        message: the headline.
        span: first and last-plus-one position in the source, or None.
        hint: what to do, or "".
        source: the text the span speaks of, or None.
    """

    kind: ClassVar[str] = "problem"
    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        span: Span | None = None,
        hint: str = "",
        source: Source | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.source = source

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class SyntaxProblem(Problem):
    """The text is not a formula."""

    kind = "syntax"


class NameProblem(Problem):
    """A name that nothing stands for, or that stands for something else."""

    kind = "name"


class ArityProblem(Problem):
    """A function called with the wrong number of arguments."""

    kind = "arguments"


class ShapeProblem(Problem):
    """Arrays whose shapes do not fit together, or do not fit what is done with them."""

    kind = "shape"
    lengths: tuple[int, int] | None = None
    """Two lengths that would have to be equal."""


class DomainProblem(Problem):
    """The formula is fine but has no value, or no derivative, at this point."""

    kind = "domain"
    exit_code = 1


class InputProblem(Problem):
    """A value, an option or a file that cannot be used as given."""

    kind = "input"


class LimitProblem(Problem):
    """A request beyond the bounds of time and memory that adcalc keeps."""

    kind = "limit"


class MethodProblem(Problem):
    """A method that cannot answer for this formula, such as a complex step through `abs`."""

    kind = "method"


class MissingExtra(Problem):
    """An optional library is not installed."""

    kind = "extra"


class InternalProblem(Problem):
    """A fault of adcalc's own, which nobody who uses it can have caused."""

    kind = "internal"
    exit_code = 70


def near(name: str, known: list[str]) -> str:
    """The known name that a misspelt one most likely meant, or "".

    >>> near("sn", ["cos", "sin", "tan"])
    'sin'
    """
    from difflib import get_close_matches

    folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""
