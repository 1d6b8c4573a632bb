"""adcalc repl: a session at the terminal, or a script from standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from adcalc.cli.app import FormulaCommand
from adcalc.cli.arguments import LARGEST_FILE
from adcalc.cli.failures import ExitCode, tell, tell_fault
from adcalc.cli.options import BackendName, FormatName
from adcalc.errors import InputProblem, Problem

if TYPE_CHECKING:
    from adcalc.session import Session

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(cls=FormulaCommand)
def repl(backend: BackendName = "reverse", format: FormatName = "table") -> None:
    """An interactive session; `:help` explains it.

    adcalc repl
    adcalc repl < script.txt
    """
    from adcalc.backends import backend_named
    from adcalc.session import Session

    backend_named(backend)
    session = Session(backend=backend, format=format)
    if sys.stdin is None:
        # Closed by whoever started us: a script without lines.
        return
    if sys.stdin.isatty():
        from adcalc.cli.repl_terminal import converse

        converse(session)
        return
    code = run_script(session, _standard_input())
    if code:
        raise typer.Exit(code)


def run_script(session: Session, lines: Iterator[str]) -> int:
    """Carries out lines until the first problem; the exit code.  A fault of adcalc's own ends a line, not the script.

    Raises:
        KeyboardInterrupt: it was interrupted.
    """
    from adcalc.cli.repl_input import joined_lines
    from adcalc.cli.repl_orders import Leave, run_order

    finite, fault = True, 0
    try:
        for line in joined_lines(lines):
            try:
                finite &= run_order(session, line)
            except (Leave, Problem, OSError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001 - the session is worth more than this line
                sys.stdout.flush()
                fault = tell_fault(error, machine=session.format == "json")
            # Whoever feeds us line by line wants the answer before the next one.
            sys.stdout.flush()
    except Leave:
        pass
    except Problem as problem:
        sys.stdout.flush()
        tell(problem, machine=session.format == "json")
        return problem.exit_code
    return fault or (ExitCode.FINE if finite else ExitCode.NO_ANSWER)


def _standard_input() -> Iterator[str]:
    number = 0
    while content := sys.stdin.buffer.readline(LARGEST_FILE + 1):
        number += 1
        if len(content) > LARGEST_FILE:
            raise InputProblem(f"line {number} is longer than {LARGEST_FILE // 2**20} MiB")
        try:
            yield content.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            hint = "save it as UTF-8"
            raise InputProblem(f"line {number} is not UTF-8 text: see its byte {error.start}", hint=hint) from None
