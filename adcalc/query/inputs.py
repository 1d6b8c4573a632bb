"""Points: what is given for each variable, as numbers and arrays.

A value may be a number, an array, nested lists, or the text of a formula; a text may speak of other
names of the same point, as in `x=zeros(n),n=1000`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from adcalc.autodiff.linearization import Asked
from adcalc.errors import Caution, InputProblem, Source, near
from adcalc.ir.exact import worked_out
from adcalc.ir.expr import Expr, Number, variable, variables
from adcalc.parser.resolve import read
from adcalc.parser.scope import Meaning
from adcalc.query.answer import value_of
from adcalc.results import Figure

#: What a point may say of a variable.
Given: TypeAlias = "float | str | Sequence[Any] | Any"

#: The value of each variable: a number, an array, nested lists, or a formula such as "pi/2".
Point: TypeAlias = Mapping[str, Given]


def merged(at: Point | None, more: Point) -> dict[str, Given]:
    """One point out of two ways to say it.

    Raises:
        InputProblem: it is no mapping from names.
    """
    if at is not None and not isinstance(at, Mapping):
        raise InputProblem(f"a point is a mapping from names to values, not {type(at).__name__}")
    whole = {**(at or {}), **more}
    if not all(isinstance(name, str) for name in whole):
        raise InputProblem("the names of a point are texts")
    return whole


def resolved(given: Point) -> dict[str, Figure]:
    """The numbers and arrays of a point.

    Raises:
        Problem: something is not a value; of a text, with the place in it.

    >>> resolved({"x": "n/4", "n": 3})
    {'x': 0.75, 'n': 3.0}
    """
    found: dict[str, Figure] = {}
    waiting: dict[str, tuple[Meaning, Expr]] = {}
    for name, value in given.items():
        if not isinstance(value, str):
            found[name] = figure_of(name, value)
        elif value.strip().lstrip("+-") == "nan":
            found[name] = math.nan
        else:
            waiting[name] = _read(name, value, given)
    while waiting:
        ready = [name for name, (_, expr) in waiting.items() if all(free in found for free in variables([expr]))]
        if not ready:
            raise _circular(waiting)
        for name in ready:
            meaning, expr = waiting.pop(name)
            # Most values are literals.
            found[name] = (
                expr.value if isinstance(expr, Number) else value_of(Asked(expr, found, meaning.spans, meaning.source))
            )
    return {name: found[name] for name in given}


def _read(name: str, text: str, given: Point) -> tuple[Meaning, Expr]:
    source = Source(text, f"the value of `{name}`")
    meaning = read(source, [other for other in given if other != name])
    if any(sign in text for sign in ";\n") or meaning.assigned or meaning.functions:
        raise InputProblem(
            f"the value of `{name}` is more than one formula",
            (0, len(text)),
            "separate values by commas: `x=3,y=4`",
            source,
        )
    assert meaning.result is not None
    (expr,) = meaning.inlined([meaning.result])
    for free in variables([expr]):
        if free not in given or free == name:
            raise InputProblem(
                f"the value of `{name}` is not a constant: `{free}` has no value",
                meaning.spans.get(variable(free)),
                f"write a number or a constant formula, such as `{name}=pi/2`",
                source,
            )
    computed = worked_out([expr])
    meaning.follow(dict(computed))
    return meaning, computed[expr]


def _circular(waiting: Mapping[str, tuple[Meaning, Expr]]) -> InputProblem:
    names = " and ".join(f"`{name}`" for name in list(waiting)[:3])
    meaning, _ = next(iter(waiting.values()))
    return InputProblem(
        f"the values of {names} wait for each other",
        (0, len(meaning.source.text)),
        "give one of them a number",
        meaning.source,
    )


def figure_of(name: str, value: Any) -> Figure:
    """A number or an array of float64 from whatever Python has.

    >>> figure_of("x", 3), figure_of("x", [[1, 2]]).shape
    (3.0, (1, 2))
    """
    if isinstance(value, float | int):
        try:
            return float(value)
        except OverflowError:
            raise InputProblem(f"the value of `{name}` is too large for a double") from None
    if isinstance(value, bytes | bytearray):
        raise InputProblem(f"the value of `{name}` is not a number: {type(value).__name__}")
    if isinstance(value, list | tuple) or hasattr(value, "__array__"):
        return _as_array(name, value)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputProblem(f"the value of `{name}` is not a number: {type(value).__name__}") from None
    except OverflowError:
        raise InputProblem(f"the value of `{name}` is too large for a double") from None


def _as_array(name: str, value: Any) -> Figure:
    import numpy as np

    nested = isinstance(value, list | tuple)
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        message = f"the value of `{name}` has masked entries, which are no numbers"
        raise InputProblem(message, hint="`filled(nan)` makes them nan")
    try:
        given = np.asarray(value)
        kind = given.dtype.kind
        # Lists of big integers are objects to NumPy; an array of objects may hold anything.
        whole = kind == "O" and nested and all(isinstance(entry, int) for entry in given.flat)
        array = np.asarray(given, dtype=np.float64) if kind in "fiub" or whole else None
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InputProblem(
            f"the value of `{name}` is not an array of numbers", hint="give every row as many numbers"
        ) from None
    if array is None:
        raise InputProblem(f"the value of `{name}` is not made of real numbers, but of {kind_name(kind)}")
    return float(array) if array.ndim == 0 else array


def kind_name(kind: str) -> str:
    """What NumPy calls a kind of entries by a letter, in a word."""
    return {"c": "complex numbers", "U": "texts", "S": "bytes", "O": "objects", "M": "dates"}.get(
        kind, "something else"
    )


def unused(name: str, assigned: Sequence[str], known: Sequence[str]) -> Caution:
    """What to say of a value for a name that the formula does not have."""
    if name in assigned:
        return Caution("unused", f"`{name}` gets its value in the formula; the one given is not used")
    guess = near(name, list(known))
    return Caution(
        "unused",
        f"the formula has no `{name}`; its value is not used",
        None,
        f"did you mean `{guess}`?" if guess else "",
    )
