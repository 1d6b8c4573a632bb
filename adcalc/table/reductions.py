"""Sums, products, extremes, norms and statistics of arrays, and the losses of machine learning."""

from __future__ import annotations

from typing import Any

from adcalc.ir.primitive import Primitive

_R, _N, _L = "sums and statistics", "norms", "losses and neural networks"
_CORE: dict[str, Any] = {"over": "core", "internal": True, "group": "parts of arrays"}
_ALONG: dict[str, Any] = {
    "arity": (1, 3),
    "parameters": ("x", "axis", "keepdims"),
    "defaults": ("absent", "0"),
    "group": _R,
}
_TIE = "equal shares are a convention"
_AXES = ("x", "axes")

# fmt: off
REDUCTIONS: tuple[Primitive, ...] = (
    Primitive("sum", "The sum of all entries, or along an axis.", over="sum", latex=r"\sum {x}", **_ALONG),
    Primitive("mean", "The arithmetic mean.", over="body",
              body="sum(x, axis, keepdims)/count(x, axis)", **_ALONG),
    Primitive("prod", "The product of all entries, or along an axis; right where some are 0.", over="reduction", **_ALONG),
    Primitive("amin", "The smallest entry: `min(x)`, `min(x, axis=0)`.", over="reduction", **_ALONG),
    Primitive("amax", "The largest entry: `max(x)`, `max(x, axis=0)`.", over="reduction", **_ALONG),
    Primitive("argmax", "The place of the largest entry. It has no derivative.", over="argmax",
              arity=(1, 2), parameters=("x", "axis"), defaults=("absent",), group=_R),
    Primitive("argmin", "The place of the smallest entry. It has no derivative.", over="argmax",
              arity=(1, 2), parameters=("x", "axis"), defaults=("absent",), group=_R),
    Primitive("var", "The mean squared distance from the mean (of the population; ddof=1 for a sample).", over="body",
              body="sum((x - mean(x, axis, 1))^2, axis, keepdims)/(count(x, axis) - ddof)",
              arity=(1, 4), parameters=("x", "axis", "keepdims", "ddof"), defaults=("absent", "0", "0"), group=_R),
    Primitive("std", "The square root of the variance.", over="body",
              body="norm(x - mean(x, axis, 1), axis, keepdims)/sqrt(count(x, axis) - ddof)",
              arity=(1, 4), parameters=("x", "axis", "keepdims", "ddof"), defaults=("absent", "0", "0"), group=_R),
    Primitive("cumsum", "The sums of the entries up to each one.", over="along", arity=(1, 2),
              parameters=("x", "axis"), defaults=("absent",), group=_R),
    Primitive("rowsum", "The sum of each row of a matrix.", over="body", body="sum(x, 1)", parameters=("x",), group=_R),
    Primitive("others", "For each entry of a vector the product of all the others.", over="along", arity=(1, 2),
              parameters=("x", "axis"), defaults=("absent",), group=_R),
    Primitive("count", "How many entries a sum along an axis adds up.", over="count", internal=True,
              arity=(2, 2), parameters=("x", "axis"), group=_R),

    Primitive("norm", "The Euclidean length of a vector, the Frobenius norm of a matrix.", over="norm",
              latex=r"\left\|{x}\right\|", **{**_ALONG, "group": _N}),
    Primitive("norm1", "The sum of absolute values.", over="body", body="sum(abs(x), axis, keepdims)",
              latex=r"\left\|{x}\right\|_1", **{**_ALONG, "group": _N}),
    Primitive("norminf", "The largest absolute value.", over="body", body="amax(abs(x), axis, keepdims)",
              latex=r"\left\|{x}\right\|_\infty", **{**_ALONG, "group": _N}),

    Primitive("logsumexp", "log(sum(exp(x))), without overflow.", over="reduction", **{**_ALONG, "group": _L}),
    Primitive("softmax", "exp(x)/sum(exp(x)): of a vector, or of each row of a matrix.", over="along", arity=(1, 2),
              parameters=("x", "axis"), defaults=("-1",), group=_L),
    Primitive("log_softmax", "log(softmax(x)), without cancellation.", over="along", arity=(1, 2),
              parameters=("x", "axis"), defaults=("-1",), group=_L),
    Primitive("mse", "The mean squared error.", over="body", body="mean((x - y)^2)", arity=(2, 2), parameters=("x", "y"), group=_L),
    Primitive("cross_entropy", "The mean of -log softmax(logits) at the labels (whole numbers, one for each row), or "
              "weighted by a distribution in each row.", over="cross_entropy", arity=(2, 2),
              parameters=("logits", "labels"), group=_L),
    Primitive("sigmoid_cross_entropy", "The mean of -t*log(sigmoid(x)) - (1 - t)*log(1 - sigmoid(x)), without overflow.",
              over="body", body="mean(softplus(logits) - logits*targets)", arity=(2, 2), parameters=("logits", "targets"), group=_L),

    # Core rows: over some of the last axes, or along the last one.
    Primitive("core sum", "Sum over axes.", parameters=_AXES, adjoints=("spread(expand(g, axes), shape(x))",),
              linear="in all", latex=r"\sum {x}", **_CORE),
    Primitive("core norm", "Norm over axes.", parameters=_AXES,
              adjoints=("expand(where(out == 0, 0, g/where(out == 0, 1, out)), axes)*x",),
              plain=("expand(g/out, axes)*x",),
              tangents=("where(out == 0, 0, total(d*x, axes)/where(out == 0, 1, out))",),
              kinks="out == 0", convention="0 is a convention", **_CORE),
    Primitive("core prod", "Product along the last axis.", adjoints=("expand(g, [-1])*exclusive(x)",),
              tangents=("total(d*exclusive(x), [-1])",), **_CORE),
    Primitive("exclusive", "Products of all the others along the last axis.",
              adjoints=("vecmat(g, pairs(x))",), tangents=("vecmat(d, pairs(x))",), **_CORE),
    Primitive("pairs", "Products of all the others but two.", over="body",
              body="exclusive(where(identity(length(x)), 1, expand(x, [-2])))*(1 - identity(length(x)))",
              internal=True, group="parts of arrays"),
    Primitive("core amin", "Smallest along the last axis.",
              adjoints=("expand(g/total(x == expand(out, [-1]), [-1]), [-1])*(x == expand(out, [-1]))",),
              tangents=("total(d*(x == expand(out, [-1])), [-1])/total(x == expand(out, [-1]), [-1])",),
              kinks="total(x == expand(out, [-1]), [-1]) > 1", convention=_TIE, **_CORE),
    Primitive("core amax", "Largest along the last axis.",
              adjoints=("expand(g/total(x == expand(out, [-1]), [-1]), [-1])*(x == expand(out, [-1]))",),
              tangents=("total(d*(x == expand(out, [-1])), [-1])/total(x == expand(out, [-1]), [-1])",),
              kinks="total(x == expand(out, [-1]), [-1]) > 1", convention=_TIE, **_CORE),
    Primitive("core argmin", "Place of the smallest along the last axis.", **_CORE),
    Primitive("core argmax", "Place of the largest along the last axis.", **_CORE),
    Primitive("core cumsum", "Sums up to each entry of the last axis.",
              adjoints=("reverse(sums(reverse(g)))",), linear="in all", **_CORE),
    Primitive("core logsumexp", "Along the last axis.", adjoints=("expand(g, [-1])*soft(x)",),
              tangents=("total(d*soft(x), [-1])",), **_CORE),
    Primitive("core softmax", "Along the last axis.", adjoints=("out*(g - expand(total(g*out, [-1]), [-1]))",),
              tangents=("out*(d - expand(total(d*out, [-1]), [-1]))",), **_CORE),
    Primitive("core log_softmax", "Along the last axis.", adjoints=("g - soft(x)*expand(total(g, [-1]), [-1])",),
              tangents=("d - expand(total(d*soft(x), [-1]), [-1])",), **_CORE),
)
# fmt: on
