"""What the language knows about one of its functions: a row of the table, and nothing else.

Everything that adcalc does with `tanh` (evaluate, differentiate, refuse, print, document, test)
is read off the row of `tanh`.  Rules are text in adcalc's own language:

`x`, `y`, `z`
    the arguments; in a row of any number of arguments, `x` is the argument in question;
`out`
    the value that has already been computed;
`ties`
    in a row of any number of arguments, how many of them are equal to `out`.
"""

from __future__ import annotations

from dataclasses import dataclass

#: An argument of an edge point, or an expected partial: text in the language, or None: no derivative.
EdgeValue = str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Primitive:
    """One row of the table.  Rows are compared by identity: there is one object for each."""

    name: str
    doc: str
    """A sentence for `adcalc functions`."""
    partials: tuple[str, ...] = ()
    """The partial derivative by each argument; "" says that there is none."""
    exact: tuple[str, ...] = ()
    """The same partials with the points at which the plain text fails; evaluated, but not shown."""
    arity: tuple[int, int | None] = (1, 1)
    """The least and the largest number of arguments; None: any number."""
    defaults: tuple[str, ...] = ()
    """Values of the last arguments when they are left out."""
    body: str = ""
    """The value as a formula, for a row that no library computes."""
    host: str = ""
    """Where the value comes from: "math.sin", "special.psi" (SciPy) or "here.modulo" (adcalc)."""
    array: str = ""
    """What NumPy or SciPy calls it: "numpy.arcsin", "special.psi"."""
    domain: str = ""
    """The condition under which there is a value; "" for everywhere."""
    advice: str = ""
    """What to write instead, shown with a domain problem."""
    kinks: str = ""
    """The condition under which the derivative by an argument may not exist."""
    jump: bool = False
    """At a kink the value itself jumps (or a branch changes), so that no adjoint can make it harmless."""
    convention: str = ""
    """What is taken for the derivative at a kink, in words."""
    samples: tuple[tuple[str, ...], ...] = ()
    """Inner points of the domain, at which the rules are held against difference quotients."""
    edges: tuple[tuple[tuple[str, ...], tuple[EdgeValue, ...]], ...] = ()
    """Points where rules go wrong, with the partials expected there."""
    latex: str = ""
    """Template over {x}, {y}, {z}; "" for the name in roman type with arguments in brackets."""
    symbol: str = ""
    """How an operator is written between (or before) its arguments."""
    binding: int = 0
    """How tightly an operator binds; 0 for a function."""
    takes: tuple[int | None, int | None] | None = None
    """For a branch: which argument is the result when the first is true, and when it is false; None: the first."""
    aliases: tuple[str, ...] = ()
    group: str = ""

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def constant(self) -> bool:
        """A named constant: a primitive of no argument."""
        return self.arity == (0, 0)

    @property
    def variadic(self) -> bool:
        """Takes any number of arguments, all alike."""
        return self.arity[1] is None
