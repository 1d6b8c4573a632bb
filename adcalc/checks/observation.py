"""A formula carried out at a point with every operation's value kept, and what to call its operations in messages.

Numbers and arrays alike: over arrays a message speaks of one entry, by its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from adcalc.algebras.floats import FLOATS
from adcalc.algebras.text import digits, written
from adcalc.autodiff.linearization import Asked, Linearization
from adcalc.autodiff.transforms import reaches
from adcalc.checks.entries import Entries, Place, entry, is_number, shown
from adcalc.errors import Span
from adcalc.ir.expr import Apply, Expr, Number, apply, number, rebuild, variable, variables
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Unused, evaluate, taken
from adcalc.lower.rules import ARGUMENTS, Call, compiled

# A sub-expression of more characters is not quoted in a message, and one with a loosely binding
# operator is not put into a condition.
_LONGEST_QUOTE = 40
_LOOSE = re.compile(r"[<>=;≤≥≠]|\b(?:if|and|or|not)\b")
_NUMERAL = re.compile(r"[-−]?[\d.]+(?:[eE][+-]?\d+)?")
#: Core rows that only repeat entries, and that nobody has written.
_REPEATING = frozenset({"expand", "spread"})


class Observation:
    """Every operation of a formula at a point, with its value.

    Attributes:
        formula: lowered.
        asked: the same as it was written, with its point.
        algebra: of floats, or of arrays.
    """

    def __init__(
        self, formula: Linearization, asked: Asked, values: Sequence[Any] | None = None, algebra: Any = None
    ) -> None:
        """Takes a formula at a point.

        Args:
            values: of every slot of its program, if they are known already.
            algebra: in which they are; of doubles if not given.
        """
        self.formula = formula
        self.asked = asked
        self.program = formula.program
        self._known = values
        self._given = algebra

    @cached_property
    def algebra(self) -> Any:
        """Of floats, or of arrays."""
        if self._given is not None:
            return self._given
        if not self.formula.arrays:
            return FLOATS
        from adcalc.algebras.arrays import ARRAYS

        return ARRAYS

    @cached_property
    def values(self) -> Sequence[Any]:
        """The value of every slot; UNUSED where a branch of numbers was not taken."""
        if self._known is not None:
            return self._known
        program = self.program
        if not self.formula.arrays:
            return evaluate(program, FLOATS, self.asked.inputs)
        import numpy as np

        with np.errstate(all="ignore"):
            return evaluate(program._replace(branching=False), self.algebra, self.asked.inputs)

    @cached_property
    def masks(self) -> Sequence[Entries | None]:
        """Where each slot counts; None for everywhere."""
        program = self.program
        if not program.branching or not self.formula.arrays:
            return [None] * len(program.slots)
        import numpy as np

        with np.errstate(all="ignore"):
            return reaches(program, self.algebra, self.values)

    def used(self, index: int) -> bool:
        """Whether the result depends on a slot."""
        return not isinstance(self.values[index], Unused)

    def at(self, index: int) -> Entries:
        """The value of a slot that is used."""
        value = self.values[index]
        assert not isinstance(value, Unused)
        return value

    def call(self, index: int) -> Call[Any]:
        """The primitive of a slot with the values it met."""
        slot = self.program.slots[index]
        assert slot.primitive is not None
        return Call(slot.primitive, [self.at(a) for a in slot.arguments], self.at(index))

    def quietly(self, make: Callable[[], Any]) -> Any:
        """Something computed over the values at hand, of which some may not be finite."""
        if not self.formula.arrays:
            return make()
        import numpy as np

        with np.errstate(all="ignore"):
            return make()

    def condition_at(self, index: int, text: str, position: int = 0) -> Entries:
        """A condition of the table at a slot, entry by entry."""
        return self.quietly(lambda: self.call(index).carry_out(self.algebra, compiled(text), position))

    def origin(self, index: int) -> Expr:
        """What a slot was made from, as it was written."""
        node = self.program.slots[index].node
        while isinstance(node, Apply) and node.primitive.name in _REPEATING:
            (node,) = node.arguments
        return self.formula.origin.get(node, node)

    def span(self, index: int) -> Span | None:
        """Where a slot stands in the source; of one that a rule made, where its user stands."""
        slots = self.program.slots
        place: int | None = index
        while place is not None:
            span = self.asked.spans.get(self.origin(place))
            if span is not None:
                return span
            below = place
            place = next((user for user in range(below + 1, len(slots)) if below in slots[user].arguments), None)
        return None

    def described(self, index: int) -> str:
        """A slot as the user wrote it; one that was not written, or at length, by the form of its primitive."""
        text = self._text(index)
        if text:
            return f"`{text}`"
        slot = self.program.slots[index]
        return f"`{_form(slot.primitive)}`" if slot.primitive else f"`{written(slot.node)}`"

    def called(self, index: int) -> str:
        """What the language calls the primitive of a slot."""
        primitive = self.program.slots[index].primitive
        assert primitive is not None
        name = primitive.name.removeprefix("core ")
        return _CALLED.get(name, name)

    def condition(self, index: int, place: Place) -> str:
        """The domain of a slot's primitive in the names of its arguments, constants put in; "" if these alone decide."""
        slot = self.program.slots[index]
        names = self._argument_names(index)
        assert slot.primitive is not None
        stated = self._stated(index)
        if stated is not None:
            return "" if isinstance(stated, Number) else written(stated)
        program = compiled(slot.primitive.domain).program
        meant: dict[Expr, Expr] = {}
        for letter, name, argument in zip(ARGUMENTS, names, slot.arguments, strict=False):
            constant = not variables([self.program.slots[argument].node])
            if constant and len(slot.arguments) > 1:
                meant[variable(letter)] = number(entry(self.at(argument), place))
            else:
                meant[variable(letter)] = variable(letter if _NUMERAL.fullmatch(name) else name)
        condition = program.slots[program.output].node
        folded = rebuild([condition], meant, build=_folded)[condition]
        return "" if isinstance(folded, Number) else written(folded)

    def _stated(self, index: int) -> Expr | None:
        """The condition under which a slot has a value, where one of its arguments states it."""
        slot = self.program.slots[index]
        assert slot.primitive is not None
        name = compiled(slot.primitive.domain).name if slot.primitive.domain else None
        return None if name is None else self.origin(slot.arguments[ARGUMENTS.index(name)])

    def arguments(self, index: int, place: Place, *, plain: bool = False) -> str:
        """The arguments of a slot with their values at an entry; of many, the first few.

        Args:
            plain: by the letters of the rule.
        """
        slot = self.program.slots[index]
        figures = [entry(self.at(argument), place) for argument in slot.arguments]
        assert slot.primitive is not None
        if slot.primitive.variadic:
            some = [digits(value) for value in figures[:4]]
            return "(" + ", ".join([*some, *(["..."] if len(figures) > 4 else [])]) + ")"
        stated = self._stated(index)
        if stated is not None:
            met: list[tuple[str, Entries]] = [(name, self.asked.inputs[name]) for name in variables([stated])]
            known = [(name, value) for name, value in met if is_number(value) or value.ndim == len(place)]
            return ", ".join(f"`{self._entry_name(name, place)} = {digits(entry(v, place))}`" for name, v in known)
        nodes = [self.program.slots[argument].node for argument in slot.arguments]
        names = self._argument_names(index)
        literal = [
            plain or (isinstance(node, Number) and (name in ARGUMENTS or _NUMERAL.fullmatch(name) is not None))
            for node, name in zip(nodes, names, strict=True)
        ]
        moving = [bool(variables([node])) for node in nodes]
        pairs = [
            (ARGUMENTS[position] if is_literal else self._entry_name(names[position], place), value)
            for position, (is_literal, value) in enumerate(zip(literal, figures, strict=True))
            if all(literal) or (moving[position] if any(moving) else not is_literal)
        ]
        return ", ".join(f"`{name} = {digits(value)}`" for name, value in dict.fromkeys(pairs))

    def _entry_name(self, name: str, place: Place) -> str:
        """A variable's name with a place in it, where the variable is an array."""
        figure = self.asked.inputs.get(name, 0.0)
        if isinstance(figure, float) or len(figure.shape) != len(place):
            return name
        return f"{name}{shown(place)}"

    def _text(self, index: int) -> str:
        """What the user wrote, or the formula that a rule made of it; "" if that is long."""
        origin = self.origin(index)
        span = self.asked.spans.get(origin)
        if span is not None:
            text = " ".join(self.asked.source.text[span[0] : span[1]].split())
        else:
            text = written(origin) if self.program.slots[index].node in self.formula.origin else ""
        return text if len(text) <= _LONGEST_QUOTE else ""

    def _argument_names(self, index: int) -> list[str]:
        """What to call the arguments of a slot: what the user wrote if that is brief, else x, y, z."""
        arguments = self.program.slots[index].arguments
        texts = [self._text(argument) for argument in arguments]
        plain = all(text and not _LOOSE.search(text) for text in texts) and bool(self._text(index))
        return texts if plain else list(ARGUMENTS[: len(arguments)])


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


_CALLED = {"amax": "max", "amin": "min", "solvevec": "solve", "take": "an index"}


def _form(primitive: Primitive) -> str:
    """How a primitive is written: `log(x)`, `x^y`, `max(...)`."""
    if not primitive.elementwise:
        name = primitive.name.removeprefix("core ")
        return _CALLED.get(name, name)
    if primitive.variadic:
        return f"{primitive.name}(...)"
    if not primitive.symbol:
        return f"{primitive.name}({', '.join(ARGUMENTS[: primitive.arity[1]])})"
    if primitive.arity == (1, 1):
        return f"{primitive.symbol}x"
    spaced = "" if primitive.symbol in "*/^" else " "
    return f"x{spaced}{primitive.symbol}{spaced}y"
