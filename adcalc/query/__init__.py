"""Questions about a formula at a point: its inputs, what is asked for, and the one way to the answer."""
