"""Vectors and matrices as they are written: what is read, how it is printed, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adcalc.algebras.latex import LATEX
from adcalc.algebras.text import spelled, written
from adcalc.errors import Problem, Source
from adcalc.ir.expr import Apply, Expr, Number, Variable, apply, variables
from adcalc.parser.resolve import read
from adcalc.table import PRIMITIVES

NODES = [
    ("[1, 2]", "[](1, 2)"), ("[[1, 2], [3]]", "[]([](1, 2), [](3))"), ("[]", "[]()"), ("[1,\n2,\n]", "[](1, 2)"),
    ("x[0]", "x[](x, 0)"), ("x[-1]", "x[](x, -1)"), ("A[1, :]", "x[](A, 1, :(absent, absent, absent))"),
    ("x[1:]", "x[](x, :(1, absent, absent))"), ("x[::2]", "x[](x, :(absent, absent, 2))"), ("x[a:b:c]", "x[](x, :(a, b, c))"),
    ("x[:b:]", "x[](x, :(absent, b, absent))"), ("A[i][j]", "x[](x[](A, i), j)"), ("(x + 1)[0]", "x[](+(x, 1), 0)"),
    ("sin(x)[2]", "x[](sin(x), 2)"), ("2x[0]", "*(2, x[](x, 0))"), ("A.T", ".T(A)"), ("A.T.T", ".T(.T(A))"), ("2.T", "*(2, T)"),
    ("A.T^2", "^(.T(A), 2)"), ("-x[0]^2", "neg(^(x[](x, 0), 2))"), ("√x[0]", "x[](sqrt(x), 0)"), ("x[0]y", "*(x[](x, 0), y)"),
    ("A'", "'(A)"), ("A′", "'(A)"), ("A''", "'('(A))"), ("(x)'", "'(x)"), ("sin(x)'", "'(sin(x))"), ("[1, 2]'", "'([](1, 2))"),
    ("A'[0]", "x[]('(A), 0)"), ("-A'", "neg('(A))"), ("A'*x", "times('(A), x)"), ("x'*A*x", "times(times('(x), A), x)"),
    ("A'B", "times('(A), B)"), ("(x)'(x + 1)", "times('(x), +(x, 1))"), ("A^2'", "raised(A, '(2))"), ("A'^2", "raised('(A), 2)"),
    ("x'·x²/2", "/(times('(x), raised(x, 2)), 2)"), ("2x**3; x'.*x", ".*('(x), x)"), ("x'; 2x^3", "*(2, ^(x, 3))"),
    ("y = x*x; y += x'; y *= 2; y", "*(+(*(x, x), '(x)), 2)"), ("y = x; y *= A'; y*x", "*(times(x, '(A)), x)"), ("f(t) = t^2; g(t) = 2t; f(3)", "^(3, 2)"),
    ("x'\n(y)", "y"), ("A @ B*C", "*(@(A, B), C)"), ("a + b@c", "+(a, @(b, c))"), ("a.*b./c", "./(.*(a, b), c)"), ("a.^b.^c", ".^(a, .^(b, c))"),
    ("-x.^2", "neg(.^(x, 2))"), ("x⊙y", ".*(x, y)"), ("2.*x", "*(2, x)"), ("2 .*x", ".*(2, x)"), ("3./x", "/(3, x)"), ("2.^x", "^(2, x)"),
    ("x = a; x @= b; x", "@(a, b)"), ("x = a; x .*= b; x ./= c; x .^= 2; x ⊙= d; x", ".*(.^(./(.*(a, b), c), 2), d)"),
    ("sum(x)", "sum(x, absent, 0)"), ("sum(x, 1)", "sum(x, 1, 0)"), ("sum(x, keepdims=1)", "sum(x, absent, 1)"),
    ("sum(keepdims=1, axis=0, x=y)", "sum(y, 0, 1)"), ("softmax(x)", "softmax(x, -1)"), ("linspace(0, 1)", "linspace(0, 1, 50)"),
    ("linspace(num=3, start=0, stop=1)", "linspace(0, 1, 3)"), ("arange(5)", "arange(5, absent, 1)"), ("var(x, ddof=1)", "var(x, absent, 0, 1)"),
    ("flatten(x)", "ravel(x)"), ("leaky_relu(x)", "leaky_relu(x, 0.01)"), ("f(a, b) = a - b; f(b=1, a=2)", "-(2, 1)"),
    ("f(a, b) = a - b; f(2, b=1)", "-(2, 1)"), ("zeros([2, 3])", "zeros([](2, 3))"), ("det(A)", "det(A)"), ("dot(x, y)", "dot(x, y)"),
    ("min(x)", "min(x)"), ("max(x, y)", "max(x, y)"), ("min(x, axis=0)", "amin(x, 0, 0)"), ("max(x, keepdims=1)", "amax(x, absent, 1)"),
    ("concat([x, y])", "concat(x, y, 0)"), ("concat(x, y)", "concat(x, y, 0)"), ("concat([x, y], axis=1)", "concat(x, y, 1)"),
    ("concatenate(x, axis=-1)", "concat(x, -1)"), ("stack(x, y, axis=1)", "stack(x, y, 1)"), ("stack([i for i in 0..2])", "stack(for(0, 2, i:1, i:1), 0)"),
    ("sum(x[i] for i in 0..n-1)", "sum(for(0, -(n, 1), i:1, x[](x, i:1)), 0, 0)"), ("[i^2 for i in 1..2n]", "for(1, *(2, n), i:1, ^(i:1, 2))"),
    ("sum(i*j for i in 0..n for j in i..m)", "sum(for(0, n, i:1, sum(for(i:1, m, j:2, *(i:1, j:2)), 0, 0)), 0, 0)"),
    ("sum(sum(i*j for j in i..m) for i in 0..n)", "sum(for(0, n, i:1, sum(for(i:1, m, j:2, *(i:1, j:2)), 0, 0)), 0, 0)"),
    ("[i*j for i in 0..1 for j in 0..2]", "for(0, 1, i:1, for(0, 2, j:2, *(i:1, j:2)))"), ("max(x[i] for i in 0..3)", "amax(for(0, 3, i:1, x[](x, i:1)), 0, 0)"),
    ("prod(1.5 for i in 1.5..3)", "prod(for(1.5, 3, i:1, 1.5), 0, 0)"), ("softmax(i for i in 0..3)", "softmax(for(0, 3, i:1, i:1), 0)"),
    ("sum([i for i in 0..3])", "sum(for(0, 3, i:1, i:1), absent, 0)"), ("i = 5; sum(i for i in i..2i) + i", "+(sum(for(5, *(2, 5), i:1, i:1), 0, 0), 5)"),
    ("sum(sum(i for i in 0..i) for i in 0..3)", "sum(for(0, 3, i:1, sum(for(0, i:1, i:2, i:2), 0, 0)), 0, 0)"),
    ("[x if i else y for i in 0..2]", "for(0, 2, i:1, where(i:1, x, y))"), ("sum(e for e in 0..1) + e", "+(sum(for(0, 1, e:1, e:1), 0, 0), e)"),
    ("f(n) = sum(i for i in 1..n); f(2) + f(3)", "+(sum(for(1, 2, i:2, i:2), 0, 0), sum(for(1, 3, i:3, i:3), 0, 0))"),
    ("f(a) = sum(a*i for i in 0..1); sum(f(i) for i in 0..2)", "sum(for(0, 2, i:2, sum(for(0, 1, i:3, *(i:2, i:3)), 0, 0)), 0, 0)"),
    ("f(i) = sum(i for i in 0..i) + i; f(7)", "+(sum(for(0, 7, i:2, i:2), 0, 0), 7)"),
    ("T*2 + var - sum/mean", "-(+(*(T, 2), var), /(sum, mean))"),
    ("variance*normal*sumo*lens*shapes*tracer*detail*diagonal*crossing*meanwhile*invest",
     "*(*(*(*(*(*(*(*(*(*(variance, normal), sumo), lens), shapes), tracer), detail), diagonal), crossing), meanwhile), invest)"),
]  # fmt: skip

PRINTED = [
    ("[1,2,]", "[1, 2]"), ("[[1,2],[3,4]]", "[[1, 2], [3, 4]]"), ("x[ 0 ,1 : 3, : :2]", "x[0, 1:3, ::2]"), ("x[:,a:]", "x[:, a:]"), ("(x)[0]", "x[0]"),
    ("(x + 1)[0]", "(x + 1)[0]"), ("(2)[0]", "(2)[0]"), ("[1, 2][0]", "[1, 2][0]"), ("x[a if b else c:d]", "x[a if b else c:d]"), ("(x^2)[0]", "(x^2)[0]"),
    ("(-x)[0]", "(-x)[0]"), ("-x[0]", "-x[0]"), ("(A*B).T", "(A*B).T"), ("(2).T", "(2).T"), ("x1 .T", "x1.T"), ("A'", "A'"), ("(A*B)'", "(A*B)'"),
    ("A'^2", "A'^2"), ("(A^2)'", "(A^2)'"), ("A''", "A''"), ("x'*A*x", "x'*A*x"), ("x'A'x", "x'*A'*x"), ("x'.*x.^2", "x'.*x.^2"), ("x' @ x", "x'@x"),
    ("A @ B", "A@B"), ("A @ (B @ C)", "A@(B@C)"), ("(a + b)@c", "(a + b)@c"), ("a .* b", "a.*b"), ("2 .* x", "2 .* x"), ("x*2 .* y", "x*2 .* y"),
    ("2 ./ x", "2 ./ x"), ("2 .^ x", "2 .^ x"), ("x ⊙ 2", "x.*2"), ("(a.^b).^c", "(a.^b).^c"), ("a.^b^c", "a.^b^c"), ("a.*b*c", "a.*b*c"), ("a*(b.*c)", "a*(b.*c)"),
    ("sum(x, 0, 0)", "sum(x, axis=0)"), ("sum(x, keepdims=1)", "sum(x, keepdims=1)"), ("sum(x, 0, 1)", "sum(x, axis=0, keepdims=1)"),
    ("softmax(x, axis=-1)", "softmax(x)"), ("softmax(x, 0)", "softmax(x, axis=0)"), ("var(x, 0, 0, 1)", "var(x, axis=0, ddof=1)"), ("linspace(0, 1, 50)", "linspace(0, 1)"),
    ("linspace(0, 1, num=5)", "linspace(0, 1, 5)"), ("arange(5)", "arange(5)"), ("arange(0, 5)", "arange(0, 5)"), ("arange(5, step=2)", "arange(5, step=2)"),
    ("triu(x, k=1)", "triu(x, 1)"), ("reshape(x, shape=[2, 3])", "reshape(x, [2, 3])"), ("min(x, axis=0)", "min(x, axis=0)"), ("max(x)", "max(x)"),
    ("concat(x, y)", "concat([x, y])"), ("concat([x, y], axis=1)", "concat([x, y], axis=1)"), ("stack([[1, 2]])", "stack([[1, 2]])"),
    ("stack([t for t in 1..3])", "stack([t for t in 1..3])"), ("sum(x[i] for i in 0..n-1)", "sum(x[i] for i in 0..n - 1)"), ("[i for i in 1.5..(a<b)]", "[i for i in 1.5..(a < b)]"),
    ("max(x[i] for i in -1..1)", "max(x[i] for i in -1..1)"), ("sum([i for i in 0..3])", "sum([i for i in 0..3])"), ("sum([i for i in 0..3], axis=0)", "sum(i for i in 0..3)"),
    ("sum([i for i in 0..3], axis=0, keepdims=1)", "sum([i for i in 0..3], axis=0, keepdims=1)"), ("norm(i for i in 0..3)", "norm(i for i in 0..3)"),
    ("sum(i*j for i in 0..1 for j in 0..i)", "sum(sum(i*j for j in 0..i) for i in 0..1)"), ("[i*j for i in 0..1 for j in 0..2]", "[[i*j for j in 0..2] for i in 0..1]"),
    ("i + sum(i for i in 0..3)", "i + sum(i2 for i2 in 0..3)"), ("f(t) = t*i; sum(f(i) for i in 0..3)", "sum(i2*i for i2 in 0..3)"),
    ("f(t) = sum(t*i for i in 0..1); sum(f(i) for i in 0..2)", "sum(sum(i*i2 for i2 in 0..1) for i in 0..2)"), ("f(t) = e*t; sum(f(e) for e in 0..1)", "sum(e*e2 for e2 in 0..1)"),
    ("sum(i for i in 0..1) + sum(i for i in 0..2)", "sum(i for i in 0..1) + sum(i for i in 0..2)"), ("sum(2x if x else y for x in 0..1)", "sum(2*x if x else y for x in 0..1)"),
    ("B = A'; C*D^2", "C*D^2"),
]  # fmt: skip

TYPESET = [
    ("[1, 2]", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"), ("[[1, 2], [3, 4]]", r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}"), ("x[0]", "x_{0}"), ("A[1, ::2]", "A_{1, ::2}"),
    ("x1[0]", "{x_{1}}_{0}"), ("A.T", r"A^{\top}"), ("A''", r"\left(A^{\top}\right)^{\top}"), ("x'*A*x", r"x^{\top} \, A \, x"), ("A'^2", r"\left(A^{\top}\right)^{2}"), ("A @ (x + y)", r"A \left(x + y\right)"),
    ("x.*y./z.^2", r"x \odot y \oslash z^{\circ 2}"), ("sum(x)", r"\sum x"), ("sum(x + y)^2", r"\left(\sum \left(x + y\right)\right)^{2}"), ("a + sum(x)", r"a + \sum x"), ("sum(x)*a", r"\left(\sum x\right) \, a"),
    ("sum(x[i] for i in 0..n)", r"\sum_{i=0}^{n} x_{i}"), ("sum(i*j for i in 0..1 for j in 0..i)", r"\sum_{i=0}^{1} \sum_{j=0}^{i} i \, j"), ("max(i for i in 0..1)", r"\max_{i=0}^{1} i"), ("[i for i in 0..1]", r"\left(i\right)_{i=0}^{1}"),
    ("mean(i for i in 0..1)", r"\operatorname{mean}\left(\left(i\right)_{i=0}^{1}\right)"), ("sum(x, axis=0)", r"\operatorname{sum}\left(x, \mathrm{axis} = 0\right)"), ("inv(A + B)", r"\left(A + B\right)^{-1}"),
    ("norm(x)", r"\left\|x\right\|"), ("concat([x, y], axis=1)", r"\operatorname{concat}\left(x, y, \mathrm{axis} = 1\right)"), ("trace(A)", r"\operatorname{tr}\left(A\right)"),
]  # fmt: skip

REFUSED = [
    ("(1]", "cannot close `(`", "(1]", "`)`"), ("[1)", "cannot close `[`", "[1)", "`]`"), ("[1, 2", "never closed", "[", "`]`"), ("1]", "closes nothing", "]", ""), ("[2, (1]", "cannot close", "(1]", "`)`"),
    ("[1,,2]", "missing formula", ",,", ""), ("[,]", "missing formula", "[,", ""), ("[1 2]", "side by side", "1 2", ""), ("x[1,]", "missing formula", ",]", ""), ("x[]", "which entry", "[]", "`x[0]`"),
    ("x[0] = 1", "an entry cannot be given", "=", "`x = [1, 2, 3]`"), ("x[0] += 1", "an entry cannot be given", "+=", ""), ("2[1, 2]", "no entries", "2[1, 2]", "`2*[1, 2]`"), ("x[0] 2", "side by side", "x[0] 2", ""),
    ("x : y", "only in a slice", ":", "`x[1:3]`"), ("x[0..2]", "`..` stands only", "..", "x[a:b]"), ("0..2", "`..` stands only", "..", ""), ("x.t", "means nothing", ".", ""), ("x.Tx", "means nothing", ".", ""),
    ("'abc'", "`'` means nothing here", "'", "no texts"), ("x + 'abc'", "`'` means nothing here", "'", "no texts"), ("x = [1, 2]; x'(x + 1)", "variable here", "x'", "`x'*(x + 1)`"), ("x'(x + 1)", "unknown function `x`", "x'", "`x'*(x + 1)`"),
    ("norm = 2; norm''(3)", "variable here", "norm''", "`norm''*(3)`"), ("velocity'(2)", "unknown function", "velocity'", "`velocity'*(2)`"), ("A.^2x", "two ways", "A.^2x", "`A.^2*x` or `A.^(2*x)`"), ("x ./2x", "two ways", "x ./2x", ""),
    (".*x", "missing operand before `.*`", ".*", ""), ("x @", "missing operand after `@`", "@", ""), ("x.*", "missing operand after `.*`", ".*", ""),
    ("sum(x, ax=1)", "no argument called `ax`", "ax", "`x`, `axis`, `keepdims`"), ("sum(x, axis=0, axis=1)", "given twice", "axis", ""), ("sum(x, 0, axis=1)", "`axis` is given twice", "axis", ""), ("sin(x=1)", "no named arguments", "x", ""),
    ("max(x, y=1)", "no argument called `y`", "y", "`axis`"), ("max(x, y, axis=0)", "one array", "max(x, y, axis=0)", "`max(x, axis=0)`"), ("hypot(x, y=1)", "no named arguments", "y", ""), ("sum(axis=0, x)", "after a named one", "x", "before `axis=`"),
    ("sum(axis=0)", "`sum` needs `x`", "sum(axis=0)", "`axis`"), ("linspace(1)", "takes 2 to 3 arguments, not 1", "linspace(1)", "linspace(start, stop, num)"), ("sum(1, 2, 3, 4)", "not 4", "sum(1, 2, 3, 4)", "`sum(x, axis, keepdims)`"),
    ("concat(axis=1)", "at least one array", "concat(axis=1)", "`concat([x, y])`"), ("stack([])", "at least one array", "stack([])", ""), ("concat(x, arrays=y)", "no argument called `arrays`", "arrays", "`axis`"), ("stack(axis=1, x)", "after a named one", "x", ""),
    ("f(a, b) = a; f(1, c=2)", "no argument called `c`", "c", "`a`, `b`"), ("f(a, b) = a; f(b=1)", "`f` needs `a`", "f(b=1)", ""), ("f(a, b) = a; f(1, a=2)", "given twice", "a", ""), ("f(a) = a; f(i for i in 0..1)", "terms of a loop", "i for i in 0..1", "`f([i for i in 0..1])`"),
    ("f(a=1) = a; 1", "must be a name", "a=1", ""), ("sin'(x=1)", "no named arguments", "x", ""), ("diff(x^2, by=x)", "no named arguments", "by", ""), ("diff(x for x in 0..1, x)", "terms of a loop", "x for x in 0..1", ""),
    ("sin(i for i in 0..3)", "does not take the terms of a loop", "i for i in 0..3", "`sin([i for i in 0..3])`"), ("stack(i for i in 0..3)", "does not take", "i for i in 0..3", "`stack([i for i in 0..3])`"), ("dot(i for i in 0..3, 2)", "does not take", "i for i in 0..3", "[... for ...]"),
    ("sum(i for i in 0..3, axis=1)", "only argument", "axis=1", "sum([... for ...], axis=0)"), ("sum(2, i for i in 0..3)", "only argument", "2, ", ""), ("var(i*j for i in 0..1 for j in 0..1)", "one loop", "i*j for i in 0..1 for j in 0..1", "`var([i*j for i in 0..1 for j in 0..1])`"),
    ("sum(x[i] for i in x)", "needs a range", "x", "`for i in 0..n-1`"), ("sum(i for i in 3)", "needs a range", "3", "0..n-1"), ("sum(i for i)", "needs an index and its range", "i", "`for i in 0..n-1`"), ("sum(i for 3)", "needs an index", "for", ""), ("sum(i for i, j in 0..1)", "needs an index", "i", ""),
    ("sum(i for i in)", "missing operand after `in`", "in", ""), ("sum(i for i in 0..)", "missing operand after `..`", "..", ""), ("sum(i for i in a<b..c)", "cannot stand in a range", "<", "brackets"), ("i for i in 0..1", "word of the language", "for", "sum("), ("for = 3", "word of the language", "for", ""),
    ("[i for i in 0..1, 2]", "comma", ",", ""), ("sum x", "needs brackets", "sum x", "sum(x)"), ("x = [1, 2]; x y", "side by side", "x y", ""), ("sum(x,)", "missing formula", ",)", ""), ("{1, 2}", "means nothing", "{", "square"),
    ("diff(sum(x^2), x)", "for formulas of numbers", "diff(sum(x^2), x)", "`adcalc diff`"), ("diff(x[0], x)", "for formulas of numbers", "diff(x[0], x)", ""), ("f(t) = sum([t, t]); f'(2)", "for formulas of numbers", "f'(2)", "`adcalc diff`"), ("norm'(x)", "for formulas of numbers", "norm'(x)", ""),
    ("f(t) = t'*t; f'(2)*A'", "for formulas of numbers", "f'(2)", "`A.T`"),
]  # fmt: skip


def node(text: str) -> Expr:
    """What a text means, with what was assigned put in."""
    meaning = read(Source(text), (), lambda body, _name, _order: body)
    assert meaning.result is not None
    (result,) = meaning.inlined([meaning.result])
    return result


def shape(expr: Expr) -> str:
    """A formula as calls of rows."""
    if isinstance(expr, Number):
        return f"{expr.value:g}"
    if isinstance(expr, Variable):
        return expr.name
    inside = ", ".join(shape(argument) for argument in expr.arguments)
    return f"{expr.primitive.name}({inside})" if expr.arguments or expr.primitive.name == "[]" else expr.primitive.name


def without_serials(expr: Expr) -> str:
    """A formula in which the numbers of loops do not matter, nor what was put behind an index to tell it apart."""
    return re.sub(r"([a-z])\d*:\d+", r"\1:", shape(expr))


@pytest.mark.parametrize(("text", "meant"), NODES, ids=[row[0] for row in NODES])
def test_meanings(text: str, meant: str) -> None:
    """A text is read as these rows of the table."""
    assert shape(node(text)) == meant


@pytest.mark.parametrize(("text", "printed"), PRINTED, ids=[row[0] for row in PRINTED])
def test_a_formula_reads_back_as_it_is_printed(text: str, printed: str) -> None:
    """Printing is canonical, and a fixed point that means the same."""
    expr = node(text)

    assert written(expr) == printed
    assert written(node(printed)) == printed
    assert without_serials(node(printed)) == without_serials(expr)


@pytest.mark.parametrize(("text", "typeset"), TYPESET, ids=[row[0] for row in TYPESET])
def test_latex(text: str, typeset: str) -> None:
    """A formula is typeset like this."""
    assert written(node(text), LATEX) == typeset


@pytest.mark.parametrize(("text", "message", "place", "hint"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(text: str, message: str, place: str, hint: str) -> None:
    """What is no formula is refused at its place and with advice."""
    with pytest.raises(Problem) as caught:
        node(text)

    problem = caught.value
    assert message in problem.message
    assert problem.span is not None
    assert text[problem.span[0] : problem.span[1]] == place
    assert hint in problem.hint
    assert problem.exit_code == 2


def test_a_derivative_keeps_its_prime() -> None:
    """Between a function and its argument a prime is a derivative, and the products stay what they are."""
    assert shape(node("f(t) = t*t; f'(3)*f''(3)*sin'(0)")) == "*(*(*(3, 3), *(3, 3)), sin(0))"
    assert shape(node("f(t) = sin(t); f'(2)*A'")) == "times(sin(2), '(A))"
    assert shape(node("f(t) = t^2; (f'\n(2))")) == "^(2, 2)"


def test_primes_of_a_bound_name_are_transposes() -> None:
    """A name that has a value is no function, even if the table has one of that name."""
    with pytest.raises(Problem, match="variable here"):
        read(Source("gamma'(2)"), ("gamma",), lambda body, _name, _order: body)


def test_extremes_without_an_axis_are_printed_as_such() -> None:
    """The smallest of all entries is `min(x)`, whatever the row is called."""
    for name, printed in {
        "amin(x)": "min(x)",
        "amax(x, axis=1)": "max(x, axis=1)",
        "amax(x + 1)": "max(x + 1)",
    }.items():
        assert written(node(name)) == printed
        assert written(node(printed)) == printed


def test_entrywise_products_in_a_book() -> None:
    """Where a transpose is written with a prime, a product entry by entry is printed with its dot."""
    book, plain = node("x'"), node("2*y^z")
    assert isinstance(plain, Apply)
    for expr in (_sum(book, plain), _sum(plain, book)):
        assert written(expr) in ("x' + 2 .* y.^z", "2 .* y.^z + x'")
        assert written(node(written(expr))) == written(expr)


def test_statements_of_both_notations_are_printed_as_one() -> None:
    """What is inlined keeps its meaning, whatever notation the statement around it is in."""
    assert written(node("B = A'*A; B*B")) == "A'*A.*(A'*A)"
    assert written(node("f(x, y) = x; f(C*D^2, A')")) == "C*D^2 + (0)'"


def _sum(left: Expr, right: Expr) -> Expr:
    both = node("left + right")
    assert isinstance(both, Apply)
    return apply(both.primitive, left, right)


def test_indices_are_not_free() -> None:
    """The index of a loop is no variable of the formula."""
    assert variables([node("sum(x[i]*k for i in 0..n)")]) == ("n", "x", "k")


def test_no_two_loops_share_an_index() -> None:
    """Each loop has an index of its own, each call of a definition too."""
    expr = node("f(n) = sum(i*j for i in 0..n for j in 0..i); f(1) + f(2) + sum(i for i in 0..1)")
    loops = [n for n in _below(expr) if isinstance(n, Apply) and n.primitive is PRIMITIVES["for"]]

    assert len(loops) == 5
    assert len({loop.arguments[2] for loop in loops}) == 5


def _below(expr: Expr) -> list[Expr]:
    found = [expr]
    for each in found:
        found.extend(each.arguments if isinstance(each, Apply) else ())
    return list(dict.fromkeys(found))


def test_long_formulas_name_no_part_that_depends_on_an_index() -> None:
    """A part that is written twice gets a name, but not one inside a loop that means something else there."""
    expr = node("sum(sin(x[i] + y)^2 + sin(x[i] + y) + exp(a + b + c) for i in 0..n) + exp(a + b + c)")
    *named, (_, last) = spelled(expr, longest=20)

    assert named == [("t1", "exp(a + b + c)")]
    assert last == "sum(sin(x[i] + y)^2 + sin(x[i] + y) + t1 for i in 0..n) + t1"


def test_rules_call_core_rows() -> None:
    """A rule of the table names what formulas may not, and gives it just the arguments it says."""
    names = ("g", "d", "x", "axes", "axis", "keepdims")
    for text, meant in {
        "spread(expand(g, axes), shape(x))": "spread(expand(g, axes), shape(x))",
        "total(d*x, [-1])": "core sum(*(d, x), [](-1))",
        "sum(x, axis, keepdims)/count(x, axis)": "/(sum(x, axis, keepdims), count(x, axis))",
    }.items():
        meaning = read(Source(text), names, rule=True)
        assert meaning.result is not None
        assert shape(meaning.result) == meant
    with pytest.raises(Problem, match="unknown function `spread`"):
        node("spread(g, x)")


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000 + "x" + "]" * 20_000, "x" + "'" * 20_000, "x" + "[0]" * 20_000, "x" + ".T" * 20_000,
     "sum(" * 2_000 + "i" + " for i in 0..1)" * 2_000, "[" + "1, " * 20_000 + "]",
     "sum(i for i in 0.." * 2_000 + "1" + ")" * 2_000, " + ".join(["sum(x[i] for i in 0..3)"] * 2_000)],
    ids=["lists", "primes", "indices", "transposes", "loops", "entries", "bounds", "sums"],
)  # fmt: skip
def test_depth(text: str) -> None:
    """What is nested deeply, or is long, is read and printed all the same."""
    printed = written(node(text))

    assert printed.count("[") == text.count("[")
    assert printed.count("for") == text.count("for")
    assert written(node(text), LATEX)


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["@", ".*", "./", ".^", "*", "^", "/", "+", "-", "<", "and"])
    index = st.sampled_from("ijx")
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[{}:{}, ::({})]".format, inner, inner, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from([".T", "'", "''"])),
        st.builds("({}) {} ({})".format, inner, signs, inner),
        st.builds("(({}) if ({}) else ({}))".format, inner, inner, inner),
        st.builds("{}({} for {} in ({})..({}))".format, st.sampled_from(["sum", "max", "softmax", ""]), inner, index, inner, inner).map(
            lambda text: f"[{text[1:-1]}]" if text[0] == "(" else text
        ),
        st.builds("sum({} for i in ({})..({}) for j in ({})..i)".format, inner, inner, inner, inner),
        st.builds("{}({}, axis={})".format, st.sampled_from(["sum", "max", "concat", "stack"]), inner, st.sampled_from("01i")),
        st.builds("var({}, keepdims=1, ddof={})".format, inner, inner),
    )  # fmt: skip


FORMULAS = st.recursive(st.sampled_from(["x", "A", "i", "j", "x1", "e", "2", "1.5", "-3"]), _texts, max_leaves=12)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(FORMULAS)
def test_random_formulas_read_back_as_they_are_printed(text: str) -> None:
    """Whatever is nested in whatever, the printed text means the same, in one line and in several."""
    try:
        expr = node(text)
    except Problem as problem:
        assert "at least one array" in problem.message
        return
    printed = written(expr)

    assert written(node(printed)) == printed
    assert without_serials(node(printed)) == without_serials(expr)
    assert written(node(_in_lines(expr))) == printed
    assert written(expr, LATEX)


def _in_lines(expr: Expr) -> str:
    lines = spelled(expr, longest=20)
    mark = "0'; " if written(expr).startswith("0'; ") else ""
    return mark + "; ".join(f"{name} = {text}" if name else text for name, text in lines)


WORDS = [
    *"[](),:'@=xA2", "[1, 2]", "x[", "]", ".T", ".*", "./", ".^", "..", "0..2", "for", "for i in 0..2", "in", "sum(", "max(", "concat(",
    "axis=", "axis=0", "absent", "i", "f(t) = ", "x = ", ";", "\n", "*", "^", "-", " ", "diff(", "sin",
]  # fmt: skip


@settings(max_examples=2000, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14), st.sampled_from(["", " "]))
def test_noise_of_words(words: list[str], between: str) -> None:
    """Whatever words come in whatever order, they are a formula that can be printed, or a problem with its place."""
    text = between.join(words)
    try:
        expr = node(text)
    except Problem as problem:
        assert problem.message
        if problem.message != "the formula is empty":
            assert problem.span is not None
            assert 0 <= problem.span[0] <= problem.span[1] <= len(text)
        return
    printed = written(expr)
    assert written(node(printed)) == printed
