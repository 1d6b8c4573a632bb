"""Four ways to the same derivatives, a page each; the choice is one literal dictionary.

A backend is a class with one method, `derive`.  Others come from outside by the entry-point group `adcalc.backends`.
"""

from __future__ import annotations

from importlib import import_module

from adcalc.backends.backend import Backend
from adcalc.errors import InputProblem, near

#: Where each backend lives, written as an entry point is, so that only the chosen one is imported.
BACKENDS: dict[str, str] = {
    "reverse": "adcalc.backends.reverse:Reverse",
    "dual": "adcalc.backends.dual:DualBackend",
    "symbolic": "adcalc.backends.symbolic:Symbolic",
    "numeric": "adcalc.backends.numeric:Numeric",
}

__all__ = ["BACKENDS", "Backend", "backend_named"]


def backend_named(name: str) -> type[Backend]:
    """The backend of a name: one of the four, or one that is installed.

    Raises:
        InputProblem: there is none.

    >>> backend_named("dual").doc
    'forward mode by dual numbers: one sweep for each variable'
    """
    if name in BACKENDS:
        module, _, attribute = BACKENDS[name].partition(":")
        found: type[Backend] = getattr(import_module(module), attribute)
        return found
    from importlib.metadata import entry_points

    for entry in entry_points(group="adcalc.backends", name=name):
        installed: type[Backend] = entry.load()
        return installed
    guess = near(name, list(BACKENDS))
    hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(BACKENDS)}"
    raise InputProblem(f"unknown backend `{name}`", hint=hint)
