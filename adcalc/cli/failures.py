"""What a failure looks like from outside: one message on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import IntEnum
from io import TextIOWrapper
from typing import Any

import typer

from adcalc.cli.commands import COMMANDS
from adcalc.errors import InternalProblem, Problem, near
from adcalc.render.problems import problem_json, problem_text


class ExitCode(IntEnum):
    """How a command ends."""

    FINE = 0
    NO_ANSWER = 1
    WRONG_INPUT = 2
    INTERNAL = 70
    INTERRUPTED = 130


class EnoughRead(Exception):
    """Nobody reads the output any more.  The command line's parser would leave with an error on the system's own word."""


def guarded_run(run: Callable[[], Any], arguments: Sequence[str], usage_error: type[Any]) -> int:
    """Runs a command; its exit code."""
    _open_streams()
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else ExitCode.FINE
    except Problem as problem:
        tell(problem, machine=_wants_json(arguments))
        return problem.exit_code
    except usage_error as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(error.format_message().rstrip() + "\n")
            return ExitCode.FINE
        tell(_usage_problem(error), machine=_wants_json(arguments))
        return ExitCode.WRONG_INPUT
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("interrupted\n")
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, EnoughRead):
        # Whoever read our output has enough of it; nothing is left to say, not even at exit.
        _discard(sys.stdout)
        return ExitCode.FINE
    except OSError as error:
        _discard(sys.stdout)
        tell(Problem(f"the result cannot be written: {error.strerror}"), machine=_wants_json(arguments))
        return ExitCode.WRONG_INPUT
    except MemoryError:
        tell(Problem("there is not enough memory for this formula"), machine=_wants_json(arguments))
        return ExitCode.WRONG_INPUT
    except Exception as error:  # noqa: BLE001 - the last guard: whatever it is, it is one message
        return tell_fault(error, machine=_wants_json(arguments))


def tell_fault(error: Exception, *, machine: bool = False) -> int:
    """Writes one message about a fault of adcalc's own, and the exit code that goes with it.

    With `ADCALC_TRACEBACK=1` in the environment the traceback is written before it.
    """
    if os.environ.get("ADCALC_TRACEBACK", "0") not in ("", "0"):
        _write_error("".join(traceback.format_exception(error)).rstrip())
    said = " ".join(str(error).split())[:200]
    problem = InternalProblem(
        f"adcalc itself has failed: {type(error).__name__}{f': {said}' if said else ''}",
        hint="please report what you typed, what `adcalc --version` says, and what `ADCALC_TRACEBACK=1` in front adds",
    )
    tell(problem, machine=machine)
    return ExitCode.INTERNAL


def _open_streams() -> None:
    """Makes standard streams that are closed or cannot show everything fit for use."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What a stream cannot show is spelled by its code, which JSON understands too.
            stream.reconfigure(errors="backslashreplace")


def _discard(stream: Any) -> None:
    """Sends what is left in a stream nowhere, so that leaving does not fail on it once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell(problem: Problem, *, machine: bool = False) -> None:
    """Writes a problem to standard error."""
    text = problem_json(problem) if machine else problem_text(problem, colour=colours())
    _write_error(text)


def colours() -> bool:
    """Whether standard error takes colours."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def _write_error(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def _wants_json(arguments: Sequence[str]) -> bool:
    joined = " ".join(arguments)
    return "--format json" in joined or "--format=json" in joined


def _usage_problem(error: Any) -> Problem:
    """A complaint of the command line's parser in adcalc's own form."""
    option = getattr(error, "option_name", "")
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    if type(error).__name__ == "NoSuchOption":
        known = [name for parameter in error.ctx.command.params for name in parameter.opts] if error.ctx else []
        guess = near(option, known)
        hint = (
            f"did you mean `{guess}`?"
            if guess
            else "`--help` lists the options; a formula that begins with `--` goes after ` -- `"
        )
        return Problem(f"no such option `{option}`", hint=hint)
    if "No such command" in error.format_message():
        name = error.format_message().split("'")[1]
        guess = near(name, list(COMMANDS))
        formula = not name.isidentifier()
        hint = (
            f'write `adcalc eval "{name}"` or `adcalc grad "{name}"`'
            if formula
            else f"did you mean `{guess}`?"
            if guess
            else f"there are {', '.join(COMMANDS)}"
        )
        return Problem(f"no such command `{name}`", hint=hint)
    return Problem(message.replace("'", "`"), hint="`--help` shows how it is used")
