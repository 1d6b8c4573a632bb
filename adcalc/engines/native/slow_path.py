"""What a function of polynomials does with the few arguments that are beyond it.

A branch, taken if any lane needs it, goes to a cold function that takes the lanes one by one to the C
library.  A lane's value does not depend on its neighbours: the others keep theirs.
"""

from __future__ import annotations

from collections.abc import Callable

from adcalc.engines.native.code import Code, Lane
from adcalc.engines.native.scalars import declaration, lane_by_lane, scalar


class Branching(Code):
    """The code of a vector function, with other functions beside it.

    Attributes:
        name: of the function.
        arguments: the names of its arguments.
        beside: the text of further functions, which only it calls.
    """

    __slots__ = ("_branches", "arguments", "beside", "name")

    def __init__(self, name: str, arity: int, width: int) -> None:
        super().__init__(width)
        self.name = name
        self.arguments = ("%x", "%y")[:arity]
        self.beside: list[str] = []
        self._branches = 0

    def each(self, row: str, attributes: str, *arguments: Lane) -> Lane:
        """The scalar function of a row, called for each lane by a function beside this one."""
        function = scalar(row)
        assert function is not None
        beside = f"{self.name}.each.{function.symbol}"
        if function.symbol not in self.declared:
            self.declared[function.symbol] = declaration(function)
            self.beside.append(lane_by_lane(beside, function, self.width, attributes))
        return self.call(f'"{beside}"', *arguments)

    def otherwise(self, row: str, rare: Lane, found: Lane, *arguments: Lane) -> Lane:
        """What was found, but in the lanes of a mask what the scalar function of a row says of some arguments."""
        return self.unless(rare, found, lambda: self.each(row, "noinline cold minsize nounwind", *arguments))

    def unless(self, rare: Lane, found: Lane, other: Callable[[], Lane]) -> Lane:
        """What was found, but in the lanes of a mask what is written where the branch goes if there are any."""
        self._branches += 1
        here, there, last, after = (f"{place}{self._branches}" for place in ("here", "there", "last", "after"))
        bits = self.line(f"bitcast {self.masks} {rare} to i{self.width}")
        some = self.line(f"icmp ne i{self.width} {bits}, 0")
        self.lines += [
            f"  br label %{here}",
            f"{here}:",
            f"  br i1 {some}, label %{there}, label %{after}",
            f"{there}:",
        ]
        value = self.select(rare, other(), found)
        self.lines += [f"  br label %{last}", f"{last}:", f"  br label %{after}", f"{after}:"]
        return self.line(f"phi {self.doubles} [ {found}, %{here} ], [ {value}, %{last} ]")
