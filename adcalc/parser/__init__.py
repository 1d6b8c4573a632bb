"""From text to syntax: the grammar's tables, the lexer, and the walk that builds the tree."""

from __future__ import annotations

from adcalc.parser.syntax import Syntax, syntax_of, target

__all__ = ["Syntax", "syntax_of", "target"]
