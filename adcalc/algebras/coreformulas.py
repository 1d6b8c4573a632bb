"""Core formulas: formulas over whole arrays whose every node has a shape.

Forward or reverse mode over this algebra writes a derivative down once, for all points of the same
shapes; `adcalc.engines` then carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence

from adcalc.ir.expr import Expr, Number, number
from adcalc.ir.primitive import Primitive
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import Shape


class CoreFormulas:
    """The algebra of core formulas; entries differ, so that both sides of a branch are kept.

    Attributes:
        exact: rules keep their exceptional points; without them they read as in a book.
    """

    __slots__ = ("builder", "exact")

    def __init__(self, builder: Builder, *, exact: bool = True) -> None:
        self.builder = builder
        self.exact = exact

    def const(self, value: float | Number) -> Expr:
        return number(value)

    def truth(self, value: Expr) -> None:
        return None

    def shape(self, value: Expr) -> Shape:
        return self.builder.shape(value)

    def apply(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        return self.builder.apply(primitive, arguments)
