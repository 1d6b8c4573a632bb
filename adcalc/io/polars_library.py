"""The data-frame library, polars: an extra, and imported only where it is worth the time that takes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adcalc.errors import InputProblem, MissingExtra, Problem

#: How to get it.
INSTALL = "pip install 'adcalc[data]'"

#: To import it takes as long as to write this many rows without it.
_WORTH_ITS_IMPORT = 30_000

_SYSTEM_ERROR = re.compile(r"(?:\(os error |\[Errno )(\d+)[)\]]")


def polars() -> Any | None:
    """The library, or None where it is not installed."""
    try:
        import polars as pl
    except ImportError:
        return None
    return pl


def polars_for(what: str) -> Any:
    """The library.

    Args:
        what: what cannot be done without it.

    Raises:
        MissingExtra: it is not installed.
    """
    library = polars()
    if library is None:
        raise MissingExtra(f"{what} needs the extra for tables", hint=INSTALL)
    return library


def polars_if_worth_it(rows: int) -> Any | None:
    """The library, where it is loaded already or rows are so many that it pays to."""
    return polars() if rows >= _WORTH_ITS_IMPORT or sys.modules.get("polars") else None


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Failures of the library as problems.

    Args:
        doing: what it was asked to do, such as "cannot read `x.parquet`".
    """
    try:
        yield
    except Problem:
        raise
    except BaseException as error:
        system = _SYSTEM_ERROR.search(str(error))
        if system:
            number = int(system.group(1))
            # OSError makes a BrokenPipeError and the like of a number.
            raise OSError(number, os.strerror(number)) from None
        if type(error).__module__.partition(".")[0] not in ("polars", "pyo3_runtime"):
            raise
        words = str(error).strip().splitlines() or ["it is broken"]
        raise InputProblem(f"{doing}: {words[0].rstrip('.').replace('File out of specification: ', '')}") from None
