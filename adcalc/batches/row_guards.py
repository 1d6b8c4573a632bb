"""What may be wrong with a row: an operation outside its domain, a kink, a result that is not finite, digits that cancel.

Conditions are formulas like any other, computed for every row along with the results.  An alarm is cheap and
cautious; the codes, computed only where one was raised, say which operation it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from adcalc.autodiff.linearization import Linearization
from adcalc.autodiff.transforms import anywhere, reaches
from adcalc.checks.guards import can_leave, kink_conditions
from adcalc.ir.expr import Apply, Expr, Number, Variable, number
from adcalc.ir.program import lowered
from adcalc.lower.rules import Call, compiled
from adcalc.table import PRIMITIVES

Kind = Literal["domain", "kink"]

_AND, _EQUAL, _MINUS, _UNEQUAL, _NOT, _WHERE, _ABS, _LESS, _TIMES, _PLUS, _OR, _ROUND = (
    PRIMITIVES[name] for name in ("and", "==", "-", "!=", "not", "where", "abs", "<", "*", "+", "or", "round")
)


class Watch(NamedTuple):
    """An operation, and the condition under which something is to be said about it."""

    slot: int
    kind: Kind
    condition: Expr
    """Of numbers: 1 in the rows in question."""
    quick: Expr
    """At least wherever the condition holds, and cheaper."""


def watches(ready: Linearization, wrt: Sequence[str]) -> list[Watch]:
    """Everything that is watched in a formula, in the order of its operations."""
    program, algebra = ready.program, ready.algebra
    nodes = [slot.node for slot in program.slots]
    active = program.depends_on(tuple(wrt))
    masks = reaches(program, algebra, nodes) if program.branching else [None] * len(nodes)
    found = []
    for index, slot in enumerate(program.slots):
        primitive, node = slot.primitive, slot.node
        if primitive is None or not primitive.elementwise or not isinstance(node, Apply):
            continue
        if can_leave(slot):
            outside = algebra.apply(
                _NOT, [Call(primitive, node.arguments, node).carry_out(algebra, compiled(primitive.domain))]
            )
            for argument in node.arguments:
                if not isinstance(argument, Number):
                    outside = algebra.apply(_AND, [outside, algebra.apply(_EQUAL, [argument, argument])])
            condition = _reduced(ready, _where(ready, masks[index], outside))
            quick = _reduced(ready, _where(ready, masks[index], _not_finite(ready, node)))
            found.append(Watch(index, "domain", condition, quick))
        for condition in kink_conditions(ready, index, active):
            whole = _reduced(ready, _where(ready, masks[index], condition))
            if not isinstance(whole, Number):
                found.append(Watch(index, "kink", whole, whole))
    return found


class Tie(NamedTuple):
    """The condition under which an operation is on a kink, a jump or a tie."""

    condition: Expr
    rounded: bool
    """What it is decided by has been rounded, so that doubles may decide it wrongly."""


def ties_of(ready: Linearization) -> tuple[Tie, ...]:
    """Where a formula is tied, whatever it is differentiated by."""
    program, algebra = ready.program, ready.algebra
    nodes = [slot.node for slot in program.slots]
    everything = [True] * len(nodes)
    masks = reaches(program, algebra, nodes) if program.branching else [None] * len(nodes)
    found = []
    for index, slot in enumerate(program.slots):
        for condition in kink_conditions(ready, index, everything):
            whole = _reduced(ready, _where(ready, masks[index], condition))
            if not isinstance(whole, Number):
                found.append(Tie(whole, not all(_is_exact(nodes[argument]) for argument in slot.arguments)))
    return tuple(found)


def alarms_of(ready: Linearization, watched: Sequence[Watch], results: Sequence[Expr]) -> tuple[Expr, ...]:
    """Formulas that are not 0 where a row needs to be looked at."""
    own = [_not_finite(ready, formula) for formula in results if not isinstance(formula, Number)]
    return tuple(dict.fromkeys([*[watch.quick for watch in watched], *own]))


def codes(ready: Linearization, watched: Sequence[Watch], doubts: Sequence[Expr]) -> tuple[Expr, Expr, Expr]:
    """Formulas of the number of the first watch, from 1, that holds: of domains, and of kinks; and how many doubts do."""
    found: dict[Kind, Expr] = {"domain": number(0), "kink": number(0)}
    for place in range(len(watched) - 1, -1, -1):
        watch = watched[place]
        found[watch.kind] = ready.algebra.apply(_WHERE, [watch.condition, number(place + 1), found[watch.kind]])
    total: Expr = number(0)
    for doubt in doubts:
        total = ready.algebra.apply(_PLUS, [total, doubt])
    return found["domain"], found["kink"], total


#: Digits in bits that an operation may cost before the row is looked at; less is the price of doubles.
_BITS = 22
#: Operations that cost digits one after the other are looked at together, up to so many.
_LONGEST = 4
#: By the name of a function, what its value must not be small beside: its argument, or 1.
_SENSITIVE = {"sin": 0, "cos": 0, "tan": 0, "%": 0} | dict.fromkeys(
    ("log", "log2", "log10", "acos", "acosh", "asec", "lgamma", "digamma", "logaddexp", "lbeta", "atanh", "erfinv", "logit"), 1
)  # fmt: skip
_ROUGH = frozenset({"gamma", "lgamma", "digamma", "polygamma"})
_NEAR_A_ROOT, _NEAR_A_POLE = 1e-4, 1e-3
_NEVER_NEGATIVE = frozenset(
    {"exp", "exp2", "abs", "sqrt", "cosh", "sech", "erfc", "erfcx", "sigmoid", "softplus", "relu", "hypot", "normal_pdf", "normal_cdf"}
)  # fmt: skip


class _Loss(NamedTuple):
    """What the operations on the way to a node have cost: the sizes they came from, over those they left."""

    before: Expr
    left: Expr | None
    """Of all operations but the last; None where there is only that one."""
    last: Expr
    """The value of the last of them."""
    operations: int
    argument: Expr | None = None
    """Of the operation at hand, the one that they led to."""


def doubts_of(ready: Linearization, results: Sequence[Expr]) -> tuple[Expr, ...]:
    """Formulas that are not 0 where the operations on the way to the results have cost digits.

    A sum of inexact numbers that is small beside them, a logarithm near its root, the sine of a large number: the
    product of the condition numbers (Higham, 2002, section 1.6) of those that follow one another is beyond 2^22 there.
    """
    algebra = ready.algebra
    signs: dict[Expr, int] = {}
    losses: dict[Expr, _Loss] = {}
    found: dict[Expr, None] = {}
    # In derivatives, which are many, each operation is looked at by itself.
    own = {slot.node for slot in ready.program.slots}

    def checked(loss: _Loss) -> None:
        scaled = algebra.apply(_TIMES, [_left(ready, loss), number(2.0**_BITS)])
        found[algebra.apply(_LESS, [scaled, loss.before])] = None

    for slot in lowered(results).slots:
        node, primitive = slot.node, slot.primitive
        signs[node] = _sign(node, signs)
        if primitive is None or not isinstance(node, Apply) or ready.builder.shape(node):
            continue
        rough = _rough(ready, node)
        if rough is not None:
            found[rough] = None
        ways = {argument: losses[argument] for argument in node.arguments if argument in losses}
        met = [loss._replace(argument=argument) for argument, loss in ways.items()]
        met.sort(key=lambda loss: loss.operations)
        # Where two ways meet the longer one is followed.
        behind = met.pop() if met and node in own else None
        for loss in met:
            checked(loss)
        size = _size_before(node, signs, behind)
        if size is None:
            if behind is not None:
                losses[node] = behind
            continue
        losses[node] = _further(ready, node, size, behind)
        if node not in own or losses[node].operations == _LONGEST:
            checked(losses.pop(node))
    for root in dict.fromkeys(results):
        if root in losses:
            checked(losses[root])
    return tuple(found)


def _rough(ready: Linearization, node: Expr) -> Expr | None:
    """Where libraries compute a function of the gamma family to an absolute accuracy only: near its roots and poles."""
    if not isinstance(node, Apply) or node.primitive.name not in _ROUGH:
        return None
    algebra, x = ready.algebra, node.arguments[-1]
    root = algebra.apply(_LESS, [algebra.apply(_ABS, [node]), number(_NEAR_A_ROOT)])
    apart = algebra.apply(_ABS, [algebra.apply(_MINUS, [x, algebra.apply(_ROUND, [x])])])
    pole = algebra.apply(
        _AND, [algebra.apply(_LESS, [x, number(0)]), algebra.apply(_LESS, [apart, number(_NEAR_A_POLE)])]
    )
    return algebra.apply(_OR, [root, pole])


def _size_before(node: Apply, signs: Mapping[Expr, int], behind: _Loss | None) -> Expr | None:
    """What the value of an operation must not be small beside; None where nothing is lost by it.

    Where a sum is small beside one term, the other is about as large: one of them will do, that which has lost digits.
    """
    name = node.primitive.name
    if name in ("+", "-"):
        x, y = node.arguments
        opposed = signs[x] * signs[y] * (1 if name == "+" else -1)
        nothing = 0.0 in (getattr(x, "value", 1.0), getattr(y, "value", 1.0))
        if opposed == 1 or nothing or (_is_exact(x) and _is_exact(y)):
            return None
        return behind.argument if behind is not None else y if isinstance(y, Number) else x
    if name in _SENSITIVE and not all(map(_is_exact, node.arguments)):
        return number(1) if _SENSITIVE[name] else node.arguments[0]
    return None


def _further(ready: Linearization, node: Apply, size: Expr, behind: _Loss | None) -> _Loss:
    """The loss at an operation, and at those before it."""
    algebra = ready.algebra
    before = algebra.apply(_ABS, [size])
    if behind is None:
        return _Loss(before, None, node, 1)
    if size is behind.last:
        # What the one left the other came from.
        return _Loss(behind.before, behind.left, node, behind.operations + 1)
    lost = algebra.apply(_TIMES, [behind.before, before])
    return _Loss(lost, _left(ready, behind), node, behind.operations + 1)


def _left(ready: Linearization, loss: _Loss) -> Expr:
    """The sizes that operations have left, multiplied."""
    last = ready.algebra.apply(_ABS, [loss.last])
    return last if loss.left is None else ready.algebra.apply(_TIMES, [loss.left, last])


def _is_exact(node: Expr) -> bool:
    """Whether a number is as it was given, without any rounding."""
    while isinstance(node, Apply) and node.primitive.name in ("neg", "abs"):
        (node,) = node.arguments
    return isinstance(node, Variable | Number)


def _sign(node: Expr, known: dict[Expr, int]) -> int:
    """1 for what is never negative, -1 for what is never positive, else 0."""
    if isinstance(node, Number):
        return 1 if node.value >= 0.0 else -1
    if not isinstance(node, Apply):
        return 0
    signs = [known.get(argument, 0) for argument in node.arguments]
    match node.primitive.name, node.arguments:
        case _ if node.primitive.name in _NEVER_NEGATIVE or node.primitive.name in ("pi", "e", "tau"):
            return 1
        case "neg", _:
            return -signs[0]
        case "+", _:
            return signs[0] if signs[0] == signs[1] else 0
        case "-", _:
            return signs[0] if signs[0] == -signs[1] else 0
        case "*", (x, y):
            return 1 if x is y else signs[0] * signs[1]
        case "/", _:
            return signs[0] * signs[1]
        case "^", (_, Number(value=power)):
            return 1 if power % 2.0 == 0.0 else signs[0]
        case "^", _:
            return max(signs[0], 0)
    return 0


def _not_finite(ready: Linearization, formula: Expr) -> Expr:
    """Where a formula is infinite or not a number: there its difference from itself is not 0."""
    return ready.algebra.apply(_UNEQUAL, [ready.algebra.apply(_MINUS, [formula, formula]), number(0)])


def _where(ready: Linearization, mask: Expr | None, condition: Expr) -> Expr:
    if mask is None:
        return condition
    same = ready.builder.shape(mask) == ready.builder.shape(condition)
    return ready.algebra.apply(_AND, [mask if same else anywhere(ready.algebra, mask), condition])


def _reduced(ready: Linearization, condition: Expr) -> Expr:
    """Whether a condition holds for any entry of an array on the way."""
    return anywhere(ready.algebra, condition)
