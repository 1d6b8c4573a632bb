"""From characters to tokens, by the terminals of the grammar.

A newline separates statements only where a statement can end: not inside brackets and not after an
operator or a comma, so that a long formula may be broken over lines wherever it reads well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from adcalc.errors import Source, SyntaxProblem
from adcalc.parser.lalr import tables

_OPEN_ENDED = frozenset(
    [
        "SIGN",
        "TIMES",
        "PRODUCT",
        "POWER",
        "COMPARISON",
        "OR",
        "AND",
        "NOT",
        "EQUAL",
        "AUGMENTED",
        "COMMA",
        "IF",
        "ELSE",
        "FOR",
        "IN",
        "RANGE",
        "COLON",
        "ROOT",
    ]
)

_PARTNERS = {"(": ")", "[": "]"}

_ADVICE = {
    "&": "write `and`",
    "|": "write `or`, or `abs(x)` for an absolute value",
    "!": "write `factorial(x)`, or `not`, or `!=`",
    "~": "write `not`",
    "?": "write `a if condition else b`",
    "″": "write two of `'`",
    '"': "there are no texts in the language",
    "`": "there are no texts in the language",
    ".": "a number has one decimal point, and nothing has attributes",
    "$": "write the bare name",
    "\\": "this is not LaTeX: write `sqrt(x)`, `pi`, `sin(x)`",
    "{": "group with round brackets, write lists with square ones",
    "}": "group with round brackets, write lists with square ones",
}


class Token(NamedTuple):
    """A piece of the source; `kind` is a terminal of the grammar."""

    kind: str
    text: str
    start: int
    end: int


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of a source, with "$END" as the last.

    Raises:
        SyntaxProblem: at a character that begins no token, or a bracket without its partner.

    >>> [token.kind for token in tokens(Source("2x <= 3"))]
    ['NUMBER', 'NAME', 'COMPARISON', 'NUMBER', '$END']
    """
    text = source.text
    match_at, keywords, ignored = _lexicon()
    brackets: list[int] = []
    position, length, kind = 0, len(text), "_SEPARATOR"
    while position < length:
        match = match_at(text, position)
        if match is None or match.lastgroup is None:
            raise _stranger(source, position)
        previous, found = kind, match.lastgroup
        start, position = position, match.end()
        if found in ignored:
            continue
        piece = match.group()
        if found == "NAME":
            found = keywords.get(piece, found)
        elif found in ("LPAR", "LSQB"):
            brackets.append(start)
        elif found in ("RPAR", "RSQB"):
            if not brackets:
                raise SyntaxProblem(
                    "this bracket closes nothing", (start, position), "delete it, or open it before", source
                )
            _check_partner(source, brackets.pop(), start)
        elif found == "PRIMES":
            # On another line a bracket belongs to the primes only where newlines are white space.
            apart = "\n" in text[position : text.index("(", position)]
            if previous != "NAME" or (apart and not brackets):
                found = "TRANSPOSES"
        elif found == "_SEPARATOR":
            if previous == "_SEPARATOR":
                continue
            if ";" not in piece and (brackets or previous in _OPEN_ENDED):
                continue
            if brackets:
                raise _unclosed(source, brackets)
        kind = found
        yield Token(kind, piece, start, position)
    if brackets:
        raise _unclosed(source, brackets)
    yield Token("$END", "", length, length)


@cache
def _lexicon() -> tuple[Callable[[str, int], re.Match[str] | None], dict[str, str], frozenset[str]]:
    compiled = tables()
    pattern = "|".join(f"(?P<{name}>{pattern})" for name, pattern in compiled.terminals)
    return re.compile(pattern).match, compiled.keywords, compiled.ignored


def _stranger(source: Source, position: int) -> SyntaxProblem:
    character = source.text[position]
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    hint = _ADVICE.get(character, "delete it")
    return SyntaxProblem(f"`{shown}` means nothing here", (position, position + 1), hint, source)


def _check_partner(source: Source, opened: int, closed: int) -> None:
    opening, closing = source.text[opened], source.text[closed]
    if _PARTNERS[opening] != closing:
        raise SyntaxProblem(
            f"`{closing}` cannot close `{opening}`",
            (opened, closed + 1),
            f"close it with `{_PARTNERS[opening]}`",
            source,
        )


def _unclosed(source: Source, brackets: list[int]) -> SyntaxProblem:
    count = "" if len(brackets) == 1 else f" ({len(brackets)} are open)"
    place = brackets[-1]
    return SyntaxProblem(
        f"this bracket is never closed{count}",
        (place, place + 1),
        f"add `{_PARTNERS[source.text[place]]}` where it ends",
        source,
    )
