"""Texts in pieces: a tree that is flattened once at the end.

Gluing strings at every slot would take quadratic time for a long sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from adcalc.ir.primitive import Primitive
from adcalc.table.operators import ATOM, SIGN

_ORDERED = frozenset({"<", "<=", ">", ">="})

Pieces: TypeAlias = "str | tuple[Pieces, ...]"


class Rope(NamedTuple):
    """A text in pieces, how tightly its outermost operator binds, and its length."""

    pieces: Pieces
    binding: int
    length: int
    tail: str = ""
    """Its last character."""
    kind: str = ""
    """What it is, where what stands around it is written differently for it: "number", "name", "[]", "for", "and", "<", ">"."""
    parts: tuple[Rope, ...] = ()
    """What it is made of, where what stands around it puts that together differently."""

    def __str__(self) -> str:
        return "".join(_flat(self.pieces))


def piece(text: str, binding: int = ATOM, kind: str = "") -> Rope:
    """A text of one piece."""
    return Rope(text, binding, len(text), text[-1:], kind)


def rope(binding: int, *parts: str | Rope, kind: str = "", of: tuple[Rope, ...] = ()) -> Rope:
    """A text made of others."""
    pieces: list[Pieces] = []
    length, tail = 0, ""
    for part in parts:
        if isinstance(part, str):
            pieces.append(part)
            length += len(part)
            tail = part[-1:]
        else:
            pieces.append(part.pieces)
            length += part.length
            tail = part.tail
    return Rope(tuple(pieces), binding, length, tail, kind, of)


def joined(parts: tuple[Rope, ...] | list[Rope], separator: str = ", ") -> list[str | Rope]:
    """Texts and what stands between them."""
    return [part for rope in parts for part in (separator, rope)][1:]


def within(inner: Rope, least: int, *, signed: bool = True) -> Rope:
    """A text with brackets unless it binds at least so tightly and may begin with a sign if it does."""
    if inner.binding >= least and (signed or inner.binding != SIGN):
        return inner
    return rope(ATOM, "(", inner, ")")


def logical(primitive: Primitive) -> str:
    """The kind of a text that may be part of a condition: a comparison by its direction, or "and"."""
    return "and" if primitive.name == "and" else primitive.name[0] if primitive.name in _ORDERED else ""


def conjuncts(condition: Rope) -> list[Rope]:
    """What holds together, comparisons in the same direction joined where they have a side in common.

    The parts of a comparison and of an "and" are its two sides, and the second with the sign before it.
    """
    parts: list[Rope] = []
    while condition.kind == "and":
        condition, last, _ = condition.parts
        parts.append(last)
    found = [condition]
    for part in reversed(parts):
        before = found[-1]
        if before.kind in ("<", ">") and before.kind == part.kind and before.parts[1] is part.parts[0]:
            _, right, rest = part.parts
            found[-1] = rope(before.binding, before, rest, kind=part.kind, of=(before.parts[0], right, rest))
        else:
            found.append(part)
    return found


def _flat(pieces: Pieces) -> Iterator[str]:
    stack: list[Pieces] = [pieces]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            yield piece
        else:
            stack.extend(reversed(piece))
