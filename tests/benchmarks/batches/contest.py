"""Competitors in processes of their own that take turns, so that all meet the same machine.

Each process is kept on one core, whatever its libraries think of threads, and takes its turns on all of
them one after the other, so that none has the busier one.  The share of processor to wall time is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.batches.competitors import MAKERS, Task
from tests.benchmarks.batches.formulas import AbsentError, Formula, needed, numpy_like

CHECKED = 20_000
"""Of so many rows the results of the competitors are compared."""


@dataclass
class Racer:
    """A competitor's process."""

    name: str
    process: subprocess.Popen[str]
    missing: str = ""
    first: float = 0.0
    error: float | None = None
    seconds: list[float] = field(default_factory=list)
    cores: float = 0.0

    def answer(self) -> dict[str, Any]:
        """What it says next."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline() or '{"missing": "it stopped"}')
        return found

    def repeat(self, count: int) -> list[float]:
        """Takes the time of some repetitions."""
        assert self.process.stdin is not None
        print(count, file=self.process.stdin, flush=True)
        answer = self.answer()
        self.cores = max(self.cores, answer["cores"])
        seconds: list[float] = answer["seconds"]
        return seconds

    def stop(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    @property
    def least(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def rows_compared(rows: int) -> np.ndarray:
    """Some rows from the first to the last."""
    return np.unique(np.linspace(0, rows - 1, min(rows, CHECKED)).astype(int))


def truth(task: Task) -> dict[str, np.ndarray] | None:
    """The results in extended precision, by SymPy's derivatives; None without SymPy."""
    try:
        sympy = needed("sympy")
    except AbsentError:
        return None
    wanted = task.formula.derivatives(task.order)
    exact = {**numpy_like(np), "pi": 4 * np.arctan(np.longdouble(1))}
    call = sympy.lambdify(task.formula.variables, list(wanted.values()), modules=[exact, "numpy"], cse=True)
    chosen = rows_compared(task.rows)
    at = [column[chosen].astype(np.longdouble) for column in task.formula.samples(task.rows).values()]
    return {name: np.broadcast_to(c, chosen.shape) for name, c in zip(wanted, call(*at), strict=True)}


def difference(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> float:
    """The greatest relative error, where a number near zero is measured by the mean of its column."""
    worst = 0.0
    for name, column in expected.items():
        scale = np.maximum(np.abs(column), np.mean(np.abs(column)))
        scale = np.where(scale == 0.0, 1.0, scale)
        # A nan is the worst of all, which the `max` of Python overlooks.
        worst = float(np.max([worst, np.max(np.abs(found[name] - column) / scale)]))
    return worst


def begun(name: str, task: Task, folder: Path) -> Racer:
    """Starts a competitor, and waits until it is ready; in `folder` it leaves what it found."""
    threads = "2" if "2-threads" in name else "1"
    pools = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment = {
        **os.environ, **dict.fromkeys(pools, threads), "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"),
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        "JAX_PLATFORMS": "cpu",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.batches.contest", name, json.dumps(asdict(task)), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if name.startswith("torch") else None,
        text=True, env=environment,
    )  # fmt: skip
    racer = Racer(name, process)
    answer = racer.answer()
    racer.missing = answer.get("missing", "")
    racer.first = answer.get("first", 0.0)
    return racer


def race(names: Sequence[str], task: Task, folder: Path, *, rounds: int = 15, budget: float = 60.0) -> list[Racer]:
    """Competitors that have taken turns, each compared with the truth; those that are absent are named."""
    racers = [begun(name, task, folder) for name in names]
    for racer in racers:
        if racer.missing:
            print(f"  {racer.name} left out: {racer.missing}")
            racer.stop()
    racers = [racer for racer in racers if not racer.missing]
    expected = truth(task) if any((folder / f"{racer.name}.npz").exists() for racer in racers) else None
    for racer in racers:
        path = folder / f"{racer.name}.npz"
        if path.exists():
            with np.load(path) as found:
                columns = dict(found)
            expected = columns if expected is None else expected
            racer.error = difference(columns, expected)
            path.unlink()
    once = {racer.name: min(racer.repeat(2)) for racer in racers}
    counts = {name: max(1, min(10, int(0.1 / seconds))) for name, seconds in once.items()}
    whole = sum((counts[name] + 1) * seconds for name, seconds in once.items())
    for _ in range(max(3, min(rounds, int(budget / max(whole, 1e-9))))):
        for racer in racers:
            racer.seconds += racer.repeat(counts[racer.name])
    for racer in racers:
        racer.stop()
    return racers


def work(name: str, task: Task, folder: Path) -> None:
    """The life of a competitor: for each line read so many repetitions, and a line of seconds written."""
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    alone = "2-threads" not in name and hasattr(os, "sched_setaffinity")
    cores = cycle(sorted(os.sched_getaffinity(0)) if alone else ())
    if alone:
        os.sched_setaffinity(0, {next(cores)})

    def say(**answer: object) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    begin = time.perf_counter()
    try:
        job = MAKERS[name](task, folder)
        if name.startswith("torch"):
            needed("torch").set_num_threads(1)
        job.run()
    except AbsentError as absent:
        say(missing=str(absent))
        return
    except Exception as problem:  # noqa: BLE001, whatever a competitor dies of is said
        say(missing=f"{type(problem).__name__}: {problem}"[:300])
        return
    first = time.perf_counter() - begin
    results = job.results()
    if results:
        chosen = rows_compared(task.rows)
        columns = {name: np.broadcast_to(np.asarray(results[name]), task.rows)[chosen] for name in task.names()}
        np.savez(folder / f"{name}.npz", **columns)
    say(first=first)
    for line in sys.stdin:
        if alone:
            core = next(cores)
            for thread in Path("/proc/self/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})
        # Its memory and its caches are cold after the others had their turn.
        job.run()
        seconds = []
        begin, used = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            start = time.perf_counter()
            job.run()
            seconds.append(time.perf_counter() - start)
        say(seconds=seconds, cores=(time.process_time() - used) / (time.perf_counter() - begin))


def main() -> None:
    """A competitor's process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("task")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    given = json.loads(options.task)
    work(options.name, Task(**{**given, "formula": Formula(**given["formula"])}), options.folder)


if __name__ == "__main__":
    main()
