"""From derivatives as formulas to figures at a point: which formulas to carry out, with which seeds, and what they make.

Who carries them out is a parameter, so that the same lines give doubles, doubles with perturbed roundings, and
numbers of many digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adcalc.autodiff.derive import Derivation, Derivative, Formulas, Partials, PulledBack, PushedForward
from adcalc.autodiff.figures import Entries, Figures, FiguresWanted, Run, fitted
from adcalc.ir.expr import Expr
from adcalc.lower.shape_rules import Shape


def figures(request: FiguresWanted, work: Derivation, first: Derivative | None, run: Run) -> Figures:
    """What was asked for, as the formulas of a backend give it.

    Args:
        first: the derivative that the backend has written down; None for a product, or a value alone.
    """
    root = work.formula.root
    match request.kind, first:
        case "value", _:
            return Figures(*run([root], {}))
        case "jvp", _:
            formula = work.along_gradient() if work.numbers else work.pushforward().formula
            value, tangent = _live(run, [root, formula], request.seeds, [work.formula.shape] * 2)
            return Figures(value, tangent=tangent)
        case "vjp", _:
            pulled = work.pullback().formulas
            shapes = [work.formula.shape, *work.shapes.values()]
            value, *blocks = _live(run, [root, *pulled.values()], request.seeds, shapes)
            return Figures(value, dict(zip(pulled, blocks, strict=True)))
        case "hvp", _:
            return _hessian_product(request, work, run)
        case _, Partials() | PulledBack() | PushedForward() if work.numbers:
            return _of_numbers(request, work, work.of_numbers(first), run)
        case _, Partials() | PulledBack() | PushedForward():
            from adcalc.autodiff.stacks import stacked

            return stacked(request.kind, work, first, run)
    raise AssertionError(request.kind)


def _of_numbers(request: FiguresWanted, work: Derivation, formulas: Formulas, run: Run) -> Figures:
    """The gradient and the Hessian of a formula of numbers: every entry has a formula of its own."""
    seconds = work.seconds(formulas) if request.kind == "hessian" else {}
    count = 1 + len(formulas)
    asked = [work.formula.root, *formulas.values(), *seconds.values()]
    found = _live(run, asked, {}, [()] * len(asked))
    blocks = dict(zip(formulas, found[1:count], strict=True))
    if request.kind != "hessian":
        return Figures(found[0], blocks)
    pairs = dict(zip(seconds, found[count:], strict=True))
    matrix = [[pairs[(a, b) if (a, b) in pairs else (b, a)] for b in work.wrt] for a in work.wrt]
    return Figures(found[0], blocks, matrix)


def _hessian_product(request: FiguresWanted, work: Derivation, run: Run) -> Figures:
    """The gradient, and the Hessian times a vector: forward mode over the gradient (Pearlmutter, 1994)."""
    formulas = work.partials().formulas
    live = tuple([formula for formula in formulas.values() if formula is not None])
    moved = iter(work.moved(live))
    second = [next(moved) if formula is not None else None for formula in formulas.values()]
    shapes = [(), *work.shapes.values(), *work.shapes.values()]
    value, *found = _live(run, [work.formula.root, *formulas.values(), *second], request.seeds, shapes)
    size = len(formulas)
    blocks = dict(zip(formulas, found[:size], strict=True))
    return Figures(value, blocks, products=dict(zip(formulas, found[size:], strict=True)))


def _live(
    run: Run, formulas: Sequence[Expr | None], seeds: Mapping[str, Entries], shapes: Sequence[Shape]
) -> list[Entries]:
    """The values of some formulas, each repeated to its shape; None is zero."""
    values = iter(run([formula for formula in formulas if formula is not None], seeds))
    return [
        fitted(None if formula is None else next(values), shape)
        for formula, shape in zip(formulas, shapes, strict=True)
    ]
