"""Files: `adcalc batch` from table to table, beside processes that read and write as much and compute nothing."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.benchmarks.batches.competitors import Task
from tests.benchmarks.batches.contest import difference, rows_compared, truth
from tests.benchmarks.batches.formulas import FORMULAS, needed
from tests.benchmarks.batches.tables import Extent, Verdict

FORMULA = FORMULAS["c"]

#: A small process between: what a child's memory is said to be at most begins with that of who started it.
LAUNCHER = """
import json, resource, subprocess, sys, time
begin = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_CHILDREN)
failed = (done.stderr.strip() or "it failed").splitlines()[-1] if done.returncode else ""
cpu = used.ru_utime + used.ru_stime
print(json.dumps({"failed": failed, "seconds": seconds, "cpu": cpu, "peak": used.ru_maxrss / 1024}))
"""

#: How a library reads a table of three columns and writes one of as many as it is told, by kind of file.
PEERS: Mapping[str, Mapping[str, str]] = {
    "csv": {
        "polars": """
import polars
table = polars.read_csv(source)
table.select([polars.nth(k % 3).alias(f"c{k}") for k in range(columns)]).write_csv(target)
""",
        "polars:streamed": """
import polars
table = polars.scan_csv(source)
table.select([polars.nth(k % 3).alias(f"c{k}") for k in range(columns)]).sink_csv(target)
""",
        "pyarrow": """
import pyarrow, pyarrow.csv
table = pyarrow.csv.read_csv(source)
more = pyarrow.table({f"c{k}": table.column(k % 3) for k in range(columns)})
pyarrow.csv.write_csv(more, target)
""",
    },
    "parquet": {
        "polars": """
import polars
table = polars.read_parquet(source)
table.select([polars.nth(k % 3).alias(f"c{k}") for k in range(columns)]).write_parquet(target)
""",
        "polars:streamed": """
import polars
table = polars.scan_parquet(source)
table.select([polars.nth(k % 3).alias(f"c{k}") for k in range(columns)]).sink_parquet(target)
""",
        "pyarrow": """
import pyarrow, pyarrow.parquet
table = pyarrow.parquet.read_table(source)
more = pyarrow.table({f"c{k}": table.column(k % 3) for k in range(columns)})
pyarrow.parquet.write_table(more, target)
""",
    },
}


@dataclass
class Process:
    """A whole process, started again and again."""

    name: str
    command: Sequence[str]
    target: Path
    failed: str = ""
    seconds: list[float] = field(default_factory=list)
    cpu: float = 0.0
    peak: float = 0.0

    def start(self) -> None:
        """Once from start to end."""
        self.target.unlink(missing_ok=True)
        launcher = [sys.executable, "-c", LAUNCHER, *self.command]
        found = json.loads(subprocess.run(launcher, capture_output=True, text=True, check=True).stdout)
        self.failed = self.failed or found["failed"]
        self.seconds.append(found["seconds"])
        self.cpu, self.peak = found["cpu"], max(self.peak, found["peak"])


def written(source: Path, rows: int) -> dict[str, np.ndarray]:
    """Writes the points to a file; what they are."""
    columns = FORMULA.samples(rows)
    if find_spec("polars"):
        table = needed("polars").DataFrame(columns)
        (table.write_csv if source.suffix == ".csv" else table.write_parquet)(source)
    elif source.suffix == ".csv":
        np.savetxt(source, np.stack(list(columns.values()), 1), "%.17g", ",", header=",".join(columns), comments="")
    else:
        arrow = needed("pyarrow")
        needed("pyarrow.parquet").write_table(arrow.table(columns), source)
    return columns


def read(path: Path) -> dict[str, np.ndarray]:
    """The columns of a file."""
    if find_spec("polars"):
        polars = needed("polars")
        table: Any = polars.read_csv(path) if path.suffix == ".csv" else polars.read_parquet(path)
        return {name: table[name].to_numpy() for name in table.columns}
    if path.suffix == ".csv":
        found = np.genfromtxt(path, delimiter=",", names=True)
        return {name: found[name] for name in found.dtype.names or ()}
    table = needed("pyarrow.parquet").read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def batch(source: Path, target: Path) -> list[str]:
    """The command that is measured."""
    return [sys.executable, "-m", "adcalc", "batch", FORMULA.text, "--data", str(source), "--out", str(target)]


def checked(path: Path, rows: int) -> tuple[int, str]:
    """How many columns adcalc wrote, and how far they are from the truth."""
    columns = read(path)
    expected = truth(Task(FORMULA, 1, rows))
    if expected is None:
        return len(columns), "not compared, there is no SymPy"
    chosen = rows_compared(rows)
    found = {name: columns["value" if name == "f" else f"d_{name}"][chosen] for name in expected}
    error = difference(found, expected)
    return len(columns), f"columns {', '.join(columns)}; greatest relative error {error:.1e}"


def compared(kind: str, extent: Extent, folder: Path, wanted: float) -> list[Verdict]:
    """From a file to a file of one kind."""
    source, target = folder / f"in.{kind}", folder / f"adcalc.{kind}"
    written(source, extent.rows)
    own = Process("adcalc", batch(source, target), target)
    own.start()
    columns = 4
    print(f"\n{kind} to {kind}, {extent.rows:,} rows of 3 columns, whole processes, all processors")
    if own.failed:
        print(f"  adcalc left out: {own.failed}")
    else:
        columns, remark = checked(target, extent.rows)
        print(f"  adcalc: {remark}")
    processes = [] if own.failed else [own]
    for name, text in PEERS[kind].items():
        if find_spec(name.partition(":")[0]) is None:
            print(f"  {name} left out: not installed")
            continue
        path = folder / f"{name.replace(':', '-')}.{kind}"
        given = f"source, target, columns = {str(source)!r}, {str(path)!r}, {columns}\n"
        processes.append(Process(name, [sys.executable, "-c", given + text], path))
    for _ in range(max(3, extent.rounds // 2)):
        for process in processes:
            process.start()
    print(f"  {'':18}{'least s':>9}{'median s':>10}{'adcalc to it':>14}{'cpu s':>8}{'peak MB':>9}{'written MB':>12}")
    verdicts = []
    for process in processes:
        if process.failed:
            print(f"  {process.name} left out: {process.failed}")
            continue
        least, middle = min(process.seconds), statistics.median(process.seconds)
        ratio = f"{min(own.seconds) / least:13.2f}x" if not own.failed else f"{'':14}"
        size = process.target.stat().st_size / 1e6
        print(f"  {process.name:18}{least:9.3f}{middle:10.3f}{ratio}{process.cpu:8.2f}{process.peak:9.0f}{size:12.1f}")
        if not own.failed and process is not own:
            what = f"{kind} to {kind}, time of {process.name} without computing"
            verdicts.append(Verdict(what, wanted, min(own.seconds) / least, most=True))
    return verdicts


def memory(extent: Extent, folder: Path) -> None:
    """The most memory that a large table takes."""
    rows = 10 * extent.rows
    source, target = folder / "large.csv", folder / "large-out.csv"
    written(source, rows)
    own = Process("adcalc", batch(source, target), target)
    own.start()
    print(f"\nmemory of adcalc batch on {rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV")
    if own.failed:
        print(f"  adcalc left out: {own.failed}")
    else:
        size = target.stat().st_size / 1e6
        print(f"  peak {own.peak:.0f} MB, {own.seconds[0]:.1f} s, {own.cpu:.1f} s of processors, {size:.0f} MB written")


def files(extent: Extent) -> list[Verdict]:
    """CSV, Parquet, and the memory of a large table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        verdicts = compared("csv", extent, folder, 1.3)
        verdicts += compared("parquet", extent, folder, 1.5)
        memory(extent, folder)
    return verdicts
