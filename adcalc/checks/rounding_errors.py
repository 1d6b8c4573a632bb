"""What the rounding errors of arguments become in the value of an operation, for numbers and entries of arrays alike.

To first order an error of an argument is multiplied by the partial derivative, which the row of the table says; a
rounding of the operation itself is added.  Choices (a comparison, the larger of two, the next whole number) are safe
where no error of the arguments could turn them, and unbounded otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from adcalc.algebras.duals import contribution
from adcalc.algebras.floats import FLOATS
from adcalc.algebras.noise import comes_out_even
from adcalc.algebras.roundings import CHOOSING, FAR, GAMMAS, NEAR_A_ROOT, ROUGH, SMALLEST, VANISHING
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused
from adcalc.lower.rules import Call, NoDerivative
from adcalc.table import PRIMITIVES

Entries: TypeAlias = Any
#: Of an operation: kit, arguments, errors, value; the error that comes of them, without that of its own rounding.
ErrorRule: TypeAlias = "Callable[[Kit, Sequence[Entries], Sequence[Entries], Entries], Entries]"

#: Of a relative error: half of the distance from 1 to the next double.
UNIT = 2.0**-53
#: What the last operation adds, in units: a rounding at random is half of the worst, libraries are a little worse.
_ROUNDING, _LIBRARY, _COMPOSED = 0.5, 1.0, 4.0
#: Of smaller numbers the last digits are lost.
LEAST = 1e-290


class Kit(NamedTuple):
    """What it takes to follow errors of numbers, or of entries of arrays."""

    algebra: Any
    where: Callable[[Entries, Entries, Entries], Entries]
    larger: Callable[[Entries, Entries], Entries]
    nearest: Callable[[Entries], Entries]
    least: Callable[[Entries], float]
    exact: Callable[[Sequence[Entries]], bool]
    even: Callable[[str, Sequence[Entries], Entries], Entries]
    core: Callable[[Primitive, Sequence[Entries], Sequence[Entries], Entries], Entries]
    """The error of a row over whole arrays."""


def error_of(
    kit: Kit, primitive: Primitive, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries
) -> Entries:
    """A bound of the absolute error of a value; infinite where there is none.

    Args:
        errors: of the arguments; the number 0 for those that are exact.

    >>> from adcalc.table import PRIMITIVES
    >>> error_of(NUMBERS, PRIMITIVES["*"], [3.0, 4.0], [0.0, 1e-15], 12.0) < 4e-15
    True
    >>> error_of(NUMBERS, PRIMITIVES["<"], [3.0, 3.0], [0.0, 1e-15], 0.0)
    inf
    """
    name = primitive.name
    rule = _RULES.get(name)
    if rule is None:
        return _of_other(kit, primitive, arguments, errors, value)
    own, carried = rule
    size = abs(value)
    found = own * UNIT * size
    if kit.exact(errors):
        found = kit.where(kit.even(name, arguments, value), 0.0, found)
    else:
        found = carried(kit, arguments, errors, value) + found
    if name in _SUMS or kit.least(size) > LEAST:
        return found
    return _without_underflow(kit, primitive, arguments, errors, found, value)


def _of_other(
    kit: Kit, primitive: Primitive, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries
) -> Entries:
    """The bound of a row over whole arrays, of a choice, or of a row whose partial derivatives say it."""
    name = primitive.name
    if primitive.over:
        return kit.core(primitive, arguments, errors, value)
    exact = kit.exact(errors)
    if exact and name in CHOOSING:
        return 0.0
    choice = _CHOICES.get(name)
    if choice is not None:
        return choice(kit, arguments, errors, value)
    size = abs(value)
    own = _COMPOSED if primitive.body or primitive.host.startswith("special") else _LIBRARY
    found = own * UNIT * size
    if exact:
        found = kit.where(kit.even(name, arguments, value), 0.0, found)
    else:
        found = _by_partials(kit, primitive, arguments, errors, value) + found
    if name in ROUGH:
        rough = size < NEAR_A_ROOT
        found = kit.where(rough | (arguments[-1] < 0.0) if name in GAMMAS else rough, math.inf, found)
    return found if kit.least(size) > LEAST else _without_underflow(kit, primitive, arguments, errors, found, value)


def is_nothing(error: Entries) -> bool:
    """Whether an error is nothing, everywhere."""
    return isinstance(error, float) and error == 0.0


def _without_underflow(
    kit: Kit,
    primitive: Primitive,
    arguments: Sequence[Entries],
    errors: Sequence[Entries],
    found: Entries,
    value: Entries,
) -> Entries:
    """The error where a value is too small to have all its digits, is 0 by underflow, or at a root of any order."""
    places = VANISHING.get(primitive.name)
    zero: Entries = places is None
    for place in places or ():
        zero = zero | ((arguments[place] == 0.0) & (errors[place] == 0.0))
    lost = kit.where(zero, 0.0, SMALLEST)
    if primitive.name not in _FACTORS:
        moved: Entries = False
        for error in errors:
            moved = moved | (error > 0.0)
        if places is None:
            lost = kit.where(moved, math.inf, 0.0)
        else:
            lost = kit.where(zero, 0.0, kit.where(moved, math.inf, SMALLEST))
    return found + kit.where(value == 0.0, lost, kit.where(abs(value) < LEAST, SMALLEST, 0.0))


def _by_partials(
    kit: Kit, primitive: Primitive, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries
) -> Entries:
    """The errors times the partial derivatives that the row of the table says."""
    total: Entries = 0.0
    call = Call(primitive, arguments, value)
    for place, error in enumerate(errors):
        if is_nothing(error):
            continue
        try:
            moved = contribution(kit.algebra, call, place, error)
        except NoDerivative:
            return math.inf
        if moved is not None:
            total = total + abs(moved)
    return total + decided(kit, arguments[0], errors[0]) if primitive.kinks else total


def decided(kit: Kit, distance: Entries, error: Entries) -> Entries:
    """Infinite where an error could change a sign, or make a tie, else nothing."""
    return 0.0 if is_nothing(error) else kit.where((abs(distance) > error) | (error == 0.0), 0.0, math.inf)


def _carried(factor: Entries, error: Entries) -> Entries:
    """An error times the size of a factor."""
    return 0.0 if is_nothing(error) else abs(factor) * error


def _sum(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    one, other = errors
    return one + other


def _product(_kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    (x, y), (one, other) = arguments, errors
    found = _carried(y, one) + _carried(x, other)
    # Both together, for where both are 0.
    return found if is_nothing(one) or is_nothing(other) else found + one * other


def _quotient(_kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    (one, other), size = errors, abs(arguments[1])
    if isinstance(size, float) and size == 0.0:
        return math.inf
    return (one + _carried(value, other)) / size


def _power(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    (x, y), (one, other) = arguments, errors
    if isinstance(y, float) and y == 2.0 and is_nothing(other):
        return (2.0 * abs(x) + one) * one
    return _by_partials(kit, _POWER, arguments, errors, value)


def _exponential(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    return value * errors[0]


def _logarithm(_kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    x = arguments[0]
    return math.inf if isinstance(x, float) and x <= 0.0 else errors[0] / x


def _root(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    return math.inf if isinstance(value, float) and value == 0.0 else 0.5 * errors[0] / value


def _wave(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    """Of a function whose slope is nowhere more than 1."""
    return errors[0]


def _hypotenuse(kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    total = sum(errors)
    return total + decided(kit, value, total)


def _remainder(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    (x, y), (one, other) = arguments, errors
    if isinstance(y, float) and y == 0.0:
        return math.inf
    quotient = x / y
    far = kit.where(abs(quotient) > FAR, math.inf, 0.0)
    moved = one + _carried(quotient, other)
    return moved + other + far + decided(kit, quotient - kit.nearest(quotient), moved / abs(y) + UNIT * abs(quotient))


def _first(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    return errors[0]


def _provided(_kit: Kit, _arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    return errors[0] + errors[1]


def _sign(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    return decided(kit, arguments[0], errors[0])


def _bent(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    """Of a kink at 0 with slopes of at most 1."""
    return errors[0] + decided(kit, arguments[0], errors[0])


def _step(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    return decided(kit, arguments[0] - kit.nearest(arguments[0]), errors[0])


def _rounded(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    return decided(kit, abs(arguments[0] - value) - 0.5, errors[0])


def _comparison(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    (x, y), (one, other) = arguments, errors
    return decided(kit, x - y, one + other)


def _extreme(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], value: Entries) -> Entries:
    largest: Entries = 0.0
    for error in errors:
        largest = kit.larger(largest, error)
    near: Entries = 0.0
    for argument, error in zip(arguments, errors, strict=True):
        near = near + kit.where(abs(argument - value) <= error + largest, 1.0, 0.0)
    return kit.where((near > 1.0) & (largest > 0.0), math.inf, largest)


def _clip(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    (x, y, z), (one, low, high) = arguments, errors
    largest = kit.larger(one, kit.larger(low, high))
    return largest + decided(kit, x - y, one + low) + decided(kit, x - z, one + high)


def _where(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    condition, first, second = errors
    return kit.where(arguments[0] != 0.0, first, second) + decided(kit, arguments[0], condition)


def _logic(kit: Kit, arguments: Sequence[Entries], errors: Sequence[Entries], _value: Entries) -> Entries:
    total: Entries = 0.0
    for argument, error in zip(arguments, errors, strict=True):
        total = total if isinstance(argument, Unused) else total + decided(kit, argument, error)
    return total


#: Rows that round nothing.
_CHOICES: Mapping[str, ErrorRule] = {
    "neg": _first, "given": _first, "provided": _provided, "where": _where, "and": _logic, "or": _logic, "not": _logic,
    "abs": _bent, "relu": _bent, "sign": _sign, "step": _sign, "floor": _step, "ceil": _step, "trunc": _step,
    "round": _rounded, "min": _extreme, "max": _extreme, "clip": _clip,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _comparison),
}  # fmt: skip
#: What the last operation adds, and what comes of the arguments; of other rows their partial derivatives say it.
_RULES: Mapping[str, tuple[float, ErrorRule]] = {
    "+": (_ROUNDING, _sum), "-": (_ROUNDING, _sum), "*": (_ROUNDING, _product), "/": (_ROUNDING, _quotient),
    "^": (_LIBRARY, _power), "%": (_ROUNDING, _remainder), "exp": (_LIBRARY, _exponential), "sin": (_LIBRARY, _wave),
    "cos": (_LIBRARY, _wave), "tanh": (_LIBRARY, _wave), "atan": (_LIBRARY, _wave), "hypot": (_LIBRARY, _hypotenuse),
    "log": (_LIBRARY, _logarithm), "sqrt": (_LIBRARY, _root),
}  # fmt: skip
#: Rows whose results are exact where they are small.
_SUMS = frozenset({"+", "-"})
#: Rows of which a root of the value is one of an argument, no flatter than that.
_FACTORS = frozenset({"*", "/"})
_POWER = PRIMITIVES["^"]


def _of_no_array(_primitive: Primitive, _arguments: Sequence[float], _errors: Sequence[float], _value: float) -> float:
    return math.inf


#: Of numbers.
NUMBERS = Kit(
    FLOATS,
    lambda condition, one, other: one if condition else other,
    max,
    lambda x: float(round(x)) if math.isfinite(x) else x,
    lambda size: size,
    lambda errors: not any(errors),
    comes_out_even,
    _of_no_array,
)
