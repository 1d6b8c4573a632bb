"""Who carries out the formulas of an answer: NumPy, floats, floats with noise, or numbers of many digits.

Each is a function from formulas, and the seeds that they read beside the point, to their values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.autodiff.linearization import Linearization
from adcalc.checks.entries import holds_anywhere
from adcalc.checks.error_bounds import is_certain
from adcalc.checks.guards import Guard
from adcalc.errors import LimitProblem
from adcalc.ir.expr import Expr, variables
from adcalc.ir.program import Program, Unused, evaluate, lowered
from adcalc.results import Figure

Entries: TypeAlias = Any

#: Of larger computations nobody would wait for a check of digits: numbers computed on the way.
MOST_CHECKED = 400_000
#: Nor for more digits of larger ones.
MOST_REPEATED = 60_000
#: What may be lost where nothing can be repeated, before it is said.
SAID = 1e-8


class InDoubles:
    """Doubles: by `math` where all is numbers, else by NumPy.

    Attributes:
        raised: guards that were not 0; of numbers none are computed, for the value of every slot is kept.
        values: the value of every slot; of large arrays nothing is kept.
        certain: all that was computed is right to the last digits, as far as a bound of its roundings knows.
        entries: how many numbers have been computed on the way.
    """

    __slots__ = ("_formula", "_guards", "_inputs", "certain", "entries", "raised", "values")

    def __init__(self, formula: Linearization, inputs: Mapping[str, Figure], guards: Sequence[Guard]) -> None:
        self._formula = formula
        self._inputs = inputs
        self._guards: Sequence[Guard] | None = guards
        self.raised: list[Guard] = []
        self.values: Sequence[Any] = ()
        self.entries = 0
        self.certain = True

    def __call__(self, formulas: Sequence[Expr], seeds: Mapping[str, Entries]) -> Sequence[Entries]:
        inputs = {**self._inputs, **seeds} if seeds else self._inputs
        if self._formula.arrays:
            entries = entries_of(self._formula, formulas) * _directions(self._formula, seeds)
            self.entries += entries
            if entries > MOST_CHECKED:
                self.certain = False
                return self._by_plan(formulas, inputs)
            return self._by_slots(formulas, inputs, entries)
        program = program_of(self._formula, formulas)
        values = evaluate(program, FLOATS, inputs)
        self.entries += program.operations
        self.certain = self.certain and self.entries <= MOST_CHECKED and is_certain(program, values)
        # The value comes first, so that the slots of the formula itself do.
        self.values = self.values or values[: len(self._formula.program.slots)]
        return used_outputs(program, values)

    def _by_plan(self, formulas: Sequence[Expr], inputs: Mapping[str, Figure]) -> Sequence[Entries]:
        from adcalc.engines.plan import plan_of

        guards, self._guards = self._guards, None
        found = plan_of(self._formula, (*formulas, *_conditions(guards))).run(inputs)
        self._raise(guards, found[len(formulas) :])
        return found[: len(formulas)]

    def _by_slots(self, formulas: Sequence[Expr], inputs: Mapping[str, Figure], entries: int) -> Sequence[Entries]:
        """Every value of the way is kept, for its rounding errors are looked at."""
        import numpy as np

        from adcalc.algebras.arrays import ARRAYS

        guards, self._guards = self._guards, None
        program = program_of(self._formula, formulas)
        whole = program_of(self._formula, (*formulas, *_conditions(guards))) if guards else program
        with np.errstate(all="ignore"):
            values = evaluate(whole._replace(branching=False), ARRAYS, inputs)
        self._raise(guards, [values[output] for output in whole.outputs[len(formulas) :]])
        least = SAID if self.entries > MOST_REPEATED else 0.0
        self.certain = self.certain and is_certain(program, values[: len(program.slots)], entries, least)
        if formulas and formulas[0] is self._formula.root:
            self.values = values[: len(self._formula.program.slots)]
        # What is given away is nobody else's.
        return [np.array(value) if np.ndim(value) else value for value in used_outputs(program, values)]

    def _raise(self, guards: Sequence[Guard] | None, flags: Sequence[Entries]) -> None:
        self.raised += [guard for guard, flag in zip(guards or (), flags, strict=True) if holds_anywhere(flag)]


def _conditions(guards: Sequence[Guard] | None) -> list[Expr]:
    return [guard.formula for guard in guards or ()]


class InAlgebra:
    """Any other algebra, slot by slot.

    Attributes:
        values: the value of every slot of the formula itself.
    """

    __slots__ = ("_algebra", "_formula", "_inputs", "_lift", "values")

    def __init__(self, formula: Linearization, inputs: Mapping[str, Figure], algebra: Any, lift: Any = None) -> None:
        """Takes a formula and its point.

        Args:
            lift: makes a value of the algebra of a double, or of an array of doubles.
        """
        self._formula = formula
        self._inputs = inputs
        self._algebra = algebra
        self._lift = lift
        self.values: Sequence[Any] = ()

    def __call__(self, formulas: Sequence[Expr], seeds: Mapping[str, Entries]) -> Sequence[Entries]:
        given = {**self._inputs, **seeds} if seeds else self._inputs
        program = program_of(self._formula, formulas)
        # The point may have arrays beside it that a formula of numbers does not use.
        used = self._formula.kept(("inputs", tuple(formulas)), lambda: variables(formulas))
        inputs = given if self._lift is None else {name: self._lift(given[name]) for name in used}
        if not self._formula.arrays:
            values = evaluate(program, self._algebra, inputs)
        else:
            import numpy as np

            with np.errstate(all="ignore"):
                values = evaluate(program._replace(branching=False), self._algebra, inputs)
        self.values = self.values or values[: len(self._formula.program.slots)]
        return used_outputs(program, values)


def entries_of(formula: Linearization, formulas: Sequence[Expr]) -> int:
    """How many numbers are computed on the way to some formulas, for one direction."""

    def make() -> int:
        slots = program_of(formula, formulas).slots
        return sum([math.prod(formula.builder.shape(slot.node)) for slot in slots if slot.primitive is not None])

    found: int = formula.kept(("entries", tuple(formulas)), make)
    return found


def _directions(formula: Linearization, seeds: Mapping[str, Entries]) -> int:
    """How many directions are stacked in some seeds."""
    for name, seed in seeds.items():
        shape = formula.shape_of(name)
        if getattr(seed, "ndim", 0) > len(shape):
            return int(seed.shape[0])
    return 1


def program_of(formula: Linearization, formulas: Sequence[Expr]) -> Program:
    """The program of some formulas, written down once."""
    key = tuple(formulas)
    found: Program = formula.kept(("program", key), lambda: lowered(key))
    return found


def used_outputs(program: Program, values: Sequence[Any | Unused]) -> list[Any]:
    """The results of a program that was carried out."""
    return [value for output in program.outputs if not isinstance(value := values[output], Unused)]


def refuse_beyond(kind: str, entries: int, most: int) -> None:
    """Refuses what has more entries than can be put into one matrix.

    Raises:
        LimitProblem: it has.
    """
    if entries > most:
        raise LimitProblem(
            f"a {kind} of {entries} entries is too large",
            hint="take `hvp`, `jvp` or `vjp` for what it does to a vector",
        )
