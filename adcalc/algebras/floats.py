"""Floats: a primitive is a number, computed by `math`, by SciPy, or by the formula in its row.

The arithmetic is that of IEEE 754 and never raises: 1/0 is inf, log(-1) is nan.  Whether such a
value is the answer or an accident is not decided here but where the program's slots are looked
through, see `adcalc.checks`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.lower.rules import Call, compiled

Function = Callable[..., float]


class Floats:
    """The algebra of float64."""

    __slots__ = ("_functions",)
    exact = True

    def __init__(self) -> None:
        self._functions: dict[Primitive, Function] = {}

    def const(self, value: float | Number) -> float:
        return float(value)

    def truth(self, value: float) -> bool:
        return value != 0.0

    def shape(self, value: float) -> tuple[int, ...]:
        return ()

    def apply(self, primitive: Primitive, arguments: Sequence[float]) -> float:
        function = self._functions.get(primitive)
        if function is None:
            function = self._functions[primitive] = _function(primitive)
        try:
            return function(*arguments)
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return _limit(primitive, arguments)


FLOATS = Floats()


def _function(primitive: Primitive) -> Function:
    """What computes a primitive."""
    if primitive.body:
        rule = compiled(primitive.body)

        def body(*arguments: float) -> float:
            return Call(primitive, arguments, math.nan).carry_out(FLOATS, rule)

        return _within_domain(primitive, body)
    home, _, name = (primitive.host or f"math.{primitive.name}").partition(".")
    match home:
        case "math":
            found = getattr(math, name)
            return found if callable(found) else lambda: float(found)
        case "operator":
            operation: Function = getattr(operator, name)
            return operation if primitive.name in ("+", "-", "*", "neg") else lambda *a: float(operation(*a))
        case "special":
            return _within_domain(primitive, _special(name))
    here: Function = globals()[name]
    return here


def _within_domain(primitive: Primitive, function: Function) -> Function:
    """The same function with nan outside the domain, where a formula or a library may have a number."""
    if not primitive.domain:
        return function
    rule = compiled(primitive.domain)

    def checked(*arguments: float) -> float:
        return function(*arguments) if Call(primitive, arguments, math.nan).carry_out(FLOATS, rule) else math.nan

    return checked


def _limit(primitive: Primitive, arguments: Sequence[float]) -> float:
    """The IEEE value where `math` raises instead: infinity at a pole, else nan; NumPy knows which."""
    import numpy as np

    home, _, name = (primitive.array or f"numpy.{primitive.name}").partition(".")
    with np.errstate(all="ignore"):
        function: Any = getattr(np, name) if home == "numpy" else _special(name)
        limit = float(function(*arguments))
    # A library may have a number of its own where there is none.
    return limit if math.isinf(limit) else math.nan


@cache
def _special(name: str) -> Function:
    import numpy as np
    from scipy import special

    function = getattr(special, name)

    def quiet(*arguments: float) -> float:
        with np.errstate(all="ignore"):
            return float(function(*arguments))

    return quiet


def divide(x: float, y: float) -> float:
    """x/y, and IEEE's infinity or nan where y is 0."""
    try:
        return x / y
    except ZeroDivisionError:
        return math.nan if x == 0.0 or x != x else math.copysign(math.inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x^y as C99 defines it, with infinity where it overflows and at 0 to a negative power."""
    if x < 0.0 and (math.isinf(y) or y != y // 1.0):
        return math.nan
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0.0 and y % 2.0 == 1.0 else math.inf
    except ValueError:
        if x != 0.0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2.0 == 1.0 else math.inf


def modulo(x: float, y: float) -> float:
    """The remainder with the sign of y."""
    return math.nan if y == 0.0 or math.isinf(x) else x % y


def given(x: float, y: float) -> float:
    """x, where y has a value."""
    return x if y == y else math.nan


def provided(x: float, y: float) -> float:
    """x, where y is not 0."""
    return x if y == y and y != 0.0 else math.nan


def sinh(x: float) -> float:
    """The hyperbolic sine; overflow keeps the sign."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def sign(x: float) -> float:
    """-1, 0 or 1; nan stays nan."""
    return x if x != x else float((x > 0.0) - (x < 0.0))


def step(x: float) -> float:
    """0 for negative x, else 1."""
    return x if x != x else float(x >= 0.0)


def floor(x: float) -> float:
    """The largest integer not above x; infinities stay."""
    return float(math.floor(x)) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """The smallest integer not below x; infinities stay."""
    return float(math.ceil(x)) if math.isfinite(x) else x


def nearest(x: float) -> float:
    """The nearest integer, halves to even; infinities stay."""
    return float(x.__round__()) if math.isfinite(x) else x


def trunc(x: float) -> float:
    """The integer part; infinities stay."""
    return float(math.trunc(x)) if math.isfinite(x) else x


def minimum(*arguments: float) -> float:
    """The smallest, or nan if any is nan."""
    return math.nan if any([a != a for a in arguments]) else min(arguments)


def maximum(*arguments: float) -> float:
    """The largest, or nan if any is nan."""
    return math.nan if any([a != a for a in arguments]) else max(arguments)


def clip(x: float, y: float, z: float) -> float:
    """X between y and z; nan where they are out of order."""
    return maximum(y, minimum(x, z)) if y <= z else math.nan


def gamma(x: float) -> float:
    """The gamma function; overflow keeps the sign."""
    try:
        return math.gamma(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def factorial(x: float) -> float:
    """gamma(x + 1)."""
    return math.gamma(x + 1.0)


def polygamma(x: float, y: float) -> float:
    """The derivative of digamma of integer order."""
    if not 0.0 <= x <= 170.0 or x != x // 1.0 or (y <= 0.0 and (y == y // 1.0 or y <= -1e6)):
        return math.nan
    return _special("polygamma")(int(x), y)


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)) about the larger of both."""
    if x == y:
        return x + math.log(2.0)
    larger, smaller = (x, y) if x > y else (y, x)
    return larger + math.log1p(math.exp(smaller - larger))


def xlogy(x: float, y: float) -> float:
    """x*log(y), 0 where x is 0."""
    if x == 0.0 and y == y and y >= 0.0:
        return 0.0
    return x * (math.log(y) if y > 0.0 else -math.inf if y == 0.0 else math.nan)


def xlog1py(x: float, y: float) -> float:
    """x*log(1 + y), 0 where x is 0."""
    if x == 0.0 and y == y and y >= -1.0:
        return 0.0
    return x * (math.log1p(y) if y > -1.0 else -math.inf if y == -1.0 else math.nan)


def sinc(x: float) -> float:
    """sin(pi*x)/(pi*x), 1 at 0; the angle is reduced before it is multiplied by pi."""
    if not x:
        return 1.0
    turn = math.remainder(x, 2.0)
    if abs(turn) > 0.5:
        turn = math.copysign(1.0, turn) - turn
    return math.sin(math.pi * turn) / (math.pi * x)
