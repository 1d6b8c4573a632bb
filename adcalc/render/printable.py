"""Texts from outside on their way to a terminal: what would steer it is shown, and does nothing.

Formulas, names of files, columns, keys and cells are not ours, and may hold anything.  Every text that is written
passes here.
"""

from __future__ import annotations

import codecs
import json
import sys
from typing import IO, Any

#: What turns the direction of writing, or hides it (the Trojan source attack; Boucher and Anderson, 2021).
_TURNING = (0x061C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
_KEPT = (0x09, 0x0A)
#: Each is one column wide, as carets below a line need it: C0 has pictures of its own.
_PICTURES = (
    {code: chr(0x2400 + code) for code in range(0x20) if code not in _KEPT}
    | {0x7F: "\u2421"}
    | dict.fromkeys([*range(0x80, 0xA0), *_TURNING], "\ufffd")
)
_ESCAPES = {code: f"\\u{code:04x}" for code in (0x7F, *range(0x80, 0xA0), *_TURNING)}


def printable(text: str) -> str:
    r"""A text with control characters shown as pictures, each in one column; lines and tabs are kept.

    >>> printable("x^2 # \x1b]0;title\x07")
    'x^2 # ␛]0;title␇'
    """
    return text if text.isascii() and text.isprintable() else text.translate(_PICTURES)


def json_text(body: Any) -> str:
    r"""JSON on one line, control characters of every kind by their number.

    >>> json_text({"name": "a\x7f\x9b"})
    '{"name": "a\\u007f\\u009b"}'
    """
    return json.dumps(body, ensure_ascii=False, allow_nan=False).translate(_ESCAPES)


class PrintableStream:
    """Standard output as bytes, made printable on the way to a terminal."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, content: bytes) -> int:
        """Takes bytes of UTF-8; a character may be split among two calls."""
        self._file.write(printable(self._decoder.decode(bytes(content))).encode())
        return len(content)

    def flush(self) -> None:
        """Everything so far is on the terminal."""
        self._file.flush()


def write(text: str) -> None:
    """A line, or several, on standard output."""
    sys.stdout.write(printable(text) + "\n")
