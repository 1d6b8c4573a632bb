"""Entries of a value that is a number or an array: which of them, how many, and one of them.

Numbers are the case of rank 0 here, and fetch no NumPy.  A condition is 0 where it does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

#: A number or an array of float64.
Entries: TypeAlias = Any
#: Where an entry stands; () for a number.
Place: TypeAlias = tuple[int, ...]


def is_number(value: Entries) -> bool:
    """Whether a value is a number and not an array.

    >>> is_number(1.0)
    True
    """
    return not getattr(value, "ndim", 0)


def holds_anywhere(condition: Entries) -> bool:
    """Whether a condition holds for some entry; of nan it does.

    >>> holds_anywhere(0.0), holds_anywhere(1.0)
    (False, True)
    """
    if is_number(condition):
        return bool(condition)
    import numpy as np

    return bool(np.any(condition))


def all_finite(value: Entries) -> bool:
    """Whether every entry is a finite number."""
    if is_number(value):
        return math.isfinite(value)
    import numpy as np

    with np.errstate(all="ignore"):
        # Where the sum is finite all its parts are, and that is seen in one pass.
        return math.isfinite(np.add.reduce(value, axis=None)) or bool(np.all(np.isfinite(value)))


def not_finite(value: Entries) -> Entries:
    """Where a value is infinite or not a number."""
    if is_number(value):
        return not math.isfinite(value)
    import numpy as np

    return np.logical_not(np.isfinite(value))


def not_a_number(value: Entries) -> Entries:
    """Where a value is not a number."""
    if is_number(value):
        return value != value
    import numpy as np

    return np.isnan(value)


def both(*conditions: Entries) -> Entries:
    """Where all of some conditions hold, those of fewer axes repeated to fit."""
    if all(map(is_number, conditions)):
        return all(conditions)
    import numpy as np

    found = conditions[0]
    for condition in conditions[1:]:
        found = np.logical_and(found, condition)
    return found


def fails(condition: Entries) -> Entries:
    """Where a condition does not hold."""
    if is_number(condition):
        return not condition
    import numpy as np

    return np.equal(condition, 0.0)


def first_place(condition: Entries) -> Place:
    """Where a condition holds first, row by row; () for a number."""
    if is_number(condition):
        return ()
    import numpy as np

    array = np.not_equal(condition, 0.0)
    return tuple(int(at) for at in np.unravel_index(int(np.argmax(array)), array.shape)) if array.ndim else ()


def how_many(condition: Entries) -> int:
    """For how many entries a condition holds."""
    if is_number(condition):
        return int(bool(condition))
    import numpy as np

    return int(np.count_nonzero(condition))


def entry(value: Entries, place: Place) -> float:
    """One entry of a value; one of fewer or shorter axes is repeated to have that place.

    >>> entry(3.0, (2,))
    3.0
    """
    if is_number(value):
        return float(value)
    import numpy as np

    array = np.asarray(value)
    if not array.ndim:
        return float(array)
    own = place[len(place) - array.ndim :] if len(place) >= array.ndim else place
    at = tuple(position if length > 1 else 0 for position, length in zip(own, array.shape, strict=False))
    return float(array[at]) if len(at) == array.ndim else math.nan


def shown(place: Sequence[int]) -> str:
    """A place as a message has it; "" for a number.

    >>> shown((0, 2)), shown(())
    ('[0, 2]', '')
    """
    return f"[{', '.join(map(str, place))}]" if place else ""


def masked(on: Entries, value: Entries) -> Entries:
    """A value where a condition holds, else 0.

    >>> masked(False, float("nan"))
    0.0
    """
    if is_number(on) and is_number(value):
        return value if on else 0.0
    import numpy as np

    return np.where(on, value, 0.0)
