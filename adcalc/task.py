"""A formula over arrays at a point: what a backend is asked to differentiate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.alarms import Alarm, Kind, alarms
from adcalc.errors import Caution, Source, Span
from adcalc.expr import Expr
from adcalc.prepared import Prepared, stacked_seeds
from adcalc.scene import Scene
from adcalc.shapes.core import Shape

Array: TypeAlias = Any

#: Entries of the largest array on the way times directions taken at once.
_MOST_AT_ONCE = 2**22


class Task:
    """A prepared formula with the values of its variables.

    Attributes:
        value: the value of the formula, once anything has been computed.
        order: of the derivatives that are wanted.
        cautions: what is to be said about the point, kinks included if derivatives by them were asked for.
    """

    __slots__ = ("cautions", "inputs", "order", "prepared", "source", "spans", "value", "wrt")

    def __init__(
        self,
        prepared: Prepared,
        inputs: Mapping[str, Array],
        wrt: tuple[str, ...],
        spans: Mapping[Expr, Span],
        source: Source,
        order: int = 1,
    ) -> None:
        self.prepared = prepared
        self.inputs = inputs
        self.wrt = wrt
        self.order = order
        self.spans = spans
        self.source = source
        self.value: Array = None
        self.cautions: list[Caution] = []

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self.prepared.shape

    @property
    def scene(self) -> Scene:
        """Every operation with its value."""
        return Scene(self.prepared, self.inputs, self.spans, self.source)

    def shapes(self) -> dict[str, Shape]:
        """The shapes of the variables to differentiate by."""
        return {name: np.shape(self.inputs[name]) for name in self.wrt}

    def size(self) -> int:
        """How many entries they have together."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def run(
        self, formulas: Sequence[Expr | None], shapes: Sequence[Shape], seeds: Mapping[str, Array] | None = None
    ) -> list[Array]:
        """The values of formulas derived from this one, each repeated to its shape; None is zero.

        The first run also computes the value itself and what the alarms watch.

        Raises:
            DomainProblem: the point is outside the domain.
        """
        wanted = [formula for formula in formulas if formula is not None]
        inputs = {**self.inputs, **seeds} if seeds else self.inputs
        if self.value is None:
            watched = alarms(self.prepared, self.wrt)
            found = self.prepared.run([self.prepared.root, *[alarm.formula for alarm in watched], *wanted], inputs)
            self.value, raised, found = found[0], found[1 : len(watched) + 1], found[len(watched) + 1 :]
            heard = [
                alarm
                for alarm, value in zip(watched, raised, strict=True)
                if (value if isinstance(value, float) else np.any(value))
            ]
            if heard:
                self._hear(heard)
        else:
            found = self.prepared.run(wanted, inputs)
        values = iter(found)
        return [
            np.zeros(shape) if formula is None else _repeated(next(values), shape)
            for formula, shape in zip(formulas, shapes, strict=True)
        ]

    def _hear(self, heard: Sequence[Alarm]) -> None:
        scene = self.scene
        slots: dict[Kind, list[int]] = {"domain": [], "kink": [], "digits": []}
        for alarm in heard:
            slots[alarm.kind].append(alarm.slot)
        problem = scene.domain_problem() if slots["domain"] else None
        if problem is not None:
            raise problem
        self.cautions += scene.digit_cautions(slots["digits"])
        self.cautions += scene.kink_cautions(scene.harmful(slots["kink"], self.wrt, self.order))

    def chunks(self, count: int) -> Iterator[tuple[int, int]]:
        """Directions to take at once, so that no array on the way grows too large."""
        shapes = self.prepared.builder.shapes
        largest = max((int(np.prod(shapes[slot.node])) for slot in self.prepared.program.slots), default=1)
        step = max(1, min(count, _MOST_AT_ONCE // max(largest, 1)))
        return ((first, min(first + step, count)) for first in range(0, count, step))

    def pushed(self, make: Callable[[Mapping[str, Array]], Array]) -> Array:
        """What every unit direction gives, as rows: chunks of directions put together again."""
        shapes = self.shapes()
        rows = []
        for first, last in self.chunks(self.size()):
            seeds = stacked_seeds(self.wrt, shapes, first, last)
            rows.append(make({f"tangent {name}": seed for name, seed in seeds.items()}))
        return np.concatenate(rows) if rows else np.zeros((0, *self.shape))

    def blocks(self, matrix: Array, lead: Shape) -> dict[str, Array]:
        """The columns of a matrix, a block for each variable in the variable's shape."""
        found = {}
        offset = 0
        for name, shape in self.shapes().items():
            size = int(np.prod(shape))
            found[name] = matrix[:, offset : offset + size].reshape((*lead, *shape))
            offset += size
        return found


def _repeated(value: Array, shape: Shape) -> Array:
    return value if np.shape(value) == shape else np.array(np.broadcast_to(value, shape))


def flat(arrays: Sequence[Array], count: int) -> Array:
    """Stacks of arrays as the columns of one matrix of some rows."""
    return (
        np.concatenate([np.reshape(array, (count, -1)) for array in arrays], axis=1) if arrays else np.zeros((count, 0))
    )
