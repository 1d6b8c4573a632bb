"""Products: by `@`, by `*` in both notations, and those of linear algebra with names."""

from __future__ import annotations

import math

from adcalc.errors import Caution
from adcalc.ir.expr import Apply, Number
from adcalc.lower.lowerer import DoesNotFit, Elaborator, Val, row
from adcalc.lower.reductions import extreme, squared_norm
from adcalc.lower.shape_rules import LEAST_MADE_UP, Shape, named

_NUMPY = "entry by entry here, as in NumPy"
_BOOK = "the matrix product here, as in a book, for the formula has a `'`"


def applied(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """A row that works entry by entry, with what is to be said about `*`."""
    name = node.primitive.name
    if name in ("max", "min") and len(arguments) == 1:
        return extreme(e, f"a{name}", arguments[0])
    if name == "^":
        simpler = squared_norm(e, arguments)
        if simpler is not None:
            return simpler
    if name == "*":
        noted(e, arguments, _NUMPY, "write `@` for the matrix product, `.*` to say that this is meant")
    if name == "^":
        _noted_power(e, arguments)
    return e.entrywise(name, arguments)


def _noted_power(e: Elaborator, vals: list[Val]) -> None:
    """Says how a whole power of a square matrix was read."""
    dims, exponent = e.inner(vals[0]), vals[1].expr
    if not (_square(e, dims) and isinstance(exponent, Number)):
        return
    if exponent.value == -1.0 or (exponent.value >= 2.0 and exponent.value == int(exponent.value)):
        other = "inv(A)" if exponent.value == -1.0 else "A@A"
        _caution(e, f"`^` is {_NUMPY}", f"write `{other}` for the power of a matrix, `.^` to say that this is meant")


def _square(e: Elaborator, dims: Shape) -> bool:
    """Whether an array is a square matrix, or may be one where lengths are not known."""
    if len(dims) != 2:
        return False
    unknown = e.builder.made_up and min(dims) >= LEAST_MADE_UP
    return dims[0] > 1 and (dims[0] == dims[1] or unknown)


def noted(e: Elaborator, vals: list[Val], read: str, hint: str) -> None:
    """Says how a product by `*` was read where both notations have a reading."""
    first, second = (e.inner(val) for val in vals)
    product = len(first) == 2 and first[1] > 1
    alike = second == first or (e.builder.made_up and _square(e, second))
    both = product and (second == first[1:] or (alike and _square(e, first)))
    if both and not any(e.builder.is_constant(v.expr) for v in vals):
        _caution(e, f"`*` is {read}", hint)


def _caution(e: Elaborator, message: str, hint: str) -> None:
    caution = Caution("notation", message, e.span, hint)
    if caution.span is not None and e.call is None and caution not in e.cautions:
        e.cautions.append(caution)


def _conform(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    return bool(first and second) and first[-1] == second[0]


def product(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`@`, and `dot`."""
    first, second = arguments
    if not (e.rank(first) and e.rank(second)):
        if node.primitive.name == "dot":
            return e.entrywise("*", arguments)
        raise DoesNotFit("`@` multiplies vectors and matrices", "write `*` for a product with a number")
    return multiplied(e, first, second)


def multiplied(e: Elaborator, first: Val, second: Val) -> Val:
    """The product of vectors and matrices."""
    shapes = e.inner(first), e.inner(second)
    ranks = len(shapes[0]), len(shapes[1])
    if max(ranks) > 2:
        raise DoesNotFit(f"products are of vectors and matrices, not of {named(max(shapes, key=len))}")
    if not _conform(*shapes):
        hint = f"the last axis of the first, {shapes[0][-1]}, must be as long as the first axis of the second, {shapes[1][0]}"
        raise DoesNotFit(
            f"{named(shapes[0])} and {named(shapes[1])} do not fit together in a product",
            hint,
            (shapes[0][-1], shapes[1][0]),
        )
    name = {(1, 1): "inner", (2, 1): "matvec", (1, 2): "vecmat", (2, 2): "matmul"}[ranks]
    (x, y), loops = e.aligned([first, second])
    return Val(e.builder.core(name, x, y), loops)


def times(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`*` in a book's notation: of matrices the matrix product, a row by a vector is a number."""
    first, second = arguments
    shapes = e.inner(first), e.inner(second)
    if not (shapes[0] and shapes[1]) or (len(shapes[0]) == len(shapes[1]) == 1):
        return e.entrywise("*", arguments)
    own = row(first)
    if own is not None and len(shapes[0]) == 2:
        made = multiplied(e, own, second)
        return made if e.rank(second) == 1 else Val(e.builder.expand(made.expr, [-2]), made.loops, row=True)
    column_by_row = row(second)
    if column_by_row is not None and len(shapes[0]) == 1:
        return outer(e, node, [first, column_by_row])
    if len(shapes[0]) == 1 and len(shapes[1]) == 2:
        if shapes[1][0] == 1:
            return outer(e, node, [first, Val(e.builder.squeeze(second.expr, [-2]), second.loops)])
        raise DoesNotFit(f"{named(shapes[0])} is a column, and does not fit before {named(shapes[1])}", "write `x'*A`")
    noted(e, arguments, _BOOK, "write `.*` for entry by entry, `@` to say that this is meant")
    made = multiplied(e, first, second)
    return Val(e.builder.squeeze(made.expr, [-1]), made.loops) if e.inner(made) == (1,) else made


def raised(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`^` in a book's notation: of a matrix the repeated product."""
    base, exponent = arguments
    if e.rank(base) < 2:
        return squared_norm(e, arguments) or e.entrywise("^", arguments)
    dims = e.inner(base)
    if not isinstance(exponent.expr, Number) or dims[0] != dims[1]:
        raise DoesNotFit(
            f"{named(dims)} to a power is either of two things",
            "write `A.^2` entry by entry, or `A*A`",
            dims if len(dims) == 2 else None,
        )
    _caution(e, f"`^` is {_BOOK.replace('product', 'power')}", "write `.^` for entry by entry")
    count = exponent.expr.value
    if count == -1.0:
        return e.core("core inv", base)
    if count != int(count) or not 1.0 <= count <= 64.0:
        raise DoesNotFit("a matrix is raised to whole powers from 1 to 64, and to -1", "write `A.^y` entry by entry")
    made = base
    for bit in bin(int(count))[3:]:
        made = multiplied(e, made, made)
        if bit == "1":
            made = multiplied(e, made, base)
    return made


def entrywise_product(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`.*`, `./`, `.^`."""
    return e.entrywise(node.primitive.name[1], arguments)


def transpose(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`A.T`."""
    (array,) = arguments
    if e.rank(array) < 2:
        return array
    if e.rank(array) > 2:
        raise DoesNotFit("only a matrix has a transpose")
    return Val(e.builder.swap(array.expr), array.loops)


def prime(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """`A'`; of a vector it is the row."""
    (array,) = arguments
    if not (e.rank(array) or isinstance(array.expr, Number)):
        message = "`'` is the transpose, and that of a number is the number itself"
        _caution(e, message, "write `diff(..., x)` for a derivative, or leave out the `'`")
    if e.rank(array) == 1:
        return Val(e.builder.expand(array.expr, [-2]), array.loops, row=True)
    own = row(array)
    return own if own is not None else transpose(e, node, arguments)


def outer(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """All products of entries of two vectors."""
    flat = []
    for each in arguments:
        rank = e.rank(each)
        length = math.prod(e.inner(each))
        flat.append(each if rank == 1 else Val(e.builder.shaped(each.expr, (length,), rank), each.loops))
    (x, y), loops = e.aligned(flat)
    e.check_size((e.builder.shape(x)[-1], e.builder.shape(y)[-1]))
    return Val(e.builder.core("dyad", x, y), loops)


def kron(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """Every entry of the first times all of the second."""
    first, second = arguments
    if not e.rank(first) == e.rank(second) or e.rank(first) not in (1, 2):
        raise DoesNotFit("`kron` takes two vectors or two matrices")
    loops = e.united(arguments)
    m, n = e.inner(first), e.inner(second)
    rank = len(m)
    apart = Val(e.builder.expand(first.expr, [-1] if rank == 1 else [-3, -1]), first.loops)
    among = Val(e.builder.expand(second.expr, [-2] if rank == 1 else [-4, -2]), second.loops)
    made = e.entrywise("*", [apart, among])
    dims = tuple([a * b for a, b in zip(m, n, strict=True)])
    return Val(e.builder.shaped(made.expr, dims, 2 * rank), loops)


def square(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """What is defined for square matrices; the trace for all."""
    (matrix,) = arguments
    name, dims = node.primitive.name, e.inner(matrix)
    if len(dims) != 2 or dims[0] != dims[1]:
        raise DoesNotFit(f"`{name}` needs a square matrix, not {named(dims)}", "", dims if len(dims) == 2 else None)
    if not dims[0] and name != "trace":
        raise DoesNotFit(f"`{name}` of a matrix without entries")
    core = {"eigenvectors": "core eigenvectors", "cofactor": "cofactors"}.get(name, f"core {name}")
    return e.core(core, matrix)


def solve(e: Elaborator, node: Apply, arguments: list[Val]) -> Val:
    """The solution of a linear system."""
    matrix, right = arguments
    dims, other = e.inner(matrix), e.inner(right)
    if len(dims) != 2 or dims[0] != dims[1]:
        raise DoesNotFit(f"`solve` needs a square matrix, not {named(dims)}", "", dims if len(dims) == 2 else None)
    if len(other) not in (1, 2) or other[0] != dims[0]:
        raise DoesNotFit(
            f"{named(dims)} and {named(other)} do not fit together in `solve`",
            f"the right side needs {dims[0]} rows",
            (other[0], dims[0]) if other else None,
        )
    (x, y), loops = e.aligned(arguments)
    return Val(e.builder.core("solvevec" if len(other) == 1 else "core solve", x, y), loops)
