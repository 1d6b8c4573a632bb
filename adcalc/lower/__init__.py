"""From formulas as they are written to formulas whose every node has a shape."""
