"""Conditions on the variables of a formula: in which range each lies, joined, implied by one another, written down.

A condition that is not one of a formula and a range of numbers stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from typing import NamedTuple, TypeAlias

from adcalc.ir.expr import Expr, apply, number
from adcalc.symbolic.coefficients import quotient
from adcalc.table import PRIMITIVES

#: Of more choices no conclusions are drawn.
_MOST_CHOICES = 12


class Range(NamedTuple):
    """The numbers between two bounds; None: no bound."""

    low: Fraction | None = None
    high: Fraction | None = None
    with_low: bool = False
    with_high: bool = False
    without: frozenset[Fraction] = frozenset()

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, Fraction)
        above = self.low is None or value > self.low or (value == self.low and self.with_low)
        below = self.high is None or value < self.high or (value == self.high and self.with_high)
        return above and below and value not in self.without

    def within(self, other: Range) -> bool:
        """Whether all of it lies in another range."""
        above = other.low is None or (
            self.low is not None
            and (self.low > other.low or (self.low == other.low and other.with_low >= self.with_low))
        )
        below = other.high is None or (
            self.high is not None
            and (self.high < other.high or (self.high == other.high and other.with_high >= self.with_high))
        )
        return above and below and not any(hole in self for hole in other.without)

    @property
    def empty(self) -> bool:
        """Whether there is no number in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and not (self.with_low and self.with_high))


def common(ranges: Sequence[Range]) -> Range:
    """The numbers in all of some ranges."""
    low, high = reduce(_higher, ranges), reduce(_lower, ranges)
    holes = frozenset(hole for each in ranges for hole in each.without)
    # A bound that is left out does not belong to what it bounds.
    with_low, with_high = low.with_low and low.low not in holes, high.with_high and high.high not in holes
    both = Range(low.low, high.high, with_low, with_high)
    return both._replace(without=frozenset(hole for hole in holes if hole in both))


def _higher(one: Range, other: Range) -> Range:
    if one.low is None or (other.low is not None and (other.low, not other.with_low) > (one.low, not one.with_low)):
        return other
    return one


def _lower(one: Range, other: Range) -> Range:
    if one.high is None or (other.high is not None and (other.high, other.with_high) < (one.high, one.with_high)):
        return other
    return one


class Within(NamedTuple):
    """A formula lies in a range."""

    of: Expr
    range: Range


class Holds(NamedTuple):
    """A formula is not 0."""

    expr: Expr


class Either(NamedTuple):
    """One of some conjunctions holds."""

    parts: tuple[tuple[Condition, ...], ...]


Condition: TypeAlias = Within | Holds | Either
#: What never holds.
NEVER = Holds(apply(PRIMITIVES["<"], number(1), number(0)))


def either(parts: Sequence[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    """One of some conjunctions, without those that contradict themselves; nothing if one of them is certain."""
    possible = [part for part in parts if not Known(part).impossible()]
    if any(not part for part in possible):
        return ()
    flat: list[tuple[Condition, ...]] = []
    for part in possible:
        match part:
            case (Either() as inner,):
                flat.extend(inner.parts)
            case _:
                flat.append(part)
    if len(flat) < 2:
        return flat[0] if flat else (NEVER,)
    return (Either(tuple(flat)),)


class Known:
    """Conditions that hold."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self.others: dict[Condition, None] = {}
        ranges: dict[Expr, list[Range]] = {}
        for condition in conditions:
            if isinstance(condition, Within):
                ranges.setdefault(condition.of, []).append(condition.range)
            else:
                self.others[condition] = None
        self.ranges = {of: common(met) for of, met in ranges.items()}

    def conditions(self) -> list[Condition]:
        """The same in as few conditions as possible."""
        return [*[Within(of, met) for of, met in self.ranges.items()], *self.others]

    def impossible(self) -> bool:
        """Whether they contradict one another."""
        return NEVER in self.others or any(met.empty for met in self.ranges.values())

    def imply(self, wanted: Condition) -> bool:
        """Whether a condition follows."""
        if isinstance(wanted, Within):
            if wanted.of in self.ranges and self.ranges[wanted.of].within(wanted.range):
                return True
        elif wanted in self.others:
            return True
        if isinstance(wanted, Either) and any(all(self.imply(each) for each in part) for part in wanted.parts):
            return True
        choices = [other for other in self.others if isinstance(other, Either)]
        if len(choices) > _MOST_CHOICES:
            return False
        return any(all(Known([*self.plain(), *part]).imply(wanted) for part in choice.parts) for choice in choices)

    def left_of(self, wanted: Condition) -> tuple[Condition, ...]:
        """A condition without the choices that what holds rules out."""
        if not isinstance(wanted, Either):
            return (wanted,)
        possible = [part for part in wanted.parts if not Known([*self.plain(), *part]).impossible()]
        return either(possible)

    def plain(self) -> list[Condition]:
        """All but the choices."""
        return [condition for condition in self.conditions() if not isinstance(condition, Either)]


def condition_formula(conditions: Iterable[Condition]) -> Expr:
    """Conditions as one formula; 1 if there are none."""
    parts = [part for condition in Known(conditions).conditions() for part in _formulas(condition)]
    return reduce(lambda one, other: apply(PRIMITIVES["and"], one, other), parts) if parts else number(1)


def _formulas(condition: Condition) -> Iterator[Expr]:
    match condition:
        case Holds(expr):
            yield expr
        case Either(parts):
            yield reduce(
                lambda one, other: apply(PRIMITIVES["or"], one, other), [condition_formula(part) for part in parts]
            )
        case Within(of, met):
            low, high = (None if bound is None else quotient(bound) for bound in (met.low, met.high))
            if low is not None and low is high and met.with_low and met.with_high:
                yield apply(PRIMITIVES["=="], of, low)
            elif low is not None and high is not None:
                yield apply(PRIMITIVES["<=" if met.with_low else "<"], low, of)
                yield apply(PRIMITIVES["<=" if met.with_high else "<"], of, high)
            elif low is not None:
                yield apply(PRIMITIVES[">=" if met.with_low else ">"], of, low)
            elif high is not None:
                yield apply(PRIMITIVES["<=" if met.with_high else "<"], of, high)
            for hole in sorted(met.without):
                yield apply(PRIMITIVES["!="], of, quotient(hole))
