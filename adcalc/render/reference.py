"""The function reference: the table as a reader wants it, rules as they are written there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adcalc.errors import NameProblem, near
from adcalc.ir.primitive import Primitive
from adcalc.lower.rules import ARGUMENTS
from adcalc.render.formats import show
from adcalc.render.machine import listing
from adcalc.render.report import Cells, Report
from adcalc.table import PRIMITIVES, TABLE

if TYPE_CHECKING:
    from adcalc.render.screen import Screen

#: How a reader writes what is no call and stands for no sign between two arguments.
_WRITTEN = {
    "[]": "[x, ...]", "x[]": "x[i, j]", ".T": "x.T", "'": "x'", "for": "[term for i in a..b]",
}  # fmt: skip

#: The core rows that do the work of rows of another name; of several kinds of product that of matrices.
_CORES = {
    "@": "matmul", "dot": "matmul", "[]": "core array", "x[]": "index", ".T": "swap", "'": "swap",
    ".*": "*", "./": "/", ".^": "^", "flip": "reverse", "reshape": "shaped", "ravel": "shaped", "outer": "dyad",
    "broadcast": "spread", "stack": "core array", "triu": "upper", "tril": "lower", "others": "exclusive",
    "cofactor": "cofactors",
}  # fmt: skip


def all_rows() -> list[Primitive]:
    """Every row that a formula may name, in the order of the table."""
    return [row for row in TABLE if not row.internal]


def row_named(name: str) -> Primitive:
    """A row by its name or an alias.

    Raises:
        NameProblem: there is none.
    """
    rows = all_rows()
    for row in rows:
        if name in (row.name, *row.aliases, _WRITTEN.get(row.name)):
            return row
    known = [known for row in rows for known in (row.name, *row.aliases)]
    guess = near(name, known)
    hint = f"did you mean `{guess}`?" if guess else "`adcalc functions` lists them"
    raise NameProblem(f"unknown function `{name}`", hint=hint)


def signature(row: Primitive) -> str:
    """How a row is written: `tanh(x)`, `x + y`, `max(x, ...)`.

    >>> from adcalc.table import PRIMITIVES
    >>> [signature(PRIMITIVES[name]) for name in ("tanh", "+", "neg", "max", "pi", ".T", "sum")]
    ['tanh(x)', 'x + y', '-x', 'max(x, ...)', 'pi', 'x.T', 'sum(x, axis, keepdims)']
    """
    if row.constant:
        return row.name
    if row.name in _WRITTEN:
        return _WRITTEN[row.name]
    if row.variadic and not row.parameters:
        return f"{row.name}(x, ...)"
    names = _arguments(row)
    if row.symbol:
        spaced = "" if row.symbol in "*/^" else " "
        return f"x{spaced}{row.symbol}{spaced}y" if len(names) == 2 else f"{row.symbol}x"
    return f"{row.name}({', '.join(names)})"


def _arguments(row: Primitive) -> tuple[str, ...]:
    return row.parameters or tuple(ARGUMENTS[: row.arity[1]])


def rules(row: Primitive) -> list[tuple[str, str]]:
    """The argument and the partial derivative by it, verbatim; "" where there is none."""
    return list(zip(ARGUMENTS, row.partials, strict=False))


def core(row: Primitive) -> Primitive | None:
    """The row that a row over arrays becomes once the shapes are known, as far as it is one."""
    return PRIMITIVES.get(_CORES.get(row.name, f"core {row.name}")) if row.over else None


def adjoint_texts(row: Primitive) -> list[tuple[str, str]]:
    """The argument of a row over arrays and its adjoint, verbatim, given the adjoint `g` of the value."""
    worker = core(row)
    if worker is None:
        return []
    names = ARGUMENTS if row.variadic or row.name in _WRITTEN else _arguments(row)
    texts = worker.adjoints or tuple(f"g*{text if text.isalnum() else f'({text})'}" for text in worker.partials)
    return list(zip(names, texts, strict=False))


def show_functions(rows: list[Primitive], format: str) -> None:
    """Functions of the language: by group, or everything about one."""
    cells = [[row.name, signature(row), "" if row.constant else _in_short(row), row.doc] for row in rows]
    header = ["name", "signature", "rule", "doc"]
    report = Report(
        records=lambda: map(_record, rows),
        cells=lambda: Cells(header, cells),
        lines=lambda: [("", ["\t".join(row)]) for row in cells],
        latex=lambda: listing(header, cells),
        draw=lambda screen: _one(screen, rows[0]) if len(rows) == 1 else _by_group(screen, rows),
    )
    show(report, format)


def _by_group(screen: Screen, rows: list[Primitive]) -> None:
    for position, group in enumerate(dict.fromkeys(row.group for row in rows)):
        if position:
            screen.line()
        screen.line(group, "bold")
        own = [row for row in rows if row.group == group]
        screen.table(["", _heading(own)], [[signature(row), _in_short(row)] for row in own], numbers=False)


def _heading(rows: list[Primitive]) -> str:
    if all(row.constant for row in rows):
        return ""
    if any(row.over for row in rows):
        return "adjoint, g being that of the value; = the value" if any(map(adjoint_texts, rows)) else ""
    return "derivative" + (" by x; by y" if any(len(row.partials) > 1 for row in rows) else "")


def _in_short(row: Primitive) -> str:
    """The rule of a row, the formula it stands for, or what it does."""
    if row.over:
        if row.over == "body":
            return f"= {row.body}"
        return "; ".join(text or "none" for _, text in adjoint_texts(row)) or row.doc
    return row.doc if row.constant else "; ".join(text or "none" for _, text in rules(row))


def _one(screen: Screen, row: Primitive) -> None:
    screen.line(signature(row), "bold")
    screen.line(f"  {row.doc}")
    screen.line()
    worker = core(row) or row
    lines = []
    for letter, text in rules(row):
        name = row.name if row.name.isidentifier() else "f"
        lines.append([screen.partial(letter).replace("f", name), text or "none"])
    for name, text in adjoint_texts(row):
        lines.append([f"adjoint of {name}", text or "none"])
    lines += [
        [f"tangent by {name}", text]
        for (name, _), text in zip(adjoint_texts(row), worker.tangents, strict=False)
        if text
    ]
    if row.body:
        lines.append(["value", row.body])
    if worker.domain:
        lines.append(["needs", worker.domain])
    if row.kinks:
        lines.append(["kink" if not row.jump else "jump", f"{row.kinks}; {row.convention}"])
    elif worker.convention:
        lines.append(["kink", worker.convention])
    if row.defaults:
        optional = zip(_arguments(row)[-len(row.defaults) :], row.defaults, strict=True)
        lines.append(["default", ", ".join(f"no {name}" if d == "absent" else f"{name} = {d}" for name, d in optional)])
    if row.aliases:
        lines.append(["also", ", ".join(row.aliases)])
    if lines:
        screen.table(["", ""], lines, numbers=False)


def _record(row: Primitive) -> dict[str, object]:
    worker = core(row) or row
    fields: dict[str, object] = {
        "name": row.name, "group": row.group, "doc": row.doc, "aliases": list(row.aliases),
        "derivative": dict(rules(row)), "domain": worker.domain, "kinks": row.kinks,
    }  # fmt: skip
    if row.over:
        fields |= {"signature": signature(row), "adjoint": dict(adjoint_texts(row)), "value": row.body}
    return fields
