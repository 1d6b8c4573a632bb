"""The order of the steps: of those that are ready the one that lets most memory go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from adcalc.engines.fusion import Region
from adcalc.engines.graph import Graph

#: More steps than this stay in the order in which they were written: to choose among them would take longer.
_MOST_CHOSEN = 500


@dataclass(slots=True, eq=False)
class Unit:
    """What is carried out in one go."""

    region: Region | None
    needs: list[int]
    """Places that are read."""
    gives: list[int]
    """Places that have their values afterwards."""
    rest: list[int] = field(default_factory=list)
    """Of an assembly: which parts are not added by regions."""


def in_order(graph: Graph, regions: Sequence[Region]) -> list[Unit]:
    """Every step once, after those it needs."""
    units: list[Unit] = []
    taken: dict[int, int] = {}
    adders: dict[int, list[int]] = {}
    handled: set[tuple[int, int, object]] = set()
    inside: set[int] = set()
    for region in regions:
        inside |= set(region.members)
        needs = [place for place in region.needs(graph) if place not in graph.constants]
        unit = Unit(region, needs, [*region.whole, *region.reductions])
        for place, argument, key in region.parts:
            handled.add((place, argument, key))
            adders.setdefault(place, []).append(len(units))
        for place in unit.gives:
            taken[place] = len(units)
        units.append(unit)
    for place in graph.functions:
        if place in taken or place in inside:
            continue
        node = graph.nodes[place]
        rest = [i for i, key in enumerate(node.keys) if (place, node.arguments[i], key) not in handled]
        arguments = [node.arguments[i] for i in rest] if node.keys else list(node.arguments)
        needs = [argument for argument in dict.fromkeys(arguments) if argument not in graph.constants]
        taken[place] = len(units)
        units.append(Unit(None, needs, [place], rest))
    before: list[set[int]] = [{taken[place] for place in unit.needs if place in taken} for unit in units]
    for place, numbers in adders.items():
        before[taken[place]] |= set(numbers)
    return _chosen(graph, units, before)


def _chosen(graph: Graph, units: list[Unit], before: list[set[int]]) -> list[Unit]:
    after: list[list[int]] = [[] for _ in units]
    for number, earlier in enumerate(before):
        for each in earlier:
            after[each].append(number)
    waiting = [len(earlier) for earlier in before]
    first = [min(unit.gives or [len(graph.nodes)]) for unit in units]
    uses: dict[int, int] = {}
    for unit in units:
        for root in {graph.roots[place] for place in unit.needs}:
            uses[root] = uses.get(root, 0) + 1
    for place in graph.outputs:
        uses[graph.roots[place]] = len(units)
    careful = len(units) <= _MOST_CHOSEN and graph.large

    def cost(number: int) -> tuple[int, int]:
        unit = units[number]
        grown = sum(graph.nodes[place].size for place in unit.gives if graph.roots[place] == place)
        for root in {graph.roots[place] for place in unit.needs}:
            if uses[root] == 1 and root in graph.functions:
                grown -= graph.nodes[root].size
        return (grown if abs(grown) >= graph.grain.large else 0), first[number]

    ready = [(first[number], number) for number, count in enumerate(waiting) if count == 0]
    heapify(ready)
    ordered = []
    while ready:
        if careful:
            number = min([number for _, number in ready], key=cost)
            ready.remove((first[number], number))
        else:
            _, number = heappop(ready)
        unit = units[number]
        ordered.append(unit)
        for root in {graph.roots[place] for place in unit.needs}:
            uses[root] -= 1
        for each in after[number]:
            waiting[each] -= 1
            if not waiting[each]:
                heappush(ready, (first[each], each))
    return ordered
