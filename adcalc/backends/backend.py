"""What a backend is: it says which program gives the derivatives of a formula, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from adcalc.autodiff.derive import Derivation, Derivative


@dataclass(frozen=True)
class Backend(ABC):
    """The base of every backend: one method, from which gradients, Jacobians, Hessians, products and batches follow.

    Attributes:
        name: what `--backend` calls it.
        doc: one line for `adcalc backends`.
        exact: its derivatives have no error but rounding, so that more digits make them better.
    """

    name: ClassVar[str]
    doc: ClassVar[str]
    exact: ClassVar[bool] = True

    @abstractmethod
    def derive(self, work: Derivation) -> Derivative:
        """The derivatives of a formula by some of its variables, as formulas.

        >>> from adcalc.backends.reverse import Reverse
        >>> Reverse().exact
        True
        """
