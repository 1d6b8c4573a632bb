"""Many points at once: one program for value and derivatives, carried out column by column."""
