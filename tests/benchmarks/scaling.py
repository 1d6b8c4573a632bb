"""How time grows with the size of a formula: sums, brackets and nests, each twice as large as the last.

    python -m tests.benchmarks.scaling

A ratio of about 2 from line to line is linear time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import adcalc

SHAPES: dict[str, Callable[[int], str]] = {
    "sum of n terms": lambda n: " + ".join(["x"] * n),
    "n brackets": lambda n: "(" * n + "x" + ")" * n,
    "sin nested n deep": lambda n: "sin(" * n + "x" + ")" * n,
    "n statements": lambda n: "\n".join(["a = x", *["a = a*x + 1"] * n, "a"]),
}


def seconds(text: str, work: Callable[[adcalc.Function], object]) -> float:
    """The time to read a formula and to work with it."""
    begin = time.perf_counter()
    work(adcalc.parse(text))
    return time.perf_counter() - begin


def main() -> None:
    """Prints a line for each size of each shape."""
    for name, shape in SHAPES.items():
        before = 0.0
        for size in (25_000, 50_000, 100_000, 200_000):
            took = seconds(shape(size), lambda f: f.gradient({"x": 0.5}))
            print(f"{name:20} {size:8} {took:7.2f} s   {f'{took / before:.2f}x' if before else ''}")
            before = took


if __name__ == "__main__":
    main()
