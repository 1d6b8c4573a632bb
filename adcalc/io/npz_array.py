"""Arrays in a .npz archive, of which one member is read and no more is unpacked than it may announce."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from adcalc.errors import InputProblem
from adcalc.io.npy_array import array_in, check_header
from adcalc.io.references import LARGEST_FILE, Array, unknown_key, unreadable

#: What deflate makes of a byte at best; a member that announces more is broken or hostile.
_BEST_RATIO = 1100

#: How the reader of archives stumbles over broken ones.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, LookupError, ValueError,
)  # fmt: skip

_AGAIN = "write it again with `numpy.savez`"


def array_of_archive(path: Path, key: str) -> Array:
    """The array of an archive with a key; the only one if it has just one.

    Raises:
        InputProblem: there is none, or it cannot be read.
    """
    try:
        with path.open("rb") as file, reading_archive(f"`{path}`"):
            length = file.seek(0, 2)
            with zipfile.ZipFile(file) as archive:
                member = _member(archive, path, key)
                name = f"`{member.filename.removesuffix('.npy')}` in `{path}`"
                check_member(member, length, name)
                with archive.open(member) as content:
                    check_header(content, member.file_size, name)
                with archive.open(member) as content:
                    return array_in(content, name)
    except OSError as error:
        raise unreadable(path, error) from None


@contextmanager
def reading_archive(name: str) -> Generator[None, None, None]:
    """Failures of reading an archive as problems.

    Raises:
        InputProblem: it is broken.
    """
    try:
        yield
    except InputProblem:
        raise
    except _BROKEN as error:
        raise InputProblem(f"{name} is no whole .npz archive: {str(error).lower()}", hint=_AGAIN) from None


def _member(archive: zipfile.ZipFile, path: Path, key: str) -> zipfile.ZipInfo:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if not info.is_dir()}
    if key in members:
        return members[key]
    if key:
        raise unknown_key(path, "array", key, list(members))
    if len(members) == 1:
        return next(iter(members.values()))
    if not members:
        raise InputProblem(f"`{path}` holds no array", hint="write one with `numpy.savez`")
    first = next(iter(members))
    shown = ", ".join(f"`{name}`" for name in list(members)[:8]) + (", ..." if len(members) > 8 else "")
    raise InputProblem(f"`{path}` holds several arrays: {shown}", hint=f"say which one: `@{path}:{first}`")


def check_member(member: zipfile.ZipInfo, length: int, name: str, most: int | None = LARGEST_FILE) -> None:
    """What a member announces must be possible: its packed size within the file, the other one within reason.

    Args:
        length: the bytes of the archive.
        most: the bytes that it may unpack to; None where it is read a few rows at a time.

    Raises:
        InputProblem: it is not, or it is packed in a way that cannot be read.
    """
    if member.flag_bits & 1:
        raise InputProblem(f"{name} is encrypted", hint="unpack it first")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputProblem(f"{name} is packed in a way that NumPy does not use", hint=_AGAIN)
    if most is not None and member.file_size > most:
        raise InputProblem(f"{name} is larger than {most // 2**30} GiB when unpacked", hint="take a part of it")
    ratio = 1 if member.compress_type == zipfile.ZIP_STORED else _BEST_RATIO
    if member.compress_size > length or member.file_size > member.compress_size * ratio:
        raise InputProblem(f"{name} announces more than the archive can hold", hint=_AGAIN)
