"""What the language knows about one of its functions: a row of the table, and nothing else.

Everything that adcalc does with `tanh` (evaluate, differentiate, refuse, print, document, test)
is read off the row of `tanh`.  Rules are text in adcalc's own language:

`x`, `y`, `z`
    the arguments; in a row of any number of arguments, `x` is the argument in question;
`out`
    the value that has already been computed;
`ties`
    in a row of any number of arguments, how many of them are equal to `out`;
`g`, `d`
    in a row over whole arrays, the adjoint of the value and the tangent of an argument.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

#: An argument of an edge point, or an expected partial: text in the language, or None: no derivative.
EdgeValue = str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Primitive:
    """One row of the table.  Rows are compared by identity: there is one object for each."""

    name: str
    doc: str
    """A sentence for `adcalc functions`."""
    partials: tuple[str, ...] = ()
    """The partial derivative by each argument; "" says that there is none."""
    exact: tuple[str, ...] = ()
    """The same partials with the points at which the plain text fails or loses digits; evaluated, but not shown."""
    chooses: str = ""
    """Of two arguments the first is the value where it compares so with the second; equal ones share."""
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
    parameters: tuple[str, ...] = ()
    """What the arguments are called, where they may be given by name."""
    over: str = ""
    """For a row over whole arrays: "core", or the rule by which it becomes core rows; "" entry by entry."""
    adjoints: tuple[str, ...] = ()
    """Of a core row: the adjoint of each argument, given the adjoint `g` of the value; "" for none."""
    plain: tuple[str, ...] = ()
    """The adjoints as a book prints them, where they say more about exceptional points; shown, not evaluated."""
    tangents: tuple[str, ...] = ()
    """Of a core row: the tangent of the value, given the tangent `d` of each argument."""
    linear: str = ""
    """"in all" arguments together or "in each" of them: then the tangent is the row itself, of the tangents."""
    outside: str = ""
    """Of a core row: a condition under which it has no value, though a number would come out."""
    rough: str = ""
    """Of a core row: a condition under which few digits of its value are certain."""
    internal: bool = False
    """Rules may name it, formulas may not."""
    static: tuple[tuple[str, Any], ...] = ()
    """What a bound row was bound to: axes, dimensions, keys."""

    def __repr__(self) -> str:
        return f"<{self.name}{dict(self.static) or ''}>"

    def bound(self, **static: Hashable) -> Primitive:
        """This row with its axes, dimensions or keys settled; the same ones give the same row.

        >>> row = Primitive("sum", "")
        >>> row.bound(axes=(-1,)) is row.bound(axes=(-1,)), row.bound(axes=(-1,))
        (True, <sum{'axes': (-1,)}>)
        """
        items = tuple(static.items())
        key = (id(self), items)
        found = _bound.get(key)
        if found is None:
            found = _bound.setdefault(key, replace(self, static=items))
        return found

    def setting(self, name: str) -> Any:
        """What a name was bound to."""
        return dict(self.static)[name]

    @property
    def elementwise(self) -> bool:
        """Applied to arrays, it is applied to each entry."""
        return not self.over

    @property
    def constant(self) -> bool:
        """A named constant: a primitive of no argument."""
        return self.arity == (0, 0)

    @property
    def variadic(self) -> bool:
        """Takes any number of arguments, all alike."""
        return self.arity[1] is None


# Rows of the table live for ever, so that their identity can stand for them.
_bound: WeakValueDictionary[object, Primitive] = WeakValueDictionary()
