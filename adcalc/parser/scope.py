"""What the names of a program stand for, as far as it has been read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from adcalc.errors import Caution, Source, Span
from adcalc.ir.expr import Expr, Variable, rebuild, variable


class Definition(NamedTuple):
    """A function of the user's: the same kind of thing as a row of the table that has a body."""

    name: str
    parameters: tuple[str, ...]
    body: Expr
    free: tuple[str, ...]
    """Names that had no meaning where the function was defined, and take the one they have at a call."""
    settled: frozenset[str]
    """Names that were free when a derivative was taken inside, and must stay so."""
    indices: tuple[Variable, ...] = ()
    """The indices of the loops in the body; each call has its own."""

    def symbol(self, parameter: str) -> Variable:
        """The variable that stands for a parameter in the body."""
        return variable(f"{self.name}({parameter})")


@dataclass(slots=True, eq=False)
class Meaning:
    """What a program says, as far as it has been read."""

    source: Source
    result: Expr | None = None
    symbols: dict[str, Variable] = field(default_factory=dict)
    """The symbol that each assigned name stands for at present."""
    assigned: dict[Expr, Expr] = field(default_factory=dict)
    """What each symbol stands for."""
    functions: dict[str, Definition] = field(default_factory=dict)
    spans: dict[Expr, Span] = field(default_factory=dict)
    """Where a node was written first; a shared node has many places, and one is enough to point at."""
    cautions: list[Caution] = field(default_factory=list)
    differentiated: dict[str, None] = field(default_factory=dict)
    """Free names of formulas that were differentiated, whether or not the derivative depends on them."""

    def inlined(self, roots: Collection[Expr], kept: Collection[Expr] = ()) -> tuple[Expr, ...]:
        """Formulas with every symbol replaced by what it stands for, except those to be kept."""
        if not self.assigned:
            return tuple(roots)
        new = rebuild(roots, {symbol: symbol for symbol in kept}, self.assigned)
        self.follow(new)
        return tuple(new[root] for root in roots)

    def follow(self, new: Mapping[Expr, Expr]) -> None:
        """Rebuilt nodes stand where those stand that they were built from."""
        for old, node in new.items():
            if node is not old and old in self.spans:
                self.spans.setdefault(node, self.spans[old])
