"""Answers to the statements and requests of a session, written the way the command line writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from adcalc.cli.failures import colours
from adcalc.cli.repl_lines import Change, TypedRequest, steps
from adcalc.errors import Caution, Source, SyntaxProblem
from adcalc.function import Function
from adcalc.render import formulas, results
from adcalc.render.machine import json_line
from adcalc.render.page import show_cautions
from adcalc.render.printable import write
from adcalc.results import Gradient, Hessian, Jacobian
from adcalc.session import ANSWER, Excerpt, Question, Remark, Session
from adcalc.session.question import listed_names


def answer_request(session: Session, text: str) -> bool:
    """Carries out a line of statements and requests; whether every number in the answers is finite.

    Raises:
        Problem: with the place in the line; statements before it have been carried out.
    """
    source = Source(text)
    depth = session.depth
    finite = True
    try:
        for step in steps(source, session.entries):
            match step:
                case Change(statement):
                    _remark(session, session.take(statement))
                case TypedRequest():
                    finite &= _request(session, step)
                case Excerpt():
                    finite &= _formula(session, step)
    finally:
        session.joined(depth)
    return finite


def _formula(session: Session, typed: Excerpt) -> bool:
    """A bare formula: its value, or the formula itself where variables have none."""
    if typed.text.startswith("+"):
        place = (typed.start, typed.start + 1)
        hint = f"end the line before with the sign to go on with it, or write `{ANSWER} {typed.text[:20]}`"
        caution = Caution("syntax", "a line that begins with `+` is a formula by itself", place, hint)
        show_cautions([caution], typed.source, session.format, colour=colours())
    question = session.question(typed)
    if not question.missing:
        return _value(session, question)
    if session.format == "json":
        write(json_line({"formula": str(question.simplified), "without_value": question.missing}))
        return True
    formulas.show_derivative(question.function, (), question.simplified, session.format)
    _note_missing(session, question)
    return True


def _note_missing(session: Session, question: Question) -> None:
    names = question.missing
    verb = "has" if len(names) == 1 else "have"
    caution = Caution("name", f"{listed_names(names)} {verb} no value", None, f"`{names[0]} = 3` gives one")
    show_cautions([caution], question.typed.source, session.format, colour=colours())


def _request(session: Session, request: TypedRequest) -> bool:
    if request.command == "diff":
        return _derivative(session, request)
    at = {name: session.number(value) for name, value in request.at}
    question = session.question(request.formula, at, request.by or ())
    if request.command in ("grad", "hessian") and not at and question.missing:
        return _formulas(session, request)
    if question.missing:
        name = question.missing[0]
        raise question.missing_problem(f"write `{name} = 3` first, or ask `at {name}=3`")
    match request.command:
        case "eval":
            return _value(session, question)
        case "compare":
            return _comparison(session, question, request.by)
    return _derivatives(session, question, request)


def _value(session: Session, question: Question) -> bool:
    with question.program.placing():
        result = question.function.evaluate(question.at)
    own = replace(result, warnings=question.own(result.warnings))
    results.show_value(question.shown, question.at, session.backend, own, session.format)
    _remark(session, question.remarks(result.warnings))
    session.remember(result.value)
    return result.finite


def _derivatives(session: Session, question: Question, request: TypedRequest) -> bool:
    """Gradient, Hessian or Jacobian at a point."""
    wrt = question.wrt(request.by)
    at = question.point(wrt)
    function, backend, form = question.function, session.backend, session.format
    result: Gradient | Hessian | Jacobian
    if request.command == "jacobian":
        from adcalc.render.products import show_jacobian

        with question.program.placing():
            result = jacobian = function.jacobian(at, wrt, backend)
        show_jacobian(question.shown, at, backend, replace(jacobian, warnings=question.own(jacobian.warnings)), form)
    elif request.command == "grad":
        with question.program.placing():
            result = gradient = function.gradient(at, wrt, backend)
        own = replace(gradient, warnings=question.own(gradient.warnings))
        results.show_gradient(question.shown, at, backend, own, form)
    else:
        with question.program.placing():
            result = hessian = function.hessian(at, wrt, backend)
        results.show_hessian(
            question.shown, at, backend, replace(hessian, warnings=question.own(hessian.warnings)), form
        )
    _remark(session, question.remarks(result.warnings))
    session.remember(result.value)
    return result.finite


def _formulas(session: Session, request: TypedRequest) -> bool:
    """Partial derivatives as formulas, as far as the order that was asked for."""
    question = session.question(request.formula, {}, request.by or (), formulas=True)
    wrt = question.wrt(request.by)
    with question.program.placing():
        partials = question.function.gradient_formulas(wrt)
        found: dict[tuple[str, ...], Function] = {(name,): partial for name, partial in partials.items()}
        first = None
        if request.command == "hessian":
            first, found = partials, dict(question.function.hessian_formulas(wrt))
    formulas.show_formulas(question.shown, found, session.format, first)
    _remark(session, question.remarks(question.function.cautions))
    if question.given and question.missing:
        _note_missing(session, question)
    return True


def _derivative(session: Session, request: TypedRequest) -> bool:
    question = session.question(request.formula, {}, request.by or (), formulas=True)
    by = request.by or question.names
    if len(by) != 1 and request.by is None:
        names = question.function.variables
        hint = f"write `by {names[0]}`" if names else "write `by x`"
        message = "the formula has several variables" if names else "the formula has no variable"
        raise SyntaxProblem(message, request.formula.span, hint, request.formula.source)
    derived = question.function
    with question.program.placing():
        # One after the other, so that `by x,x` is the second derivative.
        for name in by:
            derived = derived.diff(name, order=request.order)
    formulas.show_derivative(question.shown, by, derived, session.format)
    _remark(session, question.remarks(question.function.cautions))
    return True


def _comparison(session: Session, question: Question, by: tuple[str, ...] | None) -> bool:
    from adcalc.comparison import compare
    from adcalc.render.comparisons import show_comparison

    wrt = question.wrt(by)
    at = question.point(wrt)
    with question.program.placing():
        answers = compare(question.function, at, wrt)
    show_comparison(question.shown, at, answers, session.format)
    found = [each.gradient for each in answers if each.gradient is not None]
    _remark(
        session,
        question.remarks(dict.fromkeys(caution for gradient in found for caution in gradient.warnings)),
    )
    session.remember(found[0].value)
    return all(gradient.finite for gradient in found)


def _remark(session: Session, remarks: Iterable[Remark]) -> None:
    for caution, source in remarks:
        show_cautions([caution], source, session.format, colour=colours())
