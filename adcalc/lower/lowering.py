"""Elaboration: from a formula as it is written, and the shapes of its variables, to core rows.

Every node gets its shape; axes and sizes become numbers; what is repeated to fit is repeated in so
many words; the index of a sum becomes an axis in front of all others.  What does not fit is refused
here, with the place where it stands, before anything is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adcalc.errors import Caution, Source, Span
from adcalc.ir.expr import Expr
from adcalc.lower.builder import Builder
from adcalc.lower.lowerer import Elaborator
from adcalc.lower.shape_rules import Shape
from adcalc.lower.surface import RULES


@dataclass(slots=True, eq=False)
class Elaboration:
    """Core formulas, and what is known of them."""

    roots: list[Expr]
    builder: Builder
    origin: dict[Expr, Expr]
    """What each core node was made from, as it was written."""
    cautions: list[Caution]
    sizes: dict[str, Any]
    """Variables that settle a size or an axis, with the value they had."""

    @property
    def shapes(self) -> dict[Expr, Shape]:
        """The shape of every core node."""
        return self.builder.shapes


def elaborated(
    roots: Sequence[Expr],
    shapes: Mapping[str, Shape],
    values: Mapping[str, Any],
    spans: Mapping[Expr, Span],
    source: Source,
    builder: Builder,
    compute: Callable[[Expr, Mapping[str, Any]], Any],
) -> Elaboration:
    """Formulas made of core rows.

    Args:
        shapes: of every free variable.
        values: of variables, as far as they are known: sizes may depend on them.
        spans: where nodes stand in the source.
        compute: the value of a core formula, for sizes.

    Raises:
        ShapeProblem: shapes do not fit.
        NameProblem: a size depends on a variable that has no value.
    """
    elaborator = Elaborator(RULES, compute, shapes, values, spans, source, builder)
    done = [elaborator.close(root) for root in elaborator.walk(roots)]
    return Elaboration(done, elaborator.builder, elaborator.origin, elaborator.cautions, elaborator.sizes)
