"""A formula over arrays made ready for the shapes at hand: elaborated once, its derivatives written once.

Forward and reverse mode run over core formulas, so that a derivative is again a core formula: the
plan that carries it out is kept and serves every point of the same shapes.  A tangent or cotangent
is an input like any other; a stack of them is one input with an axis in front, and goes through in one
run (multi-dual numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import computed
from adcalc.algebras.coreformulas import CoreFormulas
from adcalc.algebras.duals import Dual, Duals
from adcalc.algebras.floats import FLOATS
from adcalc.errors import Caution, Source, Span
from adcalc.execution import Plan
from adcalc.expr import Expr, Variable, number, variable, variables
from adcalc.program import Program, lowered
from adcalc.shapes.builder import Builder
from adcalc.shapes.core import Shape
from adcalc.shapes.elaboration import Elaboration, elaborated
from adcalc.transforms import differentiable, jvp, vjp

Array: TypeAlias = Any

#: Derivatives by name; None for one that is nothing.
Formulas: TypeAlias = "dict[str, Expr | None]"


class Prepared:
    """A core formula with what has been derived from it so far."""

    __slots__ = ("_memory", "elaboration", "program", "root")

    def __init__(self, elaboration: Elaboration) -> None:
        self.elaboration = elaboration
        (self.root,) = elaboration.roots
        self.program: Program = lowered([self.root])
        self._memory: dict[object, Any] = {}

    @property
    def builder(self) -> Builder:
        return self.elaboration.builder

    @property
    def algebra(self) -> CoreFormulas:
        return CoreFormulas(self.builder)

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.builder.shape(self.root)

    def shape_of(self, name: str) -> Shape:
        """The shape of a variable."""
        return self.builder.shape(variable(name))

    def number(self) -> Prepared | None:
        """The same with the only entry of the value as a number; None where there are more or none."""
        shape = self.shape
        if any(length != 1 for length in shape):
            return None

        return self.of(self.builder.shaped(self.root, (), len(shape)))

    def of(self, root: Expr) -> Prepared:
        """Another core formula of the same variables, likewise."""
        found: Prepared = self.remembered(("of", root), lambda: Prepared(replace(self.elaboration, roots=[root])))
        return found

    def without_derivative(self, names: Sequence[str]) -> dict[str, Caution]:
        """Why there are no derivatives by some of the variables: they settle sizes, or are labels or places."""
        inside = differentiable(self.program)
        used = variables([self.root])
        found = {}
        for name in names:
            if name in self.elaboration.sizes:
                found[name] = Caution("derivative", f"`{name}` settles a size or a place: there is no derivative by it")
            elif name in used and name not in inside:
                found[name] = Caution(
                    "derivative", f"`{name}` stands only where there are no derivatives, as labels do"
                )
        return found

    def remembered(self, key: object, make: Callable[[], Any]) -> Any:
        """What was made for a key before, or is made now."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    def latest(self, what: object, key: object, make: Callable[[], Any]) -> Any:
        """What was made for a key, if that was the last one asked for."""
        known = self._memory.get(what)
        if known is None or known[0] != key:
            known = self._memory[what] = (key, make())
        return known[1]

    def plan(self, formulas: Sequence[Expr]) -> Plan:
        """How to carry out some formulas."""
        formulas = tuple(formulas)
        plan: Plan = self.remembered(("plan", formulas), lambda: Plan(formulas))
        return plan

    def seed(self, kind: str, name: str, shape: Shape) -> Variable:
        """The input that a tangent or a cotangent is given by."""
        found = variable(f"{kind} {name}")
        self.builder.shapes[found] = shape
        return found

    def pullback(self, wrt: tuple[str, ...], *, seeded: bool) -> Formulas:
        """What the adjoint of the value contributes to each variable, by reverse mode.

        Args:
            seeded: the adjoint is the input "cotangent "; else it is 1.
        """

        def make() -> Formulas:
            cotangent: Expr = self.seed("cotangent", "", self.shape) if seeded else number(1)
            nodes = [slot.node for slot in self.program.slots]
            return vjp(self.program, self.algebra, nodes, cotangent, wrt)

        found: Formulas = self.remembered(("pullback", wrt, seeded), make)
        return found

    def pushforward(self, wrt: tuple[str, ...]) -> Expr | None:
        """How the value moves with the inputs "tangent x", by forward mode; None: not at all."""

        def make() -> Expr | None:
            (dual,) = jvp(self.program, self.algebra, self._inputs(), self._tangents(wrt))
            return dual.tangent

        found: Expr | None = self.remembered(("pushforward", wrt), make)
        return found

    def moved(self, formulas: Sequence[Expr], wrt: tuple[str, ...]) -> list[Expr | None]:
        """How some formulas of the same variables move with the inputs "tangent x"."""
        formulas = tuple(formulas)

        def make() -> list[Expr | None]:
            duals = jvp(lowered(formulas), self.algebra, self._inputs(), self._tangents(wrt))
            return [dual.tangent for dual in duals]

        found: list[Expr | None] = self.remembered(("moved", formulas, wrt), make)
        return found

    def twice_moved(self, wrt: tuple[str, ...]) -> Expr | None:
        """How the tangent of the value moves with a second tangent, "other x": duals of duals."""

        def make() -> Expr | None:
            duals = Duals(self.algebra)
            tangents, inputs = self._tangents(wrt), self._inputs()
            inner: dict[str, Dual[Expr]] = {name: Dual(value, tangents.get(name)) for name, value in inputs.items()}
            others: dict[str, Dual[Expr]] = {
                name: Dual(self.seed("other", name, self.shape_of(name)), None) for name in wrt
            }
            (result,) = jvp(self.program, duals, inner, others)
            return result.tangent.tangent if result.tangent is not None else None

        found: Expr | None = self.remembered(("twice", wrt), make)
        return found

    def _inputs(self) -> dict[str, Expr]:
        return {name: variable(name) for name in variables([self.root])}

    def _tangents(self, wrt: Sequence[str]) -> dict[str, Expr]:
        used = self._inputs()
        return {name: self.seed("tangent", name, self.shape_of(name)) for name in wrt if name in used}

    def run(self, formulas: Sequence[Expr], inputs: Mapping[str, Array]) -> list[Array]:
        """The values of some formulas at a point."""
        return self.plan(formulas).run(inputs)


def prepared(
    root: Expr,
    inputs: Mapping[str, Array],
    spans: Mapping[Expr, Span],
    source: Source,
) -> Prepared:
    """A formula elaborated for the shapes of a point, from memory where it was before.

    Raises:
        ShapeProblem, NameProblem: as `elaborated`.
    """
    shapes = tuple([(name, np.shape(inputs[name])) for name in variables([root]) if name in inputs])
    known = _known(root, shapes)
    for each in known:
        if all(np.array_equal(inputs[name], value) for name, value in each.elaboration.sizes.items()):
            return each
    elaboration = elaborated([root], dict(shapes), inputs, spans, source, Builder(FLOATS.apply), computed)
    new = Prepared(elaboration)
    known.append(new)
    del known[:-4]
    return new


@lru_cache(maxsize=64)
def _known(_root: Expr, _shapes: tuple[tuple[str, Shape], ...]) -> list[Prepared]:
    """The preparations of a formula for the same shapes; they differ in variables that settle sizes."""
    return []


def stacked_seeds(wrt: Sequence[str], shapes: Mapping[str, Shape], first: int, last: int) -> dict[str, Array]:
    """Unit tangents of the entries from `first` below `last` of all variables together, as stacks."""
    seeds: dict[str, Array] = {}
    offset = 0
    for name in wrt:
        size = int(np.prod(shapes[name]))
        stack = np.zeros((last - first, size))
        begin, end = max(first, offset), min(last, offset + size)
        if begin < end:
            stack[np.arange(begin - first, end - first), np.arange(begin - offset, end - offset)] = 1.0
        seeds[name] = stack.reshape(last - first, *shapes[name])
        offset += size
    return seeds
