"""A function made ready for a point: which programs to run, and the value of each of their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adcalc.answer import Answer, answered
from adcalc.arrayed import ArrayAnswer, Asked, Kind, array_answer, figure, needs_arrays
from adcalc.backends import Backend
from adcalc.errors import Caution, NameProblem, near
from adcalc.expr import Expr, variable, variables
from adcalc.point import unused
from adcalc.program import lowered
from adcalc.results import Figure

if TYPE_CHECKING:
    from adcalc.function import Function


@dataclass(slots=True, eq=False, repr=False)
class Reading:
    """A function at a point: what to evaluate, and the values to do it with."""

    function: Function
    groups: list[tuple[str, ...]]
    roots: list[Expr]
    inputs: dict[str, Figure]
    cautions: list[Caution]
    wrt: tuple[str, ...]
    symbols: dict[str, Expr]

    def symbol(self, name: str) -> str:
        """The input that a name to differentiate by has become."""
        symbol = self.symbols.get(name)
        return name if symbol is None else getattr(symbol, "name", name)

    def answer(self, position: int, backend: Backend | None, kind: Kind) -> Answer | ArrayAnswer:
        """The figures of one group of names."""
        symbols = [self.symbol(name) for name in self.groups[position]]
        if not all([isinstance(value, float) for value in self.inputs.values()]):
            return array_answer(self.asked(position), symbols, backend, kind)
        program = lowered([self.roots[position]])
        if needs_arrays(program, self.inputs):
            return array_answer(self.asked(position), symbols, backend, kind)
        # The Jacobian of a formula of numbers is its gradient.
        asked = "gradient" if kind == "jacobian" else kind
        return answered(program, self.inputs, symbols, backend, asked, self.function.spans, self.function.source)

    def asked(self, position: int) -> Asked:
        """What one group of names is asked of."""
        return Asked(self.roots[position], self.inputs, self.function.spans, self.function.source)

    def place(self, at: Mapping[str, Figure]) -> None:
        """Takes the values of the point, and those that the program gives to its names."""
        needed = dict.fromkeys(variables(self.roots))
        kept = {self.symbol(name) for name in self.symbols}
        definitions: list[Expr] = []
        meaning = self.function.meaning
        if kept and meaning is not None:
            definitions = list(meaning.inlined(list(self.symbols.values())))
            needed |= dict.fromkeys(variables(definitions))
        for name in needed:
            if name in kept:
                continue
            if name not in at:
                raise self._missing(name, [other for other in needed if other not in at and other not in kept])
            self.inputs[name] = at[name]
        known = {*needed, *self.function.variables, *self.function.origin}
        self.cautions += [
            unused(name, self.function.assigned, self.function.variables) for name in at if name not in known
        ]
        if definitions:
            for symbol, definition in zip(self.symbols.values(), definitions, strict=True):
                name = getattr(symbol, "name", "")
                self.inputs[name] = figure(definition, self.inputs, self.function.spans, self.function.source)

    def _missing(self, name: str, missing: list[str]) -> NameProblem:
        spans = self.function.spans
        span = spans.get(variable(name))
        also = [other for other in missing if other != name]
        hint = f"give it one: `--at {','.join(f'{each}=...' for each in missing)}`"
        guess = near(name, [*self.function.assigned])
        if name.lower() in ("true", "false"):
            hint = "write 1 for true and 0 for false"
        if name in self.function.assigned:
            hint = f"it gets its value only later; {hint}"
        elif guess:
            hint += f"; or did you mean `{guess}`?"
        more = f" ({'nor does' if len(also) == 1 else 'nor do'} {listed(also)})" if also else ""
        return NameProblem(f"`{name}` has no value{more}", span, hint, self.function.source)


def listed(names: Iterable[str]) -> str:
    """Names as a sentence has them.

    >>> listed("xyz")
    '`x`, `y` and `z`'
    """
    shown = [f"`{name}`" for name in names]
    if not shown:
        return "no variables"
    return (
        shown[0]
        if len(shown) == 1
        else f"{', '.join(shown[:-1])} and {shown[-1]}"
        if len(shown) < 9
        else f"{', '.join(shown[:8])}, ..."
    )
