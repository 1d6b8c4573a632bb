"""Nothing that a user or a file brings steers a terminal: every text from outside is written without control characters."""

from __future__ import annotations

import io
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from adcalc.cli.app import app
from adcalc.render.printable import PrintableStream, json_text, printable

NASTY = ["\x1b]0;evil\x07", "\x1b[2J", "\x9b31m", "\x7f", "\u202e", "\u2066", "a\rb"]
COMMANDS = ["eval", "grad", "hessian", "jacobian", "vjp", "compare", "diff"]


def steering(text: str) -> list[str]:
    """The characters of a text that a terminal would obey."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]


def ran(*arguments: str, typed: str | None = None) -> str:
    """What a command writes, to both of its outputs."""
    found = CliRunner().invoke(app, list(arguments), input=typed)
    assert found.exit_code in (0, 1, 2), found.exception
    return found.stdout + found.stderr


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_formula_from_a_file(command: str, nasty: str, tmp_path: Path) -> None:
    """In a comment, in a line that is longer than any screen, and where the formula is wrong."""
    for place, text in enumerate([f"x^2 # {nasty}", f"x^2 # {nasty}{'y' * 12_000}", f"x^2 $ {nasty}", f"{nasty}"]):
        path = tmp_path / f"f{place}.txt"
        path.write_text(text, encoding="utf-8", newline="")
        for format in ("table", "json", "plain"):
            found = ran(command, f"@{path}", "--format", format, *(["--at", "x=3"] if command != "diff" else []))
            assert not steering(found)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
@pytest.mark.parametrize(
    "arguments",
    [
        ["eval", "x", "--at", "x={}"], ["eval", "x", "--at", "{}=1"], ["eval", "x+{}", "--at", "x=1"], ["eval", "@{}"],
        ["eval", "x", "--at", "@{}.json"], ["eval", "x", "--at", "x=@{}.npz:key"], ["grad", "x", "--at", "x=1", "--wrt", "{}"],
        ["grad", "x", "--at", "x=1", "--backend", "{}"], ["grad", "x", "--at", "x=1", "--format", "{}"], ["{}"],
        ["eval", "x", "--{}"], ["functions", "{}"], ["batch", "x", "--data", "{}.csv"], ["diff", "x", "--order", "{}"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_argument(arguments: list[str], nasty: str) -> None:
    """Names of files, variables, options and commands, in the message about them."""
    assert not steering(ran(*[argument.format(nasty) for argument in arguments]))


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_what_stands_in_files(nasty: str, tmp_path: Path) -> None:
    """Columns of tables, cells, keys of archives, names in JSON."""
    table, archive, point = tmp_path / "t.csv", tmp_path / "a.npz", tmp_path / "p.json"
    quoted = '"' + nasty + '"'
    table.write_text(f"x,{quoted}\n1,{quoted}\n{quoted},2\n", encoding="utf-8", newline="")
    np.savez(archive, **{f"k{nasty}": np.ones(2)})  # type: ignore[arg-type]
    point.write_text(json.dumps({f"x{nasty}": 1}), encoding="utf-8")

    for arguments in (
        ["batch", "y", "--data", str(table)],
        ["batch", "x*y", "--data", str(table), "--at", "y=1"],
        ["eval", "sum(x)", "--at", f"x=@{archive}:none"],
        ["eval", "x", "--at", f"x=@{table}:none"],
        ["eval", "x", "--at", f"@{point}"],
    ):
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code in (0, 1, 2), found.exception
        assert not steering(found.stderr)


@pytest.mark.parametrize("nasty", NASTY, ids=ascii)
def test_a_line_of_a_session(nasty: str) -> None:
    """Typed, or in a script: formulas, orders, names."""
    for line in (
        f"x # {nasty}",
        f":{nasty}",
        f":load {nasty}",
        f"1 + {nasty}",
        f":help {nasty}",
        f"y = 2 # {nasty}\n:vars",
    ):
        assert not steering(ran("repl", typed=line + "\n"))


def test_a_character_may_be_split_among_writes() -> None:
    """A table goes to a terminal in pieces of bytes."""
    file = io.BytesIO()
    stream = PrintableStream(file)
    for byte in "a\x9bé\x1b[2J\n\u202e".encode():
        stream.write(bytes([byte]))

    assert file.getvalue().decode() == "a\ufffdé␛[2J\n\ufffd"


def test_texts_without_control_characters_stay_as_they_are() -> None:
    """Letters of all scripts, tabs and lines."""
    text = "x₁ + π\t= 3\n∂f/∂θ é 中"

    assert printable(text) == text
    assert json.loads(json_text({"a": text + "\x7f\u202e"})) == {"a": text + "\x7f\u202e"}
