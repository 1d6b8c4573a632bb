"""What is computed at every row: the value, the partials and the second partials of a formula, as one program.

Derivatives are core formulas, written down once by the transform of the backend; what they share with the
value and with one another is one node, and so is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from adcalc.autodiff.derive import Derivation, Quotients
from adcalc.autodiff.linearization import Linearization
from adcalc.backends.backend import Backend
from adcalc.batches.points import Points
from adcalc.batches.row_guards import Watch, alarms_of, codes, doubts_of, ties_of, watches
from adcalc.engines.native.layout import Layout
from adcalc.ir.expr import Expr, number, variables
from adcalc.ir.program import Program, lowered

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, eq=False)
class Computation:
    """A program for all rows."""

    ready: Linearization
    results: tuple[Expr, ...]
    """The value, the partials, and the second partials: of a pair of variables once."""
    watches: tuple[Watch, ...]
    """What may be wrong with a row, in the order of the operations."""
    alarms: tuple[Expr, ...]
    """Formulas that are not 0 where a row needs to be looked at."""
    doubts: tuple[Expr, ...]
    """Likewise, where digits have cancelled, or rounding may have decided a tie."""
    ties: tuple[Expr, ...]
    """Formulas that are not 0 where an operation is on a kink, a jump or a tie."""
    program: Program
    """Of the results."""

    @property
    def codes(self) -> tuple[Expr, ...]:
        """The first watch, from 1, that says something about the domain, and about a kink; and how many doubts there are."""
        found: tuple[Expr, ...] = self.ready.kept(
            ("codes", self.watches, self.doubts), lambda: codes(self.ready, self.watches, self.doubts)
        )
        return found

    def layout(self, formulas: Sequence[Expr], alarms: Sequence[Expr], where: Points) -> Layout:
        """Some formulas as a kernel of the columns and numbers that there are."""

        def make() -> Layout:
            used = frozenset(variables([*formulas, *alarms]))
            columns, numbers = (tuple([name for name in names if name in used]) for names in given)
            return Layout(columns, numbers, tuple(formulas), tuple(alarms))

        given = (tuple(where.columns), tuple(where.numbers))
        found: Layout = self.ready.kept(("layout", formulas, alarms, given), make)
        return found


def computation(
    ready: Linearization, wrt: tuple[str, ...], backend: Backend, *, hessian: bool, moving: tuple[str, ...] = ()
) -> Computation | None:
    """The program of a formula of numbers; None for a backend that writes no formulas.

    Args:
        wrt: the variables to differentiate by.
        backend: whose transform writes the derivatives.
        moving: further variables that derivatives are taken by, some other way, so that kinks count.

    Raises:
        NoDerivative: an operation has none.
    """

    def make() -> Computation | None:
        work = Derivation(ready, wrt, dict.fromkeys(wrt, ()))
        first = backend.derive(work)
        if isinstance(first, Quotients):
            return None
        partials = work.of_numbers(first)
        seconds = work.seconds(partials) if hessian else {}
        if work.refusals and not ready.program.branching:
            # In a branch, only the rows that take it have no derivative: theirs is nan, and each says why.
            raise work.refusals[0].problem
        results = (ready.root, *_all(partials), *_all(seconds))
        watched = tuple(watches(ready, (*wrt, *moving)))
        alarms, ties = alarms_of(ready, watched, results), ties_of(ready)
        doubts = dict.fromkeys([*doubts_of(ready, results), *(tie.condition for tie in ties if tie.rounded)])
        conditions = tuple([tie.condition for tie in ties])
        return Computation(ready, results, watched, alarms, tuple(doubts), conditions, lowered(results))

    found: Computation | None = ready.kept(("batch", wrt, backend, hessian, moving), make)
    return found


def _all(formulas: Mapping[Key, Expr | None]) -> list[Expr]:
    return [number(0) if formula is None else formula for formula in formulas.values()]
