"""Whether the quotes in a block of CSV stand where RFC 4180 has them, so that all readers agree on what they mean."""

from __future__ import annotations


def clean_quotes(block: bytes, separator: str) -> bool:
    r"""Whether every quote begins a cell, ends one, or is doubled within one.

    >>> clean_quotes(b'1,"a ""b"" c"\n"d",2\n', ",")
    True
    >>> clean_quotes(b'1,5" pipe,6" pipe\n', ",")
    False
    """
    import numpy as np

    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == ord('"'))
    if quotes.size % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    begins = np.isin(letters[np.maximum(opening - 1, 0)], np.frombuffer(b"\n" + separator.encode(), np.uint8))
    begins[opening == 0] = True
    ends = np.isin(
        letters[np.minimum(closing + 1, letters.size - 1)], np.frombuffer(b"\r\n" + separator.encode(), np.uint8)
    )
    ends[closing == letters.size - 1] = True
    # A doubled quote looks as if a cell ended and another began at once.
    doubled = closing[:-1] + 1 == opening[1:]
    begins[1:] |= doubled
    ends[:-1] |= doubled
    return bool(begins.all() and ends.all())
