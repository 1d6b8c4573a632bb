"""A result in the parts that every output format is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from adcalc.errors import Caution

if TYPE_CHECKING:
    from adcalc.render.screen import Screen

#: A number, which keeps all its digits, or a text.
Cell: TypeAlias = float | str


class Cells(NamedTuple):
    """A table: the names of its columns, and its rows."""

    header: Iterable[str]
    rows: Iterable[Iterable[Cell]]


#: What a line is about, "" for nothing, and what stands in it.
Line: TypeAlias = tuple[str, Iterable[Cell]]


class Report(NamedTuple):
    """What there is to say, each part worked out when a format asks for it; a format takes the part that suits it."""

    records: Callable[[], Iterable[Mapping[str, Any]]]
    """Objects of named fields."""
    cells: Callable[[], Cells]
    """One table of names and numbers."""
    lines: Callable[[], Iterable[Line]]
    """Names with their numbers, line by line."""
    latex: Callable[[], str]
    """In LaTeX's mathematics mode, or as its table."""
    draw: Callable[[Screen], None]
    """For a reader, on a screen of some width."""
    warnings: Sequence[Caution] | None = None
    """Those that belong to the result; None where there can be none."""
