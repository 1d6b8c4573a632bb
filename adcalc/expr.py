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

from adcalc.primitive import Primitive


class Number:
    """A literal: a float64."""

    __slots__ = ("__weakref__", "value")
    value: float

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


def number(value: float) -> Number:
    """The node of a literal.

    >>> number(2) is number(2.0), number(0.0) is number(-0.0)
    (True, False)
    """
    value = float(value)
    key = (value, math.copysign(1.0, value)) if value == value else "nan"
    node = _living.get(key)
    if node is None:
        with _lock:
            node = _living.get(key)
            if node is None:
                node = Number.__new__(Number)
                node.value = value
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
        return number(-arguments[0].value)
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
