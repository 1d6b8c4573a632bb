"""Every backend's figures beside each other, as a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adcalc.algebras.text import digits
from adcalc.function import Function
from adcalc.render.figures import entries, figure_shape, labels
from adcalc.render.formats import show
from adcalc.render.machine import listing
from adcalc.render.page import title
from adcalc.render.report import Cells, Line, Report
from adcalc.results import Comparison, Figure

if TYPE_CHECKING:
    from adcalc.render.screen import Screen


def show_comparison(function: Function, at: Mapping[str, Figure], answers: Sequence[Comparison], format: str) -> None:
    """What each backend found, how far apart they are, and what it took."""
    largest = max((a.ulps for a in answers if a.backend != "numeric"), default=0.0)

    def record() -> dict[str, object]:
        return {
            "formula": str(function), "at": at, "backends": [_fields(answer) for answer in answers],
            "largest_disagreement_ulps": largest,
        }  # fmt: skip

    def lines() -> list[Line]:
        header, rows = _cells(answers, "-")
        return [("", header), *[("", row) for row in rows]]

    report = Report(
        records=lambda: [record()],
        cells=lambda: Cells(*_cells(answers, "")),
        lines=lines,
        latex=lambda: listing(*_cells(answers, "--")),
        draw=lambda screen: _table(screen, function, at, answers, largest),
    )
    show(report, format)


def _cells(answers: Sequence[Comparison], missing: str) -> tuple[list[str], list[list[float | str]]]:
    """The names of the columns, and a row for each backend."""
    first = next((answer.gradient for answer in answers if answer.gradient), None)
    partials = first.partials if first else {}
    names = [column for name, partial in partials.items() for column in labels(f"d_{name}", figure_shape(partial))]
    header = ["backend", "value", *names, "ulps", "operations", "evaluations", "seconds"]
    rows: list[list[float | str]] = []
    for a in answers:
        figures = [math.nan] * (len(names) + 1)
        if a.gradient:
            figures = [*entries(a.gradient.value), *(e for d in a.gradient.partials.values() for e in entries(d))]
        rows.append([a.backend, *figures, a.ulps, _count(a.operations, missing), str(a.evaluations), a.seconds])
    return [name.replace(",", "_") for name in header], rows


def _count(operations: int | None, missing: str = "-") -> str:
    return missing if operations is None else str(operations)


def _table(
    screen: Screen, function: Function, at: Mapping[str, Figure], answers: Sequence[Comparison], largest: float
) -> None:
    from adcalc.render.grids import error_bound

    title(screen, function, at)
    good = [answer for answer in answers if answer.gradient is not None]
    screen.table(["", *(a.backend for a in good)], _figure_rows(screen, good))
    screen.line()
    costs = [
        [a.backend, _ulps(a.ulps), _count(a.operations), str(a.evaluations), f"{a.seconds * 1e3:.3f} ms"] for a in good
    ]
    screen.table(["", "ulps from reverse", "operations", "evaluations", "time"], costs)
    for answer in answers:
        if answer.problem:
            screen.line(f"  {answer.backend}: {answer.problem}")
    screen.line()
    screen.line(f"  reverse, dual and symbolic agree to {_ulps(largest)} ulp")
    numeric = next((a.gradient for a in good if a.backend == "numeric"), None)
    if numeric is not None and numeric.error_estimate:
        worst = max(entry for estimate in numeric.error_estimate.values() for entry in entries(estimate))
        screen.line(f"  numeric expects its errors below {error_bound(worst)}")


def _figure_rows(screen: Screen, good: Sequence[Comparison]) -> list[list[str]]:
    """A line for the value and for every entry of the partial derivatives, of a long one a few."""
    from adcalc.render.grids import LONGEST_VECTOR, chosen

    found = [answer.gradient for answer in good if answer.gradient is not None]
    rows = [["f", *(digits(gradient.value) for gradient in found)]]
    for name, partial in found[0].partials.items() if found else ():
        names = labels(name, figure_shape(partial))
        columns = [entries(gradient.partials[name]) for gradient in found]
        rows += [
            ["...", *[""] * len(found)]
            if place is None
            else [screen.partial(names[place]), *(digits(column[place]) for column in columns)]
            for place in chosen(len(names), LONGEST_VECTOR)
        ]
    return rows


def _ulps(value: float) -> str:
    return f"{value:.0f}" if value < 1e4 else f"{value:.1e}"


def _fields(answer: Comparison) -> dict[str, object]:
    fields: dict[str, object] = {"backend": answer.backend}
    if answer.gradient is not None:
        fields |= {"value": answer.gradient.value, "gradient": answer.gradient.partials, "ulps": answer.ulps}
        if answer.gradient.error_estimate is not None:
            fields["error_estimate"] = answer.gradient.error_estimate
    else:
        fields["problem"] = answer.problem
    return fields | {
        "operations": answer.operations, "evaluations": answer.evaluations, "seconds": answer.seconds
    }  # fmt: skip
