"""Core formulas with the shape of every node, built so that nothing is done for nothing.

An operation that changes nothing is not written down: repeating axes that have their length already,
a slice of everything, the transpose of a transpose, a product with 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from adcalc.ir.exact import folded
from adcalc.ir.expr import Apply, Expr, Number, apply, number, topological
from adcalc.ir.primitive import Primitive
from adcalc.lower.shape_rules import KeyPart, Shape, broadcast, shape_of
from adcalc.table import PRIMITIVES


class Builder:
    """Makes nodes and remembers their shapes.

    Attributes:
        shapes: of every node it has made or was told of.
        made_up: lengths stand for any others, and nothing will be computed.
    """

    __slots__ = ("_constant", "made_up", "shapes")

    def __init__(self, *, made_up: bool = False) -> None:
        self.made_up = made_up
        self.shapes: dict[Expr, Shape] = {}
        self._constant: dict[Expr, bool] = {}

    def shape(self, node: Expr) -> Shape:
        """The shape of a node; of one made elsewhere out of known ones, worked out now."""
        found = self.shapes.get(node)
        if found is None:
            for below in topological([node], self.shapes):
                arguments = [self.shapes[a] for a in below.arguments] if isinstance(below, Apply) else []
                self.shapes[below] = shape_of(below.primitive, arguments) if isinstance(below, Apply) else ()
            found = self.shapes[node]
        return found

    def apply(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        """A row applied to nodes that fit already."""
        if primitive.elementwise:
            simpler = self._folded(primitive, arguments)
            if simpler is not None:
                return simpler
        node = apply(primitive, *arguments)
        if node not in self.shapes:
            self.shapes[node] = shape_of(primitive, [self.shape(argument) for argument in arguments])
        return node

    def core(self, name: str, *arguments: Expr, **static: Hashable) -> Expr:
        """A core row by name, bound to axes, dimensions or keys."""
        row = PRIMITIVES[name]
        return self.apply(row.bound(**static) if static else row, arguments)

    def is_constant(self, node: Expr) -> bool:
        """Whether a node is a number or made of numbers, and so need not be repeated to fit."""
        found = self._constant.get(node)
        if found is None:
            for below in topological([node], self._constant):
                self._constant[below] = isinstance(below, Number) or (
                    isinstance(below, Apply)
                    and below.primitive.elementwise
                    and all(self._constant[argument] for argument in below.arguments)
                )
            found = self._constant[node]
        return found

    def _folded(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr | None:
        """Something simpler that is the same to the last bit, if there is anything."""
        numbers = bool(arguments) and all([isinstance(argument, Number) for argument in arguments])
        if numbers and primitive.takes is None and not self.made_up:
            return folded(primitive, arguments)
        match primitive.name, arguments:
            case "*", (Number(value=1.0), other) | (other, Number(value=1.0)):
                return other
            case (("/" | "^"), (other, Number(value=1.0))):
                return other
            case "neg", (Apply() as inner,) if inner.primitive is primitive:
                return inner.arguments[0]
            case "where", (Number() as condition, first, second):
                chosen, rest = (first, second) if condition.value else (second, first)
                return chosen if self.shape(chosen) == broadcast([self.shape(chosen), self.shape(rest)]) else None
            case "and", (Number(value=0.0) as nothing, _) | (_, Number(value=0.0) as nothing):
                return nothing
            case "or", (Number(value=value), _) | (_, Number(value=value)) if value:
                return number(1)
        return None

    # What the rules of elaboration are made of.

    def entrywise(self, name: str, *arguments: Expr) -> Expr:
        """A row applied entry by entry, arguments repeated to fit.

        Raises:
            ValueError: their shapes do not fit.
        """
        dims = broadcast([self.shape(argument) for argument in arguments])
        return self.apply(PRIMITIVES[name], [self.repeated(argument, dims) for argument in arguments])

    def repeated(self, node: Expr, dims: Shape) -> Expr:
        """A node repeated to a larger shape; a constant number fits everywhere as it is."""
        return node if self.is_constant(node) else self.filled(node, dims)

    def filled(self, node: Expr, dims: Shape) -> Expr:
        """A node repeated to a larger shape, constants too."""
        missing = len(dims) - len(self.shape(node))
        return self.spread(self.expand(node, range(-len(dims), -len(dims) + missing)), dims)

    def expand(self, node: Expr, axes: Sequence[int]) -> Expr:
        """Axes of length 1 put in; negative numbers, counted in the result."""
        return self.core("expand", node, axes=tuple(axes)) if axes else node

    def squeeze(self, node: Expr, axes: Sequence[int]) -> Expr:
        """Axes of length 1 taken out."""
        if not axes:
            return node
        if (
            isinstance(node, Apply)
            and node.primitive.name == "expand"
            and node.primitive.static == (("axes", tuple(axes)),)
        ):
            return node.arguments[0]
        return self.core("squeeze", node, axes=tuple(axes))

    def spread(self, node: Expr, dims: Shape) -> Expr:
        """Axes of length 1 repeated."""
        if self.shape(node)[len(self.shape(node)) - len(dims) :] == dims:
            return node
        return self.core("spread", node, dims=dims)

    def gather(self, node: Expr, dims: Shape) -> Expr:
        """Axes summed that were repeated."""
        if self.shape(node)[len(self.shape(node)) - len(dims) :] == dims:
            return node
        return self.core("gather", node, dims=dims)

    def shaped(self, node: Expr, dims: Shape, rank: int) -> Expr:
        """The last axes, as many as the rank, in another shape."""
        shape = self.shape(node)
        return node if shape[len(shape) - rank :] == dims else self.core("shaped", node, dims=dims, rank=rank)

    def swap(self, node: Expr) -> Expr:
        """The transpose."""
        if isinstance(node, Apply) and node.primitive.name == "swap":
            return node.arguments[0]
        return self.core("swap", node)

    def sum(self, node: Expr, axes: Sequence[int]) -> Expr:
        """The sum over axes."""
        return self.core("core sum", node, axes=tuple(axes)) if axes else node

    def index(self, node: Expr, key: Sequence[KeyPart]) -> Expr:
        """Entries and slices of the last axes."""
        shape = self.shape(node)
        kept = shape[len(shape) - len(key) :]
        whole = all(part == (0, length, 1) for part, length in zip(key, kept, strict=True))
        return node if whole else self.core("index", node, key=tuple(key))
