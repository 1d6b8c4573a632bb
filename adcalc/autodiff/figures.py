"""What is asked of a formula at a point, and the figures of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from adcalc.ir.expr import Expr
from adcalc.lower.shape_rules import Shape

Kind: TypeAlias = Literal["value", "gradient", "jacobian", "hessian", "jvp", "vjp", "hvp"]
#: A number or an array, in the algebra at work.
Entries: TypeAlias = Any
#: Carries out formulas, with the seeds they read beside the point.
Run: TypeAlias = Callable[[Sequence[Expr], Mapping[str, Entries]], Sequence[Entries]]


class FiguresWanted(NamedTuple):
    """What is asked of a formula at a point."""

    kind: Kind
    wrt: tuple[str, ...] = ()
    seeds: Mapping[str, Entries] = {}
    """Of a product: the tangents by the names of their inputs, "tangent x", or the cotangent, "cotangent "."""

    @property
    def order(self) -> int:
        """Of the highest derivative that is taken."""
        return 2 if self.kind in ("hessian", "hvp") else 0 if self.kind == "value" else 1


@dataclass(frozen=True, slots=True)
class Figures:
    """The value of a formula and what was asked of it, in some algebra."""

    value: Entries
    blocks: Mapping[str, Entries] = field(default_factory=dict)
    """By variable: the partial derivatives, axes of the value first; or what a cotangent contributes to it."""
    matrix: Any = None
    """The Hessian: rows of numbers, or over arrays a matrix by the entries of all variables one after the other."""
    products: Mapping[str, Entries] = field(default_factory=dict)
    """By variable: the Hessian times a vector."""
    tangent: Entries = None
    """How the value moves."""

    def each(self, change: Callable[[Entries], Entries]) -> Figures:
        """The same with every figure changed, in the order of `all`."""
        value = change(self.value)
        blocks = {name: change(block) for name, block in self.blocks.items()}
        tangent = None if self.tangent is None else change(self.tangent)
        if isinstance(self.matrix, list):
            known: dict[tuple[int, int], Entries] = {}
            for i, row in enumerate(self.matrix):
                for j in range(i + 1):
                    known[i, j] = known[j, i] = change(row[j])
            size = range(len(self.matrix))
            matrix: Any = [[known[i, j] for j in size] for i in size]
        else:
            matrix = None if self.matrix is None else change(self.matrix)
        return Figures(value, blocks, matrix, {n: change(product) for n, product in self.products.items()}, tangent)

    @property
    def first(self) -> list[Entries]:
        """First derivatives."""
        return [*self.blocks.values(), *([] if self.tangent is None else [self.tangent])]

    @property
    def second(self) -> list[Entries]:
        """Second derivatives."""
        if isinstance(self.matrix, list):
            return [entry for place, row in enumerate(self.matrix) for entry in row[: place + 1]]
        return [*([] if self.matrix is None else [self.matrix]), *self.products.values()]

    @property
    def all(self) -> list[Entries]:
        """Every figure; of the two halves of a matrix of numbers one."""
        return [self.value, *self.first, *self.second]


def fitted(value: Entries | None, shape: Shape) -> Entries:
    """A value repeated to a shape; None is zero."""
    if not shape:
        return 0.0 if value is None else value
    import numpy as np

    if value is None:
        return np.zeros(shape)
    return value if np.shape(value) == shape else np.array(np.broadcast_to(value, shape))
