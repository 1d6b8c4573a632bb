"""The names under which the indices of loops are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from adcalc.ir.expr import Apply, Expr, Variable

_NONE: frozenset[str] = frozenset()


def open_indices(order: Sequence[Expr]) -> dict[Expr, frozenset[str]]:
    """For each node that stands inside a loop and depends on it, the indices that it depends on.

    Args:
        order: nodes after those they are made of.
    """
    found: dict[Expr, frozenset[str]] = {}
    for node in order:
        if isinstance(node, Variable):
            if ":" in node.name:
                found[node] = frozenset([node.name])
        elif found and isinstance(node, Apply):
            free = _NONE
            for argument in node.arguments:
                below = found.get(argument, _NONE)
                if not below <= free:
                    free = free | below if free else below
            if node.primitive.name == "for":
                lower, upper, index, term = node.arguments
                outer = found.get(lower, _NONE) | found.get(upper, _NONE)
                free = outer | (found.get(term, _NONE) - found[index])
            if free:
                found[node] = free
    return found


def index_names(order: Sequence[Expr], taken: Collection[str]) -> Mapping[str, str]:
    """A name for each index, so that in every loop the names say what is meant.

    Args:
        order: nodes after those they are made of.
        taken: names that mean something else.
    """
    found = open_indices(order)
    if not found:
        return {}
    taken = {*taken, *[node.primitive.name for node in order if isinstance(node, Apply) and not node.arguments]}
    names: dict[str, str] = {}
    # Outer loops come first; an inner one keeps clear of those whose index it uses.
    for node in reversed(order):
        if isinstance(node, Apply) and node.primitive.name == "for":
            index = node.arguments[2]
            assert isinstance(index, Variable)
            used = found.get(node, _NONE)
            for outer in sorted(used):
                if outer not in names:
                    names[outer] = _name(outer, taken, ())
            if index.name not in names:
                names[index.name] = _name(index.name, taken, {names[outer] for outer in used})
    for node in order:
        if isinstance(node, Variable) and ":" in node.name and node.name not in names:
            names[node.name] = _name(node.name, taken, ())
    return names


def _name(index: str, taken: Collection[str], used: Collection[str]) -> str:
    base = index.partition(":")[0]
    name, count = base, 1
    while name in taken or name in used:
        count += 1
        name = f"{base}{count}"
    return name
