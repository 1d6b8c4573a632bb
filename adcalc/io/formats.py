"""The formats that tables are read and written in, and how a file's name or first bytes tell them."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from adcalc.errors import InputProblem, near

#: Formats by what `--format` calls them, with the endings of their files.
FORMATS: dict[str, tuple[str, ...]] = {
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
    "npz": (".npz",),
    "npy": (".npy",),
    "jsonl": (".jsonl", ".ndjson"),
}

_ALSO_CALLED = {"feather": "arrow", "ipc": "arrow", "json": "jsonl", "ndjson": "jsonl"}
_BY_ENDING = {ending: name for name, endings in FORMATS.items() for ending in endings}
_TEXT = ("csv", "tsv", "jsonl")
_BY_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"PK\x03\x04": "npz", b"\x93NUMPY": "npy", b"{": "jsonl"}

#: What a gzip file begins with.
GZIP = b"\x1f\x8b"


class Shape(NamedTuple):
    """How a table is stored."""

    format: str
    packed: bool = False
    """Whether it is text packed with gzip."""

    @property
    def text(self) -> bool:
        """Whether it is read and written from front to back, as text."""
        return self.format in _TEXT


def shape_of(name: str, format: str | None, first: bytes | None = None) -> Shape:
    """How a table of a name is stored.

    Args:
        format: what `--format` says, which goes before the name.
        first: the first bytes of a pipe, which tell it where its name does not.

    Raises:
        InputProblem: there is no such format, or the name tells none.
    """
    path = PurePath(name.lower())
    packed = path.suffix == ".gz" or (first or b"").startswith(GZIP)
    bare = path.with_suffix("") if path.suffix == ".gz" else path
    if format is not None:
        found = _called(format)
    elif bare.suffix in _BY_ENDING:
        found = _BY_ENDING[bare.suffix]
    elif first is not None:
        found = next((each for magic, each in _BY_MAGIC.items() if first.startswith(magic)), "csv")
    else:
        guess = near(bare.suffix, list(_BY_ENDING)) if bare.suffix else ""
        endings = ", ".join(ending for ending in _BY_ENDING)
        hint = f"did you mean `{guess}`? " if guess else ""
        hint += f"say so with `--format`, or end it in {endings}"
        raise InputProblem(f"the name of `{name}` does not tell its format", hint=hint)
    if packed and found not in _TEXT:
        raise InputProblem(f"`{name}` is packed, which only text may be", hint="unpack it with `gunzip` first")
    return Shape(found, packed)


def tells_format(name: str) -> bool:
    """Whether the name of a file tells its format.

    >>> tells_format("a.csv"), tells_format("a.parquet.gz"), tells_format("a.dat")
    (True, True, False)
    """
    path = PurePath(name.lower())
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix in _BY_ENDING


def _called(format: str) -> str:
    lowered = format.lower().lstrip(".")
    found = _ALSO_CALLED.get(lowered, lowered)
    if found not in FORMATS:
        guess = near(lowered, [*FORMATS, *_ALSO_CALLED])
        hint = f"did you mean `{guess}`? " if guess else ""
        raise InputProblem(f"there is no format `{format}`", hint=f"{hint}there are {', '.join(FORMATS)}")
    return found
