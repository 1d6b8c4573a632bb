"""Matrix calculus: derivatives of formulas over arrays as a mathematician writes them."""
