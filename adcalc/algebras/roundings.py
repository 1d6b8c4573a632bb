"""How the rows of the table round: exactly, as sums do, as eliminations do, or in the last place of the result.

Also where a result of 0 is an underflow, and where libraries are rough.  `adcalc.algebras.noise` makes the
roundings worse by what is said here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

#: Four to eight times what a rounding can do, so that one run is a safe witness.
SIZE = 4.0 * sys.float_info.epsilon
SMALLEST = sys.float_info.min
LARGEST_WHOLE = 2.0**53

# fmt: off
#: Rows that round nothing: choices among their arguments, truth values and whole numbers ...
CHOOSING = frozenset({
    "neg", "abs", "min", "max", "clip", "relu", "given", "provided", "where", "not", "and", "or", "<", "<=", ">", ">=", "==", "!=",
    "sign", "floor", "ceil", "round", "trunc", "step", "core amin", "core amax", "core argmin", "core argmax",
    "core one_hot", "unsound", "fill", "identity", "numbers",
})
#: ... and arrangements of entries.
ARRANGING = frozenset({
    "core array", "core concat", "expand", "squeeze", "spread", "shaped", "swap", "permute", "index", "scatter", "take",
    "reverse", "diagonal", "on_diagonal", "upper", "lower",
})
EXACT = CHOOSING | ARRANGING
#: Rows that add up, so that entries may cancel: these are moved before, and what comes out after.
ADDING = frozenset({
    "core sum", "core cumsum", "core trace", "gather", "put", "inner", "matvec", "vecmat", "matmul", "dyad",
})
#: Rows by elimination and the like, which solve a problem nearby exactly: it is moved before, and the result after.
FACTORING = frozenset({
    "core det", "core logdet", "core inv", "core solve", "solvevec", "core cholesky", "core eigvalsh",
    "core eigenvectors", "cofactors", "minors",
})
#: Core rows right to a few units in the last place, of which only the result is moved, as that of all other rows.
COMPUTING = frozenset({"core norm", "core prod", "exclusive", "core logsumexp", "core softmax", "core log_softmax"})
# fmt: on

GAMMAS = frozenset({"gamma", "lgamma", "digamma", "polygamma", "lbeta", "factorial"})
#: Rows that libraries compute to an absolute, not to a relative accuracy near their roots; the gammas left of 0, too.
ROUGH = GAMMAS | {"logaddexp", "core logsumexp", "core log_softmax"}
NEAR_A_ROOT = 0.125
#: Of quotients beyond this the last digits before the point, on which a remainder depends, are those of roundings.
FAR = 2.0**40

_POSITIVE = ("exp", "exp2", "erfc", "sech", "csch", "sigmoid", "softplus", "gamma", "beta", "normal_pdf", "normal_cdf")
#: Where a result of 0 is an underflow, unless one of these arguments is 0; elsewhere 0 is a result like any other.
VANISHING: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"*": (0, 1), "/": (0,), "^": (0,), "atan2": (0,), "silu": (0,), "gelu": (0,)} | dict.fromkeys(_POSITIVE, ())
)
