"""What a failure looks like from outside: one message on standard error, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import typer

from adcalc.errors import Problem, near
from adcalc.render.problems import problem_json, problem_text


class ExitCode(IntEnum):
    """How a command ends."""

    FINE = 0
    NO_ANSWER = 1
    WRONG_INPUT = 2
    INTERRUPTED = 130


def guarded_run(run: Callable[[], Any], arguments: Sequence[str], usage_error: type[Any]) -> int:
    """Runs a command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # What a stream cannot show becomes a question mark, not a failure.
            stream.reconfigure(errors="replace")
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
    except BrokenPipeError:
        # Whoever read our output has enough of it; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FINE
    except MemoryError:
        tell(Problem("there is not enough memory for this formula"), machine=_wants_json(arguments))
        return ExitCode.WRONG_INPUT


def tell(problem: Problem, *, machine: bool = False) -> None:
    """Writes a problem to standard error."""
    text = problem_json(problem) if machine else problem_text(problem, colour=colours())
    _write_error(text)


def colours() -> bool:
    """Whether standard error takes colours."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def _write_error(text: str) -> None:
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr.write(text.encode(encoding, "replace").decode(encoding) + "\n")


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
        from adcalc.cli.app import COMMANDS

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
