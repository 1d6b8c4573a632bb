"""Linear algebra: products of vectors and matrices, inverses, determinants, factorisations.

The adjoints are those of Giles (2008) and Murray (2016); of a determinant it is the matrix of
cofactors, which is right for a singular matrix too.
"""

from __future__ import annotations

from typing import Any

from adcalc.ir.primitive import Primitive
from adcalc.table.operators import PRODUCT

_G = "linear algebra"
_CORE: dict[str, Any] = {"over": "core", "internal": True, "group": "parts of arrays"}

#: A matrix that is not symmetric, roundings aside.
_UNEVEN = "total(abs(x - swap(x)) > 1e-9*(abs(x) + abs(swap(x))), [-2, -1]) > 0"

#: A matrix whose condition number, by Frobenius norms, leaves less than four digits.
_SINGULAR = "sqrt(total(x*x, [-2, -1]))*sqrt(total(inverse(x)*inverse(x), [-2, -1])) > 1e12"

# fmt: off
LINEAR: tuple[Primitive, ...] = (
    Primitive("@", "The product of matrices, of a matrix and a vector, or of two vectors (their dot product).",
              arity=(2, 2), over="product", symbol="@", binding=PRODUCT, latex="{x} {y}", group=_G),
    Primitive("dot", "The product as NumPy's dot has it; of two vectors the sum of products.", arity=(2, 2),
              over="product", parameters=("x", "y"), group=_G),
    Primitive("outer", "The matrix of all products of entries of two vectors.", arity=(2, 2), over="outer",
              parameters=("x", "y"), group=_G),
    Primitive("cross", "The vector product of two vectors of three entries.", arity=(2, 2), over="body",
              body="[x[1]*y[2] - x[2]*y[1], x[2]*y[0] - x[0]*y[2], x[0]*y[1] - x[1]*y[0]]",
              parameters=("x", "y"), group=_G),
    Primitive("kron", "The Kronecker product: every entry of x times all of y.", arity=(2, 2), over="kron",
              parameters=("x", "y"), group=_G),
    Primitive("trace", "The sum of the diagonal.", over="square", latex=r"\operatorname{{tr}}\left({x}\right)", group=_G),
    Primitive("det", "The determinant.", over="square", group=_G),
    Primitive("logdet", "The logarithm of the absolute value of the determinant, without overflow.", over="square", group=_G),
    Primitive("inv", "The inverse matrix.", over="square", latex="{x}^{{-1}}", group=_G),
    Primitive("solve", "The solution z of x @ z = y.", arity=(2, 2), over="solve", parameters=("x", "y"), group=_G),
    Primitive("cholesky", "The lower triangular L with L @ L.T equal to a positive definite matrix.", over="square", group=_G),
    Primitive("eigvalsh", "The eigenvalues of a symmetric matrix, ascending. The derivative needs them to be distinct.",
              over="square", group=_G),
    Primitive("eigenvectors", "The eigenvectors of a symmetric matrix as columns, in the order of `eigvalsh`.",
              over="square", group=_G),
    Primitive("cofactor", "The matrix of cofactors: the derivative of the determinant.", over="square", group=_G),

    # Core rows, over the last axes.
    Primitive("inner", "Vector by vector.", arity=(2, 2), adjoints=("expand(g, [-1])*y", "expand(g, [-1])*x"),
              linear="in each", symbol="@", **_CORE),
    Primitive("matvec", "Matrix by vector.", arity=(2, 2), adjoints=("dyad(g, y)", "matvec(swap(x), g)"),
              linear="in each", symbol="@", **_CORE),
    Primitive("vecmat", "Vector by matrix.", arity=(2, 2), adjoints=("matvec(y, g)", "dyad(x, g)"),
              linear="in each", symbol="@", **_CORE),
    Primitive("matmul", "Matrix by matrix.", arity=(2, 2), adjoints=("matmul(g, swap(y))", "matmul(swap(x), g)"),
              linear="in each", symbol="@", **_CORE),
    Primitive("dyad", "All products of two vectors.", arity=(2, 2), adjoints=("matvec(g, y)", "vecmat(x, g)"),
              linear="in each", **_CORE),
    Primitive("core trace", "Sum of the diagonal.", adjoints=("expand(g, [-2, -1])*identity(length(x))",),
              linear="in all", **_CORE),
    Primitive("core det", "Determinant.", adjoints=("expand(g, [-2, -1])*cofactors(x)",),
              tangents=("total(d*cofactors(x), [-2, -1])",), **_CORE),
    Primitive("cofactors", "Cofactors.", adjoints=("minors(x, g)",), tangents=("minors(x, d)",), **_CORE),
    Primitive("minors", "The derivative of the cofactors of x along y.", arity=(2, 2),
              adjoints=("", "minors(x, g)"), tangents=("", "minors(x, d)"), **_CORE),
    Primitive("core logdet", "Logarithm of the absolute determinant.", domain="a matrix whose determinant is not 0",
              adjoints=("expand(g, [-2, -1])*swap(inverse(x))",),
              tangents=("total(d*swap(inverse(x)), [-2, -1])",), **_CORE),
    Primitive("core inv", "Inverse.", domain="a matrix that has an inverse", rough=_SINGULAR, adjoints=("-matmul(swap(out), matmul(g, swap(out)))",),
              tangents=("-matmul(out, matmul(d, out))",), **_CORE),
    Primitive("core solve", "Matrix of solutions.", arity=(2, 2), domain="a matrix that has an inverse", rough=_SINGULAR,
              adjoints=("-matmul(solution(swap(x), g), swap(out))", "solution(swap(x), g)"),
              tangents=("-solution(x, matmul(d, out))", "solution(x, d)"), **_CORE),
    Primitive("solvevec", "Vector of solutions.", arity=(2, 2), domain="a matrix that has an inverse", rough=_SINGULAR,
              adjoints=("-dyad(solvevec(swap(x), g), out)", "solvevec(swap(x), g)"),
              tangents=("-solvevec(x, matvec(d, out))", "solvevec(x, d)"), **_CORE),
    Primitive("core cholesky", "Cholesky factor.", domain="a symmetric positive definite matrix",
        outside=_UNEVEN,
              adjoints=("symmetric(solution(swap(out), swap(solution(swap(out), swap(half(matmul(swap(out), g)))))))",),
              tangents=("matmul(out, half(solution(out, swap(solution(out, swap(symmetric(d)))))))",), **_CORE),
    Primitive("half", "The lower triangle with half of the diagonal.", over="body", body="lower(x, 0) - diagonal(on_diagonal(x))/2",
              internal=True, group="parts of arrays"),
    Primitive("symmetric", "The symmetric part.", over="body", body="(x + swap(x))/2", internal=True, group="parts of arrays"),
    Primitive("core eigvalsh", "Eigenvalues.", domain="a symmetric matrix", outside=_UNEVEN,
              kinks="total(where(identity(length(out)), 0, abs(expand(out, [-2]) - expand(out, [-1])) <= "
                    "1e-13*expand(expand(total(abs(out), [-1]), [-1]), [-1])), [-2, -1]) > 0",
              convention="two eigenvalues are equal, and of those the order is a convention",
              adjoints=("matmul(vectors(x)*expand(g, [-2]), swap(vectors(x)))",),
              tangents=("on_diagonal(matmul(swap(vectors(x)), matmul(symmetric(d), vectors(x))))",), **_CORE),
    Primitive("core eigenvectors", "Eigenvectors.", domain="a symmetric matrix", outside=_UNEVEN,
              adjoints=("symmetric(matmul(out, matmul(gaps(values(x))*matmul(swap(out), g), swap(out))))",),
              tangents=("matmul(out, gaps(values(x))*matmul(swap(out), matmul(symmetric(d), out)))",), **_CORE),
    Primitive("gaps", "One over the differences of eigenvalues, 0 on the diagonal.", over="body",
              body="1/(expand(x, [-2]) - expand(x, [-1]) + identity(length(x))) - identity(length(x))",
              internal=True, group="parts of arrays"),
)

#: What rules call the core rows whose names are those of the language.
RULE_NAMES = {
    "total": "core sum", "soft": "core softmax", "sums": "core cumsum", "solution": "core solve",
    "inverse": "core inv", "vectors": "core eigenvectors", "values": "core eigvalsh",
}  # fmt: skip
# fmt: on
