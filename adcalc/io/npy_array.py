"""Arrays in NumPy's own format, checked before anything is believed: no pickles, no promises beyond the file's size."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import IO, Any

from adcalc.errors import InputProblem
from adcalc.io.references import LARGEST_ARRAY, Array, unreadable

_MAGIC = b"\x93NUMPY"
_EXACTLY = 2**53
_MOST_AXES = 32
#: The format allows 4 GiB; nobody needs more than this to describe numbers.
_LONGEST_HEADER = 2**16
_AGAIN = "write it again with `numpy.save`"


def array_of_file(path: Path, key: str = "") -> Array:
    """The array of a .npy file.

    Raises:
        InputProblem: it holds no array of real numbers, or a key is given, of which it has none.
    """
    if key:
        raise InputProblem(f"`{path}` holds a single array", hint=f"write `@{path}` without `:{key}`")
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            length = file.tell()
            file.seek(0)
            check_header(file, length, f"`{path}`")
            file.seek(0)
            return array_in(file, f"`{path}`")
    except OSError as error:
        raise unreadable(path, error) from None


def check_header(file: IO[bytes], length: int, name: str) -> None:
    """Reads the header of an array, before anything is allocated for it.

    Args:
        length: how many bytes there are, the header included.

    Raises:
        InputProblem: what it announces is not there, is too large, or is no array of real numbers.
    """
    shape, kind = announced(file, name)
    _check_kind(kind, name)
    entries = math.prod(shape)
    if entries > LARGEST_ARRAY:
        times = "×".join(map(str, shape))
        most = f"the most that adcalc takes is {LARGEST_ARRAY}"
        raise InputProblem(f"{name} announces {times} numbers, which is too many", hint=most)
    if entries * kind.itemsize > length - file.tell():
        there = max(0, length - file.tell())
        raise InputProblem(
            f"{name} is cut off: it announces {entries * kind.itemsize} bytes of numbers and holds {there}", hint=_AGAIN
        )


def announced(file: IO[bytes], name: str) -> tuple[tuple[int, ...], Any]:
    """The shape and the kind of entries that a header speaks of; the file stands at its beginning.

    Raises:
        InputProblem: it is no header, or longer than any that NumPy writes for numbers.
    """
    from numpy.lib import format as numpy_format

    if file.read(len(_MAGIC)) != _MAGIC:
        raise InputProblem(f"{name} is no .npy file", hint="write one with `numpy.save`")
    version = bytes(file.read(2))
    width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(version)
    if width is None:
        raise InputProblem(f"{name} is of a version of the format that adcalc cannot read", hint=_AGAIN)
    size = file.read(width)
    length = int.from_bytes(size, "little")
    if length > _LONGEST_HEADER:
        raise InputProblem(f"{name} has a header of {length} bytes, which is too long", hint=_AGAIN)
    header = io.BytesIO(size + file.read(length))
    reader: Any = numpy_format.read_array_header_1_0 if width == 2 else numpy_format.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            # Headers written by Python 2 are read all the same.
            warnings.simplefilter("ignore")
            shape, _, kind = reader(header)
    except Exception as error:
        # A header is a text that anybody may have written; its reader stumbles over it in many ways.
        raise InputProblem(f"{name} has a broken header", hint=_AGAIN) from error
    if any(type(size) is not int or not 0 <= size <= 2**62 for size in shape) or len(shape) > _MOST_AXES:
        raise InputProblem(f"{name} has a broken header", hint=_AGAIN)
    return shape, kind


def _check_kind(kind: Any, name: str) -> None:
    if kind.names is not None:
        fields = ", ".join(f"`{field}`" for field in kind.names[:8])
        hint = f"save one of its fields as an array of its own: {fields}"
        raise InputProblem(f"{name} is a structured array, not one of numbers", hint=hint)
    if kind.hasobject:
        hint = 'save an array of numbers: `numpy.save(name, array.astype("float64"))`'
        raise InputProblem(f"{name} holds Python objects, which are never loaded: that could run code", hint=hint)
    if kind.kind == "c":
        hint = "save its real and its imaginary part as two arrays"
        raise InputProblem(f"{name} holds complex numbers", hint=hint)
    if kind.kind not in "fiub":
        what = {"S": "texts", "U": "texts", "M": "dates", "m": "times"}.get(kind.kind, "bare bytes")
        raise InputProblem(f"{name} holds {what}, not numbers", hint="save an array of numbers")


def array_in(file: IO[bytes], name: str) -> Array:
    """The array in a file whose header has been checked, as doubles.

    Raises:
        InputProblem: it is broken behind the header, or doubles would lose digits of it.
    """
    import numpy as np
    from numpy.lib import format as numpy_format

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = numpy_format.read_array(file, allow_pickle=False)
    except (ValueError, TypeError, OverflowError, EOFError) as error:
        raise InputProblem(f"{name} cannot be read: {error}", hint=_AGAIN) from None
    return as_doubles(np.asarray(array), name)


def as_doubles(array: Array, name: str) -> Array:
    """An array of any kind of real numbers as float64.

    Raises:
        InputProblem: a double cannot hold one of its entries.

    >>> import numpy as np
    >>> as_doubles(np.array([True, False]), "x")
    array([1., 0.])
    """
    import numpy as np

    with np.errstate(over="ignore"):
        doubles = np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    lost = None
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        large = (array > _EXACTLY) | (array < -_EXACTLY) if array.dtype.kind == "i" else array > _EXACTLY
        lost = next((entry for entry in array[large].tolist() if int(float(entry)) != entry), None)
    elif array.dtype.kind == "f" and array.dtype.itemsize > 8:
        # Longer than doubles; nan is different from itself.
        different = (doubles.astype(array.dtype) != array) & (array == array)
        lost = str(array[different].flat[0]) if different.any() else None
    if lost is not None:
        hint = "round or scale it first, so that nothing is lost unseen"
        raise InputProblem(f"{name} holds {lost}, which a double cannot hold to the last digit", hint=hint)
    return doubles
