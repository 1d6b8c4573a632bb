"""One program at one point by one backend: its figures, checked, and everything to be said about them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from adcalc.algebras.floats import FLOATS
from adcalc.backends.protocol import Backend, Derivatives
from adcalc.errors import Caution, DomainProblem, Source, Span
from adcalc.expr import Expr
from adcalc.program import Program, Unused, evaluate
from adcalc.refinement import refined, repeated
from adcalc.rules import NoDerivative
from adcalc.trace import (
    Trace,
    derivative_cautions,
    no_derivative,
    second_order_caution,
    traced,
    value_cautions,
    witness_cautions,
)

Kind = Literal["value", "gradient", "hessian"]


class Answer(NamedTuple):
    """What was found at a point."""

    figures: Sequence[float]
    """The value, then the partials, then the rows of the Hessian, as far as asked for."""
    derivatives: Derivatives
    """As the backend gave them."""
    cautions: Sequence[Caution]


def answered(
    program: Program,
    inputs: Mapping[str, float],
    symbols: Sequence[str],
    backend: Backend | None,
    kind: Kind,
    spans: Mapping[Expr, Span],
    source: Source,
) -> Answer:
    """The figures of a program at a point, with more digits than a double's where it takes them.

    Args:
        symbols: the inputs to differentiate by.
        backend: None for a value.

    Raises:
        DomainProblem: there is no value, or no derivative.
    """
    derivatives = Derivatives({})

    def compute(algebra: Any, values: Sequence[Any], lifted: Mapping[str, Any]) -> list[Any]:
        nonlocal derivatives
        trace = Trace(program, lifted, values, spans, source)
        if backend is None:
            return [trace.value]
        working = backend if algebra is FLOATS else replace(backend, floats=algebra)
        try:
            found = working.hessian(trace, symbols) if kind == "hessian" else working.gradient(trace, symbols)
        except NoDerivative as problem:
            raise no_derivative(trace, problem) from None
        if algebra is FLOATS:
            derivatives = found
        entries = [entry for row in found.matrix or () for entry in row]
        return [trace.value, *(found.partials[symbol] for symbol in symbols), *entries]

    exact = backend is None or (backend.refinable and backend.floats is FLOATS)
    try:
        trace = traced(program, inputs, spans, source)
        figures: Sequence[float] = compute(FLOATS, trace.values, trace.inputs)
    except DomainProblem:
        # An underflow may have led outside the domain: log(exp(x) + exp(y)) at (-1000, -1001).
        values: list[float | Unused] = evaluate(program, FLOATS, inputs)
        found = repeated(program, inputs, values, compute) if exact and program.operations < 1000 else None
        if found is None:
            raise
        trace = Trace(program, inputs, values, spans, source)
        return Answer(found, derivatives, _cautions(trace, symbols, found, kind))
    cautions: list[Caution] = []
    if exact:
        checked = refined(program, inputs, trace.values, figures, compute)
        figures = checked.figures
        cautions += checked.cautions
    notes = [Caution("one-sided", note) for note in derivatives.notes]
    return Answer(figures, derivatives, [*cautions, *_cautions(trace, symbols, figures, kind), *notes])


def _cautions(trace: Trace, symbols: Sequence[str], figures: Sequence[float], kind: Kind) -> list[Caution]:
    value, *rest = figures
    first, second = rest[: len(symbols)], rest[len(symbols) :]
    if not math.isfinite(value):
        return [*value_cautions(trace), *witness_cautions(trace)]
    finite = all(map(math.isfinite, first))
    cautions = witness_cautions(trace)
    cautions += derivative_cautions(trace, symbols, second=kind == "hessian", finite=finite)
    if finite and not all(map(math.isfinite, second)):
        cautions.append(second_order_caution(trace))
    return cautions
