"""How results and problems look: the only room that knows rich."""
