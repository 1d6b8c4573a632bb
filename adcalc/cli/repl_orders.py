"""What begins with a colon: orders to the session itself, from `:backend` to `:vars`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from adcalc.backends import BACKENDS, backend_named
from adcalc.cli.arguments import formula_source
from adcalc.cli.repl_answers import answer_request
from adcalc.cli.repl_input import Line, joined_lines
from adcalc.cli.repl_lines import CLAUSES, REQUESTS, misspelt
from adcalc.errors import InputProblem, NameProblem, Problem, Source
from adcalc.io.saving import write_whole
from adcalc.render.figures import mentioned
from adcalc.render.formats import FORMATS
from adcalc.render.machine import json_line
from adcalc.render.printable import write
from adcalc.session import Coordinate, DefinedFunction, Excerpt, Session

#: The first line of a saved session; only files that begin with it are written over.
_HEADER = "# adcalc session"

#: How the names of saved sessions end.
ENDING = ".adcalc"
#: What a loaded file may not do: it comes from somebody else, perhaps, and would write or read on in the user's name.
_REFUSED = frozenset({"save", "load"})

_NAME = re.compile(r"[^\W\d][\w₀-₉]*")


class Leave(Exception):
    """The session is to end."""


class SessionOrder(NamedTuple):
    """What an order does, and what stands behind its name."""

    carry_out: Callable[[Session, str], bool]
    argument: str
    doc: str


def run_order(session: Session, line: Line, file: str = "") -> bool:
    """Carries out one line, whatever it is; whether every number in its answers is finite.

    Args:
        file: the script it stands in.  Problems name the line then, as they do for `file=""` with a
            number above 0.

    Raises:
        Problem: with the line.
        Leave: it is `:quit`.
    """
    try:
        return _order(session, line.text) if line.text.startswith(":") else answer_request(session, line.text)
    except Problem as problem:
        if line.number:
            _number(problem, line, f"{file}, line" if file else "line")
        if session.format == "json" and line.number and problem.source is not None:
            problem.message = f"{problem.source.name}: {problem.message}"
        raise


def _number(problem: Problem, line: Line, where: str) -> None:
    """Gives a problem the number of the line it arose in."""
    if problem.span is None or problem.source is None:
        text = line.text.partition("\n")[0]
        problem.span, problem.source = (0, len(text)), Source(text, f"{where} {line.number}")
    elif problem.source.text == line.text and not problem.source.name:
        number, column, text = problem.source.line(problem.span[0])
        length = problem.span[1] - problem.span[0]
        problem.span = column, max(column, min(column + length, len(text)))
        problem.source = Source(text, f"{where} {line.number + number - 1}")
    else:
        name = f", {problem.source.name}" if problem.source.name else ""
        problem.source = Source(problem.source.text, f"{where} {line.number}{name}")


def _order(session: Session, text: str) -> bool:
    word, argument = _word(text), text[1:].strip().partition(" ")[2]
    order = ORDERS.get(word) or ORDERS.get(_SHORT.get(word, ""))
    if order is None:
        source = Source(text)
        hint = misspelt(f":{word}", [f":{name}" for name in ORDERS])
        raise NameProblem(f"unknown command `:{word}`", (0, len(text.split(maxsplit=1)[0])), hint, source)
    if argument.strip() and not order.argument:
        raise InputProblem(f"`:{word}` stands alone", hint=f"write `:{word}`")
    if not argument.strip() and order.argument and order.argument[0] != "[":
        raise InputProblem(f"`:{word}` needs a {order.argument.lower()}", hint=f"write `:{word} {order.argument}`")
    return order.carry_out(session, argument.strip())


def _word(text: str) -> str:
    return text[1:].strip().partition(" ")[0] if text.startswith(":") else ""


def _variables(session: Session, _: str) -> bool:
    if session.format == "json":
        values = {e.name: e.value for e in session.entries.values() if isinstance(e, Coordinate)}
        texts = {e.head or e.name: e.text for e in session.entries.values() if isinstance(e, DefinedFunction)}
        write(json_line({"values": values, "definitions": texts}))
    else:
        lines = [f"{e.name} = {mentioned(e.value)}" for e in session.entries.values() if isinstance(e, Coordinate)]
        write("\n".join([*lines, *session.definitions()]) or "no variables and no definitions yet")
    return True


def _backend(session: Session, name: str) -> bool:
    if name:
        backend_named(name)
        session.backend = name
    else:
        for each in BACKENDS:
            write(f"{'*' if each == session.backend else ' '} {each:<10}{backend_named(each).doc}")
    return True


def _format(session: Session, name: str) -> bool:
    if not name:
        write(" ".join(f"[{each}]" if each == session.format else each for each in FORMATS))
    elif name in FORMATS:
        session.format = name
    else:
        raise InputProblem(f"unknown format `{name}`", hint=misspelt(name, list(FORMATS)))
    return True


def _save(session: Session, name: str) -> bool:
    """Writes values and definitions to a file of their own kind, which no shell and no other program carries out."""
    if not name:
        raise InputProblem("`:save` needs a file", hint=f"write `:save work{ENDING}`")
    settings = [f":backend {session.backend}", f":format {session.format}"]
    text = "\n".join([_HEADER, *settings, *session.script(), ""])
    try:
        path = Path(name).expanduser()
        if path.name and not path.suffix and not path.exists():
            path = path.with_name(path.name + ENDING)
        path = path.resolve()
        if path.is_dir():
            raise InputProblem(f"`{name}` is a folder, not a file")
        if path.exists():
            if not path.is_file():
                raise InputProblem(f"`{name}` is no ordinary file", hint="choose another name")
            with path.open("rb") as file:
                start = file.read(len(_HEADER))
            if start and start != _HEADER.encode():
                raise InputProblem(f"`{name}` is no saved session and is not written over", hint="choose another name")
        if path.suffix != ENDING:
            raise InputProblem(f"a saved session ends in `{ENDING}`", hint=f"write `:save {path.stem}{ENDING}`")
        write_whole(path, lambda file: file.write(text.encode()))
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, Problem):
            raise
        raise InputProblem(f"cannot write `{name}`: {getattr(error, 'strerror', None) or error}") from None
    return True


def _beyond(line: Line, name: str) -> Problem:
    """What to say of an order inside a file that writes, or loads, another one."""
    problem = InputProblem(
        f"a file that is loaded may not give the order `:{_word(line.text)}`", hint="give it yourself where it is meant"
    )
    _number(problem, line, f"{name}, line")
    return problem


def _load(session: Session, name: str) -> bool:
    """Carries out the lines of a file; after a problem in one of them nothing of it has happened."""
    path = Path(name).expanduser()
    saved = path.with_name(path.name + ENDING) if path.name and not path.exists() else path
    source = formula_source(f"@{saved if saved.is_file() else path}")
    lines = list(joined_lines(source.text.split("\n")))
    for line in lines:
        if line.text.startswith(":") and _word(line.text) in _REFUSED:
            raise _beyond(line, name)
    before, depth = session.copy(), session.depth
    finite = True
    try:
        for line in lines:
            finite &= run_order(session, line, name)
    except Leave:
        raise
    except BaseException:
        session.restore(before)
        raise
    session.joined(depth)
    return finite


def _read(session: Session, argument: str) -> bool:
    """Gives a variable the numbers of a file."""
    from adcalc.io.references import loaded

    name, _, reference = argument.partition(" ")
    if not _NAME.fullmatch(name) or not reference.strip():
        raise InputProblem("`:read` needs a name and a file", hint="write `:read x table.csv:height`")
    try:
        value = loaded(reference)
    except Problem as problem:
        problem.hint = problem.hint.replace("`@", "`")
        raise
    session.take(Excerpt.whole(f"{name} = 0"))
    session.entries[name] = Coordinate(name, value)
    return True


def _undo(session: Session, _: str) -> bool:
    names = session.undo()
    if not names:
        raise InputProblem("there is nothing to take back")
    for name in names:
        entry = session.entries.get(name)
        write(entry.text if entry is not None else f"{name} has no value")
    return True


def _forget(session: Session, name: str) -> bool:
    session.forget(name)
    return True


def _help(session: Session, name: str) -> bool:
    if not name:
        write(_page())
        return True
    entry = session.entries.get(name)
    word = name.lstrip(":")
    if entry is not None:
        write(entry.text)
    elif word in ORDERS and (name.startswith(":") or word not in REQUESTS):
        write(f":{word} {ORDERS[word].argument}".rstrip() + f"\n  {ORDERS[word].doc}")
    elif name in REQUESTS:
        doc, clauses = REQUESTS[name]
        optional = " ".join(f"[{CLAUSES[clause].strip('`')}]" for clause in clauses)
        write(f"{name} FORMULA {optional}\n  {doc}")
    else:
        from adcalc.render import reference

        row = reference.row_named(name)
        reference.show_functions([row], "json" if session.format == "json" else "table")
    return True


def _page() -> str:
    statements = [
        ("x^2*y + 2", "the value, if every variable has one"),
        ("x = 3", "a value; it takes part in gradients"),
        ("y = x^2", "a name for a formula"),
        ("f(x, y) = x*y", "a function"),
        ("x += 1", "a change"),
        ("ans", "the last value"),
    ]
    requests = [(f"{word} FORMULA", doc) for word, (doc, _) in REQUESTS.items()]
    clauses = [(text.strip("`"), doc) for text, doc in zip(CLAUSES.values(), _CLAUSE_DOCS, strict=True)]
    orders = [(f":{name} {order.argument}".rstrip(), order.doc) for name, order in ORDERS.items()]
    groups = [statements, requests, clauses, orders]
    return "\n\n".join("\n".join(f"  {left:<18}{right}" for left, right in group) for group in groups)


def _quit(_: Session, __: str) -> bool:
    raise Leave


_CLAUSE_DOCS = ("values for this request only", "differentiate by these only", "how often `diff` does it")
_SHORT = {"q": "quit", "exit": "quit", "h": "help", "?": "help"}

ORDERS: Mapping[str, SessionOrder] = {
    "vars": SessionOrder(_variables, "", "values and definitions"),
    "backend": SessionOrder(_backend, "[NAME]", "the way to the derivative, or the list"),
    "format": SessionOrder(_format, "[NAME]", "how results are written, or the list"),
    "save": SessionOrder(_save, "FILE", "write values and definitions to a file that ends in .adcalc"),
    "load": SessionOrder(_load, "FILE", "carry out a script"),
    "read": SessionOrder(_read, "NAME FILE", "a variable from a file: x.npy, a.npz:key, table.csv:column"),
    "undo": SessionOrder(_undo, "", "take the last change back"),
    "forget": SessionOrder(_forget, "NAME", "take a value or definition away"),
    "help": SessionOrder(_help, "[NAME]", "this page, or one function or command"),
    "quit": SessionOrder(_quit, "", "leave, as Ctrl-D does"),
}
