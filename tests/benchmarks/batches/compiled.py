"""The formulas in C: written by hand, and as SymPy writes them; and the triad that says how fast memory is."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.batches.formulas import AbsentError, Formula, needed

FLAGS = [
    "-O3", "-march=native", "-ffast-math", "-fno-builtin-sin", "-fno-builtin-cos",
    "-shared", "-fPIC", "-x", "c", "-", "-lmvec", "-lm",
]  # fmt: skip

# Without `const`, calls that are no longer built in would keep the loop from becoming one over vectors.
_HEAD = """
#include <math.h>
extern double sin(double) __attribute__((const, simd("notinbranch")));
extern double cos(double) __attribute__((const, simd("notinbranch")));
"""

_TRIAD = """
#include <immintrin.h>
void run(long n, const double *restrict b, const double *restrict c, double *restrict a) {
#ifdef __AVX512F__
    __m512d s = _mm512_set1_pd(3.0);
    for (long i = 0; i + 8 <= n; i += 8)
        _mm512_stream_pd(a + i, _mm512_fmadd_pd(s, _mm512_load_pd(c + i), _mm512_load_pd(b + i)));
#else
    __m256d s = _mm256_set1_pd(3.0);
    for (long i = 0; i + 4 <= n; i += 4)
        _mm256_stream_pd(a + i, _mm256_add_pd(_mm256_load_pd(b + i), _mm256_mul_pd(s, _mm256_load_pd(c + i))));
#endif
    _mm_sfence();
}
"""

#: The loop's body; inputs have the formulas' names, outputs are `f` and `d` before the name of a variable.
BY_HAND = {
    "a": "f = x*x*y + y + 2; dx = 2*x*y; dy = x*x + 1;",
    "b": "f = log(x1) + x1*x2 - sin(x2); dx1 = 1/x1 + x2; dx2 = x1 - cos(x2);",
    "c": """
        double q = 1/s, k = (x - m)*q;
        f = exp(-0.5*k*k)*q*0.39894228040143267794;
        double g = f*q;
        dx = -g*k; dm = g*k; ds = g*(k*k - 1);""",
    "d": """
        double rr = x1*x1 + x2*x2, r = sqrt(rr), t = atan2(x2, x1), u = tanh(x3*r - x4*t);
        double i6 = 1/x6, k = (x5 - u)*i6, v = exp(-0.5*k*k), W = 1 + x7*x7 + v*r, w = log(W);
        double b = 1 + x8*x8, sb = sqrt(b), e = exp(-x3*t), iD = 1/(x9 + e), z = b*sb*iD;
        double l9 = log(x9), p = exp(u*l9), q = 1/(1 + exp(x10 - w*z)), h = sqrt(w*w + z*z);
        double T = tanh(x10*t), Z = x7 + z, lz = log(Z), g = x4 - x5, X = exp(-r*x10), c8 = x8*x8*x8;
        f = v*h + q*T + p*lz + c8*u + 0.5*g*g*i6 - x1*x2*X;
        double vh = v/h, pZ = p/Z, gq = -T*q*(1 - q);
        double gw = vh*w - gq*z, gz = vh*z + pZ - gq*w, gW = gw/W;
        double gT = q*(1 - T*T), gD = -gz*z*iD, ge = gD*e;
        double gk = -(h + gW*r)*v*k, gs = -x1*x2*X, gg = g*i6;
        double gu = (c8 + lz*p*l9 - gk*i6)*(1 - u*u);
        double gt = gT*x10 - x3*ge - gu*x4, gr = gW*v - x10*gs + gu*x3;
        double ar = gr/r, at = gt/rr;
        dx1 = ar*x1 - at*x2 - x2*X; dx2 = ar*x2 + at*x1 - x1*X;
        dx3 = gu*r - t*ge; dx4 = gg - gu*t; dx5 = gk*i6 - gg; dx6 = -(gk*k + 0.5*g*gg)*i6;
        dx7 = pZ + 2*x7*gW; dx8 = 3*(gz*sb*iD*x8 + x8*x8*u); dx9 = lz*p*u/x9 + gD; dx10 = gq + gT*t - r*gs;""",
}


def outputs(formula: Formula) -> list[str]:
    """The names of the value and of the partials in C."""
    return ["f", *(f"d{name}" for name in formula.variables)]


def by_hand(formula: Formula) -> str:
    """The body of the loop as a person writes it."""
    if formula.letter not in BY_HAND:
        raise AbsentError("nobody wrote this formula in C")
    return BY_HAND[formula.letter]


def by_sympy(formula: Formula) -> str:
    """The body of the loop as SymPy writes it, common subexpressions shared."""
    sympy = needed("sympy")
    found = formula.derivatives(1)
    steps, results = sympy.cse(list(found.values()), symbols=sympy.numbered_symbols("step"))
    lines = [f"double {name} = {sympy.ccode(step)};" for name, step in steps]
    lines += [f"{name} = {sympy.ccode(result)};" for name, result in zip(outputs(formula), results, strict=True)]
    return "\n        ".join(lines)


def loop(formula: Formula, body: str) -> str:
    """A function over columns around the body of a loop."""
    columns = [f"const double *restrict {name}_column" for name in formula.variables]
    columns += [f"double *restrict {name}_column" for name in outputs(formula)]
    reads = " ".join(f"double {name} = {name}_column[i_];" for name in formula.variables)
    declared = f"double {', '.join(outputs(formula))};"
    writes = " ".join(f"{name}_column[i_] = {name};" for name in outputs(formula))
    return f"""{_HEAD}
void run(long rows_, {", ".join(columns)}) {{
    for (long i_ = 0; i_ < rows_; i_++) {{
        {reads} {declared}
        {body}
        {writes}
    }}
}}
"""


def library(text: str, folder: Path, *options: str) -> Callable[..., None]:
    """The function `run` of a C text, over as many columns of doubles as it takes."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise AbsentError("there is no gcc")
    target = folder / f"{abs(hash((text, options)))}.so"
    begin, end = FLAGS[: FLAGS.index("-x")], FLAGS[FLAGS.index("-x") :]
    command = [compiler, *begin, *options, "-o", str(target), *end]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise AbsentError(f"gcc refuses: {done.stderr.strip().splitlines()[-1]}")
    run = ctypes.CDLL(str(target)).run
    run.restype = None

    def called(columns: Sequence[np.ndarray]) -> None:
        pointers = [ctypes.c_void_p(column.ctypes.data) for column in columns]
        run(ctypes.c_long(len(columns[0])), *pointers)

    return called


def triad(folder: Path) -> Callable[..., None]:
    """a = b + 3*c past the caches."""
    return library(_TRIAD, folder)


def aligned(rows: int) -> np.ndarray:
    """A column of zeros that begins where a cache line does, every page of it touched."""
    room = np.zeros(rows + 8)
    begin = (-room.ctypes.data // 8) % 8
    column = room[begin : begin + rows]
    column[:] = 0.0
    return column
