"""The Wengert list of a formula: its operations in an order in which they can be carried out.

A `Program` is flat (Wengert, 1964): each slot is an input, a number or a primitive applied to earlier
slots.  It is the trace a reader sees, the tape that reverse mode walks back, and the straight-line
code that engines emit.  Every pass walks it in a loop.

Branches are lazy.  Where the algebra can tell whether a condition holds, only the slots that the
result needs are computed; the others stay `UNUSED`, and no later pass looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple, Protocol, TypeVar

from adcalc.ir.expr import Expr, Number, Variable, topological
from adcalc.ir.primitive import Primitive

T = TypeVar("T")


class Algebra(Protocol[T]):
    """What numbers and primitives mean: floats, dual numbers, formulas, LaTeX, lines of code."""

    def const(self, value: float | Number) -> T:
        """A literal; an algebra of doubles rounds it, others take it as it is."""

    def apply(self, primitive: Primitive, arguments: Sequence[T]) -> T:
        """A primitive applied to arguments."""

    def truth(self, value: T) -> bool | None:
        """Whether a condition holds; None where only the whole computation can tell."""


class Differentiable(Algebra[T], Protocol[T]):
    """An algebra in which derivatives can be formed."""

    @property
    def exact(self) -> bool:
        """Whether rules are to be right at exceptional points too, or as a reader expects them."""

    def shape(self, value: T) -> tuple[int, ...]:
        """The shape of a value; () for a number."""


class Unused(Enum):
    """The type of UNUSED."""

    UNUSED = "unused"


#: The value of a slot that the result did not need.
UNUSED: Final = Unused.UNUSED


class Slot(NamedTuple):
    """One line of a Wengert list."""

    node: Expr
    """The formula that the slot computes."""
    primitive: Primitive | None
    """None for an input or a number."""
    arguments: tuple[int, ...] = ()


class Program(NamedTuple):
    """Slots in the order of computation, and which of them are the results."""

    slots: tuple[Slot, ...]
    outputs: tuple[int, ...]
    branching: bool
    """Some slot is a branch, so that not every slot is always needed."""

    @property
    def output(self) -> int:
        """The slot of the only result."""
        (output,) = self.outputs
        return output

    @property
    def operations(self) -> int:
        """How many slots compute something."""
        return sum(slot.primitive is not None for slot in self.slots)

    def depends_on(self, names: Sequence[str]) -> list[bool]:
        """For each slot, whether its value depends on one of the named inputs."""
        wanted = frozenset(names)
        active: list[bool] = []
        for slot in self.slots:
            if slot.primitive is None:
                active.append(isinstance(slot.node, Variable) and slot.node.name in wanted)
            else:
                active.append(any([active[argument] for argument in slot.arguments]))
        return active


def lowered(roots: Sequence[Expr]) -> Program:
    """The Wengert list that computes some formulas together; what they share is computed once.

    >>> from adcalc.parser.resolve import read
    >>> from adcalc.errors import Source
    >>> lowered([read(Source("x*x + 1"), ()).result]).operations
    2
    """
    position: dict[Expr, int] = {}
    slots: list[Slot] = []
    branching = False
    for node in topological(roots):
        position[node] = len(slots)
        if isinstance(node, (Number, Variable)):
            slots.append(Slot(node, None))
        else:
            branching = branching or node.primitive.takes is not None
            slots.append(Slot(node, node.primitive, tuple([position[a] for a in node.arguments])))
    return Program(tuple(slots), tuple(position[root] for root in roots), branching)


def evaluate(program: Program, algebra: Algebra[T], inputs: Mapping[str, T]) -> list[T | Unused]:
    """The value of every slot in an algebra; `UNUSED` where a branch was not taken.

    Args:
        inputs: the value of each variable by name, in the algebra.
    """
    if program.branching:
        return _evaluate_lazily(program, algebra, inputs)
    values: list[T] = []
    for node, primitive, arguments in program.slots:
        if primitive is not None:
            values.append(algebra.apply(primitive, [values[a] for a in arguments]))
        elif isinstance(node, Number):
            values.append(algebra.const(node))
        else:
            assert isinstance(node, Variable)
            values.append(inputs[node.name])
    return list(values)


def _evaluate_lazily(program: Program, algebra: Algebra[T], inputs: Mapping[str, T]) -> list[T | Unused]:
    slots = program.slots
    values: list[T | Unused] = [UNUSED] * len(slots)
    stack = list(program.outputs)
    while stack:
        index = stack[-1]
        if values[index] is not UNUSED:
            stack.pop()
            continue
        node, primitive, arguments = slots[index]
        if primitive is None:
            values[index] = algebra.const(node) if isinstance(node, Number) else inputs[_name(node)]
            continue
        if primitive.takes is not None:
            condition = values[arguments[0]]
            if condition is UNUSED:
                stack.append(arguments[0])
                continue
            truth = algebra.truth(condition)
            if truth is not None:
                chosen = arguments[taken(primitive, truth)]
                result = values[chosen]
                if isinstance(result, Unused):
                    stack.append(chosen)
                elif primitive.binding:
                    # Logic answers with a truth value, a branch with what it holds.
                    values[index] = algebra.const(float(bool(algebra.truth(result))))
                else:
                    values[index] = result
                continue
        waiting = [a for a in arguments if values[a] is UNUSED]
        if waiting:
            stack.extend(reversed(waiting))
            continue
        known = [values[a] for a in arguments]
        values[index] = algebra.apply(primitive, known)  # type: ignore[arg-type]
    return values


def _name(node: Expr) -> str:
    assert isinstance(node, Variable)
    return node.name


def taken(branch: Primitive, truth: bool) -> int:
    """Which argument of a branch is its result, given whether the first one holds."""
    assert branch.takes is not None
    return (branch.takes[0] if truth else branch.takes[1]) or 0
