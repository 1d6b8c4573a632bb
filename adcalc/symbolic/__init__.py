"""Derivatives as formulas: simplified, canonical, and printed as a mathematician writes them, of arrays too."""
