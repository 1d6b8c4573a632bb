"""One row of a batch, put to the backend that answers for single points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from adcalc.autodiff.figures import FiguresWanted
from adcalc.backends.backend import Backend
from adcalc.batches.points import Points
from adcalc.errors import Caution, DomainProblem
from adcalc.query.answer import answer
from adcalc.query.query import Query

Array: TypeAlias = Any


#: Points whose answers are kept.
_MOST_KNOWN = 1_000


class Answered(NamedTuple):
    """What the backend says of one row."""

    figures: Sequence[float]
    """The value, the partials, and the upper triangle of the Hessian by rows, as far as they are wanted."""
    cautions: Sequence[Caution]


@dataclass(frozen=True, slots=True)
class Single:
    """A formula and its points, to be asked for one of them."""

    query: Query
    where: Points
    symbols: tuple[str, ...]
    backend: Backend
    hessian: bool
    known: dict[tuple[str, ...], Answered] = field(default_factory=dict)
    """What was said of points that may come again."""

    def __call__(self, row: int) -> Answered:
        """The figures of a row.

        Raises:
            DomainProblem: it has none.
        """
        kind: Literal["hessian", "gradient"] = "hessian" if self.hessian else "gradient"
        point = self.where.at(row)
        # With the sign of 0 and every bit.
        key = tuple([f"{value!r}" for value in point.values()])
        if key in self.known:
            return self.known[key]
        asked = self.query.asked()._replace(inputs=point)
        try:
            found = answer(asked, FiguresWanted(kind, self.symbols), self.backend)
        except DomainProblem as problem:
            # What it has passed on its way would keep the columns in memory.
            raise problem.with_traceback(None) from None
        matrix = found.figures.matrix if self.hessian else []
        upper = [float(entry) for place, line in enumerate(matrix) for entry in line[place:]]
        said = Answered([found.figures.value, *found.figures.blocks.values(), *upper], found.cautions)
        if len(self.known) < _MOST_KNOWN:
            self.known[key] = said
        return said
