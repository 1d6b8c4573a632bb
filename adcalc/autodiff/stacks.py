"""Jacobians and Hessians of formulas over arrays: stacks of unit tangents and cotangents, as many as fit at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.autodiff.derive import Derivation, Derivative, Partials, PulledBack, PushedForward
from adcalc.autodiff.figures import Figures, Kind, Run, fitted
from adcalc.ir.expr import Expr
from adcalc.lower.shape_rules import Shape

Array: TypeAlias = Any

#: Entries of the largest array on the way times directions taken at once.
_MOST_AT_ONCE = 2**22


def stacked(kind: Kind, work: Derivation, first: Derivative | None, run: Run) -> Figures:
    """The gradient, the Jacobian or the Hessian of a formula over arrays."""
    root, shapes = work.formula.root, work.shapes
    if work.scalar and isinstance(first, PulledBack):
        first = work.partials()
    match first:
        case Partials(formulas):
            live = [formula for formula in formulas.values() if formula is not None]
            value, *rest = run([root, *live], {})
            found = iter(rest)
            blocks = {
                name: fitted(None if formula is None else next(found), shapes[name])
                for name, formula in formulas.items()
            }
            if kind != "hessian":
                return Figures(value, blocks)
            second = _seconds(work, list(formulas.values()))
            matrix = _pushed(work, lambda seeds, count: _flat(work, run, second, seeds, count), work.size)
            return Figures(value, blocks, matrix / 2.0 + matrix.T / 2.0)
        case PulledBack(formulas):
            (value,) = run([root], {})
            return Figures(value, _pulled(work, formulas, run))
        case PushedForward(formula):
            (value,) = run([root], {})
            columns = _along(work, formula, run)
            blocks = blocks_of(columns.reshape(work.size, -1).T, work.formula.shape, shapes)
            if kind != "hessian":
                return Figures(value, blocks)
            matrix = _twice(work, formula, run)
            return Figures(value, blocks, matrix / 2.0 + matrix.T / 2.0)
    raise AssertionError(first)


def _seconds(work: Derivation, formulas: Sequence[Expr | None]) -> list[Expr | None]:
    """How the partial derivatives move with the inputs "tangent x"."""
    moved = iter(work.moved(tuple([formula for formula in formulas if formula is not None])))
    return [next(moved) if formula is not None else None for formula in formulas]


def _flat(work: Derivation, run: Run, formulas: Sequence[Expr | None], seeds: Mapping[str, Array], count: int) -> Array:
    """The values of formulas along a stack of directions, as the columns of one matrix."""
    found = iter(run([formula for formula in formulas if formula is not None], seeds))
    parts = [
        fitted(None if formula is None else next(found), (count, *shape))
        for formula, shape in zip(formulas, work.shapes.values(), strict=True)
    ]
    return np.concatenate([part.reshape(count, -1) for part in parts], axis=1) if parts else np.zeros((count, 0))


def _along(work: Derivation, formula: Expr | None, run: Run) -> Array:
    """The value's tangent along every unit direction, as rows."""
    shape = work.formula.shape

    def rows(seeds: Mapping[str, Array], count: int) -> Array:
        return fitted(None if formula is None else run([formula], seeds)[0], (count, *shape)).reshape(count, -1)

    return _pushed(work, rows, math.prod(shape))


def _twice(work: Derivation, formula: Expr | None, run: Run) -> Array:
    """The Hessian by duals of duals: all directions at once, moved in one direction after the other."""
    size = work.size
    matrix: list[Array] = []
    second = None if formula is None else work.moved((formula,), "other")[0]
    for row in range(size):
        others = {f"other {name}": seed[0] for name, seed in unit_stack(work, row, row + 1).items()}

        def entries(seeds: Mapping[str, Array], count: int, others: Mapping[str, Array] = others) -> Array:
            found = None if second is None else run([second], {**seeds, **others})[0]
            return fitted(found, (count,)).reshape(count, 1)

        matrix.append(_pushed(work, entries, 1).reshape(-1))
    return np.stack(matrix) if matrix else np.zeros((0, 0))


def _pulled(work: Derivation, formulas: Mapping[str, Expr | None], run: Run) -> dict[str, Array]:
    """The Jacobian from what unit cotangents contribute to each variable."""
    shape = work.formula.shape
    outputs = math.prod(shape)
    rows: dict[str, list[Array]] = {name: [] for name in formulas}
    live = [formula for formula in formulas.values() if formula is not None]
    for first, last in _chunks(work, outputs):
        seed = np.zeros((last - first, outputs))
        seed[np.arange(last - first), np.arange(first, last)] = 1.0
        found = iter(run(live, {"cotangent ": seed.reshape((last - first, *shape))}))
        for name, formula in formulas.items():
            rows[name].append(fitted(None if formula is None else next(found), (last - first, *work.shapes[name])))
    return {
        name: (np.concatenate(parts) if parts else np.zeros((0, *work.shapes[name]))).reshape(
            (*shape, *work.shapes[name])
        )
        for name, parts in rows.items()
    }


def _pushed(work: Derivation, make: Callable[[Mapping[str, Array], int], Array], width: int) -> Array:
    """What every unit direction gives, as rows: chunks of directions put together again."""
    rows = []
    for first, last in _chunks(work, work.size):
        seeds = {f"tangent {name}": seed for name, seed in unit_stack(work, first, last).items()}
        rows.append(make(seeds, last - first))
    return np.concatenate(rows) if rows else np.zeros((0, width))


def _chunks(work: Derivation, count: int) -> Iterator[tuple[int, int]]:
    """Directions to take at once, so that no array on the way grows too large."""
    shape = work.formula.builder.shape
    largest = max([math.prod(shape(slot.node)) for slot in work.formula.program.slots], default=1)
    step = max(1, min(count, _MOST_AT_ONCE // max(largest, 1)))
    return ((first, min(first + step, count)) for first in range(0, count, step))


def unit_stack(work: Derivation, first: int, last: int) -> dict[str, Array]:
    """Unit tangents of the entries from `first` below `last` of all variables together, as stacks."""
    seeds: dict[str, Array] = {}
    offset = 0
    for name, shape in work.shapes.items():
        size = math.prod(shape)
        stack = np.zeros((last - first, size))
        begin, end = max(first, offset), min(last, offset + size)
        if begin < end:
            stack[np.arange(begin - first, end - first), np.arange(begin - offset, end - offset)] = 1.0
        seeds[name] = stack.reshape(last - first, *shape)
        offset += size
    return seeds


def blocks_of(matrix: Array, lead: Shape, shapes: Mapping[str, Shape]) -> dict[str, Array]:
    """The columns of a matrix, a block for each variable in the variable's shape."""
    found = {}
    offset = 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        found[name] = matrix[:, offset : offset + size].reshape((*lead, *shape))
        offset += size
    return found
