"""Derivatives of functions as functions: by the rules for numbers, or by those for arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from adcalc.ir.expr import Apply, Expr, rebuild, topological, variable, variables

if TYPE_CHECKING:
    from adcalc.function import Function

#: The axes of variables that are arrays: lengths, or names for them.
Axes: TypeAlias = Mapping[str, Sequence[int | str]]


def diff_formula(
    function: Function, names: Sequence[str], wrt: Sequence[str], order: int, shapes: Axes | None
) -> Function:
    """The derivative by each variable in turn, `order` times each."""
    from adcalc.symbolic.derivatives import derivative
    from adcalc.symbolic.domains import stated

    origin = _opened(function, names)
    if over_arrays(origin.expr, shapes):
        from adcalc.symbolic import array_formulas

        return array_formulas.diff_over_arrays(array_formulas.pair(origin, _named(origin, names), shapes), wrt, order)
    (named, constants), computed = _named(origin, names), origin.evaluated
    shown = named
    for name in wrt:
        shown = derivative(shown, name, order, exact=False)
        computed = derivative(computed, name, order, exact=True)
    return _derived(origin, stated(shown, named, computed, constants), computed, constants)


def gradient_formulas(
    function: Function, names: tuple[str, ...], shapes: Axes | None, *, asked: bool = True
) -> dict[str, Function]:
    """The partial derivatives by each variable.

    Args:
        asked: the names were asked for; else those without a derivative may be left out.
    """
    from adcalc.symbolic.derivatives import partials
    from adcalc.symbolic.domains import stated

    origin = _opened(function, names)
    if over_arrays(origin.expr, shapes):
        from adcalc.symbolic import array_formulas

        return array_formulas.gradient_over_arrays(
            array_formulas.pair(origin, _named(origin, names), shapes), names, asked=asked
        )
    named, constants = _named(origin, names)
    found = partials(named, names, exact=False)
    exact = partials(origin.evaluated, names, exact=True)
    return {
        name: _derived(origin, stated(shown, named, computed, constants), computed, constants)
        for name, shown, computed in zip(names, found, exact, strict=True)
    }


def hessian_formulas(
    function: Function, names: tuple[str, ...], shapes: Axes | None, *, asked: bool = True
) -> dict[tuple[str, ...], Function]:
    """The second partial derivatives, by row and column."""
    origin = _opened(function, names)
    if over_arrays(origin.expr, shapes):
        from adcalc.symbolic import array_formulas

        return array_formulas.hessian_over_arrays(
            array_formulas.pair(origin, _named(origin, names), shapes), names, asked=asked
        )
    return {
        (row, column): second
        for row, first in gradient_formulas(function, names, shapes).items()
        for column, second in gradient_formulas(first, names, shapes).items()
    }


def over_arrays(expr: Expr, shapes: Axes | None) -> bool:
    """Whether a formula is to be differentiated as one over arrays."""
    if shapes and any(shapes.values()):
        return True
    return any(isinstance(node, Apply) and _takes_arrays(node) for node in topological([expr]))


def _takes_arrays(node: Apply) -> bool:
    """Whether a node is made for arrays; the largest of one thing is that of its entries."""
    return bool(node.primitive.over) or (node.primitive.name in ("max", "min") and len(node.arguments) == 1)


def _opened(function: Function, names: Sequence[str]) -> Function:
    """The same formula with the assigned ones among some names left in it as variables."""
    meaning = function.meaning
    symbols = [meaning.symbols[name] for name in names if name in meaning.symbols] if meaning else []
    if meaning is None or meaning.result is None or not symbols:
        return function
    (expr,) = meaning.inlined([meaning.result], symbols)
    named: dict[Expr, Expr] = {symbol: variable(symbol.name.partition("#")[0]) for symbol in symbols}
    expr = rebuild([expr], named)[expr]
    return replace(function, expr=expr, evaluated=expr, meaning=None)


def _named(function: Function, names: Sequence[str]) -> tuple[Expr, Mapping[str, Expr]]:
    """A formula in which the constants that its program names stand by their names, and what they are."""
    meaning = function.meaning
    if meaning is None or meaning.result is None:
        return function.expr, dict(function.constants)
    taken = {*names, *variables([function.expr])}
    symbols = {name: symbol for name, symbol in meaning.symbols.items() if name not in taken}
    values = dict(zip(symbols, meaning.inlined([meaning.assigned[symbol] for symbol in symbols.values()]), strict=True))
    constants = {name: value for name, value in values.items() if _is_constant(value)}
    if not constants:
        return function.expr, {}
    (expr,) = meaning.inlined([meaning.result], [symbols[name] for name in constants])
    own: dict[Expr, Expr] = {symbols[name]: variable(name) for name in constants}
    return rebuild([expr], own)[expr], constants


def _is_constant(value: Expr) -> bool:
    """Whether a formula is a number, whatever the point."""
    return not variables([value]) and not over_arrays(value, None)


def _derived(function: Function, shown: Expr, computed: Expr, constants: Mapping[str, Expr]) -> Function:
    from adcalc.symbolic.derivatives import guarded

    origin = tuple(dict.fromkeys((*function.variables, *function.origin)))
    used = frozenset(variables([shown]))
    return replace(
        function,
        expr=shown,
        evaluated=guarded(computed, function.evaluated),
        meaning=None,
        origin=origin,
        constants=tuple([(name, value) for name, value in constants.items() if name in used]),
    )
