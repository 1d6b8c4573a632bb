"""The text columns of the table, read by the parser that reads the user's formulas.

A rule becomes a `Program` over the names `x`, `y`, `z` and `out`.  It can then be carried out in any
algebra: over floats it is a partial derivative, over formulas the derivative's text, over dual
numbers the material of a second derivative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Generic, NamedTuple, TypeVar

from adcalc.errors import DomainProblem, Source
from adcalc.ir.expr import Expr, Number, Variable, variables
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import Algebra, Program, Unused, evaluate, lowered
from adcalc.parser.resolve import read
from adcalc.table import PRIMITIVES

T = TypeVar("T")

ARGUMENTS = ("x", "y", "z")
_NAMES = (*ARGUMENTS, "out", "ties")


class Rule(NamedTuple):
    """A text of the table, ready to be carried out."""

    text: str
    program: Program
    constant: float | None
    """The rule is this number."""
    name: str | None
    """The rule is this argument."""
    reads: frozenset[str]


@cache
def compiled(text: str) -> Rule:
    """The rule that a text of the table says.

    >>> compiled("y").name, compiled("-1").constant, sorted(compiled("1 + out^2").reads)
    ('y', -1.0, ['out'])
    """
    meaning = read(Source(text), _NAMES)
    result = meaning.result
    assert result is not None
    return Rule(
        text,
        lowered([result]),
        result.value if isinstance(result, Number) else None,
        result.name if isinstance(result, Variable) else None,
        frozenset(variables([result])),
    )


def partial(primitive: Primitive, argument: int, *, exact: bool = True) -> Rule | None:
    """The rule of the partial derivative by an argument; None where the table has none."""
    texts = (exact and primitive.exact) or primitive.partials
    text = texts[0 if primitive.variadic else argument]
    return compiled(text) if text else None


def has_rule(primitive: Primitive, argument: int) -> bool:
    """Whether there is a derivative by an argument, be it 0."""
    texts = primitive.partials if primitive.elementwise else primitive.adjoints
    if primitive.takes is not None:
        return True
    return bool(texts) and bool(texts[0 if primitive.variadic else argument])


class NoDerivative(DomainProblem):
    """A primitive has no derivative by one of its arguments, anywhere."""

    def __init__(self, primitive: Primitive, argument: int) -> None:
        name = primitive.name.removeprefix("core ")
        if primitive.arity == (1, 1):
            super().__init__(f"`{name}` has no derivative", hint="what it is applied to must be constant")
        else:
            ordinal = ("first", "second", "third")[argument] if argument < 3 else f"{argument + 1}th"
            super().__init__(
                f"`{name}` has no derivative by its {ordinal} argument", hint="that argument must be constant"
            )
        self.node: Expr | None = None


class Call(Generic[T]):
    """A primitive at work: the arguments it was applied to and the value that came out."""

    __slots__ = ("_ties", "arguments", "out", "primitive")

    def __init__(self, primitive: Primitive, arguments: Sequence[T], out: T) -> None:
        self.primitive = primitive
        self.arguments = arguments
        self.out = out
        self._ties: T | None = None

    def ties(self, algebra: Algebra[T]) -> T:
        """How many arguments are equal to the value; counted once for all of them."""
        if self._ties is None:
            ties = algebra.const(0.0)
            for argument in self.arguments:
                equal = algebra.apply(PRIMITIVES["=="], [argument, self.out])
                ties = algebra.apply(PRIMITIVES["+"], [ties, equal])
            self._ties = ties
        return self._ties

    def names(self, algebra: Algebra[T], reads: frozenset[str], argument: int) -> Mapping[str, T]:
        """What the names of a rule mean in this call."""
        if not self.primitive.variadic:
            return {**dict(zip(ARGUMENTS, self.arguments, strict=False)), "out": self.out}
        names = {"x": self.arguments[argument], "out": self.out}
        if "ties" in reads:
            names["ties"] = self.ties(algebra)
        return names

    def carry_out(self, algebra: Algebra[T], rule: Rule, argument: int = 0) -> T:
        """The value of a rule at this call, in an algebra."""
        if rule.constant is not None:
            return algebra.const(rule.constant)
        names = self.names(algebra, rule.reads, argument)
        if rule.name is not None:
            return names[rule.name]
        value = evaluate(rule.program, algebra, names)[rule.program.output]
        assert not isinstance(value, Unused)
        return value
