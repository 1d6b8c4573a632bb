"""What goes from a table that is read to a table that is written: rows, some at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeAlias

from adcalc.errors import InputProblem, near
from adcalc.io.references import Array

#: Cells of one column: a polars Series, an array, or a list of texts, numbers, booleans and Nones.
Cells: TypeAlias = Any

#: What a column holds: `NUMBER`, `TEXT`, or a type of the data library's own (dates, whole numbers, ...).
Kind: TypeAlias = Any
NUMBER = "number"
TEXT = "text"

#: Rows that travel together, at most (text is cut by bytes).
ROWS = 65_536

_WIDEST_TEXT = 20
#: Among more columns a misspelt one is not looked for.
_MOST_GUESSED = 1000


class Part(NamedTuple):
    """Some rows of a table."""

    first: int
    """The number of its first row, from 0, not counting the line of names."""
    rows: int
    numbers: Mapping[str, Array]
    """The columns asked for as numbers: contiguous float64, nan where there is no number."""
    unreadable: Mapping[str, Array]
    """Where these columns are nan, by column; a column that is nowhere nan is absent."""
    kept: Mapping[str, Cells]
    """The columns passed through, in whatever form the writer takes."""
    texts: Mapping[str, Cells] = {}
    """What stands in the columns that are nan somewhere."""
    broken: Mapping[int, str] = {}
    """Rows that are not whole, by their place in this part, and what is wrong with them."""
    end: int | None = None
    """How many bytes of the file were read for it and for all before it, where that is known."""

    def cell(self, column: str, row: int) -> str:
        """The text of an unreadable cell; "" for an empty one."""
        if row in self.broken or column not in self.texts:
            return ""
        value = self.texts[column][row]
        return "" if value is None else str(value).strip()

    def reason(self, row: int) -> str:
        """Why a row of this part cannot be computed, as far as its cells tell: "`a` is empty"; "" when they are fine."""
        if row in self.broken:
            return self.broken[row]
        for column, mask in self.unreadable.items():
            if mask[row]:
                text = self.cell(column, row)
                return f"`{column}` is no number: `{shortened(text)}`" if text else f"`{column}` is empty"
        return ""


class Table(Protocol):
    """A table that is open for reading, once; `with` closes it."""

    name: str
    """What to call it in messages: "`obs.csv`" or "standard input"."""
    rows: int | None
    """How many there are, where that is known without reading all of them."""
    size: int | None
    """The bytes of the file; None for a pipe."""
    note: str
    """What the user may want to know, or ""."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def position(self) -> int:
        """How many of these bytes are read."""

    def kinds(self, keep: Sequence[str], numbers: Sequence[str]) -> dict[str, Kind]:
        """What the columns to keep hold, for the table that is written.

        Raises:
            InputProblem: there is no such column.
        """

    def parts(self, numbers: Sequence[str], keep: Sequence[str]) -> Iterator[Part]:
        """The rows in order, read ahead in a thread of its own from this call on.

        Raises:
            InputProblem: at the call: there is no such column, or it is not of numbers; while rows are read: the file
                is broken.
        """

    def close(self) -> None:
        """Stops reading, and lets go of the file."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


class Writer(Protocol):
    """A table that is being written, complete or not at all; `with` finishes it, or abandons it on an exception."""

    def write(self, kept: Mapping[str, Cells], results: Mapping[str, Array], drop: Array | None = None) -> None:
        """Adds rows; they are written in a thread of its own, and nothing given may be changed afterwards.

        Args:
            results: nan where there is none.
            drop: a mask of rows to leave out.

        Raises:
            InputProblem: what was written before could not be.
            BrokenPipeError: nobody reads standard output any more.
        """

    def finish(self) -> None:
        """Everything is on disk and has its name."""

    def abandon(self) -> None:
        """Nothing is left behind."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None: ...


def shortened(text: str) -> str:
    """A text from a file, fit for a message.

    >>> shortened("a" * 30)
    'aaaaaaaaaaaaaaaaaaaa...'
    """
    shown = text if len(text) <= _WIDEST_TEXT else text[:_WIDEST_TEXT] + "..."
    return "".join(character if character.isprintable() else "?" for character in shown)


def check_names(name: str, columns: Sequence[str]) -> None:
    """Every column must have a name of its own.

    Raises:
        InputProblem: one has none, or two have the same.
    """
    for place, column in enumerate(columns):
        if not column:
            hint = "give it one in the first line"
            if place == 0:
                hint += "; pandas leaves it out for the index, which `index=False` does not write"
            raise InputProblem(f"column {place + 1} of {name} has no name", hint=hint)
    double = next((column for column, count in Counter(columns).items() if count > 1), None)
    if double is not None:
        raise InputProblem(f"{name} has several columns called `{shortened(double)}`", hint="give them different names")


def check_known(name: str, columns: Sequence[str], asked: Sequence[str]) -> None:
    """The columns asked for must be there.

    Raises:
        InputProblem: one is not.
    """
    known = frozenset(columns)
    for column in asked:
        if column not in known:
            guess, shown = guessed(column, columns), listed_columns(columns)
            hint = f"did you mean `{shortened(guess)}`? it has {shown}" if guess else f"it has {shown}"
            raise InputProblem(f"{name} has no column `{shortened(column)}`", hint=hint)


def guessed(column: str, columns: Sequence[str]) -> str:
    """The column that a misspelt name most likely meant, or ""."""
    return near(column, list(columns)) if len(columns) <= _MOST_GUESSED else ""


def listed_columns(columns: Sequence[str]) -> str:
    """The first columns, fit for a message."""
    return ", ".join(f"`{shortened(known)}`" for known in columns[:8]) + (", ..." if len(columns) > 8 else "")


def no_rows(name: str) -> InputProblem:
    """What to say of a table without rows."""
    return InputProblem(f"{name} has no rows", hint="there is nothing to compute")


def unreadable_in(
    numbers: Mapping[str, Array], texts: Callable[[str], Cells]
) -> tuple[dict[str, Array], dict[str, Cells]]:
    """Where columns are nan, and what stands there."""
    import numpy as np

    masks, found = {}, {}
    for column, values in numbers.items():
        mask = np.isnan(values)
        if mask.any():
            masks[column], found[column] = mask, texts(column)
    return masks, found
