"""adcalc batch: tables in, tables out, and what is said about rows that cannot be computed."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adcalc.cli.tables import _ending_in_order, _until_told
from adcalc.io.chunks import Part
from tests.test_cli import run
from tests.test_terminal import ESCAPES, shown

POLARS = find_spec("polars") is not None
needs_polars = pytest.mark.skipif(not POLARS, reason="polars is not installed")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, with a table."""
    monkeypatch.chdir(tmp_path)
    Path("points.csv").write_text("id,x,y\n007,3,4\n008,1,1\n009,-2,0.5\n")
    return tmp_path


def rows(text: str) -> list[dict[str, str]]:
    """A table of text as one dictionary a row."""
    return list(csv.DictReader(io.StringIO(text)))


def numbers(text: str) -> dict[str, list[float]]:
    """The columns of a table of text, an empty cell as nan."""
    found = rows(text)
    return {name: [float(row[name] or "nan") for row in found] for name in found[0]}


def batched(*arguments: str) -> tuple[str, str]:
    """What `adcalc batch` prints on both streams, having succeeded."""
    code, output, complaint = run("batch", *arguments)
    assert code == 0, complaint
    return output, complaint


def only_notes(complaint: str) -> bool:
    """Whether nothing is said but what could be faster, where libraries are not installed."""
    return all(line.startswith(("note: ", "  = pip install")) for line in complaint.splitlines())


def test_value_and_partials() -> None:
    output, complaint = batched("x*x*y + y + 2", "--data", "points.csv")
    assert numbers(output) == {"value": [42, 4, 4.5], "d_x": [24, 2, -2], "d_y": [10, 2, 5]}
    assert complaint == ""


def test_second_partials_and_columns_passed_through() -> None:
    output, _ = batched("x*x*y + y + 2", "--data", "points.csv", "--hessian", "--keep", "id")
    first = rows(output)[0]
    assert first["id"] == "007"
    assert list(first) == ["id", "value", "d_x", "d_y", "d_x_x", "d_x_y", "d_y_y"]
    assert [float(first[name]) for name in ("d_x_x", "d_x_y", "d_y_y")] == [8, 6, 0]


def test_all_columns_pass_through_without_names() -> None:
    for arguments in (["--keep"], ["--keep", "*"], ["--keep", "--format", "csv"]):
        output, _ = batched("x*y", "--data", "points.csv", *arguments)
        assert list(rows(output)[0]) == ["id", "x", "y", "value", "d_x", "d_y"]


def test_columns_of_other_names_and_numbers() -> None:
    output, _ = batched("a*w^2 + h", "--data", "points.csv", "--map", "w=x,h=y", "--at", "a=2", "--wrt", "a,w")
    assert numbers(output) == {"value": [22, 3, 8.5], "d_a": [9, 1, 4], "d_w": [12, 4, -8]}


def test_a_program_with_definitions() -> None:
    output, _ = batched("f(t) = t^3; s = f(x) + f'(x); s*y", "--data", "points.csv", "--wrt", "x")
    assert numbers(output) == {"value": [216, 4, 2], "d_x": [180, 9, 0]}


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic", "numeric"])
def test_every_backend(backend: str) -> None:
    output, _ = batched("exp(x/2)*y", "--data", "points.csv", "--backend", backend)
    found = numbers(output)
    x, y = np.array([3, 1, -2]), np.array([4, 1, 0.5])
    assert np.allclose(found["d_x"], np.exp(x / 2) * y / 2, rtol=1e-7)
    assert np.allclose(found["d_y"], np.exp(x / 2), rtol=1e-7)


def test_rows_that_cannot_be_computed() -> None:
    Path("bad.csv").write_text("x,y\n1,2\n,3\nabc,4\n-1,5\n-3,6\n2,\n")
    output, complaint = batched("log(x)*y", "--data", "bad.csv")
    value = numbers(output)["value"]
    assert [bool(np.isnan(each)) for each in value] == [False, True, True, True, True, True]
    assert "2 of 6 rows (4, 5) have no results: `log(x)` needs `x > 0`, here `x = -1`" in complaint
    assert "2 of 6 rows (2, 3) have no results: `x` is empty" in complaint
    assert "row 6 of 6 has no results: `y` is empty" in complaint
    output, complaint = batched("log(x)*y", "--data", "bad.csv", "--on-error", "skip", "--keep", "y")
    assert output.splitlines() == ["y,value,d_x,d_y", "2,0.0,2.0,0.0"]
    assert "are left out" in complaint


def test_stopping_at_the_first_row_that_cannot_be_computed() -> None:
    Path("bad.csv").write_text("x\n1\n-1\nabc\n")
    code, _, complaint = run("batch", "log(x)", "--data", "bad.csv", "--on-error", "stop", "-o", "out.csv")
    assert code == 1
    assert "row 2 cannot be computed: `log(x)` needs `x > 0`" in complaint
    assert not list(Path().glob("*out*"))
    Path("worse.csv").write_text("x\n1\nabc\n-1\n")
    code, _, complaint = run("batch", "log(x)", "--data", "worse.csv", "--on-error", "stop", "-o", "out.csv")
    assert code == 2
    assert "row 2 cannot be computed: `x` is no number: `abc`" in complaint


def test_no_row_with_an_answer() -> None:
    code, output, _ = run("batch", "log(-x^2)", "--data", "points.csv")
    assert code == 1
    assert rows(output)[0] == {"value": "", "d_x": ""}


REFUSED = [
    (["x*z"], "`points.csv` has no column `z`"),
    (["x*y", "--map", "x=width"], "`points.csv` has no column `width`"),
    (["x*y", "--map", "z=x"], "the formula has no variable `z`"),
    (["x*y", "--map", "x=x", "--at", "x=1"], "`x` has a number and a column"),
    (["x*y", "--keep", "name"], "`points.csv` has no column `name`"),
    (["x*y", "--wrt", "q"], "the formula has no variable `q`"),
    (["[x, y]"], "row by row the value must be a number"),
    (["1 + 1"], "the formula reads no column"),
    (["x +"], "missing operand"),
    (["x", "--format", "docx"], "there is no format `docx`"),
    (["x", "-o", "points.csv"], "is there already"),
    (["x", "-o", "nowhere/out.csv"], "there is no folder"),
    (["x", "--backend", "quantum"], "unknown backend"),
    (["x", "--step", "0.1"], "an option of the numeric backend"),
    (["x*y", "--at", "y=[1, 2]"], "`y` is the same in every row"),
    (["x*y", "--data", "a.csv"], "more than one table: `--data a.csv` and `--data points.csv`"),
    (["x*y", "a.csv"], "the table is an option: `--data a.csv`"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_wrong_questions(arguments: list[str], words: str) -> None:
    """Before anything is read or written."""
    code, output, complaint = run("batch", *arguments, "--data", "points.csv")
    assert (code, output) == (2, "")
    assert words in complaint
    assert "Traceback" not in complaint
    assert sorted(path.name for path in Path().iterdir()) == ["points.csv"]


def test_no_table() -> None:
    for arguments in (["x"], ["-", "--data", "-"], ["x", "--data", "missing.csv"]):
        code, _, complaint = run("batch", *arguments)
        assert code == 2
        assert complaint.startswith("error: ")


FORMATS = ["csv", "tsv", "jsonl", "npz", "npy", *(["parquet", "arrow"] if POLARS else [])]


@pytest.mark.parametrize("format", FORMATS)
def test_from_one_format_to_another_and_back(format: str) -> None:
    """What is written can be read again, and is the same."""
    batched("x*y", "--data", "points.csv", "--keep", "x,y", "-o", f"out.{format}")
    output, _ = batched("value + d_x", "--data", f"out.{format}", "--keep", "x")
    assert numbers(output) == {"x": [3, 1, -2], "value": [16, 2, -0.5], "d_value": [1] * 3, "d_d_x": [1] * 3}


def test_the_format_option_goes_before_the_name() -> None:
    batched("x*y", "--data", "points.csv", "-o", "out.txt", "--format", "jsonl")
    assert json.loads(Path("out.txt").read_text().splitlines()[0]) == {
        "value": 12.0, "d_x": 4.0, "d_y": 3.0,
    }  # fmt: skip
    Path("table.dat").write_text("x\ty\n2\t5\n")
    output, _ = batched("x*y", "--data", "table.dat", "--format", "tsv")
    assert output.splitlines() == ["value\td_x\td_y", "10.0\t5.0\t2.0"]
    output, _ = batched("x*y", "--data", "table.dat", "--data-format", "tsv", "--format", "csv")
    assert output.splitlines()[1] == "10.0,5.0,2.0"


def test_a_file_is_replaced_only_when_asked() -> None:
    Path("out.csv").write_text("mine\n")
    code, _, complaint = run("batch", "x", "--data", "points.csv", "-o", "out.csv")
    assert code == 2
    assert "`--force`" in complaint
    assert Path("out.csv").read_text() == "mine\n"
    batched("x", "--data", "points.csv", "-o", "out.csv", "--force")
    assert Path("out.csv").read_text().startswith("value")
    batched("x*2", "--data", "points.csv", "--keep", "-o", "points.csv", "--force")
    assert rows(Path("points.csv").read_text())[0] == {"id": "007", "x": "3", "y": "4", "value": "6.0", "d_x": "2.0"}


def command(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """adcalc in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "adcalc", "batch", *arguments], **options)


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_file_that_looks_finished(way: signal.Signals) -> None:
    process = command(
        "x*y", "--data", "-", "-o", "out.csv", stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        # Whoever runs tests in the background has a shell that ignores interrupts, and its children do too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"x,y\n" + b"1,2\n" * 4_000_000)
    process.stdin.flush()
    for _ in range(200):
        if list(Path().glob(".*out*")):
            break
        time.sleep(0.05)
    process.send_signal(way)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 130
    assert complaint.endswith(b"interrupted\n")
    assert not Path("out.csv").exists()
    assert not list(Path().glob(".*out*"))


def test_standard_input_and_a_reader_that_has_enough() -> None:
    table = "x,y\n" + "1.5,2\n" * 300_000
    done = subprocess.run(
        [sys.executable, "-m", "adcalc", "batch", "x*y", "--data", "-"],
        input=table.encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.count(b"\n") == 300_001
    assert only_notes(done.stderr.decode())
    process = command("x*y", "--data", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    with process.stdin, process.stdout, process.stderr:
        process.stdin.write(b"x,y\n" + b"1,2\n" * 10)
        process.stdin.close()
        assert process.stdout.readline().strip() == b"value,d_x,d_y"
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert only_notes(process.stderr.read().decode())


@needs_polars
def test_many_rows_take_little_memory() -> None:
    """Parts of a table go through one after the other: ten times the rows do not take ten times the memory."""
    code = (
        "import sys, resource\nfrom adcalc.cli import main\n"
        "sys.argv = ['adcalc', 'batch', 'x*y', '--data', sys.argv[1], '-o', 'out.csv', '--force']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for count in (200_000, 2_000_000):
        Path("many.csv").write_text("x,y\n" + "1.25,2.5\n" * count)
        done = subprocess.run([sys.executable, "-c", code, "many.csv"], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
        assert Path("out.csv").read_text().count("\n") == count + 1
    assert peaks[1] < 2 * peaks[0]


def test_progress_is_shown_to_somebody_who_watches() -> None:
    """On a terminal only, and gone when the work is done."""
    Path("many.csv").write_text("x,y\n" + "1.25,2.5\n" * 150_000)
    text = shown("batch", "x*y", "--data", "many.csv", "-o", "out.csv", columns=60)
    assert "rows" in ESCAPES.sub("", text)
    assert Path("out.csv").exists()
    code, output, complaint = run("batch", "x*y", "--data", "many.csv", "-o", "again.csv")
    assert (code, output) == (0, "")
    assert only_notes(complaint)


def test_engines_agree() -> None:
    found = [batched("sin(x)*exp(y)", "--data", "points.csv", "--engine", engine)[0] for engine in ("auto", "numpy")]
    assert numbers(found[0]) == numbers(found[1])
    if find_spec("llvmlite") is not None:
        native, _ = batched("sin(x)*exp(y)", "--data", "points.csv", "--engine", "native", "--fast", "--threads", "2")
        for name, column in numbers(native).items():
            assert np.allclose(column, numbers(found[0])[name], rtol=1e-14)


def test_a_quote_that_is_never_closed_swallows_nothing() -> None:
    Path("quote.csv").write_text('x,y\n1,2\n2,"3\n4,5\n6,7\n')
    code, _, complaint = run("batch", "x", "--data", "quote.csv", "-o", "out.csv")
    assert code == 2
    assert "ends within a quoted cell, which begins with `3`" in complaint
    assert not Path("out.csv").exists()
    Path("inch.csv").write_text('x,y\n1,5" pipe\n2,6 pipes\n')
    output, _ = batched("x", "--data", "inch.csv")
    assert numbers(output)["value"] == [1, 2]


def test_a_column_may_be_called_like_a_constant() -> None:
    Path("names.csv").write_text("e,pi,sinx\n3,4,5\n")
    output, _ = batched("e*pi + sinx", "--data", "names.csv")
    assert numbers(output) == {"value": [17], "d_e": [4], "d_pi": [3], "d_sinx": [1]}
    output, _ = batched("e*x", "--data", "points.csv")
    assert rows(output)[1]["value"] == str(np.e)


def test_a_column_that_passes_through_may_not_be_called_like_a_result() -> None:
    Path("taken.csv").write_text("x,value\n1,2\n")
    code, output, complaint = run("batch", "x^2", "--data", "taken.csv", "--keep")
    assert (code, output) == (2, "")
    assert "the column `value` is called like one of the results" in complaint


def test_names_from_a_file_are_harmless_on_a_terminal() -> None:
    Path("bell.csv").write_text("a\x1b[31mRED\x07,y\n1,2\n")
    _, _, complaint = run("batch", "x*y", "--data", "bell.csv")
    assert "\x1b" not in complaint
    assert "\x07" not in complaint


def test_a_mixture_of_empty_cells_and_texts() -> None:
    Path("mixed.csv").write_text("x,y\n,1\nabc,2\n3,3\n")
    _, complaint = batched("x*y", "--data", "mixed.csv")
    assert "2 of 3 rows (1, 2) have no results: `x` is empty or no number: `abc`" in complaint


def test_an_interrupt_that_python_loses_is_heeded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that arrives while an object is tidied up is only printed by Python; the run ends at its next part."""
    with _ending_in_order() as told:
        one, other = (Part(first, 1, {}, {}, {}, {}) for first in (0, 1))
        parts = _until_told(iter([one, other]), told)
        assert next(parts) is one
        ignored: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda said: ignored.append(said.exc_type))
        lost = Lost()
        del lost
        assert (told, ignored) == ([signal.SIGTERM], [KeyboardInterrupt])
        with pytest.raises(KeyboardInterrupt):
            next(parts)


class Lost:
    """An object in whose end a signal arrives."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)
