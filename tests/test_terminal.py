"""What a terminal shows: narrow, in colour, and without."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown(*arguments: str, columns: int = 60, **environment: str) -> str:
    """What a command writes on a terminal of some width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    unset = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "adcalc", *arguments],
        stdin=follower, stdout=follower, stderr=follower, env={**unset, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip
    os.close(follower)
    pieces = []
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait(timeout=60)
    os.close(leader)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def test_a_table_fits_a_narrow_terminal() -> None:
    """A Hessian that is too wide for 60 columns becomes a list; no figure is cut."""
    text = ESCAPES.sub("", shown("hessian", "exp(a*b)*sin(c*d)/3", "--at", "a=1.1,b=2.3,c=0.7,d=1.9"))

    assert max(map(len, text.splitlines())) <= 60
    assert "6.0886" in text or re.search(r"\d\.\d{10,}", text)
    assert "…" not in text


def test_a_table_with_rules_on_a_wide_terminal() -> None:
    """Where there is room the Hessian is a labelled matrix."""
    text = ESCAPES.sub("", shown("hessian", "x1^2*(x1 + x2)", "--at", "x1=2,x2=3", columns=100))

    assert re.search(r"x1\s+18\s+4\n", text)
    assert "─" in text


def test_colour_only_where_it_is_wanted() -> None:
    """Errors are coloured on a terminal, and not with NO_COLOR."""
    assert "\x1b[1;31m" in shown("eval", "sn(x)")
    assert "\x1b" not in shown("eval", "sn(x)", NO_COLOR="1")
    assert "\x1b[3" not in shown("grad", "x^2", "--at", "x=3", NO_COLOR="1")


def on_terminal(*arguments: str, typed: bytes = b"") -> bytes:
    """What a command writes to a terminal that is both of its outputs."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-m", "adcalc", *arguments])
    if typed:
        os.write(terminal, typed)
    written = b""
    with contextlib.suppress(OSError):
        while fresh := os.read(terminal, 65536):
            written += fresh
    os.waitpid(process, 0)
    return written


def test_nothing_overwrites_the_rows_of_a_table(tmp_path: Path) -> None:
    """Results on the terminal come without a bar, which would draw over them; with a bar where they go to a file."""
    table = tmp_path / "t.csv"
    table.write_text("x,name\n" + '1,"\x1b[2Ja"\n' * 3)
    shown = on_terminal("batch", "x^2", "--data", str(table), "--keep", "name")

    assert shown.replace(b"\r\n", b"\n").decode() == "name,value,d_x\n" + "␛[2Ja,1.0,2.0\n" * 3


def test_a_binary_table_is_not_for_a_terminal(tmp_path: Path) -> None:
    """It is refused before anything is computed."""
    table = tmp_path / "t.csv"
    table.write_text("x\n1\n")

    assert b"a terminal cannot show a binary table" in on_terminal(
        "batch", "x", "--data", str(table), "--format", "npz"
    )


def test_one_end_of_input_is_enough() -> None:
    """Who types a table ends it by Ctrl-D, once."""
    shown = on_terminal("batch", "x^2", "--data", "-", typed=b"x\n3\n\x04")

    assert shown.endswith(b"9.0,6.0\r\n")


@pytest.mark.parametrize("columns", ["0", "1", "-3", "wide"])
def test_a_terminal_of_no_width_shows_everything(columns: str) -> None:
    """Whatever the environment says of its width."""
    text = ESCAPES.sub("", shown("hessian", "x^2*y", "--at", "x=2,y=3", COLUMNS=columns))

    assert "eigenvalues" in text
    assert "indefinite" in text


@pytest.mark.parametrize("arguments", [["--version"], ["eval", "1"], ["functions"]])
def test_a_disk_that_is_full_is_one_message(arguments: list[str]) -> None:
    """No traceback, and the code of a wrong input."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "adcalc", *arguments]
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)

    assert found.returncode == 2
    assert found.stderr.startswith(b"error: ")
    assert b"Traceback" not in found.stderr
