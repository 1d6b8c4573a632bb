"""Rows whose meaning is a formula of the language, unfolded with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from adcalc.errors import Source
from adcalc.ir.expr import Apply, Expr, variable
from adcalc.lower.lowerer import Elaborator
from adcalc.parser.resolve import read


def unfolded(e: Elaborator, node: Apply, arguments: Sequence[Any]) -> Any:
    """What a row's body is with some arguments; problems speak of the call."""
    primitive = node.primitive
    names = primitive.parameters or ("x", "y", "z")[: len(arguments)]
    body = _read(primitive.body, names)
    outside, e.done = e.done, {variable(name): argument for name, argument in zip(names, arguments, strict=True)}
    caller, e.call = e.call, e.call or node
    try:
        (made,) = e.walk([body])
    finally:
        e.done, e.call = outside, caller
        e.current = node
    return made


@lru_cache(maxsize=64)
def _read(text: str, names: tuple[str, ...]) -> Expr:
    result = read(Source(text), names, rule=True).result
    assert result is not None
    return result
