"""Answers for formulas over arrays; formulas of numbers are answered by `adcalc.answer`.

NumPy and everything that stands on it is imported here when an array is met, and not before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from adcalc.answer import answered
from adcalc.backends.protocol import ArrayDerivatives, Backend
from adcalc.errors import Caution, InputProblem, LimitProblem, ShapeProblem, Source, Span
from adcalc.expr import Expr, Variable
from adcalc.program import Program, lowered
from adcalc.results import Figure
from adcalc.rules import NoDerivative

if TYPE_CHECKING:
    from adcalc.prepared import Prepared
    from adcalc.task import Task

Array: TypeAlias = Any
Kind = Literal["value", "gradient", "jacobian", "hessian"]


#: Derivatives with more entries than this are not put into one matrix.
_MOST_ENTRIES = 2**27


class ArrayAnswer(NamedTuple):
    """What was found at a point."""

    value: Figure
    derivatives: ArrayDerivatives
    cautions: Sequence[Caution]


class Asked(NamedTuple):
    """A formula at a point, as it was asked about."""

    root: Expr
    inputs: Mapping[str, Figure]
    spans: Mapping[Expr, Span]
    source: Source


def needs_arrays(program: Program, inputs: Mapping[str, Figure]) -> bool:
    """Whether a program works on arrays at a point."""
    for slot in program.slots:
        if slot.primitive is not None:
            if slot.primitive.over:
                return True
        elif isinstance(slot.node, Variable) and not isinstance(inputs.get(slot.node.name, 0.0), float):
            return True
    return False


def figure(root: Expr, inputs: Mapping[str, Figure], spans: Mapping[Expr, Span], source: Source) -> Figure:
    """The value of a formula, of numbers or of arrays.

    Raises:
        Problem: shapes do not fit, or the point is outside the domain.
    """
    program = lowered([root])
    if not needs_arrays(program, inputs):
        return answered(program, inputs, (), None, "value", spans, source).figures[0]
    return array_answer(Asked(root, inputs, spans, source), (), None, "value").value


def array_answer(asked: Asked, symbols: Sequence[str], backend: Backend | None, kind: Kind) -> ArrayAnswer:
    """The value of a formula over arrays, and derivatives by some of its inputs.

    Raises:
        ShapeProblem: shapes do not fit, or the value is no number where one is needed.
        DomainProblem: there is no value, or no derivative.
    """
    ready, task = prepared_task(asked, symbols, number=kind in ("gradient", "hessian"))
    task.order = 2 if kind == "hessian" else 1
    entries = task.size() * (task.size() if kind == "hessian" else math.prod(task.shape))
    if backend is not None and entries > _MOST_ENTRIES:
        raise LimitProblem(
            f"a {kind} of {entries} entries is too large",
            hint="take `hvp`, `jvp` or `vjp` for what it does to a vector",
        )
    found = ArrayDerivatives({})
    try:
        if backend is None:
            task.run([], [])
        elif kind == "hessian":
            found = backend.array_hessian(task)
        else:
            found = backend.array_gradient(task)
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    if task.value is None:
        task.run([], [])
    cautions = [*ready.elaboration.cautions, *task.cautions, *[Caution("one-sided", note) for note in found.notes]]
    cautions += _not_finite(task, found)
    if not cautions and (backend is None or backend.refinable):
        cautions += _doubts(task, found)
    return ArrayAnswer(as_figure(task.value), found, cautions)


def _doubts(task: Task, found: ArrayDerivatives) -> list[Caution]:
    """What is to be said of the digits of the value, and of the gradient of a number."""
    from adcalc.certainty import doubts

    if task.shape or not found.jacobian:
        return doubts(task, [task.prepared.root], [task.value], entrywise=False)
    return _gradient_doubts(task, found.jacobian, entrywise=False)


def _gradient_doubts(task: Task, partials: Mapping[str, Array], *, entrywise: bool) -> list[Caution]:
    from adcalc.certainty import doubts

    formulas, figures = [task.prepared.root], [task.value]
    for name, formula in task.prepared.pullback(task.wrt, seeded=False).items():
        if formula is not None:
            formulas.append(formula)
            figures.append(partials[name])
    return doubts(task, formulas, figures, entrywise=entrywise)


def prepared_task(asked: Asked, symbols: Sequence[str], *, number: bool) -> tuple[Prepared, Task]:
    """A formula elaborated for a point, and the task of differentiating it.

    Args:
        number: its value must be a number; an array of one entry is taken for one.
    """
    from adcalc.prepared import prepared
    from adcalc.shapes.core import named
    from adcalc.task import Task

    ready = prepared(asked.root, asked.inputs, asked.spans, asked.source)
    for name in symbols:
        if name in ready.elaboration.sizes:
            raise InputProblem(f"`{name}` settles a size, and there is no derivative by a size")
    if number and ready.shape:
        single = ready.number()
        if single is None:
            raise ShapeProblem(
                f"the value is {named(ready.shape)}, and a gradient is that of a number",
                asked.spans.get(asked.root),
                "take `jacobian`, or sum the value up, or take `--elementwise` for a curve",
                asked.source,
            )
        ready = single
    return ready, Task(ready, asked.inputs, tuple(symbols), asked.spans, asked.source)


def without_derivative(asked: Asked, symbols: Sequence[str]) -> dict[str, Caution]:
    """Inputs by which nobody asked for a derivative in so many words, and by which there is none; and why."""
    if not needs_arrays(lowered([asked.root]), asked.inputs):
        return {}
    from adcalc.prepared import prepared

    ready = prepared(asked.root, asked.inputs, asked.spans, asked.source)
    return dict(ready.remembered(("without", tuple(symbols)), lambda: ready.without_derivative(symbols)))


def located(ready: Prepared, problem: NoDerivative, asked: Asked) -> NoDerivative:
    """The same problem with its place."""
    origin = ready.elaboration.origin.get(problem.node) if problem.node is not None else None
    problem.span = asked.spans.get(origin) if origin is not None else None
    problem.source = asked.source
    return problem


def _not_finite(task: Task, found: ArrayDerivatives) -> list[Caution]:
    """What to say of figures that are not finite."""
    import numpy as np

    with np.errstate(all="ignore"):
        sound = _finite(task.value), all([_finite(block) for block in found.jacobian.values()])
    if not sound[0]:
        return task.scene.value_cautions()
    if not sound[1]:
        return task.scene.slope_cautions(task.wrt)
    if found.matrix is not None and not np.all(np.isfinite(found.matrix)):
        return [Caution("not finite", "a second derivative is not finite here")]
    return []


def _finite(array: Array) -> bool:
    """Whether all entries are finite; where their sum is, they are, and that is seen in one pass."""
    import numpy as np

    return math.isfinite(np.add.reduce(array, axis=None)) or bool(np.all(np.isfinite(array)))


def as_figure(value: Array) -> Figure:
    """A number of Python's for an array without axes, and an array of float64 otherwise."""
    import numpy as np

    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        return float(array)
    # What a plan gives is new; a view may be one of something that is still in use.
    return array if array.flags.owndata else np.array(array)


def pushforward(
    asked: Asked, tangents: Mapping[str, Figure], backend: Backend
) -> tuple[Figure, Figure, Sequence[Caution]]:
    """The value of a formula, and how it moves along tangents: forward mode.

    Raises:
        ShapeProblem: a tangent has not the shape of its variable.
    """
    import numpy as np

    symbols = tuple(tangents)
    ready, task = prepared_task(asked, symbols, number=False)
    directions = {name: shaped(name, tangents[name], np.shape(asked.inputs[name]), "tangent") for name in symbols}
    try:
        if backend.refinable:
            formula = ready.pushforward(symbols)
            seeds = {f"tangent {name}": direction for name, direction in directions.items()}
            (moved,) = task.run([formula], [task.shape], seeds)
        else:
            blocks = backend.array_gradient(task).jacobian
            moved = sum((np.tensordot(blocks[n], d, np.ndim(d)) for n, d in directions.items()), np.zeros(task.shape))
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    return as_figure(task.value), as_figure(moved), [*ready.elaboration.cautions, *task.cautions]


def pullback(
    asked: Asked, symbols: Sequence[str], cotangent: Figure, backend: Backend
) -> tuple[Figure, dict[str, Figure], Sequence[Caution]]:
    """The value of a formula, and what a cotangent of it contributes to each variable: reverse mode.

    Raises:
        ShapeProblem: the cotangent has not the shape of the value.
    """
    import numpy as np

    ready, task = prepared_task(asked, symbols, number=False)
    seed = shaped("the value", cotangent, task.shape, "cotangent")
    shapes = task.shapes()
    try:
        if backend.refinable:
            formulas = ready.pullback(task.wrt, seeded=True)
            found = task.run(list(formulas.values()), list(shapes.values()), {"cotangent ": seed})
        else:
            blocks = backend.array_gradient(task).jacobian
            found = [np.tensordot(seed, blocks[name], np.ndim(seed)) for name in shapes]
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    pulled = {name: as_figure(value) for name, value in zip(shapes, found, strict=True)}
    return as_figure(task.value), pulled, [*ready.elaboration.cautions, *task.cautions]


def hessian_product(
    asked: Asked, symbols: Sequence[str], vector: Mapping[str, Figure], backend: Backend
) -> tuple[float, dict[str, Figure], dict[str, Figure], Sequence[Caution]]:
    """The value, the gradient, and the Hessian times a vector: forward mode over the gradient (Pearlmutter, 1994).

    Raises:
        ShapeProblem: a part of the vector has not the shape of its variable.
    """
    import numpy as np

    ready, task = prepared_task(asked, symbols, number=True)
    task.order = 2
    shapes = task.shapes()
    along = {name: shaped(name, vector.get(name, np.zeros(shape)), shape, "vector") for name, shape in shapes.items()}
    try:
        if backend.refinable:
            formulas = ready.pullback(task.wrt, seeded=False)
            live = [formula for formula in formulas.values() if formula is not None]
            moved = iter(ready.moved(live, task.wrt))
            second = [next(moved) if formula is not None else None for formula in formulas.values()]
            seeds = {f"tangent {name}": direction for name, direction in along.items()}
            found = task.run([*formulas.values(), *second], [*shapes.values()] * 2, seeds)
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
    return float(task.value), partials, products, [*ready.elaboration.cautions, *task.cautions]


def elementwise(
    asked: Asked, symbols: Sequence[str], backend: Backend
) -> tuple[Figure, dict[str, Figure], Sequence[Caution]]:
    """The value and the partials at every entry: the formula is one of numbers, and the arrays are many points.

    Raises:
        ShapeProblem: the arrays have different shapes, or the formula does not give a number.
    """
    import numpy as np

    from adcalc.prepared import prepared
    from adcalc.shapes.core import named
    from adcalc.task import Task

    shapes = dict.fromkeys(np.shape(value) for value in asked.inputs.values() if np.ndim(value))
    if len(shapes) > 1:
        shown = " and ".join(named(shape) for shape in shapes)
        raise ShapeProblem(f"entry by entry all arrays must have one shape, these are {shown}")
    (points,) = shapes or [()]
    ones = {name: 0.0 if np.ndim(value) else value for name, value in asked.inputs.items()}
    ready = prepared(asked.root, ones, asked.spans, asked.source)
    if ready.shape:
        raise ShapeProblem(
            f"entry by entry the value must be a number, here it is {named(ready.shape)}",
            asked.spans.get(asked.root),
            "leave `--elementwise` away, or take `jacobian`",
            asked.source,
        )
    inputs = {name: np.asarray(value, dtype=np.float64) for name, value in asked.inputs.items()}
    task = Task(ready, inputs, tuple(symbols), asked.spans, asked.source)
    try:
        found = backend.array_elementwise(task, points)
    except NoDerivative as problem:
        raise located(ready, problem, asked) from None
    figures = {name: as_figure(np.broadcast_to(partial, points)) for name, partial in found.items()}
    cautions = [*ready.elaboration.cautions, *task.cautions]
    if not all(np.all(np.isfinite(partial)) for partial in figures.values()):
        cautions += task.scene.slope_cautions(task.wrt)
    if not cautions and backend.refinable:
        cautions += _gradient_doubts(task, found, entrywise=True)
    return as_figure(np.broadcast_to(task.value, points)), figures, cautions


def shaped(name: str, value: Figure, shape: tuple[int, ...], what: str) -> Array:
    """A direction in the shape it must have.

    Raises:
        ShapeProblem: it has another one.
    """
    import numpy as np

    from adcalc.shapes.core import named

    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape:
        subject = f"`{name}`" if what != "cotangent" else name
        hint = f"give the {what} the same shape"
        if shape:
            hint += f", such as `ones({shape[0] if len(shape) == 1 else list(shape)})`"
        raise ShapeProblem(f"{subject} is {named(shape)}, its {what} {named(array.shape)}", hint=hint)
    return array
