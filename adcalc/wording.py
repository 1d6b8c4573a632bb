"""What the places of a formula are called in messages: as the user wrote them, with the values they have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.text import digits, written
from adcalc.expr import Apply, Expr, Number, apply, number, rebuild, variable, variables
from adcalc.primitive import Primitive
from adcalc.program import taken
from adcalc.rules import ARGUMENTS, compiled

if TYPE_CHECKING:
    from adcalc.trace import Trace

# A sub-expression of more characters is not quoted in a message, and one with a loosely binding
# operator is not put into a condition.
_LONGEST_QUOTE = 40
_LOOSE = re.compile(r"[<>=;≤≥≠]|\b(?:if|and|or|not)\b")


def described(trace: Trace, index: int) -> str:
    """A slot as the user wrote it; one that was not written, or at length, by the form of its primitive."""
    text = _text(trace, index)
    if text:
        return f"`{text}`"
    slot = trace.program.slots[index]
    return f"`{_form(slot.primitive)}`" if slot.primitive else f"`{written(slot.node)}`"


def _text(trace: Trace, index: int) -> str:
    span = trace.span(index)
    text = " ".join(trace.source.text[span[0] : span[1]].split()) if span else ""
    return text if len(text) <= _LONGEST_QUOTE else ""


def _argument_names(trace: Trace, index: int) -> list[str]:
    """What to call the arguments of a slot: what the user wrote if that is brief, else x, y, z."""
    arguments = trace.program.slots[index].arguments
    texts = [_text(trace, argument) for argument in arguments]
    plain = all(text and not _LOOSE.search(text) for text in texts) and bool(_text(trace, index))
    return texts if plain else list(ARGUMENTS[: len(arguments)])


def _is_literal(trace: Trace, index: int) -> bool:
    return isinstance(trace.program.slots[index].node, Number)


def condition(trace: Trace, index: int) -> Expr:
    """The domain of a slot's primitive, in the names of its arguments, constants put in."""
    slot = trace.program.slots[index]
    names = _argument_names(trace, index)
    assert slot.primitive is not None
    program = compiled(slot.primitive.domain).program
    condition = program.slots[program.output].node
    meant: dict[Expr, Expr] = {}
    for letter, name, argument in zip(ARGUMENTS, names, slot.arguments, strict=False):
        constant = not variables([trace.program.slots[argument].node])
        if constant and len(slot.arguments) > 1:
            meant[variable(letter)] = number(trace.at(argument))
        else:
            meant[variable(letter)] = variable(letter if constant else name)
    return rebuild([condition], meant, build=_folded)[condition]


def _folded(primitive: Primitive, *arguments: Expr) -> Expr:
    """A part of a condition in which what is known has been settled."""
    arguments = tuple([_settled(argument) for argument in arguments])
    values = [argument.value for argument in arguments if isinstance(argument, Number)]
    if len(values) == len(arguments):
        if primitive.takes is None:
            return number(FLOATS.apply(primitive, values))
        return arguments[taken(primitive, values[0] != 0.0)]
    if primitive.name in ("and", "or") and values:
        (other,) = [argument for argument in arguments if not isinstance(argument, Number)]
        settles = (values[0] != 0.0) == (primitive.name == "or")
        return number(values[0] != 0.0) if settles else other
    return apply(primitive, *arguments)


def _settled(expr: Expr) -> Expr:
    """A named constant as a number."""
    if isinstance(expr, Apply) and expr.primitive.constant:
        return number(FLOATS.apply(expr.primitive, ()))
    return expr


def values(trace: Trace, index: int, *, plain: bool = False) -> str:
    """The arguments of a slot with their values, by the letters of the rule if plain; of many, the first few."""
    slot = trace.program.slots[index]
    figures = [trace.at(argument) for argument in slot.arguments]
    assert slot.primitive is not None
    if slot.primitive.variadic:
        shown = [digits(value) for value in figures[:4]]
        return "(" + ", ".join([*shown, *(["..."] if len(figures) > 4 else [])]) + ")"
    literal = [_is_literal(trace, argument) or plain for argument in slot.arguments]
    names = _argument_names(trace, index)
    moving = [bool(variables([trace.program.slots[argument].node])) for argument in slot.arguments]
    pairs = [
        (ARGUMENTS[position] if is_literal else names[position], value)
        for position, (is_literal, value) in enumerate(zip(literal, figures, strict=True))
        if all(literal) or (moving[position] if any(moving) else not is_literal)
    ]
    return ", ".join(f"`{name} = {digits(value)}`" for name, value in dict.fromkeys(pairs))


def _form(primitive: Primitive) -> str:
    """How a primitive is written: `log(x)`, `x^y`, `max(...)`."""
    if primitive.variadic:
        return f"{primitive.name}(...)"
    if not primitive.symbol:
        return f"{primitive.name}({', '.join(ARGUMENTS[: primitive.arity[1]])})"
    if primitive.arity == (1, 1):
        return f"{primitive.symbol}x"
    spaced = "" if primitive.symbol in "*/^" else " "
    return f"x{spaced}{primitive.symbol}{spaced}y"
