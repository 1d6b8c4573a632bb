"""Which arguments of a call are written, and which of them by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adcalc.algebras.ropes import Rope
from adcalc.ir.primitive import Primitive

# What extremes over an axis are called in a formula.
_CALLED = {"amin": "min", "amax": "max"}


class Written(NamedTuple):
    """A call as it is written."""

    name: str
    placed: tuple[Rope, ...]
    named: tuple[tuple[str, Rope], ...]
    loop: bool
    """The only argument are the terms of a loop, without the brackets of a list."""


def has_names(primitive: Primitive) -> bool:
    """Whether arguments of a row can be given by name."""
    return bool(primitive.parameters) and primitive.over != "core" and not primitive.internal


def written_call(primitive: Primitive, arguments: Sequence[Rope]) -> Written:
    """A call with the arguments left out that are what they would be anyway."""
    name = _CALLED.get(primitive.name, primitive.name)
    if primitive.variadic:
        *arrays, axis = arguments
        return Written(name, tuple(arrays), () if _is(axis, "0") else (("axis", axis),), loop=False)
    least = len(primitive.parameters) - len(primitive.defaults)
    placed = list(arguments[:least])
    named: list[tuple[str, Rope]] = []
    left_out = False
    for parameter, default, argument in zip(
        primitive.parameters[least:], primitive.defaults, arguments[least:], strict=True
    ):
        if _is(argument, default):
            left_out = True
        elif left_out or named or parameter == "axis":
            named.append((parameter, argument))
        else:
            placed.append(argument)
    loop = (
        arguments[0].kind == "for" and len(placed) == 1 and [n for n, _ in named] == ["axis"] and _is(named[0][1], "0")
    )
    return Written(name, tuple(placed), tuple(named), loop=loop)


def _is(argument: Rope, default: str) -> bool:
    if default == "absent":
        return argument.length == 0
    return argument.length == len(default) and str(argument) == default
