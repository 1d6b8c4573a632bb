"""Formulas: a primitive applied to formulas is a formula.

Reverse or forward mode over this algebra is symbolic differentiation; what it writes down is tidied
up by `adcalc.symbolic.simplify`.
"""

from __future__ import annotations

from collections.abc import Sequence

from adcalc.ir.expr import Expr, Number, apply, number
from adcalc.ir.primitive import Primitive


class Formulas:
    """The algebra of expressions; it cannot tell whether a condition holds, so it keeps both branches.

    Attributes:
        exact: rules keep their exceptional points; without them they read as in a book.
    """

    __slots__ = ("exact",)

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact

    def const(self, value: float | Number) -> Expr:
        return number(value)

    def truth(self, value: Expr) -> None:
        return None

    def shape(self, value: Expr) -> tuple[int, ...]:
        return ()

    def apply(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        return apply(primitive, *arguments)


EXACT = Formulas(exact=True)
READABLE = Formulas(exact=False)
