"""Transcripts: fenced `console` blocks in which every command is run and every answer compared.

A line that begins with `$ ` is a command for the shell; what follows is what it prints, standard
error included, and `[n]` where its exit code is n and not 0.  `UPDATE=1 pytest` writes the answers
anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command and its answer, as written."""

    command: str
    answer: str


def documents() -> list[Path]:
    """Every document with transcripts."""
    return [ROOT / "README.md", *sorted((ROOT / "tests" / "transcripts").glob("*.md"))]


def exchanges(text: str) -> list[Exchange]:
    """The commands of a document with their answers."""
    found: list[Exchange] = []
    for block in _BLOCK.findall(text):
        for piece in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
            if piece.startswith("$ "):
                command, answer = _parts(piece)
                found.append(Exchange(command, answer))
    return found


def _parts(piece: str) -> tuple[str, str]:
    """A command may go on in lines that begin with `> `."""
    lines = piece.splitlines()
    count = 1
    while count < len(lines) and lines[count].startswith("> "):
        count += 1
    command = "\n".join(line[2:] for line in lines[:count])
    return command, "\n".join(lines[count:]).rstrip("\n")


def answer(command: str, folder: Path) -> str:
    """What a command prints in a pipe, without colour, in an empty folder."""
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONIOENCODING": "utf-8", "XDG_STATE_HOME": str(folder), "COLUMNS": "100",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    text = done.stdout.decode().rstrip("\n")
    return text if done.returncode == 0 else f"{text}\n[{done.returncode}]".lstrip("\n")


def updated(text: str, answers: dict[str, str]) -> str:
    """A document with its answers replaced."""

    def block(match: re.Match[str]) -> str:
        pieces = [piece for piece in re.split(r"^(?=\$ )", match.group(1), flags=re.MULTILINE) if piece]
        written = []
        for piece in pieces:
            command, _ = _parts(piece)
            shown = "$ " + command.replace("\n", "\n> ")
            written.append(f"{shown}\n{answers[command]}\n" if answers[command] else f"{shown}\n")
        return "```console\n" + "\n".join(written).replace("\n\n$", "\n$") + "```"

    return _BLOCK.sub(block, text)
