"""What is computed at every row, and from what."""

from __future__ import annotations

from typing import NamedTuple

from adcalc.ir.expr import Apply, Expr, Number
from adcalc.table import PRIMITIVES

_MINUS, _UNEQUAL = PRIMITIVES["-"], PRIMITIVES["!="]
_SUMS = frozenset({"+", "-", "neg"})


class Unfit(Exception):
    """There is no machine code for a program; NumPy carries it out."""


class Layout(NamedTuple):
    """What a kernel computes, and from what."""

    columns: tuple[str, ...]
    """The names of the columns, in the order of the table of their addresses."""
    numbers: tuple[str, ...]
    """The names of what is the same in every row."""
    results: tuple[Expr, ...]
    alarms: tuple[Expr, ...]
    """Formulas that are 0 where all is well."""


class Raised(NamedTuple):
    """What was raised in some rows."""

    alarm: bool
    """An alarm was not 0."""
    strayed: bool
    """A number has left the range of normal doubles, or may have."""


def watched(alarm: Expr) -> Expr | None:
    """The formula that an alarm says is not finite: x of `x - x != 0`; None for any other alarm."""
    match alarm:
        case Apply(primitive=unequal, arguments=(Apply(primitive=minus, arguments=(x, y)), Number(value=0.0))):
            return x if unequal is _UNEQUAL and minus is _MINUS and x is y else None
    return None


def fewer(alarms: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The alarms without those that another one implies: a sum is not finite where a part of it is not."""
    implied: set[Expr] = set()
    waiting = [formula for alarm in alarms if (formula := watched(alarm)) is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Apply) and node.primitive.name in _SUMS:
            below = [argument for argument in node.arguments if argument not in implied]
            implied |= set(below)
            waiting += below
    return tuple([alarm for alarm in dict.fromkeys(alarms) if watched(alarm) not in implied])
