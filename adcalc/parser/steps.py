"""In which order the parts of the syntax are read, and where each of them belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from adcalc.errors import Source
from adcalc.ir.expr import Expr, apply
from adcalc.parser.syntax import Syntax
from adcalc.table import PRIMITIVES

_ABSENT = apply(PRIMITIVES["absent"])

SIGNS: Mapping[str, str] = {
    "−": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "**": "^", "≤": "<=", "≥": ">=", "≠": "!=", "⊙": ".*",
}  # fmt: skip
_BOOK = {"*": "times", "^": "raised"}
_BOOK_SIGNS = {sign: _BOOK.get(plain, plain) for sign, plain in SIGNS.items()} | _BOOK


#: What has parts that are no formulas, or are read in another order.
PARTLY = frozenset({"call", "chain", "generator", "slice"})


class Step(Enum):
    """What to do with a node of the syntax."""

    BEGIN = "begin"
    BIND = "bind the index of a clause"
    COMPLETE = "complete"


def operands(node: Syntax, *, is_diff: bool) -> tuple[Syntax, ...]:
    """The parts that are formulas: not the signs of a chain, nor the name that `diff` goes by."""
    match node.rule:
        case "chain":
            return node.parts[::2]
        case "call" if is_diff:
            return node.parts[:1] + node.parts[2:]
        case "slice":
            return tuple([part for part in node.parts if part.rule != "COLON"])
        case "generator":
            return (*[bound for clause in node.parts[1:] for bound in clause.parts], node.parts[0])
    return node.parts


def loop_steps(node: Syntax) -> list[tuple[Syntax, Step]]:
    """What to do for a loop, last things first: an index is known in the ranges after its own and in the term."""
    term, *clauses = node.parts
    steps = [(term, Step.BEGIN)]
    for clause in reversed(clauses):
        lower, upper = clause.parts
        steps += [(clause, Step.BIND), (upper, Step.BEGIN), (lower, Step.BEGIN)]
    return steps


def slice_parts(node: Syntax, arguments: Sequence[Expr]) -> list[Expr]:
    """Start, stop and step of a slice, those left out too."""
    found: list[Expr] = [_ABSENT] * 3
    position, given = 0, iter(arguments)
    for part in node.parts:
        if part.rule == "COLON":
            position += 1
        else:
            found[position] = next(given)
    return found


def signs_of(source: Source, statement: Syntax) -> Mapping[str, str]:
    """What the signs of a statement mean: as in a book, if a transpose is written with a prime anywhere in it."""
    text = source.text[statement.start : statement.end]
    if "'" not in text and "′" not in text:
        return SIGNS
    stack = [statement]
    while stack:
        node = stack.pop()
        if node.rule == "transpose":
            return _BOOK_SIGNS
        stack.extend(node.parts)
    return SIGNS
