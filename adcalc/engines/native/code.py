"""Lines of LLVM's intermediate representation, on vectors of doubles: one line is one operation.

A value is the text by which the next line names it: `%7`, or a constant.  Everything is in single
assignment form, like the Wengert list it comes from, and strict IEEE 754 arithmetic unless the code is
told that the last bits do not matter.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

#: The name of a vector of doubles, of a vector of 64-bit integers, or of a mask.
Lane: TypeAlias = str


def literal_code(value: float) -> str:
    """A double as LLVM reads it back to the last bit.

    >>> literal_code(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"


class Code:
    """A straight line of operations.

    Attributes:
        width: how many doubles a vector holds.
        lines: what has been written so far.
        declared: functions from elsewhere that are called, with the text that declares them.
        fast: products and sums may be fused and reordered.
    """

    __slots__ = ("_count", "_prefix", "declared", "doubles", "fast", "integers", "lines", "masks", "width")

    def __init__(
        self, width: int, *, prefix: str = "v", fast: bool = False, declared: dict[str, str] | None = None
    ) -> None:
        self.width = width
        self.fast = " reassoc contract arcp" if fast else ""
        self.lines: list[str] = []
        self.declared: dict[str, str] = {} if declared is None else declared
        self.doubles = f"<{width} x double>"
        self.integers = f"<{width} x i64>"
        self.masks = f"<{width} x i1>"
        self._count = 0
        self._prefix = prefix

    def line(self, text: str) -> Lane:
        """Writes an operation; the name of its value."""
        self._count += 1
        name = f"%{self._prefix}{self._count}"
        self.lines.append(f"  {name} = {text}")
        return name

    # Doubles.

    def const(self, value: float) -> Lane:
        """The same number in every lane."""
        return f"splat (double {literal_code(value)})"

    def add(self, x: Lane, y: Lane) -> Lane:
        """The sum."""
        return self.line(f"fadd{self.fast} {self.doubles} {x}, {y}")

    def sub(self, x: Lane, y: Lane) -> Lane:
        """The difference."""
        return self.line(f"fsub{self.fast} {self.doubles} {x}, {y}")

    def mul(self, x: Lane, y: Lane) -> Lane:
        """The product."""
        return self.line(f"fmul{self.fast} {self.doubles} {x}, {y}")

    def div(self, x: Lane, y: Lane) -> Lane:
        """The quotient."""
        return self.line(f"fdiv{self.fast} {self.doubles} {x}, {y}")

    def neg(self, x: Lane) -> Lane:
        """The negative."""
        return self.line(f"fneg {self.doubles} {x}")

    def intrinsic(self, name: str, *arguments: Lane) -> Lane:
        """One of LLVM's own functions that a processor has an instruction for: sqrt, fabs, rint, fma, ..."""
        full = f"llvm.{name}.v{self.width}f64"
        types = ", ".join([self.doubles] * len(arguments))
        self.declared[full] = f"declare {self.doubles} @{full}({types})"
        given = ", ".join(f"{self.doubles} {argument}" for argument in arguments)
        return self.line(f"call {self.doubles} @{full}({given})")

    def sqrt(self, x: Lane) -> Lane:
        """The square root."""
        return self.intrinsic("sqrt", x)

    def abs(self, x: Lane) -> Lane:
        """The absolute value."""
        return self.intrinsic("fabs", x)

    def fma(self, x: Lane, y: Lane, z: Lane) -> Lane:
        """The sum of x*y and z, rounded once."""
        return self.intrinsic("fma", x, y, z)

    def polynomial(self, x: Lane, coefficients: list[float]) -> Lane:
        """By Horner's rule, the constant term first."""
        found = self.const(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            found = self.fma(found, x, self.const(coefficient))
        return found

    def split_polynomial(self, x: Lane, coefficients: Sequence[float]) -> Lane:
        """By its even and its odd powers apart: one operation more, but half as long a chain of them."""
        square = self.mul(x, x)
        even, odd = (self.polynomial(square, list(coefficients[i::2])) for i in (0, 1))
        return self.fma(odd, x, even)

    # Masks.

    def compare(self, how: str, x: Lane, y: Lane) -> Lane:
        """Where a comparison holds: `oeq`, `olt`, `ole`, `ogt`, `oge`, `une` (true of nan), `uno` (either is nan)."""
        return self.line(f"fcmp {how} {self.doubles} {x}, {y}")

    def select(self, mask: Lane, x: Lane, y: Lane) -> Lane:
        """The lanes of x where the mask holds, else those of y."""
        return self.line(f"select {self.masks} {mask}, {self.doubles} {x}, {self.doubles} {y}")

    def both(self, p: Lane, q: Lane) -> Lane:
        """Where both masks hold."""
        return self.line(f"and {self.masks} {p}, {q}")

    def either(self, p: Lane, q: Lane) -> Lane:
        """Where one of two masks holds."""
        return self.line(f"or {self.masks} {p}, {q}")

    def no(self, p: Lane) -> Lane:
        """Where a mask does not hold."""
        return self.line(f"xor {self.masks} {p}, splat (i1 true)")

    # Bits.

    def bits(self, x: Lane) -> Lane:
        """The bits of doubles as integers."""
        return self.line(f"bitcast {self.doubles} {x} to {self.integers}")

    def double(self, bits: Lane) -> Lane:
        """The doubles that have these bits."""
        return self.line(f"bitcast {self.integers} {bits} to {self.doubles}")

    def whole(self, value: int) -> Lane:
        """The same integer in every lane."""
        return f"splat (i64 {value})"

    def integer(self, operation: str, x: Lane, y: Lane) -> Lane:
        """An operation on integers: `add`, `sub`, `and`, `or`, `xor`, `shl`, `lshr`, `ashr`."""
        return self.line(f"{operation} {self.integers} {x}, {y}")

    def test(self, how: str, x: Lane, y: Lane) -> Lane:
        """A comparison of integers: `eq`, `ne`, `slt`, `sgt`, `ult`, ..."""
        return self.line(f"icmp {how} {self.integers} {x}, {y}")

    def choose(self, mask: Lane, x: Lane, y: Lane) -> Lane:
        """Of integers: x where the mask holds, else y."""
        return self.line(f"select {self.masks} {mask}, {self.integers} {x}, {self.integers} {y}")

    def call(self, name: str, *arguments: Lane) -> Lane:
        """A vector function of the module."""
        given = ", ".join(f"{self.doubles} {argument}" for argument in arguments)
        return self.line(f"call {self.doubles} @{name}({given})")
