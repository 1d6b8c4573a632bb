"""The way of a question through the source: how many modules it passes, and how often it comes back to one it had left.

`python -m tests.benchmarks.journey` asks a question of numbers and one of arrays, each in a process of its own, as a
user does.  A crossing is a call from one module of adcalc into another; frames of other libraries and of imports do
not count.  It is a return if the module called had been entered before.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import adcalc
from adcalc.cli import main

ROOT = str(Path(adcalc.__file__).parent)

#: What is asked, with the figures wanted: modules and returns.
QUESTIONS = (
    (("grad", "x*x*y", "--at", "x=3,y=4"), 25, 80),
    (("grad", "mean((x@w-t)^2)", "--at", "x=[[1,2],[3,4]],w=[[1,0],[2,1]],t=[[1,1],[0,1]]"), 40, 300),
)


@dataclass(frozen=True, slots=True)
class Journey:
    """The modules of one question in the order of their first call, and the calls from one to another."""

    modules: tuple[str, ...]
    crossings: Counter[tuple[str, str]]

    @property
    def returns(self) -> int:
        """How many of the crossings led to a module that the question had been in before."""
        return self.crossings.total() - (len(self.modules) - 1)


def _ask(arguments: Sequence[str]) -> None:
    """Run one command and drop what it prints."""
    kept, sys.argv = sys.argv, ["adcalc", *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main()
    finally:
        sys.argv = kept


def _callers(frame: FrameType) -> Iterator[FrameType]:
    """The frames of adcalc that a frame was called from, the nearest first."""
    caller = frame.f_back
    while caller is not None:
        if caller.f_code.co_filename.startswith(ROOT):
            yield caller
        caller = caller.f_back


def journey(arguments: Sequence[str]) -> Journey:
    """Follow a command through the frames of adcalc."""
    visited: dict[str, None] = {}
    crossings: Counter[tuple[str, str]] = Counter()

    def follow(frame: FrameType, event: str, _argument: object) -> None:
        here = frame.f_code.co_filename
        if event != "call" or not here.startswith(ROOT):
            return
        callers = list(_callers(frame))
        if any(each.f_code.co_name == "<module>" for each in (frame, *callers)):
            return
        if callers and callers[0].f_code.co_filename != here:
            crossings[callers[0].f_code.co_filename, here] += 1
        visited.setdefault(here)

    sys.setprofile(follow)
    try:
        _ask(arguments)
    finally:
        sys.setprofile(None)
    return Journey(tuple(visited), crossings)


def _short(path: str) -> str:
    """The name of a module below adcalc."""
    return path.removeprefix(ROOT).lstrip("/\\").removesuffix(".py")


def report(arguments: Sequence[str]) -> None:
    """Print the figures of a question, and the pairs of modules that call one another most."""
    way = journey(arguments)
    modules, returns = next(((m, r) for question, m, r in QUESTIONS if question == tuple(arguments)), ("-", "-"))
    print(f"adcalc {' '.join(arguments)}")
    print(f"  modules   {len(way.modules):6d}   wanted {modules}")
    print(f"  crossings {way.crossings.total():6d}")
    print(f"  returns   {way.returns:6d}   wanted {returns}")
    for (caller, called), count in way.crossings.most_common(8):
        print(f"  {count:6d}  {_short(caller)} -> {_short(called)}")


if __name__ == "__main__":
    if sys.argv[1:]:
        report(sys.argv[1:])
    else:
        for question, _, _ in QUESTIONS:
            subprocess.run([sys.executable, "-m", "tests.benchmarks.journey", *question], check=True)
