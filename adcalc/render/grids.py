"""Arrays for a person: short ones in full, long ones by their beginning, their end, their size and norm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from adcalc.algebras.text import digits
from adcalc.render.figures import brief, figure_shape, flat, indices, is_array, label, labels, norm, sized
from adcalc.render.screen import Screen
from adcalc.results import Array, Figure

#: A vector of this many entries is shown in full, and a matrix of this many rows and columns.
LONGEST_VECTOR = 10
LARGEST_MATRIX = 8

_DOTS = "..."
#: How many columns are left at the beginning and at the end where there is no room for all.
_CUTS = ((4, 2), (3, 2), (2, 2), (2, 1), (1, 1))
_CUT = (3, 2)


class Shown(NamedTuple):
    """A figure to be shown."""

    name: Callable[[str], str]
    """What an entry is called, from its place in brackets, such as "[0]"; from "" what all of it is called."""
    figure: Figure
    estimate: Any = None
    """A bound on its error, or one for each entry."""


def show_figures(screen: Screen, figures: Sequence[Shown]) -> None:
    """Numbers and vectors in one table, an entry a line, and matrices as grids below it."""
    rows = [row for shown in figures if len(figure_shape(shown.figure)) < 2 for row in _entry_rows(shown)]
    vectors = [(shown.name(""), shown.figure) for shown in figures if len(figure_shape(shown.figure)) == 1]
    long = [[name, summary(screen, vector)] for name, vector in vectors if not _in_full(vector)]
    above = False
    if rows:
        header = ["", "", "error below"] if any(row[2] for row in rows) else ["", ""]
        screen.table(header, [row[: len(header)] for row in rows])
        above = True
    if long:
        if above:
            screen.line()
        _sizes(screen, long)
        above = True
    for shown in figures:
        if len(figure_shape(shown.figure)) >= 2:
            if above:
                screen.line()
            show_array(screen, shown.name(""), shown.figure, shown.estimate)
            above = True


def _sizes(screen: Screen, sizes: Sequence[Sequence[str]]) -> None:
    """The sizes of arrays by name; a single one may have none."""
    if len(sizes) == 1 and not sizes[0][0]:
        screen.line(f"  {sizes[0][1]}")
    else:
        screen.table(["", ""], sizes, numbers=False)


def parts(
    screen: Screen, value: Figure, partials: Mapping[str, Figure], estimates: Mapping[str, Figure] | None = None
) -> list[Shown]:
    """A value and its partial derivatives."""

    def name(variable: str) -> Callable[[str], str]:
        return lambda place: screen.partial(variable + place)

    bounds = estimates or {}
    first = Shown(lambda place: f"f{place}", value)
    return [first, *(Shown(name(variable), partial, bounds.get(variable)) for variable, partial in partials.items())]


def _entry_rows(shown: Shown) -> list[list[str]]:
    name, figure, estimate = shown
    if not is_array(figure):
        return [[name(""), digits(figure), error_bound(estimate) if estimate is not None else ""]]
    rows = []
    for place in chosen(figure.size, LONGEST_VECTOR):
        if place is None:
            rows.append([_DOTS, "", ""])
        else:
            bound = error_bound(float(estimate[place])) if estimate is not None else ""
            rows.append([name(f"[{place}]"), digits(float(figure[place])), bound])
    return rows


def show_array(screen: Screen, corner: str, array: Array, estimate: Array | None = None) -> None:
    """An array of two or more axes as a grid with the places of its entries, the last axis across."""
    if not array.size:
        screen.line(f"  {corner}  {summary(screen, array)}".rstrip())
        return
    rows = [",".join(map(str, index)) for index in indices(array.shape[:-1])]
    show_matrix(screen, corner, flat(array), rows, [str(i) for i in range(array.shape[-1])])
    if max(flat(array).shape) > LARGEST_MATRIX:
        screen.line(f"  {summary(screen, array)}")
    if estimate is not None:
        screen.line(f"  every entry with an error below {error_bound(float(estimate.max()))}")


def show_matrix(
    screen: Screen,
    corner: str,
    matrix: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    limit: int = LARGEST_MATRIX,
) -> None:
    """A matrix as a grid, with as many of its columns as there is room for."""
    width = matrix.shape[1]
    plans = [list[int | None](range(width))] if width <= limit else []
    plans += [chosen(width, 0, cut) for cut in _CUTS if sum(cut) < width]
    for across in plans:
        grid = _grid(corner, matrix, rows, columns, chosen(len(rows), limit, _CUTS[0]), across)
        if screen.fits(*grid):
            break
    screen.table(*grid)


def whole_fits(screen: Screen, corner: str, matrix: Array, rows: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether all columns of a matrix have room."""
    down = chosen(len(rows), LARGEST_MATRIX, _CUTS[0])
    return screen.fits(*_grid(corner, matrix, rows, columns, down, list(range(len(columns)))))


def _grid(
    corner: str,
    matrix: Array,
    rows: Sequence[str],
    columns: Sequence[str],
    down: Sequence[int | None],
    across: Sequence[int | None],
) -> tuple[list[str], list[list[str]]]:
    """The heading and the cells of a part of a matrix."""
    heading = [corner, *(_DOTS if j is None else columns[j] for j in across)]
    return heading, [[_DOTS if i is None else rows[i], *(_cell(matrix, i, j) for j in across)] for i in down]


def _cell(matrix: Array, i: int | None, j: int | None) -> str:
    return "" if i is None else _DOTS if j is None else brief(float(matrix[i][j]))


def show_columns(screen: Screen, columns: Mapping[str, Array], index: str = "") -> None:
    """Arrays of one shape side by side, an entry a line."""
    first = next(iter(columns.values()))
    places = chosen(first.size, LONGEST_VECTOR)
    names = labels(index, first.shape) if first.size <= LONGEST_VECTOR else None
    all_entries = [column.ravel() for column in columns.values()]
    header = ["", *columns]
    for write in (digits, brief):
        rows = [
            [_DOTS, *[""] * len(columns)]
            if place is None
            else [
                names[place] if names else _label_at(index, first.shape, place),
                *(write(float(e[place])) for e in all_entries),
            ]
            for place in places
        ]
        if screen.fits(header, rows):
            break
    screen.table(header, rows)
    if not _in_full(first):
        screen.line()
        screen.table(["", ""], [[name, summary(screen, column)] for name, column in columns.items()], numbers=False)


def _in_full(vector: Array) -> bool:
    return bool(0 < vector.size <= LONGEST_VECTOR)


def _label_at(name: str, shape: Sequence[int], place: int) -> str:
    index: list[int] = []
    for length in reversed(shape):
        place, rest = divmod(place, length)
        index.insert(0, rest)
    return label(name, index)


def chosen(length: int, limit: int, cut: tuple[int, int] = _CUT) -> list[int | None]:
    """The places that are shown of so many; None where some are left out.

    >>> chosen(3, 10), chosen(12, 10)
    ([0, 1, 2], [0, 1, 2, None, 10, 11])
    """
    if length <= limit:
        return list(range(length))
    first, last = cut
    return [*range(first), None, *range(length - last, length)]


def summary(screen: Screen, array: Array) -> str:
    """The size of an array and its norm: of a matrix that of Frobenius."""
    size = sized(array, unicode=screen.unicode)
    if not array.size:
        return size
    return f"{size}, {'norm' if len(array.shape) == 1 else 'Frobenius norm'} {norm(array):.6g}"


def error_bound(value: Figure) -> str:
    """A bound, rounded up to two digits.

    >>> error_bound(1.23456e-12)
    '1.3e-12'
    """
    if value == 0 or not math.isfinite(value):
        return digits(value)
    exponent = math.floor(math.log10(abs(value)))
    if exponent <= -300:
        return f"{value:.1e}"
    return f"{math.ceil(value / 10.0 ** (exponent - 1)) * 10.0 ** (exponent - 1):.1e}"
