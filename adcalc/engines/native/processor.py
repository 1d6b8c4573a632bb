"""What a processor with AVX-512 does in one instruction, and any other one in a few.

To take a number apart into its exponent and fraction, and to put it together again with denormals and
overflow as they should be, is a third of an exponential and a third of a logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from adcalc.engines.native.code import Code, Lane, literal_code

#: Added to a number far below 2^51 it rounds that to an integer, which the lowest bits then hold.
ROUNDER = 1.5 * 2.0**52
#: Bits in the fraction of a double.
FRACTION = 52


@cache
def has_avx512() -> bool:
    """Whether this machine has the instructions; functions of 8 lanes are then written with them."""
    from llvmlite import binding

    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:
        return False
    return bool(features.get("avx512f") and features.get("avx512dq"))


def native(code: Code) -> bool:
    """Whether vectors of this width are those of AVX-512."""
    return code.width == 8 and has_avx512()


def rounded(code: Code, x: Lane, factor: float, bias: int = 0) -> tuple[Lane, Lane]:
    """The integer nearest to x*factor, and a double in whose lowest bits it stands, plus `bias`."""
    rounder = code.const(ROUNDER + bias)
    held = code.fma(x, code.const(factor), rounder)
    return code.sub(held, rounder), held


def power_of_two(code: Code, held: Lane) -> Lane:
    """2^k for the k + 1023 that `held` holds, where that is no denormal."""
    return code.double(code.integer("shl", code.bits(held), code.whole(FRACTION)))


def scaled(code: Code, x: Lane, k: Lane, held: Lane) -> Lane:
    """x*2^k, rounded once, for an integer `k` from -2046 to 2046; `held` holds it plus 2046."""
    if native(code):
        return raised_code(code, x, k)
    bits = code.bits(held)
    half = code.integer("lshr", bits, code.whole(1))
    first = code.double(code.integer("shl", half, code.whole(FRACTION)))
    second = code.double(code.integer("shl", code.integer("sub", bits, half), code.whole(FRACTION)))
    return code.mul(code.mul(x, first), second)


def raised_code(code: Code, x: Lane, k: Lane) -> Lane:
    """x*2^k, by the instruction."""
    rest = ("zeroinitializer", "i8 -1", "i32 4")
    return _instruction(code, "mask.scalef.pd.512", (code.doubles,) * 3, (x, k, *rest))


def root(code: Code, x: Lane) -> Lane:
    """The square root of what is no denormal and not infinite.

    With AVX-512 from the instruction for 14 bits of its inverse, by Newton's method on the root and half its
    inverse together (Goldschmidt, 1964).  It takes less time than the instruction for the root, but more
    operations, which counts where there is other work to be done meanwhile.
    """
    if not native(code):
        return code.sqrt(x)
    half = code.const(0.5)
    some = code.line(f"bitcast {code.masks} {code.compare('une', x, code.const(0.0))} to i8")
    inverse = _instruction(code, "rsqrt14.pd.512", (code.doubles,), (x, "zeroinitializer", f"i8 {some}"))
    found, slope = code.mul(x, inverse), code.mul(inverse, half)
    error = code.fma(code.neg(found), slope, half)
    found, slope = code.fma(found, error, found), code.fma(slope, error, slope)
    for _ in range(2):
        found = code.fma(code.fma(code.neg(found), found, x), slope, found)
    return found


def inverse(code: Code, x: Lane) -> Lane:
    """1/x, rounded as the instruction rounds it, for x and 1/x that are no denormals.

    From 14 bits by two more terms of the geometric series, and once more (Markstein, 1990).
    """
    guess = _instruction(code, "rcp14.pd.512", (code.doubles,), (x, "zeroinitializer", "i8 -1"))
    error = code.fma(code.neg(x), guess, code.const(1.0))
    terms = code.fma(code.fma(error, error, error), error, error)
    found = code.fma(guess, terms, guess)
    return code.fma(found, code.fma(code.neg(x), found, code.const(1.0)), found)


def quotient_code(code: Code, x: Lane, y: Lane, inverse_of_y: Lane) -> tuple[Lane, Lane]:
    """x/y to about a unit, and rounded as the instruction for it rounds (Markstein, 1990), in less time.

    Where the first one is infinite and x is not, the second one may be wrong.
    """
    first = code.mul(x, inverse_of_y)
    left = code.fma(code.neg(y), first, x)
    found = code.fma(left, inverse_of_y, first)
    # What is left of infinity is not a number, and of -0 it is 0.
    return first, code.select(code.compare("ueq", found, code.const(0.0)), first, found)


def exponent(code: Code, x: Lane) -> Lane:
    """The exponent of abs(x), by the instruction; -inf of 0, inf of inf."""
    rest = ("zeroinitializer", "i8 -1", "i32 4")
    return _instruction(code, "mask.getexp.pd.512", (code.doubles,) * 2, (x, *rest))


def fraction_code(code: Code, x: Lane) -> Lane:
    """x/2^k in [3/4, 3/2), by the instruction; 1 of 0 and inf, nan of negative x."""
    rest = ("i32 11", "zeroinitializer", "i8 -1", "i32 4")
    return _instruction(code, "mask.getmant.pd.512", (code.doubles,), (x, *rest))


def looked_up(code: Code, table: Sequence[float], index: Lane) -> Lane:
    """The entries of a table of 16 by the lowest four bits of integers, by the instruction."""
    parts = [", ".join(f"double {literal_code(entry)}" for entry in table[i : i + 8]) for i in (0, 8)]
    kinds = (code.doubles, code.integers, code.doubles)
    return _instruction(code, "vpermi2var.pd.512", kinds, (f"<{parts[0]}>", index, f"<{parts[1]}>"))


def _instruction(code: Code, name: str, kinds: Sequence[str], arguments: Sequence[str]) -> Lane:
    """A call of an instruction by LLVM's name for it; arguments beyond the kinds bring theirs or are doubles."""
    given = [f"{kind} {argument}" for kind, argument in zip(kinds, arguments, strict=False)]
    rest = arguments[len(kinds) :]
    given += [argument if argument.startswith("i") else f"{code.doubles} {argument}" for argument in rest]
    taken = ", ".join(_kind(each) for each in given)
    full = f"llvm.x86.avx512.{name}"
    code.declared[full] = f"declare {code.doubles} @{full}({taken})"
    return code.line(f"call {code.doubles} @{full}({', '.join(given)})")


def _kind(argument: str) -> str:
    """The type in front of an argument."""
    return argument[: argument.index(">") + 1] if argument.startswith("<") else argument.split(maxsplit=1)[0]
