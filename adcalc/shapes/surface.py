"""Which rule makes core rows of each row of the language over whole arrays."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adcalc.expr import Apply
from adcalc.shapes import bodies, indexing, loops, making, products, reductions
from adcalc.shapes.elaborator import Elaborator, Rule, Val


def _absent(e: Elaborator, node: Apply, arguments: list[Any]) -> None:
    return None


def _core(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """A core row that was written by a derivative and has no words of the language."""
    return Val(e.builder.apply(node.primitive, [argument.expr for argument in arguments]))


#: By the column `over` of the table.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "": products.applied,
        "body": bodies.unfolded,
        "index": loops.opened,
        "core": _core,
        "literal": making.literal,
        "indexing": indexing.indexed,
        "slice": indexing.sliced,
        "absent": _absent,
        "terms": loops.terms,
        "transpose": products.transpose,
        "prime": products.prime,
        "entries": products.entries,
        "times": products.times,
        "raised": products.raised,
        "filled": making.filled,
        "full": making.full,
        "eye": making.eye,
        "arange": making.arange,
        "one_hot": making.one_hot,
        "reshape": making.reshape,
        "ravel": making.ravel,
        "concat": making.concat,
        "stack": making.stack,
        "along": reductions.along,
        "diag": making.diag,
        "triangle": making.triangle,
        "broadcast": making.broadcasted,
        "place": making.place,
        "size": making.size,
        "accumulate": making.accumulate,
        "sum": reductions.summed,
        "count": reductions.counted,
        "reduction": reductions.reduced,
        "argmax": reductions.placed,
        "norm": reductions.norm,
        "cross_entropy": reductions.cross_entropy,
        "product": products.product,
        "outer": products.outer,
        "kron": products.kron,
        "square": products.square,
        "solve": products.solve,
    }
)
