"""Text that could mean two things, or that most likely means something else than it says.

Nothing is ever guessed: `1/2x` is refused with both readings, `sinx` with the one that was meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from adcalc.errors import ArityProblem, Caution, NameProblem, Source, SyntaxProblem, near
from adcalc.ir.expr import Expr, Number, apply, decimal, number
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
    elif node.rule == "indexing":
        _check_indexing(node, source)
    elif node.rule == "generator":
        _check_ranges(node, source)
    elif node.rule == "restriction" and node.parts[1].rule in ("name", "number"):
        _refuse_range(node, source)
    elif node.rule == "infix" and node.text in ("/", "÷", "%", "./") and node.parts[1].rule == "juxtaposition":
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


def written_exponent(node: Syntax, source: Source) -> Number:
    """The number that a superscript stands for.

    Raises:
        SyntaxProblem: where a float64 cannot hold it.
    """
    return _exactly(node.text.translate(_SUPERSCRIPTS), node, source)


def read_literal(node: Syntax, source: Source) -> Expr:
    """The number that a literal stands for, exactly.

    Raises:
        SyntaxProblem: where it is too large or too small for a float64.
    """
    text = node.text
    if text[0] not in ".0123456789":
        over, _, under = unicodedata.normalize("NFKC", text).partition("\N{FRACTION SLASH}")
        return apply(PRIMITIVES["/"], number(int(over)), number(int(under)))
    return _exactly(text.replace("−", "-"), node, source)


def _exactly(text: str, node: Syntax, source: Source) -> Number:
    value = float(text)
    if value and value == value // 1 and abs(value) < 1e15:
        return number(int(value)) if text.isdecimal() else decimal(text)
    place, mantissa = (node.end - len(node.text), node.end), text.lower().partition("e")[0]
    if abs(value) == float("inf"):
        message = f"`{_short(node.text)}` is too large for a double"
        raise SyntaxProblem(message, place, "the largest is 1.797e308; `inf` is infinity", source)
    if not value and mantissa.strip("-.0"):
        message = f"`{_short(node.text)}` is too small for a double"
        raise SyntaxProblem(message, place, "the smallest is 4.941e-324; write 0 if it does not matter", source)
    return decimal(text) if value else number(0)


def without_effect(node: Syntax) -> Caution:
    """What to say of a formula that another one follows."""
    hint = "to go on in the next line, end this one with an operator, or write `a = ...` to use it later"
    message = "this formula has no effect: the last one is the result"
    return Caution("unused", message, (node.start, node.end), hint)


def order(node: Syntax, times: Sequence[Expr], source: Source) -> int:
    """The order of a derivative `diff(formula, name, order)`.

    Args:
        times: the order if it is given.

    Raises:
        ArityProblem, SyntaxProblem: it is not written so.
    """
    if len(node.parts) not in (2, 3):
        raise ArityProblem(
            "`diff` takes a formula, a name, and perhaps an order",
            (node.start, node.end),
            "as in `diff(x^3, x, 2)`",
            source,
        )
    by = node.parts[1]
    if by.rule != "name":
        raise SyntaxProblem("`diff` differentiates by a name", (by.start, by.end), "as in `diff(x^3, x)`", source)
    for value in times:
        if not isinstance(value, Number) or value.value != int(value.value) or value.value < 0:
            third = node.parts[2]
            raise SyntaxProblem(
                "the order of a derivative is a whole number",
                (third.start, third.end),
                "as in `diff(x^3, x, 2)`",
                source,
            )
        return int(value.value)
    return 1


def arrays_in_diff(node: Syntax, source: Source, *, book: bool) -> SyntaxProblem:
    """What to say of a derivative inside a formula, of something that is over whole arrays."""
    hint = "write `A.T` for `A'`, or use" if book else "use"
    return SyntaxProblem(
        "`diff` inside a formula is for formulas of numbers",
        (node.start, node.end),
        f"{hint} the command `adcalc diff` for arrays",
        source,
    )


def transposed_call(node: Syntax, name: str, source: Source) -> NameProblem:
    """What to say of `x'(y)` where `x` is a variable."""
    inside = _short(source.text[node.start + len(node.text) : node.end])
    return NameProblem(
        f"`{name}` is a variable here, and no function that has a derivative",
        (node.start, node.start + len(node.text)),
        f"write `{node.text}*{inside}` for a product with the transpose",
        source,
    )


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
            f"write `{node.text}*{inside}` for a product"
            + ("" if name in variables else f", or define `{name}(t) = ...` first"),
            source,
        )
    if "'" in node.text or "′" in node.text:
        hint = f"write `{node.text}*{inside}` for a product with a transpose, or define `{name}(t) = ...` first"
        return NameProblem(f"unknown function `{name}`", span, hint, source)
    hint = f"did you mean `{guess}`?" if guess else f"`adcalc functions` lists them; or define `{name}(x) = ...` first"
    return NameProblem(f"unknown function `{name}`", span, hint, source)


def wrong_count(node: Syntax, name: str, count: int, least: int, most: int | None, source: Source) -> ArityProblem:
    """What to say of a call with too few or too many arguments."""
    needed = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
    noun = "argument" if needed == "1" else "arguments"
    row = CALLABLE.get(name)
    shape = (
        f"`{name}({', '.join(row.parameters or 'xyz'[:most])})`: {row.doc[0].lower()}{row.doc[1:]}"
        if row and most
        else ""
    )
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
                sign = part.text
                hint = f"write `{left}*{right}` or `{_text(base, source)}{sign}({_text(exponent, source)}*{right})`"
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


def _check_indexing(node: Syntax, source: Source) -> None:
    base = node.parts[0]
    if len(node.parts) == 1:
        name = _text(base, source)
        hint = f"write `{name}[0]`, or `{name}[:]` for all of it"
        raise SyntaxProblem("which entry is not said", (base.end, node.end), hint, source)
    if base.rule == "number":
        hint = f"write `{_text(base, source)}*{_short(source.text[base.end : node.end])}` for a product"
        raise SyntaxProblem("a number has no entries", (node.start, node.end), hint, source)


def _check_ranges(node: Syntax, source: Source) -> None:
    for clause in node.parts[1:]:
        if len(clause.parts) < 2:
            (given,) = clause.parts
            hint = f"write `for {clause.text} in 0..n-1`; both ends belong to it"
            raise SyntaxProblem("a loop needs a range", (given.start, given.end), hint, source)


def _refuse_range(node: Syntax, source: Source) -> None:
    value, condition = node.parts
    place = (condition.start, condition.end)
    if condition.rule == "number":
        begin = source.text.index("for", value.end)
        place = (begin, begin + 3)
    hint = "write `for i in 0..n-1` in a sum, or a condition such as `for x > 0`"
    raise SyntaxProblem("`for` needs an index and its range, or a condition", place, hint, source)


def _begins_with_number(node: Syntax) -> bool:
    while node.rule in ("infix", "superscript", "transpose", "turned", "indexing"):
        node = node.parts[0]
    return node.rule == "number"


def _rest(node: Syntax, source: Source) -> str:
    return _short(source.text[node.parts[1].start : node.end])


def _text(node: Syntax, source: Source) -> str:
    return _short(source.text[node.start : node.end])


def excerpt(node: Syntax, source: Source) -> str:
    """A part of the source as it stands, shortened if it is long."""
    return _text(node, source)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:20]}...{text[-15:]}"
