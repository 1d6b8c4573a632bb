"""Derivatives written down once, as core formulas, to be carried out at every point of the same shapes.

A backend says by which transform; what it gives is one of four kinds, and everything that is asked of a formula
(gradient, Jacobian, Hessian, products, rows of a table) follows from any of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from adcalc.autodiff.linearization import Linearization
from adcalc.autodiff.transforms import Refusal, pushforward, vjp
from adcalc.ir.expr import Expr, number, variables
from adcalc.ir.program import lowered
from adcalc.lower.shape_rules import Shape
from adcalc.table import PRIMITIVES

_PLUS, _TIMES = PRIMITIVES["+"], PRIMITIVES["*"]

#: Derivatives by name; None for one that is nothing.
Formulas: TypeAlias = "dict[str, Expr | None]"
#: How difference quotients are taken.
Method: TypeAlias = Literal["richardson", "central", "forward", "complex"]


@dataclass(frozen=True, slots=True, eq=False)
class Partials:
    """Of a formula whose value is a number: its partial derivative by each variable, in the variable's shape."""

    formulas: Formulas


@dataclass(frozen=True, slots=True, eq=False)
class PulledBack:
    """What the input "cotangent " of the value contributes to each variable: reverse mode."""

    formulas: Formulas


@dataclass(frozen=True, slots=True, eq=False)
class PushedForward:
    """How the value moves with the inputs "tangent x" of its variables: forward mode; None: not at all."""

    formula: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Quotients:
    """No formula: difference quotients of values."""

    method: Method
    step: float | None


Derivative: TypeAlias = Partials | PulledBack | PushedForward | Quotients


@dataclass(frozen=True, slots=True, eq=False)
class Derivation:
    """A formula to be differentiated by some variables, and the transforms that do it.

    Attributes:
        formula: lowered for the shapes at hand.
        wrt: its variables to differentiate by.
        shapes: of these.
        refusals: operations without derivative that have been met; there is an answer only where they are not used.
    """

    formula: Linearization
    wrt: tuple[str, ...]
    shapes: Mapping[str, Shape]
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def scalar(self) -> bool:
        """Whether the value is a number."""
        return not self.formula.shape

    @property
    def size(self) -> int:
        """How many entries the variables have together."""
        return sum(map(math.prod, self.shapes.values()))

    @property
    def numbers(self) -> bool:
        """Whether the value and all variables to differentiate by are numbers."""
        return self.scalar and not any(self.shapes.values())

    def partials(self) -> Partials:
        """By reverse mode from the adjoint 1 of the value, which is a number."""
        return Partials(self._pullback(seeded=False))

    def pullback(self) -> PulledBack:
        """By reverse mode from the input "cotangent "."""
        return PulledBack(self._pullback(seeded=True))

    def pushforward(self) -> PushedForward:
        """By forward mode from the inputs "tangent x"."""
        return PushedForward(self.moved((self.formula.root,))[0])

    def along_gradient(self) -> Expr | None:
        """How a formula of numbers moves with the inputs "tangent x": its gradient times them, so that both agree."""
        algebra, total = self.formula.algebra, None
        for name, partial in self.partials().formulas.items():
            if partial is not None:
                share = algebra.apply(_TIMES, [partial, self.formula.seed("tangent", name, ())])
                total = share if total is None else algebra.apply(_PLUS, [total, share])
        return total

    def slopes(self) -> Partials:
        """By forward mode along one variable after the other, all of which are numbers."""
        root = (self.formula.root,)
        return Partials({name: self.along(root, name)[0] for name in self.wrt})

    def of_numbers(self, first: Partials | PulledBack | PushedForward) -> Formulas:
        """The partial derivative by each variable, of a formula of numbers, whichever way the backend goes."""
        match first:
            case Partials(formulas):
                return formulas
            case PulledBack():
                return self.partials().formulas
            case PushedForward():
                return self.slopes().formulas

    def seconds(self, first: Formulas) -> dict[tuple[str, str], Expr | None]:
        """The partial derivatives of some of numbers, of each pair of variables once: forward mode over them."""
        found: dict[tuple[str, str], Expr | None] = {}
        for place, name in enumerate(self.wrt):
            others = [other for other in self.wrt[place:] if first[other] is not None]
            live = tuple([formula for other in others if (formula := first[other]) is not None])
            slopes = dict(zip(others, self.along(live, name), strict=True)) if live else {}
            found |= {(name, other): slopes.get(other) for other in self.wrt[place:]}
        return found

    def moved(self, formulas: tuple[Expr, ...], kind: str = "tangent") -> list[Expr | None]:
        """How some formulas of the same variables move with the inputs "tangent x", or with those of another kind."""

        def make(met: list[Refusal]) -> list[Expr | None]:
            used = variables(formulas)
            seeds = {name: self.formula.seed(kind, name, self.shapes[name]) for name in self.wrt if name in used}
            return self._tangents(formulas, seeds, met)

        found: list[Expr | None] = self.formula.derived(("moved", formulas, self.wrt, kind), make, self.refusals)
        return found

    def along(self, formulas: tuple[Expr, ...], name: str) -> list[Expr | None]:
        """The partial derivatives of some formulas by a variable that is a number: forward mode."""

        def make(met: list[Refusal]) -> list[Expr | None]:
            return self._tangents(formulas, {name: number(1)}, met)

        found: list[Expr | None] = self.formula.derived(("along", formulas, name), make, self.refusals)
        return found

    def _pullback(self, *, seeded: bool) -> Formulas:
        formula = self.formula

        def make(met: list[Refusal]) -> Formulas:
            cotangent: Expr = formula.seed("cotangent", "", formula.shape) if seeded else number(1)
            nodes = [slot.node for slot in formula.program.slots]
            return vjp(formula.program, formula.algebra, nodes, cotangent, self.wrt, met)

        found: Formulas = formula.derived(("pullback", self.wrt, seeded), make, self.refusals)
        return found

    def _tangents(
        self, formulas: tuple[Expr, ...], tangents: Mapping[str, Expr], met: list[Refusal]
    ) -> list[Expr | None]:
        program = lowered(formulas)
        nodes = [slot.node for slot in program.slots]
        found = pushforward(program, self.formula.algebra, nodes, tangents, met)
        return [found[output] for output in program.outputs]
