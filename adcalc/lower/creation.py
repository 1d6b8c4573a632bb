"""Arrays out of numbers and of one another: literals, `zeros`, `linspace`, `reshape`, `concat`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adcalc.ir.expr import Apply
from adcalc.lower.lowerer import DoesNotFit, Elaborator, Val
from adcalc.lower.shape_rules import LEAST_MADE_UP, KeyPart, broadcast, different, named


def array_literal(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`[a, b, c]`."""
    if not arguments:
        return Val(e.builder.core("fill", dims=(0,), value=0.0))
    return stacked_rule(e, arguments, 0)


def stacked_rule(e: Elaborator, parts: list[Val], axis: int) -> Val:
    """Arrays of one shape along a new axis."""
    shapes = {e.inner(part) for part in parts}
    if len(shapes) > 1:
        shown = " and ".join(named(shape) for shape in sorted(shapes, key=[e.inner(p) for p in parts].index))
        pair = different(list(shapes)) if len({len(shape) for shape in shapes}) == 1 else None
        raise DoesNotFit(
            f"the parts of an array must have one shape, these are {shown}", "give every row as many entries", pair
        )
    exprs, loops = e.aligned(parts)
    (inner,) = shapes
    dims = tuple([e.extents[loop] for loop in loops])
    exprs = [
        e.builder.filled(expr, dims + inner) if dims + inner and e.builder.shape(expr) != dims + inner else expr
        for expr in exprs
    ]
    return Val(e.builder.core("core array", *exprs, inner=len(inner) - axis), loops)


def stack(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`stack([x, y], axis=1)`."""
    *parts, axis = arguments
    parts = _parts(e, parts)
    chosen = e.axis(axis, e.rank(parts[0]) + 1) + e.rank(parts[0]) + 1
    return stacked_rule(e, parts, chosen)


def concat(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`concat([x, y], axis=1)`."""
    *parts, axis = arguments
    parts = _parts(e, parts)
    rank = e.rank(parts[0])
    chosen = e.axis(axis, rank)
    for part in parts:
        shape = list(e.inner(part))
        other = list(e.inner(parts[0]))
        if len(shape) == rank:
            shape[chosen] = other[chosen] = 0
        if shape != other:
            raise DoesNotFit(
                f"{named(e.inner(parts[0]))} and {named(e.inner(part))} do not fit together in `concat`",
                "all axes but the one they are joined along must be equal",
            )
    exprs, loops = e.aligned(parts)
    return Val(e.builder.core("core concat", *exprs, axis=chosen), loops)


def _parts(e: Elaborator, parts: list[Val]) -> list[Val]:
    """The arrays to be joined: several, or the rows of one."""
    if len(parts) > 1:
        return parts
    (whole,) = parts
    if not e.rank(whole):
        raise DoesNotFit("there is only one array to join", "write `concat([x, y])`")
    rank = e.rank(whole)
    keys: list[list[KeyPart]] = [[i, *[(0, n, 1) for n in e.inner(whole)[1:]]] for i in range(e.inner(whole)[0])]
    if not keys:
        raise DoesNotFit("there are no arrays to join")
    return [Val(e.builder.index(whole.expr, key), whole.loops) for key in keys] if rank else parts


def filled(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`zeros`, `ones`."""
    dims = e.dims(arguments[0])
    return Val(e.builder.core("fill", dims=dims, value=float(node.primitive.name == "ones")))


def full(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`full(shape, value)`."""
    return broadcasted(e, node, [arguments[1], arguments[0]])


def broadcasted(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`broadcast(x, shape)`."""
    array, dims = arguments[0], e.dims(arguments[1])
    inner = e.inner(array)
    try:
        fits = broadcast([inner, dims]) == dims
    except ValueError:
        fits = False
    if not fits:
        raise DoesNotFit(f"{named(inner)} cannot be repeated to {named(dims)}")
    lead = tuple([e.extents[loop] for loop in array.loops])
    return Val(e.builder.spread(e.brought(array, array.loops, len(dims)), lead + dims), array.loops)


def eye(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """The identity matrix."""
    (n,) = (e.whole(arguments[0], "the size of a matrix"),)
    if n < 0:
        raise DoesNotFit("a length cannot be negative")
    e.check_size((n, n))
    return Val(e.builder.core("identity", n=n))


def arange(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`arange(n)`, `arange(start, stop, step)`."""
    start, stop, step = arguments
    if stop is None:
        start, stop = e.number(0.0), e.number(float(e.whole(start, "the end of a range")))
    first, last, width = (e.constant(part, "the bound of a range") for part in (start, stop, step))
    if any(part.ndim for part in (first, last, width)):
        raise DoesNotFit("the bounds of a range are numbers")
    if not all(np.isfinite(part) for part in (first, last, width)):
        raise DoesNotFit("the bounds of a range must be finite")
    if not float(width):
        raise DoesNotFit("the step of a range cannot be 0")
    count = max(int(-(-(float(last) - float(first)) // float(width))), 0)
    e.check_size((count,))
    numbers = Val(e.builder.core("numbers", range=(0, count, 1)))
    if float(first) == int(first) and float(width) == int(width):
        begin, by = int(first), int(width)
        return Val(e.builder.core("numbers", range=(begin, begin + count * by, by)))
    return e.entrywise("+", [start, e.entrywise("*", [numbers, step])])


def one_hot(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """A row for each label."""
    count = e.whole(arguments[1], "the number of labels")
    if count < 1:
        raise DoesNotFit("there must be at least one label")
    return e.core("core one_hot", arguments[0], n=count)


def reshape(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`reshape(x, shape)`."""
    array = arguments[0]
    dims = list(e.wholes(arguments[1], "a shape"))
    size = math.prod(e.inner(array))
    if dims.count(-1) == 1:
        rest = math.prod([length for length in dims if length != -1])
        if rest > 0 and size % rest == 0:
            dims[dims.index(-1)] = size // rest
    if any(length < 0 for length in dims) or math.prod(dims) != size:
        raise DoesNotFit(f"{size} entries cannot be given the shape {'×'.join(map(str, dims))}")
    return Val(e.builder.shaped(array.expr, tuple(dims), e.rank(array)), array.loops)


def ravel(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """All entries in a vector."""
    (array,) = arguments
    size = math.prod(e.inner(array))
    return Val(e.builder.shaped(array.expr, (size,), e.rank(array)), array.loops)


def diag(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """A diagonal matrix, or a matrix's diagonal."""
    (array,) = arguments
    rank = e.rank(array)
    if rank not in (1, 2):
        raise DoesNotFit(f"`diag` needs a vector or a matrix, not {named(e.inner(array))}")
    if rank == 1:
        e.check_size(e.inner(array) * 2)
        return e.core("diagonal", array)
    rows, columns = e.inner(array)
    if rows != columns and min(rows, columns) >= LEAST_MADE_UP:
        raise DoesNotFit("the diagonal is that of a square matrix, if nobody says otherwise", "", (rows, columns))
    if rows != columns:
        short = min(rows, columns)
        array = Val(e.builder.index(array.expr, ((0, short, 1), (0, short, 1))), array.loops)
    return e.core("on_diagonal", array)


def triangle(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`triu`, `tril`."""
    array = arguments[0]
    if e.rank(array) != 2:
        raise DoesNotFit(f"`{node.primitive.name}` needs a matrix, not {named(e.inner(array))}")
    return e.core(
        "upper" if node.primitive.name == "triu" else "lower", array, k=e.whole(arguments[1], "a diagonal's number")
    )


def place(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """An array in the midst of zeros."""
    array, dims = arguments[0], e.dims(arguments[1])
    starts, steps = (e.wholes(part, "a place") for part in arguments[2:])
    inner = e.inner(array)
    if not len(inner) == len(dims) == len(starts) == len(steps):
        raise DoesNotFit("`place` needs a start and a step for every axis")
    key = []
    for length, room, start, step in zip(inner, dims, starts, steps, strict=True):
        end = start + (length - 1) * step
        if length and not (0 <= start < room and 0 <= end < room and step):
            raise DoesNotFit(f"{named(inner)} does not fit there into {named(dims)}")
        key.append(
            (start, start + length * step, step) if step > 0 or start + length * step >= 0 else (start, -1, step)
        )
    return e.core("scatter", array, dims=dims, key=tuple(key))


def accumulate(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`accumulate(x, places, n)`."""
    array, places = arguments[:2]
    count = e.whole(arguments[2], "a length")
    if count < 0:
        raise DoesNotFit("a length cannot be negative")
    if e.inner(array) != e.inner(places):
        shown = f"{named(e.inner(array))} and {named(e.inner(places))}"
        raise DoesNotFit(f"{shown} do not fit together in `accumulate`", "give a place for every entry")
    if array.loops or places.loops:
        raise DoesNotFit("`accumulate` cannot stand in a sum over an index")
    e.check_size((count,))
    return Val(e.builder.core("put", array.expr, places.expr, n=count))


def size(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """`len`, `size`, `shape`: known before anything is computed."""
    dims = e.inner(arguments[0])
    if node.primitive.name == "shape":
        return stacked_rule(e, [e.number(float(length)) for length in dims], 0) if dims else array_literal(e, node, [])
    if node.primitive.name == "len":
        if not dims:
            raise DoesNotFit("a number has no length")
        return e.number(float(dims[0]))
    return e.number(float(math.prod(dims)))
