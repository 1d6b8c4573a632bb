"""Numbers in files: arrays that a point is read from, and results that are kept."""

from adcalc.data.references import loaded
from adcalc.data.saving import Target

__all__ = ["Target", "loaded"]
