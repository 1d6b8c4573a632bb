"""Active duals: tangents that know which entries move at all.

A tangent of 0 times an infinite slope is nothing where the entry does not move, as of `sqrt(x)` at
[0, 4] along the second entry, and undecided where it does: `sqrt(x^2)` at 0 along x.  Only which entries
move can tell the two apart, so that it is carried along here.  Plain duals are faster and come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from adcalc.algebras.arrays import ARRAYS
from adcalc.algebras.duals import contribution, pushed
from adcalc.autodiff.derive import Derivation
from adcalc.autodiff.stacks import blocks_of, unit_stack
from adcalc.ir.expr import Number
from adcalc.ir.primitive import Primitive
from adcalc.ir.program import evaluate
from adcalc.lower.rules import Call
from adcalc.table import PRIMITIVES

Array: TypeAlias = Any

_WHERE = PRIMITIVES["where"]


class Active(NamedTuple):
    """A value, its tangents along some directions, and which entries move along which."""

    primal: Array
    tangent: Array
    moves: Array


class ActiveArrays:
    """The algebra of `Active`; directions are an axis in front."""

    __slots__ = ()
    exact = True

    def const(self, value: float | Number) -> Active:
        return Active(float(value), 0.0, 0.0)

    def truth(self, value: Active) -> None:
        return None

    def shape(self, value: Active) -> tuple[int, ...]:
        return np.shape(value.primal)

    def apply(self, primitive: Primitive, arguments: Sequence[Active]) -> Active:
        primals = [argument.primal for argument in arguments]
        out = ARRAYS.apply(primitive, primals)
        if not any(np.any(argument.moves) for argument in arguments):
            return Active(out, 0.0, 0.0)
        if primitive is _WHERE:
            _, first, second = arguments
            chosen = [
                ARRAYS.apply(_WHERE, [primals[0], one, other])
                for one, other in ((first.tangent, second.tangent), (first.moves, second.moves))
            ]
            return Active(out, *chosen)
        call: Call[Array] = Call(primitive, primals, out)
        if primitive.linear == "in all":
            shapes = [np.shape(primal) for primal in primals]
            spread = [
                [_filled(part, shape) for part, shape in zip(parts, shapes, strict=True)]
                for parts in ([a.tangent for a in arguments], [a.moves for a in arguments])
            ]
            tangent, moves = (ARRAYS.apply(primitive, parts) for parts in spread)
            return Active(out, tangent, np.not_equal(moves, 0.0).astype(float))
        tangent, moves = 0.0, 0.0
        for index, argument in enumerate(arguments):
            if not np.any(argument.moves):
                continue
            if primitive.elementwise:
                moved = contribution(ARRAYS, call, index, argument.tangent)
                if moved is None:
                    continue
                tangent = tangent + np.where(argument.moves, moved, 0.0)
                moves = np.maximum(moves, argument.moves)
            else:
                moved = pushed(ARRAYS, call, index, argument.tangent)
                if moved is not None:
                    tangent, moves = tangent + moved, np.ones(np.shape(moved))
        return Active(out, tangent, moves)


ACTIVE = ActiveArrays()


def _filled(part: Array, shape: tuple[int, ...]) -> Array:
    return part if np.ndim(part) >= len(shape) and np.ndim(part) else np.full(shape, part)


def active_jacobian(work: Derivation, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The Jacobian of a formula over arrays, zeros of what does not move told from other zeros."""
    program = work.formula.program
    seeds = unit_stack(work, 0, work.size)
    point = {name: Active(value, 0.0, 0.0) for name, value in inputs.items()}
    for name in work.wrt:
        if name in point:
            point[name] = Active(inputs[name], seeds[name], np.not_equal(seeds[name], 0.0).astype(float))
    with np.errstate(all="ignore"):
        result = evaluate(program._replace(branching=False), ACTIVE, point)[program.output]
    assert isinstance(result, Active)
    rows = np.broadcast_to(result.tangent, (work.size, *work.formula.shape)).reshape(work.size, -1)
    return blocks_of(rows.T, work.formula.shape, work.shapes)
