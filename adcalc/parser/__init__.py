"""From text to syntax: the grammar's tables, the lexer, and the walk that builds the tree."""

from __future__ import annotations

from adcalc.parser.syntax import Syntax, parse, target

__all__ = ["Syntax", "parse", "target"]
