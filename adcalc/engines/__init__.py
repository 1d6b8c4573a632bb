"""What carries out programs of arrays and columns: NumPy calls, tile by tile, and machine code."""
