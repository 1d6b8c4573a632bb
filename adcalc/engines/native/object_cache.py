"""Machine code kept between runs, in a folder of the user's that nobody else can write to.

A file is called by the hash of everything that the code depends on, and carries the hash of its own
content: one that was cut off or changed is made anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from adcalc import __version__
from adcalc.engines.native.compiling import host, object_code

#: Code from a text shorter than this is as soon made as found.
_WORTH = 20_000
#: Files in the folder; those that were not used for longest go first.
_MOST_FILES = 512
_DIGEST = 32


def machine_code(module: str) -> bytes:
    """The machine code of a module, from the folder if it is there."""
    if len(module) < _WORTH:
        return object_code(module)
    folder = _folder()
    if folder is None:
        return object_code(module)
    key = hashlib.sha256("\n".join([__version__, *map(str, host()), module]).encode()).hexdigest()
    path = folder / f"{key}.o"
    found = _read(path)
    if found is None:
        found = object_code(module)
        with suppress(OSError):
            _write(path, found)
            _tidy(folder)
    return found


def _folder() -> Path | None:
    """The folder, made if need be; None where there can be none or where others could write to it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    folder = Path(base) / "adcalc" / "native"
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
    except OSError:
        return None
    return folder if stat.S_ISDIR(state.st_mode) and not state.st_mode & 0o077 and _own(state) else None


def _own(state: os.stat_result) -> bool:
    """Whether a file or folder is the user's, and nobody else may write to it; where systems do not say, it is."""
    return not hasattr(os, "getuid") or (state.st_uid == os.getuid() and not state.st_mode & 0o022)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            if not _own(os.fstat(file.fileno())):
                return None
            content = file.read()
        os.utime(path)
    except OSError:
        return None
    digest, code = content[:_DIGEST], content[_DIGEST:]
    return code if code and hashlib.sha256(code).digest() == digest else None


def _write(path: Path, code: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _tidy(folder: Path) -> None:
    files = sorted([*folder.glob("*.o"), *folder.glob(".*")], key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[_MOST_FILES:]:
        path.unlink(missing_ok=True)
