"""The places of a plan: what stands in each, of which shape, and who uses it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.kernels import Kernel
from adcalc.engines.peephole import Tidier
from adcalc.ir.expr import Expr, Number, Variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import lowered
from adcalc.lower.shape_rules import KeyPart, Shape

Array: TypeAlias = Any

#: Rows whose value may lie in the memory of their argument.
_VIEWS = frozenset({
    "expand", "squeeze", "spread", "gather", "shaped", "swap", "permute", "index", "reverse", "on_diagonal",
})  # fmt: skip
#: Rows over whole arrays whose value is memory of its own.
_OWNERS = frozenset({
    "matmul", "matvec", "vecmat", "dyad", "scatter", "diagonal", "core softmax", "core log_softmax", "core cumsum",
    "core inv", "core solve", "solvevec", "core one_hot", "upper", "lower", "core array", "core concat", "take",
})  # fmt: skip


class Grain(NamedTuple):
    """What is worth care: an array of so many entries is; and how many make a block."""

    large: int = 2**15
    """Arrays of fewer entries stay in the cache of the processor by themselves."""
    block: int = 2**14


#: Nothing is carried out in blocks.
UNFUSED = Grain(2**62)


@dataclass(slots=True, eq=False)
class Node:
    """What stands in a place."""

    expr: Expr
    primitive: Primitive | None
    arguments: tuple[int, ...]
    shape: Shape
    keys: tuple[tuple[KeyPart, ...] | None, ...] = ()
    """Of an assembly: where in it each argument is added; None: everywhere."""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        return self.primitive.name if self.primitive is not None else ""


@dataclass(slots=True, eq=False)
class Graph:
    """Formulas for execution at given shapes.

    Attributes:
        results: the outputs as a set.
        constants: what does not depend on the point, by place.
        functions: what computes the others, by place.
        roots: for each place the one whose memory it may lie in; itself where it has its own.
        users: for each place those that use it.
    """

    nodes: list[Node]
    outputs: tuple[int, ...]
    grain: Grain
    results: frozenset[int] = frozenset()
    inputs: list[tuple[int, str]] = field(default_factory=list)
    constants: dict[int, Array] = field(default_factory=dict)
    functions: dict[int, Kernel] = field(default_factory=dict)
    roots: list[int] = field(default_factory=list)
    users: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.results = frozenset(self.outputs)

    def owned(self, place: int) -> bool:
        """Whether the value of a place is surely memory of its own, or a view of such memory."""
        node = self.nodes[self.roots[place]]
        if node.primitive is None or self.roots[place] in self.constants:
            return False
        return bool(node.keys) or node.name in _OWNERS or (node.primitive.elementwise and not node.primitive.variadic)

    @property
    def large(self) -> bool:
        """Whether there is an array on the way that is worth care."""
        return any([node.size >= self.grain.large for node in self.nodes])


def graph_of(formulas: Sequence[Expr], shapes: Mapping[str, Shape], grain: Grain) -> Graph:
    """The graph of some formulas for inputs of given shapes; constants are computed now."""
    tidier = Tidier(shapes, grain.large)
    program = lowered(tidier.tidied(formulas))
    nodes = [Node(slot.node, slot.primitive, slot.arguments, tidier.shape(slot.node)) for slot in program.slots]
    graph = Graph(nodes, program.outputs, grain)
    for place, node in enumerate(nodes):
        if isinstance(node.expr, Number):
            graph.constants[place] = node.expr.value
        elif isinstance(node.expr, Variable):
            graph.inputs.append((place, node.expr.name))
        else:
            assert node.primitive is not None
            function = ARRAYS.function(node.primitive)
            if all([argument in graph.constants for argument in node.arguments]):
                graph.constants[place] = function(*[graph.constants[argument] for argument in node.arguments])
            else:
                graph.functions[place] = function
    _assemble(graph)
    _connect(graph)
    return graph


def _connect(graph: Graph) -> None:
    graph.roots = list(range(len(graph.nodes)))
    graph.users = [[] for _ in graph.nodes]
    for place, node in enumerate(graph.nodes):
        if place not in graph.functions:
            continue
        for argument in dict.fromkeys(node.arguments):
            graph.users[argument].append(place)
        if node.name in _VIEWS and not node.keys:
            graph.roots[place] = graph.roots[node.arguments[0]]


def _assemble(graph: Graph) -> None:
    """Sums of large arrays put in the midst of zeros become one array that parts are added into."""
    uses = [0] * len(graph.nodes)
    for output in graph.outputs:
        uses[output] += 1
    for place in graph.functions:
        for argument in graph.nodes[place].arguments:
            uses[argument] += 1
    seen: set[int] = set()
    gone: set[int] = set()
    for place in sorted(graph.functions, reverse=True):
        node = graph.nodes[place]
        if place in seen or node.name not in ("+", "scatter") or node.size < graph.grain.large:
            continue
        parts: list[tuple[int, tuple[KeyPart, ...] | None]] = []
        inner: list[int] = []
        stack = [place]
        while stack:
            at = stack.pop()
            below = graph.nodes[at]
            single = at == place or (uses[at] == 1 and below.shape == node.shape and at in graph.functions)
            if single and below.name == "+":
                inner.append(at)
                stack += reversed(below.arguments)
            elif single and below.name == "scatter" and below.primitive is not None:
                inner.append(at)
                parts.append((below.arguments[0], below.primitive.setting("key")))
            else:
                parts.append((at, None))
        seen |= set(inner)
        if any(key is not None for _, key in parts):
            node.arguments = tuple([argument for argument, _ in parts])
            node.keys = tuple([key for _, key in parts])
            gone |= set(inner) - {place}
    for place in gone:
        del graph.functions[place]
