"""reverse: the tape, walked back once for all partial derivatives.

One sweep forward notes every intermediate value, one sweep back hands each slot's adjoint to its
arguments: the gradient costs a small multiple of the value, however many variables there are
(Baur and Strassen, 1983).  The Hessian is forward mode over it, a column for each variable
(Pearlmutter, 1994).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from adcalc.algebras.duals import Dual, Duals
from adcalc.backends.protocol import Array, ArrayDerivatives, Backend, Derivatives, symmetric
from adcalc.expr import Expr
from adcalc.program import evaluate
from adcalc.trace import Trace
from adcalc.transforms import vjp

if TYPE_CHECKING:
    from adcalc.prepared import Formulas, Prepared
    from adcalc.task import Task


@dataclass(frozen=True)
class Reverse(Backend):
    """Reverse mode on a tape; the Hessian is forward over reverse."""

    name: ClassVar[str] = "reverse"
    doc: ClassVar[str] = "reverse mode on a tape: all partials in one sweep back; the default"

    def gradient(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        found = vjp(trace.program, self.floats, trace.values, 1.0, wrt)
        return Derivatives({name: adjoint or 0.0 for name, adjoint in found.items()})

    def hessian(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        duals = Duals(self.floats)
        one = duals.const(1.0)
        matrix = []
        for name in wrt:
            inputs = {each: Dual(value, 1.0 if each == name else None) for each, value in trace.inputs.items()}
            values = evaluate(trace.program, duals, inputs)
            adjoints = vjp(trace.program, duals, values, one, wrt)
            matrix.append([(adjoint.tangent or 0.0) if (adjoint := adjoints[other]) else 0.0 for other in wrt])
        return Derivatives(self.gradient(trace, wrt).partials, symmetric(matrix), evaluations=1 + len(wrt))

    def array_gradient(self, task: Task) -> ArrayDerivatives:
        """One sweep back for a number; for an array one for each entry, or one forward for each of the variables'."""
        from adcalc.backends.dual import pushed_jacobian

        outputs = math.prod(task.shape)
        if task.shape and task.size() < outputs:
            return pushed_jacobian(task)
        shapes = list(task.shapes().values())
        if not task.shape:
            formulas = task.prepared.pullback(task.wrt, seeded=False)
            found = task.run(list(formulas.values()), shapes)
            return ArrayDerivatives(dict(zip(task.wrt, found, strict=True)))
        return pulled_jacobian(task, task.prepared.pullback(task.wrt, seeded=True))

    def array_hessian(self, task: Task) -> ArrayDerivatives:
        return hessian_of(task, task.prepared.pullback(task.wrt, seeded=False))

    def batch_gradient(self, ready: Prepared, wrt: tuple[str, ...]) -> Formulas:
        return ready.pullback(wrt, seeded=False)


def pulled_jacobian(task: Task, formulas: Mapping[str, Expr | None]) -> ArrayDerivatives:
    """The Jacobian from what a cotangent contributes to each variable: unit cotangents, stacked."""
    import numpy as np

    shapes = task.shapes()
    outputs = math.prod(task.shape)
    rows: dict[str, list[Array]] = {name: [] for name in shapes}
    for first, last in task.chunks(outputs):
        seed = np.eye(outputs)[first:last].reshape((last - first, *task.shape))
        dims = [(last - first, *shape) for shape in shapes.values()]
        found = task.run(list(formulas.values()), dims, {"cotangent ": seed})
        for name, block in zip(shapes, found, strict=True):
            rows[name].append(block)
    blocks = {
        name: (np.concatenate(rows[name]) if rows[name] else np.zeros((0, *shape))).reshape((*task.shape, *shape))
        for name, shape in shapes.items()
    }
    return ArrayDerivatives(blocks, evaluations=outputs)


def hessian_of(task: Task, formulas: Mapping[str, Expr | None]) -> ArrayDerivatives:
    """The gradient and the Hessian from the formulas of the gradient: forward mode over them."""
    from adcalc.task import flat

    shapes = task.shapes()
    first = task.run(list(formulas.values()), list(shapes.values()))
    live = [formula for formula in formulas.values() if formula is not None]
    moved = iter(task.prepared.moved(live, task.wrt))
    second = [next(moved) if formula is not None else None for formula in formulas.values()]

    def rows(seeds: Mapping[str, Array]) -> Array:
        count = len(next(iter(seeds.values())))
        return flat(task.run(second, [(count, *shape) for shape in shapes.values()], seeds), count)

    matrix = task.pushed(rows)
    size = task.size()
    matrix = matrix.reshape(size, size)
    return ArrayDerivatives(
        dict(zip(task.wrt, first, strict=True)), matrix / 2.0 + matrix.T / 2.0, evaluations=1 + size
    )
