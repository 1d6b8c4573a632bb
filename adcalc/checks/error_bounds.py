"""Running error analysis: a bound of every operation's rounding errors, beside its value.

A formula in which nothing cancels is certain to its last digits, and that is seen in one pass over the values that
were computed (Wilkinson, 1963; Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.3), be they
numbers or arrays.  What this pass does not know, or where a bound is large, is left to perturbed roundings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from adcalc.checks.rounding_errors import NUMBERS, UNIT, Entries, Kit, error_of
from adcalc.ir.expr import Number
from adcalc.ir.program import UNUSED, Program

#: Results with a smaller relative bound are certain: worst cases, of which roundings that fall at random make a fraction.
MOST = 32.0 * UNIT
#: The same of an entry of an array, whose roundings are those of many sums.
MOST_OF_ENTRY = 1024.0 * UNIT
# The more roundings there are, the smaller that fraction: it falls as the root of their number does.
_FEW_OF_NUMBERS, _FEW_OF_ENTRIES, _LEEWAY = 64, 16, 32.0


def is_certain(program: Program, values: Sequence[Any], entries: int | None = None, least: float = 0.0) -> bool:
    """Whether all results of a program are right to their last digits.

    Args:
        values: of every slot, in doubles.
        entries: of arrays: how many numbers they have together.
        least: of arrays: a relative error that does not matter.

    >>> from adcalc.algebras.floats import FLOATS
    >>> from adcalc.errors import Source
    >>> from adcalc.ir.program import evaluate, lowered
    >>> from adcalc.parser.resolve import read
    >>> program = lowered([read(Source("x*x + exp(y) - 2"), ()).result])
    >>> [is_certain(program, evaluate(program, FLOATS, {"x": x, "y": 0.5})) for x in (3.0, 0.5927)]
    [True, False]
    """
    if entries is None:
        errors = errors_of(program, values, NUMBERS)
        most = MOST * _leeway(len(program.slots) / _FEW_OF_NUMBERS)
        return errors is not None and all([errors[i] <= most * abs(values[i]) < math.inf for i in program.outputs])
    import numpy as np

    from adcalc.checks.array_errors import ARRAY_KIT

    with np.errstate(all="ignore"):
        errors = errors_of(program, values, ARRAY_KIT)
        leeway = _leeway(entries / _FEW_OF_ENTRIES)
        if errors is None:
            return False
        number, entry = (max(most, least) * leeway for most in (MOST, MOST_OF_ENTRY))
        found = [(values[each], errors[each]) for each in program.outputs]
        return all([_are_small(value, error, entry if np.ndim(value) else number) for value, error in found])


def errors_of(program: Program, values: Sequence[Any], kit: Kit) -> list[Entries] | None:
    """A bound of the absolute error of every slot; None as soon as one is known to be unbounded everywhere."""
    errors: list[Entries] = []
    for (node, primitive, arguments), value in zip(program.slots, values, strict=True):
        if value is UNUSED:
            errors.append(0.0)
            continue
        if primitive is None:
            errors.append(0.5 * UNIT * abs(value) if isinstance(node, Number) and node.rounded else 0.0)
            continue
        found = error_of(kit, primitive, [values[a] for a in arguments], [errors[a] for a in arguments], value)
        # A nan fails this, too.
        if isinstance(found, float) and not found < math.inf:
            return None
        errors.append(found)
    return errors


def _leeway(share: float) -> float:
    return min(math.sqrt(max(1.0, share)), _LEEWAY)


def _are_small(value: Entries, error: Entries, most: float) -> bool:
    import numpy as np

    bound = np.abs(value) * most
    return bool(np.all((error <= bound) & (bound < math.inf)))
