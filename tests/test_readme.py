"""The tables of the README are generated from the table of functions and the list of backends."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from adcalc.backends import BACKENDS, backend_named
from adcalc.cli.commands import COMMANDS
from adcalc.render.reference import adjoint_texts, all_rows, rules, signature

README = Path(__file__).parents[1] / "README.md"


def backend_table() -> str:
    """The backends, a row each."""
    rows = [f"| `{name}` | {backend_named(name).doc} |" for name in BACKENDS]
    return "\n".join(["| name | how |", "|---|---|", *rows])


def function_table() -> str:
    """The functions by group, with their derivative rules as they stand in the table."""
    lines: list[str] = []
    known = all_rows()
    for group in dict.fromkeys(row.group for row in known):
        title = "adjoint, of the adjoint `g`" if any(row.over for row in known if row.group == group) else "derivative"
        lines += ["", f"**{group}**", "", f"| | {title} | |", "|---|---|---|"]
        for row in known:
            if row.group == group:
                found = adjoint_texts(row) if row.over else rules(row)
                shown = "; ".join(f"`{text}`" if text else "none" for _, text in found)
                lines.append(f"| `{signature(row)}` | {shown} | {row.doc} |".replace("||", "\\|\\|"))
    return "\n".join(lines).strip()


@pytest.mark.parametrize(("mark", "table"), [("backends", backend_table()), ("functions", function_table())])
def test_the_generated_tables_are_current(mark: str, table: str) -> None:
    """The README says what the program does; `UPDATE=1 pytest` writes the tables anew."""
    text = README.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {mark}:[^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
    current = pattern.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)
    if os.environ.get("UPDATE"):
        README.write_text(current, encoding="utf-8")
    else:
        assert text == current


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    """A reader of the README meets every command."""
    assert f"`adcalc {command}" in README.read_text(encoding="utf-8")
