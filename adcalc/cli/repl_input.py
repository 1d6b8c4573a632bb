"""Physical lines and the lines they make together: a formula may be broken wherever it reads well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_CONTINUED = re.compile(r"[-+*/%^,=<>·×÷⋅−≤≥≠√@⊙]\Z|(?<![\w₀-₉])(?:and|or|not|if|else)\Z")


class Line(NamedTuple):
    """Physical lines that belong together."""

    text: str
    number: int
    """Of the first of them, from 1."""


def joined_lines(lines: Iterable[str]) -> Iterator[Line]:
    r"""Lines with those that continue them: inside brackets, after an operator, after a backslash.

    >>> [line.text for line in joined_lines(["f(x,", "  y) = x*y", "", ":vars", "1 + \\", "2"])]
    ['f(x,\n  y) = x*y', ':vars', '1 +  2']
    """
    kept: list[str] = []
    depth, first = 0, 1
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if not kept:
            if not _code(line):
                continue
            first = number
            if line.lstrip().startswith(":"):
                yield Line(line.strip(), number)
                continue
        depth, more = _continued(line, depth, bool(kept))
        backslash = more and _code(line).endswith("\\")
        kept.append(_code(line)[:-1] + " " if backslash else line + "\n")
        if not more:
            yield Line("".join(kept).rstrip("\n"), first)
            kept, depth = [], 0
    if kept:
        yield Line("".join(kept).rstrip("\n"), first)


def unfinished(text: str) -> bool:
    r"""Whether a text that somebody types goes on below; an empty line ends it in any case.

    >>> [unfinished(text) for text in ("sin(", "sin(\n", "2 +", "2 + 3", ":load a(")]
    [True, False, True, False, False]
    """
    if text.lstrip().startswith(":"):
        return False
    depth, more = 0, False
    lines = text.split("\n")
    for line in lines:
        depth, more = _continued(line, depth, more)
    return more and bool(lines[-1].strip())


def _code(line: str) -> str:
    return line.partition("#")[0].rstrip()


def _continued(line: str, depth: int, before: bool) -> tuple[int, bool]:
    """The brackets open after a line, and whether it goes on below, as the line before it did."""
    code = _code(line)
    if not code:
        return depth, before
    for character in code:
        depth += (character in "([") - (character in ")]")
        if depth < 0 or (depth and character == ";"):
            # Nothing below can set this right.
            return 0, False
    return depth, depth > 0 or code.endswith("\\") or _CONTINUED.search(code) is not None
