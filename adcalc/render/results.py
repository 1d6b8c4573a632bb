"""Results in each of the formats: one function a kind of result, one branch a format."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence

from adcalc.algebras.text import digits
from adcalc.errors import Caution, Source
from adcalc.function import Function
from adcalc.render.machine import csv_text, json_line, plain_lines
from adcalc.render.problems import caution_text
from adcalc.results import Comparison, Gradient, Hessian, Value

_WORDS = {
    "positive definite": "positive definite: a minimum where the gradient is 0",
    "negative definite": "negative definite: a maximum where the gradient is 0",
    "indefinite": "indefinite: a saddle where the gradient is 0",
    "positive semidefinite": "positive semidefinite: undecided, the function is flat along some direction",
    "negative semidefinite": "negative semidefinite: undecided, the function is flat along some direction",
    "zero": "zero: undecided, the function is flat to second order",
    "undefined": "undefined: an entry is not finite",
}
_LONGEST_TITLE = 60


def show_cautions(cautions: Iterable[Caution], source: Source, format: str, *, colour: bool) -> None:
    """Warnings, on standard error; in JSON they are part of the result instead."""
    if format != "json":
        for caution in cautions:
            sys.stderr.write(caution_text(caution, source, colour=colour) + "\n")


def show_value(function: Function, at: Mapping[str, float], backend: str, result: Value, format: str) -> None:
    """The value of a formula."""
    match format:
        case "json":
            fields = {"formula": str(function), "at": at, "backend": backend, "value": result.value}
            _write(json_line(fields, result.warnings))
        case "csv":
            _write(csv_text({"value": result.value}))
        case "latex":
            _write(f"{_latex(function)} = {_latex_number(result.value)}")
        case _:
            _write(digits(result.value))


def show_gradient(function: Function, at: Mapping[str, float], backend: str, result: Gradient, format: str) -> None:
    """Value and gradient."""
    estimate = result.error_estimate
    match format:
        case "json":
            fields = {"formula": str(function), "at": at, "backend": backend, "value": result.value}
            fields["gradient"] = result.partials
            if estimate is not None:
                fields["error_estimate"] = estimate
            _write(json_line(fields, result.warnings))
        case "csv":
            _write(csv_text({"value": result.value} | {f"d_{name}": d for name, d in result.partials.items()}))
        case "plain":
            _write(plain_lines([("value", [result.value]), *((n, [d]) for n, d in result.partials.items())]))
        case "latex":
            from adcalc.algebras.latex import symbol

            _write(f"f = {_latex_number(result.value)}")
            for name, partial in result.partials.items():
                _write(rf"\frac{{\partial f}}{{\partial {symbol(name)}}} = {_latex_number(partial)}")
        case _:
            from adcalc.render.screen import Screen

            screen = Screen()
            _title(screen, function, at)
            rows = [["f", digits(result.value), ""]]
            rows += [
                [screen.partial(name), digits(d), digits_short(estimate[name]) if estimate else ""]
                for name, d in result.partials.items()
            ]
            wide = 3 if estimate else 2
            header = ["", "", "error below"] if estimate else ["", ""]
            screen.table(header[:wide], [row[:wide] for row in rows])


def show_hessian(function: Function, at: Mapping[str, float], backend: str, result: Hessian, format: str) -> None:
    """Value, gradient, Hessian, eigenvalues and definiteness."""
    match format:
        case "json":
            fields = {
                "formula": str(function), "at": at, "backend": backend, "value": result.value,
                "gradient": result.partials, "variables": result.variables, "hessian": result.matrix,
                "eigenvalues": result.eigenvalues, "definiteness": result.definiteness,
            }  # fmt: skip
            if result.error_estimate is not None:
                fields |= {"error_estimate": result.error_estimate, "hessian_error_estimate": result.matrix_error}
            _write(json_line(fields, result.warnings))
        case "csv":
            columns: dict[str, float | str] = {"value": result.value}
            columns |= {f"d_{name}": partial for name, partial in result.partials.items()}
            columns |= {f"d_{a}_{b}": entry for (a, b), entry in _upper(result)}
            _write(csv_text(columns))
        case "plain":
            figures = [("value", [result.value]), *((name, [partial]) for name, partial in result.partials.items())]
            figures += [("", list(row)) for row in result.matrix]
            _write(plain_lines(figures))
        case "latex":
            body = r" \\ ".join(" & ".join(map(_latex_number, row)) for row in result.matrix)
            _write(f"f = {_latex_number(result.value)}")
            gradient = r" \\ ".join(map(_latex_number, result.partials.values()))
            _write(rf"\nabla f = \begin{{pmatrix}} {gradient} \end{{pmatrix}}")
            _write(rf"\nabla^2 f = \begin{{pmatrix}} {body} \end{{pmatrix}}")
        case _:
            from adcalc.render.screen import Screen

            screen = Screen()
            _title(screen, function, at)
            rows = [["f", digits(result.value)]]
            rows += [[screen.partial(name), digits(partial)] for name, partial in result.partials.items()]
            screen.table(["", ""], rows)
            if not result.variables:
                return
            screen.line()
            entries = [[name, *map(digits, row)] for name, row in zip(result.variables, result.matrix, strict=True)]
            screen.table(["Hessian", *result.variables], entries)
            if result.matrix_error is not None:
                worst = max(error for row in result.matrix_error for error in row)
                screen.line(f"  every entry with an error below {digits_short(worst)}")
            screen.line()
            screen.line(f"  eigenvalues  {', '.join(map(digits, result.eigenvalues))}")
            screen.line(f"  {_WORDS[result.definiteness]}")


def show_formulas(function: Function, found: Mapping[tuple[str, ...], Function], format: str, key: str) -> None:
    """Partial derivatives as formulas, by the names they are taken by."""
    match format:
        case "json":
            texts: dict[str, object] = {"formula": str(function)}
            names = list(dict.fromkeys(name for by in found for name in by))
            if key == "hessian":
                texts["variables"] = names
                texts["gradient"] = {n: str(d) for n, d in function.gradient_formulas(names).items()}
                texts["hessian"] = [[str(found[(a, b)]) for b in names] for a in names]
            else:
                texts[key] = {by[0]: str(derivative) for by, derivative in found.items()}
            _write(json_line(texts))
        case "csv":
            names = list(dict.fromkeys(by[0] for by in found))
            upper = {by: d for by, d in found.items() if names.index(by[0]) <= names.index(by[-1])}
            _write(csv_text({f"d_{'_'.join(by)}": str(derivative) for by, derivative in upper.items()}))
        case "plain":
            _write(plain_lines((" ".join(by), [str(derivative)]) for by, derivative in found.items()))
        case "latex":
            for by, derivative in found.items():
                _write(f"{_latex_partial(by)} = {_latex(derivative)}")
        case _:
            from adcalc.render.screen import Screen

            screen = Screen()
            _title(screen, function, {})
            _formula_table(screen, found)


def _formula_table(screen: object, found: Mapping[tuple[str, ...], Function]) -> None:
    from adcalc.algebras.text import spelled
    from adcalc.render.screen import Screen

    assert isinstance(screen, Screen)
    rows = []
    for by, derivative in found.items():
        *named, (_, last) = spelled(derivative.expr)
        rows += [[f"  {name}", text] for name, text in named]
        rows.append([screen.partial(*by), last])
    screen.table(["", ""], rows, numbers=False)


def show_derivative(function: Function, wrt: Sequence[str], result: Function, format: str) -> None:
    """One derivative as a formula."""
    match format:
        case "json":
            _write(json_line({"formula": str(function), "wrt": list(wrt), "derivative": str(result)}))
        case "latex":
            _write(_latex(result))
        case "csv":
            _write(csv_text({"derivative": str(result)}))
        case _:
            _write(str(result))


def show_comparison(function: Function, at: Mapping[str, float], answers: Sequence[Comparison], format: str) -> None:
    """Every backend's figures beside each other."""
    largest = max((a.ulps for a in answers if a.backend != "numeric"), default=0.0)
    match format:
        case "json":
            _write(
                json_line(
                    {
                        "formula": str(function),
                        "at": at,
                        "backends": [_answer_fields(answer) for answer in answers],
                        "largest_disagreement_ulps": largest,
                    }
                )
            )
        case "csv" | "plain":
            names = next((list(a.gradient.partials) for a in answers if a.gradient), [])
            lines = [
                ",".join(
                    ["backend", "value", *(f"d_{n}" for n in names), "ulps", "operations", "evaluations", "seconds"]
                )
            ]
            for a in answers:
                figures = (
                    [a.gradient.value, *a.gradient.partials.values()] if a.gradient else [math.nan] * (len(names) + 1)
                )
                cells = [
                    a.backend,
                    *map(digits, figures),
                    digits(a.ulps),
                    str(a.operations),
                    str(a.evaluations),
                    digits(a.seconds),
                ]
                lines.append(",".join(cells))
            _write("\n".join(lines if format == "csv" else [line.replace(",", " ") for line in lines]))
        case _:
            _comparison_table(function, at, answers, largest)


def _comparison_table(
    function: Function, at: Mapping[str, float], answers: Sequence[Comparison], largest: float
) -> None:
    from adcalc.render.screen import Screen

    screen = Screen()
    _title(screen, function, at)
    good = [answer for answer in answers if answer.gradient is not None]
    names = list(good[0].gradient.partials) if good and good[0].gradient else []
    header = ["", *(a.backend for a in good)]
    rows = [["f", *(digits(a.gradient.value) for a in good if a.gradient)]]
    rows += [[screen.partial(n), *(digits(a.gradient.partials[n]) for a in good if a.gradient)] for n in names]
    screen.table(header, rows)
    screen.line()
    costs = [
        [a.backend, _ulps(a.ulps), str(a.operations), str(a.evaluations), f"{a.seconds * 1e3:.3f} ms"] for a in good
    ]
    screen.table(["", "ulps from reverse", "operations", "evaluations", "time"], costs)
    for answer in answers:
        if answer.problem:
            screen.line(f"  {answer.backend}: {answer.problem}")
    screen.line()
    screen.line(f"  reverse, dual and symbolic agree to {_ulps(largest)} ulp")
    numeric = next((a.gradient for a in good if a.backend == "numeric"), None)
    if numeric is not None and numeric.error_estimate:
        worst = max(numeric.error_estimate.values())
        screen.line(f"  numeric expects its errors below {digits_short(worst)}")


def digits_short(value: float) -> str:
    """A number that only says how large something is.

    >>> digits_short(1.23456e-12)
    '1.3e-12'
    """
    if value == 0 or not math.isfinite(value):
        return digits(value)
    # Rounded up, for it is a bound.
    exponent = math.floor(math.log10(abs(value)))
    return (
        f"{math.ceil(value / 10.0 ** (exponent - 1)) * 10.0 ** (exponent - 1):.1e}"
        if exponent > -300
        else f"{value:.1e}"
    )


def _ulps(value: float) -> str:
    return f"{value:.0f}" if value < 1e4 else f"{value:.1e}"


def _answer_fields(answer: Comparison) -> dict[str, object]:
    fields: dict[str, object] = {"backend": answer.backend}
    if answer.gradient is not None:
        fields |= {"value": answer.gradient.value, "gradient": answer.gradient.partials, "ulps": answer.ulps}
        if answer.gradient.error_estimate is not None:
            fields["error_estimate"] = answer.gradient.error_estimate
    else:
        fields["problem"] = answer.problem
    return fields | {
        "operations": answer.operations, "evaluations": answer.evaluations, "seconds": answer.seconds
    }  # fmt: skip


def _upper(result: Hessian) -> Iterable[tuple[tuple[str, str], float]]:
    for i, a in enumerate(result.variables):
        for j in range(i, len(result.variables)):
            yield (a, result.variables[j]), result.matrix[i][j]


def _title(screen: object, function: Function, at: Mapping[str, float]) -> None:
    from adcalc.render.screen import Screen

    assert isinstance(screen, Screen)
    text = function.source.text.strip()
    if "\n" not in text:
        shown = text if len(text) <= _LONGEST_TITLE else text[:_LONGEST_TITLE] + "..."
        program = function.meaning is not None and bool(function.meaning.symbols or function.meaning.functions)
        screen.line(shown if program else f"f = {shown}")
    where = ", ".join(f"{name} = {digits(value)}" for name, value in list(at.items())[:12])
    if where:
        screen.line(f"at {where}{', ...' if len(at) > 12 else ''}", "dim")
    if where or "\n" not in text:
        screen.line()


def _latex(function: Function) -> str:
    from adcalc.algebras.latex import LATEX
    from adcalc.algebras.text import written

    return written(function.expr, LATEX)


def _latex_number(value: float) -> str:
    from adcalc.algebras.latex import LATEX

    return str(LATEX.const(value)) if value == value else r"\mathrm{nan}"


def _latex_partial(by: Sequence[str]) -> str:
    from adcalc.algebras.latex import symbol

    if len(by) == 1:
        return rf"\frac{{\partial f}}{{\partial {symbol(by[0])}}}"
    below = " ".join(rf"\partial {symbol(name)}" for name in by) if len(set(by)) > 1 else rf"\partial {symbol(by[0])}^2"
    return rf"\frac{{\partial^2 f}}{{{below}}}"


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
