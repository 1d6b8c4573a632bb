"""symbolic: the derivative as a simplified formula, and the value of that formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from adcalc.backends.protocol import Backend, Derivatives
from adcalc.derivatives import partials
from adcalc.expr import Expr
from adcalc.program import Unused, evaluate, lowered
from adcalc.trace import Trace


@dataclass(frozen=True)
class Symbolic(Backend):
    """Derivatives as formulas; second ones are derivatives of the first."""

    name: ClassVar[str] = "symbolic"
    doc: ClassVar[str] = "derivatives as simplified formulas, then their values"

    def gradient(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        formulas = partials(_formula(trace), tuple(wrt), exact=True)
        return Derivatives(dict(zip(wrt, self._values(formulas, trace), strict=True)))

    def hessian(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        names = tuple(wrt)
        first = partials(_formula(trace), names, exact=True)
        second = [entry for i, row in enumerate(first) for entry in partials(row, names[: i + 1], exact=True)]
        values = self._values([*first, *second], trace)
        matrix = [[0.0] * len(names) for _ in names]
        entries = iter(values[len(names) :])
        for i in range(len(names)):
            for j in range(i + 1):
                matrix[i][j] = matrix[j][i] = next(entries)
        return Derivatives(dict(zip(names, values, strict=False)), matrix)

    def _values(self, formulas: Sequence[Expr], trace: Trace) -> list[float]:
        program = lowered(formulas)
        values = evaluate(program, self.floats, trace.inputs)
        return [value for output in program.outputs if not isinstance(value := values[output], Unused)]


def _formula(trace: Trace) -> Expr:
    return trace.program.slots[trace.program.output].node
