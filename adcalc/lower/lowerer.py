"""The walk of elaboration, and what its rules are made of.

Rules (`adcalc.lower.surface`) work on a `Val`: a core formula, and the indices of sums that it depends
on.  Each of those is an axis in front of the value's own; values that meet are brought to the same
indices first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.errors import Caution, NameProblem, ShapeProblem, Source, Span
from adcalc.ir.expr import Apply, Expr, Number, Variable, number, variable, variables
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import Shape, broadcast, different, named
from adcalc.table import PRIMITIVES

#: More axes than NumPy has.
MOST_AXES = 12
#: More entries than this are not put into one array.
MOST_ENTRIES = 2**28


class Val(NamedTuple):
    """A core formula, and the indices of sums that it depends on: one axis in front for each."""

    expr: Expr
    loops: tuple[str, ...] = ()
    row: bool = False
    """It is the transpose of a vector, as a book has it."""


class Slice(NamedTuple):
    """The parts of a slice as they were written; None for one left out."""

    start: int | None
    stop: int | None
    step: int | None


def row(val: Val) -> Val | None:
    """The vector that a row was made from."""
    node = val.expr
    return Val(node.arguments[0], val.loops) if val.row and isinstance(node, Apply) else None


Rule: TypeAlias = "Callable[[Elaborator, Apply, list[Any]], Any]"


class DoesNotFit(Exception):
    """Something that does not fit; the place is added where it is known."""

    def __init__(self, message: str, hint: str = "", lengths: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.lengths = lengths
        self.message = message
        self.hint = hint


@dataclass(slots=True, eq=False)
class Elaborator:
    """One walk over formulas, arguments first."""

    rules: Mapping[str, Rule]
    """By the column `over` of the table; "index" opens the index of a sum."""
    compute: Callable[[Expr, Mapping[str, Any]], Any]
    """The value of a core formula."""
    given: Mapping[str, Shape]
    values: Mapping[str, Any]
    spans: Mapping[Expr, Span]
    source: Source
    builder: Builder
    done: dict[Expr, Any] = field(default_factory=dict)
    origin: dict[Expr, Expr] = field(default_factory=dict)
    cautions: list[Caution] = field(default_factory=list)
    sizes: dict[str, Any] = field(default_factory=dict)
    extents: dict[str, int] = field(default_factory=dict)
    """How many values the index of each sum takes."""
    ragged: dict[Expr, Val] = field(default_factory=dict)
    """Indices whose bounds depend on another index, and sums over them; with where they count."""
    current: Expr | None = None
    call: Expr | None = None
    """The call whose body is unfolded at present: what comes of it stands there."""

    def walk(self, roots: Sequence[Expr]) -> list[Any]:
        """What each root is made of; the formula may be deeper than Python's stack."""
        stack = list(roots)[::-1]
        while stack:
            node = stack[-1]
            if node in self.done:
                stack.pop()
                continue
            if isinstance(node, Apply):
                waiting = self._waiting(node)
                if waiting:
                    stack.extend(reversed(waiting))
                    continue
            stack.pop()
            self.current = node
            made = self.located(self._made, node)
            self.done[node] = made
            if isinstance(made, Val):
                self.located(self.check_size, self.builder.shape(made.expr))
                self.origin.setdefault(made.expr, self.call or node)
        return [self.done[root] for root in roots]

    def _waiting(self, node: Apply) -> list[Expr]:
        arguments = node.arguments
        if node.primitive.name != "for":
            return [argument for argument in arguments if argument not in self.done]
        lower, upper, index, term = arguments
        waiting = [bound for bound in (lower, upper) if bound not in self.done]
        if waiting:
            return waiting
        if index not in self.done:
            self.current = node
            self.done[index] = self.located(self.rules["index"], self, node, [self.done[lower], self.done[upper]])
        return [] if term in self.done else [term]

    def located(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """What a rule makes, or its refusal with the place."""
        try:
            return make(*arguments)
        except DoesNotFit as refusal:
            problem = ShapeProblem(refusal.message, self.span, refusal.hint, self.source)
            problem.lengths = refusal.lengths
            raise problem from None

    @property
    def span(self) -> Span | None:
        """Where the walk is, in the source."""
        place = self.call or self.current
        return None if place is None else self.spans.get(place)

    def _made(self, node: Expr) -> Any:
        match node:
            case Number():
                self.builder.shapes[node] = ()
                return Val(node)
            case Variable(name=name):
                if name not in self.given:
                    raise NameProblem(f"`{name}` has no value", self.spans.get(node), "", self.source)
                self.builder.shapes[node] = self.given[name]
                return Val(node)
            case Apply():
                return self._applied(node)

    def _applied(self, node: Apply) -> Any:
        primitive = node.primitive
        arguments = [self.done[argument] for argument in node.arguments]
        for argument, made in zip(node.arguments, arguments, strict=True):
            if isinstance(argument, Apply) and argument in self.ragged and primitive.over != "sum":
                raise DoesNotFit("the range of an index depends on another index", "such terms can only be summed")
            if isinstance(made, Slice) and primitive.over != "indexing":
                raise DoesNotFit("a slice stands only within `[` and `]`")
        return self.rules[primitive.over](self, node, arguments)

    # What rules are made of.

    def inner(self, val: Val) -> Shape:
        """The shape of a value for one choice of every index."""
        return self.builder.shape(val.expr)[len(val.loops) :]

    def rank(self, val: Val) -> int:
        """How many axes a value has, indices of sums aside."""
        return len(self.inner(val))

    def united(self, vals: Sequence[Val]) -> tuple[str, ...]:
        """The indices that any of some values depends on, in one order for all."""
        return tuple(sorted({loop for val in vals for loop in val.loops}, key=list(self.extents).index))

    def brought(self, val: Val, loops: tuple[str, ...], rank: int | None = None) -> Expr:
        """A value with an axis for every index, and axes of length 1 in front up to a rank."""
        inner = self.rank(val)
        wanted = inner if rank is None else rank
        total = len(loops) + wanted
        new = [position - total for position, loop in enumerate(loops) if loop not in val.loops]
        new += [len(loops) + extra - total for extra in range(wanted - inner)]
        return self.builder.expand(val.expr, new)

    def aligned(self, vals: Sequence[Val]) -> tuple[list[Expr], tuple[str, ...]]:
        """Values with the same axes of indices in front, each with its own shape behind."""
        loops = self.united(vals)
        dims = tuple([self.extents[loop] for loop in loops])
        done = [self.builder.spread(self.brought(val, loops), dims + self.inner(val)) for val in vals]
        return done, loops

    def entrywise(self, name: str, vals: Sequence[Val]) -> Val:
        """A row applied entry by entry."""
        loops = self.united(vals)
        try:
            inner = broadcast([self.inner(val) for val in vals])
        except ValueError:
            shown = " and ".join(named(self.inner(val)) for val in vals)
            hint = "the lengths of each axis, counted from the last, must be equal or 1"
            if name == "*" and all([self.rank(val) for val in vals]):
                hint = "write `@` for the matrix product"
            raise DoesNotFit(
                f"{shown} do not fit together in `{name}`", hint, different([self.inner(val) for val in vals])
            ) from None
        dims = tuple([self.extents[loop] for loop in loops])
        rows = [row(val) for val in vals]
        if any(rows) and all(each or not self.inner(val) for each, val in zip(rows, vals, strict=True)):
            # A row stays one in a product with numbers, so that `2*x'*A*x` is still a number.
            flat = self.entrywise(name, [each or val for each, val in zip(rows, vals, strict=True)])
            return Val(self.builder.expand(flat.expr, [-2]), flat.loops, row=True)
        arguments = []
        for val in vals:
            if self.builder.is_constant(val.expr) and not val.loops:
                arguments.append(val.expr)
            else:
                arguments.append(self.builder.spread(self.brought(val, loops, len(inner)), dims + inner))
        made = self.builder.apply(PRIMITIVES[name], arguments)
        # Constants alone have no axes yet.
        return Val(made, loops) if self.builder.shape(made) == dims + inner else Val(made)

    def core(self, name: str, val: Val, **static: Any) -> Val:
        """A core row of one argument."""
        return Val(self.builder.core(name, val.expr, **static), val.loops)

    def close(self, made: Any) -> Expr:
        """A result that no index is left in."""
        if not isinstance(made, Val):
            raise ShapeProblem("a slice is not a value", None, "", self.source)
        return made.expr

    # Numbers that must be known now.

    def constant(self, val: Any, what: str) -> np.ndarray[Any, Any]:
        """The value of an axis, a size, a bound: it may depend only on variables whose value is given.

        Raises:
            Refusal: it depends on something else.
            NameProblem: a variable has no value yet.
        """
        if not isinstance(val, Val):
            raise DoesNotFit(f"{what} must be a number")
        if isinstance(val.expr, Number):
            return np.asarray(val.expr.value)
        inputs = {}
        for name in variables([val.expr]):
            if name not in self.values:
                hint = f"give it one: `--at {name}=...`"
                if name.lower() in ("true", "false"):
                    hint = "write 1 for true and 0 for false"
                elif self.builder.made_up:
                    hint = "write `len(x)` for the length of x, or name it in `--shape x:n`"
                raise NameProblem(
                    f"`{name}` settles {what}, and has no value", self.spans.get(variable(name)), hint, self.source
                )
            inputs[name] = self.sizes[name] = self.values[name]
        return np.asarray(self.compute(val.expr, inputs))

    def whole(self, val: Any, what: str) -> int:
        """A whole number that must be known now."""
        value = self.constant(val, what)
        if value.ndim or not np.isfinite(value) or value != np.floor(value):
            shown = float(value) if not value.ndim else named(value.shape)
            raise DoesNotFit(f"{what} must be a whole number, not {shown}")
        return int(value)

    def wholes(self, val: Any, what: str) -> tuple[int, ...]:
        """One whole number, or a vector of them."""
        value = self.constant(val, what)
        if value.ndim > 1 or not np.all(np.isfinite(value) & (value == np.floor(value))):
            raise DoesNotFit(f"{what} must be whole numbers")
        return tuple([int(entry) for entry in np.atleast_1d(value)])

    def dims(self, val: Any) -> Shape:
        """A shape that was written as a number or a vector."""
        dims = self.wholes(val, "a shape")
        if any(length < 0 for length in dims):
            raise DoesNotFit("a length cannot be negative")
        self.check_size(dims)
        return dims

    def check_size(self, dims: Shape) -> None:
        """Refuses arrays that no memory holds.

        Raises:
            Refusal: too many axes or entries.
        """
        if len(dims) > MOST_AXES:
            raise DoesNotFit(f"an array of {len(dims)} axes has too many", f"there may be {MOST_AXES}")
        if not self.builder.made_up and math.prod(dims) > MOST_ENTRIES:
            raise DoesNotFit(f"an array of {math.prod(dims)} entries is too large")

    def number(self, value: float) -> Val:
        """A literal."""
        node = number(value)
        self.builder.shapes[node] = ()
        return Val(node)

    def axis(self, val: Any, rank: int) -> int:
        """An axis as a negative number.

        Raises:
            Refusal: there is no such axis.
        """
        axis = self.whole(val, "an axis")
        if not -rank <= axis < rank:
            raise DoesNotFit(f"there is no axis {axis} in an array of {rank} axes" if rank else "a number has no axes")
        return axis - rank if axis >= 0 else axis
