"""Machine code at work: a program compiled when it is first needed, run over the rows of columns."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, TypeAlias

from adcalc.native.compiling import Loaded, host
from adcalc.native.kernel import ENTRY, Layout, Options, written
from adcalc.native.memory import ALIGNMENT, address, column
from adcalc.native.storing import machine_code

Array: TypeAlias = Any

#: Bytes of results beyond which they go past the cache: nobody will find them there any more.
_STREAMED = 2**25


class Machine:
    """A program as machine code.

    Attributes:
        layout: what it computes.
        fast: sums and products may be fused and reordered.
    """

    __slots__ = ("_kernels", "_width", "fast", "layout")

    def __init__(self, layout: Layout, *, fast: bool) -> None:
        """Takes a program and compiles it.

        Raises:
            MissingExtra: llvmlite is not installed.
            Unfit: there is no machine code for one of its operations.
        """
        self.layout = layout
        self.fast = fast
        self._width = host().width
        self._kernels: dict[bool, Loaded] = {}
        self._kernel(streaming=False)

    def bound(self, columns: Sequence[Array], numbers: Sequence[float], results: Sequence[Array]) -> Bound:
        """The program with its data.

        Args:
            columns: contiguous float64, in the order of the layout.
            numbers: likewise.
            results: where the results go; memory of `column`.
        """
        rows = max(map(len, results), default=0)
        aligned = all([address(each) % ALIGNMENT == 0 for each in results])
        streaming = aligned and 8 * rows * len(results) > _STREAMED
        return Bound(self._kernel(streaming=streaming), self._width, columns, numbers, results)

    def _kernel(self, *, streaming: bool) -> Loaded:
        found = self._kernels.get(streaming)
        if found is None:
            text = written(self.layout, Options(self._width, streaming, self.fast))
            found = self._kernels[streaming] = Loaded(machine_code(text.module), ENTRY, text.symbols)
        return found


class Bound:
    """A program with its data, to be run on any of the rows."""

    __slots__ = ("_columns", "_kernel", "_numbers", "_results", "_tables", "_width")

    def __init__(
        self,
        kernel: Loaded,
        width: int,
        columns: Sequence[Array],
        numbers: Sequence[float],
        results: Sequence[Array],
    ) -> None:
        self._kernel = kernel
        self._width = width
        self._columns = columns
        self._results = results
        self._numbers = (ctypes.c_double * max(1, len(numbers)))(*numbers)
        self._tables = _table(columns), _table(results)

    def run(self, first: int, last: int) -> bool:
        """Computes some rows; whether an alarm was raised in one of them."""
        whole = first + (last - first) // self._width * self._width
        columns, results = self._tables
        raised = self._kernel.function(columns, self._numbers, results, first, whole)
        if whole < last:
            raised |= self._rest(whole, last)
        return raised != 0

    def _rest(self, first: int, last: int) -> int:
        """The last rows, fewer than a vector holds, with the very last one repeated to fill it."""
        columns = [column(self._width) for _ in self._columns]
        results = [column(self._width) for _ in self._results]
        for padded, values in zip(columns, self._columns, strict=True):
            padded[: last - first] = values[first:last]
            padded[last - first :] = values[last - 1]
        raised = self._kernel.function(_table(columns), self._numbers, _table(results), 0, self._width)
        for padded, values in zip(results, self._results, strict=True):
            values[first:last] = padded[: last - first]
        return raised


def _table(columns: Sequence[Array]) -> Any:
    """The addresses of columns."""
    return (ctypes.c_void_p * max(1, len(columns)))(*map(address, columns))
