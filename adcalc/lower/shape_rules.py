"""The shape of what a core row gives, from the shapes of what it is given.

A core row looks at the last axes of its arguments; axes in front of those pass through (the
"generalised ufuncs" of NumPy).  Arguments have been made to fit before a core row is applied, so that
nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from adcalc.ir.primitive import Primitive

Shape = tuple[int, ...]
Shapes = Sequence[Shape]

#: Lengths that are made up, where nobody gave any, are not less than this.
LEAST_MADE_UP = 1009
#: A number is taken for a length with something added to it up to this difference.
NEAR = 3

#: A part of a key: an entry's number, or start, stop and step of a slice.
KeyPart = int | tuple[int, int, int]


def shape_of(primitive: Primitive, shapes: Shapes) -> Shape:
    """The shape of a row's value; of a row that works entry by entry, that of the larger arguments.

    >>> from adcalc.table import PRIMITIVES
    >>> shape_of(PRIMITIVES["core sum"].bound(axes=(-1,)), [(2, 3)]), shape_of(PRIMITIVES["+"], [(), (3,)])
    ((2,), (3,))
    """
    if primitive.elementwise:
        return broadcast(shapes)
    return _RULES[primitive.name](primitive, shapes)


def broadcast(shapes: Shapes) -> Shape:
    """The shape that arrays are repeated to where they meet entry by entry, as NumPy has it.

    Raises:
        ValueError: they do not fit.
    """
    length = max(map(len, shapes), default=0)
    result = [1] * length
    for shape in shapes:
        for axis in range(-len(shape), 0):
            if shape[axis] != 1:
                if result[axis] not in (1, shape[axis]):
                    raise ValueError("the shapes do not fit")
                result[axis] = shape[axis]
    return tuple(result)


def different(shapes: Shapes) -> tuple[int, int] | None:
    """The first two lengths that keep shapes from fitting entry by entry, counted from the last axis.

    >>> different([(2, 3), (4,)])
    (3, 4)
    """
    for axis in range(-max(map(len, shapes), default=0), 0):
        lengths = [shape[axis] for shape in shapes if len(shape) >= -axis and shape[axis] != 1]
        for length in lengths[1:]:
            if length != lengths[0]:
                return lengths[0], length
    return None


def key_dims(key: Sequence[KeyPart]) -> Shape:
    """The lengths of the axes that a key leaves."""
    return tuple([len(range(*part)) for part in key if isinstance(part, tuple)])


def key_slices(key: Sequence[KeyPart]) -> tuple[int | slice, ...]:
    """A key as Python takes it: a stop of -1 means the beginning, not the last entry."""
    return tuple(
        [part if isinstance(part, int) else slice(part[0], part[1] if part[1] >= 0 else None, part[2]) for part in key]
    )


def _with_axes(shape: Shape, axes: Sequence[int]) -> Shape:
    total = len(shape) + len(axes)
    put = {axis % total for axis in axes}
    rest = iter(shape)
    return tuple([1 if axis in put else next(rest) for axis in range(total)])


def _without_axes(shape: Shape, axes: Sequence[int]) -> Shape:
    left_out = {axis % len(shape) for axis in axes}
    return tuple([length for axis, length in enumerate(shape) if axis not in left_out])


def _rank(shape: Iterable[int]) -> int:
    return len(tuple(shape))


def _array(primitive: Primitive, shapes: Shapes) -> Shape:
    inner = primitive.setting("inner")
    largest: Shape = max(shapes, key=_rank, default=())
    cut = len(largest) - inner
    return (*largest[:cut], len(shapes), *largest[cut:])


def _concat(primitive: Primitive, shapes: Shapes) -> Shape:
    axis = primitive.setting("axis")
    largest = list(max(shapes, key=_rank))
    largest[axis] = sum(shape[axis] for shape in shapes)
    return tuple(largest)


def _index(primitive: Primitive, shapes: Shapes) -> Shape:
    key = primitive.setting("key")
    return shapes[0][: len(shapes[0]) - len(key)] + key_dims(key)


def _scatter(primitive: Primitive, shapes: Shapes) -> Shape:
    dims, kept = primitive.setting("dims"), len(key_dims(primitive.setting("key")))
    key = len(primitive.setting("key"))
    lead = shapes[0][: len(shapes[0]) - kept]
    return (*lead, *dims[len(dims) - key :])


def _lead(shapes: Shapes, ranks: Sequence[int]) -> Shape:
    return max((shape[: len(shape) - rank] for shape, rank in zip(shapes, ranks, strict=True)), key=_rank)


def _spread(primitive: Primitive, shapes: Shapes) -> Shape:
    dims = primitive.setting("dims")
    return (*shapes[0][: len(shapes[0]) - len(dims)], *dims)


def _shaped(primitive: Primitive, shapes: Shapes) -> Shape:
    return (*shapes[0][: len(shapes[0]) - primitive.setting("rank")], *primitive.setting("dims"))


def _permute(primitive: Primitive, shapes: Shapes) -> Shape:
    axes = primitive.setting("axes")
    return (*shapes[0][: len(shapes[0]) - len(axes)], *[shapes[0][axis] for axis in axes])


def _numbers(primitive: Primitive, shapes: Shapes) -> Shape:
    return (len(range(*primitive.setting("range"))),)


Rule = Callable[[Primitive, Shapes], Shape]


def _same(primitive: Primitive, shapes: Shapes) -> Shape:
    return shapes[0]


def _last_gone(primitive: Primitive, shapes: Shapes) -> Shape:
    return shapes[0][:-1]


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "core array": _array,
        "core concat": _concat,
        "fill": lambda primitive, shapes: primitive.setting("dims"),
        "identity": lambda primitive, shapes: (primitive.setting("n"),) * 2,
        "numbers": _numbers,
        "core one_hot": lambda primitive, shapes: (*shapes[0], primitive.setting("n")),
        "expand": lambda primitive, shapes: _with_axes(shapes[0], primitive.setting("axes")),
        "squeeze": lambda primitive, shapes: _without_axes(shapes[0], primitive.setting("axes")),
        "spread": _spread,
        "gather": _spread,
        "shaped": _shaped,
        "swap": lambda primitive, shapes: (*shapes[0][:-2], shapes[0][-1], shapes[0][-2]),
        "permute": _permute,
        "index": _index,
        "scatter": _scatter,
        "take": lambda primitive, shapes: shapes[0][:-1] + shapes[1],
        "put": lambda primitive, shapes: (
            *shapes[0][: len(shapes[0]) - len(shapes[1])], primitive.setting("n"),
        ),
        "diagonal": lambda primitive, shapes: (*shapes[0], shapes[0][-1]),
        "on_diagonal": lambda primitive, shapes: (*shapes[0][:-2], min(shapes[0][-2:])),
        "core sum": lambda primitive, shapes: _without_axes(shapes[0], primitive.setting("axes")),
        "core norm": lambda primitive, shapes: _without_axes(shapes[0], primitive.setting("axes")),
        "inner": lambda primitive, shapes: _lead(shapes, (1, 1)),
        "matvec": lambda primitive, shapes: (*_lead(shapes, (2, 1)), shapes[0][-2]),
        "vecmat": lambda primitive, shapes: (*_lead(shapes, (1, 2)), shapes[1][-1]),
        "matmul": lambda primitive, shapes: (*_lead(shapes, (2, 2)), shapes[0][-2], shapes[1][-1]),
        "dyad": lambda primitive, shapes: (*_lead(shapes, (1, 1)), shapes[0][-1], shapes[1][-1]),
        "core solve": lambda primitive, shapes: (*_lead(shapes, (2, 2)), shapes[0][-1], shapes[1][-1]),
        "solvevec": lambda primitive, shapes: (*_lead(shapes, (2, 1)), shapes[0][-1]),
        "minors": lambda primitive, shapes: (*_lead(shapes, (2, 2)), *shapes[0][-2:]),
        "core trace": lambda primitive, shapes: shapes[0][:-2],
        "core det": lambda primitive, shapes: shapes[0][:-2],
        "core logdet": lambda primitive, shapes: shapes[0][:-2],
        "core eigvalsh": _last_gone,
        "unsound": lambda primitive, shapes: (),
        **dict.fromkeys(
            ("core prod", "core amin", "core amax", "core argmin", "core argmax", "core logsumexp"), _last_gone
        ),
        **dict.fromkeys(
            (
                "reverse", "upper", "lower", "exclusive", "core cumsum", "core softmax", "core log_softmax",
                "cofactors", "core inv", "core cholesky", "core eigenvectors",
            ),
            _same,
        ),
    }
)  # fmt: skip


def named(shape: Shape) -> str:
    """A shape as a reader says it.

    >>> named(()), named((3,)), named((2, 3)), named((1, 3)), named((3, 1))
    ('a number', 'a vector of 3', '2×3', '1×3 (a row)', '3×1 (a column)')
    """
    if not shape:
        return "a number"
    if len(shape) == 1:
        return f"a vector of {shape[0]}"
    written = "×".join(map(str, shape))
    if len(shape) == 2 and shape != (1, 1) and 1 in shape:
        return f"{written} ({'a row' if shape[0] == 1 else 'a column'})"
    return written
