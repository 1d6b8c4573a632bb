"""dual: forward mode by dual numbers, one direction at a time.

Each variable in turn is given the tangent 1, and every operation carries value and tangent along
(Clifford, 1873; Wengert, 1964).  Duals of duals carry the second derivatives, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adcalc.autodiff.derive import Derivation, Derivative
from adcalc.backends.backend import Backend


@dataclass(frozen=True)
class DualBackend(Backend):
    """Forward mode by dual numbers; the Hessian by duals of duals."""

    name: ClassVar[str] = "dual"
    doc: ClassVar[str] = "forward mode by dual numbers: one sweep for each variable"

    def derive(self, work: Derivation) -> Derivative:
        return work.slopes() if work.numbers else work.pushforward()
