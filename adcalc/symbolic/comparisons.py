"""Comparisons read as conditions: `1 - x > 0 and abs(x) < 2` says that `x` lies between -2 and 1."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.ir.expr import Apply, Expr, Number, apply, number, variables
from adcalc.ir.program import evaluate, lowered
from adcalc.symbolic.coefficients import Coefficient, Decimal, constant
from adcalc.symbolic.conditions import NEVER, Condition, Holds, Known, Range, Within, either
from adcalc.symbolic.simplify import simplified
from adcalc.table import PRIMITIVES

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
#: Functions that are positive wherever they have a value.
_POSITIVE = frozenset({"exp", "exp2", "cosh", "sigmoid", "normal_pdf", "softplus"})
#: Conditions within conditions are looked at to this depth; what is below stays as it was written.
_DEEPEST = 12
#: Sides of a comparison with more operations stay as they were written.
_LARGEST = 100
_ZERO = Fraction(0)


def conditions_in(expr: Expr, *, holds: bool = True, depth: int = 0) -> tuple[Condition, ...]:
    """The conditions that together say that a formula is not 0, or that it is 0; none if that is certain.

    >>> from adcalc.errors import Source
    >>> from adcalc.parser.resolve import read as parsed
    >>> from adcalc.algebras.text import written
    >>> from adcalc.symbolic.conditions import condition_formula
    >>> written(condition_formula(conditions_in(parsed(Source("1 - x > 0 and abs(x) < 2 and x^2 > 0"), ()).result)))
    '-2 < x and x < 1 and x != 0'
    """
    if isinstance(expr, Number):
        return () if bool(expr.value) == holds else (NEVER,)
    if not depth and not is_brief(expr):
        return (Holds(expr if holds else apply(PRIMITIVES["not"], expr)),)
    if not isinstance(expr, Apply) or depth > _DEEPEST:
        return tuple(_compared(expr, "!=" if holds else "==", _ZERO))
    name, arguments = expr.primitive.name, expr.arguments
    if name == "not":
        return conditions_in(arguments[0], holds=not holds, depth=depth + 1)
    if name in ("and", "or"):
        parts = [conditions_in(argument, holds=holds, depth=depth + 1) for argument in arguments]
        if (name == "and") == holds:
            return (*parts[0], *parts[1])
        return either(parts)
    if name in _MIRRORED:
        return _comparison(name if holds else _OPPOSITE[name], *arguments)
    return tuple(_compared(expr, "!=" if holds else "==", _ZERO))


@lru_cache(maxsize=1024)
def _comparison(sign: str, left: Expr, right: Expr) -> tuple[Condition, ...]:
    """A comparison of two formulas; what is nested is read at every depth, and so again and again."""
    return tuple(_compared_sides(sign, left, right))


def _compared_sides(sign: str, left: Expr, right: Expr) -> Iterator[Condition]:
    if _name(left) == "abs" and _name(right) == "inf" and sign == "<":
        # Of a number that is always so.
        return
    if is_brief(left) and is_brief(right):
        left, right = simplified([left, right])
    if isinstance(left, Number) and isinstance(right, Number) and not (left.finite and right.finite):
        yield from conditions_in(number(_SIGNS[sign](left.value, right.value)))
        return
    bound = constant(right)
    if bound is None:
        left, right, sign, bound = right, left, _MIRRORED[sign], constant(left)
    if bound is not None:
        yield from _compared(left, sign, bound)
    elif sign in ("==", "!=") and _name(left) == "floor" and isinstance(left, Apply) and left.arguments[0] is right:
        whole = _without_whole(right)
        yield Holds(apply(PRIMITIVES[sign], whole, apply(PRIMITIVES["floor"], whole)))
    else:
        yield Holds(apply(PRIMITIVES[_MIRRORED[sign]], right, left))


def _without_whole(expr: Expr) -> Expr:
    """A formula without the whole number that is added to it: it is whole where the sum is."""
    while isinstance(expr, Apply) and expr.primitive.name in ("+", "-"):
        one, other = expr.arguments
        shift = constant(other)
        if shift is None or shift.denominator != 1:
            break
        expr = one
    return expr


Comparisons: TypeAlias = list[tuple[Expr, str, Fraction]]


def _compared(left: Expr, sign: str, bound: Fraction) -> Iterator[Condition]:
    """A formula compared with a number, as far as that can be said of what is in it."""
    waiting: Comparisons = [(left, sign, bound)]
    while waiting:
        left, sign, bound = waiting.pop()
        value = _fixed(left, bound)
        if value is not None:
            if not _SIGNS[sign](value, bound):
                yield NEVER
            continue
        never_negative, positive = _signs(left) if bound <= 0 and is_brief(left) else (False, False)
        if (never_negative and bound < 0) or positive or (never_negative and sign == ">="):
            if sign not in (">", ">=", "!="):
                yield NEVER
            continue
        if never_negative and not bound and sign == ">":
            sign = "!="
        further: Comparisons | None = None
        if isinstance(left, Apply):
            further = _shifted(left, sign, bound)
            further = _inside(left, sign, bound) if further is None else further
        if further is not None:
            waiting.extend(reversed(further))
            continue
        product = _product_sign(left, sign) if not bound else None
        yield from product if product is not None else (Within(left, _range(sign, bound)),)


def _inside(left: Apply, sign: str, bound: Fraction) -> Comparisons | None:
    """Comparisons of what a function is applied to that together say the same; none where it always holds."""
    name, arguments = left.primitive.name, left.arguments
    positive = sign in (">", ">=", "!=")
    match name, [constant(argument) for argument in arguments]:
        case "/", (Fraction() as over, _) if over and not bound and sign != "==":
            # The divisor itself is not 0 where there is a value.
            strict = {"<=": "<", ">=": ">"}.get(sign, sign)
            return [] if sign == "!=" else [(arguments[1], strict if over > 0 else _MIRRORED[strict], bound)]
        case "*", _ if not bound and sign == "!=":
            return [(argument, sign, bound) for argument in arguments]
        case "/", _ if not bound and sign == "!=":
            return [(arguments[0], sign, bound)]
        case (("sqrt" | "abs"), _) if not bound and sign in (">", "!="):
            return [(arguments[0], ">" if name == "sqrt" else "!=", bound)]
        case (("sqrt" | "abs"), _) if bound < 0 or (not bound and sign in ("<", ">=")):
            return [] if positive else [(number(1), "==", _ZERO)]
        case "abs", _ if sign in ("<", "<="):
            return [(arguments[0], sign, bound), (arguments[0], _MIRRORED[sign], -bound)]
        case "^", (_, Fraction() as power) if not bound and power > 0 and positive:
            whole, even = power.denominator == 1, power.denominator == 1 and power % 2 == 0
            if (even or not whole) and sign == ">=":
                return []
            return [(arguments[0], "!=" if even else sign if whole else ">", bound)]
    return None


def _signs(expr: Expr) -> tuple[bool, bool]:
    """Whether a short formula is never negative, and whether it is positive, wherever it has a value."""
    value = _fixed(expr, _ZERO)
    if value is not None or not isinstance(expr, Apply):
        return (value is not None and value >= 0), (value is not None and value > 0)
    name, arguments = expr.primitive.name, expr.arguments
    if name in _POSITIVE:
        return True, True
    below = [_signs(argument) for argument in arguments] if name in ("+", "*", "/", "sqrt", "^") else []
    match name, below:
        case "+", [(True, one), (True, other)]:
            return True, one or other
        case (("*" | "/"), [(True, one), (True, other)]):
            return True, one and other
        case "sqrt", [(_, positive)]:
            return True, positive
        case "^", [(_, True), _]:
            return True, True
        case "^", _ if (power := constant(arguments[1])) is not None and power.denominator == 1 and power % 2 == 0:
            return True, False
    return name in ("abs", "hypot"), False


def is_brief(expr: Expr) -> bool:
    """Whether a formula has so few operations that it may be looked at again and again."""
    seen, stack = {expr}, [expr]
    while stack and len(seen) <= _LARGEST:
        node = stack.pop()
        fresh = [each for each in node.arguments if each not in seen] if isinstance(node, Apply) else []
        seen.update(fresh)
        stack.extend(fresh)
    return not stack


def _fixed(expr: Expr, bound: Fraction) -> Coefficient | float | None:
    """The value of a formula without variables, if it can be told from a bound."""
    value = constant(expr)
    if value is not None or not isinstance(expr, Apply) or not is_brief(expr) or variables([expr]):
        return value
    program = lowered([expr])
    if any(slot.primitive is not None and not slot.primitive.elementwise for slot in program.slots):
        return None
    met = evaluate(program, FLOATS, {})[program.output]
    certain = isinstance(met, float) and math.isfinite(met) and abs(met - bound) > 1e-9 * max(1.0, abs(met))
    return met if certain and isinstance(met, float) else None


def _shifted(left: Apply, sign: str, bound: Fraction) -> Comparisons | None:
    """The same comparison of what a number was added to or multiplied by."""
    arguments = left.arguments
    match left.primitive.name, [constant(argument) for argument in arguments]:
        case "neg", _:
            return [(arguments[0], _MIRRORED[sign], -bound)]
        case "+", (_, Fraction() as shift):
            return [(arguments[0], sign, bound + -shift)]
        case "+", (Fraction() as shift, _):
            return [(arguments[1], sign, bound + -shift)]
        case "-", (_, Fraction() as shift):
            return [(arguments[0], sign, bound + shift)]
        case "-", (Fraction() as shift, _):
            return [(arguments[1], _MIRRORED[sign], shift + -bound)]
        case "*", (Fraction() as factor, _) if factor:
            return [(arguments[1], sign if factor > 0 else _MIRRORED[sign], _over(bound, factor))]
        case "/", (_, Fraction() as divisor) if divisor:
            return [(arguments[0], sign if divisor > 0 else _MIRRORED[sign], bound * divisor)]
    return None


def _product_sign(product: Expr, sign: str) -> tuple[Condition, ...] | None:
    """Where a product of two factors that are linear in the same formula is positive: `(1 - x)*(x + 1)`."""
    if not isinstance(product, Apply) or _name(product) != "*" or sign not in (">", ">=") or not is_brief(product):
        return None
    one, other = product.arguments
    for factor, rest in ((one, other), (other, one)):
        if not tuple(_compared(factor, ">", _ZERO)):
            return tuple(_compared(rest, sign, _ZERO))
    sides = [tuple(_compared(factor, sign, _ZERO)) for factor in (one, other)]
    match sides:
        case [(Within(first, _) as left,), (Within(second, _) as right,)] if first is second:
            opposite = _OPPOSITE[sign].replace("=", "") + "=" * (sign == ">=")
            both = [tuple(_compared(factor, opposite, _ZERO)) for factor in (one, other)]
            near = Known([left, right]).conditions()
            far = Known([each for side in both for each in side]).conditions()
            return either([tuple(part) for part in (near, far)])
    return None


def _over(bound: Fraction, factor: Fraction) -> Fraction:
    """A quotient that stays a decimal if one of the two is."""
    kind = Decimal if isinstance(bound, Decimal) or isinstance(factor, Decimal) else Fraction
    return kind(bound / factor)


def _range(sign: str, bound: Fraction) -> Range:
    match sign:
        case "<" | "<=":
            return Range(high=bound, with_high=sign == "<=")
        case ">" | ">=":
            return Range(low=bound, with_low=sign == ">=")
        case "==":
            return Range(bound, bound, with_low=True, with_high=True)
    return Range(without=frozenset([bound]))


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


def _name(expr: Expr) -> str:
    return expr.primitive.name if isinstance(expr, Apply) else ""
