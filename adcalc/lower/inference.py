"""Shapes that nobody gave: what a formula over arrays must mean for its operations to fit.

Names tell how many axes to try first (a capital letter is a matrix, a small one a vector where it is
treated as one), lengths are made up, all different, and made equal where the formula asks for it.
What was found is said along with the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import NamedTuple, TypeAlias

from adcalc.errors import Caution, InputProblem, ShapeProblem
from adcalc.ir.expr import Apply, Expr, Variable, topological, variables
from adcalc.lower.shape_rules import LEAST_MADE_UP, Shape

#: Lengths that no formula has by chance.
LENGTHS = (LEAST_MADE_UP, 2003, 3001, 4001, 5003, 6007, 7001, 8009, 9001, 10007, 11003, 12007, 13001, 14009)
_MOST_NAMES = 10
_SIZES = "nmkpqrsuvwxyzl"
#: More ways to read a formula than this are not tried.
_MOST_TRIED = 400
#: How much less likely a reading may be that makes the value a number.
_SCALAR_BONUS = 4
_NUMBERS = frozenset("abcdk") | frozenset("αβγδεζηθκλμνρστφχψω")

#: The shape of the value for some shapes of the variables; a ShapeProblem names the lengths that differ.
Attempt: TypeAlias = Callable[[Mapping[str, Shape]], Shape]


def declared(shapes: Mapping[str, Sequence[int | str]]) -> tuple[dict[str, Shape], dict[int, str]]:
    """Shapes in which lengths have names, with made-up lengths; and the names.

    Raises:
        InputProblem: a length that is neither a number nor a name.

    >>> declared({"x": ("n",), "A": ("n", 3)})
    ({'x': (1009,), 'A': (1009, 3)}, {1009: 'n'})
    """
    lengths: dict[str, int] = {}
    found = {}
    for name, dims in shapes.items():
        made = []
        for length in dims:
            if isinstance(length, str) and length.isidentifier():
                if length not in lengths and len(lengths) == len(LENGTHS):
                    raise InputProblem("too many different lengths", hint="give some of them as numbers")
                made.append(lengths.setdefault(length, LENGTHS[len(lengths) % len(LENGTHS)]))
            elif isinstance(length, int) and length >= 0:
                made.append(length)
            else:
                raise InputProblem(f"`{length}` is no length for an axis of `{name}`", hint="write `x:n` or `A:3x4`")
        found[name] = tuple(made)
    return found, {length: name for name, length in lengths.items()}


def inferred(root: Expr, known: Mapping[str, Shape], attempt: Attempt) -> dict[str, Shape]:
    """Shapes of all free variables of a formula, those that are known among them.

    Args:
        attempt: the shape of the formula's value for some shapes of variables, or a ShapeProblem.

    Raises:
        ShapeProblem: no shapes fit; of the first, most likely reading.
    """
    names = [name for name in variables([root]) if name not in known]
    refused: ShapeProblem | None = None
    fitting: dict[str, Shape] | None = None
    least = 0
    for cost, ranks in islice(_readings(root, names), _MOST_TRIED):
        if fitting is not None and cost > least + _SCALAR_BONUS:
            break
        try:
            shapes, value = _fitted(names, ranks, known, attempt)
        except ShapeProblem as problem:
            refused = refused or problem
            if 2 not in ranks:
                continue
            try:
                shapes, value = _fitted(names, ranks, known, attempt, square=True)
            except ShapeProblem:
                continue
        # What is differentiated is a number, if it can be one.
        if not value:
            return shapes
        if fitting is None:
            fitting, least = shapes, cost
    if fitting is None:
        raise refused or ShapeProblem("no shapes fit this formula")
    return fitting


def _fitted(
    names: Sequence[str], ranks: Sequence[int], known: Mapping[str, Shape], attempt: Attempt, *, square: bool = False
) -> tuple[dict[str, Shape], Shape]:
    taken = {length for shape in known.values() for length in shape}
    free = iter([length for length in LENGTHS if length not in taken] * 4)
    shapes = dict(known)
    for name, rank in zip(names, ranks, strict=True):
        shapes[name] = (next(free),) * rank if square else tuple([next(free) for _ in range(rank)])
    own = {length for name in names for length in shapes[name]}
    while True:
        try:
            value = attempt(shapes)
        except ShapeProblem as problem:
            pair = problem.lengths
            if pair is None or pair[0] == pair[1] or 1 in pair or not (set(pair) & own):
                raise
            old, new = (
                (pair[0], pair[1])
                if pair[0] in own and (pair[1] not in own or pair[0] > pair[1])
                else (pair[1], pair[0])
            )
            if old not in own:
                raise
            shapes = {
                name: shape if name in known else tuple([new if length == old else length for length in shape])
                for name, shape in shapes.items()
            }
            own.discard(old)
        else:
            return shapes, value


def _readings(root: Expr, names: Sequence[str]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Numbers of axes for each name, the likeliest first, and how unlikely they are."""
    if len(names) > _MOST_NAMES:
        raise InputProblem(
            f"the shapes of {len(names)} variables cannot be guessed", hint="say them, as in `--shape x:n,A:nxn`"
        )
    hints = _hints(root)
    costs: list[dict[int, int]] = []
    for name in names:
        single = name[0] in _NUMBERS
        if name[0].isupper():
            cost = {2: 0, 1: 6, 0: 7}
        elif name in hints.turned:
            cost = {1: 0, 2: 3}
        elif name in hints.added:
            cost = {1: 0, 0: 5, 2: 3}
        elif name in hints.reached:
            cost = {0: 0, 1: 1, 2: 4} if single else {1: 0, 0: 4, 2: 3}
        else:
            cost = {0: 0, 1: 2, 2: 4}
        costs.append(cost)
    weighed = [(sum(c[r] for c, r in zip(costs, ranks, strict=True)), ranks) for ranks in product(*costs)]
    return iter(sorted(weighed, key=lambda each: each[0]))


class _Hints(NamedTuple):
    """Where the names of a formula stand."""

    turned: set[str]
    """Where no number can: transposed, in a matrix product."""
    added: set[str]
    """Added to an array, or handed to something that works on arrays."""
    reached: set[str]
    """In a product with an array, or below something that works on arrays."""


_TURNING = frozenset({"transpose", "prime", "product", "square", "solve", "outer", "kron"})
_CONSUMING = frozenset({"sum", "norm", "reduction", "along", "body", "product", "cross_entropy"})
_MAKING = frozenset({"literal", "transpose", "prime", "product", "solve", "outer", "along", "times"})


def _hints(root: Expr) -> _Hints:
    hints = _Hints(set(), set(), set())
    order = topological([root])
    before = -1
    while before != sum(map(len, hints)):
        before = sum(map(len, hints))
        arrays: set[Expr] = set()
        for node in order:
            if isinstance(node, Variable) and (node.name[0].isupper() or any(node.name in kind for kind in hints)):
                arrays.add(node)
            if not isinstance(node, Apply):
                continue
            over, name = node.primitive.over, node.primitive.name
            direct = {
                argument.name
                for argument in node.arguments
                if isinstance(argument, Variable) and ":" not in argument.name
            }
            some = any(argument in arrays for argument in node.arguments)
            if over in _TURNING:
                hints.turned.update(direct)
            elif over == "indexing" and isinstance(node.arguments[0], Variable):
                hints.turned.add(node.arguments[0].name)
            elif over in _CONSUMING or _is_extreme(node) or (name in ("+", "-") and some):
                hints.added.update(direct)
            elif some and (over in ("times", "entries") or name in ("*", "/")):
                hints.reached.update(direct)
            if over in _CONSUMING or over in _TURNING:
                added, reached = _below(node)
                hints.added.update(added)
                hints.reached.update(reached)
            if over in _MAKING or (node.primitive.elementwise and some):
                arrays.add(node)
    return hints


def _is_extreme(node: Apply) -> bool:
    """`max(x)` and `min(x)`."""
    return node.primitive.name in ("max", "min") and len(node.arguments) == 1


def _below(node: Apply) -> tuple[set[str], set[str]]:
    """Names that reach an operation entry by entry, where no array does: by sums alone, and through products."""
    added: set[str] = set()
    reached: set[str] = set()
    stack: list[tuple[Expr, bool]] = [(argument, False) for argument in node.arguments]
    while stack:
        each, multiplied = stack.pop()
        if isinstance(each, Variable):
            if ":" not in each.name and each not in node.arguments:
                (reached if multiplied else added).add(each.name)
        elif isinstance(each, Apply) and each.primitive.elementwise:
            inside = multiplied or each.primitive.name not in ("+", "-", "neg")
            stack.extend([(argument, inside) for argument in each.arguments])
    return added, reached


def described(shapes: Mapping[str, Shape], names: Sequence[str], written: Mapping[int, str]) -> Caution:
    """What was assumed of variables whose shapes nobody gave."""
    lengths = dict(written)
    for name in names:
        for length in shapes[name]:
            if length in LENGTHS and length not in lengths:
                lengths[length] = next(each for each in _SIZES if each not in lengths.values())
    words = []
    for name in names:
        dims = [lengths.get(length, str(length)) for length in shapes[name]]
        kind = ("a number", "a vector of ", "")[min(len(dims), 2)]
        words.append(f"`{name}` is {kind}{'×'.join(dims)}")
    declaration = ",".join(
        f"{name}:{'x'.join(lengths.get(length, str(length)) for length in shapes[name])}" for name in names
    )
    return Caution("shape", f"as read here {', '.join(words)}", None, f"say otherwise as in `--shape {declaration}`")


def lettered(problem: ShapeProblem, written: Mapping[int, str]) -> ShapeProblem:
    """The same problem with letters for lengths that were made up."""
    letters = dict(written)

    def letter(found: re.Match[str]) -> str:
        length = int(found[0])
        if length not in LENGTHS:
            return found[0]
        if length not in letters:
            letters[length] = next(each for each in _SIZES if each not in letters.values())
        return letters[length]

    message, hint = (re.sub(r"\d+", letter, text) for text in (problem.message, problem.hint))
    return ShapeProblem(message, problem.span, hint, problem.source)
