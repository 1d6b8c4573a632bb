"""A program as the text of one function: a loop over rows, a vector of them at a time.

The function takes three tables of addresses (of the columns it reads, of the numbers that are the same
for every row, of the columns it writes) and the rows to work on, whose count is a multiple of the
vector's width.  It answers whether one of its alarms was raised on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adcalc.expr import Expr
from adcalc.native.code import Code, Lane
from adcalc.native.emission import Lanes
from adcalc.program import Program, Unused, evaluate, lowered

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


class Layout(NamedTuple):
    """What a kernel computes, and from what."""

    columns: tuple[str, ...]
    """The names of the columns, in the order of the table of their addresses."""
    numbers: tuple[str, ...]
    """The names of what is the same in every row."""
    results: tuple[Expr, ...]
    alarms: tuple[Expr, ...]
    """Formulas that are 0 where all is well."""


class Text(NamedTuple):
    """A module for LLVM."""

    module: str
    symbols: dict[str, int]
    """Addresses of functions that it calls and the process does not export."""


def written(layout: Layout, options: Options) -> Text:
    """The module of a program.

    Raises:
        Unfit: a row has no machine code.
    """
    program = lowered([*layout.results, *layout.alarms])
    declared: dict[str, str] = {}
    head = Code(options.width, prefix="u", fast=options.fast, declared=declared)
    body = Code(options.width, prefix="v", fast=options.fast, declared=declared)
    lanes = Lanes(head, body)
    inputs = {name: _broadcast(head, place) for place, name in enumerate(layout.numbers)}
    inputs |= {name: _loaded(head, body, place) for place, name in enumerate(layout.columns)}
    values = _values(program, lanes, inputs)
    count = len(layout.results)
    for place, lane in enumerate(values[:count]):
        _store(head, body, place, lane, options)
    raised = _raised(lanes, values[count:])
    lines = sum([count * lanes.functions[name].text.count("\n") for name, count in lanes.called.items()])
    inline = program.operations <= _MOST_OPERATIONS and lines <= _MOST_LINES
    functions = [each.text.replace("{attributes}", _inlining(inline)) for each in lanes.functions.values()]
    for function in lanes.functions.values():
        declared |= function.declared
    module = "\n".join([*declared.values(), *functions, _frame(head, body, raised), "!0 = !{i32 1}", ""])
    symbols = {name: address for each in lanes.functions.values() for name, address in each.symbols.items()}
    return Text(module, symbols)


def _inlining(inline: bool) -> str:
    return f"{'alwaysinline' if inline else 'noinline'} {_ATTRIBUTES}"


def _values(program: Program, lanes: Lanes, inputs: dict[str, Lane]) -> list[Lane]:
    found = evaluate(program._replace(branching=False), lanes, inputs)
    return [value for output in program.outputs if not isinstance(value := found[output], Unused)]


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


def _raised(lanes: Lanes, alarms: Sequence[Lane]) -> Lane | None:
    """The mask of the rows in which an alarm was raised."""
    raised: Lane | None = None
    for alarm in alarms:
        mask = lanes.mask(alarm)
        raised = mask if raised is None else lanes.body.either(raised, mask)
    return raised


def _frame(head: Code, body: Code, raised: Lane | None) -> str:
    """The function around the loop."""
    masks, width = body.masks, body.width
    found = raised or "zeroinitializer"
    return "\n".join(
        [
            f"define i64 @{ENTRY}({_PARAMETERS}) {_ATTRIBUTES} {{",
            "entry:",
            *head.lines,
            "  %some = icmp slt i64 %first, %last",
            "  br i1 %some, label %loop, label %nothing",
            "loop:",
            "  %row = phi i64 [ %first, %entry ], [ %next, %loop ]",
            f"  %before = phi {masks} [ zeroinitializer, %entry ], [ %after, %loop ]",
            *body.lines,
            f"  %after = or {masks} %before, {found}",
            f"  %next = add nsw i64 %row, {width}",
            "  %more = icmp slt i64 %next, %last",
            "  br i1 %more, label %loop, label %done",
            "done:",
            f"  %bits = bitcast {masks} %after to i{width}",
            f"  %answer = zext i{width} %bits to i64",
            "  ret i64 %answer",
            "nothing:",
            "  ret i64 0",
            "}",
        ]
    )
