"""Numbers from files and into files: what is read, what is refused, and that nothing is believed unseen."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from adcalc.errors import InputProblem
from adcalc.io.references import loaded
from adcalc.io.saving import Target, write_whole


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(reference: str) -> InputProblem:
    """The problem that a reference ends in."""
    with pytest.raises(InputProblem) as found:
        loaded(reference)
    return found.value


def numbers(reference: str) -> list[float]:
    """What a reference leads to, as lists."""
    found: list[float] = np.asarray(loaded(reference)).tolist()
    return found


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    """The beginning of a .npy file that announces anything."""
    body = text.encode() + b" " * 10 + b"\n"
    return b"\x93NUMPY" + version + len(body).to_bytes(2 if version[0] == 1 else 4, "little") + body


ARRAYS = [
    (np.arange(3), [0.0, 1.0, 2.0]),
    (np.array([True, False]), [1.0, 0.0]),
    (np.array([[1, 2], [3, 4]], dtype=np.int8), [[1.0, 2.0], [3.0, 4.0]]),
    (np.asfortranarray(np.arange(6.0).reshape(2, 3)), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
    (np.arange(3, dtype=">f4"), [0.0, 1.0, 2.0]),
    (np.array([0.5], dtype=np.float16), [0.5]),
    (np.array([2**60, -(2**63)]), [2.0**60, -(2.0**63)]),
    (np.array([1.5], dtype=np.longdouble), [1.5]),
    (np.zeros((0, 3)), []),
]


@pytest.mark.parametrize(("array", "expected"), ARRAYS, ids=[str(array.dtype) for array, _ in ARRAYS])
def test_arrays_become_doubles(array: np.ndarray, expected: list[float]) -> None:
    """Every kind of real number is read as float64, in the order of the rows."""
    np.save("w.npy", array)
    found = loaded("w.npy")

    assert not isinstance(found, float)
    assert found.dtype == np.float64 and found.shape == array.shape
    assert found.tolist() == expected


def test_a_single_number_is_a_float() -> None:
    """An array without axes is a number of Python's; infinities and nan are numbers."""
    np.save("s.npy", np.float32(2.5))
    np.save("n.npy", np.array([np.nan, np.inf]))

    assert loaded("s.npy") == 2.5 and isinstance(loaded("s.npy"), float)
    assert np.isnan(numbers("n.npy")[0])


REFUSED_ARRAYS = [
    (np.array([1j]), "complex numbers"),
    (np.array(["a"]), "texts"),
    (np.array([b"a"]), "texts"),
    (np.array(["2020-01-01"], dtype="M8[D]"), "dates"),
    (np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]), "structured"),
    (np.array([2**53 + 1]), "9007199254740993"),
    (np.array([2**64 - 1], dtype=np.uint64), "18446744073709551615"),
    (np.array([1], dtype=np.longdouble) / 3, "to the last digit"),
]


@pytest.mark.parametrize(("array", "words"), REFUSED_ARRAYS, ids=[words for _, words in REFUSED_ARRAYS])
def test_what_is_no_array_of_doubles_is_refused(array: np.ndarray, words: str) -> None:
    """Nothing is rounded or left out unseen; the message says what there is and the hint what to do."""
    np.save("w.npy", array)
    np.savez("w.npz", x=array)

    for reference in ("w.npy", "w.npz:x"):
        problem = refusal(reference)
        assert words in problem.message
        assert problem.hint


def test_objects_are_never_unpickled() -> None:
    """A pickle in a file would run code: it is refused by its header."""
    np.save("o.npy", np.array([1, "a", None], dtype=object), allow_pickle=True)
    payload = b"cos\nsystem\n(S'touch run'\ntR."
    Path("p.npy").write_bytes(header("{'descr':'|O','fortran_order':False,'shape':(1,)}") + payload)

    for name in ("o.npy", "p.npy"):
        assert "never loaded" in refusal(name).message
    assert not Path("run").exists()


HOSTILE = [
    "{'descr':'<f8','fortran_order':False,'shape':(1000000000000,)}",
    "{'descr':'<f8','fortran_order':False,'shape':(-1,)}",
    "{'descr':'<f8','fortran_order':False,'shape':(True,)}",
    "{'descr':'<f8','fortran_order':False,'shape':(0, 10**30)}",
    "{'descr':'<f8','fortran_order':False,'shape':(0, 1000000000000000000000000000000)}",
    "{'descr':'<f8','fortran_order':False,'shape':3}",
    "{'descr':('<f8',(100000,100000)),'fortran_order':False,'shape':(1,)}",
    "{'descr':'|V0','fortran_order':False,'shape':(1000000,)}",
    "{'descr':'<f8','fortran_order':False,'shape':(" + "1," * 100 + ")}",
    "__import__('os').system('touch run')",
    "{" * 5000,
    "[" * 200_000,
    "\x00\xff",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:60] for text in HOSTILE])
def test_hostile_headers_are_refused_before_anything_is_allocated(text: str) -> None:
    """A header is a text that anybody may have written."""
    version = b"\x01\x00" if len(text) < 60_000 else b"\x02\x00"
    Path("h.npy").write_bytes(header(text, version) + b"x" * 64)
    problem = refusal("h.npy")

    assert problem.exit_code == 2 and problem.hint
    assert not Path("run").exists()


def test_files_that_are_cut_off() -> None:
    """Every beginning of a file is refused."""
    np.save("w.npy", np.arange(3.0))
    np.savez("w.npz", x=np.arange(3.0), y=np.eye(2))
    for name, reference in (("w.npy", "cut.npy"), ("w.npz", "cut.npz")):
        content = Path(name).read_bytes()
        for length in range(0, len(content), 7):
            Path(reference).write_bytes(content[:length])
            assert refusal(reference if name == "w.npy" else f"{reference}:x").hint


def test_files_with_broken_bytes_end_in_a_problem_or_a_number() -> None:
    """Whatever a byte is turned into, nothing but an InputProblem comes out."""
    np.save("w.npy", np.arange(3.0))
    np.savez_compressed("w.npz", x=np.arange(300.0))
    Path("w.csv").write_text('a,"b"\n1,2\n3,4\n')
    dice = random.Random(0)
    for name, reference in (("w.npy", "b.npy"), ("w.npz", "b.npz"), ("w.csv", "b.csv")):
        content = Path(name).read_bytes()
        for _ in range(400):
            broken = bytearray(content)
            for _ in range(dice.choice([1, 1, 3])):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            Path(reference).write_bytes(broken)
            try:
                found = loaded(reference)
            except InputProblem:
                continue
            assert np.asarray(found).dtype == np.float64


def test_archives() -> None:
    """A key is needed where there are several arrays; one that is misspelt is recognised."""
    np.savez("one.npz", x=np.ones(3))
    np.savez_compressed("two.npz", weights=np.ones(3), bias=np.float64(2))

    assert numbers("one.npz") == numbers("one.npz:x") == [1.0, 1.0, 1.0]
    assert loaded("two.npz:bias") == 2.0
    assert "`@two.npz:weights`" in refusal("two.npz").hint
    assert "did you mean `weights`?" in refusal("two.npz:wieghts").hint
    assert "it has `weights`, `bias`" in refusal("two.npz:q").hint


def test_a_zip_bomb_is_not_unpacked() -> None:
    """What a member announces must be possible, and not too large."""
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        start = header(f"{{'descr':'|b1','fortran_order':False,'shape':({2**28 + 1},)}}")
        archive.writestr("x.npy", start + bytes(2**20))
    assert "too many" in refusal("bomb.npz").message

    content = bytearray(Path("bomb.npz").read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = (2**31 + 5).to_bytes(4, "little")
    Path("bomb.npz").write_bytes(content)
    assert "when unpacked" in refusal("bomb.npz").message

    content[place : place + 4] = (2**31 - 5).to_bytes(4, "little")
    Path("bomb.npz").write_bytes(content)
    assert "announces more" in refusal("bomb.npz").message


def test_archives_that_numpy_would_not_write() -> None:
    """Other packings, other contents, nothing at all."""
    with zipfile.ZipFile("lzma.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", b"1")
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("x.txt", b"hello")
    with zipfile.ZipFile("empty.npz", "w"):
        pass
    Path("plain.npz").write_text("hello")

    assert "packed" in refusal("lzma.npz").message
    assert "no .npy file" in refusal("text.npz").message
    assert "holds no array" in refusal("empty.npz").message
    assert "no whole .npz archive" in refusal("plain.npz").message


TABLES = [
    ("t.csv", "a,b\n1,2\n3,4\n", "t.csv", [[1.0, 2.0], [3.0, 4.0]]),
    ("t.csv", "a,b\n1,2\n3,4\n", "t.csv:b", [2.0, 4.0]),
    ("t.csv", "name,b\nAda,2\nBob,4\n", "t.csv:b", [2.0, 4.0]),
    ("t.csv", "1,2\n3,4\n\n5,6\n", "t.csv", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    ("t.csv", "1,2\n3,4\n", "t.csv:1", [2.0, 4.0]),
    ("t.csv", "v\n1\n\n2\n", "t.csv", [1.0, 2.0]),
    ("t.csv", "1\n2\n", "t.csv", [1.0, 2.0]),
    ("t.csv", "\ufeffa,b\r\n1,2\r\n", "t.csv:a", [1.0]),
    ("t.csv", '"a,1","b"\n"1.5", 2 \n', "t.csv:a,1", [1.5]),
    ("t.csv", "# a,b\n1,2\n", "t.csv:a", [1.0]),
    ("t.csv", "a;b\n1.5;2\n", "t.csv:b", [2.0]),
    ("t.csv", "sep=;\na;b\n1.5;2\n", "t.csv:b", [2.0]),
    ("t.csv", "\ufeffSEP=|\r\na,1|b\r\n1.5|2\r\n", "t.csv:b", [2.0]),
    ("t.csv", "a\n1e-3\n-inf\nNaN\n", "t.csv:a", [0.001, float("-inf"), None]),
    ("t.tsv", "a\tb\n1\t2\n", "t.tsv:b", [2.0]),
    ("a:b.csv", "1\n2\n", "a:b.csv", [1.0, 2.0]),
    ("a:b.csv", "x,y\n1,2\n", "a:b.csv:y", [2.0]),
    ("T.CSV", "1\n", "T.CSV", [1.0]),
]


@pytest.mark.parametrize(("name", "text", "reference", "expected"), TABLES, ids=[repr(case[1]) for case in TABLES])
def test_tables(name: str, text: str, reference: str, expected: list[float | None]) -> None:
    """A column by its name, or all of a table; a line of names is recognised."""
    Path(name).write_text(text, encoding="utf-8", newline="")

    assert [None if value != value else value for value in numbers(reference)] == expected


BROKEN_TABLES = [
    ("a,b\n1,\n", "t.csv", "line 2, column `b` of `t.csv` is empty"),
    ("a,b\n1,2\n3,x\n", "t.csv:b", "line 3, column `b` of `t.csv` is not a number: `x`"),
    ("a,n\n1,x\n", "t.csv", "is not a number: `x`"),
    ("1,2\n3,x\n", "t.csv", "line 2, column `1`"),
    ("sep=;\na;b\n1;x\n", "t.csv:b", "line 3, column `b` of `t.csv` is not a number: `x`"),
    ("a,b\n1,2\n3\n", "t.csv:a", "line 3 of `t.csv` has 1 cell, not 2"),
    ("a,a\n1,2\n", "t.csv:a", "several columns called `a`"),
    ("height,b\n1,2\n", "t.csv:hight", "no column `hight`"),
    ("1,2\n", "t.csv:a", "no line of column names"),
    ("a,b\n", "t.csv", "no numbers below"),
    ("", "t.csv", "is empty"),
    ("\n\n", "t.csv", "is empty"),
    ("a\n1_000\n", "t.csv:a", "is not a number: `1_000`"),
    ("a\n0x10\n", "t.csv:a", "is not a number"),
    ("a;b\n1,5;2\n", "t.csv:a", "is not a number: `1,5`"),
    ('a\n"1\n2\n', "t.csv:a", "line 3 of `t.csv` is broken"),
    ("a\n" + "1" * 200_000, "t.csv:a", "line 2 of `t.csv` is broken"),
    ("a\n1\x00\n", "t.csv:a", "is not a number: `1?`"),
]


@pytest.mark.parametrize(("text", "reference", "words"), BROKEN_TABLES, ids=[case[2] for case in BROKEN_TABLES])
def test_tables_with_something_else_than_numbers(text: str, reference: str, words: str) -> None:
    """The message names line and column."""
    Path("t.csv").write_text(text)

    assert words in refusal(reference).message


def test_hints_for_tables() -> None:
    """What to do: another column, a decimal point, UTF-8."""
    Path("t.csv").write_text("height,name\n1,x\n")
    Path("d.csv").write_text("a;b\n1,5;2\n")
    Path("u.csv").write_bytes("a,b\n1,2\n".encode("utf-16"))

    assert refusal("t.csv").hint == "take one column, such as `@t.csv:height`"
    assert refusal("t.csv:hight").hint == "did you mean `height`? it has `height`, `name`"
    assert "decimal point" in refusal("d.csv:a").hint
    assert "UTF-8" in refusal("u.csv").hint


def test_a_million_rows_are_read_quickly() -> None:
    """A large table takes seconds, not minutes."""
    import time

    Path("big.csv").write_text("a,b,c\n" + "0.123456789,-2.5e-7,3\n" * 1_000_000)
    begin = time.perf_counter()

    assert np.asarray(loaded("big.csv")).shape == (1_000_000, 3)
    assert time.perf_counter() - begin < 20


def test_files_that_are_none(folder: Path) -> None:
    """A missing file, a folder, a pipe, a device, a name that cannot be one: each has its words."""
    np.save("weights.npy", np.ones(2))
    Path("dir.npy").mkdir()
    os.mkfifo("pipe.npy")
    Path("x.txt").write_text("1")

    assert refusal("wieghts.npy").hint == "did you mean `@weights.npy`?"
    assert refusal("nowhere.csv:a").message == "there is no file `nowhere.csv`"
    assert refusal("C:\\data\\w.npz:key").message == "there is no file `C:\\data\\w.npz`"
    assert "is a folder" in refusal("dir.npy").message
    assert "no ordinary file" in refusal("pipe.npy").message
    assert "must end in" in refusal("x.txt").hint
    assert "must end in" in refusal("/dev/zero").hint
    assert "cannot read" in refusal("x\0.npy").message
    assert "a file is missing" in refusal(" ").message
    assert "a single array" in refusal("weights.npy:x").message


def test_a_file_that_must_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is said in its words."""
    for name in ("w.npy", "w.npz", "w.csv"):
        Path(name).write_text("1")

    def refuse(*arguments: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    for name in ("w.npy", "w.npz", "w.csv"):
        assert refusal(name).message == f"cannot read `{name}`: Permission denied"


def test_results_are_kept_and_read_again() -> None:
    """A .npz file holds every figure by its name, a .npy file one of them."""
    results = {"value": 2.5, "d_x": np.array([1.0, 2.0])}
    Target.of("out.npz", force=False).keep(results, "d_x")
    Target.of("out.npy", force=False).keep(results, "d_x")

    assert loaded("out.npz:value") == 2.5
    assert numbers("out.npz:d_x") == numbers("out.npy") == [1.0, 2.0]
    with np.load("out.npz", allow_pickle=False) as archive:
        assert set(archive) == {"value", "d_x"}
    first = Path("out.npz").read_bytes()
    Target.of("out.npz", force=True).keep(results, None)
    assert Path("out.npz").read_bytes() == first


def target_refusal(name: str, *, force: bool = False) -> InputProblem:
    """The problem that a file for results ends in."""
    with pytest.raises(InputProblem) as found:
        Target.of(name, force=force).keep({"value": 1.0, "d_x": 2.0}, None)
    return found.value


def test_results_are_not_written_just_anywhere(folder: Path) -> None:
    """Not over another file unasked, not into a pipe, not in another format."""
    Path("there.npz").write_text("mine")
    Path("dir.npz").mkdir()
    os.mkfifo("pipe.npz")

    assert "--force" in target_refusal("there.npz").hint
    assert Path("there.npz").read_text() == "mine"
    assert "is a folder" in target_refusal("dir.npz", force=True).message
    assert "no ordinary file" in target_refusal("pipe.npz", force=True).message
    assert "no folder `nowhere`" in target_refusal("nowhere/x.npz").message
    assert "--format csv" in target_refusal("x.csv").hint
    assert target_refusal("x").hint == "write `x.npz`"
    assert "cannot write" in target_refusal("x\0.npz").message
    assert target_refusal("x.npy").hint == "write `x.npz`"
    assert sorted(path.name for path in folder.iterdir()) == ["dir.npz", "pipe.npz", "there.npz"]


def test_a_file_is_written_whole_or_not_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure the old file is there and nothing else; a file that has come meanwhile stays."""
    Path("w.bin").write_bytes(b"old")

    def fail(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="space"):
        write_whole(folder / "w.bin", fail)
    with pytest.raises(FileExistsError):
        write_whole(folder / "w.bin", lambda file: file.write(b"new"), replacing=False)
    assert Path("w.bin").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["w.bin"]

    def no_links(*arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    with pytest.raises(FileExistsError):
        write_whole(folder / "w.bin", lambda file: file.write(b"new"), replacing=False)
    write_whole(folder / "other.bin", lambda file: file.write(b"new"), replacing=False)
    assert Path("other.bin").read_bytes() == b"new"


def test_a_race_for_a_name_is_lost_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that appears between the check and the writing is not replaced."""
    target = Target.of("w.npy", force=False)
    Path("w.npy").write_text("mine")

    with pytest.raises(InputProblem, match="there already"):
        target.keep({"value": 1.0}, "value")
    assert Path("w.npy").read_text() == "mine"


def test_a_link_leads_to_its_file(folder: Path) -> None:
    """A symbolic link keeps leading where it led."""
    Path("real.npy").write_bytes(b"")
    Path("link.npy").symlink_to("real.npy")
    Target.of("link.npy", force=True).keep({"value": 1.0}, "value")

    assert Path("link.npy").is_symlink()
    assert loaded("real.npy") == 1.0
