"""Numbers and arrays as texts: how an entry is called, how large an array is, how many digits are shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeGuard

from adcalc.algebras.text import digits
from adcalc.results import Array, Figure

#: An array is written out where it is mentioned if its text is not longer than this.
_LONGEST_MENTION = 24
_MOST_MENTIONED = 8
_SHORT = 8

Index = tuple[int, ...]


def is_array(figure: Figure) -> TypeGuard[Array]:
    """Whether it is an array; told without NumPy, which a number does not need."""
    return not isinstance(figure, (float, int))


def figure_shape(figure: Figure) -> Index:
    """The lengths of its axes; () for a number."""
    return tuple(figure.shape) if is_array(figure) else ()


def entries(figure: Figure) -> list[float]:
    """All numbers, row by row."""
    return figure.ravel().tolist() if is_array(figure) else [float(figure)]


def indices(shape: Index) -> Iterator[Index]:
    """The place of every entry, in the order of `entries`."""
    return product(*map(range, shape))


def label(name: str, index: Sequence[int]) -> str:
    """What an entry is called.

    >>> label("A", (0, 1)), label("x", ())
    ('A[0,1]', 'x')
    """
    return f"{name}[{','.join(map(str, index))}]" if index else name


def labels(name: str, shape: Index) -> list[str]:
    """What all entries are called."""
    return [label(name, index) for index in indices(shape)]


def flat(array: Array) -> Array:
    """An array as a matrix: a row for each place on all axes but the last."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def sized(figure: Figure, *, unicode: bool = True) -> str:
    """How large an array is: `100 numbers`, `3×4`."""
    shape = figure_shape(figure)
    if len(shape) == 1:
        return f"{shape[0]} number{'' if shape[0] == 1 else 's'}"
    return ("×" if unicode else "x").join(map(str, shape))


def mentioned(figure: Figure, *, unicode: bool = True) -> str:
    """A value in passing: a number, a short array as the language writes it, the size of a longer one."""
    if not is_array(figure):
        return digits(figure)
    if figure.size <= _MOST_MENTIONED:
        text = listed(figure)
        if len(text) <= _LONGEST_MENTION:
            return text
    return sized(figure, unicode=unicode)


def listed(figure: Figure) -> str:
    """All of an array as the language writes it.

    >>> import numpy as np
    >>> listed(np.array([[1.0, 2.5], [3.0, 4.0]]))
    '[[1, 2.5], [3, 4]]'
    """
    if not is_array(figure):
        return digits(figure)
    if len(figure.shape) == 1:
        return f"[{', '.join(map(digits, figure.tolist()))}]"
    return f"[{', '.join(map(listed, figure))}]"


def brief(value: float) -> str:
    """A number in the midst of many: six digits, unless all of them take no more room.

    >>> brief(24.0), brief(1 / 3), brief(1e6), brief(-1.5e-300)
    ('24', '0.333333', '1000000', '-1.5e-300')
    """
    text = digits(value)
    return text if len(text) <= _SHORT else f"{value:.6g}"


def norm(figure: Array) -> float:
    """The square root of the sum of all squares, without overflow on the way."""
    import numpy as np

    largest = float(np.max(np.abs(figure), initial=0.0))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    return largest * float(np.linalg.norm((figure / largest).ravel()))
