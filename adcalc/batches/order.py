"""How a batch is to be computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adcalc.backends.backend import Backend


class Order(NamedTuple):
    """How a batch is to be computed."""

    wrt: Sequence[str] | None
    hessian: bool
    backend: Backend
    engine: str = "auto"
    threads: int | None = None
    fast: bool = False
    strict: bool = False
    """A point without a value is a problem."""
    once: int | None = None
    """How many rows there are in all, of a table that is computed once; None: others like these may follow."""


def pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Two variables at a time, each pair once.

    >>> pairs("xy")
    (('x', 'x'), ('x', 'y'), ('y', 'y'))
    """
    return tuple([(a, b) for place, a in enumerate(names) for b in names[place:]])
