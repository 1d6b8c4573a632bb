"""The formats that tables are read and written in, and how a file's name or first bytes tell them."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import Any, NamedTuple

from adcalc.errors import InputProblem, near


class Format(NamedTuple):
    """A file format, and what reads and writes it, as `module.name` within `adcalc.io`."""

    endings: tuple[str, ...]
    """Endings of file names."""
    also: tuple[str, ...]
    """What else `--format` may call it."""
    magic: bytes
    """The first bytes of a file, or b"" where they tell nothing."""
    text: bool
    """Whether it is read and written from front to back, as text."""
    reader: str
    """Takes a `Source`; a table to read."""
    writer: str
    """Takes `Columns` and the name of the format; an `Encoder`."""
    array: str
    """Takes a path and a key; the array that `--at x=@file:key` names.  "" where files hold none."""


#: By what `--format` calls them.  `--data`, `--out`, `--format`, `--at x=@file` and their help follow from it.
FORMATS: dict[str, Format] = {
    "csv": Format((".csv",), (), b"", True, "csv_reader.SeparatedTable", "text_writers.separated", "csv_array.array_of_table"),
    "tsv": Format((".tsv", ".tab"), (), b"", True, "csv_reader.SeparatedTable", "text_writers.separated", "csv_array.array_of_table"),
    "parquet": Format((".parquet", ".pq"), (), b"PAR1", False, "frame_reader.FrameTable", "frame_writer.frames", ""),
    "arrow": Format((".arrow", ".feather", ".ipc"), ("feather", "ipc"), b"ARROW1", False, "frame_reader.FrameTable", "frame_writer.frames", ""),
    "npz": Format((".npz",), (), b"PK\x03\x04", False, "array_reader.ArrayTable", "array_writer.arrays", "npz_array.array_of_archive"),
    "npy": Format((".npy",), (), b"\x93NUMPY", False, "array_reader.ArrayTable", "array_writer.arrays", "npy_array.array_of_file"),
    "jsonl": Format((".jsonl", ".ndjson"), ("json", "ndjson"), b"{", True, "json_reader.JsonTable", "text_writers.json_lines", ""),
}  # fmt: skip

_ALSO_CALLED = {other: name for name, each in FORMATS.items() for other in each.also}
_BY_ENDING = {ending: name for name, each in FORMATS.items() for ending in each.endings}

#: Endings of the files that `--at x=@file` reads.
ARRAY_ENDINGS = tuple(ending for each in FORMATS.values() if each.array for ending in each.endings)

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
        return FORMATS[self.format].text


def storage_of(name: str, format: str | None, first: bytes | None = None) -> Shape:
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
        found = next((known for known, each in FORMATS.items() if each.magic and first.startswith(each.magic)), "csv")
    else:
        guess = near(bare.suffix, list(_BY_ENDING)) if bare.suffix else ""
        endings = ", ".join(ending for ending in _BY_ENDING)
        hint = f"did you mean `{guess}`? " if guess else ""
        hint += f"say so with `--format`, or end it in {endings}"
        raise InputProblem(f"the name of `{name}` does not tell its format", hint=hint)
    if packed and not FORMATS[found].text:
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


def handler(place: str) -> Any:
    """What a `Format` names as `module.name`; its module is imported when it is needed."""
    module, _, name = place.partition(".")
    return getattr(import_module(f"adcalc.io.{module}"), name)


def format_of_ending(ending: str) -> Format | None:
    """The format of files with an ending, None where there is none."""
    name = _BY_ENDING.get(ending.lower())
    return FORMATS[name] if name else None
