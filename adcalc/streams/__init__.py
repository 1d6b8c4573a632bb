"""Tables of rows in and out, of any length, in constant memory."""

from adcalc.streams.formats import FORMATS, tells_format
from adcalc.streams.opening import open_table
from adcalc.streams.parts import Part, Table, Writer
from adcalc.streams.writing import create_table

__all__ = ["FORMATS", "Part", "Table", "Writer", "create_table", "open_table", "tells_format"]
