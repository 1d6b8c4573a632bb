"""The formulas that are raced, once for everybody: adcalc, JAX, PyTorch and SymPy read the same text.

Powers are written `**`, which both Python and adcalc read, and steps are assignments before the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np


class AbsentError(Exception):
    """A competitor is not here; the message says what is missing."""


@dataclass(frozen=True)
class Formula:
    """A formula, and where its variables lie."""

    letter: str
    text: str
    ranges: Mapping[str, tuple[float, float]]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.ranges)

    def samples(self, rows: int) -> dict[str, np.ndarray]:
        """Columns of points, the same for everybody who asks for as many rows."""
        r = np.random.default_rng(7)
        return {name: r.uniform(low, high, rows) for name, (low, high) in self.ranges.items()}

    def function(self, names: Mapping[str, object]) -> Callable[..., Any]:
        """The formula as a Python function, where `exp` and its like mean what a library means by them."""
        *steps, result = [line.strip() for line in self.text.split(";")]
        body = "".join(f"    {line}\n" for line in [*steps, f"return {result}"])
        scope = dict(names)
        exec(f"def f({', '.join(self.variables)}):\n{body}", scope)
        found: Callable[..., Any] = scope["f"]  # type: ignore[assignment]
        return found

    def derivatives(self, order: int) -> dict[str, Any]:
        """The value and the derivatives as SymPy finds them, by name: `f`, `x`, and for order 2 `x y`."""
        sympy = needed("sympy")
        symbols = [
            sympy.Symbol(name, real=True, positive=True if low > 0 else None) for name, (low, _) in self.ranges.items()
        ]
        names = {name: getattr(sympy, name.replace("arc", "a")) for name in FUNCTIONS} | {"pi": sympy.pi}
        value = self.function(names)(*symbols)
        found = {"f": value} | {str(x): sympy.diff(value, x) for x in symbols}
        if order == 2:
            for k, x in enumerate(symbols):
                found |= {f"{x} {y}": sympy.diff(found[str(x)], y) for y in symbols[k:]}
        return found


#: What the formulas call.
FUNCTIONS = (
    *("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("atan2", "asin", "acos", "atan", "arcsin", "arccos", "arctan"),
)

#: What NumPy and its like call otherwise.
NUMPY_NAMES = {"atan2": "arctan2", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}


def needed(name: str) -> Any:
    """A module that may be missing."""
    try:
        return import_module(name)
    except ImportError as missing:
        raise AbsentError(str(missing)) from None


def numpy_like(module: Any) -> dict[str, object]:
    """The functions by adcalc's names, from a module that has NumPy's."""
    return {name: getattr(module, NUMPY_NAMES.get(name, name)) for name in FUNCTIONS} | {"pi": np.pi}


FORMULAS = {
    formula.letter: formula
    for formula in (
        Formula("a", "x*x*y + y + 2", {"x": (-3, 3), "y": (-3, 3)}),
        Formula("b", "log(x1) + x1*x2 - sin(x2)", {"x1": (0.5, 5), "x2": (-3, 3)}),
        Formula(
            "c", "exp(-(x - m)**2/(2*s**2))/sqrt(2*pi*s**2)", {"x": (-2, 2), "m": (-1, 1), "s": (0.5, 2)},
        ),
        Formula(
            "d",
            "r = sqrt(x1**2 + x2**2); t = atan2(x2, x1); u = tanh(x3*r - x4*t);"
            "v = exp(-(x5 - u)**2/(2*x6**2)); w = log(1 + x7**2 + v*r);"
            "z = (1 + x8**2)**1.5/(x9 + exp(-x3*t)); q = 1/(1 + exp(x10 - w*z));"
            "v*sqrt(w**2 + z**2) + q*tanh(x10*t) + x9**u*log(x7 + z) + x8**3*u"
            " + 0.5*(x4 - x5)**2/x6 - x1*x2*exp(-r*x10)",
            {
                "x1": (-2, 2), "x2": (-2, 2), "x3": (0.2, 1.5), "x4": (-1, 1), "x5": (-1, 1),
                "x6": (0.5, 2), "x7": (0.5, 2), "x8": (-1.5, 1.5), "x9": (0.5, 2), "x10": (-1, 1),
            },
        ),
    )
}  # fmt: skip


_TERMS = (
    "{0:.6f}*sin({1:.6f}*{a} + {b})*exp(-{c}**2/{2:.6f})",
    "{0:.6f}*log({1:.6f} + {a}**2 + {b}**2)*{c}*tanh({2:.6f}*{a})",
    "{0:.6f}*sqrt({1:.6f} + {a}**2*{b}**2)/({2:.6f} + cos({c}) + {a}**2)",
    "{0:.6f}*{a}*{b}*({1:.6f} - {c})**3*exp({2:.6f}*{a}*{b} - {c})",
)


def fresh(seed: int) -> Formula:
    """A formula of some 200 operations in six variables that nobody has seen before."""
    r = np.random.default_rng(seed)
    names = [f"x{k}" for k in range(6)]
    terms = []
    for _ in range(20):
        a, b, c = r.choice(names, 3, replace=False)
        terms.append(_TERMS[r.integers(len(_TERMS))].format(*r.uniform(1.5, 3, 3), a=a, b=b, c=c))
    return Formula("fresh", " + ".join(terms), dict.fromkeys(names, (0.1, 1.0)))
