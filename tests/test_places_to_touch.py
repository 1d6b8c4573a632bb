"""The page of places to touch is true: every addition on it works, with the changes that it names and no others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
_PLACES = PAGE.partition("## Places to touch\n")[2].partition("\n## ")[0]
_BLOCK = re.compile(
    r"(?:(?:A new module `(?P<new>[^`]+)`|In `(?P<file>[^`]+)`, before `(?P<before>[^`]+)`):\n\n)?"
    r"```(?P<kind>python|text|console)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Addition(NamedTuple):
    """What an addition takes, and what shows that it works."""

    title: str
    changes: list[dict[str, str]]
    commands: str


def additions() -> Iterator[Addition]:
    """Those on the page."""
    for section in _PLACES.split("\n### ")[1:]:
        blocks = [found.groupdict("") for found in _BLOCK.finditer(section)]
        changes = [block for block in blocks if block["kind"] != "console"]
        commands = "".join(block["text"] for block in blocks if block["kind"] == "console")
        yield Addition(section.partition("\n")[0], changes, commands)


def test_the_page_has_every_kind_of_addition() -> None:
    """Each with its changes, and with commands that show them."""
    titles = [addition.title for addition in additions()]
    for kind in (
        "elementary function",
        "whole arrays",
        "backend",
        "command",
        "output format",
        "file format",
        "algebra",
    ):
        assert any(kind in title for title in titles), kind
    assert all(addition.changes and "$ " in addition.commands for addition in additions())


@pytest.mark.parametrize("addition", list(additions()), ids=lambda addition: addition.title.partition(":")[0])
def test_an_addition_takes_what_the_page_says(addition: Addition, tmp_path: Path) -> None:
    """In a copy of the source; what the title promises is what is changed."""
    source = tmp_path / "source"
    shutil.copytree(ROOT / "adcalc", source / "adcalc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "grammar", source / "grammar")
    for change in addition.changes:
        apply(source, change)
    new = [change for change in addition.changes if change["new"]]
    assert ("module" in addition.title) == bool(new)
    assert ("a line" in addition.title or "a row" in addition.title) == (len(addition.changes) > len(new))
    replay(addition.commands, source, tmp_path)


def apply(source: Path, change: dict[str, str]) -> None:
    """A new module, or a text before the only place that has another one."""
    if change["new"]:
        path = source / change["new"]
        assert not path.exists()
        path.write_text(change["text"], encoding="utf-8")
        return
    path = source / change["file"]
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines) if line.lstrip().startswith(change["before"])]
    path.write_text("".join([*lines[:place], change["text"], *lines[place:]]), encoding="utf-8")


def replay(console: str, source: Path, folder: Path) -> None:
    """Runs commands, which print what stands below them."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "adcalc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m adcalc "$@"\n', encoding="utf-8")
    (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(source), "PATH": f"{tools}:{os.environ['PATH']}"}
    for step in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        first, *rest = step.splitlines()
        typed = [first]
        while rest and rest[0].startswith("> "):
            typed.append(rest.pop(0)[2:])
        done = subprocess.run(
            ["sh", "-c", "\n".join(typed)], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip
        assert (done.returncode, done.stdout.splitlines()) == (0, rest), (first, done.stderr)
