"""The adjoint and tangent rules of core rows, carried out in any algebra.

A text of the table is made ready for the shapes of a call once (`adcalc.lower.shaped_rules`) and is then a
`Program` like that of any other rule: over core formulas it writes the derivative down.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from adcalc.ir.program import Differentiable, Program, Unused, evaluate, lowered
from adcalc.lower.rules import ARGUMENTS, Call, NoDerivative
from adcalc.lower.shape_rules import KeyPart
from adcalc.lower.shaped_rules import core_formula

T = TypeVar("T")


def carry_out_core(
    algebra: Differentiable[T], call: Call[T], texts: Sequence[str], argument: int, name: str, moving: T
) -> T:
    """The value of an adjoint or tangent rule of a core row.

    Args:
        texts: a rule for each argument; one rule for all of a row of any number of arguments.
        name: "g" for the adjoint of the call's value, "d" for the tangent of the argument.
        moving: that adjoint or tangent; it may have further axes in front.

    Raises:
        NoDerivative: there is no rule for this argument.
    """
    primitive = call.primitive
    text = texts[0 if primitive.variadic else argument] if texts else ""
    if not text:
        raise NoDerivative(primitive, argument)
    static = dict(primitive.static)
    if primitive.variadic:
        names = {"x": call.arguments[argument], "out": call.out}
        static["key"] = _own_key(algebra, call, argument)
    else:
        names = {**dict(zip(ARGUMENTS, call.arguments, strict=False)), "out": call.out}
    shapes = {each: algebra.shape(value) for each, value in names.items()}
    shapes[name] = shapes["out"] if name == "g" else shapes[ARGUMENTS[0 if primitive.variadic else argument]]
    program = _core_program(text, tuple(shapes.items()), tuple(static.items()))
    value = evaluate(program, algebra, {**names, name: moving})[program.output]
    assert not isinstance(value, Unused)
    return value


@lru_cache(maxsize=4096)
def _core_program(text: str, shapes: tuple[Any, ...], static: tuple[Any, ...]) -> Program:
    expr, _ = core_formula(text, shapes, static)
    return lowered([expr])


def _own_key(algebra: Differentiable[T], call: Call[T], argument: int) -> tuple[KeyPart, ...]:
    """Where the argument number so-and-so stands in the array that a row has put together."""
    dims = algebra.shape(call.arguments[argument])
    if call.primitive.name == "core array":
        inner = call.primitive.setting("inner")
        return (argument, *[(0, length, 1) for length in dims[len(dims) - inner :]])
    axis = call.primitive.setting("axis")
    start = sum(algebra.shape(before)[axis] for before in call.arguments[:argument])
    return ((start, start + dims[axis], 1), *[(0, length, 1) for length in dims[len(dims) + axis + 1 :]])
