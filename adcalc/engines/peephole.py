"""Core formulas written for execution: the same numbers from fewer passes over memory.

A repeated array meets others as it is, for NumPy repeats it on the way; powers and rows defined by a
body become what they are made of; signs and factors of 2, 4 and 8, which do not round, wander out of products
until a constant takes them up.  Sums take out no sign, so that a zero keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from adcalc.algebras.arrays import ARRAYS
from adcalc.ir.expr import Apply, Expr, Number, Variable, apply, number, topological
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused, evaluate
from adcalc.lower.rules import ARGUMENTS, compiled
from adcalc.lower.shape_rules import Shape, broadcast, shape_of
from adcalc.table import PRIMITIVES

_TIMES, _OVER, _PLUS, _MINUS, _NEG = (PRIMITIVES[name] for name in ("*", "/", "+", "-", "neg"))
_EXPAND, _SPREAD = PRIMITIVES["expand"], PRIMITIVES["spread"]

#: Rows that give the entries of their argument in another arrangement, some of them repeatedly.
_ARRANGING = frozenset({"spread", "expand", "squeeze", "shaped", "swap", "permute", "index", "reverse"})
_SOFT = frozenset({"core softmax", "core log_softmax"})
#: Factors that are moved about: they change exponents by so little that nothing sinks or overflows for it.
_FACTORS = frozenset({sign * size for sign in (1.0, -1.0) for size in (1.0, 2.0, 4.0, 8.0)})
#: Constants outside of this take up no factor.
_LEAST, _MOST = 1e-290, 1e290


class Scaled(NamedTuple):
    """A formula times a small power of two, which need not be multiplied out."""

    factor: float
    core: Expr


class Tidier:
    """Rewrites formulas, and knows the shape of every node.

    Attributes:
        shapes: of every node that was met or made.
        large: arrays of so many entries are worth it that factors are moved and bodies written out.
    """

    def __init__(self, shapes: Mapping[str, Shape], large: int) -> None:
        self.shapes: dict[Expr, Shape] = {}
        self.large = large
        self._inputs = shapes
        self._known: dict[Expr, Scaled] = {}

    def tidied(self, formulas: Sequence[Expr]) -> list[Expr]:
        """The formulas in a form that is carried out faster."""
        for node in topological(formulas):
            if isinstance(node, Apply):
                self._known[node] = self._row(node)
            else:
                self.shapes[node] = self._inputs.get(node.name, ()) if isinstance(node, Variable) else ()
                self._known[node] = Scaled(1.0, node)
        return [self._plain(node) for node in formulas]

    def shape(self, node: Expr) -> Shape:
        """The shape of a node."""
        return self.shapes[node]

    def _apply(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        node = apply(primitive, *arguments)
        if node not in self.shapes:
            known = isinstance(node, Apply)
            self.shapes[node] = shape_of(primitive, [self.shapes[argument] for argument in arguments]) if known else ()
        return node

    def _number(self, value: float | Number) -> Number:
        node = number(value)
        self.shapes[node] = ()
        return node

    def _plain(self, node: Expr) -> Expr:
        """What a node has become, its factor multiplied out."""
        return self._multiplied(*self._known[node])

    def _row(self, node: Apply) -> Scaled:
        primitive, arguments = node.primitive, node.arguments
        if not primitive.elementwise:
            plain = [self._plain(argument) for argument in arguments]
            if primitive.name in _SOFT and all(self.shapes[plain[0]]):
                return Scaled(1.0, self._soft(plain[0], logarithm=primitive.name == "core log_softmax"))
            return Scaled(1.0, self._apply(primitive, plain))
        shape = broadcast([self.shapes[self._known[argument].core] for argument in arguments])
        slim = [self._slimmer(self._known[argument].core) for argument in arguments]
        if shape and all([isinstance(each, Number) for each in slim]):
            return Scaled(1.0, self._filled(primitive, map(self._plain, arguments), shape))
        if math.prod(shape) < self.large:
            return Scaled(1.0, self._apply(primitive, self._fitting(list(map(self._plain, arguments)), shape)))
        if primitive.body and not (primitive.array or primitive.domain or primitive.constant):
            body = compiled(primitive.body)
            if not body.reads - frozenset(ARGUMENTS) and body.constant is None and not primitive.variadic:
                return Scaled(1.0, self._body(primitive, self._fitting(list(map(self._plain, arguments)), shape)))
        parts = [self._known[argument] for argument in arguments]
        cores = self._fitting([part.core for part in parts], shape)
        parts = [part._replace(core=core) for part, core in zip(parts, cores, strict=True)]
        match primitive.name, parts:
            case "neg", [x]:
                return Scaled(-x.factor, x.core)
            case "*", [x, y]:
                return self._product(x, y, shape)
            case "^", [x, Scaled(factor=1.0, core=Number(value=2.0))]:
                return self._product(x, x, shape)
            case "^", [x, Scaled(factor=1.0, core=Number(value=3.0))]:
                return self._product(self._product(x, x, shape), x, shape)
            case "+", [x, y]:
                return self._sum(x, y)
            case "-", [x, y]:
                return self._sum(x, Scaled(-y.factor, y.core))
            case "/", [x, y] if abs(y.factor) == 1.0:
                return Scaled(x.factor * y.factor, self._apply(_OVER, [x.core, y.core]))
        return Scaled(1.0, self._apply(primitive, [self._multiplied(*part) for part in parts]))

    def _soft(self, x: Expr, *, logarithm: bool) -> Expr:
        """The softmax of rows in single steps, most of which it shares with its logarithm."""
        top = self._apply(_EXPAND.bound(axes=(-1,)), [self._apply(PRIMITIVES["core amax"], [x])])
        moved = self._apply(_MINUS, [x, top])
        risen = self._apply(PRIMITIVES["exp"], [moved])
        total = self._apply(PRIMITIVES["core sum"].bound(axes=(-1,)), [risen])
        if logarithm:
            low = self._apply(PRIMITIVES["log"], [total])
            return self._apply(_MINUS, [moved, self._apply(_EXPAND.bound(axes=(-1,)), [low])])
        return self._apply(_OVER, [risen, self._apply(_EXPAND.bound(axes=(-1,)), [total])])

    def _filled(self, primitive: Primitive, arguments: Iterable[Expr], shape: Shape) -> Expr:
        """What a row gives for numbers, repeated."""
        numbers = [each.value for each in map(self._slimmer, arguments) if isinstance(each, Number)]
        one = self._number(float(ARRAYS.function(primitive)(*numbers)))
        axes = tuple(range(-len(shape), 0))
        return self._apply(_SPREAD.bound(dims=shape), [self._apply(_EXPAND.bound(axes=axes), [one])])

    def _fitting(self, nodes: list[Expr], shape: Shape) -> list[Expr]:
        """Arguments of a row without the repetition that NumPy does by itself."""
        for position, node in enumerate(nodes):
            slimmer = self._slimmer(node)
            if slimmer is not node:
                others = [self.shapes[each] for each in (*nodes[:position], slimmer, *nodes[position + 1 :])]
                if broadcast(others) == shape:
                    nodes[position] = slimmer
        return nodes

    def _slimmer(self, node: Expr) -> Expr:
        """The same entries before they were repeated: of a number arranged in any way the number."""
        below = node
        while isinstance(below, Apply) and below.primitive.name in _ARRANGING:
            below = below.arguments[0]
        if isinstance(below, Number):
            return below
        if isinstance(below, Apply) and below.primitive.name == "fill":
            return self._number(float(below.primitive.setting("value")))
        while isinstance(node, Apply) and node.primitive.name == "spread":
            node = node.arguments[0]
        return node

    def _body(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        program = compiled(primitive.body).program
        value = evaluate(program, _Bodies(self), dict(zip(ARGUMENTS, arguments, strict=False)))[program.output]
        assert not isinstance(value, Unused)
        return value

    def _product(self, x: Scaled, y: Scaled, shape: Shape) -> Scaled:
        factor = x.factor * y.factor
        for one, other in ((x.core, y.core), (y.core, x.core)):
            if isinstance(one, Number) and one.value * factor in _FACTORS and self.shapes[other] == shape:
                return Scaled(one.value * factor, other)
        if factor not in _FACTORS:
            return Scaled(x.factor, self._apply(_TIMES, [x.core, self._multiplied(*y)]))
        return Scaled(factor, self._apply(_TIMES, [x.core, y.core]))

    def _sum(self, x: Scaled, y: Scaled) -> Scaled:
        common = min(abs(x.factor), abs(y.factor))
        first, second = x.factor / common, y.factor / common
        if second == -1.0:
            return Scaled(common, self._apply(_MINUS, [self._multiplied(first, x.core), y.core]))
        if first == -1.0:
            return Scaled(common, self._apply(_MINUS, [self._multiplied(second, y.core), x.core]))
        return Scaled(common, self._apply(_PLUS, [self._multiplied(first, x.core), self._multiplied(second, y.core)]))

    def _multiplied(self, factor: float, core: Expr) -> Expr:
        """A factor times a formula, in a constant of the formula if it has one."""
        if factor == 1.0:
            return core
        found = self._absorbed(factor, core)
        if found is not None:
            return found
        if factor == -1.0:
            return self._apply(_NEG, [core])
        return self._apply(_TIMES, [self._number(factor), core])

    def _absorbed(self, factor: float, core: Expr) -> Expr | None:
        match core:
            case Number(value=value) if _LEAST < abs(value) < _MOST:
                return self._number(factor * value)
            case Apply(primitive=row, arguments=(Number() as one, other)) if row is _TIMES or row is _OVER:
                first = self._absorbed(factor, one)
                return first and self._apply(row, [first, other])
            case Apply(primitive=row, arguments=(one, Number() as other)) if row is _TIMES:
                second = self._absorbed(factor, other)
                return second and self._apply(row, [one, second])
            case Apply(primitive=row, arguments=(Apply() as one, other)) if row is _TIMES and _has_number(one):
                first = self._absorbed(factor, one)
                return first and self._apply(row, [first, other])
            case Apply(primitive=row, arguments=(one, Apply() as other)) if row is _TIMES and _has_number(other):
                second = self._absorbed(factor, other)
                return second and self._apply(row, [one, second])
        return None


def _has_number(node: Apply) -> bool:
    return node.primitive is _TIMES and any([isinstance(argument, Number) for argument in node.arguments])


class _Bodies:
    """The algebra in which the body of a row is written out."""

    def __init__(self, tidier: Tidier) -> None:
        self._tidier = tidier

    def const(self, value: float | Number) -> Expr:
        return self._tidier._number(value)

    def apply(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        return self._tidier._apply(primitive, arguments)

    def truth(self, value: Expr) -> None:
        return None
