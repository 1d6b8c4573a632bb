"""The command line as scripts use it: formats, streams, exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adcalc
from adcalc.cli.app import app
from adcalc.cli.arguments import shielded
from adcalc.cli.commands import COMMANDS

POINT = ["x*x*y + y + 2", "--at", "x=3,y=4"]


def run(*arguments: str, text: str | None = None) -> tuple[int, str, str]:
    """The exit code of a command, what it printed, and what it complained of."""
    done = CliRunner().invoke(app, list(arguments), input=text)
    return done.exit_code, done.stdout, done.stderr


def answer(*arguments: str, text: str | None = None) -> dict[str, object]:
    """The JSON object that a command prints."""
    code, printed, _ = run(*arguments, "--format", "json", text=text)
    assert code == 0
    found = json.loads(printed)
    assert isinstance(found, dict)
    return found


def test_eval_in_json() -> None:
    """`eval` tells formula, point, backend, value and warnings."""
    assert answer("eval", *POINT) == {
        "formula": "x*x*y + y + 2", "at": {"x": 3.0, "y": 4.0}, "backend": "reverse", "value": 42.0, "warnings": []
    }  # fmt: skip


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic", "numeric"])
def test_grad_in_json(backend: str) -> None:
    """`grad` adds the gradient by name, and numeric an estimate of its error."""
    found = answer("grad", *POINT, "--backend", backend)

    assert found["value"] == 42.0
    assert found["gradient"] == pytest.approx({"x": 24.0, "y": 10.0}, rel=1e-9)
    assert ("error_estimate" in found) == (backend == "numeric")


def test_hessian_in_json() -> None:
    """`hessian` adds variables, matrix, eigenvalues in ascending order and definiteness."""
    found = answer("hessian", "x1^2*(x1 + x2)", "--at", "x1=2,x2=3")

    assert found["variables"] == ["x1", "x2"]
    assert found["hessian"] == [[18.0, 4.0], [4.0, 0.0]]
    assert found["eigenvalues"] == pytest.approx([9 - 97**0.5, 9 + 97**0.5], rel=1e-14)
    assert found["definiteness"] == "indefinite"


def test_diff_in_json() -> None:
    """`diff` tells formula, names and derivative."""
    assert answer("diff", "x*x*y + y + 2", "--wrt", "x") == {
        "formula": "x*x*y + y + 2", "wrt": ["x"], "derivative": "2*x*y"
    }  # fmt: skip


def test_compare_in_every_format() -> None:
    """`compare` shows four backends, and how far apart they are."""
    found = answer("compare", *POINT)
    backends = found["backends"]
    assert isinstance(backends, list)

    assert [entry["backend"] for entry in backends] == ["reverse", "dual", "symbolic", "numeric"]
    assert found["largest_disagreement_ulps"] == 0.0
    for format in ("table", "csv", "plain", "latex"):
        code, printed, _ = run("compare", *POINT, "--format", format)
        assert code == 0
        assert "numeric" in printed
        assert "24" in printed


def test_compare_names_a_backend_without_an_answer() -> None:
    """A backend that cannot answer does not spoil the others."""
    code, printed, _ = run("compare", "where(x > 0, sqrt(x), 0)", "--at", "x=-1")

    assert code == 0
    assert "reverse" in printed


def test_numbers_that_are_not_finite_are_texts() -> None:
    """JSON has no infinity: it becomes a text, the exit code 1, and a warning says why."""
    code, printed, _ = run("eval", "exp(x)", "--at", "x=1000", "--format", "json")
    found = json.loads(printed)

    assert code == 1
    assert found["value"] == "inf"
    assert found["warnings"][0]["span"] == [0, 6]


def test_problems_in_json_go_to_standard_error() -> None:
    """With `--format json` a problem is an object with kind, message, span and hint."""
    code, printed, complaint = run("eval", "x + sn(x)", "--at", "x=1", "--format", "json")
    problem = json.loads(complaint)["error"]

    assert (code, printed) == (2, "")
    assert problem == {
        "kind": "name",
        "message": "unknown function `sn`",
        "span": [4, 6],
        "hint": "did you mean `sin`?",
    }


@pytest.mark.parametrize("command", ["grad", "hessian"])
def test_csv_is_one_row_under_its_header(command: str) -> None:
    """CSV has a column for every figure."""
    _, printed, _ = run(command, *POINT, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(printed))

    assert float(row["value"]) == 42
    assert float(row["d_x"]) == 24
    assert command == "grad" or [float(row[name]) for name in ("d_x_x", "d_x_y", "d_y_y")] == [8, 6, 0]


def test_formulas_without_a_point() -> None:
    """Without `--at` the partials are formulas, in every format."""
    assert answer("grad", "x*x*y + y + 2")["gradient"] == {"x": "2*x*y", "y": "x^2 + 1"}
    assert answer("hessian", "x*x*y + y + 2")["hessian"] == [["2*y", "2*x"], ["2*x", "0"]]
    for format, piece in (
        ("plain", "x^2 + 1"),
        ("csv", "2*x*y"),
        ("latex", r"\frac{\partial f}{\partial x} = 2 \, x \, y"),
    ):
        assert piece in run("grad", "x*x*y + y + 2", "--format", format)[1]


def test_a_point_may_be_given_in_pieces() -> None:
    """`--at` may stand several times, and a value may hold commas in brackets."""
    assert answer("eval", "x*y", "--at", "x=max(1, 2)", "--at", " y = -1/4 ")["value"] == -0.5


def test_a_formula_may_begin_with_a_minus() -> None:
    """What begins with a minus is a formula unless it is an option."""
    assert answer("eval", "-x^2", "--at", "x=3")["value"] == -9
    assert answer("eval", "--at", "x=3", "-x^2")["value"] == -9
    assert run("eval", "--at=x=3", "--", "--x")[1] == "3\n"
    assert run("eval", "--x")[0] == 2
    assert shielded(["-1", "--wrt", "-x"], {"--wrt"}, {"--wrt"}) == ["--wrt", "-x", "--", "-1"]


def test_formulas_from_files_and_standard_input(tmp_path: Path) -> None:
    """`@path` reads a file, `-` standard input; a byte order mark does no harm."""
    path = tmp_path / "formula.txt"
    path.write_text("\ufeffa = 2\na*x", encoding="utf-8")

    assert answer("eval", f"@{path}", "--at", "x=3")["value"] == 6
    assert answer("eval", "-", "--at", "x=3", text="x^2\n")["value"] == 9


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    """`--help` of each command shows how it is used."""
    code, printed, _ = run(command, "--help")

    assert code == 0
    assert (
        f"adcalc {command}" in printed.replace("Usage: root", "Usage: adcalc")
        or f"--backend {command}" in printed
        or "adcalc" in printed
    )
    assert "Options:" in printed


def test_the_list_of_commands() -> None:
    """Without a command the commands are listed."""
    for arguments in (["--help"], []):
        code, printed, _ = run(*arguments)
        assert code == 0
        assert all(command in printed for command in COMMANDS)


def test_functions_and_backends_in_json() -> None:
    """The reference is there for programs too, an object a line."""
    rows = [json.loads(line) for line in run("functions", "--format", "json")[1].splitlines()]
    tanh = next(row for row in rows if row["name"] == "tanh")

    assert tanh["derivative"] == {"x": "sech(x)^2"}
    assert [json.loads(line)["name"] for line in run("backends", "--format", "json")[1].splitlines()] == [
        "reverse",
        "dual",
        "symbolic",
        "numeric",
    ]
    assert "sech(x)^2" in run("functions")[1]
    assert run("functions", "tnah")[0] == 2


def test_the_version() -> None:
    """`--version` tells the version of the package."""
    from adcalc import __version__

    assert run("--version")[1] == f"adcalc {__version__}\n"


def in_a_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own."""
    import os

    return subprocess.run(
        [sys.executable, "-m", "adcalc", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_an_ascii_terminal_gets_ascii() -> None:
    """Where the output cannot show ∂, the table says d."""
    done = in_a_process("grad", "α^2", "--at", "α=3", PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert b"df/d" in done.stdout


def test_a_closed_pipe_is_no_failure() -> None:
    """Whoever has read enough may go."""
    code = f"{sys.executable} -m adcalc functions | head -1"
    done = subprocess.run(["bash", "-c", code], capture_output=True, check=False)

    assert done.returncode == 0
    assert done.stderr == b""


def test_no_output_is_wrapped_or_coloured_in_a_pipe() -> None:
    """A long formula stays on its line, and there are no escape codes."""
    formula = " + ".join(f"sin({n}*x)" for n in range(60))
    done = in_a_process("grad", formula, COLUMNS="40")

    assert max(map(len, done.stdout.decode().splitlines())) > 500
    assert b"\x1b" not in done.stdout


FAULTY = [
    ["eval", "x"], ["grad", "x"], ["hessian", "x"], ["jacobian", "x"], ["jvp", "x", "--tangent", "x=1"], ["vjp", "x"],
    ["hvp", "x", "--vector", "x=1"], ["compare", "x"],
]  # fmt: skip


@pytest.mark.parametrize(
    "error", [RuntimeError("lost\x1b[2J\nhere"), KeyError("w"), RecursionError(), AttributeError("tau")]
)
@pytest.mark.parametrize("command", FAULTY, ids=lambda command: command[0])
def test_a_fault_of_our_own_is_one_message(
    command: list[str], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: what failed, how to report it, and an exit code that no user's mistake has."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("adcalc.function.Function.by", fail)
    monkeypatch.setattr("adcalc.function.Function.evaluate", fail)
    found = CliRunner().invoke(app, [*command, "--at", "x=1"])

    assert found.exit_code == 70
    assert "adcalc itself has failed" in found.stderr
    assert "please report" in found.stderr
    assert "Traceback" not in found.stderr
    assert "\x1b" not in found.stderr
    assert found.stdout == ""


def test_a_fault_of_our_own_can_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a variable of the environment the traceback is there, and as JSON the message is JSON."""
    monkeypatch.setattr("adcalc.function.Function.evaluate", lambda *_: 1 / 0)
    machine = CliRunner().invoke(app, ["eval", "x", "--at", "x=1", "--format", "json"])
    monkeypatch.setenv("ADCALC_TRACEBACK", "1")
    shown = CliRunner().invoke(app, ["eval", "x", "--at", "x=1"])

    assert json.loads(machine.stderr)["error"]["kind"] == "internal"
    assert "Traceback" in shown.stderr
    assert shown.exit_code == 70


def test_a_session_outlives_a_fault_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is lost, and nothing else: definitions are kept, what follows is answered, and the end says 70."""
    monkeypatch.setattr("adcalc.function.Function.hessian", lambda *_: 1 / 0)
    found = CliRunner().invoke(app, ["repl"], input="x = 3\ny = x^2\nhessian y\ny + 1\n")

    assert found.exit_code == 70
    assert found.stdout == "10\n"
    assert found.stderr.count("adcalc itself has failed") == 1


@pytest.mark.parametrize(
    "command", [["compare", *POINT], ["functions"], ["functions", "tanh"], ["backends"]], ids=" ".join
)
def test_lists_are_written_in_every_format(command: list[str]) -> None:
    """A format is never taken silently for another: CSV has columns, LaTeX a table, and no two are the same text."""
    texts = {name: run(*command, "--format", name)[1] for name in ("table", "json", "csv", "latex", "plain")}

    assert len(set(texts.values())) == len(texts)
    rows = list(csv.reader(io.StringIO(texts["csv"])))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert texts["latex"].startswith(r"\begin{tabular}")
    body = [line for line in texts["latex"].splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in body] == [len(rows[0]) - 1] * len(rows)
    assert not re.search(r"(?<!\\)[_#%^~$]", texts["latex"])


@pytest.mark.parametrize(
    ("command", "last"),
    [
        (["grad", "x*y", "--at", "x=3,y=4"], r"\frac{\partial f}{\partial y} &= 3"),
        (["hessian", "x*y", "--at", "x=3,y=4"], r"\nabla^2 f &= \begin{pmatrix} 0 & 1 \\ 1 & 0 \end{pmatrix}"),
        (["jacobian", "x*y", "--at", "x=3,y=4"], r"\frac{\partial f}{\partial y} &= 3"),
        (["jvp", "x*y", "--at", "x=3,y=4", "--tangent", "x=1"], r"\dot{f} &= 4"),
        (["vjp", "x*y", "--at", "x=3,y=4"], r"\bar{y} &= 3"),
        (["hvp", "x*y", "--at", "x=3,y=4", "--vector", "x=1"], r"\left(\nabla^2 f \, v\right)_{y} &= 1"),
    ],
    ids=["grad", "hessian", "jacobian", "jvp", "vjp", "hvp"],
)
def test_latex_says_the_formula_in_lines_of_one_block(command: list[str], last: str) -> None:
    """What is pasted into a document has the formula, its value, and a line break after each line but the last."""
    lines = run(*command, "--format", "latex")[1].splitlines()

    assert lines[0] == r"\begin{aligned}"
    assert lines[1:3] == [r"f &= x \, y \\", r"  &= 12 \\"]
    assert lines[-2:] == [last, r"\end{aligned}"]
    assert all(line.endswith(r" \\") for line in lines[1:-2])


def test_the_only_variable_is_the_one_to_differentiate_by() -> None:
    """`--wrt` may be left out where it says nothing, and is asked for elsewhere."""
    assert answer("diff", "log(-x)") == {"formula": "log(-x)", "wrt": ["x"], "derivative": "1/x for x < 0"}
    assert str(adcalc.parse("t^3").diff(order=2)) == "6*t"
    for formula, message in (("x*y", "several variables"), ("3", "no variable")):
        code, _, complaint = run("diff", formula)
        assert code == 2
        assert message in complaint
        assert "--wrt x" in complaint
