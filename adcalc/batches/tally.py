"""What is said of the rows of a table, part by part, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from adcalc.batches.row_diagnosis import Looked, Warned
from adcalc.errors import Caution
from adcalc.results import Reason

#: Rows that a reason names.
_NAMED = 5


class Tally:
    """Reasons and warnings of all parts of a table so far.

    Attributes:
        rows: how many there were.
        failed: how many of them have no value.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.failed = 0
        self._reasons: dict[object, Reason] = {}
        self._warnings: dict[object, Warned] = {}

    def add(self, rows: int, looked: Looked, unreadable: Mapping[str, Reason] = MappingProxyType({})) -> None:
        """Counts in what was found in the next rows.

        Args:
            unreadable: what is wrong with cells, by column.
        """
        for column, reason in unreadable.items():
            self._reason(column, reason)
        for reason in looked.failures:
            self._reason(reason.span or reason.message, reason)
        for warned in looked.warnings:
            key = (warned.about.kind, warned.about.span)
            before = self._warnings.get(key)
            first = before or warned._replace(row=warned.row + self.rows, times=0)
            self._warnings[key] = first._replace(times=first.times + warned.times)
        self.rows += rows

    def _reason(self, key: object, reason: Reason) -> None:
        before = self._reasons.get(key)
        rows = tuple([row + self.rows for row in reason.rows])
        count = reason.count
        if before is not None:
            reason, rows, count = before, (*before.rows, *rows), before.count + count
        self._reasons[key] = Reason(reason.message, reason.span, count, rows[:_NAMED], reason.hint)
        self.failed = sum(each.count for each in self._reasons.values())

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why rows have no value, the most frequent first."""
        return tuple(sorted(self._reasons.values(), key=lambda reason: -reason.count))

    def warnings(self, label: Callable[[int], str]) -> list[Caution]:
        """The warnings, with the rows they are about."""
        return [warned.caution(label) for warned in self._warnings.values()]
