"""dual: forward mode by dual numbers, one direction at a time.

Each variable in turn is given the tangent 1, and every operation carries value and tangent along
(Clifford, 1873; Wengert, 1964).  Duals of duals carry the second derivatives, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from adcalc.algebras.duals import Dual as DualNumber
from adcalc.algebras.duals import Duals
from adcalc.backends.protocol import Array, ArrayDerivatives, Backend, Derivatives
from adcalc.program import evaluate
from adcalc.trace import Trace
from adcalc.transforms import jvp

if TYPE_CHECKING:
    from adcalc.prepared import Formulas, Prepared
    from adcalc.task import Task


@dataclass(frozen=True)
class Dual(Backend):
    """Forward mode by dual numbers; the Hessian by duals of duals."""

    name: ClassVar[str] = "dual"
    doc: ClassVar[str] = "forward mode by dual numbers: one sweep for each variable"

    def gradient(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        partials = {}
        for name in wrt:
            (result,) = jvp(trace.program, self.floats, trace.inputs, {name: 1.0})
            partials[name] = result.tangent or 0.0
        return Derivatives(partials, evaluations=len(wrt))

    def hessian(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        duals = Duals(self.floats)
        size = len(wrt)
        matrix = [[0.0] * size for _ in wrt]
        for i, row in enumerate(wrt):
            inner = {name: DualNumber(value, 1.0 if name == row else None) for name, value in trace.inputs.items()}
            for j, column in enumerate(wrt[: i + 1]):
                (result,) = jvp(trace.program, duals, inner, {column: duals.const(1.0)})
                second = result.tangent.tangent if result.tangent else None
                matrix[i][j] = matrix[j][i] = second or 0.0
        partials = self.gradient(trace, wrt).partials
        return Derivatives(partials, matrix, evaluations=size + size * (size + 1) // 2)

    def array_gradient(self, task: Task) -> ArrayDerivatives:
        return pushed_jacobian(task)

    def array_hessian(self, task: Task) -> ArrayDerivatives:
        """By duals of duals: all directions at once, moved in one direction after the other."""
        import numpy as np

        from adcalc.prepared import stacked_seeds

        first = pushed_jacobian(task)
        formula, size, shapes = task.prepared.twice_moved(task.wrt), task.size(), task.shapes()
        matrix = np.zeros((size, size))
        for row in range(size):
            other = stacked_seeds(task.wrt, shapes, row, row + 1)
            moved = {f"other {name}": seed[0] for name, seed in other.items()}

            def entries(seeds: Mapping[str, Array], moved: Mapping[str, Array] = moved) -> Array:
                count = len(next(iter(seeds.values())))
                return task.run([formula], [(count,)], {**seeds, **moved})[0]

            matrix[row] = task.pushed(entries)
        return replace(first, matrix=matrix / 2.0 + matrix.T / 2.0, evaluations=size + size * size)

    def batch_gradient(self, ready: Prepared, wrt: tuple[str, ...]) -> Formulas:
        from adcalc.backends.columns import forward_partials

        return forward_partials(ready, wrt)


def pushed_jacobian(task: Task) -> ArrayDerivatives:
    """The Jacobian by forward mode: as many unit tangents at once as fit."""
    import numpy as np

    if not task.size():
        task.run([], [])
        return ArrayDerivatives(task.blocks(np.zeros((math.prod(task.shape), 0)), task.shape), evaluations=0)
    formula = task.prepared.pushforward(task.wrt)

    def rows(seeds: Mapping[str, Array]) -> Array:
        count = len(next(iter(seeds.values())))
        return task.run([formula], [(count, *task.shape)], seeds)[0]

    columns = task.pushed(rows)
    if np.isnan(columns).any() and not np.isnan(task.value).any():
        columns = task.pushed(lambda seeds: _moved(task, seeds))
    size = task.size()
    matrix = columns.reshape(size, -1).T
    return ArrayDerivatives(task.blocks(matrix, task.shape), evaluations=size)


def _moved(task: Task, seeds: Mapping[str, Array]) -> Array:
    """The tangents of the value along some directions, zeros of what does not move told from other zeros."""
    import numpy as np

    from adcalc.algebras.moving import MOVING, Moving

    program = task.prepared.program
    count = len(next(iter(seeds.values())))
    inputs = {name: Moving(value, 0.0, 0.0) for name, value in task.inputs.items()}
    for name in task.wrt:
        seed = seeds[f"tangent {name}"]
        inputs[name] = Moving(task.inputs[name], seed, np.not_equal(seed, 0.0).astype(float))
    with np.errstate(all="ignore"):
        result = evaluate(program._replace(branching=False), MOVING, inputs)[program.output]
    assert isinstance(result, Moving)
    return np.broadcast_to(result.tangent, (count, *task.shape))
