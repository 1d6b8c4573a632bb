"""Which rows of a plan are carried out together, block by block.

Rows that work entry by entry over the same large shape form a *region*, with the sums of their values and
the parts that are added into assemblies.  Every place has a level, which rises where a value
leaves a region; the rows of one shape and level are one region, and no path leads out of it and back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from adcalc.engines.graph import Graph
from adcalc.lower.shape_rules import KeyPart, Shape

#: Rows that add up what a region gives, as it goes along.
_REDUCING = frozenset({"core sum", "gather", "unsound"})
#: What is computed again rather than written to memory and read back.
_CHEAP = frozenset({"+", "-", "*", "neg"})
_MOST_AGAIN = 6


@dataclass(slots=True, eq=False)
class Region:
    """Rows over one shape, in order, and what comes of them.

    Attributes:
        reductions: places of sums.
        parts: for each place of an assembly the values added into it, with where.
        whole: places whose arrays others need.
        taken: how often a sum or an assembly gets a value from the region itself, by their places.
    """

    shape: Shape
    members: list[int]
    reductions: list[int] = field(default_factory=list)
    parts: list[tuple[int, int, tuple[KeyPart, ...] | None]] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    taken: dict[tuple[int, int], int] = field(default_factory=dict)

    def needs(self, graph: Graph) -> list[int]:
        """The places that are read, constants too."""
        inside = set(self.members)
        return [place for place in dict.fromkeys(_arguments(graph, self.members)) if place not in inside]


def _arguments(graph: Graph, places: Iterable[int]) -> Iterable[int]:
    return (argument for place in places for argument in graph.nodes[place].arguments)


def regions_of(graph: Graph) -> list[Region]:
    """The regions of a graph."""
    if not graph.large:
        return []
    members = {
        place
        for place in graph.functions
        if not (node := graph.nodes[place]).keys
        and node.primitive is not None and node.primitive.elementwise and node.size >= graph.grain.large
    }  # fmt: skip
    reduced = {
        place: graph.nodes[place].arguments[0]
        for place in graph.functions
        if graph.nodes[place].name in _REDUCING and graph.nodes[place].arguments[0] in members
    }
    levels = _levels(graph, members, reduced)
    groups: dict[tuple[Shape, int], Region] = {}
    home: dict[int, Region] = {}
    for place in sorted(members):
        shape = graph.nodes[place].shape
        region = groups.setdefault((shape, levels[place]), Region(shape, []))
        region.members.append(place)
        home[place] = region
    for place, argument in reduced.items():
        home[argument].reductions.append(place)
        home[argument].taken[place, argument] = 1
    for place in graph.functions:
        node = graph.nodes[place]
        for argument, key in zip(node.arguments, node.keys, strict=bool(node.keys)):
            if argument in home and _landing(node.shape, key) == home[argument].shape:
                home[argument].parts.append((place, argument, key))
                home[argument].taken[place, argument] = home[argument].taken.get((place, argument), 0) + 1
    found = [region for region in groups.values() if _worthwhile(graph, region)]
    kept = {place for region in found for place in region.members}
    home = {place: region for place, region in home.items() if place in kept}
    _repeat_cheap(graph, found, home)
    within: dict[int, list[Region]] = {}
    for region in found:
        for place in region.members:
            within.setdefault(place, []).append(region)
    for place, region in home.items():
        if _leaves(graph, place, within):
            region.whole.append(place)
    return found


def _landing(shape: Shape, key: tuple[KeyPart, ...] | None) -> Shape:
    """The shape of the entries of an assembly that a part is added to."""
    if key is None:
        return shape
    kept = tuple([len(range(*part)) for part in key if isinstance(part, tuple)])
    return shape[: len(shape) - len(key)] + kept


def _worthwhile(graph: Graph, region: Region) -> bool:
    more = len(region.members) + len(region.reductions) + len(region.parts)
    return more > 1 or not isinstance(graph.functions[region.members[0]], np.ufunc)


def _levels(graph: Graph, members: set[int], reduced: dict[int, int]) -> list[int]:
    def crossed(argument: int, user: int) -> int:
        if argument in members:
            alike = user in members and graph.nodes[user].shape == graph.nodes[argument].shape
            return not alike and reduced.get(user) != argument
        return argument in reduced

    levels = [0] * len(graph.nodes)
    for place in graph.functions:
        arguments = [argument for argument in graph.nodes[place].arguments if argument in graph.functions]
        levels[place] = max([levels[argument] + crossed(argument, place) for argument in arguments], default=0)
    # A row that only a later region needs is computed there: its value is not kept until then.
    for place in reversed(list(graph.functions)):
        users = graph.users[place]
        if place in members and place not in graph.results and users:
            latest = min([levels[user] - crossed(place, user) for user in users])
            if any([levels[user] == latest and not crossed(place, user) and user in members for user in users]):
                levels[place] = latest
    return levels


def _repeat_cheap(graph: Graph, found: list[Region], home: dict[int, Region]) -> None:
    """Takes rows into later regions a second time where that costs less than keeping their values."""
    for region in found:
        added: set[int] = set()
        for place in region.needs(graph):
            other = home.get(place)
            if other is None or other.shape != region.shape or place in graph.results:
                continue
            if any([user not in home and not _taken_in(graph, other, user, place) for user in graph.users[place]]):
                continue
            again = _cheaply(graph, other, place)
            if again is not None:
                added |= again
        region.members = sorted({*region.members, *added})


def _taken_in(graph: Graph, region: Region, user: int, place: int) -> bool:
    """Whether a region itself does with a value what a sum or an assembly wants of it."""
    taken = region.taken.get((user, place), 0)
    return taken > 0 and taken == graph.nodes[user].arguments.count(place)


def _cheaply(graph: Graph, region: Region, place: int) -> set[int] | None:
    """The rows of a region that a value is made by, if they are few and simple."""
    inside = set(region.members)
    again: set[int] = set()
    stack = [place]
    while stack:
        at = stack.pop()
        if at not in inside or at in again:
            continue
        if graph.nodes[at].name not in _CHEAP or len(again) == _MOST_AGAIN:
            return None
        again.add(at)
        stack += graph.nodes[at].arguments
    return again


def _leaves(graph: Graph, place: int, within: dict[int, list[Region]]) -> bool:
    """Whether the array of a place is needed outside of the regions that compute it."""
    if place in graph.results:
        return True
    for user in graph.users[place]:
        if user in within:
            if any([region not in within[place] for region in within[user]]):
                return True
        elif not _taken_in(graph, within[place][0], user, place):
            return True
    return False
