"""From tokens to a syntax tree: an LALR(1) walk over the grammar's tables.

The walk keeps its own stack, so that a formula may be as deep as memory allows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from adcalc.errors import Problem, Source, SyntaxProblem
from adcalc.parser.lalr import tables
from adcalc.parser.lexer import Token, tokens


class Syntax(NamedTuple):
    """What was written: a production of the grammar, its operator or name, its parts and its place."""

    rule: str
    text: str
    parts: tuple[Syntax, ...]
    start: int
    end: int


def syntax_of(source: Source) -> tuple[Syntax, ...]:
    """The statements of a source, in order.

    Raises:
        SyntaxProblem: at the first place that the grammar has no use for.

    >>> [statement.rule for statement in syntax_of(Source("a = 2; a*x"))]
    ['assignment', 'infix']
    """
    compiled = tables()
    states, rules, end = compiled.states, compiled.rules, compiled.end
    stack: list[int] = [0]
    values: list[Syntax | _Series | Token] = []
    previous = Token("_SEPARATOR", "", 0, 0)
    for token in tokens(source):
        kind = token.kind
        while True:
            action = states[stack[-1]].get(kind)
            if action is None:
                raise _unexpected(source, previous, token)
            if action >= 0:
                stack.append(action)
                values.append(token)
                break
            rule = rules[-1 - action]
            size = rule.size
            if size == 1 and rule.transparent and rule.label == rule.origin:
                stack.pop()
            else:
                parts = values[-size:]
                del stack[-size:], values[-size:]
                if rule.origin[0] == "_":
                    values.append(_series(parts, rule.kept))
                elif rule.transparent and len(rule.kept) == 1 and rule.label == rule.origin:
                    values.append(parts[rule.kept[0]])
                else:
                    values.append(_node(rule.label, parts, rule.kept))
            state = states[stack[-1]][rule.origin]
            stack.append(state)
            if state == end and kind == "$END":
                (root,) = values
                assert isinstance(root, Syntax)
                return root.parts
        previous = token
    raise AssertionError("the lexer ends with $END")


class _Series:
    """The parts of a repetition in the grammar, on their way into the production around it."""

    __slots__ = ("end", "items", "start")

    def __init__(self, items: list[Syntax], start: int, end: int) -> None:
        self.items = items
        self.start = start
        self.end = end


def _series(parts: list[Syntax | _Series | Token], kept: tuple[int, ...]) -> _Series:
    first = parts[0]
    series = first if isinstance(first, _Series) else _Series([], first.start, first.end)
    for index in kept:
        part = parts[index]
        if isinstance(part, Token):
            series.items.append(Syntax(part.kind, part.text, (), part.start, part.end))
        elif isinstance(part, Syntax):
            series.items.append(part)
    series.end = parts[-1].end
    return series


def _node(label: str, parts: list[Syntax | _Series | Token], kept: tuple[int, ...]) -> Syntax:
    text = ""
    below: list[Syntax] = []
    for index in kept:
        part = parts[index]
        if isinstance(part, Syntax):
            below.append(part)
        elif isinstance(part, Token):
            text += part.text
        else:
            below.extend(part.items)
    return Syntax(label, text, tuple(below), parts[0].start, parts[-1].end)


_OPERATORS = frozenset(
    ["SIGN", "TIMES", "PRODUCT", "POWER", "COMPARISON", "OR", "AND", "NOT", "ROOT", "IF", "ELSE", "IN", "RANGE"]
)
# The index of a loop that cannot stand where it stands.
_SINGLE = re.compile(r"\b(for)\s+\w+\s*$")
# Several indices of one `for`.
_LISTED = re.compile(r"\bfor\s+(\w+)\s*(?:,\s*\w+\s*)+$")
_MISWRITTEN = {"<>": "!=", "=>": ">=", "=<": "<=", "===": "=="}
_OPERAND_ENDS = {"NUMBER", "NAME", "RPAR", "RSQB", "SUPERSCRIPT", "TRANSPOSES", "TURNED"}
_ENDS = {"$END", "_SEPARATOR"}


def _unexpected(source: Source, previous: Token, token: Token) -> Problem:
    """What to say of a token that cannot stand where it stands, after the one before it."""
    here = (token.start, token.end)
    before = (previous.start, previous.end)
    if token.kind == "$END" and previous.kind == "_SEPARATOR":
        return SyntaxProblem("the formula is empty", None, 'write one, such as "x^2 + 1"', source)
    if token.kind in ("TRANSPOSES", "PRIMES"):
        return SyntaxProblem(
            "`'` means nothing here",
            (token.start, token.start + 1),
            "there are no texts in the language; a transpose is written `A'`, a derivative `f'(x)`",
            source,
        )
    listed = _LISTED.search(source.text, 0, token.start) if token.kind == "IN" else None
    if listed:
        before = listed.span(1)
    if listed or previous.kind == "FOR":
        return SyntaxProblem(
            "`for` needs an index and its range, or a condition",
            before,
            "write `for i in 0..n-1`, or a condition, `for x > 0`",
            source,
        )
    if previous.text + token.text in _MISWRITTEN:
        meant = _MISWRITTEN[previous.text + token.text]
        return SyntaxProblem(
            f"`{previous.text}{token.text}` is no comparison", (previous.start, token.end), f"write `{meant}`", source
        )
    if previous.kind in ("EQUAL", "AUGMENTED") and token.kind in _ENDS:
        return SyntaxProblem(f"missing value after `{previous.text}`", before, "write what it is to be", source)
    if previous.kind in _OPERATORS and token.kind not in ("NUMBER", "NAME", "LPAR", "LSQB", "EQUAL", "FOR", "IN"):
        return SyntaxProblem(f"missing operand after `{previous.text}`", before, "write what it applies to", source)
    if previous.kind in ("LPAR", "LSQB", "COMMA") and token.kind in ("RPAR", "RSQB", "COMMA"):
        return SyntaxProblem("missing formula inside the brackets", (previous.start, token.end), "write one", source)
    if token.kind in ("EQUAL", "AUGMENTED") and previous.kind == "RSQB":
        return SyntaxProblem(
            "an entry cannot be given a value", here, "write the whole array anew, as in `x = [1, 2, 3]`", source
        )
    if token.kind == "EQUAL":
        return SyntaxProblem(
            "`=` gives a value to a name, which must stand alone on its left",
            here,
            "compare with `==`; define with `name = formula` or `f(x) = formula`",
            source,
        )
    if token.kind == "AUGMENTED":
        return SyntaxProblem(f"`{token.text}` changes a name, which must stand alone on its left", here, "", source)
    if token.kind in ("COMPARISON", "OR", "AND") and previous.kind in _OPERAND_ENDS:
        return SyntaxProblem(f"`{token.text}` cannot stand in a range", here, "put brackets around the bound", source)
    if token.kind in ("TIMES", "PRODUCT", "POWER", "COMPARISON", "OR", "AND"):
        return SyntaxProblem(f"missing operand before `{token.text}`", here, "write what it applies to", source)
    if token.kind == "COMMA":
        return SyntaxProblem(
            "a comma stands only between arguments, entries and indices", here, "a decimal point is `.`", source
        )
    if token.kind in ("FOR", "IN"):
        if token.kind == "IN" and (single := _SINGLE.search(source.text, 0, token.start)):
            token, here = token._replace(text="for"), single.span(1)
        return SyntaxProblem(
            f"`{token.text}` is a word of the language",
            here,
            "an index sum is `sum(x[i] for i in 0..n-1)`, a condition `1/x for x > 0`",
            source,
        )
    if token.kind == "RANGE":
        return SyntaxProblem(
            "`..` stands only in `for i in 0..n`", here, "a slice is written `x[a:b]`, without its end `b`", source
        )
    if token.kind == "COLON":
        return SyntaxProblem("`:` stands only in a slice", here, "as in `x[1:3]` or `A[:, 0]`", source)
    if token.kind in _ENDS:
        hint = "`a if condition` needs `else b`" if " if " in source.text else "complete it"
        return SyntaxProblem("the formula ends too early", (previous.start, previous.end), hint, source)
    return SyntaxProblem(f"`{token.text}` cannot stand here", here, _advice(token), source)


def _advice(token: Token) -> str:
    if token.kind == "IF":
        return "write `a if condition else b`"
    if token.kind == "ELSE":
        return "`else` belongs to `a if condition else b`"
    return "an operator is missing, or one too many is there"


def target(statement: Syntax) -> str:
    """The name that a statement gives a meaning to."""
    match statement.rule:
        case "definition":
            return statement.parts[0].text
        case "update":
            return statement.text.rstrip("+-−*·×/÷%^@.⊙=")
    return statement.text
