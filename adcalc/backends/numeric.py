"""numeric: difference quotients of values, with an estimate of their error.

It uses no derivative rule, so that it is a witness of its own for all the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from adcalc.algebras.complexes import COMPLEXES, first_unfit
from adcalc.backends.protocol import Array, ArrayDerivatives, Backend, Derivatives
from adcalc.differences import Estimate, curvature, reach, slope, twist
from adcalc.errors import InputProblem, MethodProblem
from adcalc.program import Unused, evaluate
from adcalc.trace import Trace, defined

if TYPE_CHECKING:
    from adcalc.task import Task

Method = Literal["richardson", "central", "forward", "complex"]
METHODS: tuple[Method, ...] = ("richardson", "central", "forward", "complex")

#: Below any rounding error of the value, so that the complex step cancels nothing (Squire and Trapp, 1998).
_COMPLEX_STEP = 1e-150


@dataclass(frozen=True)
class Numeric(Backend):
    """Difference quotients; Richardson extrapolation with a chosen step unless told otherwise."""

    method: Method = "richardson"
    step: float | None = None

    name: ClassVar[str] = "numeric"
    refinable: ClassVar[bool] = False
    doc: ClassVar[str] = "difference quotients of values only, with an error estimate"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputProblem(f"unknown method `{self.method}`", hint=f"there are {', '.join(METHODS)}")
        if self.step is not None and not 0.0 < self.step < float("inf"):
            raise InputProblem(f"the step must be positive, not {self.step}")

    def gradient(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        values = _Values(self, trace)
        active = set(_inputs_used(trace))
        found = {name: self._slope(values, name) if name in active else _NOTHING for name in wrt}
        return Derivatives(
            {name: estimate.value if estimate.error < math.inf else math.nan for name, estimate in found.items()},
            error_estimate={name: estimate.error for name, estimate in found.items()},
            evaluations=values.count,
            notes=() if self.method == "forward" else _notes(found),
        )

    def hessian(self, trace: Trace, wrt: Sequence[str]) -> Derivatives:
        first = self.gradient(trace, wrt)
        values = _Values(self, trace)
        active = set(_inputs_used(trace))
        size = len(wrt)
        matrix = [[0.0] * size for _ in wrt]
        errors = [[0.0] * size for _ in wrt]
        reaches = self._reaches(values, [name for name in wrt if name in active]) if size > 1 else {}
        for i, row in enumerate(wrt):
            for j, column in enumerate(wrt[: i + 1]):
                if row in active and column in active:
                    estimate = self._second(values, row, column, reaches)
                    matrix[i][j] = matrix[j][i] = estimate.value
                    errors[i][j] = errors[j][i] = estimate.error
        return Derivatives(
            first.partials, matrix, first.error_estimate, errors, first.evaluations + values.count, first.notes
        )

    def array_gradient(self, task: Task) -> ArrayDerivatives:
        from adcalc.backends.entries import jacobian

        return jacobian(task, self._real_method(), self.step)

    def array_hessian(self, task: Task) -> ArrayDerivatives:
        from adcalc.backends.entries import hessian

        return hessian(task, self._real_method(), self.step)

    def batch_quotients(
        self,
        values: Callable[[Mapping[str, Array]], Array],
        at: Mapping[str, Array],
        middle: Array,
        wrt: Sequence[str],
        *,
        hessian: bool,
    ) -> list[Array] | None:
        if self.method != "richardson" or self.step is not None:
            return None
        from adcalc.backends.extrapolated import slopes

        return slopes(values, at, middle, wrt, hessian=hessian)

    def _real_method(self) -> Literal["richardson", "central", "forward"]:
        if self.method == "complex":
            raise MethodProblem("a complex step cannot pass through arrays", hint="take `--method richardson`")
        return self.method

    def _slope(self, values: _Values, name: str) -> Estimate:
        if self.method == "complex":
            return values.complex_slope(name)
        return slope(values.along(name), values.trace.inputs[name], self.method, self.step)

    def _second(self, values: _Values, row: str, column: str, reaches: Mapping[str, float]) -> Estimate:
        at = values.trace.inputs
        if self.method == "complex":
            return slope(lambda to: values.complex_slope(row, {column: to}).value, at[column])
        if row == column:
            return curvature(values.along(row), at[row], self.step)
        known = (reaches[row], reaches[column]) if reaches else None
        return twist(lambda a, b: values.at({row: a, column: b}), at[row], at[column], self.step, known)

    def _reaches(self, values: _Values, names: Sequence[str]) -> dict[str, float]:
        """How far each variable may be moved, found once and used for every mixed derivative."""
        if self.method == "complex" or self.step is not None:
            return {}
        return {name: reach(values.along(name), values.trace.inputs[name]) for name in names}


_NOTHING = Estimate(0.0, 0.0, "both")


class _Values:
    """The formula as a function of some of its variables, counting how often it is asked."""

    def __init__(self, backend: Numeric, trace: Trace) -> None:
        self.floats = backend.floats
        self.trace = trace
        self.count = 0

    def at(self, moved: dict[str, float]) -> float:
        """The value at a moved point; nan outside the domain."""
        self.count += 1
        program = self.trace.program
        values = evaluate(program, self.floats, {**self.trace.inputs, **moved})
        value = values[program.output]
        return value if defined(program, values) and not isinstance(value, Unused) else float("nan")

    def along(self, name: str) -> Callable[[float], float]:
        return lambda to: self.at({name: to})

    def complex_slope(self, name: str, moved: dict[str, float] | None = None) -> Estimate:
        """The imaginary part of f(x + ih) over h: no cancellation, but every operation must be analytic."""
        program = self.trace.program
        unfit = first_unfit(self.trace.program, self.trace.values)
        if unfit is not None:
            slot = program.slots[unfit]
            assert slot.primitive is not None
            raise MethodProblem(
                f"a complex step cannot pass through `{slot.primitive.name}`",
                self.trace.span(unfit),
                "take `--method richardson`",
                self.trace.source,
            )
        self.count += 1
        inputs = {each: complex(value) for each, value in {**self.trace.inputs, **(moved or {})}.items()}
        inputs[name] += complex(0.0, _COMPLEX_STEP)
        value = evaluate(program, COMPLEXES, inputs)[program.output]
        assert not isinstance(value, Unused)
        found = value.imag / _COMPLEX_STEP
        return Estimate(found, abs(found) * 1e-13, "both")


def _inputs_used(trace: Trace) -> list[str]:
    """The inputs that the result was computed from."""
    return [name for name in trace.inputs if any(trace.program.depends_on([name]))]


def _notes(found: dict[str, Estimate]) -> tuple[str, ...]:
    unsettled = [
        f"by `{name}`, the difference quotients do not settle" for name, e in found.items() if e.error == math.inf
    ]
    return *unsettled, *(
        f"by `{name}`, values were taken on the {estimate.sides} of the point only: beyond it there are none"
        for name, estimate in found.items()
        if estimate.sides != "both"
    )
