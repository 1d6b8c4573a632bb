"""Whole-process times of a first gradient: adcalc beside Python itself and beside its peers.

    python -m tests.benchmarks.startup [rounds]

Every contender is started in turn, round after round, so that all meet the same machine; the least
time of each is compared with `python -c pass`.  Peers that are not installed are named and skipped.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

ADCALC = [str(Path(sys.executable).with_name("adcalc"))]

_SYMPY = """
from sympy import symbols, diff
x, y = symbols("x y")
f = x*x*y + y + 2
print(f.subs({x: 3, y: 4}), [diff(f, v).subs({x: 3, y: 4}) for v in (x, y)])
"""
_JAX = """
import jax
print(jax.value_and_grad(lambda x, y: x*x*y + y + 2, (0, 1))(3.0, 4.0))
"""
_AUTOGRAD = """
from autograd import grad
f = lambda x, y: x*x*y + y + 2
print(f(3.0, 4.0), grad(f, 0)(3.0, 4.0), grad(f, 1)(3.0, 4.0))
"""

CONTENDERS: dict[str, tuple[str, list[str]]] = {
    "python -c pass": ("sys", [sys.executable, "-c", "pass"]),
    "adcalc --version": ("adcalc", [*ADCALC, "--version"]),
    "adcalc grad": ("adcalc", [*ADCALC, "grad", "x*x*y + y + 2", "--at", "x=3,y=4"]),
    "adcalc grad, formulas": ("adcalc", [*ADCALC, "grad", "x*x*y + y + 2"]),
    "adcalc hessian": ("adcalc", [*ADCALC, "hessian", "x*x*y + y + 2", "--at", "x=3,y=4"]),
    "SymPy": ("sympy", [sys.executable, "-c", _SYMPY]),
    "autograd": ("autograd", [sys.executable, "-c", _AUTOGRAD]),
    "JAX": ("jax", [sys.executable, "-c", _JAX]),
}


def measure(rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender that is installed, a list for each."""
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (module, command) in CONTENDERS.items():
            if find_spec(module) is None:
                continue
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            times.setdefault(name, []).append(time.perf_counter() - begin)
    return times


def main() -> None:
    """Prints a line for each contender."""
    times = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    base = min(times["python -c pass"])
    print(f"{'':24} {'least':>9} {'median':>9}   ratio")
    for name in CONTENDERS:
        if name in times:
            least, middle = min(times[name]), statistics.median(times[name])
            print(f"{name:24} {least * 1e3:6.1f} ms {middle * 1e3:6.1f} ms {least / base:6.1f}x")
        else:
            print(f"{name:24} not installed")


if __name__ == "__main__":
    main()
