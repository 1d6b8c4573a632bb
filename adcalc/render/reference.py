"""The function reference: the table as a reader wants it, rules as they are written there."""

from __future__ import annotations

from adcalc.errors import NameProblem, near
from adcalc.primitive import Primitive
from adcalc.render.machine import json_line
from adcalc.render.screen import Screen
from adcalc.rules import ARGUMENTS
from adcalc.table import TABLE


def all_rows() -> list[Primitive]:
    """Every row, in the order of the table."""
    return list(TABLE)


def row_named(name: str) -> Primitive:
    """A row by its name or an alias.

    Raises:
        NameProblem: there is none.
    """
    for row in TABLE:
        if name in (row.name, *row.aliases):
            return row
    known = [known for row in TABLE for known in (row.name, *row.aliases)]
    guess = near(name, known)
    hint = f"did you mean `{guess}`?" if guess else "`adcalc functions` lists them"
    raise NameProblem(f"unknown function `{name}`", hint=hint)


def signature(row: Primitive) -> str:
    """How a row is written: `tanh(x)`, `x + y`, `max(x, ...)`.

    >>> from adcalc.table import PRIMITIVES
    >>> [signature(PRIMITIVES[name]) for name in ("tanh", "+", "neg", "max", "pi")]
    ['tanh(x)', 'x + y', '-x', 'max(x, ...)', 'pi']
    """
    if row.constant:
        return row.name
    if row.variadic:
        return f"{row.name}(x, ...)"
    letters = ARGUMENTS[: row.arity[1]]
    if row.symbol:
        spaced = "" if row.symbol in "*/^" else " "
        return f"x{spaced}{row.symbol}{spaced}y" if len(letters) == 2 else f"{row.symbol}x"
    return f"{row.name}({', '.join(letters)})"


def rules(row: Primitive) -> list[tuple[str, str]]:
    """The argument and the partial derivative by it, verbatim; "" where there is none."""
    return list(zip(ARGUMENTS, row.partials, strict=False))


def show_all() -> None:
    """The list of all functions by group."""
    screen = Screen()
    groups = dict.fromkeys(row.group for row in TABLE)
    for position, group in enumerate(groups):
        if position:
            screen.line()
        screen.line(group, "bold")
        rows = []
        for row in TABLE:
            if row.group == group:
                shown = "; ".join(text or "none" for _, text in rules(row))
                rows.append([signature(row), shown if not row.constant else row.doc])
        heading = (
            "" if group == "constants" else "derivative" + (" by x; by y" if any("; " in r[1] for r in rows) else "")
        )
        screen.table(["", heading], rows, numbers=False)


def show_one(row: Primitive) -> None:
    """Everything about one function."""
    screen = Screen()
    screen.line(signature(row), "bold")
    screen.line(f"  {row.doc}")
    screen.line()
    lines = []
    for letter, text in rules(row):
        lines.append(
            [screen.partial(letter).replace("f", row.name if row.name.isidentifier() else "f"), text or "none"]
        )
    if row.body:
        lines.append(["value", row.body])
    if row.domain:
        lines.append(["needs", row.domain])
    if row.kinks:
        lines.append(["kink" if not row.jump else "jump", f"{row.kinks}; {row.convention}"])
    if row.defaults:
        lines.append(["default", ", ".join(f"{ARGUMENTS[row.arity[0] + i]} = {d}" for i, d in enumerate(row.defaults))])
    if row.aliases:
        lines.append(["also", ", ".join(row.aliases)])
    screen.table(["", ""], lines, numbers=False)


def show_json(rows: list[Primitive]) -> None:
    """One object a line."""
    for row in rows:
        fields = {
            "name": row.name, "group": row.group, "doc": row.doc, "aliases": list(row.aliases),
            "derivative": dict(rules(row)), "domain": row.domain, "kinks": row.kinks,
        }  # fmt: skip
        print(json_line(fields))
