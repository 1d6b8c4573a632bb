"""Other people's formulas: one line each, the gradient at many points against JAX and C.

The file has a JSON object a line with `formula`, `variables` and `ranges`, powers written `**`.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.batches.competitors import Task
from tests.benchmarks.batches.formulas import Formula
from tests.benchmarks.batches.tables import Extent, fastest, geometric, named, run


def formulas(path: Path) -> dict[str, Formula]:
    """The formulas of a file by their names."""
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return {
        str(record.get("id", k)): Formula(
            "corpus", record["formula"], dict(zip(record["variables"], map(tuple, record["ranges"]), strict=True))
        )
        for k, record in enumerate(records)
        if "ranges" in record
    }


def corpus(extent: Extent, path: Path) -> None:
    """All formulas of a file."""
    print(f"\ngradients of the formulas of {path.name}, {extent.rows:,} rows, one thread; times of others to adcalc's")
    print(f"  {'':24}{'adcalc ms':>10}{'jax':>9}{'c':>9}{'error':>10}")
    ratios: dict[str, list[float]] = {"jax": [], "c": []}
    for name, formula in formulas(path).items():
        racers = run(["adcalc", "jax:donated", "c:sympy-512"], Task(formula, 1, extent.rows), extent)
        own = named(racers, "adcalc")
        if own is None:
            continue
        line = f"  {name:24}{own.least * 1e3:10.3f}"
        for family, found in ratios.items():
            peer = fastest(racers, family)
            if peer:
                found.append(peer.least / own.least)
            line += f"{peer.least / own.least:8.2f}x" if peer else f"{'':9}"
        print(line + (f"{own.error:10.1e}" if own.error is not None else ""), flush=True)
    for family, found in ratios.items():
        if found:
            print(
                f"  against {family}: geometric mean {geometric(found):.2f}x, least {min(found):.2f}x, of {len(found)}"
            )
