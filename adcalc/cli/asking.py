"""A question as it stands on the command line, and its answer on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from adcalc.cli.arguments import formula_source, names, shapes
from adcalc.cli.failures import ExitCode, colours
from adcalc.cli.options import Method, backend_of_options
from adcalc.cli.points import Point, point, single
from adcalc.errors import Caution, InputProblem
from adcalc.function import Function, parse
from adcalc.render import formulas, results
from adcalc.render.named import Result
from adcalc.render.page import show_cautions
from adcalc.results import Figure

if TYPE_CHECKING:
    from adcalc.backends import Backend
    from adcalc.io.saving import Target


@dataclass(frozen=True, kw_only=True)
class Request:
    """A formula, a point and options, as texts."""

    formula: str
    at: Sequence[str] | None = None
    wrt: Sequence[str] | None = None
    backend: str = "reverse"
    format: str = "table"
    method: Method | None = None
    step: float | None = None
    shape: Sequence[str] | None = None
    out: str | None = None
    force: bool = False

    def value(self) -> None:
        """Answers `eval`."""
        self._ready()
        result = self._function.evaluate(self._point)
        self._keep(result)
        results.show_value(self._function, self._point, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def gradient(self, *, elementwise: bool = False) -> None:
        """Answers `grad`: at a point, or as formulas where the formula has free names and no point is given."""
        backend = self._ready()
        if self._wants_formulas("--elementwise" if elementwise else ""):
            partials = self._function.gradient_formulas(self._wrt, shapes=self._shapes)
            formulas.show_formulas(
                self._function, {(name,): partial for name, partial in partials.items()}, self.format
            )
            self._finish(_all_cautions(partials.values()), finite=True)
            return
        if elementwise:
            result = self._function.elementwise(self._point, self._wrt, backend)
        else:
            result = self._function.gradient(self._point, self._wrt, backend)
        self._keep(result)
        show = results.show_elementwise if elementwise else results.show_gradient
        show(self._function, self._point, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def hessian(self) -> None:
        """Answers `hessian`, likewise."""
        backend = self._ready()
        if self._wants_formulas():
            first = self._function.gradient_formulas(self._wrt, shapes=self._shapes)
            second = self._function.hessian_formulas(self._wrt, shapes=self._shapes)
            formulas.show_formulas(self._function, second, self.format, first)
            self._finish(_all_cautions(second.values()), finite=True)
            return
        result = self._function.hessian(self._point, self._wrt, backend)
        self._keep(result)
        results.show_hessian(self._function, self._point, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def derivative(self, order: int) -> None:
        """Answers `diff`."""
        wrt = self._wrt or list(self._function.only_variable())
        derived = self._function.diff(*wrt, order=order, shapes=self._shapes)
        formulas.show_derivative(self._function, wrt, derived, self.format)
        self._finish(derived.cautions, finite=True)

    def comparison(self) -> None:
        """Answers `compare`."""
        from adcalc.comparison import compare
        from adcalc.render.comparisons import show_comparison

        answers = compare(self._function, self._point, self._wrt)
        show_comparison(self._function, self._point, answers, self.format)
        found = [answer.gradient for answer in answers if answer.gradient is not None]
        cautions = [caution for gradient in found for caution in gradient.warnings]
        self._finish(list(dict.fromkeys(cautions)), finite=all(gradient.finite for gradient in found))

    def jacobian(self) -> None:
        """Answers `jacobian`."""
        from adcalc.render.products import show_jacobian

        backend = self._ready()
        result = self._function.jacobian(self._point, self._wrt, backend)
        self._keep(result)
        show_jacobian(self._function, self._point, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def pushforward(self, tangent: Sequence[str]) -> None:
        """Answers `jvp`."""
        from adcalc.render.products import show_pushforward

        backend = self._ready()
        along = point(tangent, "--tangent").of(self._function)
        result = self._function.jvp(self._point, along, backend)
        self._keep(result)
        show_pushforward(self._function, self._point, along, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def pullback(self, cotangent: str) -> None:
        """Answers `vjp`."""
        from adcalc.render.products import show_pullback

        backend = self._ready()
        weights = single(cotangent, "--cotangent", "cotangent")
        result = self._function.vjp(self._point, weights, self._wrt, backend)
        self._keep(result)
        show_pullback(self._function, self._point, weights, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    def hessian_product(self, vector: Sequence[str]) -> None:
        """Answers `hvp`."""
        from adcalc.render.products import show_hessian_product

        backend = self._ready()
        along = point(vector, "--vector").of(self._function)
        result = self._function.hvp(self._point, along, self._wrt, backend)
        self._keep(result)
        show_hessian_product(self._function, self._point, along, self.backend, result, self.format)
        self._finish(result.warnings, finite=result.finite)

    @cached_property
    def _function(self) -> Function:
        source = formula_source(self.formula)
        bound = {*self._given.values, *(self._wrt or ()), *(self._shapes or ())}
        return parse(source.text, bound=bound, name=source.name)

    @cached_property
    def _given(self) -> Point:
        return point(self.at or ())

    @cached_property
    def _point(self) -> dict[str, Figure]:
        return self._given.of(self._function)

    @cached_property
    def _wrt(self) -> list[str] | None:
        return names(self.wrt)

    @cached_property
    def _target(self) -> Target | None:
        if self.out is None:
            if self.force:
                raise InputProblem("`--force` belongs to `--out`", hint="add `--out FILE.npz`")
            return None
        from adcalc.io.saving import Target

        return Target.of(self.out, force=self.force)

    @cached_property
    def _shapes(self) -> dict[str, tuple[int | str, ...]] | None:
        return shapes(self.shape)

    def _ready(self) -> Backend:
        """The backend, once every option is known to be in order."""
        backend = backend_of_options(self.backend, self.method, self.step)
        target = self._target
        if self.shape and self.at:
            hint = "leave one of them out"
            raise InputProblem("`--shape` is for formulas; the values of `--at` have shapes of their own", hint=hint)
        if target is not None and self.at is None and self._function.variables:
            raise InputProblem("`--out` keeps numbers", hint="give the variables values: `--at`")
        return backend

    def _wants_formulas(self, option: str = "") -> bool:
        """Whether derivatives are asked for as formulas."""
        if self.at is not None or not self._function.variables:
            return False
        if option:
            raise InputProblem(f"`{option}` needs numbers", hint="give the variables values: `--at`")
        return True

    def _keep(self, result: Result) -> None:
        """Writes what was found to the file of `--out`."""
        if self._target is not None:
            from adcalc.render.named import named_figures
            from adcalc.render.named import single_name as only

            self._target.keep(named_figures(result), only(result))

    def _finish(self, cautions: Sequence[Caution], *, finite: bool) -> None:
        show_cautions(cautions, self._function.source, self.format, colour=colours())
        if not finite:
            raise typer.Exit(ExitCode.NO_ANSWER)


def _all_cautions(functions: Iterable[Function]) -> list[Caution]:
    """The warnings of some formulas, each once."""
    return list(dict.fromkeys(caution for function in functions for caution in function.cautions))
