"""Carrying out core formulas at a point: NumPy calls in order, and nothing kept that is not needed."""

from __future__ import annotations

from adcalc.execution.plan import Plan

__all__ = ["Plan"]
