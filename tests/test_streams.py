"""Tables in and out: what is read, what is refused before anything is written, and that nothing half done is left."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import math
import os
import resource
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from adcalc.cli.app import app
from adcalc.errors import InputProblem, MissingExtra, Problem
from adcalc.io.chunks import Table, Writer
from adcalc.io.table_reader import open_table
from adcalc.io.table_writer import create_table
from adcalc.io.threads import Ahead

NAN, INF = math.nan, math.inf
FORMATS = ["csv", "tsv", "csv.gz", "jsonl", "npz", "npy", "parquet", "arrow"]
WITH_LIBRARY = ("parquet", "arrow")
ENGINES = ["plain", "library"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data library is not installed."""
    monkeypatch.setitem(sys.modules, "polars", None)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both readers of text, on tables that would be too small for one of them."""
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "polars", None)
    else:
        pytest.importorskip("polars")
        monkeypatch.setattr("adcalc.io.csv_reader.FIRST_BLOCK", 0)
    name: str = request.param
    return name


class Pipe:
    """A standard stream that is not a terminal."""

    def __init__(self, content: bytes = b"") -> None:
        self.buffer = io.BufferedReader(io.BytesIO(content)) if content else io.BytesIO()

    def flush(self) -> None:
        """Nothing waits."""


def everything(
    name: str, numbers: Sequence[str] | None = None, keep: Sequence[str] = (), format: str | None = None
) -> tuple[dict[str, list[float]], list[str], dict[str, list[Any]]]:
    """The numbers of a table, why its rows cannot be computed, and what is kept of them."""
    with open_table(name, format) as table:
        return read(table, numbers, keep)


def read(
    table: Table, numbers: Sequence[str] | None = None, keep: Sequence[str] = ()
) -> tuple[dict[str, list[float]], list[str], dict[str, list[Any]]]:
    """The same of an open table."""
    numbers = table.columns if numbers is None else numbers
    found: dict[str, list[float]] = {column: [] for column in numbers}
    kept: dict[str, list[Any]] = {column: [] for column in keep}
    reasons: list[str] = []
    for part in table.parts(numbers, keep):
        assert part.first == len(reasons)
        for column in numbers:
            values = part.numbers[column]
            assert values.dtype == np.float64 and values.flags.c_contiguous and values.shape == (part.rows,)
            found[column] += values.tolist()
            mask = part.unreadable.get(column, np.zeros(part.rows, bool))
            assert (mask == np.isnan(values)).all()
        for column in keep:
            kept[column] += list(part.kept[column])
        reasons += [part.reason(row) for row in range(part.rows)]
    return found, reasons, kept


def copied(source: str, target: str, keep: Sequence[str], results: Mapping[str, Any], **how: Any) -> None:
    """Writes columns of a table and other columns into another one."""
    numbers = how.pop("numbers", ())
    drop = how.pop("drop", None)
    with (
        open_table(source) as table,
        create_table(
            target, None, force=how.pop("force", False), kept=table.kinds(keep, numbers), results=list(results)
        ) as writer,
    ):
        for part in table.parts(numbers, keep):
            rows = slice(part.first, part.first + part.rows)
            some = {name: np.asarray(values[rows], dtype=float) for name, values in results.items()}
            writer.write(part.kept, some, None if drop is None else np.asarray(drop[rows]))


def text(name: str, content: str | bytes) -> str:
    """Writes a file of text; its name."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def names() -> list[str]:
    """All files, hidden ones too."""
    return sorted(path.name for path in Path().iterdir())


def refusal(name: str, numbers: Sequence[str] | None = None, format: str | None = None) -> Problem:
    """The problem that reading a table ends in."""
    with pytest.raises(Problem) as found:
        everything(name, numbers, format=format)
    return found.value


# ---------------------------------------------------------------------------------------------------- round trips

HARD = [0.1, -1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 123456789.0, 1e22, 1e-7, 2.0**53 + 2, math.pi]


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", FORMATS)
def test_every_format_goes_into_every_other(source: str, target: str) -> None:
    """Numbers come back as the same doubles, and what was not computed as no number."""
    if source in WITH_LIBRARY or target in WITH_LIBRARY:
        pytest.importorskip("polars")
    text("t.csv", "a,b\n" + "".join(f"{x!r},{i}\n" for i, x in enumerate(HARD)))
    copied("t.csv", f"s.{source}", ["b"], {"v": [*HARD[:-1], NAN], "i": [INF, -INF, *HARD[2:]]}, numbers=["b"])
    copied(f"s.{source}", f"o.{target}", ["b", "v", "i"], {"r": [NAN, *HARD[1:]]}, numbers=["b", "v", "i"])

    found, reasons, _ = everything(f"o.{target}")

    assert found["b"] == list(range(10))
    assert found["v"][:-1] == HARD[:-1] and math.copysign(1, found["v"][4]) == -1
    assert found["i"] == [INF, -INF, *HARD[2:]]
    assert math.isnan(found["r"][0]) and math.isnan(found["v"][-1]) and found["r"][1:] == HARD[1:]
    empty = "`r` is no number: `nan`" if target in ("npz", "npy") else "`r` is empty"
    assert reasons[0] == empty and reasons[1:-1] == [""] * 8


def test_what_texts_look_like(engine: str) -> None:
    """Failures are empty cells, infinities `inf`; a kept cell stays as it was written."""
    text("t.csv", 'id,x,s\n007, 1.50,"a,b"\n+8,1e5,"say ""x"""\n9,,\n')
    copied("t.csv", "o.csv", ["id", "x", "s"], {"v": [0.5, INF, NAN]}, numbers=["x"])
    copied("t.csv", "o.tsv", ["s"], {"v": [0.5, -INF, NAN]})
    copied("t.csv", "o.jsonl", ["id", "s"], {"v": [0.5, -INF, NAN]})

    assert Path("o.csv").read_text() == 'id,x,s,v\n007, 1.50,"a,b",0.5\n+8,1e5,"say ""x""",inf\n9,,,\n'
    assert Path("o.tsv").read_text() == 's\tv\na,b\t0.5\n"say ""x"""\t-inf\n\t\n'
    assert Path("o.jsonl").read_text() == (
        '{"id": "007", "s": "a,b", "v": 0.5}\n{"id": "+8", "s": "say \\"x\\"", "v": "-inf"}\n'
        '{"id": "9", "s": null, "v": null}\n'
    )
    assert engine


def test_a_single_column_has_no_blank_lines(engine: str) -> None:
    """A line without anything would be no row for most readers."""
    text("t.csv", "x\n1\n2\n")
    copied("t.csv", "o.csv", [], {"v": [NAN, 1]})

    assert Path("o.csv").read_text().splitlines()[1:] == ['""', "1.0"], engine


@pytest.mark.parametrize("target", FORMATS)
def test_rows_are_left_out(target: str) -> None:
    """`drop` takes rows out of kept columns and results."""
    if target in WITH_LIBRARY:
        pytest.importorskip("polars")
    text("t.csv", "x\n1\n2\n3\n")
    copied("t.csv", f"o.{target}", ["x"], {"v": [4, 5, 6]}, numbers=["x"], drop=[False, True, False])

    found, _, _ = everything(f"o.{target}")

    assert found == {"x": [1, 3], "v": [4, 6]}


def test_types_survive_where_a_format_has_them() -> None:
    """Parquet into Arrow keeps dates, whole numbers and texts; as text they are what they look like."""
    pl = pytest.importorskip("polars")
    from datetime import date

    frame = pl.DataFrame({"n": [2**60, None], "d": [date(2020, 1, 2), None], "s": ["007", None], "x": [1.5, 2.5]})
    frame.write_parquet("t.parquet")
    for target in ("o.arrow", "o.csv", "o.jsonl"):
        copied("t.parquet", target, ["n", "d", "s"], {"v": [1, NAN]}, numbers=["x"])

    assert pl.read_ipc("o.arrow").equals(frame.drop("x").with_columns(v=pl.Series([1.0, None])))
    assert Path("o.csv").read_text() == f"n,d,s,v\n{2**60},2020-01-02,007,1.0\n,,,\n"
    assert Path("o.jsonl").read_text().splitlines()[0] == f'{{"n": {2**60}, "d": "2020-01-02", "s": "007", "v": 1.0}}'


def test_kept_text_is_text_and_numbers_are_numbers_in_typed_tables() -> None:
    """An id is not guessed to be a number; a variable of the formula is one."""
    pl = pytest.importorskip("polars")
    text("t.csv", "id,x\n007,1\n008,n/a\n")
    copied("t.csv", "o.parquet", ["id", "x"], {"v": [1, NAN]}, numbers=["x"])

    assert pl.read_parquet("o.parquet").to_dict(as_series=False) == {
        "id": ["007", "008"], "x": [1.0, None], "v": [1.0, None],
    }  # fmt: skip


def test_the_same_table_is_the_same_file() -> None:
    """No dates stand in the files."""
    text("t.csv", "x\n1\n")
    for target in ("npz", "csv.gz"):
        copied("t.csv", f"a.{target}", ["x"], {"v": [1]}, numbers=["x"])
        copied("t.csv", f"b.{target}", ["x"], {"v": [1]}, numbers=["x"])
        assert Path(f"a.{target}").read_bytes() == Path(f"b.{target}").read_bytes()


def test_numpy_reads_what_is_written() -> None:
    """A .npz has a key per column, a .npy is a structured array."""
    text("t.csv", "x\n1\n2\n")
    copied("t.csv", "o.npz", ["x"], {"dv/dx": [3, NAN]}, numbers=["x"])
    copied("t.csv", "o.npy", ["x"], {"θ": [3, 4]}, numbers=["x"])

    archive, rows = np.load("o.npz"), np.load("o.npy")
    assert archive["x"].tolist() == [1, 2] and archive["dv/dx"][0] == 3
    assert rows.dtype.names == ("x", "θ") and rows["θ"].tolist() == [3, 4]


# ---------------------------------------------------------------------------------------------- text as people have it

TABLES = [
    ("x,y\n1,2\n", {"x": [1], "y": [2]}),
    ("\ufeffx,y\r\n1,2\r\n3,4\r\n", {"x": [1, 3], "y": [2, 4]}),
    ("x;y\n1;2\n3;4", {"x": [1, 3], "y": [2, 4]}),
    ("x\ty\n1\t2\n", {"x": [1], "y": [2]}),
    (" x , y \n 1 , 2\n+3,-4e0 \n", {"x": [1, 3], "y": [2, -4]}),
    ("\n\nx,y\n\n1,2\n\n   \n3,4\n\n", {"x": [1, 3], "y": [2, 4]}),
    ("x,y\r\n1,2\r\n\r\n3,4\r\n", {"x": [1, 3], "y": [2, 4]}),
    ('"x","y"\n"1","2"\n3,"4"\n', {"x": [1, 3], "y": [2, 4]}),
    ("# x,y\n1,2\n", {"x": [1], "y": [2]}),
    ("x\n1\n\n2\n  \n3\n", {"x": [1, 2, 3]}),
    ("x,y\ninf,-inf\nInfinity,1e400\n", {"x": [INF, INF], "y": [-INF, INF]}),
    ("x,y\n1.,.5\n1e-400,9007199254740993\n", {"x": [1, 0], "y": [0.5, 9007199254740992]}),
    ("x,y\ntrue,FALSE\n True,false\n", {"x": [1, 1], "y": [0, 0]}),
    ("x,s\n1,é\n2,ü\n", {"x": [1, 2]}),
    ('s,x\n"two\nlines",1\n"a ""b"", c",2\n', {"x": [1, 2]}),
    ('s,x\n5" pipe,1\n6" pipe,2\n', {"x": [1, 2]}),
    (f"s,x\n{'w' * 300_000},1\n", {"x": [1]}),
    ("x,y,z\n1,2,\n3,4,\n", {"x": [1, 3], "y": [2, 4]}),
]


@pytest.mark.parametrize(("content", "expected"), TABLES, ids=[repr(content)[:30] for content, _ in TABLES])
def test_tables_as_people_have_them(engine: str, content: str, expected: dict[str, list[float]]) -> None:
    """Separators, quotes, blanks and ends of lines of all sorts, read alike with and without the library."""
    text("t.csv", content)
    found, reasons, _ = everything("t.csv", list(expected))

    assert found == expected and not any(reasons), engine


CELLS = [
    ("", "`x` is empty"),
    (" ", "`x` is empty"),
    ('""', "`x` is empty"),
    ("NA", "`x` is no number: `NA`"),
    ("nan", "`x` is no number: `nan`"),
    ("1_000", "`x` is no number: `1_000`"),
    ("0x10", "`x` is no number: `0x10`"),
    ('"1,5"', "`x` is no number: `1,5`"),
    ("a long text that never ends", "`x` is no number: `a long text that nev...`"),
    ("1,2,3", "the row has 4 cells, not 2"),
]


@pytest.mark.parametrize(("cell", "reason"), CELLS)
def test_a_cell_without_a_number_says_so(engine: str, cell: str, reason: str) -> None:
    """Such a row is nan and told apart, and those around it are read."""
    text("t.csv", f"x,s\n1,a\n{cell},b\n3,c\n")
    found, reasons, kept = everything("t.csv", ["x"], ["s"])

    assert found["x"][0] == 1 and math.isnan(found["x"][1]) and found["x"][2] == 3, engine
    assert reasons == ["", reason, ""]
    assert kept["s"][0] == "a" and kept["s"][2] == "c"


def test_rows_with_too_few_cells_cannot_be_computed(engine: str) -> None:
    """Not even when the cells that are missing are not needed: nobody knows which are."""
    text("t.csv", "x,y,z\n1,2,3\n4,5\n6,7,\n8\n9,10,11\n")
    found, reasons, kept = everything("t.csv", ["x"], ["y"])

    assert [x for x in found["x"] if x == x] == [1, 6, 9], engine
    assert reasons == ["", "the row has 2 cells, not 3", "", "the row has 1 cell, not 3", ""]
    assert kept["y"] == ["2", "5", "7", None, "10"]


HEADERS = [
    ("", "`t.csv` is empty"),
    ("\n  \n", "`t.csv` is empty"),
    ("x,y\n", "`t.csv` has no rows"),
    ("x,y\n\n\n", "`t.csv` has no rows"),
    ("x,y,x\n1,2,3\n", "`t.csv` has several columns called `x`"),
    (",x\n0,1\n", "column 1 of `t.csv` has no name"),
    ("x,,y\n0,1,2\n", "column 2 of `t.csv` has no name"),
    ("1,2\n3,4\n", "the first row of `t.csv` is all numbers, and its columns have no names"),
    ("x;y\n1,5;2\n", "row 1, column `x` of `t.csv` is not a number: `1,5`"),
    (b"x,y\n1,\xff\n", "`t.csv` is not UTF-8 text"),
    (b"\xff\xfex\x00,\x00", "`t.csv` is not UTF-8 text"),
    (b"x,y\r1,2\r", "`t.csv` ends its lines in an old way"),
]


@pytest.mark.parametrize(("content", "message"), HEADERS, ids=[message for _, message in HEADERS])
def test_tables_that_cannot_be_meant(engine: str, content: str | bytes, message: str) -> None:
    """What is wrong with a whole table is said at once."""
    text("t.csv", content)

    assert refusal("t.csv").message == message, engine


def test_a_column_that_is_not_there_is_missed_at_once(engine: str) -> None:
    """With the one that may have been meant."""
    text("t.csv", "alpha,b\n1,2\n")
    with open_table("t.csv") as table:
        asks = (
            lambda: table.parts(["alhpa"], []), lambda: table.parts([], ["alhpa"]), lambda: table.kinds(["alhpa"], []),
        )  # fmt: skip
        for ask in asks:
            with pytest.raises(InputProblem) as found:
                ask()
            assert found.value.message == "`t.csv` has no column `alhpa`", engine
            assert found.value.hint == "did you mean `alpha`? it has `alpha`, `b`"


def test_a_row_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of taking all memory there is."""
    monkeypatch.setattr("adcalc.io.text_blocks.LONGEST_RECORD", 1 << 20)
    text("t.csv", 'x,y\n1,"2\n' + "3,4\n" * 1_000_000)

    assert refusal("t.csv").message == "`t.csv` has a row of more than 1 MiB"


def test_blocks_are_cut_between_records(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a block of bytes ends: within quotes, between CR and LF, within a letter of several bytes."""
    content = "x,s\r\n" + "".join(f'{i},"é\n{i}"\r\n{i}.5,ü\r\n' for i in range(200))
    monkeypatch.setattr("adcalc.io.text_blocks.FIRST_BLOCK", 7)
    monkeypatch.setattr("adcalc.io.text_blocks._LARGEST_BLOCK", 61)
    text("t.csv", content)
    found, reasons, kept = everything("t.csv", ["x"], ["s"])

    assert found["x"] == [x for i in range(200) for x in (i, i + 0.5)], engine
    assert kept["s"][:3] == ["é\n0", "ü", "é\n1"] and not any(reasons)


def test_what_is_missing_later_is_found_later(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that begins with numbers only and has other cells in later blocks."""
    monkeypatch.setattr("adcalc.io.text_blocks.FIRST_BLOCK", 16)
    monkeypatch.setattr("adcalc.io.text_blocks._LARGEST_BLOCK", 64)
    text("t.csv", "x,y\n" + "1,2\n" * 100 + "a,\n" + " 3 ,4\n" * 100)
    found, reasons, _ = everything("t.csv")

    assert found["x"][:100] == [1] * 100 and found["x"][101:] == [3] * 100, engine
    assert reasons[100] == "`x` is no number: `a`" and not any(reasons[:100] + reasons[101:])


# --------------------------------------------------------------------------------------------------------- JSON lines


def test_json_lines_as_people_have_them() -> None:
    """Numbers, texts that are numbers, booleans; what is no object is a row that cannot be computed."""
    text(
        "t.jsonl",
        '{"x": 1, "s": "007"}\n\n{"s": 5, "x": "2.5"}\r\n{"x": true}\n{"x": null, "s": "é"}\n{"x": [1]}\n[1]\n{"x": 3,\n'
        '{"x": NaN, "y": 2}\n{"x": "inf"}\n{"x": 1' + "0" * 400 + "}\n",
    )
    found, reasons, kept = everything("t.jsonl", ["x"], ["s"])

    assert [x for x in found["x"] if x == x] == [1, 2.5, 1, INF, INF]
    assert [reason for reason in reasons if reason] == [
        "`x` is empty", "`x` is no number: `[1]`", "the row is no JSON object", "the row is no JSON object",
        "`x` is no number: `nan`",
    ]  # fmt: skip
    assert kept["s"][:4] == ["007", 5, None, "é"]


JSON = [
    ("", "`t.jsonl` has no rows"),
    ("x,y\n", "the first line of `t.jsonl` is no JSON"),
    ("[1, 2]\n", "the first line of `t.jsonl` is no JSON object"),
    ('{"x": 1, "x": 2}\n', "`t.jsonl` has several columns called `x`"),
]


@pytest.mark.parametrize(("content", "message"), JSON)
def test_json_lines_that_cannot_be_meant(content: str, message: str) -> None:
    """A table of which the first line tells nothing."""
    text("t.jsonl", content)

    assert refusal("t.jsonl").message == message


# ------------------------------------------------------------------------------------------------------------- arrays

ARRAYS = [
    (np.arange(3), {"x": [0, 1, 2]}),
    (np.array([[1, 2], [3, 4]]), {"x0": [1, 3], "x1": [2, 4]}),
    (np.asfortranarray([[1.0, 2], [3, 4]]), {"x0": [1, 3], "x1": [2, 4]}),
    (np.array([(1, 2.5), (3, 4.5)], dtype=[("n", ">i4"), ("y", "<f8")]), {"n": [1, 3], "y": [2.5, 4.5]}),
    (np.array([True, False]), {"x": [1, 0]}),
    (np.array([0.5], dtype=np.float16), {"x": [0.5]}),
    (np.array([b"1", b"2"]), {"x": [1, 2]}),
]


@pytest.mark.parametrize(("array", "expected"), ARRAYS, ids=[f"{array.dtype}{array.shape}" for array, _ in ARRAYS])
def test_arrays_are_tables(array: np.ndarray, expected: dict[str, list[float]]) -> None:
    """Fields and columns have names, also in a file that is written column by column."""
    np.save("t.npy", array)

    assert everything("t.npy")[0] == expected


def test_columns_of_archives_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed or not; what is no vector is no column."""
    monkeypatch.setattr("adcalc.io.array_files.ROWS", 7)
    x = np.arange(100.0)
    np.savez_compressed("t.npz", x=x, n=x.astype(np.int16), s=x.astype(str), m=np.zeros((2, 2)))
    found, _, kept = everything("t.npz", ["x", "n"], ["s"])

    with open_table("t.npz") as table:
        assert table.columns == ("x", "n", "s") and table.rows == 100
    assert found == {"x": x.tolist(), "n": x.tolist()} and kept["s"][:2] == ["0.0", "1.0"]


def test_arrays_that_are_no_tables() -> None:
    """Nothing is unpickled, and nothing promised beyond the file's size."""
    np.save("o.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez("o.npz", o=np.array([{}], dtype=object))
    np.save("c.npy", np.array([1j]))
    np.save("d.npy", np.zeros((2, 2, 2)))
    np.save("z.npy", np.zeros((0, 2)))
    np.savez("l.npz", x=np.zeros(3), y=np.zeros(2))
    np.savez("m.npz", m=np.zeros((2, 2)))
    text("b.npy", Path("d.npy").read_bytes()[:-1])
    text("b.npz", Path("l.npz").read_bytes()[:-30])
    text("n.npy", b"x")
    with zipfile.ZipFile("s.npz", "w") as archive:
        archive.writestr("x.npy", Path("z.npy").read_bytes().replace(b"(0, 2)", b"(90,) "))

    objects = "holds Python objects, which are never loaded: that could run code"
    assert refusal("o.npy").message == f"`o.npy` {objects}"
    assert refusal("o.npz").message == f"`o` in `o.npz` {objects}"
    assert refusal("c.npy").message == "column `x` of `c.npy` holds complex numbers"
    assert refusal("d.npy").message == "`d.npy` is no table: its shape is 2×2×2"
    assert refusal("z.npy").message == "`z.npy` has no rows"
    assert refusal("l.npz").message == "`x` and `y` in `l.npz` are not equally long"
    assert refusal("m.npz").message == "`m.npz` holds no vectors"
    assert refusal("b.npy").message.startswith("`b.npy` is no whole .npy file")
    assert refusal("b.npz").message.startswith("`b.npz` is no whole .npz archive")
    assert refusal("n.npy").message == "`n.npy` is no .npy file"
    assert refusal("s.npz").message == "`x` in `s.npz` is cut off"


# ------------------------------------------------------------------------------------------------- parquet and arrow


def test_frames_as_people_have_them() -> None:
    """Whole numbers, booleans, decimals, nulls, nan and texts."""
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({
        "i": [1, 2, None, 4], "b": [True, False, True, None], "f": [1.5, NAN, None, INF],
        "t": ["1", " 2 ", "x", None], "d": pl.Series(["1.25", "2", None, "3"]).cast(pl.Decimal(10, 2)),
        "c": pl.Series(["1", "2", "1", "2"], dtype=pl.Categorical),
    })  # fmt: skip
    frame.write_parquet("t.parquet")
    found, reasons, _ = everything("t.parquet")

    clean = {name: [None if x != x else x for x in values] for name, values in found.items()}
    assert clean == {
        "i": [1, 2, None, 4], "b": [1, 0, 1, None], "f": [1.5, None, None, INF], "t": [1, 2, None, None],
        "d": [1.25, 2, None, 3], "c": [1, 2, 1, 2],
    }  # fmt: skip
    assert reasons == ["", "`f` is no number: `nan`", "`i` is empty", "`b` is empty"]


def test_frames_that_cannot_be_meant() -> None:
    """Broken files, dates as numbers, lists as text."""
    pl = pytest.importorskip("polars")
    from datetime import date

    frame = pl.DataFrame({"d": [date(2020, 1, 1)], "l": [[1]], "x": [1.0]})
    frame.write_parquet("t.parquet")
    frame.write_ipc("t.arrow")
    frame.clear().write_parquet("z.parquet")
    whole = Path("t.parquet").read_bytes()
    text("b.parquet", whole[:-5])
    text("c.parquet", b"x,y\n1,2\n")
    text("e.parquet", b"")
    text("b.arrow", Path("t.arrow").read_bytes()[:-40])

    assert refusal("t.parquet", ["d"]).message == "column `d` of `t.parquet` holds dates or times, not numbers"
    assert refusal("t.parquet", ["l"]).message == "column `l` of `t.parquet` holds lists, not numbers"
    assert refusal("z.parquet").message == "`z.parquet` has no rows"
    assert refusal("e.parquet").message == "`e.parquet` is empty"
    for name in ("b.parquet", "c.parquet", "b.arrow"):
        assert refusal(name).message.startswith(f"cannot read `{name}`: ")
    with open_table("t.parquet") as table:
        kinds = table.kinds(["l"], [])
    with pytest.raises(InputProblem) as found:
        create_table("o.csv", None, force=False, kept=kinds, results=["v"])
    assert found.value.message == "column `l` cannot be written as text to `o.csv`"
    with pytest.raises(InputProblem) as found:
        create_table("o.npz", None, force=False, kept=kinds, results=["v"])
    assert found.value.message == "column `l` is not of numbers, and `o.npz` can hold no others"
    assert not list(Path().glob("*o.*"))


def test_a_star_in_a_name_is_a_star() -> None:
    """Names are not patterns."""
    pl = pytest.importorskip("polars")
    pl.DataFrame({"x": [1.0]}).write_parquet("a.parquet")
    pl.DataFrame({"x": [2.0]}).write_parquet("*.parquet")

    assert everything("*.parquet")[0] == {"x": [2.0]}


# --------------------------------------------------------------------------------------------- names, formats, streams


def test_files_that_cannot_be_read() -> None:
    """Missing, misspelt, no file, no known format."""
    text("points.csv", "x\n1\n")
    text("points.cvs", "x\n1\n")
    Path("folder.csv").mkdir()

    missing = refusal("point.csv")
    assert missing.message == "there is no file `point.csv`" and missing.hint == "did you mean `points.csv`?"
    assert refusal("folder.csv").message == "`folder.csv` is a folder, not a file"
    unknown = refusal("points.cvs")
    assert unknown.message == "the name of `points.cvs` does not tell its format"
    assert unknown.hint.startswith("did you mean `.csv`? say so with `--format`")
    assert refusal("points.csv", format="paruqet").hint.startswith("did you mean `parquet`?")
    text("points.parquet.gz", "")
    assert refusal("points.parquet.gz").message == "`points.parquet.gz` is packed, which only text may be"
    if os.getuid():
        Path("points.csv").chmod(0)
        assert refusal("points.csv").message == "cannot read `points.csv`: Permission denied"


def test_a_format_that_is_named_goes_before_the_ending() -> None:
    """Upper case or lower."""
    text("points.txt", "x\ty\n1\t2\n")

    assert everything("points.txt", format="TSV")[0] == {"x": [1], "y": [2]}


def test_packed_text_is_unpacked(engine: str) -> None:
    """And what is no whole gzip file is refused."""
    text("t.csv.gz", gzip.compress(b"x\n1\n2\n"))
    text("b.csv.gz", gzip.compress(b"x\n" + b"1\n2\n" * 1000)[:-9])

    assert everything("t.csv.gz")[0] == {"x": [1, 2]}, engine
    assert refusal("b.csv.gz").message.startswith("`b.csv.gz` is no whole gzip file")


@pytest.mark.parametrize("format", ["csv", "jsonl", "npz", "npy", "csv.gz", "parquet", "arrow"])
def test_standard_streams(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in is told by its first bytes; what goes out is what a file would hold."""
    if format in WITH_LIBRARY:
        pytest.importorskip("polars")
    text("t.csv", "x\n1\n2\n")
    copied("t.csv", f"s.{format}", ["x"], {}, numbers=["x"])
    monkeypatch.setattr("sys.stdin", Pipe(Path(f"s.{format}").read_bytes()))
    out = Pipe()
    monkeypatch.setattr("sys.stdout", out)
    table = open_table("-", None)
    bare = format.removesuffix(".gz")
    with create_table("-", bare, force=False, kept=table.kinds(["x"], ["x"]), results=["v"]) as writer:
        for part in table.parts(["x"], ["x"]):
            writer.write(part.kept, {"v": part.numbers["x"] * 2})
    table.close()
    Path("o").write_bytes(out.buffer.getvalue())  # type: ignore[union-attr]

    assert table.name == "standard input"
    assert everything("o", format=bare)[0] == {"x": [1, 2], "v": [2, 4]}


@pytest.mark.parametrize("format", ["csv", "jsonl", "npy", "parquet", "arrow"])
def test_whoever_reads_may_have_enough(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`| head` is no problem of a user's, a full disk is one."""
    if format in WITH_LIBRARY:
        pytest.importorskip("polars")
    reading, writing = os.pipe()
    os.close(reading)
    for descriptor, expected in ((writing, BrokenPipeError), (os.open("/dev/full", os.O_WRONLY), InputProblem)):
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            out = Pipe()
            out.buffer = file  # type: ignore[assignment]
            monkeypatch.setattr("sys.stdout", out)
            writer = create_table("-", format, force=False, kept={}, results=["v"])
            with pytest.raises(expected) as found, writer:
                writer.write({}, {"v": np.arange(100_000.0)})
    assert str(found.value) == "cannot write standard output: No space left on device"


def test_a_pipe_is_read_as_one(plain: None) -> None:
    """`--data <(...)`: it has no ending and no size."""
    os.mkfifo("pipe")
    thread = threading.Thread(target=lambda: Path("pipe").write_bytes(b"x;y\n1;2\n"))
    thread.start()

    assert everything("pipe")[0] == {"x": [1], "y": [2]}
    thread.join()


# ----------------------------------------------------------------------------------------- whole or not at all


def test_nothing_is_replaced_unasked() -> None:
    """An existing file is seen before anything is read, and one that comes meanwhile stays."""
    text("t.csv", "x\n1\n")
    text("o.csv", "mine")
    with pytest.raises(InputProblem) as found:
        create_table("o.csv", None, force=False, kept={}, results=["v"])
    assert found.value.message == "`o.csv` is there already" and found.value.hint == "add `--force` to replace it"

    writer = create_table("new.csv", None, force=False, kept={}, results=["v"])
    writer.write({}, {"v": np.ones(1)})
    text("new.csv", "theirs")
    with pytest.raises(InputProblem, match=r"`new.csv` is there already"):
        writer.finish()

    assert Path("o.csv").read_text() == "mine" and Path("new.csv").read_text() == "theirs"
    assert names() == ["new.csv", "o.csv", "t.csv"]


def interrupted(writer: Writer, error: type[BaseException]) -> None:
    """Something happens while a table is written."""
    with writer:
        writer.write({}, {"v": np.ones(3)})
        assert len(names()) == 2 and names()[0].startswith(".")
        raise error


@pytest.mark.parametrize("target", FORMATS)
def test_a_run_that_ends_early_leaves_nothing(target: str) -> None:
    """Neither an exception nor an interruption; what was there before stays."""
    if target in WITH_LIBRARY:
        pytest.importorskip("polars")
    text(f"o.{target}", "mine")
    for error in (ZeroDivisionError, KeyboardInterrupt):
        writer = create_table(f"o.{target}", None, force=True, kept={}, results=["v"])
        with pytest.raises(error):
            interrupted(writer, error)
    assert names() == [f"o.{target}"] and Path(f"o.{target}").read_text() == "mine"


def test_a_table_may_become_its_own_result(engine: str) -> None:
    """It is replaced when all of it is read."""
    text("t.csv", "x\n" + "1\n" * 1000)
    Path("link.csv").symlink_to("t.csv")
    copied("t.csv", "link.csv", ["x"], {"v": range(1000)}, force=True)

    assert Path("t.csv").read_text().splitlines()[:3] == ["x,v", "1,0.0", "1,1.0"], engine
    assert Path("link.csv").is_symlink()


def written(name: str, values: np.ndarray) -> None:
    """Writes the same values several times."""
    with create_table(name, None, force=False, kept={}, results=["v"]) as writer:
        for _ in range(4):
            writer.write({}, {"v": values})


@pytest.mark.parametrize("target", FORMATS)
def test_a_full_disk_leaves_nothing(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may grow no further than this."""
    if target in WITH_LIBRARY:
        pytest.importorskip("polars")
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    values = np.random.default_rng(1).normal(size=50_000)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(InputProblem) as found:
            written(f"o.{target}", values)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert found.value.message == f"cannot write `o.{target}`: File too large"
    assert names() == []


PLACES = [
    ("o.parquet.gz", "`o.parquet.gz` is packed, which only text may be"),
    ("none/o.csv", "there is no folder `none`"),
    ("folder.csv", "`folder.csv` is a folder, not a file"),
    ("o.doc", "the name of `o.doc` does not tell its format"),
]


@pytest.mark.parametrize(("name", "message"), PLACES)
def test_places_that_cannot_be_written(name: str, message: str) -> None:
    """They are seen before anything is computed."""
    Path("folder.csv").mkdir()
    with pytest.raises(InputProblem) as found:
        create_table(name, None, force=False, kept={}, results=["v"])
    assert found.value.message == message


def test_columns_of_results_have_names_of_their_own() -> None:
    """A column that is kept and a result cannot be called the same."""
    with pytest.raises(InputProblem) as found:
        create_table("o.csv", None, force=False, kept={"value": "text"}, results=["value"])
    assert found.value.message == "`o.csv` has several columns called `value`"
    with pytest.raises(InputProblem, match=r"column `id` is not of numbers, and `o.npy` can hold no others"):
        create_table("o.npy", None, force=False, kept={"id": "text"}, results=["value"])


# ------------------------------------------------------------------------------------------------- without the library


def test_what_needs_the_library_says_how_to_get_it(plain: None) -> None:
    """And plain text says that it would be faster with it, if it is long."""
    text("t.parquet", "PAR1")
    problem = refusal("t.parquet")
    assert isinstance(problem, MissingExtra)
    assert problem.message == "`t.parquet` needs the extra for tables" and problem.hint == "pip install 'adcalc[data]'"
    with pytest.raises(MissingExtra):
        create_table("o.parquet", None, force=False, kept={}, results=["v"])
    text("t.csv", "x\n1\n")
    with open_table("t.csv") as table:
        assert table.note == ""
    text("t.csv", "x\n" + "1\n" * 1_000_000)
    with open_table("t.csv") as table:
        assert "pip install 'adcalc[data]'" in table.note


# ------------------------------------------------------------------------------------------------------- streaming


@pytest.mark.parametrize("format", FORMATS)
def test_parts_are_bounded(format: str) -> None:
    """However long a table is, what is held of it at a time is not."""
    if format in WITH_LIBRARY:
        pytest.importorskip("polars")
    rows = 300_000
    with create_table(f"t.{format}", None, force=False, kept={}, results=["x", "y"]) as writer:
        for first in range(0, rows, 100_000):
            x = np.arange(first, first + 100_000.0)
            writer.write({}, {"x": x, "y": x / 7})
    table = open_table(f"t.{format}")
    parts = list(table.parts(["x"], []))

    assert sum(part.rows for part in parts) == rows and max(part.rows for part in parts) < 250_000
    assert len(parts) > 1 and [part.first for part in parts[:2]] == [0, parts[0].rows]
    assert np.array_equal(np.concatenate([part.numbers["x"] for part in parts]), np.arange(float(rows)))
    assert table.size == Path(f"t.{format}").stat().st_size
    if format not in ("npy", "npz"):
        assert table.position == table.size
    assert table.rows in (rows, None) and (table.rows is None) == (format in ("csv", "tsv", "csv.gz", "jsonl"))
    table.close()


def test_reading_ahead_stops_when_nobody_listens() -> None:
    """A few items are made ahead and no more; errors come where the items are taken."""
    made = []

    def make() -> Iterator[int]:
        for i in itertools.count():
            if i == 20:
                raise ZeroDivisionError
            made.append(i)
            yield i

    ahead = Ahead(make)
    assert next(ahead) == 0
    ahead.close()
    assert len(made) < 10 and list(ahead) == []
    with pytest.raises(ZeroDivisionError):
        list(Ahead(make))


def test_rows_of_a_slow_pipe_arrive_as_they_are_computed() -> None:
    """Nobody has to wait for the end of what is still being written."""
    command = [sys.executable, "-m", "adcalc", "batch", "x^2", "--data", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        run.stdin.write(b"x\n1\n2\n")
        run.stdin.flush()
        # These come while the pipe is open; else this would wait for ever.
        assert [run.stdout.readline() for _ in range(3)] == [b"value,d_x\n", b"1.0,2.0\n", b"4.0,4.0\n"]
        run.stdin.write(b"3\n")
        run.stdin.close()
        assert run.stdout.read() == b"9.0,6.0\n"


@pytest.mark.parametrize("name", ["a%s", "100%", "%d%%", "\0"])
def test_a_column_may_be_called_anything(name: str, tmp_path: Path) -> None:
    """Signs of a template, or of nothing, are letters like others."""
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"x": 1, name: "kept \ud800 %s"}) + "\n")
    found = CliRunner().invoke(app, ["batch", "x^2", "--data", str(path), "--keep", "*", "--format", "jsonl"])

    assert found.exit_code == 0, found.exception
    assert json.loads(found.stdout)[name] == "kept \ud800 %s"


def header(text: str, *, version: int = 1, length: int | None = None) -> bytes:
    """A .npy file of no numbers with a header of one's own."""
    width = 2 if version == 1 else 4
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + (len(text) if length is None else length).to_bytes(width, "little")
        + text.encode()
    )


HOSTILE = {
    "columns": header("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 1000000000000)}\n"),
    "negative": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-5,)}\n"),
    "negative rows": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-5, 2)}\n"),
    "texts": header("{'descr': '|S50000', 'fortran_order': False, 'shape': (70000,)}\n"),
    "no texts": header("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}\n"),
    "a long header": header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}\n", version=2, length=3 * 2**30),
    "rows": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}\n"),
    "huge": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1" + 30 * "0" + ",)}\n"),
    "cut": b"\x93NUMPY\x01",
}  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("packed", [False, True], ids=["npy", "npz"])
def test_what_a_header_announces_is_not_believed(content: bytes, packed: bool, tmp_path: Path) -> None:
    """Neither time nor memory is spent on what is not there: as a table, and as one array."""
    path = tmp_path / ("a.npz" if packed else "a.npy")
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", content)
    else:
        path.write_bytes(content)
    for arguments in (["batch", "x0^2", "--data", str(path)], ["batch", "x^2", "--data", str(path)], ["eval", "sum(x)", "--at", f"x=@{path}"]):  # fmt: skip
        begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = CliRunner().invoke(app, arguments)
        # Of no rows at all the sum is 0, however long they would be.
        assert found.exit_code == 2 or found.stdout.split()[-1:] == ["0"], found.exception
        assert found.exit_code == 0 or found.stderr.startswith("error: ")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begin < 200_000


def test_registry_of_formats(tmp_path: Path) -> None:
    """Whatever a format's line names is there, and the help and `--at` follow from the lines."""
    from adcalc.cli.batch import TableFormat
    from adcalc.io.formats import ARRAY_ENDINGS, FORMATS, handler
    from adcalc.io.references import loaded

    for each in FORMATS.values():
        assert all(callable(handler(place)) for place in (each.reader, each.writer, each.array) if place)
    help = get_args(TableFormat)[1].help
    assert all(name in help for name in FORMATS)
    (tmp_path / "t.tab").write_text("a\tb\n1\t2\n")
    assert ".tab" in ARRAY_ENDINGS and np.asarray(loaded(f"{tmp_path / 't.tab'}:b")).tolist() == [2.0]


def test_archives_are_checked_alike(folder: Path) -> None:
    """A member that cannot be what it announces is refused in the same words as a table and as an array of a point."""
    from adcalc.io.references import loaded

    content = io.BytesIO()
    np.save(content, np.zeros(1000))
    for way, words in ((zipfile.ZIP_BZIP2, "is packed in a way"), (zipfile.ZIP_STORED, "announces more than")):
        with zipfile.ZipFile("h.npz", "w", way) as archive:
            archive.writestr("x.npy", content.getvalue())
        if way == zipfile.ZIP_STORED:
            found = bytearray(Path("h.npz").read_bytes())
            # The unpacked size in the directory of the archive.
            place = found.index(b"PK\x01\x02") + 24
            found[place : place + 4] = (2**30).to_bytes(4, "little")
            Path("h.npz").write_bytes(found)
        with pytest.raises(InputProblem, match=words) as at_point:
            loaded("h.npz")
        with pytest.raises(InputProblem, match=words) as as_table:
            open_table("h.npz")
        assert at_point.value.message == as_table.value.message


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_first_line_that_announces_the_separator(folder: Path, separator: str, end: str) -> None:
    """As Excel writes and reads it; it is no line of column names."""
    text("t.csv", end.join([f"sep={separator}", f"x{separator}y", f"1{separator}2", f"3{separator}4", ""]))
    found, *_ = everything("t.csv", ["x", "y"], [])
    assert {name: list(values) for name, values in found.items()} == {"x": [1, 3], "y": [2, 4]}
