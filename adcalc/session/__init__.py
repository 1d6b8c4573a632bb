"""What an interactive session knows, and how its formulas are put to what it knows."""

from __future__ import annotations

from adcalc.session.entries import ANSWER, Coordinate, DefinedFunction
from adcalc.session.question import Excerpt, Question, Remark
from adcalc.session.state import Session

__all__ = ["ANSWER", "Coordinate", "DefinedFunction", "Excerpt", "Question", "Remark", "Session"]
