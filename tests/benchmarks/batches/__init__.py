"""Batches: formulas over a million points, and over files, against what compiles and reads them elsewhere."""
