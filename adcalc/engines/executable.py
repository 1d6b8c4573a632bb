"""The steps of a plan for given shapes, in an order that lets memory go early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.algebras.kernels import Kernel
from adcalc.engines.fusion import Region, regions_of
from adcalc.engines.graph import Grain, Graph, Node, graph_of
from adcalc.engines.order import Unit, in_order
from adcalc.engines.tiles import Fused
from adcalc.ir.expr import Expr
from adcalc.lower.shape_rules import Shape, key_slices

Array: TypeAlias = Any

#: An array of fewer entries is as soon made as written over.
_WORTH = 1024


class ExecutionStep(NamedTuple):
    """One NumPy call, or the work of a region."""

    place: int
    function: Kernel
    arguments: tuple[int, ...]
    last: tuple[int, ...]
    """Places that nobody needs after this step."""
    whole: bool = False
    """The function works on the places themselves."""


class Schedule:
    """Formulas ready to be carried out at inputs of given shapes."""

    __slots__ = ("_copied", "_inputs", "_outputs", "_places", "_steps", "regions", "shapes")

    def __init__(self, formulas: Sequence[Expr], shapes: Mapping[str, Shape], grain: Grain) -> None:
        graph = graph_of(formulas, shapes, grain)
        self._inputs = graph.inputs
        self._outputs = graph.outputs
        self.shapes = [graph.nodes[place].shape for place in graph.outputs]
        self._copied = _to_copy(graph)
        self._places: list[Array] = [graph.constants.get(place) for place in range(len(graph.nodes))]
        found = regions_of(graph)
        self.regions = len(found)
        units = in_order(graph, found)
        self._steps = _steps(graph, units)

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """The value of each formula; an array is new, and nobody else's."""
        places = self._places.copy()
        for place, name in self._inputs:
            places[place] = inputs[name]
        for place, function, arguments, last, whole in self._steps:
            if whole:
                function(places)
            else:
                places[place] = function(*[places[argument] for argument in arguments])
            for gone in last:
                places[gone] = None
        values = [places[output] for output in self._outputs]
        for position in self._copied:
            values[position] = np.array(values[position], order="C")
        return values


def _to_copy(graph: Graph) -> list[int]:
    """Which results may lie in the memory of an input, of a constant or of another result."""
    found = []
    seen: set[int] = set()
    for position, place in enumerate(graph.outputs):
        if graph.nodes[place].shape and (not graph.owned(place) or graph.roots[place] in seen):
            found.append(position)
        seen.add(graph.roots[place])
    return found


def _steps(graph: Graph, units: Sequence[Unit]) -> list[ExecutionStep]:
    """The units as calls, with what they are the last to use."""
    kept = {graph.roots[place] for place in graph.outputs} | set(graph.outputs) | set(graph.constants)
    final: dict[int, int] = {}
    for at, unit in enumerate(units):
        for place in (*unit.needs, *unit.gives):
            final[graph.roots[place]] = at
    last: list[list[int]] = [[] for _ in units]
    seen = set(graph.outputs) | set(graph.constants)
    for at in range(len(units) - 1, -1, -1):
        for place in dict.fromkeys((*units[at].needs, *units[at].gives)):
            if place not in seen:
                seen.add(place)
                last[at].append(place)
    steps = []
    for at, unit in enumerate(units):
        gone = tuple(last[at])
        if unit.region is not None:
            fused = Fused(graph, unit.region, _reused(graph, unit.region, at, final, kept))
            steps.append(ExecutionStep(-1, fused.run, (), gone, whole=True))
        else:
            place = unit.gives[0]
            node = graph.nodes[place]
            if node.keys:
                steps.append(ExecutionStep(-1, _Assembly(graph, place, unit.rest), (), gone, whole=True))
            else:
                function = graph.functions[place]
                spare = _spare(graph, node, place, at, final, kept) if isinstance(function, np.ufunc) else ()
                steps.append(ExecutionStep(place, function, (*node.arguments, *spare), gone))
    return steps


def _spare(graph: Graph, node: Node, place: int, at: int, final: Mapping[int, int], kept: set[int]) -> tuple[int, ...]:
    """The place whose memory a row may write to, being the last to read it; none where there is none."""
    if not node.primitive or not node.primitive.elementwise or place in graph.results or node.size < _WORTH:
        return ()
    for argument in node.arguments:
        if (
            graph.nodes[argument].shape == node.shape
            and graph.roots[argument] == argument
            and argument in graph.functions
            and graph.owned(argument)
            and argument not in kept
            and final[argument] == at
            and sum(graph.roots[other] == argument for other in dict.fromkeys(node.arguments)) == 1
        ):
            return (argument,)
    return ()


def _reused(graph: Graph, region: Region, at: int, final: Mapping[int, int], kept: set[int]) -> dict[int, int]:
    """Places a region writes whole, with a place it reads for the last time and may write over."""
    found: dict[int, int] = {}
    needs = region.needs(graph)
    spare = [
        place
        for place in needs
        if graph.nodes[place].shape == region.shape
        and graph.roots[place] == place
        and place in graph.functions
        and graph.owned(place)
        and place not in kept
        and final[place] == at
        and sum(graph.roots[other] == place for other in needs) == 1
    ]
    last = {argument: place for place in region.members for argument in graph.nodes[place].arguments}
    for place in region.whole:
        if place in graph.results or not isinstance(graph.functions[place], np.ufunc):
            continue
        for source in spare:
            if last[source] <= place:
                found[place] = source
                spare.remove(source)
                break
    return found


class _Assembly:
    """What is left to be added when the regions have added their parts."""

    def __init__(self, graph: Graph, place: int, rest: Sequence[int]) -> None:
        node = graph.nodes[place]
        self._place = place
        self._shape = node.shape
        self._rest = []
        for position in rest:
            key = node.keys[position]
            self._rest.append((node.arguments[position], (..., *key_slices(key)) if key is not None else ...))

    def __call__(self, places: list[Array]) -> None:
        array, rest = places[self._place], self._rest
        if array is None:
            array = np.empty(self._shape)
            whole = next((number for number, (_, key) in enumerate(rest) if key is ...), None)
            array[...] = 0.0 if whole is None else places[rest[whole][0]]
            rest = [part for number, part in enumerate(rest) if number != whole]
            places[self._place] = array
        for argument, key in rest:
            array[key] += places[argument]
