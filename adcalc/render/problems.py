"""A problem or a warning with its place in the source: headline, line, caret, hint."""

from __future__ import annotations

import shutil
import sys
from unicodedata import east_asian_width

from adcalc.errors import Caution, Problem, Source, Span
from adcalc.render.printable import json_text, printable

_WIDTH = 76
_MARGIN = 4
_RED, _YELLOW, _BOLD, _PLAIN = "\033[1;31m", "\033[1;33m", "\033[1m", "\033[0m"


def problem_text(problem: Problem, *, colour: bool = False) -> str:
    """A problem as lines of text.

    >>> print(problem_text(Problem("unknown function `sn`", (0, 2), "did you mean `sin`?", Source("sn(x) + y"))))
    error: unknown function `sn`
      | sn(x) + y
      | ^^ did you mean `sin`?
    """
    return _message("error", _RED if colour else "", problem.message, problem.span, problem.hint, problem.source)


def caution_text(caution: Caution, source: Source, *, colour: bool = False) -> str:
    """A warning as lines of text."""
    kind = "note" if caution.kind == "name" else "warning"
    return _message(kind, _YELLOW if colour else "", caution.message, caution.span, caution.hint, source)


def problem_json(problem: Problem) -> str:
    """A problem as one line of JSON."""
    body = {
        "kind": problem.kind,
        "message": problem.message,
        "span": list(problem.span) if problem.span else None,
        "hint": problem.hint,
    }
    return json_text({"error": body})


def _message(word: str, paint: str, message: str, span: Span | None, hint: str, source: Source | None) -> str:
    message, hint = printable(message), printable(hint)
    head = f"{paint}{word}:{_PLAIN} {_BOLD}{message}{_PLAIN}" if paint else f"{word}: {message}"
    if span is None or source is None or not source.text.strip():
        return f"{head}\n  = {hint}" if hint else head
    number, column, line = source.line(span[0])
    where = [f"in {printable(source.name)}"] if source.name else []
    where += [f"line {number}"] if "\n" in source.text.rstrip("\n") else []
    if where:
        head += f" ({', '.join(where)})"
    length = max(1, min(span[1], span[0] - column + len(line)) - span[0])
    room = _room()
    shown, column, length = _window(line, column, length, room)
    mark = " " * _cells(shown[:column]) + "^" * max(1, _cells(shown[column : column + length]))
    caret = f"{paint}{mark}{_PLAIN}" if paint else mark
    if hint and len(mark) + 1 + len(hint) <= room:
        return f"{head}\n  | {shown}\n  | {caret} {hint}"
    below = f"\n  = {hint}" if hint else ""
    return f"{head}\n  | {shown}\n  | {caret}{below}"


def _room() -> int:
    """How many columns of the source fit on a line, so that a terminal does not break it."""
    if not sys.stderr.isatty():
        return _WIDTH
    return max(20, min(_WIDTH, shutil.get_terminal_size().columns - _MARGIN))


def _window(line: str, column: int, length: int, room: int) -> tuple[str, int, int]:
    """The part of a long line around a place, and the place in that part."""
    line = printable(line.replace("\t", " ").rstrip("\r"))
    if len(line) <= room:
        return line, column, length
    part = room - 6
    start = max(0, min(column - part // 3, len(line) - part))
    before, after = "..." if start else "", "..." if start + part < len(line) else ""
    shown = before + line[start : start + part] + after
    column = column - start + len(before)
    return shown, column, max(1, min(length, len(shown) - column))


def _cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
