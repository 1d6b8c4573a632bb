"""What is printed: times with their ratios, and at the end which aims are met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.batches.competitors import Task
from tests.benchmarks.batches.contest import Racer, race
from tests.benchmarks.batches.formulas import FORMULAS, fresh


@dataclass(frozen=True)
class Verdict:
    """An aim, and what was found."""

    what: str
    wanted: float
    found: float
    unit: str = "x"
    most: bool = False
    """The aim is an upper limit."""

    def __str__(self) -> str:
        held = self.found <= self.wanted if self.most else self.found >= self.wanted
        bound = "at most" if self.most else "at least"
        found, wanted = f"{self.found:8.2f}{self.unit}", f"{self.wanted:g}{self.unit}"
        return f"  {'holds ' if held else 'MISSED'}  {self.what:58}{found:>12}   {bound} {wanted}"


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rows: int
    rounds: int
    budget: float


def fastest(racers: Sequence[Racer], family: str) -> Racer | None:
    """The fastest of a family, such as the two ways in which JAX may keep its results."""
    members = [racer for racer in racers if racer.name.partition(":")[0] == family]
    return min(members, key=lambda racer: racer.least, default=None)


def named(racers: Sequence[Racer], name: str) -> Racer | None:
    """The competitor of a name."""
    return next((racer for racer in racers if racer.name == name), None)


def show(title: str, racers: Sequence[Racer], to: str = "adcalc") -> None:
    """A table of times; ratios above 1 say how many times longer than adcalc a competitor takes."""
    own = named(racers, to)
    print(f"\n{title}")
    print(f"  {'':18}{'first s':>9}{'least ms':>11}{'median ms':>11}{'least':>9}{'median':>9}{'cores':>7}{'error':>10}")
    for racer in racers:
        ratios = f"{racer.least / own.least:8.2f}x{racer.median / own.median:8.2f}x" if own else f"{'':18}"
        error = "" if racer.error is None else f"{racer.error:10.1e}"
        times = f"{racer.first:9.2f}{racer.least * 1e3:11.3f}{racer.median * 1e3:11.3f}"
        print(f"  {racer.name:18}{times}{ratios}{racer.cores:7.2f}{error}", flush=True)


def geometric(numbers: Sequence[float]) -> float:
    """The geometric mean."""
    return exp(sum(log(number) for number in numbers) / len(numbers))


def run(names: Sequence[str], task: Task, extent: Extent) -> list[Racer]:
    """A race in a folder of its own."""
    with TemporaryDirectory() as folder:
        return race(names, task, Path(folder), rounds=extent.rounds, budget=extent.budget)


def gradients(extent: Extent) -> list[Verdict]:
    """Values and partials of the four formulas: machine code and the NumPy fallback against everybody."""
    names = [
        "adcalc", "adcalc:fast", "adcalc:numpy", "jax", "jax:donated", "torch", "torch:in-place",
        "c:hand-256", "c:hand-512", "c:sympy-256", "c:sympy-512", "numexpr", "numexpr:steps", "sympy",
    ]  # fmt: skip
    verdicts = []
    wanted = {"jax": 8.0, "torch": 2.0, "c": 1.0}
    ratios: dict[str, list[float]] = {family: [] for family in wanted}
    for letter, formula in FORMULAS.items():
        racers = run(names, Task(formula, 1, extent.rows), extent)
        show(f"({letter}) value and all partials, {extent.rows:,} rows, one thread", racers)
        own, fallback = named(racers, "adcalc"), named(racers, "adcalc:numpy")
        for family, least in wanted.items():
            if own and (peer := fastest(racers, family)):
                ratios[family].append(peer.least / own.least)
                verdicts.append(Verdict(f"({letter}) gradient against {peer.name}", least, ratios[family][-1]))
        for family in ("jax", "numexpr", "sympy"):
            if letter in "cd" and fallback and (peer := fastest(racers, family)):
                ratio = peer.least / fallback.least
                verdicts.append(Verdict(f"({letter}) gradient, NumPy fallback against {peer.name}", 1.0, ratio))
    if ratios["jax"]:
        verdicts.append(Verdict("gradients against JAX, geometric mean", 10.0, geometric(ratios["jax"])))
    return verdicts


def hessians(extent: Extent) -> list[Verdict]:
    """Value, gradient and full Hessian."""
    verdicts = []
    for letter, wanted in (("c", 5.0), ("d", 30.0)):
        racers = run(
            ["adcalc", "adcalc:fast", "jax", "jax:donated", "jax:vector"],
            Task(FORMULAS[letter], 2, extent.rows),
            extent,
        )
        show(f"({letter}) value, gradient and Hessian, {extent.rows:,} rows, one thread", racers)
        own, peer = named(racers, "adcalc"), fastest(racers, "jax")
        if own and peer:
            verdicts.append(Verdict(f"({letter}) Hessian against {peer.name}", wanted, peer.least / own.least))
    return verdicts


def bandwidth(extent: Extent) -> list[Verdict]:
    """How near the first formula, which does little else than read and write, comes to memory's own speed."""
    rows = 10 * extent.rows
    racers = run(["adcalc", "triad", "c:hand-512"], Task(FORMULAS["a"], 1, rows), extent)
    show(f"(a) value and partials, {rows:,} rows, one thread, beside a triad past the caches", racers)
    rates = {racer.name: (24 if racer.name == "triad" else 40) * rows / racer.least / 1e9 for racer in racers}
    print("  " + ", ".join(f"{name} {rate:.1f} GB/s" for name, rate in rates.items()))
    if not {"adcalc", "triad"} <= rates.keys():
        return []
    return [Verdict("(a) bandwidth, share of a triad's", 65.0, 100 * rates["adcalc"] / rates["triad"], " %")]


def threads(extent: Extent) -> list[Verdict]:
    """One thread and two."""
    # Two threads are as slow as the busier of two cores: what else runs there must be waited out.
    longer = Extent(extent.rows, 4 * extent.rounds, extent.budget)
    racers = run(["adcalc", "adcalc:2-threads"], Task(FORMULAS["d"], 1, extent.rows), longer)
    show(f"(d) value and all partials, {extent.rows:,} rows", racers)
    one, two = named(racers, "adcalc"), named(racers, "adcalc:2-threads")
    return [Verdict("(d) two threads against one", 1.6, one.least / two.least)] if one and two else []


def first(extent: Extent) -> list[Verdict]:
    """How long a formula takes that nobody has seen."""
    task = Task(fresh(0), 1, 1000)
    racers = run(["adcalc:first", "jax:first"], task, extent)
    show("a new formula of 200 operations each time, from its text to 1,000 rows", racers, "adcalc:first")
    own = named(racers, "adcalc:first")
    return [Verdict("first result of a new formula, median", 100.0, own.median * 1e3, " ms", most=True)] if own else []


def native(extent: Extent) -> list[Verdict]:
    """All that is computed in memory."""
    return [
        verdict
        for measure in (gradients, hessians, bandwidth, threads, first)
        for verdict in measure(extent)
    ]  # fmt: skip
