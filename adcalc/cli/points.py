"""Values given on the command line: `x=3,y=pi/2,v=[1, 2],w=@w.npy`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from adcalc.errors import InputProblem, Problem, Source, SyntaxProblem
from adcalc.function import Function
from adcalc.query.inputs import Given, resolved
from adcalc.results import Figure

_WORD = re.compile(r"[^\W\d][\w₀-₉]*")
_NAME = re.compile(r"\s*([^\W\d][\w₀-₉]*)\s*=")


class _Place(NamedTuple):
    """Where the text of a value stands."""

    source: Source
    start: int
    text: str

    @property
    def file(self) -> str:
        """What is named behind an @; "" for a formula."""
        text = self.text.strip()
        return text[1:] if text.startswith("@") else ""

    @property
    def span(self) -> tuple[int, int]:
        """The value without the blanks around it."""
        begin = self.start + len(self.text) - len(self.text.lstrip())
        return begin, self.start + len(self.text.rstrip())


class Point(NamedTuple):
    """Values by name."""

    values: dict[str, Figure]
    helpers: frozenset[str]
    """Names that others are given by, as the `n` of `x=zeros(n),n=10`."""

    def of(self, function: Function) -> dict[str, Figure]:
        """The values without those that have only helped others to theirs."""
        known = {*function.variables, *function.assigned, *function.origin}
        return {name: value for name, value in self.values.items() if name in known or name not in self.helpers}


def point(options: Sequence[str], option: str = "--at") -> Point:
    """The values of `--at x=3,y=pi/2`, given once or several times.

    Args:
        option: what they stand behind.

    Raises:
        Problem: with the place in the option's text.

    >>> point(["x=3", "y=x/2, z = -1"]).values
    {'x': 3.0, 'y': 1.5, 'z': -1.0}
    """
    places: dict[str, _Place] = {}
    for text in options:
        source = Source(text, option)
        for start, part in _parts(text):
            name, place = _assignment(part, start, source)
            if name in places:
                raise InputProblem(f"`{name}` is given twice", (start, start + len(part)), "give it once", source)
            places[name] = place
    values = _values(places)
    words = {name: frozenset(_WORD.findall(place.text)) for name, place in places.items() if not place.file}
    helpers = {name for name in places if any(name in used for other, used in words.items() if other != name)}
    return Point(values, frozenset(helpers))


def single(text: str, option: str, name: str) -> Figure:
    """A value without a name, such as that of `--cotangent`.

    Raises:
        Problem: with the place in the option's text.
    """
    try:
        return _values({name: _Place(Source(text, option), 0, text)})[name]
    except Problem as problem:
        problem.message = problem.message.replace(f"the value of `{name}`", f"the {name}")
        problem.hint = problem.hint.replace(f"{name}=", "")
        raise


def _values(places: Mapping[str, _Place]) -> dict[str, Figure]:
    given: dict[str, Given] = {}
    for name, place in places.items():
        given[name] = _loaded(place) if place.text.lstrip().startswith("@") else place.text
    try:
        return resolved(given)
    except Problem as problem:
        _locate(problem, places)
        raise


def _loaded(place: _Place) -> Figure:
    from adcalc.io.references import loaded

    try:
        return loaded(place.file)
    except Problem as problem:
        problem.span, problem.source = place.span, place.source
        raise


def _locate(problem: Problem, places: Mapping[str, _Place]) -> None:
    """A problem in the text of one value, as one in the text of the option."""
    for name, place in places.items():
        if problem.source == Source(place.text, f"the value of `{name}`"):
            start, end = problem.span or (0, len(place.text))
            problem.span = (start + place.start, end + place.start) if problem.span else place.span
            problem.source = place.source
            return


def _assignment(part: str, start: int, source: Source) -> tuple[str, _Place]:
    span = (start, start + max(1, len(part)))
    match = _NAME.match(part)
    if match is None:
        name = part.strip()
        hint = f"write `{name}=3`" if name.isidentifier() else "write name=value, such as `x=3,y=pi/2`"
        message = f"`{name}` is given no value" if name.isidentifier() else "this is not name=value"
        raise SyntaxProblem(message, span, hint, source)
    name, value = match.group(1), part[match.end() :]
    if not value.strip():
        raise SyntaxProblem(f"`{name}=` is given no value", span, f"write `{name}=3`", source)
    return name, _Place(source, start + match.end(), value)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The parts between commas that stand outside brackets, each with its place."""
    depth, begin = 0, 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            yield begin, text[begin:index]
            begin = index + 1
    yield begin, text[begin:]
