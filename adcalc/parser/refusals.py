"""Text that could mean two things, or that most likely means something else than it says.

Nothing is ever guessed: `1/2x` is refused with both readings, `sinx` with the one that was meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from adcalc.errors import ArityProblem, NameProblem, Source, SyntaxProblem, near
from adcalc.expr import Number, number
from adcalc.parser.syntax import Syntax
from adcalc.table import CALLABLE, PRIMITIVES

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

RESERVED = frozenset({"if", "else", "and", "or", "not", "for", "in"})

# Functions whose bare name is never a variable by accident, as `gamma` and `beta` are.
_TEXTBOOK = frozenset(
    name
    for name, row in CALLABLE.items()
    if row.group in ("roots, exponentials, logarithms", "trigonometry", "hyperbolic functions")
    or row is PRIMITIVES["abs"]
)


_LONGEST_TEXTBOOK = max(map(len, _TEXTBOOK))


def check(node: Syntax, source: Source) -> None:
    """Refuses a node whose text has two readings.

    Raises:
        SyntaxProblem: with both readings.
    """
    if node.rule == "juxtaposition":
        _check_juxtaposition(node, source)
    elif node.rule == "infix" and node.text in ("/", "÷", "%") and node.parts[1].rule == "juxtaposition":
        left, right = node.parts
        over, first, rest = _text(left, source), _text(right.parts[0], source), _rest(right, source)
        sign = node.text
        raise SyntaxProblem(
            f"`{_text(node, source)}` can be read in two ways",
            (node.start, node.end),
            f"write `{over}{sign}{first}*{rest}` or `{over}{sign}({first}*{rest})`",
            source,
        )


def check_name(node: Syntax, source: Source, defined: Collection[str], bound: Collection[str]) -> None:
    """Refuses a free name that is a function, a word of the language, or `sinx`.

    Raises:
        NameProblem: with what was meant.
    """
    name, span = node.text, (node.start, node.end)
    if name in RESERVED:
        raise SyntaxProblem(f"`{name}` is a word of the language", span, "choose another name", source)
    if name in _TEXTBOOK or name in defined:
        raise NameProblem(f"`{name}` is a function and needs an argument", span, f"write `{name}(x)`", source)
    for length in range(min(len(name) - 1, _LONGEST_TEXTBOOK), 1, -1):
        head, tail = name[:length], name[length:]
        if head in _TEXTBOOK and (tail in ("x", "y", "z") or tail in bound or tail.isdigit()):
            raise NameProblem(f"unknown name `{name}`", span, f"did you mean `{head}({tail})`?", source)


def exponent(node: Syntax, source: Source) -> Number:
    """The number that a superscript stands for.

    Raises:
        SyntaxProblem: where it is too large for a float64.
    """
    return _double(node.text.translate(_SUPERSCRIPTS), node, source)


def literal(node: Syntax, source: Source) -> Number:
    """The number that a literal stands for, as a float64.

    Raises:
        SyntaxProblem: where it is too large for one.
    """
    text = node.text
    if text[0] not in ".0123456789":
        return number(unicodedata.numeric(text))
    return _double(text.replace("−", "-"), node, source)


def _double(text: str, node: Syntax, source: Source) -> Number:
    value = float(text)
    if abs(value) == float("inf"):
        raise SyntaxProblem(
            f"`{_short(node.text)}` is too large for a double",
            (node.end - len(node.text), node.end),
            "the largest is 1.797e308; `inf` is infinity",
            source,
        )
    return number(value)


def unknown_function(
    node: Syntax, name: str, source: Source, known: list[str], variables: Collection[str]
) -> NameProblem:
    """What to say of a call of something that is not a function."""
    span = (node.start, node.start + len(node.text))
    inside = _short(source.text[node.start + len(node.text) : node.end])
    guess = near(name, known) if len(name) > 1 else ""
    if name in variables or (len(name) == 1 and not guess):
        return NameProblem(
            f"`{name}` is not a function" if name in variables else f"unknown function `{name}`",
            span,
            f"write `{name}*{inside}` for a product"
            + ("" if name in variables else f", or define `{name}(t) = ...` first"),
            source,
        )
    hint = f"did you mean `{guess}`?" if guess else f"`adcalc functions` lists them; or define `{name}(x) = ...` first"
    return NameProblem(f"unknown function `{name}`", span, hint, source)


def wrong_count(node: Syntax, name: str, count: int, least: int, most: int | None, source: Source) -> ArityProblem:
    """What to say of a call with too few or too many arguments."""
    needed = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
    noun = "argument" if needed == "1" else "arguments"
    row = CALLABLE.get(name)
    shape = f"`{name}({', '.join('xyz'[:most])})`: {row.doc[0].lower()}{row.doc[1:]}" if row and most else ""
    return ArityProblem(
        f"`{name}` takes {needed} {noun}, not {count}", (node.start, node.end), shape.rstrip("."), source
    )


def _check_juxtaposition(node: Syntax, source: Source) -> None:
    for part, following in zip(node.parts, node.parts[1:], strict=False):
        span = (part.start, following.end)
        left, right = _text(part, source), _text(following, source)
        both = _short(source.text[part.start : following.end])
        if part.rule == "name" and part.text in CALLABLE:
            raise SyntaxProblem(f"`{part.text}` needs brackets", span, f"write `{left}({right.strip('()')})`", source)
        if part.rule == "infix":
            base, exponent = part.parts
            if base.rule == "name" and base.text in CALLABLE:
                hint = f"write `{base.text}({right.strip('()')})^{_text(exponent, source)}`"
            else:
                hint = f"write `{left}*{right}` or `{_text(base, source)}^({_text(exponent, source)}*{right})`"
            raise SyntaxProblem(f"`{both}` can be read in two ways", span, hint, source)
        if part.rule == "root" and part.parts[0].rule != "group":
            inner = _text(part.parts[0], source)
            hint = f"write `√({inner})*{right}` or `√({inner}*{right})`"
            raise SyntaxProblem(f"`{both}` can be read in two ways", span, hint, source)
        if part.rule == "superscript" and part.parts[0].rule == "name" and part.parts[0].text in CALLABLE:
            hint = f"write `{part.parts[0].text}({right.strip('()')}){part.text}`"
            raise SyntaxProblem(f"`{both}` can be read in two ways", span, hint, source)
        if following.rule == "name" and part.rule == "number" and (following.text[0] == "_" or part.text == "0"):
            hint = "write the digits of a number together, and in base 10"
            raise SyntaxProblem(f"`{both}` is not a number", span, hint, source)
        if part.rule == "name" or _begins_with_number(following):
            raise SyntaxProblem(
                "two operands stand side by side", span, f"write `{left}*{right}`, or another operator", source
            )


def _begins_with_number(node: Syntax) -> bool:
    while node.rule in ("infix", "superscript"):
        node = node.parts[0]
    return node.rule == "number"


def _rest(node: Syntax, source: Source) -> str:
    return _short(source.text[node.parts[1].start : node.end])


def _text(node: Syntax, source: Source) -> str:
    return _short(source.text[node.start : node.end])


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:20]}...{text[-15:]}"
