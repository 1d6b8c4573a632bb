"""Results kept in a file: complete or not at all, and never over another file unasked."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from adcalc.errors import InputProblem
from adcalc.io.references import Array

#: What there is to keep, by the name it has in a .npz archive.
Results: TypeAlias = Mapping[str, float | Array]


@dataclass(frozen=True, slots=True)
class Target:
    """A file to keep results in, checked before anything is computed."""

    path: Path
    given: str
    force: bool

    @classmethod
    def of(cls, name: str, *, force: bool) -> Target:
        """The file of a name.

        Args:
            force: a file of that name is replaced.

        Raises:
            InputProblem: it cannot be written, or must not be.
        """
        given = Path(name)
        if given.suffix.lower() not in (".npy", ".npz"):
            hint = "for text, redirect `--format csv` or `--format json`" if given.suffix else f"write `{name}.npz`"
            raise InputProblem(f"`{name}` does not end in .npy or .npz", hint=hint)
        return cls(checked_path(name, force=force), name, force)

    def keep(self, results: Results, single: str | None) -> None:
        """Writes results.

        Args:
            single: which of them a .npy file holds; None where there are several to choose from.

        Raises:
            InputProblem: a .npy file cannot hold them, or the file cannot be written.
        """
        if self.path.suffix.lower() == ".npz":
            self._write(lambda file: _write_archive(file, results))
            return
        if single is None:
            names = ", ".join(f"`{name}`" for name in results)
            hint = f"write `{Path(self.given).with_suffix('.npz')}`"
            raise InputProblem(f"a .npy file holds one array, and there are {names}", hint=hint)
        self._write(lambda file: _write_array(file, results[single]))

    def _write(self, write: Callable[[IO[bytes]], object]) -> None:
        try:
            write_whole(self.path, write, replacing=self.force)
        except FileExistsError:
            raise InputProblem(f"`{self.given}` is there already", hint="add `--force` to replace it") from None
        except (OSError, ValueError) as error:
            raise _unwritable(self.given, error) from None


def checked_path(name: str, *, force: bool) -> Path:
    """Where a file of a name is written; behind links, where they lead.

    Args:
        force: a file of that name is replaced.

    Raises:
        InputProblem: it cannot be written, or must not be.
    """
    given = Path(name)
    try:
        path = given.expanduser().resolve()
        if path.is_dir():
            raise InputProblem(f"`{name}` is a folder, not a file")
        if not path.parent.is_dir():
            raise InputProblem(f"there is no folder `{given.parent}`", hint="make it first")
        if path.exists() and not path.is_file():
            raise InputProblem(f"`{name}` is no ordinary file", hint="choose another name")
        if path.exists() and not force:
            raise InputProblem(f"`{name}` is there already", hint="add `--force` to replace it")
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, InputProblem):
            raise
        raise _unwritable(name, error) from None
    return path


class Draft:
    """A file that is being written under another name until it is complete."""

    def __init__(self, path: Path, *, replacing: bool = True) -> None:
        """Begins one, which a later `keep` or `discard` must end.

        Raises:
            OSError: it cannot be written.
        """
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        self.path = path
        self.temporary = Path(temporary)
        self.file: IO[bytes] = os.fdopen(descriptor, "wb")
        self._replacing = replacing

    def keep(self) -> None:
        """Gives the file its name once everything is on disk.

        Raises:
            FileExistsError: there is one, and it is not to be replaced.
            OSError: it cannot be written.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        _as_readable_as_before(self.temporary, self.path)
        if self._replacing or not _linked(self.temporary, self.path):
            self.temporary.replace(self.path)

    def discard(self) -> None:
        """Leaves nothing behind; after `keep` there is nothing to leave."""
        self.temporary.unlink(missing_ok=True)
        with suppress(OSError):
            self.file.close()


def write_whole(path: Path, write: Callable[[IO[bytes]], object], *, replacing: bool = True) -> None:
    """Writes a file completely or not at all.

    Raises:
        FileExistsError: there is one, and it is not to be replaced.
        OSError: it cannot be written.
    """
    draft = Draft(path, replacing=replacing)
    try:
        write(draft.file)
        draft.keep()
    except BaseException:
        draft.discard()
        raise


def _linked(temporary: Path, path: Path) -> bool:
    """A link, unlike a new name, does not take the place of what has come there meanwhile; not every disk has them."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError from None
        return False
    temporary.unlink()
    return True


def _as_readable_as_before(temporary: Path, path: Path) -> None:
    """Temporary files are closed to others; a result is as open as the file it replaces, else as the user's files are."""
    try:
        before = path.stat()
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        return
    with suppress(OSError):
        # Only its owner, and root, may give a file away.
        os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))


def _unwritable(name: str, error: Exception) -> InputProblem:
    return InputProblem(f"cannot write `{name}`: {getattr(error, 'strerror', None) or error}")


def _write_array(file: IO[bytes], value: float | Array) -> None:
    import numpy as np

    np.lib.format.write_array(file, np.asarray(value), allow_pickle=False)


def _write_archive(file: IO[bytes], results: Results) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, value in results.items():
            # Without a date the same results are the same file.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                _write_array(member, value)
