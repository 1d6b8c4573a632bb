"""reverse: the tape, walked back once for all partial derivatives.

One sweep forward notes every intermediate value, one sweep back hands each slot's adjoint to its
arguments: the gradient costs a small multiple of the value, however many variables there are
(Baur and Strassen, 1983).  The Hessian is forward mode over it, a column for each variable
(Pearlmutter, 1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from adcalc.algebras.duals import Dual, Duals
from adcalc.backends.protocol import Backend, Derivatives, symmetric
from adcalc.program import evaluate
from adcalc.trace import Trace
from adcalc.transforms import vjp


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
