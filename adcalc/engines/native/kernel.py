"""A program as the text of one function: a loop over rows, a vector of them at a time.

The function takes three tables of addresses (of the columns it reads, of the numbers that are the same
for every row, of the columns it writes) and the rows to work on, whose count is a multiple of the
vector's width.  It answers whether one of its alarms was raised on the way, and whether a
row needs the code without shortcuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.codegen import Lanes, cost
from adcalc.engines.native.division import Way, ways
from adcalc.engines.native.layout import Layout, watched
from adcalc.ir.expr import Number
from adcalc.ir.program import Program, lowered

#: What the function is called.
ENTRY = "adcalc_kernel"
#: A program of more operations, or with more lines in the vector functions it calls, calls these out of line: LLVM's
#: time grows with the code.
_MOST_OPERATIONS, _MOST_LINES = 300, 1500

_PARAMETERS = "ptr noalias %columns, ptr noalias %numbers, ptr noalias %results, i64 %first, i64 %last"
_ATTRIBUTES = 'nounwind "no-trapping-math"="true"'


class Options(NamedTuple):
    """How code is written."""

    width: int
    """Doubles in a vector."""
    streaming: bool = False
    """Results go past the cache; their columns are aligned to vectors."""
    fast: bool = False
    """Sums and products may be fused and reordered."""
    quick: bool = True
    """Divisions and roots may be made of other instructions; in rows where that may be wrong it is said."""


class KernelText(NamedTuple):
    """A module for LLVM."""

    module: str
    symbols: dict[str, int]
    """Addresses of functions that it calls and the process does not export."""


def written_kernel(layout: Layout, options: Options) -> KernelText:
    """The module of a program.

    Raises:
        Unfit: a row has no machine code.
    """
    finite = [formula for alarm in layout.alarms if (formula := watched(alarm)) is not None]
    alarms = [alarm for alarm in layout.alarms if watched(alarm) is None]
    program = lowered([*layout.results, *finite, *alarms])
    declared: dict[str, str] = {}
    head = Code(options.width, prefix="u", fast=options.fast, declared=declared)
    body = Code(options.width, prefix="v", fast=options.fast, declared=declared)
    lanes = Lanes(head, body, quick=options.quick)
    inputs = {name: _broadcast(head, place) for place, name in enumerate(layout.numbers)}
    inputs |= {name: _loaded(head, body, place) for place, name in enumerate(layout.columns)}
    values = _values(program, lanes, inputs)
    count = len(layout.results)
    for place, lane in enumerate(values[:count]):
        _store(head, body, place, lane, options)
    sound = _sum_of_nothing(body, values[count : count + len(finite)])
    raised = _any(body, [lanes.mask(alarm) for alarm in values[count + len(finite) :]])
    strange = _any(body, lanes.strange)
    bounded = _sum_of_nothing(body, lanes.bounded)
    lines = sum([count * lanes.functions[name].text.count("\n") for name, count in lanes.called.items()])
    inline = program.operations <= _MOST_OPERATIONS and lines <= _MOST_LINES
    functions = [each.text.replace("{attributes}", _inlining(inline)) for each in lanes.functions.values()]
    for function in lanes.functions.values():
        declared |= function.declared
    module = "\n".join(
        [
            *declared.values(),
            *functions,
            _frame(head, body, (sound, bounded), (raised, strange), streaming=options.streaming),
            "!0 = !{i32 1}",
            "",
        ]
    )
    symbols = {name: address for each in lanes.functions.values() for name, address in each.symbols.items()}
    return KernelText(module, symbols)


def _inlining(inline: bool) -> str:
    return f"{'alwaysinline' if inline else 'noinline'} {_ATTRIBUTES}"


def _values(program: Program, lanes: Lanes, inputs: dict[str, Lane]) -> list[Lane]:
    """Every operation written down; the lanes of the results."""
    chosen = ways(program, lambda name, arity: cost(name, arity, lanes.body.width))
    found: list[Lane] = []
    for index, (node, primitive, arguments) in enumerate(program.slots):
        if primitive is not None:
            lanes.way = chosen.get(index, Way.INSTRUCTION)
            found.append(lanes.apply(primitive, [found[argument] for argument in arguments]))
        else:
            found.append(lanes.const(node.value) if isinstance(node, Number) else inputs[getattr(node, "name", "")])
    return [found[output] for output in program.outputs]


def _broadcast(head: Code, place: int) -> Lane:
    """A number that is the same in every row, in every lane."""
    address = head.line(f"getelementptr double, ptr %numbers, i64 {place}")
    value = head.line(f"load double, ptr {address}, align 8")
    first = head.line(f"insertelement {head.doubles} poison, double {value}, i64 0")
    zeros = f"<{head.width} x i32> zeroinitializer"
    return head.line(f"shufflevector {head.doubles} {first}, {head.doubles} poison, {zeros}")


def _column(head: Code, table: str, place: int) -> Lane:
    address = head.line(f"getelementptr ptr, ptr %{table}, i64 {place}")
    return head.line(f"load ptr, ptr {address}, align 8")


def _loaded(head: Code, body: Code, place: int) -> Lane:
    column = _column(head, "columns", place)
    address = body.line(f"getelementptr double, ptr {column}, i64 %row")
    return body.line(f"load {body.doubles}, ptr {address}, align 8")


def _store(head: Code, body: Code, place: int, lane: Lane, options: Options) -> None:
    column = _column(head, "results", place)
    address = body.line(f"getelementptr double, ptr {column}, i64 %row")
    how = f"align {8 * options.width}, !nontemporal !0" if options.streaming else "align 8"
    body.lines.append(f"  store {body.doubles} {lane}, ptr {address}, {how}")


def _any(body: Code, masks: Sequence[Lane]) -> Lane:
    """The mask of the rows in which one of some masks holds."""
    return reduce(body.either, masks) if masks else "zeroinitializer"


def _sum_of_nothing(body: Code, lanes: Sequence[Lane]) -> Lane:
    """0, or nan in a row where one of some lanes is not finite: it costs an operation for each, and no mask."""
    zero = body.const(0.0)
    return reduce(lambda total, lane: body.fma(lane, zero, total), lanes, zero)


def _frame(head: Code, body: Code, sums: tuple[Lane, Lane], masks_of: tuple[Lane, Lane], *, streaming: bool) -> str:
    """The function around the loop; its answer is 1 where an alarm was raised, plus 2 where something was strange."""
    masks, width = body.masks, body.width
    (sound, bounded), (raised, strange) = sums, masks_of
    return "\n".join(
        [
            f"define i64 @{ENTRY}({_PARAMETERS}) {_ATTRIBUTES} {{",
            "entry:",
            *head.lines,
            "  %some = icmp slt i64 %first, %last",
            "  br i1 %some, label %loop, label %nothing",
            "loop:",
            "  %row = phi i64 [ %first, %entry ], [ %next, %loop ]",
            f"  %raised0 = phi {masks} [ zeroinitializer, %entry ], [ %raised1, %loop ]",
            f"  %strange0 = phi {masks} [ zeroinitializer, %entry ], [ %strange1, %loop ]",
            f"  %sound0 = phi {body.doubles} [ zeroinitializer, %entry ], [ %sound1, %loop ]",
            f"  %bounded0 = phi {body.doubles} [ zeroinitializer, %entry ], [ %bounded1, %loop ]",
            *body.lines,
            f"  %sound1 = fadd {body.doubles} %sound0, {sound}",
            f"  %bounded1 = fadd {body.doubles} %bounded0, {bounded}",
            f"  %raised1 = or {masks} %raised0, {raised}",
            f"  %strange1 = or {masks} %strange0, {strange}",
            f"  %next = add nsw i64 %row, {width}",
            "  %more = icmp slt i64 %next, %last",
            "  br i1 %more, label %loop, label %done",
            "done:",
            # What went past the cache is there for other threads as well.
            *(["  fence seq_cst"] if streaming else []),
            f"  %unsound = fcmp uno {body.doubles} %sound1, %sound1",
            f"  %either = or {masks} %unsound, %raised1",
            f"  %raised2 = bitcast {masks} %either to i{width}",
            f"  %unbounded = fcmp uno {body.doubles} %bounded1, %bounded1",
            f"  %stranger = or {masks} %unbounded, %strange1",
            f"  %strange2 = bitcast {masks} %stranger to i{width}",
            f"  %raised3 = icmp ne i{width} %raised2, 0",
            f"  %strange3 = icmp ne i{width} %strange2, 0",
            "  %low = zext i1 %raised3 to i64",
            "  %high = select i1 %strange3, i64 2, i64 0",
            "  %answer = or i64 %low, %high",
            "  ret i64 %answer",
            "nothing:",
            "  ret i64 0",
            "}",
        ]
    )
