"""Derivatives as formulas: forward and reverse mode over the algebra of formulas, then simplified."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from adcalc.algebras.formulas import EXACT, READABLE, Formulas
from adcalc.autodiff.transforms import jvp, vjp
from adcalc.errors import LimitProblem
from adcalc.ir.expr import Apply, Expr, Number, apply, number, topological, variable, variables
from adcalc.ir.program import evaluate, lowered
from adcalc.symbolic.simplify import simplified
from adcalc.table import PRIMITIVES

#: A formula of more operations than this is not differentiated further.
LARGEST = 40_000

_GIVEN, _OVER, _POWER, _TIMES = (PRIMITIVES[name] for name in ("given", "/", "^", "*"))


@lru_cache(maxsize=64)
def partials(expr: Expr, wrt: tuple[str, ...], *, exact: bool) -> tuple[Expr, ...]:
    """The partial derivatives of a formula by some variables, simplified.

    Reverse mode, one sweep for all of them; a formula with branches is taken in forward mode, where
    the derivative of a branch stays inside that branch.

    Args:
        exact: keep the points at which a textbook rule fails, for evaluation; else for reading.
    """
    algebra = EXACT if exact else READABLE
    program = lowered([expr])
    inputs: dict[str, Expr] = {name: variable(name) for name in variables([expr])}
    found: list[Expr | None]
    chosen = not exact and any(slot.primitive is not None and slot.primitive.chooses for slot in program.slots)
    if program.branching or chosen:
        found = [_forward(expr, algebra, name) for name in wrt]
    else:
        values = evaluate(program, algebra, inputs)
        adjoints = vjp(program, algebra, values, number(1), wrt)
        found = [adjoints[name] for name in wrt]
    return tuple(simplified([number(0) if partial is None else partial for partial in found]))


def _forward(expr: Expr, algebra: Formulas, name: str) -> Expr | None:
    program = lowered([expr])
    inputs: dict[str, Expr] = {each: variable(each) for each in variables([expr])}
    (dual,) = jvp(program, algebra, inputs, {name: number(1)})
    return dual.tangent


def derivative(expr: Expr, name: str, order: int = 1, *, exact: bool) -> Expr:
    """The derivative of a formula by a variable, of some order, simplified.

    Raises:
        LimitProblem: the formula has grown out of bounds on the way.
    """
    for taken in range(1, order + 1):
        (expr,) = simplified([_forward(expr, EXACT if exact else READABLE, name) or number(0)])
        size = len(topological([expr]))
        if size > LARGEST and taken < order:
            raise LimitProblem(
                f"the derivative of order {taken} has {size} operations; beyond {LARGEST} it is not taken further",
                hint="ask for a lower order",
            )
    return expr


def guarded(result: Expr, witness: Expr) -> Expr:
    """A formula that has a value only where another one has a value and derivatives.

    `log(x)` has the derivative `1/x`, but none at -1; where the formula alone would not show that,
    the result is `given(1/x, log(x))`.
    """
    shown = set() if _branches(result) else _demands(result)
    needed = _demands(witness)
    kinked = any(isinstance(node, Apply) and node.primitive.kinks for node in topological([witness]))
    return apply(_GIVEN, result, witness) if kinked or needed - shown else result


def _demands(expr: Expr) -> set[object]:
    """What a formula demands of its point: conditions on arguments, and what must not be 0."""
    found: set[object] = set()
    for node in topological([expr]):
        if not isinstance(node, Apply) or not node.primitive.domain:
            continue
        if node.primitive is _OVER:
            found |= set(_bases(node.arguments[1]))
        elif node.primitive is _POWER and isinstance(node.arguments[1], Number):
            base, power = node.arguments[0], node.arguments[1].value
            if power != int(power):
                found.add(("not negative", base))
            if power < 0:
                found |= set(_bases(base))
        else:
            found.add((node.primitive.domain, node.arguments))
    return found


def _bases(divisor: Expr) -> Iterator[Expr]:
    """The factors of a divisor, numbers and positive powers aside."""
    stack = [divisor]
    while stack:
        node = stack.pop()
        if isinstance(node, Apply) and node.primitive in (_TIMES, PRIMITIVES["neg"]):
            stack.extend(node.arguments)
        elif isinstance(node, Apply) and node.primitive is _POWER and isinstance(node.arguments[1], Number):
            stack.append(node.arguments[0])
        elif not (isinstance(node, Number) and node.value):
            yield node


def _branches(expr: Expr) -> bool:
    return any(isinstance(node, Apply) and node.primitive.takes for node in topological([expr]))


def differentiate(expr: Expr, name: str, order: int) -> Expr:
    """What `diff(expr, name, order)` means inside a formula."""
    return guarded(derivative(expr, name, order, exact=True), expr) if order else expr
