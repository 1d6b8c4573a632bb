"""Lengths in printed derivatives of arrays, right for all of them.

A derivative is written for several choices of the lengths, and what differs is put in terms of them.  Of `sum(x[-2:]^3)` the derivative for 1009 entries takes `x[1007:]`, for 1069 entries `x[1067:]`; so it takes
`x[len(x) - 2:]` for every number of entries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement

from adcalc.errors import LimitProblem
from adcalc.ir.exact import fraction
from adcalc.ir.expr import Apply, Expr, Number, apply, number, variable
from adcalc.lower.shape_rules import NEAR, Shape
from adcalc.table import PRIMITIVES

#: How a length is written.
Length = Callable[[int], Expr]

# Lengths are moved by multiples of this, so that the same small factors cancel in every choice.
_STEP = 60
# By how many, without any pattern: no length is a sum of others in all of the choices.
_MOVES = (
    (0,),
    (1, 7, 4, 11, 2, 9, 5, 12, 3, 8, 6, 10, 13),
    (5, 2, 11, 3, 8, 1, 12, 6, 9, 4, 13, 7, 10),
    (8, 12, 1, 6, 13, 4, 2, 9, 7, 11, 3, 5, 14),
)
#: How many choices of lengths settle how a number depends on them, a check included.
CHOICES = len(_MOVES)


def plain_length(length: int) -> Expr:
    """A length that is known."""
    return number(length)


def named_lengths(shapes: Mapping[str, Shape], made_up: Collection[int]) -> Length:
    """How lengths are written where they were only made up: by the variable that has them."""
    known: dict[int, Expr] = {}
    for name, shape in shapes.items():
        for axis, length in enumerate(shape):
            if length in made_up and length not in known:
                rows = variable(name) if axis == 0 else apply(PRIMITIVES[".T"], variable(name))
                known[length] = apply(PRIMITIVES["len"], rows)
    for name, shape in shapes.items():
        if len(shape) > 1 and all(length in made_up for length in shape):
            known.setdefault(math.prod(shape), apply(PRIMITIVES["size"], variable(name)))

    def length_of(length: int) -> Expr:
        if length in known:
            return known[length]
        for own, written in known.items():
            if abs(length - own) <= NEAR:
                sign = PRIMITIVES["+" if length > own else "-"]
                return apply(sign, written, number(abs(length - own)))
        for first, one in known.items():
            if length % first == 0 and length // first in known:
                return apply(PRIMITIVES["*"], one, known[length // first])
        return number(length)

    return length_of


def lengths_of_choice(lengths: Sequence[int], choice: int) -> dict[int, int]:
    """The lengths that stand for some made-up ones in one of the choices; in the first they are what they were.

    >>> lengths_of_choice([1009, 2003], 0), all(new % 60 == old % 60 for old, new in lengths_of_choice([1009, 2003], 1).items())
    ({1009: 1009, 2003: 2003}, True)
    """
    moves = _MOVES[choice]
    return {length: length + _STEP * moves[place % len(moves)] for place, length in enumerate(lengths)}


def for_every_length(
    formulas: Callable[[int], Sequence[Expr]], lengths: Callable[[int], Sequence[int]], length: Length
) -> list[Expr]:
    """Formulas that are right for all lengths, from those that are right for some.

    Args:
        formulas: as they are written for a choice of lengths.
        lengths: the lengths of a choice, always in the same order.
        length: how one of the first choice is written.

    Raises:
        LimitProblem: they depend on the lengths otherwise than by sums, products and squares.
    """
    first = list(formulas(0))
    if not lengths(0) or first == (second := list(formulas(1))):
        return first
    rest = range(2, CHOICES)
    written = [first, second, *[list(formulas(choice)) for choice in rest]]
    known = list(zip(*[lengths(choice) for choice in range(CHOICES)], strict=True))
    merged = _Merged(known, [length(each) for each in lengths(0)])
    return [merged.of(together) for together in zip(*written, strict=True)]


class _Merged:
    """Formulas that are alike but for numbers, made one."""

    def __init__(self, lengths: Sequence[tuple[int, ...]], names: Sequence[Expr]) -> None:
        self._measures = list(_measures(lengths, names))
        self._made: dict[tuple[Expr, ...], Expr] = {}

    def of(self, root: tuple[Expr, ...]) -> Expr:
        stack = [root]
        while stack:
            together = stack[-1]
            below = _arguments(together) if together not in self._made else []
            waiting = [arguments for arguments in below if arguments not in self._made]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if together not in self._made:
                self._made[together] = self._joined(together, [self._made[arguments] for arguments in below])
        return self._made[root]

    def _joined(self, together: tuple[Expr, ...], arguments: Sequence[Expr]) -> Expr:
        first = together[0]
        if all(each is first for each in together):
            return first
        if isinstance(first, Apply):
            return apply(first.primitive, *arguments)
        values = [fraction(each) for each in together]
        for measure, name in self._measures:
            found = _linear(values, measure, name)
            if found is not None:
                return found
        raise _unlike()


def _arguments(together: tuple[Expr, ...]) -> list[tuple[Expr, ...]]:
    """The arguments of formulas that belong together."""
    first = together[0]
    if all(each is first for each in together) or all(isinstance(each, Number) for each in together):
        return []
    rows = [each for each in together if isinstance(each, Apply)]
    if len(rows) < len(together) or len({(row.primitive, len(row.arguments)) for row in rows}) > 1:
        raise _unlike()
    return list(zip(*[row.arguments for row in rows], strict=True))


def _unlike() -> LimitProblem:
    return LimitProblem(
        "this derivative depends on the lengths in a way that the language cannot say",
        hint="give the lengths as numbers, as in `--shape x:5`, or take it at a point: `adcalc grad ... --at ...`",
    )


def _measures(lengths: Sequence[tuple[int, ...]], names: Sequence[Expr]) -> Iterator[tuple[list[Fraction], Expr]]:
    """What a number may depend on: a length, a product, a sum or a difference of two, in all choices."""
    known = [([Fraction(each) for each in values], name) for values, name in zip(lengths, names, strict=True)]
    yield from known
    for (one, first), (other, second) in combinations_with_replacement(known, 2):
        product = apply(PRIMITIVES["^"], first, number(2)) if first is second else None
        yield (
            [a * b for a, b in zip(one, other, strict=True)],
            product or apply(PRIMITIVES["*"], first, second),
        )
    for (one, first), (other, second) in combinations(known, 2):
        yield [a + b for a, b in zip(one, other, strict=True)], apply(PRIMITIVES["+"], first, second)
        yield [a - b for a, b in zip(one, other, strict=True)], apply(PRIMITIVES["-"], first, second)
    for values, name in known:
        for shift in (-2, -1, 1, 2):
            moved = apply(PRIMITIVES["+" if shift > 0 else "-"], name, number(abs(shift)))
            yield [(value + shift) ** 2 for value in values], apply(PRIMITIVES["^"], moved, number(2))
            yield [(value + shift) * value for value in values], apply(PRIMITIVES["*"], moved, name)


def _linear(values: Sequence[Fraction | None], measure: Sequence[Fraction], name: Expr) -> Expr | None:
    """Numbers as a multiple of a measure and a constant; None if they are not that."""
    first, second = values[:2]
    if first is None or second is None or measure[0] == measure[1]:
        return None
    slope = (second - first) / (measure[1] - measure[0])
    shift = first - slope * measure[0]
    if not slope or any(value != slope * each + shift for value, each in zip(values, measure, strict=True)):
        return None
    under = math.lcm(slope.denominator, shift.denominator)
    over, added = slope * under, shift * under
    made = name
    if over != 1:
        made = apply(PRIMITIVES["neg"], name) if over == -1 else apply(PRIMITIVES["*"], number(int(over)), name)
    if added:
        made = apply(PRIMITIVES["+" if added > 0 else "-"], made, number(int(abs(added))))
    return made if under == 1 else apply(PRIMITIVES["/"], made, number(under))
