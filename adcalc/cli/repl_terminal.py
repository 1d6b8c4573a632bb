"""The session at a terminal: the prompt, its keys and its history."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import HighlightMatchingBracketProcessor
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.defaults import create_output

from adcalc import __version__
from adcalc.cli.failures import tell, tell_fault
from adcalc.cli.repl_input import joined_lines, unfinished
from adcalc.cli.repl_orders import Leave, run_order
from adcalc.cli.repl_typing import STYLE, Colours, Names
from adcalc.errors import Problem
from adcalc.session import Session


def converse(session: Session, input: Input | None = None, output: Output | None = None) -> None:
    """Reads and answers until the user leaves.

    Args:
        input: where keys come from; by default the terminal.
        output: where the prompt is drawn.
    """
    piped = not sys.stdout.isatty()
    if output is None and piped:
        # Whoever collects the results does not want the prompt among them.
        output = create_output(stdout=sys.stderr)
    prompt = prompting(session, input, output)
    print(f"adcalc {__version__}: `:help` explains, Ctrl-D leaves", file=sys.stderr if piped else sys.stdout)
    while True:
        try:
            text = prompt.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        try:
            respond(session, text)
        except Leave:
            return


def respond(session: Session, text: str) -> None:
    """Carries out what was typed; problems and interruptions leave the session as it was.

    Raises:
        Leave: the session is to end.
    """
    try:
        for line in joined_lines(text.split("\n")):
            run_order(session, line._replace(number=0))
            sys.stdout.flush()
    except Problem as problem:
        sys.stdout.flush()
        tell(problem, machine=session.format == "json")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
    except MemoryError:
        tell(Problem("there is not enough memory for this formula"))
    except (Leave, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - the session is worth more than this line
        tell_fault(error, machine=session.format == "json")


def prompting(session: Session, input: Input | None, output: Output | None) -> PromptSession[str]:
    """The prompt."""
    plain = "NO_COLOR" in os.environ
    return PromptSession(
        FormattedText([("class:prompt", "> ")]),
        multiline=True,
        prompt_continuation=lambda *_: "  ",
        history=_history(),
        completer=ThreadedCompleter(Names(session)),
        complete_while_typing=False,
        lexer=Colours(session),
        style=STYLE,
        color_depth=ColorDepth.DEPTH_1_BIT if plain else None,
        input_processors=[HighlightMatchingBracketProcessor(chars="()[]")],
        key_bindings=_keys(),
        input=input,
        output=output,
    )


def _keys() -> KeyBindings:
    keys = KeyBindings()
    # While the history is searched these keys belong to the search.
    typing = has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def submit_or_continue(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if unfinished(buffer.text):
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    return keys


class _KeptHistory(FileHistory):
    """Lines kept in a file that nobody else can read, as far as it can be written."""

    def store_string(self, string: str) -> None:
        try:
            super().store_string(string)
        except OSError:
            # A full disk is no reason to lose the session; the line stays in memory.
            return


def _history() -> History:
    path = history_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except (OSError, RuntimeError):
        return InMemoryHistory()
    return _KeptHistory(str(path))


def history_path() -> Path:
    """The file that keeps what was typed, in the user's folder for such state."""
    given = os.environ.get("XDG_STATE_HOME", "")
    base = Path(given) if Path(given).is_absolute() else Path("~/.local/state").expanduser()
    return base / "adcalc" / "history"
