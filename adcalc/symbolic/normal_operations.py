"""What becomes of each operation on whole arrays when a formula is tidied up.

Sums over what is only repeated are counted, transposes of products turned round, products with an
identity matrix left out, and `A'*y` by `z` is `y'*A*z`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adcalc.ir.expr import Apply, Expr, Variable, apply, number
from adcalc.ir.primitive import Primitive
from adcalc.lower.shape_rules import Shape
from adcalc.symbolic.normal_form import Collector, Rule, is_column
from adcalc.table import PRIMITIVES

_TIMES = PRIMITIVES["*"]


def _same(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    """What broadcasting does by itself."""
    return arguments[0]


def _expand(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    (expr,), axes = arguments, primitive.setting("axes")
    total = len(dims[0]) + len(axes)
    if not c.shape(expr) or all(axis % total < len(axes) for axis in axes):
        return expr
    return c.scaled(c.fit(expr, dims[0]), lambda rest: c.atom(primitive, c.fit(rest, dims[0])))


def _squeeze(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    (expr,), axes = arguments, primitive.setting("axes")
    shape = c.shape(expr)
    if all(-axis > len(shape) for axis in axes):
        return expr
    atom = c.opened(expr)
    if atom is not None and atom.primitive.name == "expand" and atom.primitive.setting("axes") == axes:
        return atom.arguments[0]
    return c.scaled(c.fit(expr, dims[0]), lambda rest: c.atom(primitive, c.fit(rest, dims[0])))


def _sum(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    """What is only repeated along an axis is counted instead of added up."""
    (expr,), axes = arguments, primitive.setting("axes")
    factor, rest = c.split(expr)
    shape = c.shape(rest) if rest is not None else ()
    added = []
    for axis in axes:
        if -axis > len(shape) or (shape[axis] == 1 and dims[0][axis] != 1):
            factor = apply(_TIMES, factor, c.size(dims[0][axis]))
        else:
            added.append(axis)
    if rest is None:
        return factor
    rest = c.tidy(rest)
    made = _weighted(c, rest, added)
    if made is not None:
        return apply(_TIMES, factor, made)
    gone = [axis for axis in range(-len(shape), 0) if axis in axes and axis not in added]
    made = c.atom(PRIMITIVES["core sum"].bound(axes=tuple(sorted({*added, *gone}))), rest) if added or gone else rest
    return apply(_TIMES, factor, made)


def _weighted(c: Collector, expr: Expr, axes: Sequence[int]) -> Expr | None:
    """The sum of a matrix's rows or columns with weights, as a product with the vector of weights."""
    if not isinstance(expr, Apply) or expr.primitive is not _TIMES or len(axes) != 1:
        return None
    for matrix, vector in (expr.arguments, expr.arguments[::-1]):
        column = c.opened(vector)
        dims = c.shape(matrix)
        if len(dims) != 2:
            continue
        if axes[0] == -1 and c.shape(vector) == dims[1:]:
            return _multiplied(c, PRIMITIVES["matvec"], matrix, vector)
        if axes[0] == -2 and column is not None and is_column(column) and c.shape(column.arguments[0]) == dims[:1]:
            return _multiplied(c, PRIMITIVES["matvec"], _transposed(c, matrix, dims), column.arguments[0])
    return None


def _gather(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    wanted = primitive.setting("dims")
    behind = dims[0][len(dims[0]) - len(wanted) :]
    axes = tuple([axis - len(wanted) for axis, length in enumerate(wanted) if length != behind[axis]])
    added = _sum(c, PRIMITIVES["core sum"].bound(axes=axes), arguments, dims)
    below = tuple([length for axis, length in enumerate(dims[0]) if axis - len(dims[0]) not in axes])
    return _expand(c, PRIMITIVES["expand"].bound(axes=axes), [c.tidy(added)], [below])


def _swap(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    (expr,) = arguments
    if not c.shape(expr):
        return expr
    return c.scaled(c.fit(expr, dims[0]), lambda rest: _transposed(c, rest, dims[0]))


def _transposed(c: Collector, expr: Expr, dims: Shape) -> Expr:
    expr = c.fit(expr, dims)
    atom = c.opened(expr)
    if atom is not None:
        turned = (*dims[:-2], dims[-1], dims[-2])
        match atom.primitive.name, atom.arguments:
            case "swap", (inner,):
                return inner
            case (("identity" | "diagonal"), _):
                return expr
            case "dyad", (x, y):
                return c.atom(atom.primitive, y, x)
            case "fill", ():
                return c.atom(PRIMITIVES["fill"].bound(dims=turned, value=atom.primitive.setting("value")))
            case "matmul", (x, y):
                back = (_transposed(c, y, c.shape(y)), _transposed(c, x, c.shape(x)))
                return product_rule(c, atom.primitive, back, [c.shape(each) for each in back])
    return c.atom(PRIMITIVES["swap"], expr)


def product_rule(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    """A product of vectors and matrices, numbers in front."""
    factors, rests = [], []
    for argument, shape in zip(arguments, dims, strict=True):
        factor, rest = c.split(c.fit(argument, shape))
        factors.append(factor)
        assert rest is not None
        rests.append(c.fit(c.tidy(rest), shape))
    made = _multiplied(c, primitive, rests[0], rests[1])
    for factor in factors:
        if factor is not number(1):
            made = apply(_TIMES, factor, made)
    return made


def _multiplied(c: Collector, primitive: Primitive, x: Expr, y: Expr) -> Expr:
    ranks = len(c.shape(x)), len(c.shape(y))
    left, right = c.opened(x), c.opened(y)
    match primitive.name:
        case "matvec" if ranks == (2, 2):
            # Rows of y, each multiplied by the matrix: what a stack of cotangents meets.
            return _multiplied(c, PRIMITIVES["matmul"], y, _transposed(c, x, c.shape(x)))
        case "vecmat" if ranks == (2, 2):
            return _multiplied(c, PRIMITIVES["matmul"], x, y)
        case "vecmat" if ranks == (1, 2):
            return _multiplied(c, PRIMITIVES["matvec"], _transposed(c, y, c.shape(y)), x)
        case "inner" if ranks == (1, 1):
            for one, other in ((left, y), (right, x)):
                # (A'*y)'*z is y'*A*z.
                turned = c.opened(one.arguments[0]) if one is not None and one.primitive.name == "matvec" else None
                if one is not None and turned is not None and turned.primitive.name == "swap":
                    (matrix,) = turned.arguments
                    return c.atom(primitive, one.arguments[1], _multiplied(c, PRIMITIVES["matvec"], matrix, other))
            first, second = sorted((x, y), key=_label)
            return c.atom(primitive, second, first) if c.named(first) == "matvec" else c.atom(primitive, first, second)
        case "matmul" if ranks == (2, 2):
            if left is not None and left.primitive.name == "identity":
                return y
            if right is not None and right.primitive.name == "identity":
                return x
            if (left is not None and left.primitive.name == "core inv" and left.arguments == (y,)) or (
                right is not None and right.primitive.name == "core inv" and right.arguments == (x,)
            ):
                return c.atom(PRIMITIVES["identity"].bound(n=c.shape(x)[0]))
        case "matvec" if ranks == (2, 1):
            if left is not None and left.primitive.name == "identity":
                return y
            if left is not None and left.primitive.name == "dyad":
                inner = _multiplied(c, PRIMITIVES["inner"], left.arguments[1], y)
                return apply(_TIMES, inner, left.arguments[0])
            if left is not None and left.primitive.name == "diagonal":
                return apply(_TIMES, left.arguments[0], y)
    return c.atom(primitive, x, y)


def _label(expr: Expr) -> str:
    return expr.name if isinstance(expr, Variable) else "~"


def _inverse(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    """The inverse of a transpose is the transpose of the inverse."""
    expr = c.fit(arguments[0], dims[0])
    atom = c.opened(expr)
    if atom is not None and atom.primitive.name == "swap":
        return _transposed(c, c.atom(primitive, atom.arguments[0]), dims[0])
    return c.atom(primitive, expr)


def _solved(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    """Solutions for the rows of a matrix are a product with the inverse."""
    matrix, right = (c.fit(argument, shape) for argument, shape in zip(arguments, dims, strict=True))
    if len(c.shape(matrix)) == len(c.shape(right)) == 2:
        inverse = _inverse(c, PRIMITIVES["core inv"], [matrix], dims[:1])
        turned = _transposed(c, inverse, c.shape(matrix))
        return product_rule(c, PRIMITIVES["matmul"], (right, turned), [c.shape(right), c.shape(turned)])
    return c.atom(primitive, matrix, right)


def _trace(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    expr = c.fit(arguments[0], dims[0])
    return c.scaled(expr, lambda rest: c.atom(primitive, c.fit(rest, dims[0])))


def _array(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    return c.atom(primitive, *[c.fit(argument, shape) for argument, shape in zip(arguments, dims, strict=True)])


def _fill(c: Collector, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
    return number(primitive.setting("value")) if 0 not in primitive.setting("dims") else c.atom(primitive)


#: By the name of the core row.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "spread": _same,
        "expand": _expand,
        "squeeze": _squeeze,
        "core sum": _sum,
        "gather": _gather,
        "swap": _swap,
        "core trace": _trace,
        "core array": _array,
        "fill": _fill,
        "solvevec": _solved,
        "core inv": _inverse,
        **dict.fromkeys(("inner", "matvec", "vecmat", "matmul", "dyad"), product_rule),
    }
)
