"""The adjoint and tangent texts of the table, made ready for the shapes at hand.

A text such as `spread(expand(g, axes), shape(x))` names core rows, the arrays of the call, what the
row was bound to, and shapes.  It becomes a formula of core rows, with every axis and length a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from adcalc.errors import Source
from adcalc.ir.expr import Apply, Expr, Number, Variable, variable
from adcalc.ir.primitive import Primitive
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import Shape
from adcalc.parser.resolve import read

#: The names that stand for arrays in a rule.
ARRAYS = ("x", "y", "z", "out", "g", "d")
_STATIC = ("axes", "dims", "rank", "key", "back", "n", "k", "axis", "inner", "range", "value")


@lru_cache(maxsize=4096)
def core_formula(
    text: str, shapes: tuple[tuple[str, Shape], ...], static: tuple[tuple[str, Any], ...]
) -> tuple[Expr, Shape]:
    """The core formula that a text of the table says for arrays of some shapes, and its own shape.

    >>> core_formula("expand(g, axes)", (("g", (3,)),), (("axes", (-1,)),))[1]
    (3, 1)
    """
    builder = Builder()
    names: dict[str, Any] = dict(static)
    for name, shape in shapes:
        names[name] = variable(name)
        builder.shapes[variable(name)] = shape
    made = _made(_read(text), names, builder)
    return made, builder.shape(made)


@lru_cache(maxsize=512)
def _read(text: str) -> Expr:
    result = read(Source(text), (*ARRAYS, *_STATIC), rule=True).result
    assert result is not None
    return result


def _made(node: Expr, names: Mapping[str, Any], builder: Builder) -> Any:
    """What a node of a rule is: a core formula, or something static; rules are small, so this recurs."""
    match node:
        case Number():
            return node
        case Variable(name=name):
            return names[name]
        case Apply(primitive=primitive, arguments=arguments):
            made = [_made(argument, names, builder) for argument in arguments]
    match primitive.name:
        case "[]":
            return tuple([int(entry.value) for entry in made])
        case "shape":
            return builder.shape(made[0])
        case "length":
            return builder.shape(made[0])[-1]
        case "rank":
            return len(builder.shape(made[0]))
    if primitive.elementwise:
        return builder.entrywise(primitive.name, *made)
    if primitive.over == "body":
        return _made(_read(primitive.body), dict(zip(ARRAYS, made, strict=False)), builder)
    return _core(primitive, made, builder)


def _core(primitive: Primitive, made: list[Any], builder: Builder) -> Expr:
    count = primitive.arity[0]
    arrays = made[:count]
    settings: list[Any] = [int(value.value) if isinstance(value, Number) else value for value in made[count:]]
    match primitive.name, settings:
        case "expand", (axes,):
            return builder.expand(arrays[0], axes)
        case "squeeze", (axes,):
            return builder.squeeze(arrays[0], axes)
        case "spread", (dims,):
            return builder.spread(arrays[0], dims)
        case "gather", (dims,):
            return builder.gather(arrays[0], dims)
        case "shaped", (dims, rank):
            return builder.shaped(arrays[0], dims, rank)
        case "swap", ():
            return builder.swap(arrays[0])
        case "core sum", (axes,):
            return builder.sum(arrays[0], axes)
    names = primitive.parameters[count:]
    return builder.core(primitive.name, *arrays, **dict(zip(names, settings, strict=True)))
