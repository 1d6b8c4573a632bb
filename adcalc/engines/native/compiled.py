"""Programs as machine code, from memory where they were compiled before: in one part, or large ones in several."""

from __future__ import annotations

from functools import lru_cache

from adcalc.engines.native.codegen import fits
from adcalc.engines.native.compiling import host
from adcalc.engines.native.layout import Layout, Unfit, fewer
from adcalc.engines.native.runtime import Machine
from adcalc.engines.native.splitting import Staged
from adcalc.ir.program import lowered

#: A program with more operations is compiled in parts.
_MOST_AT_ONCE = 2000


@lru_cache(maxsize=128)
def compiled_program(layout: Layout, *, fast: bool = False) -> Machine | Staged:
    """The machine code of a program.

    Raises:
        MissingExtra: llvmlite is not installed.
        Unfit: there is no machine code for it, or the compiler fails here.
    """
    layout = layout._replace(alarms=fewer(layout.alarms))
    program = lowered([*layout.results, *layout.alarms])
    width = host().width
    rows = [(slot.primitive, len(slot.arguments)) for slot in program.slots if slot.primitive is not None]
    for primitive, _ in rows:
        if primitive.over:
            raise Unfit("there is no machine code for formulas that work on arrays on the way")
    try:
        if program.operations > _MOST_AT_ONCE or not all([fits(*row, width) for row in dict.fromkeys(rows)]):
            return Staged(layout, fast=fast)
        return Machine(layout, fast=fast)
    except (RuntimeError, OSError) as error:
        raise Unfit(f"no machine code can be made here: {str(error).splitlines()[0]}") from None
