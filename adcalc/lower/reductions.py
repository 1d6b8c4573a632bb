"""Sums, extremes and their like: which axes they run over, and the core rows that do it."""

from __future__ import annotations

import math
from typing import Any

from adcalc.ir.expr import Apply, Number, number
from adcalc.lower.comprehensions import moved
from adcalc.lower.lowerer import DoesNotFit, Elaborator, Val
from adcalc.lower.shape_rules import named


def axes_of(e: Elaborator, array: Val, axis: Any) -> tuple[int, ...]:
    """The axes that were asked for, as negative numbers; all where none were."""
    rank = e.rank(array)
    if axis is None:
        return tuple(range(-rank, 0))
    wanted = tuple([e.axis(e.number(float(each)), rank) for each in e.wholes(axis, "an axis")])
    if len(set(wanted)) < len(wanted):
        raise DoesNotFit("an axis is named twice")
    return tuple(sorted(wanted))


def kept(e: Elaborator, made: Val, axes: tuple[int, ...], keepdims: Any) -> Val:
    """A result with its axes put back, of length 1, where that is wanted."""
    if axes and keepdims is not None and e.whole(keepdims, "keepdims"):
        return Val(e.builder.expand(made.expr, axes), made.loops)
    return made


def summed(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """The sum over axes."""
    array, axis, keepdims = arguments
    axes = axes_of(e, array, axis)
    expr = array.expr
    repeated = 1.0
    if isinstance(expr, Apply) and expr.primitive.name == "spread":
        # What was only repeated need not be added up.
        below = expr.arguments[0]
        before, after = e.builder.shape(below), e.builder.shape(expr)
        for each in axes:
            if before[each] == 1:
                repeated *= after[each]
        dims = tuple(
            [
                b if axis - len(after) in axes and b == 1 else a
                for axis, (b, a) in enumerate(zip(before, after, strict=True))
            ]
        )
        expr = e.builder.spread(below, dims)
    made = e.builder.sum(expr, axes)
    if repeated != 1.0:
        made = e.builder.entrywise("*", number(repeated), made)
    return kept(e, Val(made, array.loops), axes, keepdims)


def counted(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """How many entries there are along the axes of a sum."""
    array, axis = arguments
    dims = e.inner(array)
    return e.number(float(math.prod([dims[each] for each in axes_of(e, array, axis)])))


def reduced(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """Rows that run over the last axis: others are brought there."""
    array, axis, keepdims = arguments
    return _over_last(e, node.primitive.name, array, axis, keepdims)


def extreme(e: Elaborator, name: str, array: Val) -> Val:
    """`max(x)` and `min(x)` of all entries."""
    return _over_last(e, name, array, None, None)


def _over_last(e: Elaborator, name: str, array: Val, axis: Any, keepdims: Any) -> Val:
    axes = axes_of(e, array, axis)
    if not axes:
        return array
    made = Val(e.builder.core(f"core {name}", last(e, array, axes, name)), array.loops)
    return kept(e, made, axes, keepdims)


def last(e: Elaborator, array: Val, axes: tuple[int, ...], name: str) -> Any:
    """An array with some axes as its last one.

    Raises:
        Refusal: they are empty, where that has no answer.
    """
    dims = e.inner(array)
    length = math.prod([dims[each] for each in axes])
    if not length and name not in ("prod", "cumsum", "logsumexp"):
        called = {"amax": "max", "amin": "min"}.get(name, name)
        raise DoesNotFit(f"`{called}` of nothing has no value", "there are no entries along this axis")
    total = len(e.builder.shape(array.expr))
    order = [position for position in range(total) if position - total not in axes]
    expr = moved(e, array.expr, [*order, *[axis % total for axis in axes]])
    return e.builder.shaped(expr, (length,), len(axes))


def placed(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """The place of the largest or smallest entry, in the array written out row by row or along an axis."""
    array, axis = arguments
    axes = axes_of(e, array, axis)
    if not axes:
        return e.number(0.0)
    if axis is not None and len(axes) != 1:
        raise DoesNotFit(f"`{node.primitive.name}` takes one axis")
    return Val(e.builder.core(f"core {node.primitive.name}", last(e, array, axes, node.primitive.name)), array.loops)


def along(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """Rows that give an array of the same shape, entry after entry along one axis."""
    array, axis = arguments
    name = node.primitive.name
    row = {"flip": "reverse", "others": "exclusive"}.get(name, f"core {name}")
    rank = e.rank(array)
    if not rank:
        raise DoesNotFit(f"`{name}` needs a vector or a matrix")
    if axis is None and rank > 1:
        if name != "cumsum":
            raise DoesNotFit(f"`{name}` of {named(e.inner(array))} needs an axis", "add `axis=0` or `axis=1`")
        # As NumPy has it: the array written out row by row.
        array, rank = Val(e.builder.shaped(array.expr, (math.prod(e.inner(array)),), rank), array.loops), 1
    chosen = -1 if axis is None else e.axis(axis, rank)
    if not e.inner(array)[chosen] and name in ("softmax", "log_softmax"):
        raise DoesNotFit(f"`{name}` of nothing has no value", "there are no entries along this axis")
    total = len(e.builder.shape(array.expr))
    order = list(range(total))
    order[chosen % total], order[-1] = order[-1], order[chosen % total]
    made = e.builder.core(row, moved(e, array.expr, order))
    return Val(moved(e, made, order), array.loops)


def norm_rule(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """The root of the sum of squares."""
    array, axis, keepdims = arguments
    axes = axes_of(e, array, axis)
    if not axes:
        return e.entrywise("abs", [array])
    return kept(e, Val(e.builder.core("core norm", array.expr, axes=axes), array.loops), axes, keepdims)


def cross_entropy(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """The mean over rows of -log softmax at the labels."""
    logits, labels = arguments
    rank = e.rank(logits)
    if rank not in (1, 2):
        raise DoesNotFit(f"`cross_entropy` needs logits in a vector or in rows, not {named(e.inner(logits))}")
    if e.rank(labels) == rank - 1:
        labels = Val(e.builder.core("core one_hot", labels.expr, n=e.inner(logits)[-1]), labels.loops)
    if e.inner(labels) != e.inner(logits):
        shown = f"logits are {named(e.inner(logits))}, labels {named(e.inner(arguments[1]))}"
        raise DoesNotFit(
            f"{shown}: they do not fit together", "give one label for each row, or a row of weights for each"
        )
    logarithms = e.core("core log_softmax", logits)
    total = e.entrywise("*", [labels, logarithms])
    made = e.builder.sum(total.expr, tuple(range(-rank, 0)))
    rows = e.inner(logits)[0] if rank == 2 else 1
    if not rows:
        raise DoesNotFit("`cross_entropy` of no rows has no value")
    return Val(e.builder.entrywise("/", e.builder.entrywise("neg", made), number(float(rows))), total.loops)


def squared_norm(e: Elaborator, arguments: list[Val]) -> Val | None:
    """An even power of a norm or an absolute value, without the kink that the root would bring."""
    base, exponent = arguments
    power = exponent.expr
    if not isinstance(power, Number) or power.value not in (2.0, 4.0, 6.0, 8.0):
        return None
    node = base.expr
    if not isinstance(node, Apply):
        return None
    if node.primitive.name == "core norm":
        (inside,) = node.arguments
        squares = e.builder.entrywise("^", inside, number(2.0))
        made = Val(e.builder.sum(squares, node.primitive.setting("axes")), base.loops)
    elif node.primitive.name == "abs":
        made = Val(e.builder.entrywise("^", node.arguments[0], number(2.0)), base.loops)
    else:
        return None
    return made if power.value == 2.0 else e.entrywise("^", [made, e.number(power.value / 2.0)])
