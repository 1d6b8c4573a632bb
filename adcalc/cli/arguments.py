"""What stands on the command line: formulas, points, and lists of names."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from adcalc.errors import InputProblem, Problem, Source, SyntaxProblem
from adcalc.function import coordinate

#: A formula from a file or from standard input may have this many bytes.
LARGEST_FILE = 256 * 2**20

_OPTION_LIKE = re.compile(r"--[A-Za-z][\w-]*(=.*)?", re.DOTALL)
_NAME = re.compile(r"\s*([^\W\d][\w₀-₉]*)\s*=")


def shielded(arguments: Sequence[str], known: Collection[str], taking_value: Collection[str]) -> list[str]:
    """Command line arguments with everything that is not an option behind `--`.

    >>> shielded(["-x^2", "--at", "x=3"], {"--at"}, {"--at"})
    ['--at', 'x=3', '--', '-x^2']
    """
    options: list[str] = []
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            others.extend(rest)
        elif argument in known:
            options.append(argument)
            if argument in taking_value:
                following = next(rest, None)
                if following is not None:
                    options.append(following)
        elif argument.partition("=")[0] in known or _OPTION_LIKE.fullmatch(argument):
            options.append(argument)
        else:
            others.append(argument)
    return [*options, "--", *others] if others else options


def formula_source(argument: str) -> Source:
    """The text of a formula: the argument itself, a file (`@path`), or standard input (`-`).

    Raises:
        InputProblem: a file that is missing, a folder, too large or not UTF-8.
    """
    if argument == "-":
        return Source(_decoded(sys.stdin.buffer.read(LARGEST_FILE + 1), "standard input"), "")
    if not argument.startswith("@"):
        return Source(argument)
    path = Path(argument[1:])
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InputProblem(f"there is no file `{path}`") from None
    except IsADirectoryError:
        raise InputProblem(f"`{path}` is a folder, not a file") from None
    except (OSError, ValueError) as error:
        raise InputProblem(f"cannot read `{path}`: {getattr(error, 'strerror', None) or error}") from None
    return Source(_decoded(content, f"`{path}`"), str(path))


def _decoded(content: bytes, name: str) -> str:
    if len(content) > LARGEST_FILE:
        raise InputProblem(f"{name} is larger than {LARGEST_FILE // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputProblem(f"{name} is not UTF-8 text: see byte {error.start}", hint="save it as UTF-8") from None


def point(options: Sequence[str]) -> dict[str, float]:
    """The values of `--at x=3,y=pi/2`, given once or several times.

    Raises:
        Problem: with the place in the option's text.
    """
    found: dict[str, float] = {}
    for option in options:
        source = Source(option, "--at")
        start = 0
        for part in _split(option):
            name, value, offset = _assignment(part, start, source)
            if name in found:
                raise InputProblem(f"`{name}` is given twice", (start, start + len(part)), "give it once", source)
            try:
                found[name] = coordinate(name, value)
            except Problem as problem:
                if problem.span is not None:
                    problem.span = (problem.span[0] + offset, problem.span[1] + offset)
                    problem.source = source
                raise
            start += len(part) + 1
    return found


def _assignment(part: str, start: int, source: Source) -> tuple[str, str, int]:
    span = (start, start + max(1, len(part)))
    match = _NAME.match(part)
    if match is None:
        name = part.strip()
        hint = f"write `{name}=3`" if name.isidentifier() else "write name=value, such as `x=3,y=pi/2`"
        message = f"`{name}` is given no value" if name.isidentifier() else "this is not name=value"
        raise SyntaxProblem(message, span, hint, source)
    value = part[match.end() :]
    name = match.group(1)
    if not value.strip():
        raise SyntaxProblem(f"`{name}=` is given no value", span, f"write `{name}=3`", source)
    return name, value, start + match.end()


def _split(text: str) -> list[str]:
    """The parts between commas that stand outside brackets."""
    parts, depth, begin = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            parts.append(text[begin:index])
            begin = index + 1
    return [*parts, text[begin:]]


def names(options: Sequence[str] | None) -> list[str] | None:
    """The names of `--wrt x,y`; None where the option was not given.

    Raises:
        InputProblem: an empty name.
    """
    if not options:
        return None
    found = [name.strip() for option in options for name in option.split(",")]
    if not all(found):
        raise InputProblem("a name is missing in `--wrt`", hint="write `--wrt x,y`")
    return found
