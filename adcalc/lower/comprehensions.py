"""Sums over an index: the index becomes an axis, and the term is computed for all its values at once."""

from __future__ import annotations

import numpy as np

from adcalc.ir.expr import Apply, Expr, Variable
from adcalc.lower.lowerer import DoesNotFit, Elaborator, Val


def opened(e: Elaborator, node: Apply, bounds: list[Val]) -> Val:
    """The index of a sum as the vector of its values, on an axis of its own."""
    name = node.arguments[2]
    assert isinstance(name, Variable)
    ends = [e.constant(bound, "the bound of an index") for bound in bounds]
    for end in ends:
        if not np.all(np.isfinite(end) & (end == np.floor(end))):
            raise DoesNotFit("the bounds of an index must be whole numbers")
    if any(bound.loops for bound in bounds):
        first, last = (int(ends[0].min(initial=0)), int(ends[1].max(initial=-1)))
    else:
        if any(end.ndim for end in ends):
            raise DoesNotFit("the bounds of an index must be numbers, not arrays")
        first, last = (int(end) for end in ends)
    count = max(last - first + 1, 0)
    e.check_size((count,))
    e.extents[name.name] = count
    index = Val(e.builder.core("numbers", range=(first, first + count, 1)), (name.name,))
    if any(bound.loops for bound in bounds):
        within = [e.entrywise("<=", [bounds[0], index]), e.entrywise("<=", [index, bounds[1]])]
        e.ragged[name] = e.entrywise("and", within)
    return index


def terms(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """The terms for all values of an index, on a new first axis; the index is no longer free."""
    index, term = node.arguments[2], arguments[3]
    assert isinstance(index, Variable)
    if index in e.ragged:
        term = e.entrywise("where", [e.ragged[index], term, e.number(0.0)])
        e.ragged[node] = term
    loops = tuple([loop for loop in e.united([term, arguments[2]]) if loop != index.name])
    every = (*loops, index.name)
    brought, _ = e.aligned([term, arguments[2]])
    expr, order = brought[0], e.united([term, arguments[2]])
    if order != every:
        expr = permuted(e, expr, order, every)
    return Val(e.builder.filled(expr, tuple(e.extents[loop] for loop in every) + e.inner(term)), loops)


def permuted(e: Elaborator, expr: Expr, order: tuple[str, ...], wanted: tuple[str, ...]) -> Expr:
    """An array with the axes of its indices in another order."""
    total = len(e.builder.shape(expr))
    axes = [order.index(loop) for loop in wanted] + list(range(len(order), total))
    return moved(e, expr, axes)


def moved(e: Elaborator, expr: Expr, axes: list[int]) -> Expr:
    """An array whose axis number i was axis number `axes[i]`."""
    total = len(axes)
    if axes == list(range(total)):
        return expr
    if total >= 2 and axes == [*range(total - 2), total - 1, total - 2]:
        return e.builder.swap(expr)
    back = [axes.index(axis) for axis in range(total)]
    return e.builder.core(
        "permute", expr, axes=tuple([axis - total for axis in axes]), back=tuple([axis - total for axis in back])
    )
