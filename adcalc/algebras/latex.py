"""LaTeX: a primitive is the template in its row, an operator as it is typeset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from string import Formatter

from adcalc.algebras.arguments import has_names, written_call
from adcalc.algebras.ropes import Pieces, Rope, conjuncts, joined, logical, piece, rope
from adcalc.algebras.text import digits, literal
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.lower.rules import ARGUMENTS
from adcalc.table.operators import AND, ATOM, COMPARISON, POWER, PRODUCT, RESTRICTION, SIGN, SUM, TERNARY

_GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
    ]
)


class Latex:
    """The algebra of LaTeX's mathematics mode."""

    def const(self, value: float | Number) -> Rope:
        text = literal(value) if isinstance(value, Number) else digits(value)
        over, bar, under = text.lstrip("-").partition("/")
        if bar:
            return piece(rf"{'-' * (text[0] == '-')}\frac{{{over}}}{{{under}}}", SIGN if text[0] == "-" else POWER)
        if "inf" in text:
            text = text.replace("inf", r"\infty")
        mantissa, exponent, power = text.partition("e")
        if exponent:
            text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
        return piece(text, SIGN if text[0] == "-" else PRODUCT if exponent else ATOM)

    def variable(self, name: str) -> Rope:
        return piece(symbol(name))

    def truth(self, value: Rope) -> None:
        return None

    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope:
        if primitive.over:
            found = _array(primitive, arguments)
            if found is not None:
                return found
        match primitive.name, arguments:
            case (("*" | "times"), (left, right)):
                return _product(left, right)
            case "/", (left, right):
                return rope(POWER, r"\frac{", left, "}{", right, "}")
            case (("^" | "raised"), (base, exponent)):
                return rope(POWER, _within(base, ATOM), "^{", exponent, "}")
            case "provided", (value, condition):
                shown = joined([_within(part, AND + 1) for part in conjuncts(condition)], r" \text{ and } ")
                return rope(RESTRICTION, _within(value, TERNARY), r" \quad \text{for } ", *shown)
            case _, (left, right) if logical(primitive):
                first = _within(left, primitive.binding + (primitive.binding == COMPARISON))
                second = _within(right, primitive.binding + 1)
                rest = rope(primitive.binding, _template(primitive.latex)[1][0], second)
                return rope(primitive.binding, first, rest, kind=logical(primitive), of=(left, right, rest))
            case "neg", (operand,):
                return rope(SIGN, "-", _within(operand, SIGN))
        if not primitive.latex:
            return _function(primitive.name, [*joined(list(arguments))])
        if primitive.variadic:
            arguments = [rope(ATOM, *joined(list(arguments)))]
        least = primitive.binding
        inner = [_within(a, least + (i > 0), signed=i == 0) for i, a in enumerate(arguments)] if least else arguments
        return _filled(primitive.latex, inner, least or _LOOSE.get(primitive.name, ATOM))


def _function(name: str, arguments: Sequence[str | Rope]) -> Rope:
    shown = name.replace("_", r"\_")
    return rope(ATOM, rf"\operatorname{{{shown}}}\left(", *arguments, r"\right)")


def _filled(template: str, arguments: Sequence[Rope], binding: int) -> Rope:
    meant = dict(zip(ARGUMENTS, arguments, strict=False))
    parts: list[str | Rope] = []
    for plain, field in _template(template):
        parts.append(plain)
        if field:
            parts.append(meant[field])
    return rope(binding, *parts)


def _array(primitive: Primitive, arguments: Sequence[Rope]) -> Rope | None:
    """How arrays are typeset; None: like anything else."""
    match primitive.name, arguments:
        case "[]", _:
            return _matrix(tuple(arguments))
        case "x[]", (base, *entries):
            base = _within(base, ATOM)
            parts = ["{", base, "}"] if base.tail == "}" else [base]
            return rope(ATOM, *parts, "_{", *joined(entries), "}")
        case ":", (start, stop, step):
            return rope(ATOM, start, ":", stop, *((":", step) if step.length else ()))
        case "absent", ():
            return piece("")
        case "for", (lower, upper, index, term):
            limits = rope(ATOM, "_{", index, "=", lower, "}^{", upper, "}")
            return rope(ATOM, r"\left(", term, r"\right)", limits, kind="for", of=(limits, term))
    if primitive.latex.startswith("{x}^"):
        first, *others = arguments
        return _filled(primitive.latex, [_within(first, ATOM), *others], POWER)
    if primitive.symbol == "@":
        left, right = arguments
        return _filled("{x} {y}", [_within(left, PRODUCT), _within(right, PRODUCT + 1, signed=False)], PRODUCT)
    if not has_names(primitive):
        return None
    call = written_call(primitive, arguments)
    if call.loop and primitive.name in _LARGE:
        limits, term = arguments[0].parts
        return _over(_LARGE[primitive.name], limits, term)
    if primitive.name == "sum" and len(call.placed) == 1 and not call.named:
        return _over(r"\sum ", piece(""), arguments[0])
    if primitive.latex and not call.loop and len(call.placed) == 1 and not call.named:
        return _filled(primitive.latex, call.placed, ATOM)
    shown = [*call.placed, *[rope(ATOM, rf"\mathrm{{{_escaped(name)}}} = ", value) for name, value in call.named]]
    return _function(call.name, joined(call.placed if call.loop else shown))


def _matrix(rows: tuple[Rope, ...]) -> Rope:
    """A column, or with columns in it a matrix of which they are the rows."""
    matrix = bool(rows) and all([row.kind == "[]" and row.parts for row in rows])
    lines = [rope(ATOM, *joined(row.parts, " & ")) if matrix else row for row in rows]
    return rope(ATOM, r"\begin{pmatrix} ", *joined(lines, r" \\ "), r" \end{pmatrix}", kind="[]", of=rows)


def _over(sign: str, limits: Rope, term: Rope) -> Rope:
    """A large operator before its term."""
    inner = term if term.kind == "over" else _within(term, PRODUCT, signed=False)
    return rope(PRODUCT, sign, limits, " " if limits.length else "", inner, kind="over")


# What is typeset as a large operator over the range of a loop.
_LARGE = {"sum": r"\sum", "prod": r"\prod", "amin": r"\min", "amax": r"\max"}


# What is typeset without brackets of its own, though it looks like a function.
_LOOSE = {"exp2": POWER, "where": TERNARY}

LATEX = Latex()


@cache
def _template(latex: str) -> list[tuple[str, str | None]]:
    return [(literal, field) for literal, field, _, _ in Formatter().parse(latex)]


def _product(left: Rope, right: Rope) -> Rope:
    left, right = _within(left, PRODUCT), _within(right, PRODUCT + 1, signed=False)
    sign = r" \cdot " if _first(right.pieces).lstrip("{")[:1].isdigit() else r" \, "
    return rope(PRODUCT, left, sign, right)


def _first(pieces: Pieces) -> str:
    while not isinstance(pieces, str):
        pieces = next((piece for piece in pieces if piece), "")
    return pieces


def _within(inner: Rope, least: int, *, signed: bool = True) -> Rope:
    loose = (inner.binding == SUM and least > SUM) or (inner.kind == "over" and least == PRODUCT and signed)
    if inner.binding >= least and (signed or inner.binding != SIGN) and not loose:
        return inner
    return rope(ATOM, r"\left(", inner, r"\right)")


def symbol(name: str) -> str:
    r"""A variable's name in LaTeX: Greek letters, subscripts, words upright.

    >>> print(symbol("x1"), symbol("alpha"), symbol("m_rest"), symbol("mass"))
    x_{1} \alpha m_{\mathrm{rest}} \mathrm{mass}
    """
    head, _, tail = name.partition("_")
    if not tail:
        found = re.fullmatch(r"(\D+?)(\d+)", name)
        if found:
            head, tail = found.groups()
    head = head or name
    shown = "\\" + head if head in _GREEK else head if len(head) == 1 else rf"\mathrm{{{_escaped(head)}}}"
    if not tail or head == name:
        return shown
    below = tail if tail.isdigit() or len(tail) == 1 else rf"\mathrm{{{_escaped(tail)}}}"
    return f"{shown}_{{{below}}}"


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")
