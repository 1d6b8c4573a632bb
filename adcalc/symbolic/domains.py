"""The domain of a printed derivative: `1/x for x < 0` is the derivative of `log(-x)`.

A derivative has a value only where the formula that it is the derivative of has one.  Where its own text would not
show that, the conditions that it leaves out stand behind it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Literal, TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.formulas import READABLE
from adcalc.ir.expr import Apply, Expr, Variable, apply, number, rebuild, topological, variable, variables
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate, lowered
from adcalc.lower.rules import Call, compiled
from adcalc.symbolic.coefficients import constant, quotient
from adcalc.symbolic.comparisons import conditions_in
from adcalc.symbolic.conditions import Condition, Either, Known, Range, Within, condition_formula
from adcalc.table import PRIMITIVES

#: The conditions of the branches on the way to an operation.
Path: TypeAlias = tuple[Condition, ...]
#: What a condition over arrays is about: a number, the entries of the value one by one, or other entries.
Scope: TypeAlias = Literal["number", "entry", "other"]
Demands: TypeAlias = Mapping[Path, Mapping[Condition, None]]

_POWER, _PROVIDED, _GIVEN, _WHERE = (PRIMITIVES[name] for name in ("^", "provided", "given", "where"))
#: The domain of what has a value for every number.
_ALWAYS = "abs(x) < inf"
#: An operation that stands in more branches than these, and conditions beyond these, are not written out.
_MOST_PATHS = 4
_LONGEST_PATH = 16
_MOST_CONDITIONS = 12
#: Of more conditions it is not found out which of them follow from others.
_MOST_MISSING = 100
#: Points at which a formula is compared with what it stands for, and the relative difference that says that they differ.
_MOST_POINTS = 8
_APART = 1e-6


def stated(
    shown: Expr, witness: Expr, computed: Expr | None = None, constants: Mapping[str, Expr] | None = None
) -> Expr:
    """A formula with the conditions behind it under which another one has a value, as far as it does not show them.

    Args:
        shown: the formula.
        witness: has a value where the result shall have one.
        computed: what the formula stands for; where the two differ at a single point, it is left out.
        constants: what is meant by names of constants in the first two.

    >>> from adcalc.algebras.text import written
    >>> from adcalc.errors import Source
    >>> from adcalc.parser.resolve import read
    >>> one, other = (read(Source(text), ()).result for text in ("1/x", "log(3 - x) + 1/x"))
    >>> written(stated(one, other))
    '1/x for x < 3'
    """
    valued: dict[Expr, Expr] = {variable(name): value for name, value in (constants or {}).items()}
    plain = rebuild([shown], valued)[shown]
    wanted = demands(rebuild([witness], valued)[witness])
    if wanted is None:
        return apply(_GIVEN, shown, witness)
    have = (demands(plain) or {}) if wanted else {}
    always = list(have.get((), ()))
    missing: list[Condition] = []
    for path, conditions in wanted.items():
        known = Known([*always, *path, *(have.get(path, ()) if path else ())])
        left = [possible for each in conditions if not known.imply(each) for possible in known.left_of(each)]
        if path and left:
            missing.append(Either((tuple(left), *((_negated(each),) for each in path))))
        else:
            missing += left
    if len(missing) > _MOST_MISSING:
        return apply(_GIVEN, shown, witness)
    missing = _needed([*missing, *(_points_apart(plain, computed) if computed is not None else ())])
    if not missing:
        return shown
    if len(missing) > _MOST_CONDITIONS:
        return apply(_GIVEN, shown, witness)
    return apply(_PROVIDED, shown, condition_formula(missing))


def stated_of_arrays(shown: Expr, wanted: Iterable[tuple[Condition, Scope]]) -> Expr:
    """A formula over arrays with those conditions behind it that it does not show.

    Args:
        shown: the formula.
        wanted: conditions, and whether each is one of a number, entry by entry like the value, or of other arrays.
    """
    known = Known((demands(shown) or {}).get((), ()))
    scopes: dict[Expr | Condition, Scope] = {}
    missing: list[Condition] = []
    for condition, scope in wanted:
        if not known.imply(condition):
            missing.append(condition)
            scopes[condition.of if isinstance(condition, Within) else condition] = scope
    parts: list[Expr] = []
    for condition in _needed(missing):
        key = condition.of if isinstance(condition, Within) else condition
        part = condition_formula([condition])
        parts.append(part if scopes.get(key, "other") != "other" else _everywhere(condition, part))
    return apply(_PROVIDED, shown, reduce(_and, parts)) if parts else shown


def _and(one: Expr, other: Expr) -> Expr:
    return apply(PRIMITIVES["and"], one, other)


def _everywhere(condition: Condition, part: Expr) -> Expr:
    """That a condition holds for all entries: of bounds, that it holds for the least or the largest."""
    match condition:
        case Within(of, Range(None, high, _, closed, without)) if high is not None and not without:
            return apply(PRIMITIVES["<=" if closed else "<"], apply(PRIMITIVES["max"], of), quotient(high))
        case Within(of, Range(low, None, closed, _, without)) if low is not None and not without:
            return apply(PRIMITIVES[">=" if closed else ">"], apply(PRIMITIVES["min"], of), quotient(low))
    return apply(PRIMITIVES["min"], part)


def demanding(root: Expr) -> list[Apply]:
    """The operations of a formula that have a value only for some arguments, but for those within branches."""
    found: list[Apply] = []
    stack, seen = [root], {root}
    while stack:
        node = stack.pop()
        if not isinstance(node, Apply):
            continue
        if node.primitive.domain and node.primitive.elementwise:
            found.append(node)
        for argument in node.arguments[:1] if node.primitive.takes is not None else node.arguments:
            if argument not in seen:
                seen.add(argument)
                stack.append(argument)
    return found


def _points_apart(shown: Expr, computed: Expr) -> list[Condition]:
    """That a variable is not a number for which a branch alone decides, and decides otherwise than the computation.

    The derivative of `f(x) if x != 0 else 0` at 0 is not that of 0.
    """
    points: dict[tuple[str, Fraction], None] = {}
    for node in topological([shown]):
        if isinstance(node, Apply) and node.primitive is _WHERE:
            match conditions_in(node.arguments[0], holds=False):
                case (Within(Variable() as of, Range(low, high, True, True)),) if low is not None and low == high:
                    points[of.name, low] = None
    if not points:
        return []
    program = lowered([shown, computed])
    numbers = {name: 0.6180339887 + 0.1 * place for place, name in enumerate(variables([shown, computed]))}
    found: list[Condition] = []
    for name, point in list(points)[:_MOST_POINTS]:
        values = evaluate(program, FLOATS, {**numbers, name: float(point)})
        one, other = (float(value) if isinstance(value := values[o], float) else math.nan for o in program.outputs)
        if abs(one - other) > _APART * max(abs(one), abs(other)):
            found.append(Within(variable(name), Range(without=frozenset([point]))))
    return found


def _negated(condition: Condition) -> Condition:
    found = conditions_in(condition_formula([condition]), holds=False)
    return found[0] if len(found) == 1 else Either((found,))


def _needed(conditions: list[Condition]) -> list[Condition]:
    """Conditions without those that the others imply, be it that they have a value only there."""
    conditions = Known(conditions).conditions()
    position = 0
    while position < len(conditions):
        others = [*conditions[:position], *conditions[position + 1 :]]
        demanded = demands(condition_formula(others)) or {}
        if Known([*others, *demanded.get((), ())]).imply(conditions[position]):
            conditions = others
        else:
            position += 1
    return conditions


def demands(expr: Expr) -> Demands | None:
    """What the operations of a formula demand of its point, by the branches in which they stand.

    None where an operation stands in too many branches to say.
    """
    order = topological([expr])
    paths: dict[Expr, dict[Path, None]] = {expr: {(): None}}
    found: dict[Path, dict[Condition, None]] = {}
    for node in reversed(order):
        if not isinstance(node, Apply):
            continue
        reached = paths[node]
        if len(reached) > _MOST_PATHS or any(len(path) > _LONGEST_PATH for path in reached):
            return None
        conditions = tuple(required(node.primitive, node.arguments))
        for path in reached:
            if conditions:
                found.setdefault(path, {}).update(dict.fromkeys(conditions))
            for position, argument in enumerate(node.arguments):
                further = (*path, *_branch(node, position))
                met = paths.setdefault(argument, {})
                if () not in met:
                    if not further:
                        met.clear()
                    met[further] = None
    return found


def _branch(node: Apply, position: int) -> Iterable[Condition]:
    """The conditions under which an argument of a branch is looked at."""
    if node.primitive.takes is None or position == 0:
        return ()
    holds = node.primitive.takes[0] == position
    return conditions_in(node.arguments[0], holds=holds)


def required(primitive: Primitive, arguments: Sequence[Expr]) -> Iterator[Condition]:
    """What an operation demands of its arguments."""
    if not primitive.domain or not primitive.elementwise or primitive.domain == _ALWAYS:
        return
    power = constant(arguments[1]) if primitive is _POWER else None
    if power is not None:
        zero = number(0)
        if power.denominator != 1:
            yield from conditions_in(apply(PRIMITIVES[">" if power < 0 else ">="], arguments[0], zero))
        elif power < 0:
            yield from conditions_in(apply(PRIMITIVES["!="], arguments[0], zero))
        return
    rule = compiled(primitive.domain)
    yield from conditions_in(Call(primitive, arguments, number(0)).carry_out(READABLE, rule))
