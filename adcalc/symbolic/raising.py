"""From atoms back to the language: how each core row is written, in NumPy's notation or a book's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adcalc.ir.expr import Apply, Expr, Number, apply, number, rebuild, topological
from adcalc.ir.primitive import Primitive
from adcalc.lower.shape_rules import Shape
from adcalc.symbolic.normal_form import Collector
from adcalc.table import PRIMITIVES

_ABSENT = apply(PRIMITIVES["absent"])
_NAMES = {
    "core trace": "trace", "core det": "det", "core logdet": "logdet", "core inv": "inv", "cofactors": "cofactor",
    "core cholesky": "cholesky", "core eigvalsh": "eigvalsh", "core eigenvectors": "eigenvectors", "core solve": "solve",
    "solvevec": "solve", "diagonal": "diag", "on_diagonal": "diag",
}  # fmt: skip
_ALONG = {
    "core softmax": "softmax", "core log_softmax": "log_softmax", "core cumsum": "cumsum", "reverse": "flip",
    "exclusive": "others", "core argmax": "argmax", "core argmin": "argmin",
}  # fmt: skip
_LAST = {"core prod": "prod", "core amax": "amax", "core amin": "amin", "core logsumexp": "logsumexp"}
_RANKS = {
    "inner": (1, 1), "matvec": (2, 1), "vecmat": (1, 2), "matmul": (2, 2), "dyad": (1, 1), "core solve": (2, 2),
    "solvevec": (2, 1), "swap": (2,), "diagonal": (1,), "on_diagonal": (2,), "upper": (2,), "lower": (2,),
    **dict.fromkeys(("core trace", "core det", "core logdet", "core inv", "cofactors", "core cholesky",
                     "core eigvalsh", "core eigenvectors"), (2,)),
}  # fmt: skip


class Speller:
    """Writes collected formulas in the language.

    Args:
        length: how the length of an axis is written.
        book: a book's notation, `A'*x`; else NumPy's, `A.T@x`.
    """

    def __init__(self, collector: Collector, length: Callable[[int], Expr], *, book: bool, exact: bool) -> None:
        self.collector = collector
        self.length = length
        self.book = book
        self.exact = exact
        self._products: set[Expr] = set()

    def spelled(self, roots: Sequence[Expr]) -> list[Expr]:
        """Formulas as they are written, atoms and all."""
        replaced: dict[Expr, Expr] = {}
        replaced |= self.collector.lengths
        for name, (primitive, arguments) in self.collector.atoms.items():
            made = [self._surface(argument, replaced) for argument in arguments]
            replaced[name] = self.word(primitive, made, [self.collector.shape(argument) for argument in arguments])
        found = [self._surface(root, replaced) for root in roots]
        return [_with_book_products(root) for root in found] if self.book else found

    def _surface(self, expr: Expr, replaced: dict[Expr, Expr]) -> Expr:
        if not self.book:
            return rebuild([expr], replaced)[expr]
        new = dict(replaced)
        for node in topological([expr]):
            if node in new:
                continue
            if not isinstance(node, Apply):
                new[node] = node
                continue
            arguments = [new[argument] for argument in node.arguments]
            arrays = [bool(self.collector.shape(argument)) for argument in node.arguments]
            new[node] = apply(_in_book(node.primitive, arrays), *arguments)
        return new[expr]

    def dims(self, shape: Shape) -> Expr:
        """A shape as an argument."""
        if len(shape) == 1:
            return self.length(shape[0])
        return apply(PRIMITIVES["[]"], *[self.length(length) for length in shape])

    def word(self, primitive: Primitive, arguments: Sequence[Expr], shapes: Sequence[Shape]) -> Expr:
        """A core row in the words of the language; one that has none stays as it is."""
        name = primitive.name
        if name in _RANKS and tuple(map(len, shapes)) != _RANKS[name]:
            return apply(primitive, *arguments)
        if name in _NAMES:
            return apply(PRIMITIVES[_NAMES[name]], *arguments)
        if name in _ALONG:
            axis = _ABSENT if len(shapes[0]) == 1 and name not in ("core softmax", "core log_softmax") else number(-1)
            return apply(PRIMITIVES[_ALONG[name]], *arguments, axis)
        if name in _LAST:
            axis = _ABSENT if len(shapes[0]) == 1 else number(-1)
            return apply(PRIMITIVES[_LAST[name]], *arguments, axis, number(0))
        match name:
            case "inner":
                return self._product(self._transposed(arguments[0]) if self.book else arguments[0], arguments[1])
            case "matvec" | "matmul":
                return self._product(*arguments)
            case "vecmat":
                return self._product(self._transposed(arguments[0]) if self.book else arguments[0], arguments[1])
            case "dyad":
                if self.book:
                    return self._product(arguments[0], self._transposed(arguments[1]))
                return apply(PRIMITIVES["outer"], *arguments)
            case "swap":
                return self._transposed(arguments[0])
            case "core sum" | "core norm":
                return self._reduced(primitive, arguments[0], shapes[0])
            case "fill":
                return self._filled(primitive)
            case "identity":
                return apply(PRIMITIVES["eye"], self.length(primitive.setting("n")))
            case "numbers":
                return apply(PRIMITIVES["arange"], *[number(float(part)) for part in primitive.setting("range")])
            case "take" if len(shapes[0]) == 1:
                return apply(PRIMITIVES["x[]"], *arguments)
            case "put" if len(shapes[0]) == len(shapes[1]):
                return apply(PRIMITIVES["accumulate"], *arguments, self.length(primitive.setting("n")))
            case "core one_hot":
                return apply(PRIMITIVES["one_hot"], arguments[0], self.length(primitive.setting("n")))
            case "upper" | "lower":
                row = PRIMITIVES["triu" if name == "upper" else "tril"]
                return apply(row, arguments[0], number(primitive.setting("k")))
            case "index":
                return self._indexed(primitive, arguments[0], shapes[0])
            case "scatter":
                return self._placed(primitive, arguments[0], shapes[0])
            case "core array" if primitive.setting("inner") == len(shapes[0]):
                return apply(PRIMITIVES["[]"], *arguments)
            case "core array" if primitive.setting("inner") < len(shapes[0]):
                axis = len(shapes[0]) - primitive.setting("inner")
                if len(arguments) == 1:
                    # Of one array alone `stack` would take the rows.
                    return apply(
                        PRIMITIVES["reshape"], *arguments, self.dims((*shapes[0][:axis], 1, *shapes[0][axis:]))
                    )
                return apply(PRIMITIVES["stack"], *arguments, number(axis))
            case "core concat" if len(arguments) == 1:
                return arguments[0]
            case "core concat":
                return apply(PRIMITIVES["concat"], *arguments, number(primitive.setting("axis")))
            case "shaped" if primitive.setting("rank") == len(shapes[0]):
                if len(primitive.setting("dims")) == 1:
                    return apply(PRIMITIVES["ravel"], *arguments)
                return apply(PRIMITIVES["reshape"], *arguments, self.dims(primitive.setting("dims")))
            case "expand" | "squeeze":
                return self._axes_changed(primitive, arguments[0], shapes[0])
            case "spread":
                return apply(PRIMITIVES["broadcast"], arguments[0], self.dims(primitive.setting("dims")))
        return apply(primitive, *arguments)

    def _transposed(self, argument: Expr) -> Expr:
        return apply(PRIMITIVES["'" if self.book else ".T"], argument)

    def _product(self, left: Expr, right: Expr) -> Expr:
        sign = PRIMITIVES["@"]
        if not self.exact and right in self._products and isinstance(right, Apply):
            # To be read, not to be computed: products are associative.
            return self._product(self._product(left, right.arguments[0]), right.arguments[1])
        made = apply(sign, left, right)
        self._products.add(made)
        return made

    def _reduced(self, primitive: Primitive, argument: Expr, shape: Shape) -> Expr:
        axes = primitive.setting("axes")
        axis: Expr = _ABSENT
        if len(axes) < len(shape):
            entries = [number(float(each)) for each in axes]
            axis = entries[0] if len(entries) == 1 else apply(PRIMITIVES["[]"], *entries)
        return apply(PRIMITIVES[primitive.name.removeprefix("core ")], argument, axis, number(0))

    def _filled(self, primitive: Primitive) -> Expr:
        value, dims = primitive.setting("value"), self.dims(primitive.setting("dims"))
        if value in (0.0, 1.0):
            return apply(PRIMITIVES["ones" if value else "zeros"], dims)
        return apply(PRIMITIVES["full"], dims, number(value))

    def _indexed(self, primitive: Primitive, argument: Expr, shape: Shape) -> Expr:
        key = primitive.setting("key")
        key = (*[(0, length, 1) for length in shape[: len(shape) - len(key)]], *key)
        specs: list[Expr] = []
        for part, length in zip(key, shape, strict=True):
            if isinstance(part, int):
                specs.append(number(part))
                continue
            start, stop, step = part
            ends = (
                _ABSENT if (start == 0 and step > 0) else number(start),
                _ABSENT if stop < 0 or (stop >= length and step > 0) else self._stop(stop, length),
                _ABSENT if step == 1 else number(step),
            )
            specs.append(apply(PRIMITIVES[":"], *ends))
        return apply(PRIMITIVES["x[]"], argument, *specs)

    def _stop(self, stop: int, length: int) -> Expr:
        """A bound near the end counts from there, so that it holds for every length."""
        return (
            number(stop - length) if not isinstance(self.length(length), Number) and 2 * stop > length else number(stop)
        )

    def _placed(self, primitive: Primitive, argument: Expr, shape: Shape) -> Expr:
        key, dims = primitive.setting("key"), primitive.setting("dims")
        kept = sum(isinstance(part, tuple) for part in key)
        lead = shape[: len(shape) - kept]
        dims = (*lead, *dims[len(dims) - len(key) :])
        key = (*[(0, length, 1) for length in lead], *key)
        starts = [part if isinstance(part, int) else part[0] for part in key]
        steps = [1 if isinstance(part, int) else part[2] for part in key]
        inner = tuple([1 if isinstance(part, int) else len(range(*part)) for part in key])
        if not shape and len(inner) == 1:
            argument = apply(PRIMITIVES["[]"], argument)
        elif inner != shape:
            argument = apply(PRIMITIVES["reshape"], argument, self.dims(inner))
        places = [self._row([number(each) for each in numbers]) for numbers in (starts, steps)]
        return apply(PRIMITIVES["place"], argument, self.dims(dims), *places)

    def _row(self, entries: Sequence[Expr]) -> Expr:
        return entries[0] if len(entries) == 1 else apply(PRIMITIVES["[]"], *entries)

    def _axes_changed(self, primitive: Primitive, argument: Expr, shape: Shape) -> Expr:
        axes = primitive.setting("axes")
        total = len(shape) + (len(axes) if primitive.name == "expand" else 0)
        changed = {axis % total for axis in axes}
        rest = iter(shape)
        if primitive.name == "expand":
            dims = [1 if axis in changed else next(rest) for axis in range(total)]
        else:
            dims = [length for axis, length in enumerate(shape) if axis not in changed]
        if not dims:
            return apply(PRIMITIVES["sum"], argument, _ABSENT, number(0))
        return apply(PRIMITIVES["reshape"], argument, self.dims(tuple(dims)))


def _with_book_products(root: Expr) -> Expr:
    """Matrix products as a book writes them, if a `'` says that it is one."""
    order = topological([root])
    if not any(isinstance(node, Apply) and node.primitive.name == "'" for node in order):
        return root
    new: dict[Expr, Expr] = {}
    for node in order:
        new[node] = node
        if isinstance(node, Apply):
            row = PRIMITIVES["times"] if node.primitive.name == "@" else node.primitive
            new[node] = apply(row, *[new[argument] for argument in node.arguments])
    return new[root]


def _in_book(primitive: Primitive, arrays: Sequence[bool]) -> Primitive:
    """The row for an operator in a book's notation, where `*` between arrays is the matrix product."""
    if primitive.name == "*":
        return PRIMITIVES[".*" if all(arrays) else "times"]
    if primitive.name == "^":
        return PRIMITIVES[".^" if arrays[0] else "raised"]
    return primitive
