"""Text: a primitive is how it is written, so that the parser reads back the same formula.

A value is a rope, a tree of pieces that is flattened once at the end: gluing strings at every slot
would take quadratic time for a long sum.  What is used often and would be written often is given a
name of its own (`t1 = ...; t1*t1 + t1`), so that the text is never much longer than the formula.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from typing import NamedTuple, Protocol, TypeAlias

from adcalc.expr import Apply, Expr, apply, topological, variable, variables
from adcalc.primitive import Primitive
from adcalc.program import evaluate, lowered
from adcalc.table.operators import ATOM, COMPARISON, POWER, SIGN, SUM, TERNARY

Pieces: TypeAlias = "str | tuple[Pieces, ...]"

#: Longer texts have their repeated sub-expressions named, if those are not very short themselves.
LONGEST_LINE = 400
SHORTEST_NAMED = 12


class Rope(NamedTuple):
    """A text in pieces, how tightly its outermost operator binds, and its length."""

    pieces: Pieces
    binding: int
    length: int

    def __str__(self) -> str:
        return "".join(_flat(self.pieces))


def rope(binding: int, *parts: str | Rope) -> Rope:
    """A text made of others."""
    return Rope(
        tuple([part if isinstance(part, str) else part.pieces for part in parts]),
        binding,
        sum([len(part) if isinstance(part, str) else part.length for part in parts]),
    )


def _flat(pieces: Pieces) -> Iterator[str]:
    stack: list[Pieces] = [pieces]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            yield piece
        else:
            stack.extend(reversed(piece))


class Text:
    """The algebra of adcalc's own notation."""

    def const(self, value: float) -> Rope:
        return Rope(digits(value), SIGN if value < 0 or str(value)[0] == "-" else ATOM, len(digits(value)))

    def variable(self, name: str) -> Rope:
        return Rope(name, ATOM, len(name))

    def truth(self, value: Rope) -> None:
        return None

    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope:
        match primitive.name, arguments:
            case _, ():
                return Rope(primitive.name, ATOM, len(primitive.name))
            case "where", (condition, first, second):
                # Of a chain of branches only the last part may stand without brackets.
                return rope(
                    TERNARY, _within(first, TERNARY + 1), " if ", _within(condition, TERNARY + 1), " else ", second
                )
            case "neg", (operand,):
                return rope(SIGN, "-", _within(operand, SIGN))
            case "not", (operand,):
                return rope(primitive.binding, "not ", _within(operand, primitive.binding))
            case "^", (base, exponent):
                # Powers associate to the right.
                return rope(POWER, _within(base, ATOM), "^", _within(exponent, POWER))
            case _, (left, right) if primitive.symbol:
                return _infix(primitive, left, right)
        separated = [part for argument in arguments for part in (", ", argument)][1:]
        return rope(ATOM, f"{primitive.name}(", *separated, ")")


def _infix(primitive: Primitive, left: Rope, right: Rope) -> Rope:
    binding = primitive.binding
    sign = primitive.symbol if primitive.symbol in "*/" else f" {primitive.symbol} "
    # Comparisons chain, so both sides need brackets; the others associate to the left.
    least = binding + 1 if binding == COMPARISON else binding
    return rope(binding, _within(left, least), sign, _within(right, binding + 1, signed=binding < SUM))


def _within(inner: Rope, least: int, *, signed: bool = True) -> Rope:
    """A text with brackets unless it binds at least so tightly and may begin with a sign if it does."""
    if inner.binding >= least and (signed or inner.binding != SIGN):
        return inner
    return rope(ATOM, "(", inner, ")")


def digits(value: float) -> str:
    """The shortest text that reads back to the same number; whole numbers without a point.

    >>> digits(3.0), digits(0.1), digits(1e22), digits(float("inf"))
    ('3', '0.1', '1e+22', 'inf')
    """
    if value == value // 1 and abs(value) < 1e16:
        return f"{value:.0f}"
    return repr(value)


class Notation(Protocol):
    """An algebra whose values are ropes."""

    def const(self, value: float) -> Rope: ...
    def variable(self, name: str) -> Rope: ...
    def truth(self, value: Rope) -> None: ...
    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope: ...


TEXT = Text()


def written(expr: Expr, notation: Notation = TEXT) -> str:
    """A formula as text on one line, repeated parts named where it would be long otherwise.

    >>> from adcalc.errors import Source
    >>> from adcalc.parser.meaning import read
    >>> written(read(Source("-(x ^ 2)*(y - (z - 1)) / 2x" .replace("2x", "(2x)")), ()).result)
    '-x^2*(y - (z - 1))/(2*x)'
    """
    *named, (_, result) = spelled(expr, notation)
    return "; ".join([*(f"{name} = {text}" for name, text in named), result])


def spelled(expr: Expr, notation: Notation = TEXT, longest: int = LONGEST_LINE) -> list[tuple[str, str]]:
    """A formula as named lines; the last line is the result, and its name is "".

    Only a formula whose text would be long is broken up, at the sub-expressions it uses repeatedly.
    """
    order = topological([expr])
    ropes = dict(zip(order, _ropes(order, notation), strict=True))
    if ropes[expr].length <= longest:
        return [("", str(ropes[expr]))]
    shared = {node for node in _repeated(order) if ropes[node].length >= SHORTEST_NAMED}
    fresh = _fresh_names(variables([expr]))
    new: dict[Expr, Expr] = {}
    lines: list[tuple[str, Expr]] = []
    for node in order:
        if isinstance(node, Apply):
            new[node] = apply(node.primitive, *[new[argument] for argument in node.arguments])
        else:
            new[node] = node
        if node in shared:
            name = next(fresh)
            lines.append((name, new[node]))
            new[node] = variable(name)
    lines.append(("", new[expr]))
    texts = _ropes([node for _, node in lines], notation)
    return [(name, str(text)) for (name, _), text in zip(lines, texts, strict=True)]


def _ropes(roots: Sequence[Expr], notation: Notation) -> list[Rope]:
    program = lowered(roots)
    inputs = {name: notation.variable(name) for name in variables(roots)}
    values = evaluate(program, notation, inputs)
    return [value for output in program.outputs if isinstance(value := values[output], Rope)]


def _repeated(order: Sequence[Expr]) -> list[Expr]:
    """Sub-expressions that are used more than once, innermost first."""
    uses: dict[Expr, int] = {}
    for node in order:
        if isinstance(node, Apply):
            for argument in node.arguments:
                uses[argument] = uses.get(argument, 0) + 1
    return [node for node in order if isinstance(node, Apply) and uses.get(node, 0) > 1]


def _fresh_names(taken: Collection[str]) -> Iterator[str]:
    """Names t1, t2, ... that no variable has."""
    return (name for number in count(1) if (name := f"t{number}") not in taken)
