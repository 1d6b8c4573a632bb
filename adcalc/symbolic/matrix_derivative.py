"""Derivatives of formulas over arrays as formulas of the language."""

from __future__ import annotations

from collections.abc import Sequence

from adcalc.algebras.coreformulas import CoreFormulas
from adcalc.autodiff.transforms import jvp, vjp
from adcalc.errors import ShapeProblem
from adcalc.ir.expr import Apply, Expr, apply, number, topological, variable, variables
from adcalc.ir.program import lowered
from adcalc.lower.builder import Builder
from adcalc.lower.shape_rules import named
from adcalc.symbolic.lengths import Length
from adcalc.symbolic.normal_form import Collector
from adcalc.symbolic.normal_operations import RULES
from adcalc.symbolic.raising import Speller
from adcalc.table import PRIMITIVES


def core_partials(root: Expr, builder: Builder, wrt: Sequence[str], *, exact: bool) -> list[Expr]:
    """The derivative of a core formula by each of some variables, as core formulas.

    Of a number it has the shape of the variable, of a vector by a vector it is the Jacobian matrix, and by
    a number it has the shape of the value.

    Raises:
        ShapeProblem: the derivative would have more than two axes.
    """
    algebra = CoreFormulas(builder, exact=exact)
    program = lowered([root])
    nodes = [slot.node for slot in program.slots]
    value = builder.shape(root)
    found: list[Expr] = []
    for name in wrt:
        shape = builder.shapes.get(variable(name), ())
        dims = (*value, *shape)
        if name not in variables([root]):
            made: Expr | None = None
        elif value and not shape:
            inputs: dict[str, Expr] = {each: variable(each) for each in variables([root])}
            (dual,) = jvp(program, algebra, inputs, {name: number(1)})
            made = dual.tangent
        elif not value:
            made = vjp(program, algebra, nodes, number(1), [name])[name]
        elif len(value) == 1 and len(shape) == 1:
            seed = builder.core("identity", n=value[0])
            made = vjp(program, algebra, nodes, seed, [name])[name]
        else:
            raise ShapeProblem(
                f"the derivative of {named(value)} by {named(shape)} has {len(dims)} axes, too many for a formula",
                hint="take `jacobian` at a point, or sum the value up",
            )
        found.append(builder.filled(number(0) if made is None else made, dims))
    return found


def written_in_words(
    formulas: Sequence[Expr], builder: Builder, length: Length, *, exact: bool, book: bool
) -> list[Expr]:
    """Core formulas tidied up and spelled in the language."""
    collector = Collector(RULES, builder, length, exact=exact)
    collected = collector.collected(formulas)
    found = Speller(collector, length, book=book, exact=exact).spelled(collected)
    return [_without_book(each) if book else each for each in found]


def _without_book(root: Expr) -> Expr:
    """A formula in a book's notation without a `'` in it, in which `*` would be read otherwise."""
    order = topological([root])
    if any(isinstance(node, Apply) and node.primitive.name == "'" for node in order):
        return root
    plain = {"times": PRIMITIVES["*"], "raised": PRIMITIVES["^"], ".*": PRIMITIVES["*"], ".^": PRIMITIVES["^"]}
    new: dict[Expr, Expr] = {}
    for node in order:
        new[node] = node
        if isinstance(node, Apply):
            new[node] = apply(plain.get(node.primitive.name, node.primitive), *[new[a] for a in node.arguments])
    return new[root]


def uses_book_notation(root: Expr) -> bool:
    """Whether a formula was written as in a book, with `'`."""
    return any(
        isinstance(node, Apply) and node.primitive.name in ("'", "times", "raised") for node in topological([root])
    )
