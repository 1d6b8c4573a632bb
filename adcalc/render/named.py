"""What the figures of a result are called in files and tables."""

from __future__ import annotations

from typing import TypeAlias

from adcalc.results import Figure, Gradient, Hessian, HessianProduct, Jacobian, Pullback, Pushforward, Value

Result: TypeAlias = Value | Gradient | Hessian | Jacobian | Pushforward | Pullback | HessianProduct


def named_figures(result: Result) -> dict[str, Figure]:
    """Every figure by its name.

    >>> named_figures(Gradient(42.0, {"x": 24.0, "y": 10.0}))
    {'value': 42.0, 'd_x': 24.0, 'd_y': 10.0}
    """
    found: dict[str, Figure] = {"value": result.value}
    match result:
        case Gradient():
            found |= {f"d_{name}": partial for name, partial in result.partials.items()}
        case Hessian():
            import numpy as np

            found |= {f"d_{name}": partial for name, partial in result.partials.items()}
            found["hessian"] = np.array(result.matrix, dtype=np.float64).reshape((len(result.variables),) * 2)
        case Jacobian():
            found |= {f"d_{name}": block for name, block in result.blocks.items()}
        case Pushforward():
            found["tangent"] = result.tangent
        case Pullback():
            found |= {f"vjp_{name}": cotangent for name, cotangent in result.cotangents.items()}
        case HessianProduct():
            found |= {f"d_{name}": partial for name, partial in result.partials.items()}
            found |= {f"hvp_{name}": product for name, product in result.products.items()}
    return found


def single_name(result: Result) -> str | None:
    """The name of the figure that is meant where only one can be kept; None where there are several."""
    if isinstance(result, Hessian):
        return "hessian"
    first = "hvp_" if isinstance(result, HessianProduct) else ""
    names = [name for name in named_figures(result) if name.startswith(first)]
    return names[-1] if len(names) == (1 if first or isinstance(result, Value) else 2) else None
