"""adcalc backends."""

from __future__ import annotations

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.options import FormatName

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def backends(format: FormatName = "table") -> None:
    """The ways to a derivative.

    adcalc grad "x^2" --at x=3 --backend dual
    """
    from adcalc.backends import BACKENDS, backend_named
    from adcalc.render.formats import show
    from adcalc.render.machine import listing
    from adcalc.render.report import Cells, Report

    rows = [[name, backend_named(name).doc] for name in BACKENDS]
    report = Report(
        records=lambda: [{"name": name, "doc": doc} for name, doc in rows],
        cells=lambda: Cells(["name", "doc"], rows),
        lines=lambda: [("", ["\t".join(row)]) for row in rows],
        latex=lambda: listing(["name", "doc"], rows),
        draw=lambda screen: screen.table(["", ""], rows, numbers=False),
    )
    show(report, format)
