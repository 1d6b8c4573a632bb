"""Answers for formulas over arrays; formulas of numbers are answered by `adcalc.answer`.

NumPy and everything that stands on it is imported here when an array is met, and not before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from adcalc.answer import answered
from adcalc.backends.protocol import ArrayDerivatives, Backend
from adcalc.errors import Caution, InputProblem, LimitProblem, ShapeProblem, Source, Span
from adcalc.expr import Expr, Variable
from adcalc.program import Program, lowered
from adcalc.results import Figure
from adcalc.rules import NoDerivative

if TYPE_CHECKING:
    from adcalc.certainty import Claim
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
    exact = backend is None or backend.refinable
    along = {f"tangent {name}": direction for name, direction in _along(task, found).items()}
    cautions = said(task, list(found.jacobian.values()), _claims(task, found), along, exact=exact)
    if found.matrix is not None and not cautions and not _finite(found.matrix):
        cautions = [Caution("not finite", "a second derivative is not finite here")]
    cautions += [Caution("one-sided", note) for note in found.notes]
    return ArrayAnswer(as_figure(task.value), found, cautions)


def said(
    task: Task,
    figures: Sequence[Array],
    claims: Callable[[], Sequence[Claim]],
    seeds: Mapping[str, Array],
    *,
    exact: bool,
) -> list[Caution]:
    """Everything that is to be said of the value of a task and of derivatives computed with it.

    Args:
        figures: the derivatives.
        claims: formulas with the figures they gave, whose digits are checked if nothing else is to be said.
        seeds: what these formulas read beside the point.
        exact: the figures have no error but rounding.
    """
    import numpy as np

    cautions = [*task.prepared.elaboration.cautions, *task.cautions]
    with np.errstate(all="ignore"):
        value, derivatives = _finite(task.value), all([_finite(figure) for figure in figures])
    if not value:
        cautions += task.scene.value_cautions()
    elif not derivatives:
        cautions += task.scene.slope_cautions(task.wrt)
    elif exact and not cautions:
        from adcalc.certainty import doubts

        cautions += doubts(task, claims, seeds)
    return cautions


def gradient_claims(task: Task, partials: Mapping[str, Array]) -> list[Claim]:
    """The value of a number's formula and its partials, with their formulas by reverse mode."""
    from adcalc.certainty import Claim

    found = task.prepared.pullback(task.wrt, seeded=False)
    own = [Claim(formula, partials[name]) for name, formula in found.items() if formula is not None]
    return [Claim(task.prepared.root, task.value), *own]


def _claims(task: Task, found: ArrayDerivatives) -> Callable[[], Sequence[Claim]]:
    """What was found, as far as it can be said in a few formulas: a matrix is represented by one product with it."""

    def make() -> list[Claim]:
        import numpy as np

        from adcalc.certainty import Claim

        claims = [Claim(task.prepared.root, task.value)]
        if not found.jacobian:
            return claims
        along = [np.reshape(direction, -1) for direction in _along(task, found).values()]
        if task.shape:
            pushed = task.prepared.pushforward(task.wrt)
            parts = zip(found.jacobian.values(), along, strict=True)
            moves = [np.reshape(block, (*task.shape, -1)) @ direction for block, direction in parts]
            return claims if pushed is None else [*claims, Claim(pushed, sum(moves))]
        claims = gradient_claims(task, found.jacobian)
        if found.matrix is not None:
            names = [name for name, formula in task.prepared.pullback(task.wrt, seeded=False).items() if formula]
            rows = task.blocks((found.matrix @ np.concatenate(along))[None, :], (1,))
            moved = task.prepared.moved([claim.formula for claim in claims[1:]], task.wrt)
            second = zip(names, moved, strict=True)
            claims += [Claim(formula, rows[name][0]) for name, formula in second if formula is not None]
        return claims

    return make


def _along(task: Task, found: ArrayDerivatives) -> dict[str, Array]:
    """A tangent for every variable, where a matrix is represented by its product with one.

    Its entries are multiples of the golden ratio without their whole parts: ones would do, were not the rows of
    many a Hessian sums of 0.
    """
    import numpy as np

    if not found.jacobian or not (task.shape or found.matrix is not None):
        return {}
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    return {
        name: 0.5 + np.modf(ratio * np.arange(1.0, math.prod(shape) + 1.0))[0].reshape(shape)
        for name, shape in task.shapes().items()
    }


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
