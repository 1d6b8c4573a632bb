"""One row of a batch, put to the backend that answers for single points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from adcalc.arrayed import ArrayAnswer
from adcalc.backends.protocol import Backend
from adcalc.batches.points import Points
from adcalc.errors import Caution, DomainProblem
from adcalc.reading import Reading

Array: TypeAlias = Any


class Answered(NamedTuple):
    """What the backend says of one row."""

    figures: Sequence[float]
    """The value, the partials, and the upper triangle of the Hessian by rows, as far as they are wanted."""
    cautions: Sequence[Caution]


@dataclass(frozen=True, slots=True)
class Single:
    """A formula and its points, to be asked for one of them."""

    reading: Reading
    where: Points
    symbols: tuple[str, ...]
    backend: Backend
    hessian: bool

    @property
    def _kind(self) -> Literal["value", "gradient", "hessian"]:
        return "hessian" if self.hessian else "gradient"

    def __call__(self, row: int) -> Answered:
        """The figures of a row.

        Raises:
            DomainProblem: it has none.
        """
        try:
            answer = replace(self.reading, inputs=dict(self.where.at(row))).answer(0, self.backend, self._kind)
        except DomainProblem as problem:
            # What it has passed on its way would keep the columns in memory.
            raise problem.with_traceback(None) from None
        size = len(self.symbols)
        if isinstance(answer, ArrayAnswer):
            found = answer.derivatives
            value = float(answer.value)
            first = [float(found.jacobian[symbol]) for symbol in self.symbols]
            matrix = [] if found.matrix is None else found.matrix.tolist()
        else:
            value, *rest = answer.figures
            first, rest = rest[:size], rest[size:]
            matrix = [rest[size * line : size * (line + 1)] for line in range(size)] if rest else []
        upper = [entry for place, line in enumerate(matrix) for entry in line[place:]]
        return Answered([value, *first, *upper], answer.cautions)
