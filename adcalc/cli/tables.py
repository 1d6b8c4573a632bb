"""A formula over a table as it is asked for on the command line."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import typer

from adcalc.cli.arguments import assignments, formula_source, names
from adcalc.cli.failures import EnoughRead, ExitCode, colours
from adcalc.cli.options import Method, chosen_backend
from adcalc.cli.points import Point, point
from adcalc.errors import InputProblem, near
from adcalc.function import Function, parse
from adcalc.render.progress import Progress
from adcalc.results import Figure
from adcalc.streams import Table, create_table, open_table, tells_format


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """A formula, a table and options, as texts."""

    formula: str
    data: str | None
    at: Sequence[str] | None
    map: Sequence[str] | None
    wrt: Sequence[str] | None
    hessian: bool
    keep: Sequence[str] | None
    out: str
    format: str | None
    data_format: str | None
    on_error: Literal["nan", "skip", "stop"]
    force: bool
    backend: str
    method: Method | None
    step: float | None
    engine: str
    fast: bool
    threads: int | None

    def run(self) -> None:
        """Computes and writes the table."""
        # What is imported stays, so that looking for garbage among it takes time for nothing.
        gc.disable()
        try:
            self._run()
        finally:
            gc.enable()

    def _run(self) -> None:
        backend, wrt = chosen_backend(self.backend, self.method, self.step), names(self.wrt)
        function = self._function
        function.by(wrt)
        with self._table() as table:
            columns = self._columns(table)
            keep = self._kept(table)
            kinds = table.kinds(keep, list(columns.values()))
            parts = table.parts(list(dict.fromkeys(columns.values())), keep)
            # Rows are read from here on, while what computes them is imported.
            from adcalc.batches.order import Order
            from adcalc.render.tables import show_summary
            from adcalc.streams.running import Run

            order = Order(wrt, self.hessian, backend, self.engine, self.threads, self.fast)
            run = Run(function, order, columns, self._numbers, self.on_error)
            run.check()
            gc.freeze()
            gc.enable()
            writer = create_table(self.out, self.format, force=self.force, kept=kinds, results=run.results)
            with Progress(table) as progress:
                try:
                    summary = run.over(table, parts, writer, progress.show)
                except BrokenPipeError:
                    raise EnoughRead from None
        show_summary(summary, function, table, self.on_error, colour=colours())
        # To tidy up what the libraries keep would take longer than to start.
        gc.freeze()
        if summary.tally.failed == summary.tally.rows:
            raise typer.Exit(ExitCode.NO_ANSWER)

    def _table(self) -> Table:
        if self.data is None:
            raise InputProblem(
                "there is no table", hint="say which one: `--data FILE`, or `--data -` for standard input"
            )
        if self.formula == "-" and self.data == "-":
            raise InputProblem("standard input cannot be the formula and the table", hint="put one of them in a file")
        # What `--format` says of the results it says of a table whose name says nothing, too.
        own = self.data == "-" or tells_format(self.data)
        return open_table(self.data, self.data_format or (None if own else self.format))

    @cached_property
    def _function(self) -> Function:
        source = formula_source(self.formula)
        bound = {*self._given.values, *(names(self.wrt) or ()), *self._mapped}
        return parse(source.text, bound=bound, name=source.name)

    @cached_property
    def _given(self) -> Point:
        return point(self.at or ())

    @cached_property
    def _mapped(self) -> dict[str, str]:
        return assignments(self.map or (), "--map")

    @cached_property
    def _numbers(self) -> dict[str, Figure]:
        found = self._given.of(self._function)
        for name, value in found.items():
            if not isinstance(value, float):
                raise InputProblem(
                    f"`{name}` is the same in every row, and so a number", hint="put arrays into the table"
                )
        return found

    def _columns(self, table: Table) -> dict[str, str]:
        """The column of each variable that is not given a number."""
        variables = self._function.variables
        for name in self._mapped:
            if name not in variables:
                guess = near(name, list(variables))
                hint = (
                    f"did you mean `{guess}`?" if guess else "`--map` names a variable of the formula first: `x=column`"
                )
                raise InputProblem(f"the formula has no variable `{name}`", hint=hint)
            if name in self._numbers:
                raise InputProblem(f"`{name}` has a number and a column", hint="take `--at` or `--map`")
        found = {name: self._mapped.get(name, name) for name in variables if name not in self._numbers}
        for name, column in found.items():
            if column not in table.columns:
                raise _missing(table, name, column)
        if not found:
            raise InputProblem(f"the formula reads no column of {table.name}", hint="take `adcalc grad` for one point")
        return found

    def _kept(self, table: Table) -> list[str]:
        asked = names(self.keep, "--keep") or []
        return list(table.columns) if "*" in asked and "*" not in table.columns else asked


def _missing(table: Table, name: str, column: str) -> InputProblem:
    guess = near(column, list(table.columns))
    shown = ", ".join(f"`{each}`" for each in table.columns[:8]) + (", ..." if len(table.columns) > 8 else "")
    hint = f"did you mean `--map {name}={guess}`? " if guess else ""
    hint += f"it has {shown}; `--at {name}=2` gives `{name}` one number"
    return InputProblem(f"{table.name} has no column `{column}`", hint=hint)
