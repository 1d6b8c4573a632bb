"""Batches against what compiles and reads elsewhere: machine code, the NumPy fallback, and `adcalc batch`.

    python -m tests.benchmarks.batches [--only native|files|corpus] [--rows N] [--quick]

In memory: float64, one thread unless said otherwise, every competitor in a process of its own and taking
turns; least and median times, and what each differs from derivatives taken in extended precision.  Ratios
above 1 say how many times longer than adcalc a competitor takes.  Who is absent is left out by name.
At the end stand the aims, and which of them are met on this machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.benchmarks.batches import corpus, files, tables


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["native", "files", "corpus"])
    parser.add_argument("--rows", type=int, default=10**6)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, few repetitions")
    parser.add_argument("--corpus", type=Path, help="a file of formulas to race as well")
    options = parser.parse_args()
    extent = tables.Extent(options.rows, 15, 60.0)
    if options.quick:
        extent = tables.Extent(max(1, options.rows // 10), 3, 5.0)
    verdicts: list[tables.Verdict] = []
    if options.only in (None, "native"):
        verdicts += tables.native(extent)
    if options.only in (None, "files"):
        verdicts += files.files(extent)
    if options.only in (None, "corpus"):
        if options.corpus:
            corpus.corpus(tables.Extent(extent.rows, 5, 3.0), options.corpus)
        else:
            print("\ncorpus left out: no file is named by --corpus")
    print("\naims" if verdicts else "")
    for verdict in verdicts:
        print(verdict)


if __name__ == "__main__":
    main()
