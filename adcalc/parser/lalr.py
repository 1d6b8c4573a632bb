"""The grammar, compiled.

Lark reads `grammar/adcalc.lark` and computes the LALR(1) tables.  That takes longer than everything
else in a short run of adcalc, so the tables are kept beside this module as plain JSON, stamped with
a checksum of the grammar they came from.  Where the stamp does not fit (somebody is working on the
grammar) the tables are computed afresh; `python -m adcalc.parser.lalr` writes them down again.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_KEPT = Path(__file__).with_name("lalr.json")


class Production(NamedTuple):
    """A production: what to build when its parts are complete."""

    label: str
    origin: str
    size: int
    kept: tuple[int, ...]
    """Which of the parts carry meaning; the others are brackets and commas."""
    transparent: bool
    """A production that stands for its only part."""


class Tables(NamedTuple):
    """What the lexer and the parser need."""

    terminals: list[tuple[str, str]]
    keywords: dict[str, str]
    ignored: frozenset[str]
    rules: list[Production]
    states: list[dict[str, int]]
    """State and symbol to the next state (not negative) or to the rule to reduce by, as -1 - rule;
    the first state is where reading starts."""
    end: int


def grammar_text() -> str:
    """The grammar as it stands in the source tree or in the installed package."""
    inside = Path(__file__).parent / "adcalc.lark"
    beside = Path(__file__).parents[2] / "grammar" / "adcalc.lark"
    return (inside if inside.exists() else beside).read_text(encoding="utf-8")


@cache
def tables() -> Tables:
    """The tables of the present grammar: the kept ones, or new ones where those are out of date."""
    grammar = grammar_text()
    kept = json.loads(_KEPT.read_text(encoding="utf-8")) if _KEPT.exists() else {}
    if kept.get("stamp") != stamp(grammar):
        kept = compiled_tables(grammar)
    return loaded_tables(kept)


def loaded_tables(kept: dict[str, Any]) -> Tables:
    """Tables from the form in which they are kept."""
    return Tables(
        [(name, pattern) for name, pattern in kept["terminals"]],
        kept["keywords"],
        frozenset(kept["ignored"]),
        [Production(label, origin, size, tuple(parts), clear) for label, origin, size, parts, clear in kept["rules"]],
        kept["states"],
        kept["end"],
    )


def stamp(grammar: str) -> int:
    """A checksum of a grammar's text.

    >>> stamp("") == stamp("start: NAME")
    False
    """
    return zlib.crc32(grammar.encode())


def compiled_tables(grammar: str) -> dict[str, Any]:
    """The tables of a grammar in the form in which they are kept, by Lark (Shinan, 2017)."""
    from lark import Lark
    from lark.grammar import Rule as LarkRule
    from lark.lexer import TerminalDef

    parser = Lark(grammar, parser="lalr", lexer="basic")
    data, memo = parser.memo_serialize([TerminalDef, LarkRule])
    table = data["parser"]["parser"]
    rows = {
        state: {table["tokens"][symbol]: target for symbol, target in row.items()}
        for state, row in table["states"].items()
    }
    # Rules and states are numbered anew, in an order that is the same in every run of Lark.
    reductions = sorted(
        {target["@"] for row in rows.values() for kind, target in row.values() if kind},
        key=lambda rule: (memo[rule]["origin"]["name"], memo[rule]["order"]),
    )
    rule_number = {rule: position for position, rule in enumerate(reductions)}
    order = [table["start_states"]["start"]]
    state_number = {order[0]: 0}
    for state in order:
        for _, (kind, target) in sorted(rows[state].items()):
            if not kind and target not in state_number:
                state_number[target] = len(order)
                order.append(target)
    words = {t.pattern.value: t.name for t in parser.terminals if t.pattern.value.isalpha() and t.pattern.type == "str"}
    # Longer patterns first, as Lark's own lexer has them, so that `**` is not read as two signs.
    ordered = sorted(
        (t for t in parser.terminals if t.name not in words.values()),
        key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name),
    )
    return {
        "stamp": stamp(grammar),
        "terminals": [[t.name, t.pattern.to_regexp()] for t in ordered],
        "keywords": words,
        "ignored": sorted(parser.ignore_tokens),
        "rules": [_rule(memo[rule]) for rule in reductions],
        "states": [
            {
                symbol: -1 - rule_number[target["@"]] if kind else state_number[target]
                for symbol, (kind, target) in sorted(rows[state].items())
            }
            for state in order
        ],
        "end": state_number[table["end_states"]["start"]],
    }


def _rule(rule: dict[str, Any]) -> list[Any]:
    origin = rule["origin"]["name"]
    kept = [i for i, part in enumerate(rule["expansion"]) if not part.get("filter_out", False)]
    return [rule["alias"] or origin, origin, len(rule["expansion"]), kept, rule["options"]["expand1"]]


if __name__ == "__main__":
    text = json.dumps(compiled_tables(grammar_text()), ensure_ascii=False, separators=(",", ":"))
    temporary = _KEPT.with_suffix(".new")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(_KEPT)
