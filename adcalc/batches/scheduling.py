"""A program over all rows: what carries it out, and how the rows are divided among threads."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from adcalc.batches.order import Order
from adcalc.engines.native.compiling import available
from adcalc.engines.native.layout import Layout, Raised, Unfit
from adcalc.errors import InputProblem
from adcalc.ir.program import lowered

Array: TypeAlias = Any
ENGINES = ("auto", "native", "numpy")

#: Rows that are computed in one go, so that an interrupt is heard and threads can share the work.
PIECE = 2**17
#: Rows that are computed first, to see how long it takes.
_PROBE = 2**13
#: Seconds of work below which a second thread is not worth its start.
_WORTH = 5e-4
#: Operations in all rows together below which NumPy is done before a compiler would be.
_WORTH_COMPILING = 2**17
#: The same, of a table that is computed once, where the compiler has to be started too.
_WORTH_STARTING = 2**26
#: Above this many operations of a row LLVM takes longer than anybody waits.
_MOST_COMPILED = 10_000


class Ready(Protocol):
    """A program with its data."""

    def run(self, first: int, last: int) -> Raised:
        """Computes some rows; what was raised in one of them."""


class Carrier(Protocol):
    """A program as machine code, or as NumPy calls."""

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> Ready:
        """The program with its data."""


def carrier(layout: Layout, order: Order, rows: int) -> tuple[Carrier, str]:
    """What carries a program out, and its name.

    Raises:
        MissingExtra: machine code was asked for, and llvmlite is not installed.
        InputProblem: there is no such engine, or no machine code for the formula.
    """
    engine, fast = order.engine, order.fast
    if engine not in ENGINES:
        raise InputProblem(f"unknown engine `{engine}`", hint=f"there are {', '.join(ENGINES)}")
    operations = _operations(layout)
    worth = engine == "native" or (engine == "auto" and _worth(operations, rows, order) and available())
    if worth and (operations <= _MOST_COMPILED or engine == "native"):
        from adcalc.engines.native.compiled import compiled_program

        try:
            return compiled_program(layout, fast=fast), "native"
        except Unfit as unfit:
            if engine == "native":
                raise InputProblem(str(unfit), hint="leave `engine` away: NumPy computes it") from None
    from adcalc.batches.plans import planned

    return planned(layout), "numpy"


def _worth(operations: int, rows: int, order: Order) -> bool:
    """Whether a compiler is done before NumPy would be."""
    if order.once is None or "llvmlite" in sys.modules:
        return operations * rows >= _WORTH_COMPILING
    return operations * max(rows, order.once) >= _WORTH_STARTING


@lru_cache(maxsize=128)
def _operations(layout: Layout) -> int:
    return lowered([*layout.results, *layout.alarms]).operations


def run(ready: Ready, rows: int, threads: int | None) -> list[tuple[int, int, Raised]]:
    """Computes all rows; the pieces in which something was raised, and what.

    Args:
        threads: how many may work at once; None: as many as there are processors, if there is enough to do.
    """
    if not rows:
        return []
    probe = min(rows, _PROBE)
    start = time.perf_counter()
    found = [((0, probe), ready.run(0, probe))]
    rest = (time.perf_counter() - start) * (rows - probe) / probe
    count = threads or _processors()
    shared = count > 1 and rest > _WORTH
    pieces = list(_pieces(probe, rows, count if shared else 1))
    if shared and len(pieces) > 1:
        with ThreadPoolExecutor(count, thread_name_prefix="adcalc") as pool:
            raised = list(pool.map(lambda piece: ready.run(*piece), pieces))
    else:
        raised = [ready.run(*piece) for piece in pieces]
    return [(*piece, met) for piece, met in [*found, *zip(pieces, raised, strict=True)] if any(met)]


def _pieces(first: int, rows: int, threads: int) -> Iterator[tuple[int, int]]:
    """The rows in pieces that are not too large, and as many for each thread."""
    rounds = max(1, -(-(rows - first) // (threads * PIECE)))
    size = max(1, -(-(rows - first) // (threads * rounds)))
    # Whole vectors, so that only the last piece has rows left over.
    size += -size % 64
    return ((begin, min(begin + size, rows)) for begin in range(first, rows, size))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
