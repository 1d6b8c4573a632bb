"""Which rule makes core rows of each row of the language over whole arrays."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adcalc.ir.expr import Apply
from adcalc.lower import composites, comprehensions, creation, indexing, products, reductions
from adcalc.lower.lowerer import Elaborator, Rule, Val


def _absent(e: Elaborator, node: Apply, arguments: list[Any]) -> None:
    return None


def _core(e: Elaborator, node: Apply, arguments: list[Any]) -> Val:
    """A core row that was written by a derivative and has no words of the language."""
    return Val(e.builder.apply(node.primitive, [argument.expr for argument in arguments]))


#: By the column `over` of the table.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "": products.applied,
        "body": composites.unfolded,
        "index": comprehensions.opened,
        "core": _core,
        "literal": creation.array_literal,
        "indexing": indexing.indexed,
        "slice": indexing.sliced,
        "absent": _absent,
        "terms": comprehensions.terms,
        "transpose": products.transpose,
        "prime": products.prime,
        "entries": products.entrywise_product,
        "times": products.times,
        "raised": products.raised,
        "filled": creation.filled,
        "full": creation.full,
        "eye": creation.eye,
        "arange": creation.arange,
        "one_hot": creation.one_hot,
        "reshape": creation.reshape,
        "ravel": creation.ravel,
        "concat": creation.concat,
        "stack": creation.stack,
        "along": reductions.along,
        "diag": creation.diag,
        "triangle": creation.triangle,
        "broadcast": creation.broadcasted,
        "place": creation.place,
        "size": creation.size,
        "accumulate": creation.accumulate,
        "sum": reductions.summed,
        "count": reductions.counted,
        "reduction": reductions.reduced,
        "argmax": reductions.placed,
        "norm": reductions.norm_rule,
        "cross_entropy": reductions.cross_entropy,
        "product": products.product,
        "outer": products.outer,
        "kron": products.kron,
        "square": products.square,
        "solve": products.solve,
    }
)
