"""A lowered formula, and the derivatives that have been written down from it so far.

Lowering makes core rows of what was written, for the shapes at hand; of a formula of numbers it is the identity,
and fetches nothing.  A derivative is a core formula of the same variables, and of further inputs for its seeds:
"tangent x" is a tangent of the variable x, "cotangent " the cotangent of the value.  A stack of seeds is one input
with an axis in front, and goes through in one run (multi-dual numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from adcalc.algebras.coreformulas import CoreFormulas
from adcalc.autodiff.transforms import Refusal, differentiable
from adcalc.errors import Caution, Source, Span
from adcalc.ir.expr import Expr, Variable, variable, variables
from adcalc.ir.program import Program, lowered
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import Shape
from adcalc.results import Figure


class Asked(NamedTuple):
    """A formula at a point, as it was asked about."""

    root: Expr
    inputs: Mapping[str, Figure]
    spans: Mapping[Expr, Span]
    source: Source


class Linearization:
    """A core formula and what has been derived from it so far.

    Attributes:
        builder: makes core formulas, and knows the shape of each.
        arrays: whether it works on arrays; a formula of numbers does not, and is carried out without NumPy.
        origin: what each core node was made from, as it was written; a node that is missing stands for itself.
        cautions: what is to be said of how the formula was read.
        sizes: variables that settle a size or an axis, with the value they had.
    """

    __slots__ = ("_kept", "arrays", "builder", "cautions", "origin", "program", "root", "sizes")

    def __init__(
        self,
        root: Expr,
        builder: Builder,
        *,
        arrays: bool,
        origin: Mapping[Expr, Expr],
        cautions: Sequence[Caution] = (),
        sizes: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = root
        self.builder = builder
        self.arrays = arrays
        self.origin = origin
        self.cautions = tuple(cautions)
        self.sizes = sizes or {}
        self.program: Program = lowered([root])
        self._kept: dict[Hashable, Any] = {}

    @property
    def algebra(self) -> CoreFormulas:
        """The algebra in which its derivatives are written."""
        return CoreFormulas(self.builder)

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.builder.shape(self.root)

    def shape_of(self, name: str) -> Shape:
        """The shape of a variable."""
        return self.builder.shape(variable(name))

    def of(self, root: Expr) -> Linearization:
        """Another core formula of the same variables."""

        def make() -> Linearization:
            return Linearization(
                root, self.builder, arrays=self.arrays, origin=self.origin, cautions=self.cautions, sizes=self.sizes
            )

        found: Linearization = self.kept(("of", root), make)
        return found

    def number(self) -> Linearization | None:
        """The same with the only entry of the value as a number; None where there are more or none."""
        shape = self.shape
        if any(length != 1 for length in shape):
            return None
        return self.of(self.builder.shaped(self.root, (), len(shape)))

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made for a key before, or is made now."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = make()
        return found

    def without_derivative(self, names: Sequence[str]) -> dict[str, Caution]:
        """Why there are no derivatives by some of the variables: they settle sizes, or are labels or places."""
        inside = differentiable(self.program)
        used = variables([self.root])
        found = {}
        for name in names:
            if name in self.sizes:
                found[name] = Caution("derivative", f"`{name}` settles a size or a place: there is no derivative by it")
            elif self.arrays and name in used and name not in inside:
                found[name] = Caution(
                    "derivative", f"`{name}` stands only where there are no derivatives, as labels do"
                )
        return found

    def seed(self, kind: str, name: str, shape: Shape) -> Variable:
        """The input that a tangent or a cotangent is given by."""
        found = variable(f"{kind} {name}")
        self.builder.shapes[found] = shape
        return found

    def derived(self, key: Hashable, make: Callable[[list[Refusal]], Any], refusals: list[Refusal]) -> Any:
        """Formulas that were derived before, or are now.

        Args:
            refusals: takes the operations without derivative that were met on the way.
        """
        found = self._kept.get(key)
        if found is None:
            met: list[Refusal] = []
            found = self._kept[key] = (make(met), met)
        refusals += found[1]
        return found[0]


def needs_arrays(root: Expr, inputs: Mapping[str, Figure]) -> bool:
    """Whether a formula works on arrays at a point."""
    return any([not isinstance(value, float) for value in inputs.values()]) or _over_arrays(root)


@lru_cache(maxsize=256)
def _over_arrays(root: Expr) -> bool:
    return any([slot.primitive is not None and slot.primitive.over != "" for slot in lowered([root]).slots])


def linearized(asked: Asked) -> Linearization:
    """A formula lowered for the shapes of a point, from memory where it was before.

    Raises:
        ShapeProblem, NameProblem: shapes do not fit, or a size has no value.
    """
    inputs = {name: asked.inputs[name] for name in variables([asked.root]) if name in asked.inputs}
    if not needs_arrays(asked.root, inputs):
        return _of_numbers(asked.root)
    import numpy as np

    shapes = tuple([(name, np.shape(value)) for name, value in inputs.items()])
    known = _of_shapes(asked.root, shapes)
    for each in known:
        if all(np.array_equal(inputs[name], value) for name, value in each.sizes.items()):
            return each
    from adcalc.algebras.arrays import computed
    from adcalc.lower.lowering import elaborated

    made = elaborated([asked.root], dict(shapes), inputs, asked.spans, asked.source, Builder(), computed)
    (root,) = made.roots
    new = Linearization(root, made.builder, arrays=True, origin=made.origin, cautions=made.cautions, sizes=made.sizes)
    known.append(new)
    del known[:-4]
    return new


@lru_cache(maxsize=64)
def _of_numbers(root: Expr) -> Linearization:
    return Linearization(root, Builder(), arrays=False, origin={})


@lru_cache(maxsize=64)
def _of_shapes(_root: Expr, _shapes: tuple[tuple[str, Shape], ...]) -> list[Linearization]:
    """The formula lowered for the same shapes; what was made differs in the variables that settle sizes."""
    return []
