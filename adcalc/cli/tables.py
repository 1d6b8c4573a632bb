"""A formula over a table as it is asked for on the command line."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import typer

from adcalc.cli.arguments import assignments, formula_source, names
from adcalc.cli.failures import EnoughRead, ExitCode, colours
from adcalc.cli.options import Method, backend_of_options
from adcalc.cli.points import Point, point
from adcalc.errors import InputProblem, Source, near
from adcalc.function import Function, parse
from adcalc.io.chunks import Part, Table, guessed, listed_columns, shortened
from adcalc.io.formats import tells_format
from adcalc.io.table_reader import open_table
from adcalc.io.table_writer import create_table
from adcalc.render.printable import PrintableStream
from adcalc.render.progress import Progress
from adcalc.results import Figure


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """A formula, a table and options, as texts."""

    formula: str
    data: Sequence[str] | None
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
            with _ending_in_order() as told:
                self._run(told)
        except KeyboardInterrupt:
            sys.stderr.write("interrupted\n")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        finally:
            gc.enable()

    def _run(self, told: Sequence[int]) -> None:
        backend, wrt = backend_of_options(self.backend, self.method, self.step), names(self.wrt)
        with self._table() as table:
            function = self._function(table.columns)
            function.by(wrt)
            given = self._numbers(function)
            columns = self._columns(function, table, given)
            keep = self._kept(table)
            kinds = table.kinds(keep, list(columns.values()))
            parts = table.parts(list(dict.fromkeys(columns.values())), keep)
            # Rows are read from here on, while what computes them is imported.
            from adcalc.batches.order import Order
            from adcalc.io.pipeline import TableRun
            from adcalc.render.tables import show_summary

            order = Order(wrt, self.hessian, backend, self.engine, self.threads, self.fast)
            run = TableRun(function, order, columns, given, self.on_error)
            run.check()
            for name in keep:
                if name in run.results:
                    hint = "leave it out of `--keep`, or call it otherwise in the table"
                    raise InputProblem(f"the column `{name}` is called like one of the results", hint=hint)
            gc.freeze()
            gc.enable()
            terminal: Any = PrintableStream(sys.stdout.buffer) if sys.stdout.isatty() else None
            writer = create_table(
                self.out, self.format, force=self.force, kept=kinds, results=run.results, terminal=terminal
            )
            # Rows and a bar on one terminal would overwrite each other.
            with Progress(table, shown=self.out != "-" or terminal is None) as progress:
                try:
                    summary = run.over(table, _until_told(parts, told), writer, progress.show)
                except BrokenPipeError:
                    raise EnoughRead from None
        show_summary(summary, function, table, self.on_error, colour=colours())
        # To tidy up what the libraries keep would take longer than to start.
        gc.freeze()
        if summary.tally.failed == summary.tally.rows:
            raise typer.Exit(ExitCode.NO_ANSWER)

    def _table(self) -> Table:
        if not self.data:
            raise InputProblem(
                "there is no table", hint="say which one: `--data FILE`, or `--data -` for standard input"
            )
        if len(self.data) > 1:
            shown = " and ".join(f"`--data {shortened(each)}`" for each in self.data[:2])
            raise InputProblem(
                f"there is more than one table: {shown}", hint="put their rows into one file, or run each by itself"
            )
        data = self.data[0]
        if self.formula == "-" and data == "-":
            raise InputProblem("standard input cannot be the formula and the table", hint="put one of them in a file")
        # What `--format` says of the results it says of a table whose name says nothing, too.
        own = data == "-" or tells_format(data)
        try:
            return open_table(data, self.data_format or (None if own else self.format))
        except InputProblem as problem:
            problem.hint = problem.hint.replace("`--format`", "`--data-format`")
            raise

    @cached_property
    def _source(self) -> Source:
        return formula_source(self.formula)

    def _function(self, columns: Sequence[str]) -> Function:
        """The formula; a name that a column or an option has is a variable, whatever else it may look like."""
        bound = {*self._given.values, *(names(self.wrt) or ()), *self._mapped, *columns}
        return parse(self._source.text, bound=bound, name=self._source.name)

    @cached_property
    def _given(self) -> Point:
        return point(self.at or ())

    @cached_property
    def _mapped(self) -> dict[str, str]:
        return assignments(self.map or (), "--map")

    def _numbers(self, function: Function) -> dict[str, Figure]:
        """The variables that are the same in every row."""
        found = self._given.of(function)
        for name, value in found.items():
            if not isinstance(value, float):
                raise InputProblem(
                    f"`{name}` is the same in every row, and so a number", hint="put arrays into the table"
                )
        return found

    def _columns(self, function: Function, table: Table, given: Mapping[str, Figure]) -> dict[str, str]:
        """The column of each variable that is not given a number."""
        variables = function.variables
        for name in self._mapped:
            if name not in variables:
                guess = near(name, list(variables))
                hint = (
                    f"did you mean `{guess}`?" if guess else "`--map` names a variable of the formula first: `x=column`"
                )
                raise InputProblem(f"the formula has no variable `{name}`", hint=hint)
            if name in given:
                raise InputProblem(f"`{name}` has a number and a column", hint="take `--at` or `--map`")
        found = {name: self._mapped.get(name, name) for name in variables if name not in given}
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
    guess = guessed(column, table.columns)
    hint = f"did you mean `--map {name}={shortened(guess)}`? " if guess else ""
    hint += f"it has {listed_columns(table.columns)}; `--at {name}=2` gives `{name}` one number"
    return InputProblem(f"{table.name} has no column `{shortened(column)}`", hint=hint)


@contextmanager
def _ending_in_order() -> Iterator[list[int]]:
    """A run that is told to end is interrupted, so that it leaves nothing half-written behind; the signals it was told by."""
    told: list[int] = []

    def interrupt(sent: int, *_: object) -> None:
        told.append(sent)
        raise KeyboardInterrupt

    known = [each for name in ("SIGINT", "SIGTERM", "SIGHUP") if (each := getattr(signal, name, None)) is not None]
    try:
        # Who ignores interrupts, as a shell has its background do, goes on ignoring them.
        heard = [each for each in known if each != signal.SIGINT or signal.getsignal(each) != signal.SIG_IGN]
        before = [(each, signal.signal(each, interrupt)) for each in heard]
    except ValueError:
        # Only the main thread may say what becomes of signals.
        before = []
    try:
        yield told
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def _until_told(parts: Iterator[Part], told: Sequence[int]) -> Iterator[Part]:
    """Parts of a table until the run is told to end: an interrupt is lost where Python was just tidying up."""
    for part in parts:
        if told:
            raise KeyboardInterrupt
        yield part
    if told:
        raise KeyboardInterrupt
