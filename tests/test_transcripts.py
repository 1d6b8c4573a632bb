"""The README, the manual and the golden tests are one thing: transcripts that are replayed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.transcript import ROOT, Exchange, answer, documents, exchanges, updated

CASES = [(path, exchange) for path in documents() for exchange in exchanges(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("path", "exchange"), CASES, ids=[f"{p.stem}: {e.command[:50]}" for p, e in CASES])
def test_every_command_prints_what_is_written(path: Path, exchange: Exchange, tmp_path: Path) -> None:
    """A command of a document prints to the letter what the document says."""
    found = answer(exchange.command, tmp_path)
    if os.environ.get("UPDATE"):
        text = path.read_text(encoding="utf-8")
        path.write_text(updated_one(text, exchange.command, found), encoding="utf-8")
    else:
        assert found == exchange.answer


def updated_one(text: str, command: str, found: str) -> str:
    """A document with the answer to one command replaced."""
    answers = {exchange.command: exchange.answer for exchange in exchanges(text)}
    return updated(text, {**answers, command: found})


def test_documents_hold_transcripts() -> None:
    """The README and every group of errors have transcripts at all."""
    assert {path.name for path in documents()} >= {"README.md", "errors.md", "commands.md"}
    assert all(exchanges(path.read_text(encoding="utf-8")) for path in documents())
    assert (ROOT / "README.md").exists()
