"""What a terminal shows: narrow, in colour, and without."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

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
