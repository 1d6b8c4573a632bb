"""reverse: the tape, walked back once for all partial derivatives.

One sweep forward notes every intermediate value, one sweep back hands each slot's adjoint to its
arguments: the gradient costs a small multiple of the value, however many variables there are
(Baur and Strassen, 1983).  The Hessian is forward mode over it, a column for each variable
(Pearlmutter, 1994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from adcalc.autodiff.derive import Derivation, Derivative
from adcalc.backends.backend import Backend


@dataclass(frozen=True)
class Reverse(Backend):
    """Reverse mode on a tape; of an array with more entries than its variables have, forward mode."""

    name: ClassVar[str] = "reverse"
    doc: ClassVar[str] = "reverse mode on a tape: all partials in one sweep back; the default"

    def derive(self, work: Derivation) -> Derivative:
        if work.scalar:
            return work.partials()
        return work.pushforward() if work.size < math.prod(work.formula.shape) else work.pullback()
