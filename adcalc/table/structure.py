"""Arrays: how they are written, made, taken apart and put together.

A row over whole arrays is either *core*, with its adjoint and tangent as text, or it says by which
rule it is made of core rows once the shapes are known (`adcalc.lower`).  Core rows look at the last
axes only, so that further axes in front (a stack of directions, the index of a sum) pass through.
"""

from __future__ import annotations

from typing import Any

from adcalc.ir.primitive import Primitive
from adcalc.table.operators import ATOM, POWER, PRODUCT

_S, _M = "arrays", "making arrays"
_CORE: dict[str, Any] = {"over": "core", "internal": True, "group": "parts of arrays"}

# fmt: off
STRUCTURE: tuple[Primitive, ...] = (
    # How arrays are written.
    Primitive("[]", "A vector, or with vectors in it a matrix: `[1, 2]`, `[[1, 2], [3, 4]]`.",
              arity=(0, None), over="literal", binding=ATOM, group=_S),
    Primitive("x[]", "Entries, rows, columns and slices, counted from 0: `x[0]`, `A[1, :]`, `x[::2]`.",
              arity=(2, None), over="indexing", binding=ATOM, group=_S),
    Primitive(":", "A slice.", arity=(3, 3), over="slice", internal=True, group=_S),
    Primitive("absent", "An argument left out.", arity=(0, 0), over="absent", internal=True, group=_S),
    Primitive("for", "The terms for every value of an index: `[i^2 for i in 0..3]`.",
              arity=(4, 4), over="terms", binding=ATOM, group=_S),
    Primitive(".T", "The transpose, with rows and columns exchanged; a vector is its own.",
              over="transpose", binding=ATOM, latex=r"{x}^{{\top}}", group=_S),
    Primitive("'", "The transpose as a book writes it: that of a vector is a row. In a formula with `'` "
              "a product of matrices by `*` is the matrix product.",
              over="prime", binding=ATOM, latex=r"{x}^{{\top}}", group=_S),
    Primitive(".*", "The product entry by entry, where `*` could be a matrix product.", arity=(2, 2),
              over="entries", symbol=".*", binding=PRODUCT, latex=r"{x} \odot {y}", group=_S),
    Primitive("./", "The quotient entry by entry.", arity=(2, 2), over="entries", symbol="./",
              binding=PRODUCT, latex=r"{x} \oslash {y}", group=_S),
    Primitive(".^", "The power entry by entry.", arity=(2, 2), over="entries", symbol=".^",
              binding=POWER, latex=r"{x}^{{\circ {y}}}", group=_S),
    Primitive("times", "The product in a book's notation: of matrices the matrix product.", arity=(2, 2),
              over="times", symbol="*", binding=PRODUCT, latex="{x} {y}", internal=True, group=_S),
    Primitive("raised", "The power in a book's notation: of a matrix the repeated product.", arity=(2, 2),
              over="raised", symbol="^", binding=POWER, latex="{x}^{{{y}}}", internal=True, group=_S),

    # Making arrays.
    Primitive("zeros", "An array of zeros: `zeros(3)`, `zeros([2, 3])`.", over="filled", group=_M,
              arity=(1, 1), parameters=("shape",)),
    Primitive("ones", "An array of ones.", over="filled", group=_M, arity=(1, 1), parameters=("shape",)),
    Primitive("full", "An array filled with one value.", over="full", group=_M, arity=(2, 2),
              parameters=("shape", "value")),
    Primitive("eye", "The identity matrix of n rows.", over="eye", group=_M, arity=(1, 1), parameters=("n",)),
    Primitive("arange", "The whole numbers from 0 below n, or from a start below a stop in steps.",
              over="arange", group=_M, arity=(1, 3), parameters=("start", "stop", "step"),
              defaults=("absent", "1")),
    Primitive("linspace", "Evenly spaced numbers from a start to a stop, both included.", over="body",
              body="start + (stop - start)*(arange(num)/max(num - 1, 1))", group=_M, arity=(2, 3),
              parameters=("start", "stop", "num"), defaults=("50",)),
    Primitive("one_hot", "A row for each label, with a 1 at the label's place among n.", over="one_hot",
              group=_M, arity=(2, 2), parameters=("labels", "n")),

    # Taking apart and putting together.
    Primitive("reshape", "The same entries, row by row, in another shape; one -1 is worked out.",
              over="reshape", group=_M, arity=(2, 2), parameters=("x", "shape")),
    Primitive("ravel", "All entries as a vector, row by row.", over="ravel", group=_M, aliases=("flatten", "vec")),
    Primitive("concat", "Arrays one after the other along an axis: `concat([x, y])` or `concat(x, y)`.",
              over="concat", group=_M, arity=(1, None), parameters=("arrays", "axis"), aliases=("concatenate",)),
    Primitive("stack", "Arrays of one shape along a new axis: `stack([x, y], axis=1)` or `stack(x, y)`.",
              over="stack", group=_M, arity=(1, None), parameters=("arrays", "axis")),
    Primitive("flip", "A vector backwards; of a matrix the order along an axis.", over="along", group=_M,
              arity=(1, 2), parameters=("x", "axis"), defaults=("absent",)),
    Primitive("diag", "The diagonal matrix of a vector, or the diagonal of a matrix.", over="diag", group=_M),
    Primitive("triu", "The part of a matrix on and above the diagonal k.", over="triangle", group=_M,
              arity=(1, 2), parameters=("x", "k"), defaults=("0",)),
    Primitive("tril", "The part of a matrix on and below the diagonal k.", over="triangle", group=_M,
              arity=(1, 2), parameters=("x", "k"), defaults=("0",)),
    Primitive("broadcast", "An array repeated to fill a larger shape.", over="broadcast", group=_M,
              arity=(2, 2), parameters=("x", "shape"), aliases=("broadcast_to",)),
    Primitive("place", "An array in the midst of zeros: the entry number i of each axis stands at start + i*step.",
              over="place", group=_M, arity=(4, 4), parameters=("x", "shape", "start", "step")),
    Primitive("accumulate", "n zeros, to which the entries of x are added at places given as numbers.", over="accumulate",
              group=_M, arity=(3, 3), parameters=("x", "places", "n")),
    Primitive("len", "How many entries a vector has, or rows a matrix.", over="size", group=_M),
    Primitive("size", "How many entries an array has.", over="size", group=_M),
    Primitive("shape", "The lengths of the axes, as a vector.", over="size", group=_M),

    # Core rows.
    Primitive("core array", "Arrays along a new axis in front of the last `inner`.", arity=(1, None), adjoints=("index(g, key)",),
              linear="in all", **_CORE),
    Primitive("core concat", "Arrays along an axis.", arity=(1, None), adjoints=("index(g, key)",), linear="in all", **_CORE),
    Primitive("fill", "An array of one number.", arity=(0, 0), parameters=("dims", "value"), **_CORE),
    Primitive("identity", "The identity matrix.", arity=(0, 0), parameters=("n",), **_CORE),
    Primitive("numbers", "Whole numbers in steps.", arity=(0, 0), parameters=("range",), **_CORE),
    Primitive("core one_hot", "Ones at the labels' places.", parameters=("x", "n"), domain="a whole number from 0 below n", **_CORE),
    Primitive("length", "How long the last axis is.", over="size", internal=True, group="parts of arrays"),
    Primitive("rank", "How many axes there are.", over="size", internal=True, group="parts of arrays"),
    Primitive("expand", "Axes of length 1 put in.", parameters=("x", "axes"), adjoints=("squeeze(g, axes)",),
              linear="in all", **_CORE),
    Primitive("squeeze", "Axes of length 1 taken out.", parameters=("x", "axes"), adjoints=("expand(g, axes)",),
              linear="in all", **_CORE),
    Primitive("spread", "Axes of length 1 repeated.", parameters=("x", "dims"), adjoints=("gather(g, shape(x))",),
              linear="in all", **_CORE),
    Primitive("gather", "Repeated axes summed up.", parameters=("x", "dims"), adjoints=("spread(g, shape(x))",),
              linear="in all", **_CORE),
    Primitive("shaped", "Another shape.", parameters=("x", "dims", "rank"), adjoints=("shaped(g, shape(x), rank(g))",),
              linear="in all", **_CORE),
    Primitive("swap", "The last two axes exchanged.", adjoints=("swap(g)",), linear="in all",
              latex=r"{x}^{{\top}}", **_CORE),
    Primitive("permute", "The last axes in another order.", parameters=("x", "axes", "back"),
              adjoints=("permute(g, back, axes)",), linear="in all", **_CORE),
    Primitive("index", "Entries and slices.", parameters=("x", "key"), adjoints=("scatter(g, shape(x), key)",),
              linear="in all", **_CORE),
    Primitive("scatter", "Entries and slices in the midst of zeros.", parameters=("x", "dims", "key"),
              adjoints=("index(g, key)",), linear="in all", **_CORE),
    Primitive("take", "Entries of a vector at places that are given as numbers.", arity=(2, 2), parameters=("x", "y"), domain="places that are whole numbers within the array",
              adjoints=("put(g, y, length(x))", ""), tangents=("take(d, y)", ""), **_CORE),
    Primitive("put", "Entries added up at places that are given as numbers.", arity=(2, 2), parameters=("x", "y", "n"),
              adjoints=("take(g, y)", ""), tangents=("put(d, y, n)", ""), **_CORE),
    Primitive("reverse", "The last axis backwards.", adjoints=("reverse(g)",), linear="in all", **_CORE),
    Primitive("diagonal", "A vector as the diagonal of a matrix.", adjoints=("on_diagonal(g)",), linear="in all", **_CORE),
    Primitive("on_diagonal", "The diagonal of a matrix.", adjoints=("diagonal(g)",), linear="in all", **_CORE),
    Primitive("upper", "On and above a diagonal.", parameters=("x", "k"), adjoints=("upper(g, k)",), linear="in all", **_CORE),
    Primitive("unsound", "1 if some entry is not a finite number.", **_CORE),
    Primitive("lower", "On and below a diagonal.", parameters=("x", "k"), adjoints=("lower(g, k)",), linear="in all", **_CORE),
)
# fmt: on
