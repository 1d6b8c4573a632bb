"""Rows in which an alarm was raised, looked at one by one: computed with more digits where that helps, and said.

A row outside the domain has no results at all.  The first rows of every kind are put to the backend that
answers for single points, whose words are the reason given, and whose figures are taken where doubles of one
pass did not suffice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.batches.computation import Computation
from adcalc.batches.single import Single
from adcalc.errors import Caution, DomainProblem, Problem
from adcalc.results import Reason

Array: TypeAlias = Any

#: Rows of one kind that are computed one by one.
_MOST_REPEATED = 256
#: How long rows in doubt are computed again, for all rows of a batch or of a table together.
SECONDS_FOR_DIGITS = 10.0
#: A row that has lost more than this has no results, if it cannot be computed again.
_HALF = 1e-8
#: Rows of one kind, from the first to the last, by which the others are judged.
_TRIED = 16
#: Rows that a reason names.
_NAMED = 5


class Warned(NamedTuple):
    """A warning about some rows."""

    about: Caution
    row: int
    """The first one, from 0."""
    times: int
    """In how many rows."""

    def caution(self, label: Callable[[int], str]) -> Caution:
        """The warning with the rows it is about."""
        first = label(self.row)
        where = f"in {first}" if self.times == 1 else f"in {self.times} rows, first in {first}"
        return self.about._replace(message=f"{where}: {self.about.message}" if first else self.about.message)


class Looked(NamedTuple):
    """What came of it."""

    failed: Array
    """The rows that have no value, in order."""
    failures: tuple[Reason, ...]
    warnings: tuple[Warned, ...]


def _codes(found: Array) -> Iterator[float]:
    return (code for code in np.unique(found) if code > 0.0)


class Visit:
    """The rows of one batch, kind by kind.

    Attributes:
        results: whole columns; those of rows without a value become nan.
        ask: the figures of a row, in the order of the results.
        known: a mask of rows that have no value, as is known already.
        strict: a row outside the domain is a problem.
    """

    def __init__(self, results: Sequence[Array], ask: Single, known: Array | None, *, strict: bool) -> None:
        self.results = results
        self.ask = ask
        self.known = known
        self.strict = strict
        self.reasons: dict[object, Reason] = {}
        self.failed: list[Array] = []
        self.warnings: dict[object, tuple[Caution, int, int]] = {}
        self.asked: set[int] = set()
        self.told: set[int] = set()
        """Rows of which everything has been said, kinks too."""
        self.doubtful: list[tuple[Array, Array]] = []
        """Rows of which rounding may have taken digits, and the share of their results that it may have moved."""

    def rows(self, rows: Array, domains: Array, kinks: Array) -> None:
        """Goes through rows in which an alarm was raised.

        Args:
            rows: their numbers, in order.
            domains: for each of them the number of the operation that is outside its domain, 0 for none.
            kinks: likewise, of the one on a kink.
        """
        if self.known is not None:
            new = ~self.known[rows]
            rows, domains, kinks = rows[new], domains[new], kinks[new]
        for code in _codes(domains):
            self.outside(rows[domains == code])
        inside = rows[domains == 0.0]
        self.not_finite(inside[~self._are_finite(inside)])
        for code in _codes(kinks):
            self.kinked(rows[(kinks == code) & (domains == 0.0)])

    def every(self, count: int) -> None:
        """Computes all rows one by one."""
        for row in range(count) if self.known is None else np.flatnonzero(~self.known).tolist():
            self._asked(row)

    def outside(self, rows: Array) -> None:
        """Rows in which one operation is outside its domain, as doubles see it."""
        problem: Problem | None = None
        tried = _spread(rows, _TRIED)
        for row in tried:
            problem = self._asked(row) or problem
        if problem is not None and np.isnan(self.results[0][tried]).all():
            # The others are taken to be like those that were tried, and so have no results either.
            self._fail(rows[~np.isin(rows, tried)], problem)
            return
        for row in rows[~np.isin(rows, tried)][:_MOST_REPEATED].tolist():
            problem = self._asked(row) or problem
        rest = rows[~np.isin(rows, tried)][_MOST_REPEATED:]
        self._fail(rest[np.isnan(self.results[0][rest])], problem or Problem("the value is not a number"))

    def not_finite(self, rows: Array) -> None:
        """Rows that have a result which is infinite or not a number."""
        first, rest = rows[:_MOST_REPEATED], rows[_MOST_REPEATED:]
        endless = ~np.isfinite(self.results[0][first])
        for row in first.tolist():
            self._asked(row)
        helped = self._are_finite(first) | (endless & np.isfinite(self.results[0][first]))
        if len(rest) and helped.any():
            # More digits would help the others too, so that what they have cannot be believed.
            self.doubtful.append((rest, np.full(len(rest), np.inf)))
            return
        nowhere = np.isnan(self.results[0][rest])
        self._fail(rest[nowhere], Problem("the value is not a number"))
        left = rest[~nowhere]
        if len(left):
            known = [key for key, (caution, _, _) in self.warnings.items() if caution.kind == "not finite"]
            if known:
                caution, row, count = self.warnings[known[0]]
                self.warnings[known[0]] = (caution, row, count + len(left))
            else:
                self._warn(int(left[0]), [Caution("not finite", "a result is not finite")], len(left))

    def _are_finite(self, rows: Array) -> Array:
        """Which of some rows have finite results."""
        found = np.ones(len(rows), dtype=bool)
        for column in self.results:
            found &= np.isfinite(column[rows])
        return found

    def _asked(self, row: int) -> Problem | None:
        """Takes what the backend says of one row; what it says where there is no value."""
        self.asked.add(row)
        try:
            answer = self.ask(row)
        except DomainProblem as problem:
            problem.__traceback__ = problem.__context__ = None
            self._fail(np.array([row]), problem)
            return problem
        self._take(np.array([row]), answer.figures)
        if np.isnan(answer.figures[0]):
            message, span, hint = _words(answer.cautions)
            nothing = Problem(message, span, hint)
            self._fail(np.array([row]), nothing)
            return nothing
        kinds = ("not finite", "precision")
        if not all(map(math.isfinite, answer.figures)):
            self.told.add(row)
        self._warn(row, [caution for caution in answer.cautions if row in self.told or caution.kind in kinds])
        return None

    def uncertain(self, work: Computation | None, seconds: float | None = None) -> float:
        """Computes the rows in doubt again, with as many digits as it takes, while the time for it lasts.

        The worst first: many at a time, then one by one those that are on a kink or that this does not settle.

        Args:
            work: the program of all results; None where there is none.
            seconds: how long that is; None for all that a run has.

        Returns:
            The seconds that it took.
        """
        if not self.doubtful:
            return 0.0
        rows, spread = (np.concatenate(each) for each in zip(*self.doubtful, strict=True))
        new = ~np.isin(rows, list(self.asked))
        rows, spread = rows[new], spread[new]
        rows, spread = (each[np.argsort(-spread, kind="stable")] for each in (rows, spread))
        begin = time.monotonic()
        end = begin + (SECONDS_FOR_DIGITS if seconds is None else seconds)
        if work is not None and len(rows):
            # Only here, since it brings the numbers of many digits along.
            from adcalc.batches.precise_rows import settle_rows

            settled = settle_rows(work, self.ask.where, rows, self._take, lambda: time.monotonic() > end)
            rows, spread = rows[~settled], spread[~settled]
        for place, row in enumerate(rows.tolist()):
            if time.monotonic() > end:
                self._give_up(rows[place:], spread[place:])
                break
            self._asked(row)
        return time.monotonic() - begin

    def _give_up(self, rows: Array, spread: Array) -> None:
        """What becomes of rows in doubt when the time for more digits is over."""
        lost = spread > _HALF
        spent = f"more digits are taken for {SECONDS_FOR_DIGITS:g} s only, which other rows have used up"
        hint = "write the formula so that nothing cancels, or take fewer rows"
        self._fail(
            np.sort(rows[lost]), Problem(f"rounding leaves less than half of the digits, and {spent}", hint=hint)
        )
        rest = np.sort(rows[~lost])
        if len(rest):
            certain = math.floor(-math.log10(float(np.max(spread[~lost]))))
            message = f"rounding leaves about {certain} digits certain, and {spent}"
            self._warn(int(rest[0]), [Caution("precision", message, None, hint)], len(rest))

    def kinked(self, rows: Array) -> None:
        """Rows in which one operation is on a kink; where a factor of 0 makes it harmless, nothing is to be said."""
        rows = rows[~np.isnan(self.results[0][rows]) & ~np.isin(rows, list(self.told))]
        for row in _spread(rows, _TRIED):
            try:
                cautions = self.ask(row).cautions
            except DomainProblem:
                continue
            said = [caution for caution in cautions if caution.kind in ("kink", "jump")]
            if said:
                self._warn(int(rows[0]), said, len(rows))
                return

    def found(self) -> Looked:
        """What has been found."""
        if self.known is not None:
            for column in self.results:
                column[self.known] = np.nan
        nowhere = np.array([], dtype=np.intp)
        failed = np.unique(np.concatenate(self.failed)) if self.failed else nowhere
        return Looked(failed, tuple(self.reasons.values()), tuple([Warned(*each) for each in self.warnings.values()]))

    def _take(self, rows: Array, figures: Sequence[Any]) -> None:
        for column, figure in zip(self.results, figures, strict=True):
            column[rows] = figure

    def _warn(self, row: int, cautions: Sequence[Caution], count: int = 1) -> None:
        for caution in cautions:
            key = (caution.kind, caution.span)
            first, rows, before = self.warnings.get(key, (caution, row, 0))
            self.warnings[key] = (first, rows, before + count)

    def _fail(self, rows: Array, problem: Problem | None) -> None:
        if not len(rows):
            return
        assert problem is not None
        if self.strict and isinstance(problem, DomainProblem):
            raise problem
        for column in self.results:
            column[rows] = np.nan
        self.failed.append(rows)
        key = problem.span or problem.message
        before = self.reasons.get(key)
        named = (*(before.rows if before else ()), *rows[:_NAMED].tolist())
        count = len(rows) + (before.count if before else 0)
        first = before or problem
        self.reasons[key] = Reason(first.message, problem.span, count, tuple(sorted(named)[:_NAMED]), first.hint)


def _spread(rows: Array, count: int) -> list[int]:
    """Some of the rows, from the first to the last."""
    places = np.unique(np.linspace(0, max(0, len(rows) - 1), count).astype(np.intp))
    found: list[int] = rows[places].tolist() if len(rows) else []
    return found


def _words(cautions: Sequence[Caution]) -> tuple[str, tuple[int, int] | None, str]:
    """What to say of a row whose value is not a number."""
    for caution in cautions:
        if caution.kind == "not finite":
            return caution.message, caution.span, caution.hint
    return "the value is not a number", None, ""
