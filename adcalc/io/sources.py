"""Where a table is read from: a file, or standard input, as bytes."""

from __future__ import annotations

import gzip
import io
import select
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from adcalc.errors import InputProblem, near
from adcalc.io.formats import FORMATS, storage_of

_SNIFFED = 8
#: Seconds that a pipe may be silent before what it has sent is worked on.
_MOMENT = 0.05
_ENDINGS = (*(ending for each in FORMATS.values() for ending in each.endings), ".gz")


class ByteSource:
    """Bytes on their way in."""

    def __init__(self, name: str, format: str | None) -> None:
        """Opens a file, or standard input for "-".

        Raises:
            InputProblem: it cannot be opened, or its format is not known.
        """
        self.name = "standard input" if name == "-" else f"`{name}`"
        self.size: int | None = None
        self._raw: Any
        if name == "-":
            self._raw = _standard_input()
        else:
            self.path = _path(name)
            self._raw, self.size = _opened(name, self.path)
        piped = self.size is None
        try:
            with self.reading():
                self.shape = storage_of(name, format, _peeked(self._raw) if piped else None)
                if piped and not self.shape.text:
                    self._spool()
        except BaseException:
            self._raw.close()
            raise
        self.file: Any = self._unpacked() if self.shape.packed else self._raw
        self._ended = False
        self._live = piped and self.shape.text and not self.shape.packed and _can_wait_for(self._raw)

    @property
    def position(self) -> int:
        """How many bytes are read, as they stand in the file."""
        try:
            return int(self._raw.tell())
        except (OSError, ValueError):
            return 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Failures of reading as problems."""
        try:
            yield
        except InputProblem:
            raise
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputProblem(f"{self.name} is no whole gzip file: {error}", hint="pack it again") from None
        except OSError as error:
            raise InputProblem(f"cannot read {self.name}: {error.strerror or error}") from None

    def read(self, size: int) -> bytes:
        """The next bytes, as many as asked for except at the end; of a pipe, those that are there."""
        with self.reading():
            return self._arrived(size) if self._live else bytes(self.file.read(size))

    def _arrived(self, size: int) -> bytes:
        """What a pipe, or somebody at a terminal, has sent: waited for until there is something, and then for a moment."""
        content = bytearray()
        while not self._ended and len(content) < size:
            if content and not select.select([self._raw], [], [], _MOMENT)[0]:
                break
            # The end is asked for once: somebody at a terminal would have to say it again.
            fresh = self._raw.read1(size - len(content))
            self._ended = not fresh
            content += fresh
        return bytes(content)

    def close(self) -> None:
        """Closes the file."""
        self._raw.close()

    def _unpacked(self) -> Any:
        unpacked: Any = gzip.GzipFile(fileobj=self._raw, mode="rb")
        return io.BufferedReader(unpacked, 1 << 20)

    def _spool(self) -> None:
        """Formats that are not read from front to back are copied from a pipe to a file that vanishes when it is closed."""
        spooled = tempfile.NamedTemporaryFile(prefix="adcalc-")  # noqa: SIM115 - closed with the source
        shutil.copyfileobj(self._raw, spooled, 1 << 20)
        spooled.flush()
        spooled.seek(0)
        self.path = Path(spooled.name)
        self.size = self.path.stat().st_size
        self._raw = spooled


def _can_wait_for(raw: Any) -> bool:
    """Whether the system can tell when there is something to read."""
    try:
        select.select([raw], [], [], 0.0)
    except (OSError, ValueError, TypeError):
        return False
    return hasattr(raw, "read1")


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _standard_input() -> Any:
    """Standard input, by an object of its own: Python cannot leave while a thread waits in the one that it closes."""
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError, AttributeError):
        return sys.stdin.buffer


def _peeked(raw: Any) -> bytes:
    peek = getattr(raw, "peek", None)
    return bytes(peek(_SNIFFED)[:_SNIFFED]) if peek else b""


def _opened(name: str, path: Path) -> tuple[IO[bytes], int | None]:
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise InputProblem(f"`{name}` is a folder, not a file")
        return path.open("rb"), kind.st_size if stat.S_ISREG(kind.st_mode) else None
    except FileNotFoundError:
        raise _missing(name, path) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputProblem):
            raise
        raise InputProblem(f"cannot read `{name}`: {getattr(error, 'strerror', None) or error}") from None


def _missing(name: str, path: Path) -> InputProblem:
    try:
        beside = [each.name for each in path.parent.iterdir() if each.suffix.lower() in _ENDINGS]
    except (OSError, ValueError):
        beside = []
    guess = near(path.name, beside)
    hint = f"did you mean `{Path(name).with_name(guess)}`?" if guess else ""
    return InputProblem(f"there is no file `{name}`", hint=hint)
