"""A function at many points: what `Function.batch` and `adcalc batch` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.autodiff.derive import Derivation, Quotients
from adcalc.autodiff.linearization import Linearization, linearized
from adcalc.backends.reverse import Reverse
from adcalc.batches.computation import Computation, computation
from adcalc.batches.order import Order, pairs
from adcalc.batches.points import Points, points
from adcalc.batches.rounding_check import in_doubt
from adcalc.batches.row_diagnosis import Looked, Visit
from adcalc.batches.scheduling import carrier, run
from adcalc.batches.single import Single
from adcalc.engines.native.compiling import available
from adcalc.engines.native.layout import Layout, Raised
from adcalc.engines.native.memory import column
from adcalc.errors import Caution, InputProblem, ShapeProblem
from adcalc.lower.rules import NoDerivative
from adcalc.lower.shape_rules import named
from adcalc.query.answer import located_problem
from adcalc.query.inputs import Given, resolved
from adcalc.query.query import Query, query_at
from adcalc.results import Batch

if TYPE_CHECKING:
    from adcalc.function import Function

Array: TypeAlias = Any

#: Rows from which on it is worth saying what would be faster.
_MANY = 100_000
#: Rows whose difference quotients are taken together.
_BLOCK = 8192
_VALUES = Reverse()


def row_label(row: int) -> str:
    """What a row is called, counted from 1."""
    return f"row {row + 1}"


class Outcome(NamedTuple):
    """What came out for some points."""

    results: list[Array]
    """The value, the partials, the second partials."""
    names: tuple[str, ...]
    """The variables that were differentiated by."""
    looked: Looked
    cautions: Sequence[Caution]
    """About the formula and the point, not about some of the rows."""
    engine: str
    seconds: float
    """How long rows in doubt were computed again."""


def batch(
    function: Function,
    given: Mapping[str, Given],
    order: Order,
    out: Batch | None = None,
    label: Callable[[int], str] = row_label,
) -> Batch:
    """The value and derivatives of a function at many points.

    Args:
        out: an earlier batch, whose memory is written again.
        label: what a point is called in messages.

    Raises:
        Problem: columns that are missing or do not fit, or an operation without derivative.
    """
    found = carried_out(function, given, order, None if out is None else list(out.columns.values()))
    names, looked = found.names, found.looked
    value, first, second = found.results[0], found.results[1 : len(names) + 1], found.results[len(names) + 1 :]
    order_of_pairs = pairs(names) if order.hessian else ()
    seconds: dict[tuple[str, str], Array] = {}
    for (a, b), array in zip(order_of_pairs, second, strict=True):
        seconds |= {(a, b): array, (b, a): array}
    warnings = [warned.caution(label) for warned in looked.warnings]
    return Batch(
        value,
        dict(zip(names, first, strict=True)),
        seconds if order.hessian else None,
        len(looked.failed),
        looked.failures,
        tuple(dict.fromkeys([*found.cautions, *warnings])),
        found.engine,
        order_of_pairs,
    )


def carried_out(
    function: Function,
    given: Mapping[str, Given],
    order: Order,
    out: Sequence[Array] | None = None,
    known: Array | None = None,
    seconds: float | None = None,
) -> Outcome:
    """The results at many points, and what is to be said of some of them.

    Args:
        out: columns to write to.
        known: a mask of rows of which it is known that there is no value; they are not looked at.
        seconds: how long rows in doubt may be computed again; None for as long as a whole run may.

    Raises:
        Problem: as `batch`.
    """
    names = function.by(order.wrt)
    figures = resolved(given)
    reading = query_at(function, figures, names, together=True)
    # A column that the formula does not depend on has rows all the same.
    where = points(reading.inputs, points(figures).rows)
    symbols = tuple([reading.symbol(name) for name in names])
    results = _memory(out, 1 + len(names) + (len(pairs(names)) if order.hessian else 0), where.rows)
    if out is not None:
        where = where.apart_from(results)
    single = Single(reading, where, symbols, order.backend, hessian=order.hessian)
    visit = Visit(results, single, known, strict=order.strict)
    work = _computation(reading, where, symbols, order)
    if work is None:
        engine = _by_values(reading, where, symbols, results, visit, order)
    else:
        alarms = (*work.alarms, *work.doubts)
        engine, raised = _run(work.layout(work.results, alarms, where), where, results, order)
        for first, last, met in raised:
            _look(visit, work, where.part(first, last), first, order, strayed=met.strayed)
    spent = visit.uncertain(work, seconds)
    cautions = list(reading.cautions)
    many = max(where.rows, order.once or 0) >= _MANY
    if engine == "numpy" and order.engine == "auto" and many and not available():
        cautions.append(
            Caution("name", "so many rows are faster as machine code", None, "pip install 'adcalc[native]'")
        )
    return Outcome(results, names, visit.found(), cautions, engine, spent)


def _computation(reading: Query, where: Points, symbols: tuple[str, ...], order: Order) -> Computation | None:
    """The program for all rows; None for a backend that takes one row after the other."""
    ready = ready_for(reading, where)
    try:
        return computation(ready, symbols, order.backend, hessian=order.hessian)
    except NoDerivative as problem:
        raise located_problem(problem, reading.asked(0), ready) from None


def ready_for(reading: Query, where: Points) -> Linearization:
    """The formula of numbers that is computed at every row.

    Raises:
        Problem: it is none, or a column settles a size.
    """
    asked = reading.asked(0)
    ready = linearized(asked._replace(inputs={**where.numbers, **dict.fromkeys(where.columns, 0.0)}))
    for name in ready.sizes:
        if name in where.columns:
            message = f"`{name}` settles a size, which must be the same in every row"
            raise InputProblem(message, hint="give it as one number")
    if ready.shape:
        raise ShapeProblem(
            f"row by row the value must be a number, here it is {named(ready.shape)}",
            asked.spans.get(asked.root),
            "take one of its entries, or sum it up",
            asked.source,
        )
    return ready


def _by_values(
    reading: Query, where: Points, symbols: tuple[str, ...], results: Sequence[Array], visit: Visit, order: Order
) -> str:
    """Values by the engine and derivatives from values; or one row after the other, if the backend wants it so."""
    work = computation(ready_for(reading, where), (), _VALUES, hessian=False, moving=symbols)
    assert work is not None
    how = order.backend.derive(Derivation(work.ready, symbols, dict.fromkeys(symbols, ())))
    assert isinstance(how, Quotients)
    engine = "numpy"
    for first in range(0, where.rows, _BLOCK):
        part = where.part(first, min(first + _BLOCK, where.rows))
        value, *others = [each[first : first + part.rows] for each in results]
        at = {name: part.columns.get(name, np.full(part.rows, part.numbers.get(name, 0.0))) for name in symbols}

        def values(moved: Mapping[str, Array], part: Points = part) -> Array:
            numbers = {name: number for name, number in part.numbers.items() if name not in moved}
            there = Points({**part.columns, **moved}, numbers, part.rows)
            found = column(part.rows)
            _run(work.layout(work.results, (), there), there, [found], order)
            return found

        engine, raised = _run(work.layout(work.results, (*work.alarms, *work.doubts), part), part, [value], order)
        if how.method != "richardson" or how.step is not None:
            visit.every(where.rows)
            return "one by one"
        from adcalc.numeric.rows import slopes

        with np.errstate(all="ignore"):
            found = slopes(values, at, value, symbols, hessian=order.hessian)
        for target, figures in zip(others, found, strict=True):
            target[:] = figures
        if raised or not all([np.all(np.isfinite(each)) for each in others]):
            _look(visit, work, part, first, order, strayed=any(met.strayed for *_, met in raised))
    return engine


def _run(
    layout: Layout, where: Points, results: Sequence[Array], order: Order
) -> tuple[str, list[tuple[int, int, Raised]]]:
    """Computes formulas for all rows; by which engine, and the pieces in which something was raised."""
    columns = [np.ascontiguousarray(where.columns[name]) for name in layout.columns]
    numbers = [where.numbers[name] for name in layout.numbers]
    carried, engine = carrier(layout, order, where.rows)
    return engine, run(carried.bound(columns, numbers, results), where.rows, order.threads)


def _look(visit: Visit, work: Computation, where: Points, offset: int, order: Order, *, strayed: bool) -> None:
    """Goes through the rows of a piece in which something was raised.

    Args:
        strayed: a number may have left the range of doubles in any of them.
    """
    codes = [column(where.rows) for _ in range(3)]
    _run(work.layout(work.codes, (), where), where, codes, order)
    results = [each[offset : offset + where.rows] for each in visit.results]
    looked_at = (codes[0] > 0.0) | (codes[1] > 0.0)
    for each in results:
        looked_at |= ~np.isfinite(each)
    rows = np.flatnonzero(looked_at)
    visit.rows(rows + offset, codes[0][rows], codes[1][rows])
    doubts = np.flatnonzero(((codes[2] > 0.0) | strayed) & (codes[0] == 0.0))
    if visit.known is not None:
        doubts = doubts[~visit.known[doubts + offset]]
    doubtful, spread = in_doubt(work, where, results, doubts, strayed=strayed)
    visit.doubtful.append((doubtful + offset, spread))


def _memory(out: Sequence[Array] | None, count: int, rows: int) -> list[Array]:
    """Columns for the results: those that are given, or new ones."""
    if out is None:
        return [column(rows, place) for place in range(count)]
    if len(out) != count or any(np.shape(each) != (rows,) for each in out):
        raise InputProblem("the batch to write to has other columns or another length", hint="leave `out` away")
    for each in out:
        # Machine code writes where it is told to, and asks nothing.
        fit = isinstance(each, np.ndarray) and each.dtype == np.float64 and each.dtype.isnative
        if not (fit and each.flags.c_contiguous and each.flags.aligned and each.flags.writeable):
            message = "the columns to write to must be contiguous, aligned and writeable arrays of float64"
            raise InputProblem(message, hint="leave `out` away, or give a batch as it was returned")
    # Sorted by where they begin, columns that overlap are neighbours.
    places = sorted((each.ctypes.data, each.nbytes) for each in out)
    if any(begin + size > after for (begin, size), (after, _) in pairwise(places)):
        raise InputProblem("two of the columns to write to share memory", hint="leave `out` away")
    return list(out)
