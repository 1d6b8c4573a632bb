"""A program carried out at a point, and what is to be said about that point.

Numbers that are not finite are looked through here, once for all backends: where a value was born
that has no place in the reals, which primitive has no derivative there, and where a derivative is a
convention.  Nothing here depends on how a backend found its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adcalc import wording
from adcalc.algebras.duals import Dual, Duals, contribution
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.text import digits, written
from adcalc.errors import Caution, DomainProblem, Source, Span
from adcalc.expr import Expr, Number, variable
from adcalc.program import Program, Slot, Unused, evaluate
from adcalc.rules import Call, NoDerivative, compiled
from adcalc.table import PRIMITIVES
from adcalc.transforms import adjoints

#: More than this many warnings of one result say nothing new.
MOST_CAUTIONS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A program with the value of every slot at a point; slots of branches not taken are UNUSED."""

    program: Program
    inputs: Mapping[str, float]
    values: Sequence[float | Unused]
    spans: Mapping[Expr, Span]
    source: Source

    @property
    def value(self) -> float:
        """The result."""
        return self.at(self.program.output)

    def at(self, index: int) -> float:
        """The value of a slot that was used."""
        value = self.values[index]
        assert not isinstance(value, Unused)
        return value

    def call(self, index: int) -> Call[float]:
        """The primitive of a slot with the values it met."""
        slot = self.program.slots[index]
        assert slot.primitive is not None
        return Call(slot.primitive, [self.at(a) for a in slot.arguments], self.at(index))

    def span(self, index: int) -> Span | None:
        """Where the slot stands in the source."""
        return self.spans.get(self.program.slots[index].node)


def traced(program: Program, inputs: Mapping[str, float], spans: Mapping[Expr, Span], source: Source) -> Trace:
    """A program carried out at a point.

    Raises:
        DomainProblem: some slot that the result needs has no value there.
    """
    values = evaluate(program, FLOATS, inputs)
    trace = Trace(program, inputs, values, spans, source)
    for index, value in enumerate(values):
        if not isinstance(value, Unused) and not math.isfinite(value) and outside_domain(trace, index):
            raise domain_problem(trace, index)
    return trace


def defined(program: Program, values: Sequence[float | Unused]) -> bool:
    """Whether every slot that the result needs has a value: the test that difference quotients make."""
    for index, value in enumerate(values):
        if not isinstance(value, Unused) and not math.isfinite(value):
            trace = Trace(program, {}, values, {}, Source(""))
            if value != value or outside_domain(trace, index):
                return False
    return True


def outside_domain(trace: Trace, index: int) -> bool:
    """Whether the arguments of a slot lie outside the domain of its primitive; nan lies nowhere."""
    primitive = trace.program.slots[index].primitive
    if primitive is None or not primitive.domain:
        return False
    call = trace.call(index)
    if any(math.isnan(argument) for argument in call.arguments):
        return False
    return not call.carry_out(FLOATS, compiled(primitive.domain))


def domain_problem(trace: Trace, index: int) -> DomainProblem:
    """What to say of a slot outside its domain."""
    primitive = trace.call(index).primitive
    condition = wording.condition(trace, index)
    if isinstance(condition, Number):
        # The constants alone decide: then only the rule itself says something.
        needs, values = primitive.domain, wording.values(trace, index, plain=True)
    else:
        needs, values = written(condition), wording.values(trace, index)
    message = f"{wording.described(trace, index)} needs `{needs}`, here {values}"
    return DomainProblem(message, trace.span(index), primitive.advice, trace.source)


def value_cautions(trace: Trace) -> list[Caution]:
    """Why the value is not finite: the innermost sub-expression that it comes from."""
    if math.isfinite(trace.value):
        return []
    index = trace.program.output
    while True:
        slot = trace.program.slots[index]
        bad = [a for a in slot.arguments if not isinstance(trace.values[a], Unused) and not math.isfinite(trace.at(a))]
        if not bad:
            break
        index = bad[0]
    if slot.primitive is None:
        name = (
            "a number in the formula"
            if isinstance(slot.node, Number)
            else f"the value given for `{written(slot.node)}`"
        )
        return [Caution("not finite", f"{name} is {digits(trace.at(index))}", trace.span(index))]
    if slot.primitive.constant:
        return [Caution("not finite", "the result comes from `inf`", trace.span(index))]
    what = "overflows" if math.isinf(trace.at(index)) else "is not a number"
    message = f"{wording.described(trace, index)} {what} at {wording.values(trace, index)}"
    return [Caution("not finite", message, trace.span(index))]


def witness_cautions(trace: Trace) -> list[Caution]:
    """Kinks of the formulas whose derivatives were taken inside this one, by `diff` or by hand."""
    slots = trace.program.slots
    witnesses = {slot.arguments[1] for slot in slots if slot.primitive is PRIMITIVES["given"]}
    if not witnesses:
        return []
    below = [False] * len(slots)
    for index in range(len(slots) - 1, -1, -1):
        if index in witnesses or below[index]:
            for argument in slots[index].arguments:
                below[argument] = True
    active = trace.program.depends_on(tuple(trace.inputs))
    return [
        _kink_caution(trace, index)
        for index, slot in enumerate(slots)
        if (below[index] or index in witnesses)
        and not isinstance(trace.values[index], Unused)
        and _at_kink(trace, slot, index, active)
    ]


def derivative_cautions(trace: Trace, wrt: Sequence[str], *, second: bool, finite: bool) -> list[Caution]:
    """What the derivatives by some variables must not come without.

    Args:
        second: second derivatives are wanted, so that a kink is harmless only to second order.
        finite: every derivative came out finite.

    Raises:
        DomainProblem: a primitive has no derivative at all where it is used.
    """
    active = trace.program.depends_on(wrt)
    kinks = [
        index
        for index, (slot, value) in enumerate(zip(trace.program.slots, trace.values, strict=True))
        if active[index] and not isinstance(value, Unused) and _at_kink(trace, slot, index, active)
    ]
    cautions = []
    if not finite:
        cautions += _infinite_slopes(trace, wrt, active)
    if kinks:
        harmless = _harmless(trace, wrt, kinks, second)
        cautions += [_kink_caution(trace, index) for index in kinks if index not in harmless]
    return cautions[:MOST_CAUTIONS]


def _at_kink(trace: Trace, slot: Slot, index: int, active: Sequence[bool]) -> bool:
    primitive = slot.primitive
    if primitive is not None and (primitive.takes is not None or primitive.name == "not"):
        return _condition_vanishes(trace, slot.arguments[0], active)
    if primitive is None or not primitive.kinks:
        return False
    rule = compiled(primitive.kinks)
    call = trace.call(index)
    if not primitive.variadic:
        return call.carry_out(FLOATS, rule) != 0.0
    return any(
        active[argument] and call.carry_out(FLOATS, rule, position) != 0.0
        for position, argument in enumerate(slot.arguments)
    )


def _condition_vanishes(trace: Trace, condition: int, active: Sequence[bool]) -> bool:
    """Whether a condition that is a plain number, not a comparison, is just 0."""
    primitive = trace.program.slots[condition].primitive
    logical = primitive is not None and primitive.group == "comparisons and logic" and bool(primitive.binding)
    return active[condition] and not logical and trace.at(condition) == 0.0


def _harmless(trace: Trace, wrt: Sequence[str], kinks: Sequence[int], second: bool) -> set[int]:
    """Kinks whose adjoint is exactly nothing: `abs(x)^3` at 0 has the derivatives 0 and 0.

    A function with a kink is still Lipschitz, so that a factor that vanishes with it takes the kink
    away; a jump it does not.
    """
    candidates = {i for i in kinks if not (trace.program.slots[i].primitive or PRIMITIVES["+"]).jump}
    if not candidates:
        return set()
    found = adjoints(trace.program, FLOATS, trace.values, 1.0, wrt)
    harmless = {i for i in candidates if found[i] in (0.0, None)}
    if not second:
        return harmless
    duals = Duals(FLOATS)
    one = duals.const(1.0)
    for name in wrt:
        inputs = {n: Dual(v, 1.0 if n == name else None) for n, v in trace.inputs.items()}
        values = evaluate(trace.program, duals, inputs)
        moving = adjoints(trace.program, duals, values, one, wrt)
        harmless = {i for i in harmless if (dual := moving[i]) is None or not dual.tangent}
    # A kink has no slope of its own; so it must also be harmless however its value moves.
    for kink in sorted(harmless):
        freed = variable("the kink's value")
        slots = list(trace.program.slots)
        slots[kink] = Slot(freed, None)
        program = trace.program._replace(slots=tuple(slots))
        inputs = {n: Dual(v, None) for n, v in trace.inputs.items()} | {freed.name: Dual(trace.at(kink), 1.0)}
        values = evaluate(program, duals, inputs)
        moving = adjoints(program, duals, values, one, [*wrt, freed.name])
        if any((dual := moving[i]) is not None and dual.tangent for i in candidates):
            harmless = harmless - {kink}
    return harmless


def _kink_caution(trace: Trace, index: int) -> Caution:
    primitive = trace.program.slots[index].primitive
    assert primitive is not None
    if primitive.takes is not None or primitive.name == "not":
        condition = wording.described(trace, trace.program.slots[index].arguments[0])
        message = f"the condition {condition} is 0 here, and true on both sides; the derivative may be another one"
        return Caution("jump", message, trace.span(index))
    if primitive.group == "comparisons and logic":
        message = f"the two sides of {wording.described(trace, index)} are equal here; {primitive.convention}"
    elif primitive.jump:
        message = f"{wording.described(trace, index)} jumps here: the derivative does not exist; {primitive.convention}"
    else:
        message = f"`{primitive.name}` has a kink here: the derivative does not exist; {primitive.convention}"
    return Caution("jump" if primitive.jump else "kink", message, trace.span(index))


def _infinite_slopes(trace: Trace, wrt: Sequence[str], active: Sequence[bool]) -> list[Caution]:
    """The places at which a derivative stopped being finite, found on the way of reverse mode."""
    found = adjoints(trace.program, FLOATS, trace.values, 1.0, wrt)
    for index in range(len(found) - 1, -1, -1):
        adjoint, slot = found[index], trace.program.slots[index]
        if adjoint is None or slot.primitive is None or slot.primitive.takes is not None or not math.isfinite(adjoint):
            continue
        call = trace.call(index)
        for position, argument in enumerate(slot.arguments):
            if not active[argument]:
                continue
            flow = contribution(FLOATS, call, position, adjoint)
            if flow is None or math.isfinite(flow):
                continue
            return [_slope_caution(trace, index, position, adjoint)]
    return []


def _slope_caution(trace: Trace, index: int, position: int, adjoint: float) -> Caution:
    """What to say of a slot whose partial derivative by one argument is not finite.

    Raises:
        DomainProblem: it has none.
    """
    call = trace.call(index)
    slope = contribution(FLOATS, call, position, 1.0)
    argument = trace.program.slots[index].arguments[position]
    by = f"by {wording.described(trace, argument)} " if len(call.arguments) > 1 else ""
    form, values = wording.described(trace, index), wording.values(trace, index)
    if math.isinf(call.out):
        message = f"{form} overflows at {values}"
    elif slope is None or (math.isnan(slope) and all(map(math.isfinite, call.arguments))):
        message = f"{form} has no derivative {by}at {values}"
        raise DomainProblem(message, trace.span(index), call.primitive.advice, trace.source)
    elif math.isinf(slope) and adjoint == 0.0:
        message = f"{form} has an infinite slope {by}at {values}, and is multiplied by 0: undecided"
    elif math.isinf(slope):
        message = f"`{call.primitive.name}` has an infinite slope {by}at {values}"
    elif math.isnan(slope):
        message = f"the derivative of {form} {by}is not a number at {values}"
    else:
        message = f"the derivative overflows in {form} at {values}"
    return Caution("not finite", message, trace.span(index))


def second_order_caution(trace: Trace) -> Caution:
    """What to say of a second derivative that is not finite where the first one is."""
    return Caution("not finite", "a second derivative is not finite here", trace.span(trace.program.output))


def no_derivative(trace: Trace, problem: NoDerivative) -> DomainProblem:
    """The same problem with its place."""
    span = trace.spans.get(problem.node) if problem.node is not None else None
    return DomainProblem(problem.message, span, problem.hint, trace.source)
