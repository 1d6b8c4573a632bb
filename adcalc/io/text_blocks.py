"""A stream of text cut into blocks of whole records, each a few megabytes."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator

from adcalc.errors import InputProblem

#: The first block is small, so that there is soon something to compute.
FIRST_BLOCK = 1 << 20
_LARGEST_BLOCK = 1 << 22
#: No record may be longer.
LONGEST_RECORD = 1 << 26
_SHOWN = 20


def blocks(read: Callable[[int], bytes], name: str, quote: bytes = b'"') -> Iterator[bytes]:
    """The records of a stream, many at a time.

    Args:
        read: reads so many bytes.
        name: what to call the stream.
        quote: what encloses cells in which lines may end; a byte that text does not have where nothing does.

    Raises:
        InputProblem: it is not UTF-8 text, or a record does not end.
    """
    pending = b""
    size = FIRST_BLOCK
    while fresh := read(size):
        size = min(2 * size, _LARGEST_BLOCK)
        if quote in pending or quote in fresh:
            pending += fresh
            cut = _end_of_records(pending, quote)
            block, pending = pending[:cut], pending[cut:]
        else:
            # Megabytes are copied once only.
            cut = fresh.rfind(b"\n") + 1
            block = b"".join((pending, memoryview(fresh)[:cut])) if cut else b""
            pending = fresh[cut:] if cut else pending + fresh
        if block:
            yield _checked(block, name)
        elif len(pending) > LONGEST_RECORD:
            hint = "a quote that is never closed makes one row of all that follows"
            raise InputProblem(f"{name} has a row of more than {LONGEST_RECORD >> 20} MiB", hint=hint)
    if pending:
        if pending.count(quote) % 2:
            _check_closed(pending, name)
        yield _checked(pending, name)


def _end_of_records(block: bytes, quote: bytes) -> int:
    """Where the last whole record ends: a line's end with an even number of quotes before it."""
    cut = block.rfind(b"\n") + 1
    quotes = block.count(quote, 0, cut)
    while quotes % 2 and cut:
        before = block.rfind(b"\n", 0, cut - 1) + 1
        quotes -= block.count(quote, before, cut)
        cut = before
    return cut


def _check_closed(block: bytes, name: str) -> None:
    """A quote that begins a cell must end it: else one cell has swallowed all rows behind it."""
    text = block.decode("utf-8", "replace").replace(";", ",").replace("\t", ",")
    limit = csv.field_size_limit(LONGEST_RECORD)
    try:
        last = deque(csv.reader(io.StringIO(text, newline="")), maxlen=1)
    except csv.Error:
        return
    finally:
        csv.field_size_limit(limit)
    swallowed = [cell for row in last for cell in row if "\n" in cell]
    if swallowed:
        shown = swallowed[0].partition("\n")[0][:_SHOWN].strip()
        message = f"{name} ends within a quoted cell, which begins with `{shown}`"
        raise InputProblem(message, hint="a quote is opened there and never closed")


def _checked(block: bytes, name: str) -> bytes:
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError:
            raise InputProblem(f"{name} is not UTF-8 text", hint="save it as text in UTF-8") from None
    return block
