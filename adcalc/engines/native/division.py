"""How each division and each root of a program is best carried out.

A processor's divider works beside its multipliers, and takes as long for one vector as they do for a dozen
products.  A quotient can be had from the inverse of the divisor by three products, and an inverse by six; so a
divisor is inverted once for all its quotients, and by products where the divider would be what everything waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from adcalc.ir.expr import Number
from adcalc.ir.program import Program

#: What the divider takes for a vector of quotients, and of roots, in operations of the multipliers.
_QUOTIENT, _ROOT = 32, 48
#: Operations of a quotient from the inverse, of the inverse with the check of its range, and of a root.
_BY_INVERSE, _INVERSE, _ROOT_BY_PRODUCTS = 5, 9, 17


#: Factors of divisors that their inverses are freed of.
POWERS_OF_TWO = (0.0625, 0.125, 0.25, 0.5, 2.0, 4.0, 8.0, 16.0)


class Way(Enum):
    """How a quotient or a root is computed."""

    INSTRUCTION = "by the divider"
    SHARED = "from an inverse by the divider"
    PRODUCTS = "from an inverse by products"


def ways(program: Program, cost: Callable[[str, int], int]) -> Mapping[int, Way]:
    """The way of each slot that is a quotient, a negative power or a root.

    Args:
        cost: the operations of a row by its name and how many arguments it has.
    """
    divisions: dict[int, list[int]] = {}
    roots: list[int] = []
    products = 0
    for index, slot in enumerate(program.slots):
        if slot.primitive is None:
            continue
        divisor = slot.arguments[-1] if slot.arguments else index
        if slot.primitive.name == "/" and not isinstance(program.slots[divisor].node, Number):
            divisions.setdefault(_bare(program, divisor), []).append(index)
        elif slot.primitive.name == "^" and _is_inverse(program, divisor):
            divisions.setdefault(-index, []).append(index)
        elif slot.primitive.name == "sqrt":
            roots.append(index)
        else:
            products += cost(slot.primitive.name, len(slot.arguments))
    found: dict[int, Way] = {}
    for users in divisions.values():
        found |= dict.fromkeys(users, Way.SHARED if len(users) > 1 else Way.INSTRUCTION)
        products += _BY_INVERSE * (len(users) - 1) + (3 if len(users) > 1 else 0)
    waiting = _QUOTIENT * len(divisions) + _ROOT * len(roots)
    # What saves the divider most time for a product comes first: divisors whose range is checked already.
    wholes = [(users, _QUOTIENT, _INVERSE) for users in sorted(divisions.values(), key=len, reverse=True)]
    for users, saved, spent in [*wholes, *[([root], _ROOT, _ROOT_BY_PRODUCTS) for root in roots]]:
        if products + spent < waiting:
            found |= dict.fromkeys(users, Way.PRODUCTS)
            waiting, products = waiting - saved, products + spent
    return found


def _bare(program: Program, divisor: int) -> int:
    """A divisor without a power of 2 among its factors, whose inverse serves for it too."""
    slot = program.slots[divisor]
    if slot.primitive is not None and slot.primitive.name == "*":
        for factor, other in (slot.arguments, slot.arguments[::-1]):
            node = program.slots[factor].node
            if isinstance(node, Number) and node.value in POWERS_OF_TWO:
                return other
    return divisor


def _is_inverse(program: Program, exponent: int) -> bool:
    node = program.slots[exponent].node
    return isinstance(node, Number) and node.value < 0.0
