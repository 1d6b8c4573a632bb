"""A file named on the command line, and perhaps what to take from it: `data.npz:key`, `table.csv:column`."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, TypeAlias

from adcalc.errors import InputProblem, near
from adcalc.io.formats import ARRAY_ENDINGS, format_of_ending, handler

#: A float64 array of NumPy's.
Array: TypeAlias = Any

#: A file may have this many bytes, and an array this many entries.
LARGEST_FILE = 2**31
LARGEST_ARRAY = 2**28


def loaded(reference: str) -> float | Array:
    """The numbers that a reference such as `w.npy` or `table.csv:height` names.

    Raises:
        InputProblem: the file cannot be used, with what to do about it.
    """
    path, key = located(reference)
    kind = format_of_ending(path.suffix)
    assert kind is not None
    array: Array = handler(kind.array)(path, key)
    return array if array.ndim else float(array)


def located(reference: str) -> tuple[Path, str]:
    """The file of a reference, and what is named behind its colon, or "".

    Raises:
        InputProblem: there is no such file, or it holds no numbers.
    """
    path, key = _divided(reference.strip())
    try:
        kind = path.stat()
    except FileNotFoundError:
        raise _missing(path) from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(kind.st_mode):
        raise InputProblem(f"`{path}` is a folder, not a file")
    if path.suffix.lower() not in ARRAY_ENDINGS:
        raise InputProblem(
            f"`{path}` is no file of numbers by its name",
            hint=f"it must end in {', '.join(ARRAY_ENDINGS[:-1])} or {ARRAY_ENDINGS[-1]}",
        )
    if not stat.S_ISREG(kind.st_mode):
        raise InputProblem(f"`{path}` is no ordinary file", hint="copy what it holds into one")
    if kind.st_size > LARGEST_FILE:
        raise InputProblem(f"`{path}` is larger than {LARGEST_FILE // 2**30} GiB", hint="take a part of it")
    return path, key


def _divided(reference: str) -> tuple[Path, str]:
    """A colon is a part of the name, as behind the letter of a drive, unless there is a file called what stands before it."""
    if not reference:
        raise InputProblem("a file is missing after `@`", hint="write `@` and its name, such as `w=@w.npy`")
    whole = _path(reference)
    if _exists(whole):
        return whole, ""
    parts = reference.split(":")
    for count in range(len(parts) - 1, 0, -1):
        path = _path(":".join(parts[:count]))
        if parts[count - 1] and _exists(path):
            return path, ":".join(parts[count:]).strip()
    before, _, key = reference.rpartition(":")
    # Of a file that is not there the ending tells whether the colon was meant to end its name.
    if key and Path(before).suffix.lower() in ARRAY_ENDINGS:
        return _path(before), key
    return whole, ""


def _path(text: str) -> Path:
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _missing(path: Path) -> InputProblem:
    try:
        beside = {each.stem: each for each in path.parent.iterdir() if each.suffix.lower() in ARRAY_ENDINGS}
    except (OSError, ValueError):
        beside = {}
    guess = near(path.stem, list(beside))
    return InputProblem(f"there is no file `{path}`", hint=f"did you mean `@{beside[guess]}`?" if guess else "")


def unreadable(path: Path, error: Exception) -> InputProblem:
    """What to say of a file that the system does not hand out."""
    return InputProblem(f"cannot read `{path}`: {getattr(error, 'strerror', None) or error}")


def unknown_key(path: Path, what: str, key: str, known: list[str]) -> InputProblem:
    """What to say where a file does not hold what was asked for."""
    guess = near(key, known)
    shown = ", ".join(f"`{name}`" for name in known[:8]) + (", ..." if len(known) > 8 else "")
    has = f"it has {shown}" if known else "it is empty"
    hint = f"did you mean `{guess}`? {has}" if guess else has
    return InputProblem(f"`{path}` has no {what} `{key}`", hint=hint)
