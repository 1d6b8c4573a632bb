"""The algebra of code: a primitive applied to lanes is a few lines that compute it.

What the processor has instructions for is written here; a row with a body is written as its body; all
the rest are vector functions, written once beside the loop and called.  What does not depend on a column
goes into the head of the kernel, before the loop.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import TypeAlias

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.division import POWERS_OF_TWO, Way
from adcalc.engines.native.functions import VectorFunction, vector_function
from adcalc.engines.native.layout import Unfit
from adcalc.engines.native.processor import inverse, native, quotient_code, root
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.lower.rules import Call, compiled

Writer: TypeAlias = "Callable[..., Lane]"

#: Sizes between which divisors can be inverted without denormals on the way.
_LEAST, _MOST = 2.0**-900, 2.0**900
#: Powers that are taken as products and roots; the others are a function.
_POWERS = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)


def fits(primitive: Primitive, arity: int, width: int) -> bool:
    """Whether there is machine code for a row."""
    if primitive.constant or primitive.name in _WRITERS:
        return True
    return not primitive.over and (bool(primitive.body) or vector_function(primitive.name, arity, width) is not None)


def cost(name: str, arity: int, width: int) -> int:
    """About how many operations a row takes."""
    function = None if name in _WRITERS else vector_function(name, arity, width)
    return 1 if function is None else function.text.count("\n")


class Lanes:
    """The algebra of vectors of doubles, written down as code.

    Attributes:
        head: runs once.
        body: runs for every vector of rows.
        functions: the vector functions that are called, by name.
        called: how often each of them is.
        strange: masks of rows in which a quick division or root may be wrong.
        bounded: lanes that must be finite, or a quick division may be wrong.
        way: how the next division or root is to be carried out.
    """

    __slots__ = (
        "_constants", "_inverses", "_masks", "_quick", "_scaled", "body", "bounded", "called", "functions", "head",
        "strange", "way",
    )  # fmt: skip
    exact = True

    def __init__(self, head: Code, body: Code, *, quick: bool) -> None:
        """Takes two places for code.

        Args:
            quick: divisions and roots may be made of other instructions, where these are faster.
        """
        self.head = head
        self.body = body
        self.strange: list[Lane] = []
        self.bounded: list[Lane] = []
        self._scaled: dict[Lane, tuple[Lane, float]] = {}
        self.way = Way.INSTRUCTION
        self._quick = quick and native(body)
        self._inverses: dict[Lane, Lane] = {}
        self.functions: dict[str, VectorFunction] = {}
        self.called: Counter[str] = Counter()
        self._constants: dict[Lane, float] = {}
        self._masks: dict[Lane, Lane] = {}

    def const(self, value: float | Number) -> Lane:
        lane = self.head.const(float(value))
        self._constants[lane] = float(value)
        return lane

    def truth(self, value: Lane) -> None:
        """Lanes differ, so that both branches are computed."""

    def shape(self, value: Lane) -> tuple[int, ...]:
        return ()

    def apply(self, primitive: Primitive, arguments: Sequence[Lane]) -> Lane:
        """Writes a primitive down.

        Raises:
            Unfit: it cannot be.
        """
        if primitive.constant:
            return self.const(getattr(math, primitive.host.removeprefix("math.")))
        if primitive.over:
            raise Unfit(f"there is no machine code for `{primitive.name}`")
        writer = _WRITERS.get(primitive.name)
        if writer is not None:
            return writer(self, self.place(arguments), *arguments)
        if primitive.name == "^":
            power = self._constants.get(arguments[1])
            if power in _POWERS:
                return _power(self, self.place(arguments), arguments[0], power)
        function = self._function(primitive.name, len(arguments))
        if function is not None:
            self.called[function.name] += 1
            return self.place(arguments).call(function.name, *arguments)
        if not primitive.body:
            raise Unfit(f"there is no machine code for `{primitive.name}`")
        return self._within_domain(primitive, arguments)

    def divided(self, x: Lane, y: Lane) -> Lane:
        """A quotient, with the same bits whatever the way, as long as neither it nor x is next to a denormal."""
        code, divisor = self.place([x, y]), self._constants.get(y)
        if not self._quick:
            return code.div(x, y)
        if divisor is not None:
            if not _LEAST < abs(divisor) < _MOST:
                return code.div(x, y)
            inverted = code.const(1.0 / divisor)
            if abs(math.frexp(divisor)[0]) == 0.5:
                return code.mul(x, inverted)
        elif self.way is Way.INSTRUCTION:
            return code.div(x, y)
        else:
            inverted = self._inverse(y)
            if self.way is Way.SHARED and self._constants.get(x) == 1.0:
                return inverted
        first, found = quotient_code(code, x, y, inverted)
        self.bounded.append(first)
        return found

    def _inverse(self, y: Lane) -> Lane:
        """The inverse of a divisor, or of what it is a power of 2 times."""
        found = self._inverses.get(y, "")
        if found:
            return found
        own = self.place([y])
        bare, factor = self._scaled.get(y, (y, 1.0))
        if factor != 1.0:
            found = own.mul(self._inverse(bare), own.const(1.0 / factor))
        else:
            found = inverse(own, y) if self.way is Way.PRODUCTS else own.div(own.const(1.0), y)
            size = own.abs(y)
            beyond = own.compare("oge", size, own.const(_MOST))
            self.strange.append(own.either(beyond, own.compare("ole", size, own.const(_LEAST))))
        self._inverses[y] = found
        return found

    def times(self, code: Code, x: Lane, y: Lane) -> Lane:
        """A product; one with a power of 2 is remembered, for its inverse is that of the other factor."""
        found = code.mul(x, y)
        for factor, other in ((x, y), (y, x)):
            value = self._constants.get(factor, 0.0)
            if value in POWERS_OF_TWO:
                self._scaled[found] = (other, value)
        return found

    def rooted(self, x: Lane) -> Lane:
        """A square root, likewise."""
        code = self.place([x])
        if not self._quick or self.way is Way.INSTRUCTION:
            return code.sqrt(x)
        beyond = code.compare("oge", x, code.const(_MOST))
        small = code.both(code.compare("ole", x, code.const(_LEAST)), code.compare("ogt", x, code.const(0.0)))
        self.strange.append(code.either(beyond, small))
        return root(code, x)

    def place(self, lanes: Sequence[Lane]) -> Code:
        """Where an operation on some lanes is written: before the loop if none of them changes."""
        return self.body if any([lane.startswith("%v") for lane in lanes]) else self.head

    def mask(self, lane: Lane) -> Lane:
        """Where a lane is not 0."""
        known = self._masks.get(lane)
        if known is None:
            code = self.place([lane])
            known = self._masks[lane] = code.compare("une", lane, code.const(0.0))
        return known

    def said(self, code: Code, mask: Lane) -> Lane:
        """1 where a mask holds, else 0; the mask is remembered."""
        lane = code.select(mask, code.const(1.0), code.const(0.0))
        self._masks[lane] = mask
        return lane

    def _function(self, name: str, arity: int) -> VectorFunction | None:
        found = vector_function(name, arity, self.body.width)
        if found is not None:
            self.functions[found.name] = found
        return found

    def _within_domain(self, primitive: Primitive, arguments: Sequence[Lane]) -> Lane:
        """The body of a row, and nan outside its domain, where the body may have a number."""
        call: Call[Lane] = Call(primitive, arguments, self.const(math.nan))
        value = call.carry_out(self, compiled(primitive.body))
        if not primitive.domain:
            return value
        inside = call.carry_out(self, compiled(primitive.domain))
        code = self.place([value, inside])
        return code.select(self.mask(inside), value, code.const(math.nan))


def _comparison(how: str) -> Writer:
    return lambda lanes, code, x, y: lanes.said(code, code.compare(how, x, y))


def _where(lanes: Lanes, code: Code, condition: Lane, x: Lane, y: Lane) -> Lane:
    return code.select(lanes.mask(condition), x, y)


def _given(lanes: Lanes, code: Code, x: Lane, y: Lane) -> Lane:
    return code.select(code.compare("uno", y, y), code.const(math.nan), x)


def _provided(lanes: Lanes, code: Code, x: Lane, y: Lane) -> Lane:
    return code.select(code.compare("one", y, code.const(0.0)), x, code.const(math.nan))


def _sign(lanes: Lanes, code: Code, x: Lane) -> Lane:
    zero = code.const(0.0)
    below = code.select(code.compare("olt", x, zero), code.const(-1.0), zero)
    found = code.select(code.compare("ogt", x, zero), code.const(1.0), below)
    return code.select(code.compare("uno", x, x), x, found)


def _step(lanes: Lanes, code: Code, x: Lane) -> Lane:
    found = code.select(code.compare("oge", x, code.const(0.0)), code.const(1.0), code.const(0.0))
    return code.select(code.compare("uno", x, x), x, found)


def _extreme(how: str) -> Writer:
    """The smaller or the larger of two; nan where either is nan."""

    def two(code: Code, x: Lane, y: Lane) -> Lane:
        found = code.select(code.compare(how, y, x), y, x)
        return code.select(code.compare("uno", x, y), code.const(math.nan), found)

    return lambda lanes, code, *arguments: reduce(lambda x, y: two(code, x, y), arguments)


def _clip(lanes: Lanes, code: Code, x: Lane, low: Lane, high: Lane) -> Lane:
    least, most = _extreme("olt"), _extreme("ogt")
    found = most(lanes, code, low, least(lanes, code, x, high))
    return code.select(code.compare("ole", low, high), found, code.const(math.nan))


def _power(lanes: Lanes, code: Code, x: Lane, power: float) -> Lane:
    """A power by products and roots; of these one rounds less than the general function does."""
    if power < -0.5:
        # Of the inverse, whose powers do not overflow on the way to a small number.
        x, power = lanes.divided(lanes.const(1.0), x), -power
    whole, half = divmod(abs(power), 1.0)
    parts = [x] * int(whole)
    if half:
        # The root of -0 is -0, and a power of it 0.
        parts.append(code.add(lanes.rooted(x), code.const(0.0)))
    if power == 4.0:
        square = code.mul(x, x)
        return code.mul(square, square)
    found = reduce(code.mul, parts)
    return lanes.divided(lanes.const(1.0), found) if power < 0.0 else found


_WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "+": lambda lanes, code, x, y: code.add(x, y),
        "-": lambda lanes, code, x, y: code.sub(x, y),
        "*": lambda lanes, code, x, y: lanes.times(code, x, y),
        "/": lambda lanes, code, x, y: lanes.divided(x, y),
        "neg": lambda lanes, code, x: code.neg(x),
        "<": _comparison("olt"),
        "<=": _comparison("ole"),
        ">": _comparison("ogt"),
        ">=": _comparison("oge"),
        "==": _comparison("oeq"),
        "!=": _comparison("une"),
        "not": lambda lanes, code, x: lanes.said(code, code.no(lanes.mask(x))),
        "and": lambda lanes, code, x, y: lanes.said(code, code.both(lanes.mask(x), lanes.mask(y))),
        "or": lambda lanes, code, x, y: lanes.said(code, code.either(lanes.mask(x), lanes.mask(y))),
        "where": _where,
        "given": _given,
        "provided": _provided,
        "abs": lambda lanes, code, x: code.abs(x),
        "sqrt": lambda lanes, code, x: lanes.rooted(x),
        "sign": _sign,
        "step": _step,
        "floor": lambda lanes, code, x: code.intrinsic("floor", x),
        "ceil": lambda lanes, code, x: code.intrinsic("ceil", x),
        "round": lambda lanes, code, x: code.intrinsic("rint", x),
        "trunc": lambda lanes, code, x: code.intrinsic("trunc", x),
        "min": _extreme("olt"),
        "max": _extreme("ogt"),
        "clip": _clip,
    }
)
