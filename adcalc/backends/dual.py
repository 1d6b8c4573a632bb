"""dual: forward mode by dual numbers, one direction at a time.

Each variable in turn is given the tangent 1, and every operation carries value and tangent along
(Clifford, 1873; Wengert, 1964).  Duals of duals carry the second derivatives, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from adcalc.algebras.duals import Dual as DualNumber
from adcalc.algebras.duals import Duals
from adcalc.backends.protocol import Backend, Derivatives
from adcalc.trace import Trace
from adcalc.transforms import jvp


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
