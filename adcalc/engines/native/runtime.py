"""Machine code at work: a program compiled when it is first needed, run over the rows of columns."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, TypeAlias

from adcalc.engines.native.compiling import Loaded, host
from adcalc.engines.native.floating_flags import clear_flags, left_range
from adcalc.engines.native.kernel import ENTRY, Options, written_kernel
from adcalc.engines.native.layout import Layout, Raised
from adcalc.engines.native.memory import ALIGNMENT, address, column
from adcalc.engines.native.object_cache import machine_code

Array: TypeAlias = Any

#: Bits of a kernel's answer.
_RAISED, _STRANGE = 1, 2
#: Bytes of results beyond which they go past the cache: nobody will find them there any more.
_STREAMED = 2**24


class Machine:
    """A program as machine code.

    Attributes:
        layout: what it computes.
        fast: sums and products may be fused and reordered.
    """

    __slots__ = ("_kernels", "fast", "layout", "width")

    def __init__(self, layout: Layout, *, fast: bool) -> None:
        """Takes a program and compiles it.

        Raises:
            MissingExtra: llvmlite is not installed.
            Unfit: there is no machine code for one of its operations.
        """
        self.layout = layout
        self.fast = fast
        self.width = host().width
        self._kernels: dict[Options, Loaded] = {}
        self.kernel(streaming=False)

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
        return Bound(self, columns, numbers, results, streaming=streaming)

    def kernel(self, *, streaming: bool, quick: bool = True) -> Loaded:
        """The machine code, compiled when it is first asked for.

        Args:
            streaming: results go past the cache.
            quick: divisions and roots by shortcuts.
        """
        options = Options(self.width, streaming, self.fast, quick)
        found = self._kernels.get(options)
        if found is None:
            text = written_kernel(self.layout, options)
            found = self._kernels[options] = Loaded(machine_code(text.module), ENTRY, text.symbols)
        return found


class Bound:
    """A program with its data, to be run on any of the rows."""

    __slots__ = ("_columns", "_machine", "_numbers", "_results", "_streaming", "_tables")

    def __init__(
        self,
        machine: Machine,
        columns: Sequence[Array],
        numbers: Sequence[float],
        results: Sequence[Array],
        *,
        streaming: bool,
    ) -> None:
        self._machine = machine
        self._streaming = streaming
        self._columns = columns
        self._results = results
        self._numbers = (ctypes.c_double * max(1, len(numbers)))(*numbers)
        self._tables = _table(columns), _table(results)

    def run(self, first: int, last: int) -> Raised:
        """Computes some rows; what was raised in one of them."""
        width = self._machine.width
        whole = first + (last - first) // width * width
        clear_flags()
        raised = self._call(*self._tables, first, whole)
        if whole < last:
            raised = self._rest(whole, last) or raised
        return Raised(raised, left_range())

    def _call(self, columns: Any, results: Any, first: int, last: int) -> bool:
        """Computes whole vectors; where a shortcut may have been wrong, once more without it."""
        quick = self._machine.kernel(streaming=self._streaming)
        answer = quick.function(columns, self._numbers, results, first, last)
        if answer & _STRANGE:
            exact = self._machine.kernel(streaming=self._streaming, quick=False)
            answer = exact.function(columns, self._numbers, results, first, last)
        return bool(answer & _RAISED)

    def _rest(self, first: int, last: int) -> bool:
        """The last rows, fewer than a vector holds, with the very last one repeated to fill it."""
        width = self._machine.width
        columns = [column(width) for _ in self._columns]
        results = [column(width) for _ in self._results]
        for padded, values in zip(columns, self._columns, strict=True):
            padded[: last - first] = values[first:last]
            padded[last - first :] = values[last - 1]
        raised = self._call(_table(columns), _table(results), 0, width)
        for padded, values in zip(results, self._results, strict=True):
            values[first:last] = padded[: last - first]
        return raised


def _table(columns: Sequence[Array]) -> Any:
    """The addresses of columns."""
    return (ctypes.c_void_p * max(1, len(columns)))(*map(address, columns))
