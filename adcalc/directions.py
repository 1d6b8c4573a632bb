"""Formulas over arrays along directions: Jacobian-vector, vector-Jacobian and Hessian-vector products.

A formula of numbers is one of arrays without axes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from adcalc.arrayed import Asked, as_figure, located, prepared_task, said
from adcalc.backends.protocol import Backend
from adcalc.certainty import Claim
from adcalc.errors import Caution, ShapeProblem
from adcalc.expr import Expr
from adcalc.results import Figure
from adcalc.rules import NoDerivative
from adcalc.shapes.core import named

Array: TypeAlias = Any


def pushforward(
    asked: Asked, tangents: Mapping[str, Figure], backend: Backend
) -> tuple[Figure, Figure, Sequence[Caution]]:
    """The value of a formula, and how it moves along tangents: forward mode.

    Raises:
        ShapeProblem: a tangent has not the shape of its variable.
    """
    symbols = tuple(tangents)
    ready, task = prepared_task(asked, symbols, number=False)
    directions = {name: shaped(name, tangents[name], np.shape(asked.inputs[name]), "tangent") for name in symbols}
    seeds = {f"tangent {name}": direction for name, direction in directions.items()}
    try:
        formula = ready.pushforward(symbols) if backend.refinable else None
        if backend.refinable:
            (moved,) = task.run([formula], [task.shape], seeds)
        else:
            blocks = backend.array_gradient(task).jacobian
            moved = sum((np.tensordot(blocks[n], d, np.ndim(d)) for n, d in directions.items()), np.zeros(task.shape))
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    claims = [Claim(ready.root, task.value), *([] if formula is None else [Claim(formula, moved)])]
    cautions = said(task, [moved], lambda: claims, seeds, exact=backend.refinable)
    return as_figure(task.value), as_figure(moved), cautions


def pullback(
    asked: Asked, symbols: Sequence[str], cotangent: Figure, backend: Backend
) -> tuple[Figure, dict[str, Figure], Sequence[Caution]]:
    """The value of a formula, and what a cotangent of it contributes to each variable: reverse mode.

    Raises:
        ShapeProblem: the cotangent has not the shape of the value.
    """
    ready, task = prepared_task(asked, symbols, number=False)
    seed = shaped("the value", cotangent, task.shape, "cotangent")
    shapes = task.shapes()
    try:
        formulas = ready.pullback(task.wrt, seeded=True) if backend.refinable else {}
        if backend.refinable:
            found = task.run(list(formulas.values()), list(shapes.values()), {"cotangent ": seed})
        else:
            blocks = backend.array_gradient(task).jacobian
            found = [np.tensordot(seed, blocks[name], np.ndim(seed)) for name in shapes]
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    pulled = {name: as_figure(value) for name, value in zip(shapes, found, strict=True)}
    claims = [Claim(formula, pulled[name]) for name, formula in formulas.items() if formula is not None]
    claims.insert(0, Claim(ready.root, task.value))
    cautions = said(task, found, lambda: claims, {"cotangent ": seed}, exact=backend.refinable)
    return as_figure(task.value), pulled, cautions


def hessian_product(
    asked: Asked, symbols: Sequence[str], vector: Mapping[str, Figure], backend: Backend
) -> tuple[float, dict[str, Figure], dict[str, Figure], Sequence[Caution]]:
    """The value, the gradient, and the Hessian times a vector: forward mode over the gradient (Pearlmutter, 1994).

    Raises:
        ShapeProblem: a part of the vector has not the shape of its variable.
    """
    ready, task = prepared_task(asked, symbols, number=True)
    task.order = 2
    shapes = task.shapes()
    along = {name: shaped(name, vector.get(name, np.zeros(shape)), shape, "vector") for name, shape in shapes.items()}
    seeds = {f"tangent {name}": direction for name, direction in along.items()}
    every: list[Expr | None] = []
    try:
        if backend.refinable:
            formulas = ready.pullback(task.wrt, seeded=False)
            live = [formula for formula in formulas.values() if formula is not None]
            moved = iter(ready.moved(live, task.wrt))
            second = [next(moved) if formula is not None else None for formula in formulas.values()]
            every = [*formulas.values(), *second]
            found = task.run(every, [*shapes.values()] * 2, seeds)
        else:
            derivatives = backend.array_hessian(task)
            flat = np.concatenate([np.reshape(direction, -1) for direction in along.values()])
            products = task.blocks((derivatives.matrix @ flat)[None, :], (1,))
            found = [*derivatives.jacobian.values(), *[block[0] for block in products.values()]]
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    count = len(shapes)
    partials = {name: as_figure(value) for name, value in zip(shapes, found[:count], strict=True)}
    products = {name: as_figure(value) for name, value in zip(shapes, found[count:], strict=True)}
    claims = [Claim(formula, figure) for formula, figure in zip(every, found, strict=False) if formula is not None]
    claims.insert(0, Claim(ready.root, task.value))
    cautions = said(task, found, lambda: claims, seeds, exact=backend.refinable)
    return float(task.value), partials, products, cautions


def shaped(name: str, value: Figure, shape: tuple[int, ...], what: str) -> Array:
    """A direction in the shape it must have.

    Raises:
        ShapeProblem: it has another one.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape:
        subject = f"`{name}`" if what != "cotangent" else name
        hint = f"give the {what} the same shape"
        if shape:
            hint += f", such as `ones({shape[0] if len(shape) == 1 else list(shape)})`"
        raise ShapeProblem(f"{subject} is {named(shape)}, its {what} {named(array.shape)}", hint=hint)
    return array
