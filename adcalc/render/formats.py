"""The output formats: a literal dictionary of what writes a report in each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from adcalc.render.report import Report

#: By the name that `--format` and `:format` give them: a function of a report, as an entry point is written.
FORMATS: dict[str, str] = {
    "table": "adcalc.render.screen:draw",
    "json": "adcalc.render.machine:write_json",
    "csv": "adcalc.render.machine:write_csv",
    "latex": "adcalc.render.page:write_latex",
    "plain": "adcalc.render.machine:write_plain",
}


def show(report: Report, format: str) -> None:
    """Writes a report to standard output in one of the formats."""
    module, _, name = FORMATS[format].partition(":")
    write: Callable[[Report], None] = getattr(import_module(module), name)
    write(report)
