"""symbolic: the derivative as a simplified formula, and the value of that formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from adcalc.backends.protocol import ArrayDerivatives, Backend, Derivatives
from adcalc.derivatives import partials
from adcalc.expr import Expr
from adcalc.program import Unused, evaluate, lowered
from adcalc.trace import Trace

if TYPE_CHECKING:
    from adcalc.backends.columns import Seconds
    from adcalc.prepared import Formulas, Prepared
    from adcalc.task import Task


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

    def array_gradient(self, task: Task) -> ArrayDerivatives:
        from adcalc.backends.reverse import pulled_jacobian

        formulas = tidied(task.prepared, task.wrt, seeded=bool(task.shape))
        if task.shape:
            return pulled_jacobian(task, formulas)
        found = task.run(list(formulas.values()), list(task.shapes().values()))
        return ArrayDerivatives(dict(zip(task.wrt, found, strict=True)))

    def array_hessian(self, task: Task) -> ArrayDerivatives:
        from adcalc.backends.reverse import hessian_of

        return hessian_of(task, tidied(task.prepared, task.wrt, seeded=False))

    def batch_gradient(self, ready: Prepared, wrt: tuple[str, ...]) -> Formulas:
        return tidied(ready, wrt, seeded=False)

    def batch_hessian(self, ready: Prepared, wrt: tuple[str, ...], partials: Formulas) -> Seconds:
        found: Seconds = {}
        for place, name in enumerate(wrt):
            first = partials[name]
            second = {} if first is None else tidied(ready.of(first), wrt[place:], seeded=False)
            found |= {(name, other): second.get(other) for other in wrt[place:]}
        return found

    def _values(self, formulas: Sequence[Expr], trace: Trace) -> list[float]:
        program = lowered(formulas)
        values = evaluate(program, self.floats, trace.inputs)
        return [value for output in program.outputs if not isinstance(value := values[output], Unused)]


def _formula(trace: Trace) -> Expr:
    return trace.program.slots[trace.program.output].node


def tidied(ready: Prepared, wrt: tuple[str, ...], *, seeded: bool) -> Formulas:
    """The partial derivatives of a formula over arrays, as they are written in the language and read again."""

    def make() -> dict[str, Expr | None]:
        from adcalc.algebras.arrays import computed
        from adcalc.algebras.floats import FLOATS
        from adcalc.errors import Source
        from adcalc.expr import variables
        from adcalc.matrices.derivative import plain_length, written
        from adcalc.shapes.builder import Builder
        from adcalc.shapes.elaboration import elaborated

        found = ready.pullback(wrt, seeded=seeded)
        live = {name: formula for name, formula in found.items() if formula is not None}
        shown = written(list(live.values()), ready.builder, plain_length, exact=True, book=False)
        shapes = {name: ready.shape_of(name) for name in variables(shown)}
        core = elaborated(shown, shapes, {}, {}, Source(""), Builder(FLOATS.apply), computed).roots
        return {**dict.fromkeys(found), **dict(zip(live, core, strict=True))}

    made: dict[str, Expr | None] = ready.remembered(("tidied", wrt, seeded), make)
    return made
