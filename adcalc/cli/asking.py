"""A question as it stands on the command line, and its answer on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from adcalc.cli.arguments import formula_source, names, point
from adcalc.cli.failures import ExitCode, colours
from adcalc.cli.options import Format, Method, chosen_backend
from adcalc.errors import Caution
from adcalc.function import Function, parse
from adcalc.render import results


@dataclass(frozen=True, slots=True)
class Request:
    """A formula, a point and options, as texts."""

    formula: str
    at: Sequence[str] | None
    wrt: Sequence[str] | None
    backend: str
    format: Format
    method: Method | None = None
    step: float | None = None

    def value(self) -> None:
        """Answers `eval`."""
        chosen_backend(self.backend, self.method, self.step)
        function, at = self._function(), self._point()
        result = function.evaluate(at)
        results.show_value(function, at, self.backend, result, self.format)
        self._finish(function, result.warnings, finite=result.finite)

    def gradient(self) -> None:
        """Answers `grad`: at a point, or as formulas where the formula has free names and no point is given."""
        backend = chosen_backend(self.backend, self.method, self.step)
        function, at = self._function(), self._point()
        wrt = names(self.wrt)
        if self.at is None and function.variables:
            found: dict[tuple[str, ...], Function] = {
                (name,): partial for name, partial in function.gradient_formulas(wrt).items()
            }
            results.show_formulas(function, found, self.format, "gradient")
            self._finish(function, function.cautions, finite=True)
            return
        result = function.gradient(at, wrt, backend)
        results.show_gradient(function, at, self.backend, result, self.format)
        self._finish(function, result.warnings, finite=result.finite)

    def hessian(self) -> None:
        """Answers `hessian`, likewise."""
        backend = chosen_backend(self.backend, self.method, self.step)
        function, at = self._function(), self._point()
        wrt = names(self.wrt)
        if self.at is None and function.variables:
            found = function.hessian_formulas(wrt)
            results.show_formulas(function, found, self.format, "hessian")
            self._finish(function, function.cautions, finite=True)
            return
        result = function.hessian(at, wrt, backend)
        results.show_hessian(function, at, self.backend, result, self.format)
        self._finish(function, result.warnings, finite=result.finite)

    def derivative(self, order: int) -> None:
        """Answers `diff`."""
        function = self._function()
        wrt = names(self.wrt) or []
        results.show_derivative(function, wrt, function.diff(*wrt, order=order), self.format)
        self._finish(function, function.cautions, finite=True)

    def comparison(self) -> None:
        """Answers `compare`."""
        from adcalc.comparison import compare

        function, at = self._function(), self._point()
        answers = compare(function, at, names(self.wrt))
        results.show_comparison(function, at, answers, self.format)
        found = [answer.gradient for answer in answers if answer.gradient is not None]
        cautions = [caution for gradient in found for caution in gradient.warnings]
        self._finish(function, list(dict.fromkeys(cautions)), finite=all(gradient.finite for gradient in found))

    def _function(self) -> Function:
        source = formula_source(self.formula)
        bound = {*self._point(), *(names(self.wrt) or ())}
        return parse(source.text, bound=bound, name=source.name)

    def _point(self) -> dict[str, float]:
        return point(self.at or ())

    def _finish(self, function: Function, cautions: Sequence[Caution], *, finite: bool) -> None:
        results.show_cautions(cautions, function.source, self.format, colour=colours())
        if not finite:
            raise typer.Exit(ExitCode.NO_ANSWER)
