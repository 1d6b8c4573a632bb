"""Four ways to the same derivatives, a page each; the choice is one literal dictionary.

A backend is a class with one required method, `gradient`; the Hessian has a default that is built on
it.  Others come from outside by the entry-point group `adcalc.backends`.
"""

from __future__ import annotations

from types import MappingProxyType

from adcalc.backends.dual import Dual
from adcalc.backends.numeric import Numeric
from adcalc.backends.protocol import Backend, Derivatives
from adcalc.backends.reverse import Reverse
from adcalc.backends.symbolic import Symbolic
from adcalc.errors import InputProblem, near

BACKENDS: MappingProxyType[str, type[Backend]] = MappingProxyType(
    {"reverse": Reverse, "dual": Dual, "symbolic": Symbolic, "numeric": Numeric}
)

__all__ = ["BACKENDS", "Backend", "Derivatives", "backend_named"]


def backend_named(name: str) -> type[Backend]:
    """The backend of a name: one of the four, or one that is installed.

    Raises:
        InputProblem: there is none.
    """
    if name in BACKENDS:
        return BACKENDS[name]
    from importlib.metadata import entry_points

    for entry in entry_points(group="adcalc.backends", name=name):
        found: type[Backend] = entry.load()
        return found
    guess = near(name, list(BACKENDS))
    raise InputProblem(
        f"unknown backend `{name}`", hint=f"did you mean `{guess}`?" if guess else f"there are {', '.join(BACKENDS)}"
    )
