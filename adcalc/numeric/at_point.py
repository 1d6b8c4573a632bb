"""Difference quotients of a formula at a point, entry by entry of its variables; a number is one entry.

They know nothing but values, so that they share no rule with the rest of the program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from adcalc.algebras.floats import FLOATS
from adcalc.autodiff.derive import Derivation, Quotients
from adcalc.autodiff.figures import Figures, FiguresWanted
from adcalc.autodiff.linearization import Asked
from adcalc.checks.diagnose import is_defined
from adcalc.checks.observation import Observation
from adcalc.errors import Caution, MethodProblem
from adcalc.ir.program import Unused, evaluate
from adcalc.numeric.differences import (
    Estimate,
    Method,
    balanced_step,
    compared,
    curvature,
    difference_quotient,
    reach,
    slope,
    twist,
)
from adcalc.results import Figure

Array: TypeAlias = Any
#: An entry of a variable, by its number; of a number the entry 0.
Place = tuple[str, int]

#: Below any rounding error of the value, so that the complex step cancels nothing (Squire and Trapp, 1998).
_COMPLEX_STEP = 1e-150
_NOTHING = Estimate(0.0, 0.0, "both")


class ByValues:
    """Figures from values, with their errors.

    Attributes:
        figures: as far as they were asked for.
        estimates: a bound of the error of the first derivatives, by variable.
        matrix_error: the same of second ones.
        count: how often the formula was evaluated.
        cautions: what the user should know of how it was done.
    """

    __slots__ = ("cautions", "count", "estimates", "figures", "matrix_error")

    def __init__(self, asked: Asked, request: FiguresWanted, work: Derivation, how: Quotients, middle: Figure) -> None:
        """Takes the quotients.

        Args:
            middle: the value at the point.

        Raises:
            MethodProblem: the method cannot answer for this formula.
        """
        values = _Values(asked, work, how)
        blocks, errors, sides = _first(work, values)
        self.matrix_error: Any = None
        matrix: Any = None
        if request.order == 2:
            matrix, self.matrix_error = _second(work, values)
        self.figures = _asked_for(request, work, middle, blocks, matrix)
        self.estimates: Mapping[str, Figure] = errors
        self.count = values.count
        self.cautions: Sequence[Caution] = () if how.method == "forward" else _notes(sides)


def _asked_for(
    request: FiguresWanted, work: Derivation, middle: Figure, blocks: dict[str, Figure], matrix: Any
) -> Figures:
    """What was asked for, out of the Jacobian and the Hessian."""
    if request.kind in ("gradient", "jacobian"):
        return Figures(middle, blocks)
    if request.kind == "hessian":
        return Figures(middle, blocks, matrix)
    import numpy as np

    if request.kind == "jvp":
        along = {name: np.asarray(request.seeds[f"tangent {name}"]) for name in work.wrt}
        moved = [np.tensordot(blocks[name], each, each.ndim) for name, each in along.items()]
        return Figures(middle, tangent=sum(moved, np.zeros(work.formula.shape)))
    if request.kind == "vjp":
        seed = np.asarray(request.seeds["cotangent "])
        return Figures(middle, {name: np.tensordot(seed, block, seed.ndim) for name, block in blocks.items()})
    from adcalc.autodiff.stacks import blocks_of

    vector = [np.reshape(request.seeds[f"tangent {name}"], -1) for name in work.wrt]
    product = np.asarray(matrix) @ np.concatenate(vector) if vector else np.zeros(0)
    products = {name: block[0] for name, block in blocks_of(product[None, :], (1,), work.shapes).items()}
    return Figures(middle, blocks, products=products)


def _first(work: Derivation, values: _Values) -> tuple[dict[str, Figure], dict[str, Figure], dict[str, Estimate]]:
    """Slopes of every entry of the value by every entry of the variables, and bounds of their errors."""
    outputs = math.prod(work.formula.shape)
    blocks: dict[str, Figure] = {}
    errors: dict[str, Figure] = {}
    sides: dict[str, Estimate] = {}
    for name, shape in work.shapes.items():
        size = math.prod(shape)
        found = [[values.slope((name, column), row) for column in range(size)] for row in range(outputs)]
        dims = (*work.formula.shape, *shape)
        flat = [estimate for line in found for estimate in line]
        blocks[name] = _shaped([e.value if e.error < math.inf else math.nan for e in flat], dims)
        errors[name] = _shaped([e.error for e in flat], dims)
        if not dims:
            sides[name] = flat[0]
    return blocks, errors, sides


def _second(work: Derivation, values: _Values) -> tuple[Any, Any]:
    """Second differences of a formula whose value is a number."""
    places = [(name, entry) for name, shape in work.shapes.items() for entry in range(math.prod(shape))]
    size = range(len(places))
    matrix, errors = ([[0.0] * len(places) for _ in size] for _ in range(2))
    live = [place for place in places if place[0] in values.active]
    reaches = {place: values.reach(place) for place in live} if values.needs_reach and len(places) > 1 else {}
    for i, row in enumerate(places):
        for j, column in enumerate(places[: i + 1]):
            if row[0] in values.active and column[0] in values.active:
                estimate = values.second(row, column, reaches)
                matrix[i][j] = matrix[j][i] = estimate.value
                errors[i][j] = errors[j][i] = estimate.error
    if not work.formula.arrays:
        return matrix, errors
    import numpy as np

    dims = (len(places), len(places))
    return np.array(matrix).reshape(dims), np.array(errors).reshape(dims)


def _shaped(entries: Sequence[float], dims: tuple[int, ...]) -> Figure:
    if not dims:
        return entries[0]
    import numpy as np

    return np.array(entries, dtype=np.float64).reshape(dims)


class _Values:
    """The formula as a function of some entries of its variables, counting how often it is asked."""

    def __init__(self, asked: Asked, work: Derivation, how: Quotients) -> None:
        self.asked = asked
        self.work = work
        self.how = how
        self.count = 0
        self.active = {name for name in work.wrt if any(work.formula.program.depends_on([name]))}
        self._seen: dict[tuple[Place, float], Sequence[float]] = {}

    @property
    def needs_reach(self) -> bool:
        """Whether it helps to know how far each variable may be moved."""
        return self.how.method != "complex" and self.how.step is None

    def start(self, place: Place) -> float:
        """The value of an entry at the point."""
        figure = self.asked.inputs[place[0]]
        return figure if isinstance(figure, float) else float(figure.reshape(-1)[place[1]])

    def slope(self, place: Place, row: int) -> Estimate:
        """The derivative of one entry of the value by one entry of a variable."""
        if place[0] not in self.active:
            return _NOTHING
        if self.how.method == "complex":
            return self.complex_slope(place[0])
        return slope(self._along(place, row), self.start(place), self.how.method, self.how.step)

    def reach(self, place: Place) -> float:
        """How far an entry may be moved."""
        return reach(self._along(place, 0), self.start(place))

    def second(self, row: Place, column: Place, reaches: Mapping[Place, float]) -> Estimate:
        """A second derivative by two entries."""
        if self.how.method == "complex":
            return slope(lambda to: self.complex_slope(row[0], {column[0]: to}).value, self.start(column))
        if self.how.method != "richardson":
            return self._nested(row, column, reaches, self.how.method)
        return self._second(row, column, reaches, self.how.step)

    def _nested(self, row: Place, column: Place, reaches: Mapping[Place, float], method: Method) -> Estimate:
        """A quotient of quotients, and how far it is from the extrapolated second difference."""
        x, y = self.start(row), self.start(column)
        h, k = (balanced_step(at, method, 2) if self.how.step is None else self.how.step for at in (x, y))

        def inner(moved: float) -> float:
            if row == column:
                return difference_quotient(self._along(row, 0), moved, method, h)
            return difference_quotient(lambda to: self._at({row: to, column: moved})[0], x, method, h)

        return compared(difference_quotient(inner, y, method, k), self._second(row, column, reaches, None), "both")

    def _second(self, row: Place, column: Place, reaches: Mapping[Place, float], step: float | None) -> Estimate:
        if row == column:
            return curvature(self._along(row, 0), self.start(row), step)
        known = (reaches[row], reaches[column]) if reaches else None

        def two(a: float, b: float) -> float:
            return self._at({row: a, column: b})[0]

        return twist(two, self.start(row), self.start(column), step, known)

    def _along(self, place: Place, row: int) -> Callable[[float], float]:
        """One entry of the value, as one entry of a variable moves."""

        def moved(to: float) -> float:
            key = (place, to)
            if key not in self._seen:
                self._seen[key] = self._at({place: to})
            return self._seen[key][row]

        return moved

    def _at(self, moved: Mapping[Place, float]) -> Sequence[float]:
        """The entries of the value with some entries of variables moved; nan outside the domain."""
        self.count += 1
        formula, inputs = self.work.formula, dict(self.asked.inputs)
        for (name, entry), to in moved.items():
            before = inputs[name]
            if isinstance(before, float):
                inputs[name] = to
            else:
                changed = before.copy()
                changed.reshape(-1)[entry] = to
                inputs[name] = changed
        if formula.arrays:
            from adcalc.engines.plan import plan_of

            (value,) = plan_of(formula, (formula.root,)).run(inputs)
            return [float(value)] if isinstance(value, float) else value.reshape(-1)
        values = evaluate(formula.program, FLOATS, inputs)
        value = values[formula.program.output]
        seen = Observation(formula, self.asked._replace(inputs=inputs), values)
        return [value if not isinstance(value, Unused) and is_defined(seen) else math.nan]

    def complex_slope(self, name: str, moved: Mapping[str, float] | None = None) -> Estimate:
        """The imaginary part of f(x + ih) over h: no cancellation, but every operation must be analytic.

        Raises:
            MethodProblem: one is not.
        """
        from adcalc.algebras.complexes import first_unfit

        formula, asked = self.work.formula, self.asked
        if formula.arrays:
            raise MethodProblem("a complex step cannot pass through arrays", hint="take `--method richardson`")
        seen = Observation(formula, asked)
        unfit = first_unfit(formula.program, seen.values)
        if unfit is not None:
            raise MethodProblem(
                f"a complex step cannot pass through `{seen.called(unfit)}`",
                seen.span(unfit),
                "take `--method richardson`",
                asked.source,
            )
        found = self._imaginary(name, moved or {}, _COMPLEX_STEP)
        moved_by_rounding = [self._imaginary(name, moved or {}, _COMPLEX_STEP, seed) for seed in (1, 2, 3)]
        error = max([abs(each - found) for each in moved_by_rounding])
        exact = Estimate(found, max(abs(found) * 1e-13, error), "both")
        if self.how.step is None:
            return exact
        return compared(self._imaginary(name, moved or {}, self.how.step), exact, "both")

    def _imaginary(self, name: str, moved: Mapping[str, float], step: float, seed: int = 0) -> float:
        """The imaginary part of the value over an imaginary step of one variable.

        Args:
            seed: of perturbed roundings; 0 for none.
        """
        from adcalc.algebras.complexes import COMPLEXES, PerturbedComplexes

        self.count += 1
        algebra = PerturbedComplexes(seed) if seed else COMPLEXES
        inputs = {each: complex(value) for each, value in {**self.asked.inputs, **moved}.items()}
        inputs[name] += complex(0.0, step)
        program = self.work.formula.program
        value = evaluate(program, algebra, inputs)[program.output]
        assert not isinstance(value, Unused)
        return value.imag / step


def _notes(found: Mapping[str, Estimate]) -> list[Caution]:
    """What to say of slopes by numbers that do not settle, or that were taken on one side."""
    texts = [f"by `{name}`, the difference quotients do not settle" for name, e in found.items() if e.error == math.inf]
    texts += [
        f"by `{name}`, values were taken on the {estimate.sides} of the point only: beyond it there are none"
        for name, estimate in found.items()
        if estimate.sides != "both"
    ]
    return [Caution("one-sided", text) for text in texts]
