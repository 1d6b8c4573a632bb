"""numeric: difference quotients of values, the independent witness: it shares no rule with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

from adcalc.autodiff.derive import Derivation, Derivative, Method, Quotients
from adcalc.backends.backend import Backend
from adcalc.errors import InputProblem

METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class Numeric(Backend):
    """Difference quotients; Richardson extrapolation with a chosen step unless told otherwise.

    Attributes:
        method: `richardson`, `central`, `forward` or `complex`.
        step: how far to move a variable; chosen if not given.
    """

    method: Method = "richardson"
    step: float | None = None

    name: ClassVar[str] = "numeric"
    exact: ClassVar[bool] = False
    doc: ClassVar[str] = "difference quotients of values only, with an error estimate"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputProblem(f"unknown method `{self.method}`", hint=f"there are {', '.join(METHODS)}")
        if self.step is not None and not 0.0 < self.step < float("inf"):
            raise InputProblem(f"the step must be positive, not {self.step}")

    def derive(self, work: Derivation) -> Derivative:
        return Quotients(self.method, self.step)
