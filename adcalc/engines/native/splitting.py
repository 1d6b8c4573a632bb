"""A program as several kernels, one after the other, that hand columns on to each other.

LLVM's time grows faster than the code it is given: a program of thousands of operations is compiled in parts,
and what a later part needs of an earlier one lies in columns of a block of rows that stays in the cache.  An
operation for which there is no machine code is a part of its own, carried out by NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from adcalc.algebras.arrays import computed
from adcalc.engines.native.codegen import fits
from adcalc.engines.native.compiling import host
from adcalc.engines.native.layout import Layout, Raised
from adcalc.engines.native.memory import column
from adcalc.engines.native.runtime import Machine
from adcalc.ir.expr import Apply, Expr, rebuild, topological, variable, variables

Array: TypeAlias = Any

#: Operations of a part.
_PART = 1000
#: Numbers handed on within a block, so that they stay in the cache; and the fewest rows of a block.
_ROOM, _FEWEST = 2**16, 256


class Stage(NamedTuple):
    """A part of a program, and where its results go: to one of the program's by its number, or on to later parts."""

    layout: Layout
    targets: tuple[int | str, ...]


def stages(layout: Layout, width: int) -> list[Stage]:
    """A program in parts; what one hands on to another is a column of its own name, `handed 0` and so on.

    Args:
        width: doubles in a vector, by which it is decided what there is machine code for.

    >>> from adcalc.ir.expr import apply
    >>> from adcalc.table import PRIMITIVES
    >>> x = variable("x")
    >>> [stage.targets for stage in stages(Layout(("x",), (), (apply(PRIMITIVES["*"], x, x),), ()), 8)]
    [(0,)]
    """
    order = [node for node in topological([*layout.results, *layout.alarms]) if isinstance(node, Apply)]
    part = _parts(order, width)
    last = max(part.values(), default=0)
    handed: dict[Expr, Expr] = {}
    for node in order:
        for argument in node.arguments:
            if part.get(argument, part[node]) != part[node]:
                handed.setdefault(argument, variable(f"handed {len(handed)}"))
    targets: list[list[tuple[Expr, int | str]]] = [[] for _ in range(last + 1)]
    for crossing, name in handed.items():
        (to,) = variables([name])
        targets[part[crossing]].append((crossing, to))
    for place, result in enumerate(layout.results):
        targets[part.get(result, last)].append((result, place))
    alarms: list[list[Expr]] = [[] for _ in range(last + 1)]
    for alarm in layout.alarms:
        alarms[part.get(alarm, last)].append(alarm)
    found = []
    for number in range(last + 1):
        given = {node: name for node, name in handed.items() if part[node] < number}
        own = [node for node, _ in targets[number]]
        new = rebuild([*own, *alarms[number]], given)
        results, watched = [new[node] for node in own], [new[alarm] for alarm in alarms[number]]
        used = variables([*results, *watched])
        columns = tuple([name for name in used if name not in layout.numbers])
        numbers = tuple([name for name in layout.numbers if name in used])
        found.append(
            Stage(Layout(columns, numbers, tuple(results), tuple(watched)), tuple([to for _, to in targets[number]]))
        )
    return found


def _parts(order: Sequence[Apply], width: int) -> dict[Expr, int]:
    """The number of the part in which each operation is carried out."""
    found: dict[Expr, int] = {}
    number, size = 0, 0
    for node in order:
        fit = fits(node.primitive, len(node.arguments), width)
        if size and (not fit or size == _PART):
            number, size = number + 1, 0
        found[node] = number
        size += 1
        if not fit:
            number, size = number + 1, 0
    return found


class Staged:
    """A program as machine code in parts."""

    __slots__ = ("_machines", "_stages", "layout")

    def __init__(self, layout: Layout, *, fast: bool) -> None:
        """Takes a program and compiles it.

        Raises:
            MissingExtra, Unfit: as `Machine`.
        """
        self.layout = layout
        width = host().width
        self._stages = stages(layout, width)
        self._machines = [
            Machine(stage.layout, fast=fast) if _is_code(stage.layout, width) else Interpreted(stage.layout)
            for stage in self._stages
        ]

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> StagedRun:
        """The program with its data; arguments as those of `Machine.bound`."""
        return StagedRun(
            list(zip(self._stages, self._machines, strict=True)),
            dict(zip(self.layout.columns, columns, strict=True)),
            dict(zip(self.layout.numbers, numbers, strict=True)),
            results,
        )


def _is_code(layout: Layout, width: int) -> bool:
    nodes = topological([*layout.results, *layout.alarms])
    return all([fits(node.primitive, len(node.arguments), width) for node in nodes if isinstance(node, Apply)])


class Interpreted:
    """A part of a program that NumPy carries out."""

    __slots__ = ("layout",)

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> Interpretation:
        """The part with its data."""
        inputs = dict(zip((*self.layout.columns, *self.layout.numbers), (*columns, *numbers), strict=True))
        return Interpretation(self.layout, inputs, results)


class Interpretation(NamedTuple):
    """A part of a program that NumPy carries out, with its data."""

    layout: Layout
    inputs: dict[str, Any]
    results: Sequence[Array]

    def run(self, first: int, last: int) -> Raised:
        """Computes some rows; no alarm is among what NumPy is needed for."""
        inputs = {
            name: values[first:last] if name in self.layout.columns else values for name, values in self.inputs.items()
        }
        for formula, target in zip(self.layout.results, self.results, strict=True):
            target[first:last] = computed(formula, inputs)
        return Raised(alarm=False, strayed=False)


class StagedRun:
    """A program in parts with its data, to be run on any of the rows."""

    __slots__ = ("_columns", "_numbers", "_parts", "_results")

    def __init__(
        self,
        parts: Sequence[tuple[Stage, Machine | Interpreted]],
        columns: dict[str, Array],
        numbers: dict[str, float],
        results: Sequence[Array],
    ) -> None:
        self._parts = parts
        self._columns = columns
        self._numbers = numbers
        self._results = results

    def run(self, first: int, last: int) -> Raised:
        """Computes some rows; what was raised in one of them."""
        names = [to for stage, _ in self._parts for to in stage.targets if isinstance(to, str)]
        size = max(_FEWEST, min(last - first, _ROOM // max(1, len(names)) // 64 * 64))
        room = {name: column(size) for name in names}
        alarm, strayed = False, False
        for begin in range(first, last, size):
            end = min(begin + size, last)
            inputs = {name: values[begin:end] for name, values in self._columns.items()}
            inputs |= {name: values[: end - begin] for name, values in room.items()}
            for stage, machine in self._parts:
                results = [inputs[to] if isinstance(to, str) else self._results[to][begin:end] for to in stage.targets]
                given = [inputs[name] for name in stage.layout.columns]
                numbers = [self._numbers[name] for name in stage.layout.numbers]
                met = machine.bound(given, numbers, results).run(0, end - begin)
                alarm, strayed = alarm or met.alarm, strayed or met.strayed
        return Raised(alarm, strayed)
