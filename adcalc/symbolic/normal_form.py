"""Core formulas tidied up: numbers pulled out of products, repetition left to broadcasting, terms collected.

What works entry by entry is a formula of numbers and goes through the same normal form as any other
(`adcalc.symbolic.simplify`); every operation on whole arrays in it is an *atom*, a name of its own.  So `A@x + A.T@x` is a sum of two atoms, and becomes one again because both end
in the same factor: `(A + A.T)@x`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from adcalc.ir.expr import Apply, Expr, Number, Variable, apply, number, topological, variable
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import lowered
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import LEAST_MADE_UP, NEAR, Shape, broadcast, shape_of
from adcalc.symbolic.simplify import simplified
from adcalc.table import PRIMITIVES

_PLUS, _MINUS, _TIMES, _OVER, _NEG = (PRIMITIVES[name] for name in ("+", "-", "*", "/", "neg"))


#: What becomes of an operation on whole arrays, from its arguments and the full shapes they stand for.
Rule: TypeAlias = "Callable[[Collector, Primitive, Sequence[Expr], Sequence[Shape]], Expr]"


class Atom(NamedTuple):
    """An operation on whole arrays, its arguments tidied up."""

    primitive: Primitive
    arguments: tuple[Expr, ...]


class Collector:
    """Tidies core formulas from the arguments up.

    Attributes:
        atoms: what each atom stands for, in the order in which they were made.
        shapes: of variables and atoms.
        lengths: names for lengths of axes, and how those are written.
        exact: keep what is right at exceptional points, too, though a reader would write it otherwise.
    """

    def __init__(
        self, rules: Mapping[str, Rule], builder: Builder, length: Callable[[int], Expr], *, exact: bool
    ) -> None:
        self.rules = rules
        self.builder = builder
        self._length = length
        self.lengths: dict[Expr, Expr] = {}
        self.exact = exact
        self.atoms: dict[Variable, Atom] = {}
        self.shapes: dict[Expr, Shape] = {}
        self._names: dict[Atom, Variable] = {}

    def collected(self, roots: Sequence[Expr]) -> list[Expr]:
        """Core formulas in terms of variables and atoms, each of its full shape."""
        program = lowered(roots)
        values: list[Expr] = []
        for node, primitive, arguments in program.slots:
            if primitive is None:
                if isinstance(node, Variable):
                    self.shapes[node] = self.builder.shape(node)
                values.append(self.counted(node))
            elif primitive.elementwise:
                values.append(self.entrywise(primitive, [values[a] for a in arguments]))
            else:
                dims = [self.builder.shape(program.slots[a].node) for a in arguments]
                values.append(self.whole(primitive, [values[a] for a in arguments], dims))
        return [
            self.finished(self.tidy(values[output]), self.builder.shape(program.slots[output].node))
            for output in program.outputs
        ]

    def finished(self, expr: Expr, dims: Shape) -> Expr:
        """A formula of its full shape, tidied up; of zeros alone, too."""
        made = self.tidy(self.fit(expr, dims))
        if self.shape(made) == dims:
            return made
        if isinstance(made, Number):
            return self.atom(PRIMITIVES["fill"].bound(dims=dims, value=made.value))
        return self.fit(made, dims)

    def counted(self, node: Expr) -> Expr:
        """A number, or the name of the length that it is."""
        if isinstance(node, Number) and LEAST_MADE_UP - NEAR <= node.value < 2.0**53 and node.value == node.value // 1:
            return self.size(int(node.value))
        return node

    def entrywise(self, primitive: Primitive, arguments: Sequence[Expr]) -> Expr:
        """A row that works entry by entry; an identity matrix times a vector is a diagonal one."""
        if primitive is _TIMES:
            for one, other in (arguments, arguments[::-1]):
                column = self.opened(one)
                if column is not None and is_column(column):
                    pair = (column.arguments[0], other)
                    dims = [self.shape(each) for each in pair]
                    if list(map(len, dims)) == [1, 1]:
                        return self.rules["dyad"](self, PRIMITIVES["dyad"], pair, dims)
                if self.named(one) == "identity" and len(self.shape(other)) == 1:
                    return self.atom(PRIMITIVES["diagonal"], self.tidy(other))
        return apply(primitive, *arguments)

    # Shapes.

    def shape(self, expr: Expr) -> Shape:
        """The shape that a formula of variables and atoms has by itself."""
        found = self.shapes.get(expr)
        if found is None:
            for node in topological([expr], self.shapes):
                below = [self.shapes[argument] for argument in node.arguments] if isinstance(node, Apply) else []
                self.shapes[node] = broadcast(below)
            found = self.shapes[expr]
        return found

    def fit(self, expr: Expr, dims: Shape) -> Expr:
        """A formula of its full shape, where repetition was left to broadcasting."""
        shape = self.shape(expr)
        if shape == dims:
            return expr
        if all(length == 1 for length in shape):
            filled = self.atom(PRIMITIVES["fill"].bound(dims=dims, value=1.0))
            single = self.atom(PRIMITIVES["shaped"].bound(dims=(), rank=len(shape)), expr) if shape else expr
            return apply(_TIMES, single, filled)
        short = len(dims) - len(shape)
        wide = (
            self.atom(PRIMITIVES["expand"].bound(axes=tuple(range(-len(dims), -len(dims) + short))), expr)
            if short
            else expr
        )
        return self.atom(PRIMITIVES["spread"].bound(dims=dims), wide)

    def size(self, length: int) -> Expr:
        """The length of an axis: a number, or a name for how it is written."""
        written = self._length(length)
        if isinstance(written, Number):
            return number(length)
        name = variable(f"n§{length}")
        self.lengths[name], self.shapes[name] = written, ()
        return name

    # Atoms.

    def atom(self, primitive: Primitive, *arguments: Expr) -> Expr:
        """The name of an operation on whole arrays."""
        made = Atom(primitive, arguments)
        found = self._names.get(made)
        if found is None:
            label = "".join(a.name.partition("§")[0] for a in arguments if isinstance(a, Variable))[:24]
            found = self._names[made] = variable(f"{label or 'z'}§{len(self.atoms):04d}")
            self.atoms[found] = made
            self.shapes[found] = shape_of(primitive, [self.shape(argument) for argument in arguments])
        return found

    def opened(self, expr: Expr) -> Atom | None:
        """What a formula stands for, if it is a single atom."""
        return self.atoms.get(expr) if isinstance(expr, Variable) else None

    def named(self, expr: Expr) -> str:
        """The row of a single atom; "" for anything else."""
        found = self.opened(expr)
        return found.primitive.name if found else ""

    def whole(self, primitive: Primitive, arguments: Sequence[Expr], dims: Sequence[Shape]) -> Expr:
        """An operation on whole arrays, by its rule or as an atom."""
        made = [self.tidy(argument) for argument in arguments]
        rule = self.rules.get(primitive.name)
        if rule is not None:
            return rule(self, primitive, made, dims)
        fitted = [self.fit(argument, shape) for argument, shape in zip(made, dims, strict=True)]
        if primitive.linear and len(fitted) == 1:
            return self.scaled(fitted[0], lambda rest: self.atom(primitive, rest))
        return self.atom(primitive, *fitted)

    def split(self, expr: Expr) -> tuple[Expr, Expr | None]:
        """The numbers that a product has as factors, and the rest of it; None where all are numbers."""
        if not self.shape(expr):
            return expr, None
        if isinstance(expr, Apply):
            if expr.primitive is _NEG:
                factor, rest = self.split(expr.arguments[0])
                return apply(_NEG, factor), rest
            if expr.primitive is _TIMES:
                one, other = (self.split(argument) for argument in expr.arguments)
                factor = apply(_TIMES, one[0], other[0])
                if one[1] is None or other[1] is None:
                    return factor, one[1] or other[1]
                return factor, apply(_TIMES, one[1], other[1])
            if expr.primitive is _OVER and not self.shape(expr.arguments[1]):
                factor, rest = self.split(expr.arguments[0])
                return apply(_OVER, factor, expr.arguments[1]), rest
        return number(1), expr

    def scaled(self, expr: Expr, make: Callable[[Expr], Expr]) -> Expr:
        """A linear operation on a formula, its numbers in front."""
        factor, rest = self.split(expr)
        made = make(self.tidy(rest) if rest is not None else number(1))
        return made if factor is number(1) else apply(_TIMES, factor, made)

    # Sums.

    def tidy(self, expr: Expr) -> Expr:
        """The normal form of a formula of variables and atoms, common factors of matrix products taken out."""
        if not isinstance(expr, Apply) or self.exact:
            # Collected powers could overflow where the factors one by one do not: x/y/y, and x/y^2.
            return expr
        (made,) = simplified([expr])
        return self._factored(self._with_inverses(made))

    def _with_inverses(self, expr: Expr) -> Expr:
        """The cofactors of a matrix over its determinant are the transpose of its inverse."""
        changed = False
        terms: list[Expr] = []
        for sign, term in _terms(expr):
            factor, rest = self.split(term)
            atom = self.opened(rest) if rest is not None else None
            made = term
            if atom is not None and atom.primitive.name == "cofactors":
                determinant = self.atom(PRIMITIVES["core det"], *atom.arguments)
                (left,) = simplified([apply(_TIMES, factor, determinant)])
                if determinant in topological([factor]) and determinant not in topological([left]):
                    changed = True
                    inverse = self.atom(PRIMITIVES["core inv"], *atom.arguments)
                    turned = self.rules["swap"](self, PRIMITIVES["swap"], [inverse], [self.shape(inverse)])
                    made = turned if left is number(1) else apply(_TIMES, left, turned)
            terms.append(apply(_NEG, made) if sign < 0 else made)
        return self.tidy(_added(terms)) if changed else expr

    def _factored(self, expr: Expr) -> Expr:
        terms = _terms(expr)
        if len(terms) < 2:
            return expr
        for side in (1, 0):
            groups: dict[tuple[str, Expr], list[tuple[Expr, Expr]]] = {}
            rest: list[Expr] = []
            for sign, term in terms:
                factor, base = self.split(term)
                atom = self.opened(base) if base is not None else None
                if atom is None or atom.primitive.name not in ("matmul", "matvec"):
                    rest.append(apply(_NEG, term) if sign < 0 else term)
                    continue
                signed = apply(_NEG, factor) if sign < 0 else factor
                key = (atom.primitive.name, atom.arguments[side])
                groups.setdefault(key, []).append((signed, atom.arguments[1 - side]))
            if all(len(group) == 1 for group in groups.values()):
                continue
            for (name, shared), group in groups.items():
                common = {self.tidy(factor) for factor, _ in group}
                outside = common.pop() if len(common) == 1 and len(group) > 1 else number(1)
                weighted = [other if outside is not number(1) else apply(_TIMES, f, other) for f, other in group]
                joined = self.tidy(_added(weighted))
                pair = (joined, shared) if side else (shared, joined)
                made = self.rules[name](self, PRIMITIVES[name], pair, [self.shape(each) for each in pair])
                rest.append(apply(_TIMES, outside, made))
            return self.tidy(_added(rest))
        return expr


def is_column(atom: Atom) -> bool:
    """Whether an atom is a vector as a column."""
    return atom.primitive.name == "expand" and atom.primitive.setting("axes") == (-1,)


def _terms(expr: Expr) -> list[tuple[int, Expr]]:
    """The terms of a sum with their signs."""
    found: list[tuple[int, Expr]] = []
    stack = [(1, expr)]
    while stack:
        sign, node = stack.pop()
        if isinstance(node, Apply) and node.primitive in (_PLUS, _MINUS):
            left, right = node.arguments
            stack.append((sign if node.primitive is _PLUS else -sign, right))
            stack.append((sign, left))
        elif isinstance(node, Apply) and node.primitive is _NEG:
            stack.append((-sign, node.arguments[0]))
        else:
            found.append((sign, node))
    return found


def _added(terms: Sequence[Expr]) -> Expr:
    result = terms[0]
    for term in terms[1:]:
        result = apply(_PLUS, result, term)
    return result
