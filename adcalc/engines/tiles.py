"""Carrying out a region: all of its rows on one block of entries that fits into the cache, then on the next.

What a row gives lies in a register, an array of the size of a block that the next row finds in the
cache; what others need of it is written to its place at once, and sums are added up pairwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from adcalc.algebras.arrays import TruthTest
from adcalc.algebras.kernels import Kernel
from adcalc.engines.fusion import Region
from adcalc.engines.graph import Graph
from adcalc.lower.shape_rules import Shape, key_slices

Array: TypeAlias = Any

#: Registers between runs, of all plans together; nobody else sees one while it is in use.
_SPARE: list[Array] = []
_MOST_SPARE = 32


class Fused:
    """A region made ready: cells for all that its rows read and write, and calls that go from cell to cell.

    The first cells are what is read from outside; then come the places written, then registers.

    Attributes:
        needs: the places read.
        gives: the places whose values are arrays or sums when it has run.
        adds: the assemblies it adds to; made when they are not there yet.
    """

    def __init__(self, graph: Graph, region: Region, reused: dict[int, int]) -> None:
        """Compiles a region.

        Args:
            reused: places to write, with the place read whose memory they may take.
        """
        self.shape = region.shape
        self.needs = region.needs(graph)
        self.gives = [*region.whole, *region.reductions]
        self.adds = list(dict.fromkeys(place for place, _, _ in region.parts))
        self._whole = region.whole
        self._reused = reused
        self._assembled = {place: graph.nodes[place].shape for place in self.adds}
        self._parts = [(place, (..., *key_slices(key)) if key is not None else ...) for place, _, key in region.parts]
        self._cells = 0
        self._cell: dict[int, int] = {}
        for place in (*self.needs, *region.whole):
            self._cell[place] = self._new_cell()
        self._part_cells = [self._new_cell() for _ in region.parts]
        self.calls: list[tuple[Any, Any]] = []
        self._registers: list[int] = []
        self._split = _split(region.shape, graph.grain.block)
        self._compile(graph, region)
        self._reductions = [
            _Reduction(graph, place, self._cell[graph.nodes[place].arguments[0]]) for place in region.reductions
        ]

    def _new_cell(self) -> int:
        self._cells += 1
        return self._cells - 1

    def _compile(self, graph: Graph, region: Region) -> None:
        last: dict[int, int] = {}
        for at, place in enumerate(region.members):
            for argument in graph.nodes[place].arguments:
                last[argument] = at
        ends: dict[int, list[int]] = {}
        for number, place in enumerate(region.reductions):
            ends.setdefault(graph.nodes[place].arguments[0], []).append(number)
        added: dict[int, list[int]] = {}
        for cell, (_, argument, _) in zip(self._part_cells, region.parts, strict=True):
            added.setdefault(argument, []).append(cell)
        free: list[int] = []
        held: set[int] = set()
        for at, place in enumerate(region.members):
            node = graph.nodes[place]
            arguments = dict.fromkeys(node.arguments)
            dying = [a for a in arguments if a in held and last[a] == at]
            function = graph.functions[place]
            cells = [self._cell[argument] for argument in node.arguments]
            direct = isinstance(function, np.ufunc)
            if direct:
                # A row may write over what it reads: entry by entry, each is read before it is written.
                free += [self._cell[argument] for argument in dying]
                held -= set(dying)
            if place not in self._cell:
                self._cell[place] = free.pop() if free else self._register()
                held.add(place)
            own = self._cell[place]
            if direct:
                self.calls.append((function, itemgetter(*cells, own)))
            else:
                self.calls.append((_into(function), itemgetter(own, *cells)))
                free += [self._cell[argument] for argument in dying]
                held -= set(dying)
            for cell in added.get(place, ()):
                self.calls.append((np.add, itemgetter(cell, own, cell)))
            for number in ends.get(place, ()):
                self.calls.append((None, number))
            if place in held and last.get(place, -1) <= at:
                free.append(own)
                held.discard(place)

    def _register(self) -> int:
        cell = self._new_cell()
        self._registers.append(cell)
        return cell

    def run(self, places: list[Array]) -> None:
        """Computes what the region gives, from places to places."""
        for place in self._whole:
            source = self._reused.get(place)
            places[place] = np.empty(self.shape) if source is None else places[source]
        for place, shape in self._assembled.items():
            if places[place] is None:
                places[place] = np.zeros(shape)
        arrays = [places[place] for place in (*self.needs, *self._whole)]
        arrays += [places[place][key] for place, key in self._parts]
        cells: list[Array] = arrays + [None] * (self._cells - len(arrays))
        patterns = self._patterns(arrays)
        registers = [_taken(self._split.size) for _ in self._registers]
        before: Shape = ()
        calls, sums = self.calls, [_Sums(reduction) for reduction in self._reductions]
        for block, shape in self._split.blocks():
            for pattern, members in patterns:
                key = tuple([slice(None) if axis is None else block[axis] for axis in pattern])
                for cell in members:
                    cells[cell] = arrays[cell][key]
            if shape != before:
                size = math.prod(shape)
                for cell, register in zip(self._registers, registers, strict=True):
                    cells[cell] = register[:size].reshape(shape)
                before = shape
            for function, chosen in calls:
                if function is None:
                    sums[chosen].add(cells, block)
                else:
                    function(*chosen(cells))
        _SPARE.extend(registers[: _MOST_SPARE - len(_SPARE)] if len(_SPARE) < _MOST_SPARE else ())
        for reduction, each in zip(self._reductions, sums, strict=True):
            places[reduction.place] = each.result()

    def _patterns(self, arrays: Sequence[Array]) -> list[tuple[tuple[int | None, ...], list[int]]]:
        """How the arrays are cut: by axis the axis of the region it follows, None for one that is repeated."""
        found: dict[tuple[int | None, ...], list[int]] = {}
        rank, cut = len(self.shape), self._split.axes
        for cell, array in enumerate(arrays):
            shape = np.shape(array)
            first = rank - len(shape)
            pattern = [
                axis if shape[axis - first] != 1 or self.shape[axis] == 1 else None for axis in range(first, cut)
            ]
            while pattern and pattern[-1] is None:
                pattern.pop()
            if pattern:
                found.setdefault(tuple(pattern), []).append(cell)
        return list(found.items())


def _taken(size: int) -> Array:
    """A register of at least so many entries; to touch new memory takes longer than to compute."""
    try:
        register = _SPARE.pop()
    except IndexError:
        return np.empty(size)
    return register if len(register) >= size else np.empty(size)


class _Split:
    """A shape in blocks: slices of its first axes."""

    def __init__(self, shape: Shape, axes: int, rows: int) -> None:
        self.shape = shape
        self.axes = axes
        self.rows = rows
        self.size = rows * math.prod(shape[axes:])

    def blocks(self) -> Iterator[tuple[tuple[slice, ...], Shape]]:
        """The slices of each block, and its shape."""
        outer, rest = self.shape[: self.axes - 1], self.shape[self.axes :]
        length = self.shape[self.axes - 1]
        for place in np.ndindex(*outer):
            before = tuple([slice(at, at + 1) for at in place])
            for first in range(0, length, self.rows):
                last = min(first + self.rows, length)
                yield (*before, slice(first, last)), ((1,) * len(outer) + (last - first,) + rest)


def _split(shape: Shape, size: int) -> _Split:
    for axes in range(1, len(shape) + 1):
        row = math.prod(shape[axes:])
        if row <= size:
            break
    return _Split(shape, axes, min(max(1, size // row), shape[axes - 1]))


class _Reduction:
    """A sum of the values of a region over some axes."""

    def __init__(self, graph: Graph, place: int, cell: int) -> None:
        node = graph.nodes[place]
        assert node.primitive is not None
        below = graph.nodes[node.arguments[0]].shape
        rank = len(below)
        self.place = place
        self.cell = cell
        self.shape = node.shape
        self.unsound = node.name == "unsound"
        if self.unsound:
            self.axes = tuple(range(rank))
        elif node.name == "gather":
            dims = node.primitive.setting("dims")
            behind = below[rank - len(dims) :]
            self.axes = tuple([rank - len(dims) + axis for axis, n in enumerate(dims) if n != behind[axis]])
        else:
            self.axes = tuple(sorted([axis % rank for axis in node.primitive.setting("axes")]))
        self.over: tuple[int, ...] | None = None if len(self.axes) == rank else self.axes
        self.kept = tuple([1 if axis in self.axes else length for axis, length in enumerate(below)])


class _Sums:
    """A reduction under way."""

    def __init__(self, reduction: _Reduction) -> None:
        self._reduction = reduction
        self._parts: dict[tuple[tuple[int, int], ...], list[Array]] = {}

    def add(self, cells: Sequence[Array], block: tuple[slice, ...]) -> None:
        """Takes the sums of one block in."""
        reduction = self._reduction
        if reduction.over is None:
            key: tuple[tuple[int, int], ...] = ()
            part = np.add.reduce(cells[reduction.cell], axis=None)
        else:
            kept = [(0, 1) if axis in reduction.over else (cut.start, cut.stop) for axis, cut in enumerate(block)]
            key = tuple(kept)
            part = np.add.reduce(cells[reduction.cell], axis=reduction.over, keepdims=True)
        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = []
        # Pairwise, as a counter counts in twos: two sums of as many blocks become one.
        level = 0
        while level < len(parts) and parts[level] is not None:
            part = parts[level] + part
            parts[level] = None
            level += 1
        if level == len(parts):
            parts.append(part)
        else:
            parts[level] = part

    def result(self) -> Array:
        """The sum of all blocks."""
        reduction = self._reduction
        totals = {
            key: reduce(np.add, [part for part in parts if part is not None]) for key, parts in self._parts.items()
        }
        if reduction.unsound:
            return float(not np.isfinite(totals[()]))
        if reduction.over is None:
            return np.reshape(totals[()], reduction.shape)[()]
        result = np.empty(reduction.kept)
        for key, total in totals.items():
            result[tuple([slice(*cut) for cut in key])] = total
        return result.reshape(reduction.shape)


def _into(function: Kernel) -> Kernel:
    """A function that writes its value to where its first argument is."""
    if function is np.where:
        return _choose
    if isinstance(function, TruthTest):
        return function.into
    return lambda out, *arguments: np.copyto(out, function(*arguments))


def _choose(out: Array, condition: Array, first: Array, second: Array) -> None:
    np.copyto(out, second)
    np.copyto(out, first, where=np.not_equal(condition, 0.0))
