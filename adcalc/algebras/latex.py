"""LaTeX: a primitive is the template in its row, an operator as it is typeset."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from string import Formatter

from adcalc.algebras.text import Pieces, Rope, digits, rope
from adcalc.primitive import Primitive
from adcalc.rules import ARGUMENTS
from adcalc.table.operators import ATOM, POWER, PRODUCT, SIGN, SUM, TERNARY

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

    def const(self, value: float) -> Rope:
        text = digits(value)
        if "inf" in text:
            text = text.replace("inf", r"\infty")
        mantissa, exponent, power = text.partition("e")
        if exponent:
            text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
        binding = SIGN if text[0] == "-" else PRODUCT if exponent else ATOM
        return Rope(text, binding, len(text))

    def variable(self, name: str) -> Rope:
        text = symbol(name)
        return Rope(text, ATOM, len(text))

    def truth(self, value: Rope) -> None:
        return None

    def apply(self, primitive: Primitive, arguments: Sequence[Rope]) -> Rope:
        match primitive.name, arguments:
            case "*", (left, right):
                return _product(left, right)
            case "/", (left, right):
                return rope(POWER, r"\frac{", left, "}{", right, "}")
            case "^", (base, exponent):
                return rope(POWER, _within(base, ATOM), "^{", exponent, "}")
            case "neg", (operand,):
                return rope(SIGN, "-", _within(operand, SIGN))
        if not primitive.latex:
            name = primitive.name.replace("_", r"\_")
            separated = [part for argument in arguments for part in (", ", argument)][1:]
            return rope(ATOM, rf"\operatorname{{{name}}}\left(", *separated, r"\right)")
        if primitive.variadic:
            separated = [part for argument in arguments for part in (", ", argument)][1:]
            arguments = [rope(ATOM, *separated)]
        least = primitive.binding
        inner = [_within(a, least + (i > 0), signed=i == 0) for i, a in enumerate(arguments)] if least else arguments
        meant = dict(zip(ARGUMENTS, inner, strict=False))
        parts: list[str | Rope] = []
        for literal, field in _template(primitive.latex):
            parts.append(literal)
            if field:
                parts.append(meant[field])
        return rope(least or _LOOSE.get(primitive.name, ATOM), *parts)


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
    if inner.binding >= least and (signed or inner.binding != SIGN) and not (least > SUM and inner.binding == SUM):
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
