"""A formula is a graph of three kinds of node: a number, a variable, a primitive applied to arguments.

Nodes are immutable and interned (hash-consed; Ershov, 1958): building the same sub-expression twice
gives the same object.  Equality is therefore identity, common sub-expressions are shared without
anybody looking for them, and every pass may keep its results in a dictionary keyed by the node.

Nothing here or elsewhere walks a formula by recursion: a formula may be deeper than Python's stack.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from adcalc.ir.primitive import Primitive


class Number:
    """A literal: a quotient of integers in lowest terms, and the float64 next to it.

    Infinity is 1/0, -infinity -1/0, and what is no number 0/0; the negative zero is 0/1.
    """

    __slots__ = ("__weakref__", "denominator", "numerator", "value")
    numerator: int
    denominator: int
    value: float
    """Rounded once, to nearest."""

    def __float__(self) -> float:
        return self.value

    @property
    def finite(self) -> bool:
        """Whether it is a number at all, be it too large for a float64."""
        return self.denominator != 0

    @property
    def rounded(self) -> bool:
        """Whether the float64 is not the number itself."""
        if not math.isfinite(self.value):
            return self.finite
        over, under = self.value.as_integer_ratio()
        return (over, under) != (self.numerator, self.denominator)

    def __repr__(self) -> str:
        return f"Number({self.value!r})"


class Variable:
    """A free name."""

    __slots__ = ("__weakref__", "name")
    name: str

    def __repr__(self) -> str:
        return f"Variable({self.name!r})"


class Apply:
    """A primitive applied to arguments; named constants are primitives of no argument."""

    __slots__ = ("__weakref__", "arguments", "primitive")
    primitive: Primitive
    arguments: tuple[Expr, ...]

    def __repr__(self) -> str:
        return f"Apply({self.primitive.name!r}, {len(self.arguments)} arguments)"


Expr: TypeAlias = Number | Variable | Apply

# The table of living nodes.  It holds them weakly, so that it is a cache and not a state: whether a
# node is found or made anew cannot be told apart by anybody who does not already hold it.
_living: WeakValueDictionary[object, Expr] = WeakValueDictionary()
#: The free names of formulas that were asked for them.
_free: WeakKeyDictionary[Expr, tuple[str, ...]] = WeakKeyDictionary()
_lock = threading.Lock()
#: Digits of a decimal that are taken as they are.
_MOST_DIGITS = 4_000


def number(value: float | Number) -> Number:
    """The node of a number; a float stands for the shortest decimal that it is next to.

    >>> number(2) is number(2.0), number(0.0) is number(-0.0), number(0.1) is rational(1, 10)
    (True, False, True)
    """
    if isinstance(value, Number):
        return value
    if isinstance(value, int):
        return rational(int(value))
    if value == value // 1 and abs(value) < 2.0**53 and (value or math.copysign(1.0, value) > 0.0):
        return rational(int(value))
    if value and math.isfinite(value):
        return decimal(float.__repr__(value))
    return _number((value > 0) - (value < 0), int(value == 0), value, "-0" if value == 0 else "")


def rational(numerator: int, denominator: int = 1) -> Number:
    """The node of a quotient of integers; the divisor is positive.

    >>> rational(2, 6).numerator, rational(1, 3).value, rational(10**400).value
    (1, 0.3333333333333333, inf)
    """
    if denominator != 1:
        common = math.gcd(numerator, denominator)
        numerator, denominator = numerator // common, denominator // common
    try:
        value = numerator / denominator
    except OverflowError:
        value = math.inf if numerator > 0 else -math.inf
    return _number(numerator, denominator, value)


def decimal(text: str) -> Number:
    """The node of a decimal as it is written; its power of ten must be that of a float64, or about.

    Of thousands of digits the first ones are taken as they are, and that others follow.

    >>> decimal("1.10") is rational(11, 10), decimal("1e22") is rational(10**22)
    (True, True)
    """
    mantissa, _, power = text.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    written = (whole + part).lstrip("-0")
    digits = written.rstrip("0")
    scale = int(power or 0) - len(part) + len(written) - len(digits)
    if len(digits) > _MOST_DIGITS:
        # One more digit says that others follow, which is all that any rounding asks.
        scale += len(digits) - _MOST_DIGITS - 1
        digits = digits[:_MOST_DIGITS] + "1"
    scaled = -int(digits or "0") if mantissa.startswith("-") else int(digits or "0")
    return rational(scaled * 10**scale) if scale >= 0 else rational(scaled, 10**-scale)


def _number(numerator: int, denominator: int, value: float, mark: str = "") -> Number:
    key = (numerator, denominator, mark)
    node = _living.get(key)
    if node is None:
        with _lock:
            node = _living.get(key)
            if node is None:
                node = Number.__new__(Number)
                node.numerator, node.denominator, node.value = numerator, denominator, value
                _living[key] = node
    assert isinstance(node, Number)
    return node


def variable(name: str) -> Variable:
    """The node of a name.

    >>> variable("x") is variable("x")
    True
    """
    key = (Variable, name)
    node = _living.get(key)
    if node is None:
        with _lock:
            node = _living.get(key)
            if node is None:
                node = Variable.__new__(Variable)
                node.name = name
                _living[key] = node
    assert isinstance(node, Variable)
    return node


def apply(primitive: Primitive, *arguments: Expr) -> Expr:
    """The node of a primitive applied to arguments, as it stands: nothing is folded or reordered.

    Only the negative of a literal is a literal, for that is how it is written.
    """
    if len(arguments) == 1 and isinstance(arguments[0], Number) and primitive.name == "neg":
        known = arguments[0]
        if known.finite and known.numerator:
            return rational(-known.numerator, known.denominator)
        return number(-known.value)
    key = (primitive, arguments)
    node = _living.get(key)
    if node is None:
        with _lock:
            node = _living.get(key)
            if node is None:
                node = Apply.__new__(Apply)
                node.primitive = primitive
                node.arguments = arguments
                _living[key] = node
    assert isinstance(node, Apply)
    return node


def topological(roots: Iterable[Expr], known: Container[Expr] = ()) -> list[Expr]:
    """Every node below the roots once, arguments before the nodes that use them, left to right.

    Args:
        known: nodes that are left out, with what is below them alone.

    >>> from adcalc.table import PRIMITIVES
    >>> x = variable("x")
    >>> square = apply(PRIMITIVES["*"], x, x)
    >>> topological([apply(PRIMITIVES["+"], square, x)])
    [Variable('x'), Apply('*', 2 arguments), Apply('+', 2 arguments)]
    """
    order: list[Expr] = []
    done: set[Expr] = set()
    stack = list(roots)[::-1]
    while stack:
        node = stack[-1]
        if node in done or node in known:
            stack.pop()
            continue
        if isinstance(node, Apply):
            waiting = [argument for argument in node.arguments if argument not in done and argument not in known]
            if waiting:
                waiting.reverse()
                stack.extend(waiting)
                continue
        stack.pop()
        done.add(node)
        order.append(node)
    return order


def variables(roots: Iterable[Expr]) -> tuple[str, ...]:
    """The free names below the roots, in the order in which a reader meets them.

    The index of a loop is not free; what tells it from a name is the `:` before its number.
    """
    roots = tuple(roots)
    found = _free.get(roots[0]) if len(roots) == 1 else None
    if found is None:
        found = tuple([n.name for n in topological(roots) if isinstance(n, Variable) and ":" not in n.name])
        if len(roots) == 1:
            _free[roots[0]] = found
    return found


def rebuild(
    roots: Iterable[Expr],
    replaced: Mapping[Expr, Expr],
    defined: Mapping[Expr, Expr] | None = None,
    build: Callable[..., Expr] = apply,
) -> dict[Expr, Expr]:
    """Each node below the roots with what becomes of it when some nodes are replaced.

    Args:
        replaced: nodes and what stands for them, taken as it is.
        defined: nodes and what stands for them, to be rebuilt in its turn; it must not be circular.
        build: makes the nodes above a replaced one.

    >>> x, y = variable("x"), variable("y")
    >>> rebuild([x], {x: y})[x]
    Variable('y')
    """
    defined = defined or {}
    new: dict[Expr, Expr] = dict(replaced)
    stack = list(roots)[::-1]
    while stack:
        node = stack[-1]
        if node in new:
            stack.pop()
            continue
        if node in defined:
            meaning = defined[node]
            if meaning not in new:
                stack.append(meaning)
                continue
            new[node] = new[meaning]
        elif isinstance(node, Apply):
            waiting = [argument for argument in node.arguments if argument not in new]
            if waiting:
                waiting.reverse()
                stack.extend(waiting)
                continue
            arguments = tuple([new[argument] for argument in node.arguments])
            new[node] = node if arguments == node.arguments else build(node.primitive, *arguments)
        else:
            new[node] = node
        stack.pop()
    return new
