"""A formula over the rows of a table: read, computed and written part by part, all three at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from adcalc.batches.batch import carried_out, row_label
from adcalc.batches.order import Order, pairs
from adcalc.batches.row_diagnosis import SECONDS_FOR_DIGITS
from adcalc.batches.tally import Tally
from adcalc.errors import Caution, DomainProblem, InputProblem
from adcalc.function import Function
from adcalc.io.chunks import Part, Table, Writer, shortened
from adcalc.io.references import Array
from adcalc.query.inputs import Given
from adcalc.results import Reason

OnError: TypeAlias = Literal["nan", "skip", "stop"]

#: Rows that a reason names.
_NAMED = 5
#: Cells that are looked at to say what is wrong with a column.
_LOOKED_AT = 64


@dataclass(frozen=True, slots=True)
class TableRun:
    """A formula, and how it is computed from the columns of a table."""

    function: Function
    order: Order
    columns: Mapping[str, str]
    """The column that each variable is read from."""
    numbers: Mapping[str, Given]
    """The variables that are the same in every row."""
    on_error: OnError

    @property
    def results(self) -> list[str]:
        """The names of the columns that come out: `value`, `d_x`, `d_x_y`."""
        names = self.function.by(self.order.wrt)
        second = [f"d_{a}_{b}" for a, b in pairs(names)] if self.order.hessian else []
        return ["value", *[f"d_{name}" for name in names], *second]

    def check(self) -> None:
        """Whether the formula can be computed from columns at all, before anything is written.

        Raises:
            Problem: it cannot.
        """
        import numpy as np

        carried_out(self.function, {**self.numbers, **dict.fromkeys(self.columns, np.empty(0))}, self.order)

    def over(
        self, table: Table, parts: Iterable[Part], writer: Writer, progress: Callable[[int, int | None], Any]
    ) -> Summary:
        """Computes every row of a table.

        Args:
            parts: its rows.
            progress: is told how many rows are done, and where the last of them ends in the file.

        Raises:
            Problem: the table cannot be read or written, or a row cannot be computed and that is to stop the run.
        """
        tally = Tally()
        cautions: dict[Caution, None] = {}
        names, seconds = self.results, SECONDS_FOR_DIGITS
        with writer:
            for part in parts:
                order = self.order._replace(once=table.rows or _estimated(table, tally.rows + part.rows))
                given = {name: part.numbers[column] for name, column in self.columns.items()}
                known = _unreadable(part)
                found = carried_out(self.function, {**self.numbers, **given}, order, known=known, seconds=seconds)
                seconds = max(0.0, seconds - found.seconds)
                cautions |= dict.fromkeys(found.cautions)
                tally.add(part.rows, found.looked, _reasons(part, known))
                if tally.failed and self.on_error == "stop":
                    raise _stopped(tally, self.function)
                drop = None
                if self.on_error == "skip":
                    drop = _dropped(part, known, found.looked.failed)
                writer.write(part.kept, dict(zip(names, found.results, strict=True)), drop)
                progress(tally.rows, part.end)
        return Summary(tally, tuple(cautions))


@dataclass(frozen=True, slots=True)
class Summary:
    """What is to be said of all rows."""

    tally: Tally
    cautions: tuple[Caution, ...]

    @property
    def warnings(self) -> list[Caution]:
        """Warnings about the formula, then about rows."""
        return [*self.cautions, *self.tally.warnings(row_label)]


def _estimated(table: Table, rows: int) -> int:
    """How many rows there are, as far as can be told when some have been read."""
    done, whole = table.position, table.size
    return rows * max(1, whole // done) if whole and done else rows


def _unreadable(part: Part) -> Array | None:
    """A mask of the rows that have a cell that is no number, or are not whole."""
    if not part.unreadable and not part.broken:
        return None
    import numpy as np

    mask = np.zeros(part.rows, dtype=bool)
    for each in part.unreadable.values():
        mask |= each
    mask[list(part.broken)] = True
    return mask


def _reasons(part: Part, known: Array | None) -> dict[str, Reason]:
    """What is wrong with cells, by column, in the words of the first one; rows that are not whole have no column."""
    if known is None:
        return {}
    import numpy as np

    found = {}
    broken = sorted(part.broken)
    if broken:
        found[""] = Reason(part.broken[broken[0]], None, len(broken), tuple(broken[:_NAMED]))
    left = known.copy()
    left[broken] = False
    for column, mask in part.unreadable.items():
        rows = np.flatnonzero(mask & left)
        if len(rows):
            left[rows] = False
            words = _cells(part, column, rows[:_LOOKED_AT].tolist())
            found[column] = Reason(words, None, len(rows), tuple(rows[:_NAMED].tolist()))
    return found


def _cells(part: Part, column: str, rows: Sequence[int]) -> str:
    """What is wrong with the cells of a column."""
    texts = [text for row in rows if (text := part.cell(column, row))]
    if not texts:
        return f"`{shortened(column)}` is empty"
    what = "is no number" if len(texts) == len(rows) else "is empty or no number"
    return f"`{shortened(column)}` {what}: `{shortened(texts[0])}`"


def _dropped(part: Part, known: Array | None, failed: Array) -> Array:
    import numpy as np

    mask = np.zeros(part.rows, dtype=bool) if known is None else known.copy()
    mask[failed] = True
    return mask


def _stopped(tally: Tally, function: Function) -> InputProblem | DomainProblem:
    reason = min(tally.reasons, key=lambda each: each.rows[0])
    message = f"{row_label(reason.rows[0])} cannot be computed: {reason.message}"
    if reason.span is None:
        return InputProblem(message, hint="`--on-error nan` leaves its results empty, `--on-error skip` leaves it out")
    return DomainProblem(message, reason.span, reason.hint, function.source)
