"""Derivatives from values alone: difference quotients of numbers, arrays and rows, with an estimate of their error."""
