"""The table: everything the language can compute, sorted like a calculus book.

A function of the language is one row here and nothing anywhere else.  The rules are written for
accuracy, not for brevity: the derivative of `tanh` is `sech(x)^2`, because `1 - out^2` has lost
every digit at 20, and where a textbook formula overflows or cancels the rule takes another one.
"""

from __future__ import annotations

from types import MappingProxyType

from adcalc.ir.primitive import Primitive
from adcalc.table.elementary import ELEMENTARY
from adcalc.table.linear import LINEAR, RULE_NAMES
from adcalc.table.operators import OPERATORS
from adcalc.table.piecewise import PIECEWISE
from adcalc.table.reductions import REDUCTIONS
from adcalc.table.special import SPECIAL
from adcalc.table.structure import STRUCTURE

#: Rows that work on numbers, and on arrays entry by entry.
SCALAR: tuple[Primitive, ...] = OPERATORS + ELEMENTARY + PIECEWISE + SPECIAL

#: Rows over whole arrays.
ARRAYS: tuple[Primitive, ...] = STRUCTURE + REDUCTIONS + LINEAR

TABLE: tuple[Primitive, ...] = SCALAR + ARRAYS

#: Rows by name, operators by their symbol.
PRIMITIVES = MappingProxyType({row.name: row for row in TABLE})

#: Rows by every name that a formula may call them by.
CALLABLE = MappingProxyType(
    {
        name: row
        for row in TABLE
        for name in (row.name, *row.aliases)
        if name.isidentifier() and not row.constant and not row.internal
    }
)

#: Rows by the names that rules call them by.
RULE_ROWS = MappingProxyType(
    CALLABLE
    | {row.name: row for row in TABLE if row.internal and row.name.isidentifier()}
    | {name: PRIMITIVES[core] for name, core in RULE_NAMES.items()}
)

#: Named constants by every name.
CONSTANTS = MappingProxyType({name: row for row in SCALAR if row.constant for name in (row.name, *row.aliases)})
