"""The one road from a formula at a point to its figures: lower, derive once, run, check, diagnose.

Whatever is asked (a value, a gradient, a Jacobian, a Hessian, a product, one row of a table) and whatever it is asked
of (numbers or arrays), it is answered here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from adcalc.autodiff.assembly import figures
from adcalc.autodiff.derive import Derivation, Derivative, Partials, Quotients
from adcalc.autodiff.figures import Figures, FiguresWanted
from adcalc.autodiff.linearization import Asked, Linearization, linearized
from adcalc.backends.backend import Backend
from adcalc.checks.adaptive_precision import Settled, repeated, settled
from adcalc.checks.diagnose import (
    derivative_cautions,
    domain_problem,
    is_used,
    outside_domain,
    singular_cautions,
    value_cautions,
)
from adcalc.checks.entries import all_finite
from adcalc.checks.guards import guards
from adcalc.checks.kinks import witness_cautions
from adcalc.checks.observation import Observation
from adcalc.checks.runs import MOST_REPEATED, InDoubles, refuse_beyond
from adcalc.errors import Caution, InputProblem, ShapeProblem
from adcalc.lower.rules import NoDerivative
from adcalc.lower.shape_rules import Shape, named
from adcalc.results import Figure

#: Derivatives with more entries than this are not put into one matrix.
_MOST_ENTRIES = 2**27


class Answer(NamedTuple):
    """What was found at a point."""

    figures: Figures
    """Floats, and arrays of float64."""
    cautions: Sequence[Caution]
    estimates: Mapping[str, Figure] | None = None
    """Of derivatives from values: a bound of the error, by variable."""
    matrix_error: Any = None
    evaluations: int = 1
    """How often the formula was evaluated."""
    operations: int | None = None
    """How many operations on numbers the formulas have; None over arrays."""


def value_of(asked: Asked) -> Figure:
    """The value of a formula at a point.

    Raises:
        Problem: shapes do not fit, or the point is outside the domain.
    """
    found: Figure = answer(asked, FiguresWanted("value"), None).figures.value
    return found


def answer(asked: Asked, request: FiguresWanted, backend: Backend | None) -> Answer:
    """What is asked of a formula at a point, with everything that is to be said about it.

    Args:
        backend: how derivatives are taken; None where none are.

    Raises:
        ShapeProblem: shapes do not fit, or the value is no number where one is needed.
        DomainProblem: there is no value, or no derivative.
    """
    formula = _lowered(asked, request)
    work = Derivation(formula, request.wrt, {name: _shape(asked.inputs.get(name, 0.0)) for name in request.wrt})
    if request.kind not in ("value", "jvp", "vjp", "hvp"):
        across = work.size if request.kind == "hessian" else math.prod(formula.shape)
        refuse_beyond(request.kind, work.size * across, _MOST_ENTRIES)
    try:
        first = None if backend is None else backend.derive(work)
    except NoDerivative as problem:
        raise located_problem(problem, asked, formula) from None
    if isinstance(first, Quotients):
        from adcalc.numeric.at_point import ByValues

        done = _carried_out(asked, FiguresWanted("value"), work, None)
        found = ByValues(asked, request, work, first, done.found.value)
        its = found.figures.each(as_figure)
        cautions = [*done.cautions, *_said(done, its, request), *found.cautions]
        operations = None if formula.arrays else found.count * formula.program.operations
        return Answer(its, cautions, found.estimates, found.matrix_error, found.count, operations)
    done = _carried_out(asked, request, work, first)
    cautions = [*done.cautions, *_said(done, done.found, request)]
    return Answer(done.found, cautions, operations=None if formula.arrays else done.operations)


class _Done(NamedTuple):
    """Formulas that were carried out."""

    found: Figures
    cautions: list[Caution]
    seen: Observation
    kinked: bool
    """Some operation may be on a kink."""
    operations: int
    untied: frozenset[int] = frozenset()
    """Slots that are on a kink in doubles by their rounding alone."""


def _carried_out(asked: Asked, request: FiguresWanted, work: Derivation, first: Derivative | None) -> _Done:
    """The figures in doubles, checked, and with more digits where it takes them."""
    formula = work.formula
    run = InDoubles(formula, asked.inputs, guards(formula, work.wrt) if formula.arrays else ())

    def compute(by: Any) -> Figures:
        return figures(request, work, first, by)

    try:
        found = compute(run)
    except NoDerivative as problem:
        raise located_problem(problem, asked, formula) from None
    seen = Observation(formula, asked, run.values or None)
    raised = {guard.kind for guard in run.raised}
    outside = outside_domain(seen) if not formula.arrays or "domain" in raised else None
    if outside is not None:
        # An underflow may have led outside the domain: log(exp(x) + exp(y)) at (-1000, -1001).
        primitive = formula.program.slots[outside].primitive
        better = None
        if run.entries <= MOST_REPEATED and primitive is not None and primitive.elementwise:
            better = repeated(compute, formula, asked, seen, run.entries)
        if better is None:
            raise domain_problem(seen, outside)
        return _Done(better, list(formula.cautions), seen, True, run.entries)
    _check_refusals(work, asked, seen)
    if formula.arrays and isinstance(first, Derivative):
        found = _without_idle_directions(found, work, first, asked)
    if run.certain:
        done = Settled(found.each(as_figure))
    else:
        done = settled(found.each(as_figure), compute, formula, asked, seen, run.entries, doubted="digits" in raised)
    cautions = [*formula.cautions, *done.cautions]
    if done.cautions and "digits" in raised:
        cautions = [*formula.cautions, *singular_cautions(seen, [g.slot for g in run.raised if g.kind == "digits"])]
    kinked = not formula.arrays or "kink" in raised
    return _Done(done.figures, cautions, seen, kinked, run.entries, done.untied)


def _lowered(asked: Asked, request: FiguresWanted) -> Linearization:
    """The formula for the shapes of the point; of a value with one entry where a number is needed, that entry."""
    formula = linearized(asked)
    for name in request.wrt:
        if name in formula.sizes:
            raise InputProblem(f"`{name}` settles a size, and there is no derivative by a size")
    if request.kind in ("gradient", "hessian", "hvp") and formula.shape:
        single = formula.number()
        if single is None:
            raise ShapeProblem(
                f"the value is {named(formula.shape)}, and a gradient is that of a number",
                asked.spans.get(asked.root),
                "take `jacobian`, or sum the value up, or take `--elementwise` for a curve",
                asked.source,
            )
        return single
    return formula


def _shape(figure: Figure) -> Shape:
    return () if isinstance(figure, float) else tuple(figure.shape)


def located_problem(problem: NoDerivative, asked: Asked, formula: Linearization) -> NoDerivative:
    """The same problem with its place."""
    if problem.node is not None:
        problem.span = asked.spans.get(formula.origin.get(problem.node, problem.node))
    problem.source = asked.source
    return problem


def _check_refusals(work: Derivation, asked: Asked, seen: Observation) -> None:
    """Refuses where an operation without derivative is used.

    Raises:
        NoDerivative: it is.
    """
    if not work.refusals:
        return
    places = {slot.node: index for index, slot in enumerate(work.formula.program.slots)}
    for node, problem in work.refusals:
        # What is no operation of the formula itself is one of a derivative, of which nobody knows who uses it.
        if node not in places or is_used(seen, places[node]):
            raise located_problem(problem, asked, work.formula)


def _without_idle_directions(found: Figures, work: Derivation, first: Derivative, asked: Asked) -> Figures:
    """A Jacobian in which a tangent of 0 times an infinite slope is nothing where the entry does not move."""
    import numpy as np

    if isinstance(first, Partials) or not any(np.isnan(block).any() for block in found.blocks.values()):
        return found
    if np.isnan(found.value).any():
        return found
    from adcalc.autodiff.active import active_jacobian

    return replace(found, blocks=active_jacobian(work, asked.inputs))


def _said(done: _Done, found: Figures, request: FiguresWanted) -> list[Caution]:
    """Everything that is to be said of a value and of its derivatives."""
    seen = done.seen
    if not all_finite(found.value):
        return [*value_cautions(seen), *witness_cautions(seen)]
    finite = all(map(all_finite, found.first))
    cautions = witness_cautions(seen)
    if request.order and (done.kinked or not finite):
        cautions += derivative_cautions(seen, request.wrt, order=request.order, finite=finite, untied=done.untied)
    if finite and not all(map(all_finite, found.second)):
        span = seen.span(seen.program.output)
        cautions.append(Caution("not finite", "a second derivative is not finite here", span))
    return cautions


def as_figure(value: Any) -> Figure:
    """A number of Python's for an array without axes, and an array of float64 otherwise."""
    if isinstance(value, float | int):
        return float(value)
    import numpy as np

    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        return float(array)
    # What a plan gives is new; a view may be one of something that is still in use.
    return array if array.flags.owndata else np.array(array)
