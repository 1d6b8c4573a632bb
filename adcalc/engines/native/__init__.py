"""Machine code for a million points: a formula's program as one loop over vectors of doubles, by LLVM."""
