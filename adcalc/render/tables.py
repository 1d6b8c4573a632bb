"""What is said when the rows of a table are done: which have no results and why, on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from adcalc.errors import Caution
from adcalc.function import Function
from adcalc.render.problems import caution_text
from adcalc.results import Reason

if TYPE_CHECKING:
    from adcalc.io.chunks import Table
    from adcalc.io.pipeline import Summary


def show_summary(summary: Summary, function: Function, table: Table, on_error: str, *, colour: bool) -> None:
    """Notes about the table, warnings about the formula and about rows, and why rows have no results."""
    tally = summary.tally
    said = [Caution("name", table.note)] if table.note else []
    said += summary.warnings
    said += [_reason(reason, tally.rows, on_error) for reason in tally.reasons]
    for caution in said:
        sys.stderr.write(caution_text(caution, function.source, colour=colour) + "\n")


def _reason(reason: Reason, rows: int, on_error: str) -> Caution:
    """A reason as a warning, with how many rows it is about and the first of them."""
    what = "are left out" if on_error == "skip" else "have no results"
    if reason.count == 1:
        what = "is left out" if on_error == "skip" else "has no results"
        subject = f"row {reason.rows[0] + 1} of {rows}"
    else:
        named = ", ".join(str(row + 1) for row in reason.rows)
        subject = f"{reason.count} of {rows} rows ({named}{', ...' if reason.count > len(reason.rows) else ''})"
    return Caution("row", f"{subject} {what}: {reason.message}", reason.span, reason.hint)
