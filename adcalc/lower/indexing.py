"""Entries, slices and places given as numbers: `x[0]`, `A[1, ::2]`, `x[i + 1]`, `x[labels]`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adcalc.ir.expr import Apply, Expr, variable, variables
from adcalc.lower.comprehensions import moved
from adcalc.lower.lowerer import DoesNotFit, Elaborator, Slice, Val
from adcalc.lower.shape_rules import KeyPart, Shape, named


def sliced(e: Elaborator, node: Apply, arguments: list[Any]) -> Slice:
    """The parts of a slice, as far as they are written."""
    parts = [None if part is None else e.whole(part, "the bound of a slice") for part in arguments]
    if parts[2] == 0:
        raise DoesNotFit("the step of a slice cannot be 0")
    return Slice(*parts)


def indexed(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """Some entries of an array."""
    array, *specs = arguments
    dims = e.inner(array)
    if len(specs) > len(dims):
        raise DoesNotFit(
            f"{named(dims)} has no axis to take entry number {len(specs)} of" if dims else "a number has no entries"
        )
    specs += [Slice(None, None, None)] * (len(dims) - len(specs))
    parts = [_part(e, spec, length) for spec, length in zip(specs, dims, strict=True)]
    cuts = [part for part in parts if isinstance(part, Cut)]
    own = [cut.loop for cut in cuts if cut.loop]
    if len(cuts) == len(parts) and len({*own, *array.loops}) == len(own) + len(array.loops):
        return _cut(e, array, cuts)
    return _taken(e, array, parts)


class Cut(NamedTuple):
    """A part of a key, and the index of the sum that it runs over; "" for none."""

    part: KeyPart
    loop: str = ""


def _part(e: Elaborator, spec: Any, length: int) -> Cut | Val:
    if isinstance(spec, Slice):
        start, stop, step = slice(*spec).indices(length)
        if len(range(start, stop, step)) == 0:
            start, stop, step = 0, 0, 1
        return Cut((start, stop, step))
    if spec is None:
        raise DoesNotFit("an entry needs its number")
    if is_condition(spec.expr):
        raise DoesNotFit("a condition is not the number of an entry", "write `where(condition, x, 0)`")
    loose = any(loop for loop in spec.loops if _is_ragged(e, loop))
    assert isinstance(spec, Val)
    if not all(name in e.values for name in variables([spec.expr])):
        return spec
    places = e.constant(spec, "an entry's number")
    if not np.all(np.isfinite(places) & (places == np.floor(places))):
        raise DoesNotFit("the number of an entry must be a whole number")
    if loose:
        return e.entrywise("clip", [spec, e.number(-float(length)), e.number(length - 1.0)])
    outside = (places < -length) | (places >= length)
    if np.any(outside):
        first = int(places[outside].flat[0])
        raise DoesNotFit(
            f"there is no entry {first}: the axis has {length}, from 0 to {length - 1}"
            if length
            else "there are no entries"
        )
    if not places.ndim:
        return Cut(int(places) % length)
    if len(spec.loops) == 1 and places.ndim == 1:
        progression = _progression(places)
        if progression is not None:
            return Cut(progression, spec.loops[0])
    return spec


def is_condition(node: Expr) -> bool:
    """Whether a node is a comparison, or conditions put together."""
    return isinstance(node, Apply) and node.primitive.group == "comparisons and logic" and bool(node.primitive.binding)


def _is_ragged(e: Elaborator, loop: str) -> bool:
    return variable(loop) in e.ragged


def _progression(places: np.ndarray[Any, Any]) -> tuple[int, int, int] | None:
    """Places that a slice can say, none of them counted from the end."""
    if not places.size or places.min() < 0:
        return None
    step = int(places[1] - places[0]) if places.size > 1 else 1
    if step == 0 or not np.array_equal(places, places[0] + step * np.arange(places.size)):
        return None
    return int(places[0]), int(places[-1]) + (1 if step > 0 else -1), step


def _cut(e: Elaborator, array: Val, cuts: list[Cut]) -> Val:
    """What whole numbers and slices leave; an axis that an index runs along comes to the front."""
    made = e.builder.index(array.expr, [cut.part for cut in cuts])
    labels = [*array.loops, *[cut.loop for cut in cuts if isinstance(cut.part, tuple)]]
    loops = tuple(sorted(filter(None, labels), key=list(e.extents).index))
    inner = [position for position, label in enumerate(labels) if not label]
    return Val(moved(e, made, [*[labels.index(loop) for loop in loops], *inner]), loops)


def _taken(e: Elaborator, array: Val, parts: list[Any]) -> Val:
    """Entries at places that numbers say, through the place in the array written out row by row."""
    dims: Shape = e.builder.shape(array.expr)
    lead = [Val(e.builder.core("numbers", range=(0, e.extents[loop], 1)), (loop,)) for loop in array.loops]
    places = [position for position, part in enumerate(parts) if isinstance(part, Val)]
    width = max((e.rank(parts[position]) for position in places), default=0)
    kept = [
        position
        for position, part in enumerate(parts)
        if isinstance(part, Cut) and isinstance(part.part, tuple) and not part.loop
    ]
    # The axes that numbers make stand where the first of them stood.
    before = sum(position < places[0] for position in kept) if places else len(kept)
    total = len(kept) + width
    flat: Val = e.number(0.0)
    for axis, part in enumerate([*lead, *parts]):
        length = e.number(float(dims[axis]))
        number = part if axis < len(lead) else _number(e, part, dims[axis])
        if axis - len(lead) in kept:
            position = kept.index(axis - len(lead))
            position += width if position >= before else 0
            number = Val(e.builder.expand(number.expr, [each - total for each in range(total) if each != position]))
        elif isinstance(part, Val) and axis >= len(lead):
            behind = len(kept) - before
            rank = e.rank(number) + behind
            number = Val(e.builder.expand(number.expr, list(range(-behind, 0)) if rank else []), number.loops)
        flat = e.entrywise("+", [e.entrywise("*", [flat, length]), number])
    vector = e.builder.shaped(array.expr, (int(np.prod(dims)),), len(dims))
    return Val(e.builder.core("take", vector, flat.expr), flat.loops)


def _number(e: Elaborator, part: Any, length: int) -> Val:
    """The places that a part of a key means, counted from the front."""
    if isinstance(part, Cut):
        if isinstance(part.part, int):
            return e.number(float(part.part))
        return Val(e.builder.core("numbers", range=part.part), (part.loop,) if part.loop else ())
    assert isinstance(part, Val)
    if not variables([part.expr]) and np.all(e.constant(part, "an entry's number") >= 0.0):
        return part
    behind = e.entrywise("+", [part, e.number(float(length))])
    return e.entrywise("where", [e.entrywise("<", [part, e.number(0.0)]), behind, part])
