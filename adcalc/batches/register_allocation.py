"""A program of numbers as NumPy calls that write to memory that is there: results to their columns, the rest to registers.

A register is a block of rows that stays in the cache, and is free again after the last operation that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS, TruthTest
from adcalc.engines.native.layout import Layout
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Program, lowered

Array: TypeAlias = Any


class RegisterStep(NamedTuple):
    """One NumPy call."""

    place: int
    call: Callable[..., Any]
    arguments: tuple[int, ...]
    writes: bool
    """The call takes the memory for its value as its last argument."""
    register: int
    """Where the value goes; -1 for a result, -2 for memory of its own."""


class Registers:
    """A program as NumPy calls over a block of rows.

    Attributes:
        count: how many registers it takes.
    """

    __slots__ = ("_given", "_outputs", "_steps", "count")

    def __init__(self, layout: Layout, outputs: Sequence[Any]) -> None:
        """Takes a program.

        Args:
            outputs: its results, then what else is to be looked at.
        """
        program = lowered(outputs)
        self._outputs = program.outputs
        moving = program.depends_on(layout.columns)
        self._given = [slot.node for slot in program.slots]
        self._steps, self.count = _steps(program, moving, len(layout.results))

    @staticmethod
    def fit(outputs: Sequence[Any]) -> bool:
        """Whether a program is one of numbers, entry by entry."""
        return all([slot.primitive is None or slot.primitive.elementwise for slot in lowered(outputs).slots])

    def start(self, numbers: dict[str, float]) -> list[Any]:
        """The places of a run: what is the same in every row."""
        places: list[Any] = [node.value if isinstance(node, Number) else None for node in self._given]
        for place, node in enumerate(self._given):
            name = getattr(node, "name", None)
            if name in numbers:
                places[place] = np.float64(numbers[name])
        return places

    def run(
        self, places: list[Any], columns: dict[str, Array], targets: Sequence[Array], room: Sequence[Array]
    ) -> list[Any]:
        """Computes a block of rows; the values of the outputs.

        Args:
            places: from `start`.
            columns: the rows of each column.
            targets: the rows of the results.
            room: the registers, as many rows each.
        """
        for place, node in enumerate(self._given):
            name = getattr(node, "name", None)
            if name in columns:
                places[place] = columns[name]
        owner = dict(zip(self._outputs, targets, strict=False))
        for place, call, arguments, writes, register in self._steps:
            given = [places[argument] for argument in arguments]
            if register == _OWN:
                places[place] = call(*given)
                continue
            memory = owner[place] if register == _RESULT else room[register]
            if writes:
                call(*given, memory)
            else:
                memory[...] = call(*given)
            places[place] = memory
        for output, target in zip(self._outputs, targets, strict=False):
            if places[output] is not target:
                target[...] = places[output]
        return [places[output] for output in self._outputs]


_RESULT, _OWN = -1, -2


def _steps(program: Program, moving: Sequence[bool], results: int) -> tuple[list[RegisterStep], int]:
    last = {argument: index for index, slot in enumerate(program.slots) for argument in slot.arguments}
    kept = set(program.outputs)
    owned = set(program.outputs[:results])
    free: list[int] = []
    count = 0
    held: dict[int, int] = {}
    steps = []
    for index, slot in enumerate(program.slots):
        if slot.primitive is None:
            continue
        call, writes, arguments = _call(program, slot.primitive, slot.arguments)
        if not moving[index]:
            own = ARRAYS.function(slot.primitive)
            steps.append(RegisterStep(index, own, slot.arguments, False, _OWN))
            continue
        register = _RESULT if index in owned else -3
        # An operation entry by entry may write over what it reads for the last time.
        gone = [argument for argument in dict.fromkeys(slot.arguments) if last[argument] == index and argument in held]
        free += [held.pop(argument) for argument in gone if argument not in kept]
        if register != _RESULT:
            if not free:
                free.append(count)
                count += 1
            register = held[index] = free.pop()
        steps.append(RegisterStep(index, call, arguments, writes, register))
    return steps, count


def _call(program: Program, primitive: Primitive, arguments: tuple[int, ...]) -> tuple[Any, bool, tuple[int, ...]]:
    """The NumPy call of a row, whether it takes memory to write to, and what it is given."""
    function: Any = ARRAYS.function(primitive)
    if primitive.name == "^":
        power = program.slots[arguments[1]].node
        if isinstance(power, Number) and power.value == 2.0:
            return np.multiply, True, (arguments[0], arguments[0])
    if isinstance(function, np.ufunc) and function.nin == len(arguments):
        return function, True, arguments
    if isinstance(function, TruthTest):
        return lambda *given: function.into(given[-1], *given[:-1]), True, arguments
    return function, False, arguments
