"""From a line to what it asks for: statements, formulas, and requests such as `grad x^2 at x=3`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adcalc.errors import Source, Span, SyntaxProblem, near
from adcalc.parser.lexer import Token, tokens
from adcalc.session import Coordinate, DefinedFunction, Excerpt

#: Requests by their first word: what they answer, and the clauses they may have.
REQUESTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "eval": ("the value of a formula", ("at",)),
    "grad": ("value and gradient, or their formulas", ("at", "by")),
    "hessian": ("the same with the Hessian", ("at", "by")),
    "jacobian": ("the value and all its partial derivatives", ("at", "by")),
    "diff": ("the derivative as a formula", ("by", "order")),
    "compare": ("every backend side by side", ("at", "by")),
}
CLAUSES = {"at": "`at x=1,y=2`", "by": "`by x,y`", "order": "`order 2`"}

_OPENING, _CLOSING = frozenset({"LPAR", "LSQB"}), frozenset({"RPAR", "RSQB"})
_OPERAND_ENDS = frozenset({"NAME", "NUMBER", "SUPERSCRIPT", "TRANSPOSES", "TURNED"}) | _CLOSING
_OPERATORS = frozenset(
    {
        "SIGN",
        "TIMES",
        "PRODUCT",
        "POWER",
        "COMPARISON",
        "OR",
        "AND",
        "IF",
        "SUPERSCRIPT",
        "TRANSPOSES",
        "TURNED",
        "$END",
    }
)


@dataclass(frozen=True, slots=True)
class TypedRequest:
    """A question put with a command word."""

    command: str
    formula: Excerpt
    at: tuple[tuple[str, Excerpt], ...] = ()
    by: tuple[str, ...] | None = None
    order: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that gives a name its meaning."""

    statement: Excerpt


Step: TypeAlias = TypedRequest | Change | Excerpt


def steps(source: Source, known: Mapping[str, Coordinate | DefinedFunction]) -> list[Step]:
    """What a line asks for, in order.

    Args:
        known: what names mean; a variable called `grad` keeps its meaning in `grad + 1`.

    Raises:
        SyntaxProblem: the line cannot be divided, or a request is not complete.

    >>> source = Source("x = 3; grad x^2 by x")
    >>> [type(step).__name__ for step in steps(source, {})]
    ['Change', 'TypedRequest']
    """
    found: list[Step] = []
    piece: list[Token] = []
    for token in tokens(source):
        if token.kind not in ("_SEPARATOR", "$END"):
            piece.append(token)
        elif piece:
            found.append(_step(piece, source, known))
            piece = []
    return found


def _step(piece: list[Token], source: Source, known: Mapping[str, Coordinate | DefinedFunction]) -> Step:
    whole = Excerpt(source, piece[0].start, piece[-1].end)
    if _changes(piece):
        return Change(whole)
    if piece[0].kind == "NAME" and piece[0].text in REQUESTS and _is_request(piece, known.get(piece[0].text)):
        return _request(piece, source)
    return whole


def _changes(piece: Sequence[Token]) -> bool:
    """Whether an equals sign stands outside brackets before anything that would make it part of a request."""
    if len(piece) > 1 and piece[1].kind in ("EQUAL", "AUGMENTED"):
        return True
    depth = 0
    for position, token in enumerate(piece):
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if position and depth == 0:
            following = piece[position + 1].kind if position + 1 < len(piece) else ""
            return token.kind == "RPAR" and piece[1].kind in ("LPAR", "PRIMES") and following in ("EQUAL", "AUGMENTED")
    return False


def _is_request(piece: Sequence[Token], meaning: Coordinate | DefinedFunction | None) -> bool:
    word, following = piece[0], piece[1].kind if len(piece) > 1 else "$END"
    if following == "LPAR":
        callable_ = isinstance(meaning, DefinedFunction) and bool(meaning.head)
        return not callable_ and (word.text != "diff" or any(_is_clause(piece, i) for i in range(2, len(piece))))
    return meaning is None or following not in _OPERATORS


def _is_clause(piece: Sequence[Token], position: int) -> bool:
    """Whether `at`, `by` or `order` begins a clause: as a name it could not stand there."""
    token, before = piece[position], piece[position - 1]
    following = piece[position + 1].kind if position + 1 < len(piece) else "$END"
    return (
        token.kind == "NAME" and token.text in CLAUSES and before.kind in _OPERAND_ENDS
        and (before.kind == "NAME" or following in ("NAME", "NUMBER"))
    )  # fmt: skip


def _request(piece: list[Token], source: Source) -> TypedRequest:
    word = piece[0].text
    allowed = REQUESTS[word][1]
    clauses: list[tuple[Token, list[Token]]] = [(piece[0], [])]
    depth = 0
    for position, token in enumerate(piece[1:], 1):
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if depth == 0 and clauses[-1][1] and _is_clause(piece, position):
            if any(token.text == head.text for head, _ in clauses[1:]):
                raise SyntaxProblem(f"`{token.text}` is given twice", token[2:], "give it once", source)
            if token.text not in allowed:
                ways = " and ".join(CLAUSES[clause] for clause in allowed)
                raise SyntaxProblem(f"`{word}` has no `{token.text}`", token[2:], f"it takes {ways}", source)
            clauses.append((token, []))
        else:
            clauses[-1][1].append(token)
    _, formula = clauses[0]
    if not formula:
        raise SyntaxProblem(f"`{word}` needs a formula", piece[0][2:], f"as in `{word} x^2`", source)
    request: dict[str, tuple[Token, list[Token]]] = {head.text: (head, rest) for head, rest in clauses[1:]}
    return TypedRequest(
        word,
        Excerpt(source, formula[0].start, formula[-1].end),
        tuple(_values(*request["at"], source)) if "at" in request else (),
        tuple(_names(*request["by"], source)) if "by" in request else None,
        _order(*request["order"], source) if "order" in request else 1,
    )


def _parts(content: list[Token]) -> Iterator[list[Token]]:
    part: list[Token] = []
    depth = 0
    for token in content:
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if token.kind == "COMMA" and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _values(head: Token, content: list[Token], source: Source) -> Iterator[tuple[str, Excerpt]]:
    seen: set[str] = set()
    for part in _parts(content):
        place = _place(part, head)
        if [token.kind for token in part[:2]] != ["NAME", "EQUAL"] or len(part) < 3:
            raise SyntaxProblem("this is not name=value", place, "write `at x=3,y=pi/2`", source)
        name = part[0].text
        if name in seen:
            raise SyntaxProblem(f"`{name}` is given twice", place, "give it once", source)
        seen.add(name)
        yield name, Excerpt(source, part[2].start, part[-1].end)


def _names(head: Token, content: list[Token], source: Source) -> Iterator[str]:
    for part in _parts(content):
        if [token.kind for token in part] != ["NAME"]:
            raise SyntaxProblem("this is not a name to differentiate by", _place(part, head), "write `by x,y`", source)
        yield part[0].text


def _order(head: Token, content: list[Token], source: Source) -> int:
    text = "".join(token.text for token in content)
    if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 100:
        hint = "write a whole number up to 100, as in `order 2`"
        raise SyntaxProblem("the order of a derivative is a whole number", _place(content, head), hint, source)
    return int(text)


def _place(part: Sequence[Token], head: Token) -> Span:
    return (part[0].start, part[-1].end) if part else (head.start, head.end)


def misspelt(word: str, known: Sequence[str]) -> str:
    """A hint for a word that is none of those known."""
    guess = near(word, list(known))
    return f"did you mean `{guess}`?" if guess else f"there are {', '.join(known)}"
