"""What stands on the command line: formulas, lists of names, and the shapes of variables."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from adcalc.errors import InputProblem, Source, SyntaxProblem

#: A formula from a file or from standard input may have this many bytes.
LARGEST_FILE = 256 * 2**20

_OPTION_LIKE = re.compile(r"--[A-Za-z][\w-]*(=.*)?", re.DOTALL)
_SHAPED = re.compile(r"\s*([^\W\d][\w₀-₉]*)\s*:\s*(.*?)\s*", re.DOTALL)
_SIZE = re.compile(r"[1-9][0-9]*|[^\W\d][\w₀-₉]*")
_COMMA = re.compile(r",(?=\s*[^\W\d][\w₀-₉]*\s*=)")
_SHORT_SIZE = re.compile(r"[1-9][0-9]*|[^\W\d_][0-9₀-₉]*")


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


def names(options: Sequence[str] | None, option: str = "--wrt") -> list[str] | None:
    """The names of `--wrt x,y`; None where the option was not given.

    Args:
        option: what they stand behind.

    Raises:
        InputProblem: an empty name.
    """
    if not options:
        return None
    found = [name.strip() for text in options for name in text.split(",")]
    if not all(found):
        raise InputProblem(f"a name is missing in `{option}`", hint=f"write `{option} x,y`")
    return found


def assignments(options: Sequence[str], option: str) -> dict[str, str]:
    """The names of `--map x=width,y=height`; a comma that no `name=` follows belongs to the name before it.

    Raises:
        SyntaxProblem: with the place in the option's text.

    >>> assignments(["x=size, in mm,y=a"], "--map")
    {'x': 'size, in mm', 'y': 'a'}
    """
    found: dict[str, str] = {}
    for text in options:
        begin = 0
        for part in _COMMA.split(text):
            span, (name, equals, column) = (begin, begin + max(1, len(part))), part.partition("=")
            begin += len(part) + 1
            if not equals or not name.strip() or not column.strip():
                hint = f"write `{option} x=column`"
                raise SyntaxProblem("this is not name=column", span, hint, Source(text, option))
            if name.strip() in found:
                raise InputProblem(f"`{name.strip()}` is given twice", span, "give it once", Source(text, option))
            found[name.strip()] = column.strip()
    return found


def shapes(options: Sequence[str] | None) -> dict[str, tuple[int | str, ...]] | None:
    """The shapes of `--shape x:n,A:nxn,b:`; None where the option was not given.

    Raises:
        Problem: with the place in the option's text.

    >>> shapes(["x:n,A:3x3", "b:"])
    {'x': ('n',), 'A': (3, 3), 'b': ()}
    """
    if not options:
        return None
    found: dict[str, tuple[int | str, ...]] = {}
    for option in options:
        source = Source(option, "--shape")
        start = 0
        for part in option.split(","):
            span = (start, start + max(1, len(part)))
            match = _SHAPED.fullmatch(part)
            if match is None:
                raise SyntaxProblem(
                    "this is not name:shape", span, "write `x:n` for a vector, `A:nxn` for a matrix", source
                )
            name, text = match.groups()
            if name in found:
                raise InputProblem(f"`{name}` is given twice", span, "give it once", source)
            found[name] = _sizes(text, span, source)
            start += len(part) + 1
    return found


def _sizes(text: str, span: tuple[int, int], source: Source) -> tuple[int | str, ...]:
    if text in ("", "scalar"):
        return ()
    pieces, pattern = [piece.strip() for piece in text.split("×")], _SIZE
    if len(pieces) == 1 and "x" in text:
        # In a longer name an x may be a letter as well as a sign.
        pieces, pattern = [piece.strip() for piece in text.split("x")], _SHORT_SIZE
    if not all(map(pattern.fullmatch, pieces)):
        message = f"`{text}` is not a shape"
        hint = "sizes are numbers or letters with an x between them: `3`, `n`, `nxm`; between longer names write ×"
        raise SyntaxProblem(message, span, hint, source)
    return tuple(int(piece) if piece.isdigit() else piece for piece in pieces)
