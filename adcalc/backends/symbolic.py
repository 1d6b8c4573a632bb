"""symbolic: the derivative as a simplified formula, and the value of that formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from adcalc.autodiff.derive import Derivation, Derivative, Formulas, Partials, PulledBack
from adcalc.backends.backend import Backend
from adcalc.ir.expr import variables
from adcalc.lower.rules import NoDerivative


@dataclass(frozen=True)
class Symbolic(Backend):
    """Derivatives as formulas; second ones are derivatives of the first."""

    name: ClassVar[str] = "symbolic"
    doc: ClassVar[str] = "derivatives as simplified formulas, then their values"

    def derive(self, work: Derivation) -> Derivative:
        first = work.partials() if work.scalar else work.pullback()
        if not work.formula.arrays:
            try:
                return Partials(_simplified(work))
            except NoDerivative:
                # Only the point can tell whether the operation without derivative is used at all.
                return first
        formulas = _normal(work, first.formulas)
        return Partials(formulas) if work.scalar else PulledBack(formulas)


def _simplified(work: Derivation) -> Formulas:
    """The partial derivatives of a formula of numbers in their canonical form."""
    from adcalc.symbolic.derivatives import partials

    return dict(zip(work.wrt, partials(work.formula.root, work.wrt, exact=True), strict=True))


def _normal(work: Derivation, first: Formulas) -> Formulas:
    """The derivatives of a formula over arrays as they are written in the language, and lowered again."""

    def make() -> Formulas:
        from adcalc.algebras.arrays import computed
        from adcalc.errors import Source
        from adcalc.lower.builder import Builder
        from adcalc.lower.lowering import elaborated
        from adcalc.symbolic.lengths import plain_length
        from adcalc.symbolic.matrix_derivative import written_in_words

        live = {name: formula for name, formula in first.items() if formula is not None}
        shown = written_in_words(list(live.values()), work.formula.builder, plain_length, exact=True, book=False)
        shapes = {name: work.formula.shape_of(name) for name in variables(shown)}
        core = elaborated(shown, shapes, {}, {}, Source(""), Builder(), computed).roots
        return {**dict.fromkeys(first), **dict(zip(live, core, strict=True))}

    found: Formulas = work.formula.kept(("normal", work.wrt, work.scalar), make)
    return found
