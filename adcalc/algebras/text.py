"""Text: a primitive is how it is written, so that the parser reads back the same formula.

A value is a rope, a tree of pieces that is flattened once at the end.  What is used often and would
be written often is given a name of its own (`t1 = ...; t1*t1 + t1`), so that the text is never much
longer than the formula.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count
from typing import Protocol

from adcalc.algebras.arguments import has_names, written_call
from adcalc.algebras.indices import index_names, open_indices
from adcalc.algebras.ropes import Rope, conjuncts, joined, logical, piece, rope, within
from adcalc.ir.expr import Apply, Expr, Number, apply, topological, variable, variables
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate, lowered
from adcalc.table.operators import AND, ATOM, COMPARISON, POWER, PRODUCT, RESTRICTION, SIGN, SUM, TERNARY

#: Longer texts have their repeated sub-expressions named, if those are not very short themselves.
LONGEST_LINE = 400
SHORTEST_NAMED = 12


class Text:
    """The algebra of adcalc's own notation.

    Args:
        book: a transpose is written `A'`, so that `*` would mean the product of matrices.
    """

    def __init__(self, *, book: bool = False) -> None:
        self._signs = _BOOK_SIGNS if book else _SIGNS

    def const(self, value: float | Number) -> Rope:
        text = literal(value) if isinstance(value, Number) else digits(value)
        return piece(text, SIGN if text[0] == "-" else PRODUCT if "/" in text else ATOM, "number")

    def variable(self, name: str) -> Rope:
        return piece(name, kind="name")

    def truth(self, value: Rope) -> None:
        return None

    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope:
        if primitive.over and primitive.over != "core":
            found = _array(primitive, arguments)
            if found is not None:
                return found
        match primitive.name, arguments:
            case _, ():
                return piece(primitive.name, kind="name")
            case "where", (condition, first, second):
                # Of a chain of branches only the last part may stand without brackets.
                return rope(
                    TERNARY,
                    within(first, TERNARY + 1),
                    " if ",
                    within(condition, TERNARY + 1),
                    " else ",
                    within(second, TERNARY),
                )
            case "provided", (value, condition) if condition.kind not in ("number", "name"):
                return rope(RESTRICTION, within(value, TERNARY), " for ", _condition(condition))
            case "neg", (operand,):
                return rope(SIGN, "-", within(operand, SIGN))
            case "not", (operand,):
                return rope(primitive.binding, "not ", within(operand, primitive.binding))
            case (("^" | "raised" | ".^"), (base, exponent)):
                # Powers associate to the right.
                sign = _spaced(self._signs.get(primitive.name, "^"), base)
                return rope(POWER, within(base, ATOM), sign, within(exponent, POWER))
            case _, (left, right) if primitive.symbol:
                return self._infix(primitive, left, right)
        return rope(ATOM, f"{primitive.name}(", *joined(list(arguments)), ")")

    def _infix(self, primitive: Primitive, left: Rope, right: Rope) -> Rope:
        binding = primitive.binding or PRODUCT
        sign = self._signs.get(primitive.name, primitive.symbol)
        # Comparisons chain, so both sides need brackets; the others associate to the left.
        shown = within(left, binding + 1 if binding == COMPARISON else binding)
        sign = _spaced(sign, shown) if sign in _CLOSE else f" {sign} "
        rest = rope(binding, sign, within(right, binding + 1, signed=binding < SUM))
        return rope(binding, shown, rest, kind=logical(primitive), of=(left, right, rest))


_SIGNS = {".^": ".^"}
_BOOK_SIGNS = {".^": ".^", "*": ".*", "^": ".^"}
# Signs without blanks around them.
_CLOSE = frozenset({"*", "/", "@", ".*", "./"})


def _condition(condition: Rope) -> Rope:
    """What a formula holds for, as it is read: `0 < x < 1` for `0 < x and x < 1`."""
    first, *others = conjuncts(condition)
    if not others:
        return within(first, TERNARY + 1)
    return rope(AND, *joined([within(first, AND), *[within(part, AND + 1) for part in others]], " and "))


def _spaced(sign: str, left: Rope) -> str:
    """A sign, with blanks if its dot would be read as the end of a number."""
    return f" {sign} " if sign[0] == "." and left.tail.isdigit() else sign


def _array(primitive: Primitive, arguments: Sequence[Rope]) -> Rope | None:
    """How arrays are written; None: like anything else."""
    match primitive.name, arguments:
        case "[]", ():
            return piece("[]", kind="[]")
        case "[]", _:
            return rope(ATOM, "[", *joined(list(arguments)), "]", kind="[]")
        case "x[]", (base, *entries):
            return rope(ATOM, _postfixed(base), "[", *joined(entries), "]")
        case ":", (start, stop, step):
            return rope(ATOM, start, ":", stop, *((":", step) if step.length else ()))
        case "absent", ():
            return piece("")
        case ((".T" | "'"), (operand,)):
            return rope(ATOM, _postfixed(operand), primitive.name)
        case "for", (lower, upper, index, term):
            terms = rope(ATOM, term, " for ", index, " in ", within(lower, SUM), "..", within(upper, SUM))
            return rope(ATOM, "[", terms, "]", kind="for", of=(terms,))
    if not has_names(primitive):
        return None
    call = written_call(primitive, arguments)
    placed = call.placed[0].parts if call.loop else call.placed
    parts: list[str | Rope] = joined(list(placed))
    if primitive.variadic and len(placed) > 1:
        parts = ["[", *parts, "]"]
    if not call.loop:
        for name, value in call.named:
            parts += [f", {name}=", value]
    return rope(ATOM, f"{call.name}(", *parts, ")")


def _postfixed(operand: Rope) -> Rope:
    """What an index or a sign of transposition stands after."""
    return rope(ATOM, "(", operand, ")") if operand.binding < ATOM or operand.kind == "number" else operand


def digits(value: float) -> str:
    """The shortest text that reads back to the same number; whole numbers without a point.

    >>> digits(3.0), digits(0.1), digits(1e22), digits(float("inf"))
    ('3', '0.1', '1e+22', 'inf')
    """
    if value == value // 1 and abs(value) < 1e16:
        return f"{value:.0f}"
    return repr(value)


def literal(number: Number) -> str:
    """The text that reads back to exactly this number: an integer, a decimal or a quotient.

    >>> from adcalc.ir.expr import decimal, rational
    >>> [literal(decimal(text)) for text in ("2.50", "1e30", "9007199254740993", "-1.5e-7", "0.001")]
    ['2.5', '1e30', '9007199254740993', '-1.5e-7', '0.001']
    >>> literal(rational(1, 3))
    '1/3'
    """
    over, under = number.numerator, number.denominator
    if not under or not over:
        return digits(number.value)
    scale = _places(under)
    if scale is None:
        return f"{over}/{under}"
    sign, plain = "-" if over < 0 else "", str(abs(over) * 10**scale // under)
    shown = plain.rstrip("0")
    leading = len(plain) - 1 - scale
    if scale == 0 and (leading < 16 or 2 * len(shown) > len(plain)):
        return sign + plain
    if leading > -5 and scale:
        padded = plain.rjust(scale + 1, "0")
        return f"{sign}{padded[:-scale]}.{padded[-scale:]}"
    return f"{sign}{shown[0]}{'.' * (len(shown) > 1)}{shown[1:]}e{leading}"


def _places(denominator: int) -> int | None:
    """How many decimal places a quotient has with this denominator; None if it never ends."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


class Notation(Protocol):
    """An algebra whose values are ropes."""

    def const(self, value: float | Number) -> Rope: ...
    def variable(self, name: str) -> Rope: ...
    def truth(self, value: Rope) -> None: ...
    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope: ...


TEXT = Text()
BOOK = Text(book=True)
_ONLY_IN_BOOKS = frozenset({"'", "times", "raised"})


def written(expr: Expr, notation: Notation = TEXT) -> str:
    """A formula as text on one line, repeated parts named where it would be long otherwise.

    >>> from adcalc.errors import Source
    >>> from adcalc.parser.resolve import read
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
        return [("", _statement(expr, notation))]
    inside = open_indices(order)
    shared = {
        node
        for node in _repeated(order)
        if ropes[node].length >= SHORTEST_NAMED and node not in inside and node.primitive.name != ":"
    }
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
    return [(name, _statement(node, notation)) for name, node in lines]


def _statement(expr: Expr, notation: Notation) -> str:
    """One statement, in the notation that a `'` in it asks for."""
    if notation is TEXT:
        shown = {node.primitive.name for node in topological([expr]) if isinstance(node, Apply)}
        if not shown.isdisjoint(_ONLY_IN_BOOKS):
            (text,) = _ropes([expr], BOOK)
            # Products that are those of a book without a transpose that shows it need one.
            return str(text) if "'" in shown else f"{text} + (0)'"
    (text,) = _ropes([expr], notation)
    return str(text)


def _ropes(roots: Sequence[Expr], notation: Notation) -> list[Rope]:
    program = lowered(roots)
    order = [slot.node for slot in program.slots]
    names = variables(roots)
    inputs = {name: notation.variable(name) for name in names}
    inputs |= {index: notation.variable(name) for index, name in index_names(order, names).items()}
    values = evaluate(program, notation, inputs)
    return [value for output in program.outputs if isinstance(value := values[output], Rope)]


def _repeated(order: Sequence[Expr]) -> list[Apply]:
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
