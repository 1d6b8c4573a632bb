"""From a lowered formula to the formulas of its derivatives, once for all points."""
