"""adcalc: value, gradient and Hessian of a formula, exact, explained and fast.

>>> import adcalc
>>> adcalc.parse("x*x*y + y + 2").gradient({"x": 3, "y": 4}).partials["x"]
24.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from adcalc.errors import Caution, Problem
    from adcalc.function import Function, gradient, hessian, parse, value
    from adcalc.results import Gradient, Hessian, HessianProduct, Jacobian, Pullback, Pushforward, Value

__all__ = [
    "Caution",
    "Function",
    "Gradient",
    "Hessian",
    "HessianProduct",
    "Jacobian",
    "Problem",
    "Pullback",
    "Pushforward",
    "Value",
    "__version__",
    "gradient",
    "hessian",
    "parse",
    "value",
]

_HOMES = {
    "adcalc.errors": ("Caution", "Problem"),
    "adcalc.function": ("Function", "gradient", "hessian", "parse", "value"),
    "adcalc.results": ("Gradient", "Hessian", "HessianProduct", "Jacobian", "Pullback", "Pushforward", "Value"),
}


def __getattr__(name: str) -> object:
    """A public name, imported when it is first asked for: `adcalc --version` needs none of them."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
