"""Dual numbers over any algebra: a value together with its rate of change.

`Duals(algebra)` is an algebra again, so that duals of duals carry second derivatives, and duals over
formulas are symbolic differentiation.  A tangent of None says that the value does not move at all:
it takes part in nothing, so that no rule is formed for an argument that is constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from adcalc.ir.expr import Apply, Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Differentiable
from adcalc.lower.rules import Call, NoDerivative, partial
from adcalc.table import PRIMITIVES

T = TypeVar("T")

_PLUS, _TIMES, _NEG, _WHERE = PRIMITIVES["+"], PRIMITIVES["*"], PRIMITIVES["neg"], PRIMITIVES["where"]


class Dual(NamedTuple, Generic[T]):
    """A primal and its tangent; None for a tangent that is nothing."""

    primal: T
    tangent: T | None


class Duals(Generic[T]):
    """The algebra of dual numbers over another algebra (Clifford, 1873; Wengert, 1964)."""

    __slots__ = ("base",)

    def __init__(self, base: Differentiable[T]) -> None:
        self.base = base

    @property
    def exact(self) -> bool:
        return self.base.exact

    def const(self, value: float | Number) -> Dual[T]:
        return Dual(self.base.const(value), None)

    def truth(self, value: Dual[T]) -> bool | None:
        return self.base.truth(value.primal)

    def shape(self, value: Dual[T]) -> tuple[int, ...]:
        return self.base.shape(value.primal)

    def apply(self, primitive: Primitive, arguments: Sequence[Dual[T]]) -> Dual[T]:
        out = self.base.apply(primitive, [argument.primal for argument in arguments])
        try:
            return Dual(out, tangent(self.base, primitive, arguments, out))
        except NoDerivative as problem:
            if isinstance(out, Apply):
                problem.node = out
            raise


def tangent(base: Differentiable[T], primitive: Primitive, arguments: Sequence[Dual[T]], out: T) -> T | None:
    """How the value of a primitive moves when its arguments do; None: not at all.

    Args:
        out: the value.

    Raises:
        NoDerivative: the table has no derivative by an argument that moves.
    """
    if all([argument.tangent is None for argument in arguments]):
        return None
    if primitive is _WHERE:
        return _branch_tangent(base, arguments)
    if primitive.chooses and len(arguments) == 2 and not base.exact:
        return _chosen_tangent(base, primitive, arguments)
    if primitive.linear == "in all":
        return base.apply(primitive, [_or_zeros(base, argument) for argument in arguments])
    call = Call(primitive, [argument.primal for argument in arguments], out)
    total: T | None = None
    for index, argument in enumerate(arguments):
        if argument.tangent is not None:
            moved = pushed(base, call, index, argument.tangent)
            if moved is not None:
                total = moved if total is None else base.apply(_PLUS, [total, moved])
    return total


def _branch_tangent(base: Differentiable[T], arguments: Sequence[Dual[T]]) -> T | None:
    """The tangent of a branch is the same branch of the tangents."""
    condition, first, second = arguments
    if first.tangent is None and second.tangent is None:
        return None
    tangents = [base.const(0.0) if t is None else t for t in (first.tangent, second.tangent)]
    return base.apply(_WHERE, [condition.primal, *tangents])


def _chosen_tangent(base: Differentiable[T], primitive: Primitive, arguments: Sequence[Dual[T]]) -> T:
    """The tangent of the larger (or smaller) of two: that of the one, that of the other, or between equals the mean."""
    primals = [argument.primal for argument in arguments]
    one, other = [base.const(0.0) if argument.tangent is None else argument.tangent for argument in arguments]
    mean = base.apply(PRIMITIVES["/"], [base.apply(_PLUS, [one, other]), base.const(2.0)])
    first, second = [base.apply(PRIMITIVES[primitive.chooses], order) for order in (primals, list(reversed(primals)))]
    return base.apply(_WHERE, [first, one, base.apply(_WHERE, [second, other, mean])])


def _at_zero(call: Call[T]) -> bool:
    """Whether it is a power of the number 0, of which the plain rule would take the logarithm."""
    base = call.arguments[0]
    return call.primitive is PRIMITIVES["^"] and isinstance(base, Number) and not base.value


def _or_zeros(base: Differentiable[T], argument: Dual[T]) -> T:
    """A tangent, or zeros where there is none."""
    if argument.tangent is not None:
        return argument.tangent
    return base.apply(PRIMITIVES["fill"].bound(dims=base.shape(argument.primal), value=0.0), [])


def pushed(algebra: Differentiable[T], call: Call[T], argument: int, tangent: T) -> T | None:
    """How the value of a call moves when one of its arguments does: forward mode.

    Raises:
        NoDerivative: the table has no rule.
    """
    primitive = call.primitive
    if primitive.elementwise:
        return contribution(algebra, call, argument, tangent)
    if primitive.linear:
        arguments = list(call.arguments)
        arguments[argument] = tangent
        return algebra.apply(primitive, arguments)
    from adcalc.lower.core_rules import carry_out_core

    return carry_out_core(algebra, call, primitive.tangents, argument, "d", tangent)


def pulled(algebra: Differentiable[T], call: Call[T], argument: int, adjoint: T) -> T | None:
    """What the adjoint of a call's value contributes to that of an argument: reverse mode.

    Raises:
        NoDerivative: the table has no rule.
    """
    if call.primitive.elementwise:
        return contribution(algebra, call, argument, adjoint)
    from adcalc.lower.core_rules import carry_out_core

    texts = (not algebra.exact and call.primitive.plain) or call.primitive.adjoints
    return carry_out_core(algebra, call, texts, argument, "g", adjoint)


def contribution(algebra: Differentiable[T], call: Call[T], argument: int, factor: T) -> T | None:
    """A factor times the partial derivative of a call by one argument; None where that is nothing.

    The factor is a tangent in forward mode and an adjoint in reverse mode: the same product.

    Raises:
        NoDerivative: the table has no derivative by this argument.
    """
    rule = partial(call.primitive, argument, exact=algebra.exact or _at_zero(call))
    if rule is None:
        raise NoDerivative(call.primitive, argument)
    match rule.constant:
        case 0.0:
            return None
        case 1.0:
            return factor
        case -1.0:
            return algebra.apply(_NEG, [factor])
    return algebra.apply(_TIMES, [factor, call.carry_out(algebra, rule, argument)])
