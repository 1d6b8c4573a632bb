"""Vectors and matrices on the command line: values, results in every format, files, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from adcalc.cli.app import app
from adcalc.cli.arguments import shapes
from adcalc.cli.points import point
from adcalc.errors import Problem
from tests.test_cli import run
from tests.test_terminal import ESCAPES, shown

A = "A=[[1, 2], [3, 4]],x=[1, -1]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, with a few files."""
    monkeypatch.chdir(tmp_path)
    np.save("w.npy", np.array([1.0, 2.0, 3.0]))
    np.savez("data.npz", x=np.array([1.0, 2.0]), A=np.array([[1.0, 2.0], [3.0, 4.0]]))
    Path("table.csv").write_text("height,weight,name\n1.5,60,Ada\n1.7,80,Bob\n")
    return tmp_path


def printed(*arguments: str) -> str:
    """What a command that succeeds prints."""
    code, output, complaint = run(*arguments)
    assert code == 0, complaint
    return output


def answer(*arguments: str) -> Any:
    """The JSON object that a command prints."""
    return json.loads(printed(*arguments, "--format", "json"))


def refused(*arguments: str) -> str:
    """What a command complains of that is asked the wrong way."""
    code, output, complaint = run(*arguments)
    assert (code, output) == (2, "")
    return complaint


# A command and the fields of its answer, worked out by hand.
ANSWERS = [
    (["eval", "A @ x", "--at", A], {"value": [-1.0, -1.0]}),
    (["eval", "A.T", "--at", A], {"value": [[1.0, 3.0], [2.0, 4.0]], "at": {"A": [[1.0, 2.0], [3.0, 4.0]]}}),
    (["grad", "sum(x^2)*k", "--at", "x=[1, 2],k=3"], {"value": 15.0, "gradient": {"x": [6.0, 12.0], "k": 5.0}}),
    (["grad", "sum(A @ x)", "--at", A], {"gradient": {"A": [[1.0, -1.0], [1.0, -1.0]], "x": [4.0, 6.0]}}),
    (
        ["hessian", "x[0]^2*x[1]", "--at", "x=[3, 4]"],
        {
            "value": 36.0,
            "gradient": {"x": [24.0, 9.0]},
            "hessian": [[8.0, 6.0], [6.0, 0.0]],
        },
    ),
    (
        ["jacobian", "[x*y, x + y, x^2]", "--at", "x=2,y=3"],
        {"value": [6.0, 5.0, 4.0], "jacobian": {"x": [3.0, 1.0, 4.0], "y": [2.0, 1.0, 0.0]}},
    ),
    (["jacobian", "A @ x", "--at", A, "--wrt", "x"], {"jacobian": {"x": [[1.0, 2.0], [3.0, 4.0]]}}),
    (["jacobian", "x*y", "--at", "x=2,y=3"], {"value": 6.0, "jacobian": {"x": 3.0, "y": 2.0}}),
    (
        ["jvp", "[x*y, x + y]", "--at", "x=2,y=3", "--tangent", "x=1"],
        {"value": [6.0, 5.0], "tangent": [3.0, 1.0], "along": {"x": 1.0}},
    ),
    (["jvp", "A @ x", "--at", A, "--tangent", "x=[1, 0]", "--tangent", "A=eye(2)"], {"tangent": [2.0, 2.0]}),
    (
        ["vjp", "[x*y, x + y]", "--at", "x=2,y=3", "--cotangent", "[1, 10]"],
        {"value": [6.0, 5.0], "vjp": {"x": 13.0, "y": 12.0}, "cotangent": [1.0, 10.0]},
    ),
    (["vjp", "x*y", "--at", "x=2,y=3", "--wrt", "y"], {"value": 6.0, "vjp": {"y": 2.0}, "cotangent": 1.0}),
    (
        ["hvp", "x*x*y + y + 2", "--at", "x=3,y=4", "--vector", "x=1"],
        {"value": 42.0, "gradient": {"x": 24.0, "y": 10.0}, "hvp": {"x": 8.0, "y": 6.0}},
    ),
    (["hvp", "sum(x^3)", "--at", "x=[1, 2]", "--vector", "x=[1, 1]"], {"hvp": {"x": [6.0, 12.0]}}),
    (
        ["grad", "x^2", "--at", "x=[1, 2, 3]", "--elementwise"],
        {"value": [1.0, 4.0, 9.0], "gradient": {"x": [2.0, 4.0, 6.0]}},
    ),
    (["eval", "sum(w)", "--at", "w=@w.npy"], {"value": 6.0, "at": {"w": [1.0, 2.0, 3.0]}}),
    (["eval", "A @ x", "--at", "A=@data.npz:A, x = @data.npz:x"], {"value": [5.0, 11.0]}),
    (["eval", "mean(h)", "--at", "h=@table.csv:height"], {"value": 1.6}),
    (["eval", "sum(x) + n", "--at", "x=ones(n),n=3"], {"value": 6.0, "at": {"x": [1.0, 1.0, 1.0], "n": 3.0}}),
    (["eval", "sum(x)", "--at", "x=ones(n),n=3"], {"value": 3.0, "at": {"x": [1.0, 1.0, 1.0]}, "warnings": []}),
    (["jvp", "sum(x)", "--at", "x=@w.npy", "--tangent", "x=ones(n),n=3"], {"tangent": 3.0}),
    (["vjp", "x", "--at", "x=[0, 0, 0]", "--cotangent", "@w.npy"], {"vjp": {"x": [1.0, 2.0, 3.0]}}),
]


@pytest.mark.parametrize(("arguments", "expected"), ANSWERS, ids=[" ".join(arguments) for arguments, _ in ANSWERS])
def test_answers_in_json(arguments: list[str], expected: dict[str, Any]) -> None:
    """Arrays are nested lists, complete, with all their digits."""
    found = answer(*arguments)

    assert found["backend"] == "reverse"
    for key, value in expected.items():
        if key == "at":
            assert found[key].items() >= value.items()
        else:
            assert flattened(found[key]) == pytest.approx(flattened(value), rel=1e-15)
            assert np.shape(found[key]) == np.shape(value) or isinstance(value, dict)


@pytest.mark.parametrize("backend", ["reverse", "dual", "symbolic", "numeric"])
@pytest.mark.parametrize("arguments", [case for case, _ in ANSWERS if case[0] != "eval"], ids=" ".join)
def test_every_backend_agrees(arguments: list[str], backend: str) -> None:
    """The same figures by every backend, numeric to what it promises."""
    key = {"grad": "gradient", "hessian": "hessian", "jacobian": "jacobian", "jvp": "tangent"}.get(
        arguments[0], arguments[0]
    )
    found, wanted = answer(*arguments, "--backend", backend)[key], answer(*arguments)[key]

    for one, other in zip(flattened(found), flattened(wanted), strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-6)


def flattened(value: Any) -> list[float]:
    """Every number in nested lists and objects."""
    if isinstance(value, dict):
        value = list(value.values())
    return [entry for part in value for entry in flattened(part)] if isinstance(value, list) else [value]


def test_what_is_not_finite_is_a_text_in_json() -> None:
    """One entry without a finite value: exit code 1, and a text in its place."""
    code, output, _ = run("eval", "exp(x)", "--at", "x=[0, 1000]", "--format", "json")

    assert code == 1
    assert json.loads(output)["value"] == [1.0, "inf"]


CSV = [
    (["eval", "[1, 2.5]"], ["value", "1", "2.5"]),
    (["eval", "[[1, 2], [3, 4]]"], ["value_0,value_1", "1,2", "3,4"]),
    (["grad", "sum(x)*k", "--at", "x=[1, 2],k=3"], ["name,index,value", "value,,9", "d_x,0,3", "d_x,1,3", "d_k,,3"]),
    (["grad", "sum(A)", "--at", "A=[[1], [2]]"], ["name,index,value", "value,,3", "d_A,0 0,1", "d_A,1 0,1"]),
    (["grad", "x^2*k", "--at", "x=[1, 2],k=3", "--elementwise"], ["x,value,d_x,d_k", "1,3,6,1", "2,12,12,4"]),
    (["jacobian", "[x, 2x]", "--at", "x=1"], ["name,index,value", "value,0,1", "value,1,2", "d_x,0,1", "d_x,1,2"]),
    (["jvp", "[x, 2x]", "--at", "x=1", "--tangent", "x=3"], ["value,tangent", "1,3", "2,6"]),
    (["jvp", "x^2", "--at", "x=1", "--tangent", "x=3"], ["value,tangent", "1,6"]),
    (["jvp", "[[x]]", "--at", "x=1", "--tangent", "x=3"], ["index,value,tangent", "0 0,1,3"]),
    (["vjp", "[x, 2x]", "--at", "x=1", "--cotangent", "[1, 1]"], ["name,index,value", "value,0,1", "value,1,2", "vjp_x,,3"]),
    (["hvp", "x^2", "--at", "x=1", "--vector", "x=3"], ["value,d_x,hvp_x", "1,2,6"]),
    (
        ["hessian", "x[0]*x[1]", "--at", "x=[1, 2]"],
        ["name,index,value", "value,,2", "d_x,0,2", "d_x,1,1", "hessian,x[0] x[0],0", "hessian,x[0] x[1],1", "hessian,x[1] x[1],0"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "lines"), CSV, ids=[" ".join(arguments) for arguments, _ in CSV])
def test_csv(arguments: list[str], lines: list[str]) -> None:
    """Columns where figures stand beside each other, else a row for each with its name and place."""
    assert printed(*arguments, "--format", "csv").splitlines() == lines


PLAIN = [
    (["eval", "[1, 2.5]"], ["1 2.5"]),
    (["eval", "[[1, 2], [3, 4]]"], ["1 2", "3 4"]),
    (["grad", "sum(A)*k", "--at", "A=[[1, 2]],k=3"], ["value 9", "A 3 3", "k 3"]),
    (["hessian", "x[0]*x[1]", "--at", "x=[1, 2]"], ["value 2", "x 2 1", "0 1", "1 0"]),
    (["jacobian", "[x, 2x]", "--at", "x=1"], ["value 1 2", "x 1 2"]),
    (["jvp", "[x, 2x]", "--at", "x=1", "--tangent", "x=3"], ["value 1 2", "tangent 3 6"]),
    (["vjp", "x^2", "--at", "x=1"], ["value 1", "x 2"]),
    (["hvp", "x^2", "--at", "x=1", "--vector", "x=3"], ["value 1", "x 2", "hvp_x 6"]),
]


@pytest.mark.parametrize(("arguments", "lines"), PLAIN, ids=[" ".join(arguments) for arguments, _ in PLAIN])
def test_plain(arguments: list[str], lines: list[str]) -> None:
    """A line for each figure, its entries row by row."""
    assert printed(*arguments, "--format", "plain").splitlines() == lines


LATEX = [
    (["eval", "x", "--at", "x=[1, 2]"], r"x = \begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    (["grad", "sum(x)", "--at", "x=[1, 2]"], r"\frac{\partial f}{\partial x} &= \begin{pmatrix} 1 \\ 1 \end{pmatrix}"),
    (["jacobian", "[x, 2x]", "--at", "x=1"], r"\frac{\partial f}{\partial x} &= \begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    (["jacobian", "x", "--at", "x=[1, 2]"], r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}"),
    (["hessian", "x[0]*x[1]", "--at", "x=[1, 2]"], r"\nabla f &= \begin{pmatrix} 2 \\ 1 \end{pmatrix}"),
    (["jvp", "x^2", "--at", "x=1", "--tangent", "x=3"], r"\dot{f} &= 6"),
    (["vjp", "x^2", "--at", "x=1"], r"\bar{x} &= 2"),
    (["hvp", "x^2", "--at", "x=1", "--vector", "x=3"], r"\left(\nabla^2 f \, v\right)_{x} &= 6"),
]


@pytest.mark.parametrize(("arguments", "piece"), LATEX, ids=[" ".join(arguments) for arguments, _ in LATEX])
def test_latex(arguments: list[str], piece: str) -> None:
    """Vectors are columns, matrices matrices."""
    assert piece in printed(*arguments, "--format", "latex")


def test_short_arrays_are_shown_in_full() -> None:
    """Every entry of a vector with all its digits; a matrix as a grid with its rows and columns."""
    text = printed("grad", "sum((A @ x)/3)", "--at", A)

    assert "at A = [[1, 2], [3, 4]], x = [1, -1]" in text
    assert "  ∂f/∂x[0]    1.3333333333333333" in text
    assert re.search(r"∂f/∂A   0 +1\n", text)
    assert re.search(r"\n  1 +0\.333333 +-0\.333333\n", text)


def test_long_arrays_are_cut() -> None:
    """Beginning and end, the size and the norm; everything is in JSON."""
    lines = printed("grad", "sum(x)", "--at", "x=zeros(100)").splitlines()

    assert "at x = 100 numbers" in lines
    assert [line.split()[0] for line in lines[3:9]] == ["f", *(f"∂f/∂x[{i}]" for i in range(3)), "...", "∂f/∂x[98]"]
    assert lines[-1] == "  ∂f/∂x   100 numbers, norm 10"
    assert len(answer("grad", "sum(x)", "--at", "x=zeros(100)")["gradient"]["x"]) == 100


def test_large_matrices_are_cut_on_both_sides() -> None:
    """A row and a column of dots stand for what is left out."""
    lines = printed("eval", "ones([30, 20])").splitlines()

    assert lines[0].split() == ["0", "1", "2", "3", "...", "18", "19"]
    assert [line.split()[0] for line in lines[2:]] == ["0", "1", "2", "3", "...", "28", "29", "30×20,"]
    assert lines[-1] == "  30×20, Frobenius norm 24.4949"


def test_arrays_without_entries() -> None:
    """Nothing is there to be shown but the size."""
    assert printed("eval", "[]") == "  0 numbers\n"
    assert printed("eval", "zeros([0, 3])").strip() == "0×3"
    assert printed("eval", "[]", "--format", "csv") == "value\n"
    assert answer("eval", "zeros([0, 3])")["value"] == []


def test_a_hessian_by_arrays_has_labels() -> None:
    """Rows and columns are called after the entries; eigenvalues and condition stand below."""
    text = printed("hessian", "sum(A)*k + k^2", "--at", "A=[[1, 2]],k=3")
    assert re.search(r"Hessian   A\[0,0\]   A\[0,1\]   k\n", text)
    assert "condition number" in text

    text = printed("hessian", "sum(x^2)", "--at", "x=zeros(20)")
    assert re.search(r"Hessian   x\[0\]   x\[1\]   x\[2\]   x\[3\]   \.\.\.   x\[18\]   x\[19\]\n", text)
    assert "  eigenvalues  2, 2, 2, ..., 2, 2\n" in text
    assert "  condition number  1\n" in text


def test_a_jacobian_of_several_variables_is_one_matrix() -> None:
    """As long as it fits; else a matrix for each variable."""
    text = printed("jacobian", "[x*y, x + y]", "--at", "x=2,y=3")
    assert re.search(r"Jacobian   x   y\n.*\n  f\[0\] +3   2\n  f\[1\] +1   1\n", text)

    text = printed("jacobian", "x*k", "--at", "x=ones(9),k=2")
    assert re.search(r"∂f/∂x   x\[0\]   x\[1\]", text) and re.search(r"∂f/∂k   k\n", text)
    assert "  9×9, Frobenius norm 6\n" in text


def test_a_curve_is_a_table() -> None:
    """Inputs, value and derivative stand beside each other."""
    text = printed("grad", "x^2*k", "--at", "x=[1, 2, 3],k=2", "--elementwise")

    assert re.search(r"\n +x +f +∂f/∂x +∂f/∂k\n", text)
    assert re.search(r"\n  \[2\] +3 +18 +12 +9\n", text)


def test_numeric_tells_bounds_for_arrays() -> None:
    """An error bound for each entry of a vector, one for all of a matrix."""
    text = printed("grad", "sum(A @ x)", "--at", A, "--backend", "numeric")

    assert "error below" in text and "every entry with an error below" in text
    found = answer("jacobian", "A @ x", "--at", A, "--backend", "numeric")
    assert np.shape(found["error_estimate"]["x"]) == (2, 2)


WIDE = [
    ["eval", "ones([12, 20])/3"],
    ["grad", "sum(A @ x)", "--at", "A=ones([20, 30])/7,x=linspace(0, 1, 30)"],
    ["hessian", "sum(x^2)*x[0]/3", "--at", "x=linspace(1, 2, 20)"],
    ["jacobian", "tanh(W @ x)", "--at", "W=[[1, 2], [3, 4]],x=[0.1, 0.2]"],
    ["jacobian", "exp(x)/3", "--at", "x=linspace(0, 1, 12)"],
    ["jvp", "exp(x)/3", "--at", "x=linspace(0, 1, 12)", "--tangent", "x=ones(12)/7"],
    ["grad", "exp(-x^2)*k", "--at", "x=linspace(-2, 2, 90),k=2", "--elementwise"],
    ["compare", "sum(exp(x))", "--at", "x=linspace(0, 1, 12)"],
]


@pytest.mark.parametrize("arguments", WIDE, ids=[" ".join(arguments) for arguments in WIDE])
def test_tables_fit_a_narrow_terminal(arguments: list[str]) -> None:
    """In 60 columns no row of a table is broken, with colours or without."""
    for environment in ({}, {"NO_COLOR": "1"}):
        text = ESCAPES.sub("", shown(*arguments, columns=60, **environment))
        assert max(map(len, text.splitlines())) <= 60
    assert "\x1b[3" not in shown(*arguments, columns=60, NO_COLOR="1")


def test_ascii_where_nothing_else_can_be_shown() -> None:
    """Sizes and derivatives are written without signs that the output does not know."""
    command = [sys.executable, "-m", "adcalc", "grad", "sum(A)", "--at", "A=ones([20, 30])"]
    done = subprocess.run(command, capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"})

    assert b"df/dA" in done.stdout and b"20x30" in done.stdout


# What is wrong with the text of a value, and where.
WRONG = [
    (["--at", "y=3,x=[1, foo]"], "`foo` has no value (in --at)\n  | y=3,x=[1, foo]\n  |           ^^^"),
    (["--at", "y=3,x=[1, 2"], "never closed (in --at)\n  | y=3,x=[1, 2\n  |       ^"),
    (["--at", "y=3,x=ones(2) + ones(3)"], "do not fit together in `+` (in --at)"),
    (["--at", "y=x,x=y"], "wait for each other (in --at)"),
    (["--at", "y=1,x= @ww.npy "], "there is no file `ww.npy` (in --at)\n  | y=1,x= @ww.npy \n  |        ^^^^^^^"),
    (["--at", "y=1,x=@data.npz:z"], "no array `z` (in --at)\n  | y=1,x=@data.npz:z\n  |       ^^^^^^^^^^^"),
    (["--at", "x=@table.csv:name"], "line 2, column `name` of `table.csv` is not a number: `Ada`"),
    (["--at", "x=1", "--at", "x=@w.npy"], "`x` is given twice (in --at)\n  | x=@w.npy\n  | ^^^^^^^^"),
    (["--at", "@w.npy"], "this is not name=value"),
    (["--at", "x=@"], "a file is missing after `@`"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_a_wrong_value_is_shown_at_its_place(arguments: list[str], words: str) -> None:
    """The caret points into the text of the option."""
    assert words in refused("eval", "sum(x)", *arguments)


REFUSED = [
    (["grad", "[x, x]", "--at", "x=1"], "a gradient is that of a number"),
    (["hvp", "[x, x]", "--at", "x=1", "--vector", "x=1"], "a gradient is that of a number"),
    (["jvp", "x^2", "--at", "x=1"], "missing option `--tangent`"),
    (["jvp", "x^2", "--at", "x=1", "--tangent", "x"], "`x` is given no value (in --tangent)"),
    (["jvp", "x^2", "--at", "x=1", "--tangent", "y=1"], "no variable `y`"),
    (["jvp", "x^2", "--at", "x=1", "--tangent", "x=[1, 2]"], "tangent a vector of 2"),
    (["vjp", "[x, x]", "--at", "x=1"], "cotangent a number"),
    (["vjp", "[x, x]", "--at", "x=1", "--cotangent", "[1,"], "never closed (in --cotangent)"),
    (["vjp", "[x, x]", "--at", "x=1", "--cotangent", "foo"], "the cotangent is not a constant"),
    (["vjp", "[x, x]", "--at", "x=1", "--cotangent", "@q.npy"], "no file `q.npy` (in --cotangent)"),
    (["jacobian", "[x, y]", "--at", "x=1"], "`y` has no value"),
    (["grad", "x^2", "--elementwise"], "`--elementwise` needs numbers"),
    (["grad", "x^2", "--at", "x=1", "--shape", "x:n"], "`--shape` is for formulas"),
    (["grad", "x^2", "--at", "x=1", "--force"], "`--force` belongs to `--out`"),
    (["grad", "x^2", "--out", "x.npz"], "`--out` keeps numbers"),
    (["eval", "1", "--out", "x.txt"], "does not end in .npy or .npz"),
    (["eval", "1", "--out", "w.npy"], "`w.npy` is there already"),
    (["eval", "1", "--out", "no/w.npy"], "there is no folder `no`"),
    (["grad", "x*y", "--at", "x=1,y=2", "--out", "x.npy"], "write `x.npz`"),
    (["diff", "x^2", "--wrt", "x", "--shape", "x:pixels"], "`pixels` is not a shape (in --shape)"),
    (["diff", "A@x", "--wrt", "x", "--shape", "A:2x2,x:3"], "do not fit together"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_wrong_questions(arguments: list[str], words: str) -> None:
    """Each has its words, and nothing on standard output."""
    assert words in refused(*arguments)


def test_shapes() -> None:
    """Numbers or names of sizes, with x or × between them; nothing for a number."""
    assert shapes(["x:n,A:nxn", "B:3x4, c: ,d:scalar,E:rows×columns,v:n1"]) == {
        "x": ("n",), "A": ("n", "n"), "B": (3, 4), "c": (), "d": (), "E": ("rows", "columns"), "v": ("n1",),
    }  # fmt: skip
    assert shapes(None) is None
    for wrong in ("x", "x:0", "x:-1", "x:nx", "x:pixels", "x:n,x:m", "x:1.5", ":n", "x:n×", ""):
        with pytest.raises(Problem) as found:
            shapes([wrong])
        assert found.value.source is not None and found.value.source.name == "--shape"


def test_formulas_for_declared_shapes() -> None:
    """Without a point derivatives by vectors and matrices are formulas."""
    assert printed("diff", "norm(A@x - b)^2", "--wrt", "x", "--shape", "A:mxn,x:n,b:m") == "2*(A.T@(A@x - b))\n"
    assert answer("grad", "sum(x^2)", "--shape", "x:n")["gradient"] == {"x": "2*x"}
    assert answer("hessian", "x[0]*k", "--at", "x=[3, 4],k=1")["variables"] == ["x[0]", "x[1]", "k"]
    found = answer("hessian", "sum((A@x)^2)", "--wrt", "x", "--shape", "A:mxn,x:n")
    assert found["variables"] == ["x"] and found["hessian"] == [["2*(A.T@A)"]]


def test_a_point_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is not read for every look at the point."""
    import adcalc.io.references

    count = 0
    original = adcalc.io.references.loaded

    def counting(reference: str) -> Any:
        nonlocal count
        count += 1
        return original(reference)

    monkeypatch.setattr(adcalc.io.references, "loaded", counting)
    printed("grad", "sum(w^2)", "--at", "w=@w.npy")
    assert count == 1


def test_helpers_are_told_from_strays() -> None:
    """A size that other values are given by is no stray value, a name that nothing uses is."""
    assert point(["x=zeros(n),n=3"]).helpers == {"n"}
    _, _, complaint = run("eval", "sum(x)", "--at", "x=zeros(n),n=3,m=4")
    assert "no `m`" in complaint and "no `n`" not in complaint


# A command, and what its .npz file holds: worked out by hand.
KEPT = [
    (["eval", "[1, 2]*3"], {"value": [3.0, 6.0]}),
    (["grad", "sum(x)*k", "--at", "x=[1, 2],k=3"], {"value": 9.0, "d_x": [3.0, 3.0], "d_k": 3.0}),
    (["hessian", "x[0]*x[1]", "--at", "x=[1, 2]"], {"value": 2.0, "d_x": [2.0, 1.0], "hessian": [[0.0, 1.0], [1.0, 0.0]]}),
    (["jacobian", "[x, 2x]", "--at", "x=1"], {"value": [1.0, 2.0], "d_x": [1.0, 2.0]}),
    (["jvp", "[x, 2x]", "--at", "x=1", "--tangent", "x=3"], {"value": [1.0, 2.0], "tangent": [3.0, 6.0]}),
    (["vjp", "x^2", "--at", "x=3"], {"value": 9.0, "vjp_x": 6.0}),
    (["hvp", "x^2", "--at", "x=3", "--vector", "x=1"], {"value": 9.0, "d_x": 6.0, "hvp_x": 2.0}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), KEPT, ids=[" ".join(arguments) for arguments, _ in KEPT])
def test_results_in_files(arguments: list[str], expected: dict[str, Any]) -> None:
    """`--out` writes what was found and shows it all the same; a .npy file holds the last of it."""
    shown_without = printed(*arguments)
    assert printed(*arguments, "--out", "out.npz") == shown_without
    with np.load("out.npz") as archive:
        assert {name: archive[name].tolist() for name in archive} == expected
    assert "--force" in refused(*arguments, "--out", "out.npz")
    assert printed(*arguments, "--out", "out.npz", "--force") == shown_without

    if len(expected) < 4 and "k=3" not in arguments[-1]:
        printed(*arguments, "--out", "out.npy")
        assert np.load("out.npy").tolist() == list(expected.values())[-1]


def test_a_result_can_be_the_next_value() -> None:
    """What one command writes another one reads."""
    printed("grad", "sum(x^2)", "--at", "x=@w.npy", "--out", "g.npz")

    assert answer("eval", "d", "--at", "d=@g.npz:d_x")["value"] == [2.0, 4.0, 6.0]
    Path("v.csv").write_text(printed("eval", "[[1, 2], [3, 4]]", "--format", "csv"))
    assert answer("eval", "A", "--at", "A=@v.csv")["value"] == [[1.0, 2.0], [3.0, 4.0]]


def test_compare_with_arrays() -> None:
    """Figures of all entries, distances, and no count of operations."""
    found = answer("compare", "sum(exp(x))", "--at", "x=[0, 1]")
    assert [backend["operations"] for backend in found["backends"]] == [None] * 4
    assert found["backends"][0]["gradient"]["x"] == pytest.approx([1.0, 2.718281828459045])

    table = printed("compare", "sum(exp(x))", "--at", "x=zeros(20)")
    assert re.search(r"∂f/∂x\[19\] +1 +1 +1 +", table)
    (row, *_) = csv.DictReader(io.StringIO(printed("compare", "sum(x)", "--at", "x=[0, 1]", "--format", "csv")))
    assert row["d_x[1]"] == "1" and row["operations"] == ""


def test_the_reference_lists_arrays() -> None:
    """Operators as they are written, calls with their arguments, adjoints or formulas."""
    text = printed("functions")
    for piece in ("sum(x, axis, keepdims)", "x @ y", "[x, ...]", "x[i, j]", "x.T", "x'", "[term for i in a..b]"):
        assert f"  {piece} " in text, piece
    assert "core " not in text and "absent" not in text
    assert "expand(g, [-2, -1])*cofactors(x)" in printed("functions", "det")
    assert "sum(x, axis, keepdims)/count(x, axis)" in printed("functions", "mean")
    assert "default   no axis, keepdims = 0, ddof = 0" in printed("functions", "var")
    assert answer("functions", "@")["adjoint"] == {"x": "matmul(g, swap(y))", "y": "matmul(swap(x), g)"}
    assert "did you mean" in refused("functions", "softmx")


# A script for a session, and the lines it writes.
SESSIONS = [
    ("x = [1, 2, 3]\nsum(x^2)", ["14"]),
    ("x = [1, 2]\nx*2", ["  [0]   2", "  [1]   4"]),
    ("A = [[1, 2],\n [3, 4]]\nA @ [1,\n 1] @\n [1, 1]", ["10"]),
    ("x = [1, 2]\nx += 1\nx @ x\nans/13", ["13", "1"]),
    (":format plain\nx = [1, 2]\nx\ny = ans*2\n5\ny", ["1 2", "5", "2 4"]),
    (":format plain\nx = [1, 2]\ngrad sum(x^2)", ["value 5", "x 2 4"]),
    (":format plain\ngrad sum(A @ x) at A=[[1, 2], [3, 4]],x=[1, 1] by x", ["value 10", "x 4 6"]),
    (":format plain\nhessian x[0]*x[1] at x=[1, 2]", ["value 2", "x 2 1", "0 1", "1 0"]),
    (":format plain\njacobian [x*y, x] at x=2,y=3", ["value 6 2", "x 3 1", "y 2 0"]),
    (":format plain\n:read w w.npy\nw\n:read h table.csv:height\nh", ["1 2 3", "1.5 1.7"]),
    ("x = [1, 2]\nx = zeros(100)\ny = x\n:vars", ["x = 100 numbers", "y = x"]),
    ("x = [1, -inf]\n:save s\n:forget x\n:load s\n:vars", ["x = [1, -inf]"]),
    (":read w w.npy\n:undo\n:vars", ["w has no value", "no variables and no definitions yet"]),
]


@pytest.mark.parametrize(("text", "lines"), SESSIONS, ids=[repr(text) for text, _ in SESSIONS])
def test_sessions_with_arrays(text: str, lines: list[str]) -> None:
    """Variables may be arrays; `@` is a product, and a line goes on inside brackets."""
    code, output, complaint = run("repl", text=text)

    assert (code, "error" in complaint) == (0, False)
    assert complaint == "" or "inf" in text
    assert output.splitlines() == lines


def test_a_session_says_what_it_needs_to_read() -> None:
    """A name and a file, and numbers in the file."""
    for text, words in (
        (":read w", "needs a name and a file"),
        (":read w ww.npy", "did you mean `w.npy`?"),
        (":read f(x) w.npy", "needs a name and a file"),
    ):
        code, _, complaint = run("repl", text=text)
        assert code == 2 and words in complaint


def test_numbers_need_no_arrays() -> None:
    """A point of numbers does not bring NumPy in, nor what reads files."""
    code = (
        "import sys; sys.argv = ['adcalc', 'grad', 'x*y + k', '--at', 'x=3,y=x/2,k=2', '--format', sys.argv[1]]\n"
        "from adcalc.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    for format in ("table", "json", "csv", "plain", "latex"):
        done = subprocess.run([sys.executable, "-c", code, format], capture_output=True, text=True, check=True)
        loaded = set(done.stderr.split())
        assert not loaded & {"numpy", "adcalc.io", "adcalc.render.products", "adcalc.render.comparisons", "zipfile"}
        assert format == "table" or not loaded & {"rich", "adcalc.render.grids"}


@pytest.mark.parametrize("command", ["eval", "grad", "vjp", "hessian"])
@pytest.mark.parametrize(
    ("formula", "point"), [("sum(v)*x", "v=[1,2],x=sqrt(2)-1.4142135"), ("x^2", "v=[1,2],x=sqrt(2)-1.4142135")]
)
def test_a_number_beside_an_array_takes_more_digits(command: str, formula: str, point: str) -> None:
    """Of the point only what a formula reads is computed with more digits."""
    found = CliRunner().invoke(app, [command, formula, "--at", point, "--format", "json"])

    assert found.exit_code == 0, found.exception
    # sqrt(2) by mpmath, to 30 digits, less the decimal, read as a double.
    assert json.loads(found.stdout)["at"]["x"] == pytest.approx(6.237309504880168e-08, rel=1e-8)
