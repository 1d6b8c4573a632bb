"""What a call passes: arguments by place and by name, those left out, the terms of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from adcalc.errors import ArityProblem, Source, SyntaxProblem
from adcalc.ir.expr import Apply, Expr, Variable, apply, number, topological
from adcalc.ir.primitive import Primitive
from adcalc.parser import ambiguities
from adcalc.parser.syntax import Syntax
from adcalc.table import PRIMITIVES

# What numbers are compared by, and what takes an axis.
_ALONG = {"min": PRIMITIVES["amin"], "max": PRIMITIVES["amax"]}

# Of the terms of several loops: taken of the inner terms and then of the outer ones, they are taken of all.
_NESTING = frozenset(["sum", "prod", "amin", "amax", "norm", "norm1", "norminf", "logsumexp"])


def built(node: Syntax, name: str, row: Primitive, arguments: tuple[Expr, ...], source: Source) -> Expr:
    """A row applied to the arguments of a call.

    Raises:
        ArityProblem, SyntaxProblem: where they do not fit it.
    """
    rules = [part.rule for part in node.parts]
    if "generator" in rules:
        return _of_terms(node, name, _ALONG.get(row.name, row), arguments, source)
    if row.variadic and row.parameters:
        return _joined(node, name, row, arguments, source)
    if row.name in _ALONG and "keyword" in rules:
        row = _ALONG[row.name]
        if rules.count("keyword") != len(rules) - 1:
            place = (node.start, node.end)
            raise ArityProblem(f"`{name}` along an axis takes one array", place, f"as in `{name}(x, axis=0)`", source)
    if row.parameters:
        return apply(row, *settled_call(node, name, arguments, row.parameters, row.defaults, source, row))
    check_unnamed(node, name, source)
    check_count(node, name, len(arguments), row.arity, source)
    if row.arity[1] is not None:
        missing = row.arity[1] - len(arguments)
        arguments += defaults(row)[len(row.defaults) - missing :] if missing else ()
    return apply(row, *arguments)


def settled_call(
    node: Syntax,
    name: str,
    arguments: Sequence[Expr],
    parameters: tuple[str, ...],
    optional: tuple[str, ...],
    source: Source,
    row: Primitive | None = None,
) -> tuple[Expr, ...]:
    """The arguments of a call in the order of the parameters.

    Args:
        optional: what the last parameters are when they are left out.

    Raises:
        ArityProblem, SyntaxProblem: one is missing, or one too many is there.
    """
    arity = row.arity if row else (len(parameters), len(parameters))
    given: dict[str, Expr] = {}
    named = ""
    for part, argument in zip(node.parts, arguments, strict=True):
        if part.rule == "generator":
            raise _terms_refused(node, name, source)
        if part.rule == "keyword":
            _check_keyword(part, name, parameters, given, source)
            given[part.text], named = argument, part.text
        elif named:
            raise _misplaced(part, named, source)
        elif len(given) == len(parameters):
            raise ambiguities.wrong_count(node, name, len(arguments), *arity, source)
        else:
            given[parameters[len(given)]] = argument
    for parameter, text in zip(parameters[len(parameters) - len(optional) :], optional, strict=True):
        if parameter not in given:
            given[parameter] = _default(text)
    missing = [parameter for parameter in parameters if parameter not in given]
    if missing:
        if node.parts[-1].rule != "keyword":
            raise ambiguities.wrong_count(node, name, len(arguments), *arity, source)
        raise ArityProblem(f"`{name}` needs `{missing[0]}`", (node.start, node.end), _names(parameters), source)
    return tuple([given[parameter] for parameter in parameters])


def defaults(row: Primitive) -> tuple[Expr, ...]:
    """What the last arguments of a row are when they are left out."""
    return tuple([_default(text) for text in row.defaults])


def check_unnamed(node: Syntax, name: str, source: Source) -> None:
    """Refuses named arguments and loops.

    Raises:
        ArityProblem, SyntaxProblem: at the first of them.
    """
    for part in node.parts:
        if part.rule == "generator":
            raise _terms_refused(node, name, source)
        if part.rule == "keyword":
            place = (part.start, part.start + len(part.text))
            hint = "write the arguments in their order, without names"
            raise ArityProblem(f"`{name}` has no named arguments", place, hint, source)


def check_count(node: Syntax, name: str, count: int, arity: tuple[int, int | None], source: Source) -> None:
    """Refuses too few and too many arguments.

    Raises:
        ArityProblem: with how many there may be.
    """
    least, most = arity
    if count < least or (most is not None and count > most):
        raise ambiguities.wrong_count(node, name, count, least, most, source)


def index_variables(body: Expr) -> tuple[Variable, ...]:
    """The indices of the loops in a formula."""
    return tuple([node for node in topological([body]) if isinstance(node, Variable) and ":" in node.name])


def has_arrays(body: Expr) -> bool:
    """Whether some row over whole arrays is in a formula."""
    return any(isinstance(node, Apply) and node.primitive.over for node in topological([body]))


def _joined(node: Syntax, name: str, row: Primitive, arguments: tuple[Expr, ...], source: Source) -> Expr:
    """Arrays to be put together, given one by one or as a list; the axis is the last argument."""
    arrays: list[Expr] = []
    named: dict[str, Expr] = {}
    for part, argument in zip(node.parts, arguments, strict=True):
        if part.rule == "keyword":
            _check_keyword(part, name, row.parameters[1:], named, source)
            named[part.text] = argument
        elif named:
            raise _misplaced(part, "axis", source)
        else:
            arrays.append(argument)
    if len(arrays) == 1 and isinstance(arrays[0], Apply) and arrays[0].primitive is PRIMITIVES["[]"]:
        # A list of one array stays a list, for an array alone stands for its rows.
        arrays = arrays if len(arrays[0].arguments) == 1 else list(arrays[0].arguments)
    if not arrays:
        place = (node.start, node.end)
        raise ArityProblem(f"`{name}` needs at least one array", place, f"as in `{name}([x, y])`", source)
    return apply(row, *arrays, named.get("axis", number(0)))


def _of_terms(node: Syntax, name: str, row: Primitive, arguments: tuple[Expr, ...], source: Source) -> Expr:
    """A row applied to the terms of a loop; of several loops, to the inner ones first."""
    (position,) = [i for i, part in enumerate(node.parts) if part.rule == "generator"][:1]
    loop = node.parts[position]
    if "axis" not in row.parameters or row.variadic:
        raise _terms_refused(node, name, source)
    if len(node.parts) > 1:
        place = (node.parts[1 - min(position, 1)].start, node.parts[-1].end if position == 0 else loop.start)
        hint = f"write `{name}([... for ...], axis=0)` with a list"
        raise SyntaxProblem("the terms of a loop are the only argument", place, hint, source)
    count = len(loop.parts) - 1
    if count > 1 and row.name not in _NESTING:
        raise SyntaxProblem(
            f"`{name}` takes the terms of one loop", (loop.start, loop.end), _list_hint(node, name, source), source
        )
    ranges: list[tuple[Expr, ...]] = []
    (value,) = arguments
    for _ in range(count):
        assert isinstance(value, Apply)
        ranges.append(value.arguments[:3])
        value = value.arguments[3]
    rest = dict(zip(row.parameters[len(row.parameters) - len(row.defaults) :], defaults(row), strict=True))
    rest["axis"] = number(0)
    for lower, upper, index in reversed(ranges):
        value = apply(row, apply(PRIMITIVES["for"], lower, upper, index, value), *rest.values())
    return value


def _terms_refused(node: Syntax, name: str, source: Source) -> SyntaxProblem:
    loop = next(part for part in node.parts if part.rule == "generator")
    return SyntaxProblem(
        f"`{name}` does not take the terms of a loop",
        (loop.start, loop.end),
        _list_hint(node, name, source) if len(node.parts) == 1 else "write a list: `[... for ...]`",
        source,
    )


def _list_hint(node: Syntax, name: str, source: Source) -> str:
    return f"write a list: `{name}([{ambiguities.excerpt(node.parts[0], source)}])`"


def _check_keyword(part: Syntax, name: str, parameters: Sequence[str], given: dict[str, Expr], source: Source) -> None:
    place = (part.start, part.start + len(part.text))
    if part.text not in parameters:
        raise ArityProblem(f"`{name}` has no argument called `{part.text}`", place, _names(parameters), source)
    if part.text in given:
        raise ArityProblem(f"`{part.text}` is given twice", place, "leave one of them out", source)


def _misplaced(part: Syntax, named: str, source: Source) -> SyntaxProblem:
    hint = f"give it before `{named}=`, or with its name"
    return SyntaxProblem("this argument stands after a named one", (part.start, part.end), hint, source)


def _names(parameters: Sequence[str]) -> str:
    listed = ", ".join(f"`{parameter}`" for parameter in parameters)
    return f"its arguments are {listed}" if len(parameters) > 1 else f"the one it has is {listed}"


def _default(text: str) -> Expr:
    return apply(PRIMITIVES["absent"]) if text == "absent" else number(float(text))
