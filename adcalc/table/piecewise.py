"""Functions with kinks and jumps: absolute values, roundings, extremes, activations.

Where a derivative does not exist the rule takes one convention (the middle of the slopes on both
sides for a kink of abs or a tie, the branch in force for a jump), and the row says where that is, so
that the number never comes without a warning.
"""

from __future__ import annotations

from adcalc.ir.primitive import Primitive

_P, _A = "piecewise", "neural networks"
_JUMP = "0 is a convention"
_TIE = "equal shares are a convention"

# fmt: off
PIECEWISE: tuple[Primitive, ...] = (
    Primitive("abs", "The absolute value.", ("sign(x)",), host="math.fabs", array="numpy.abs",
              kinks="x == 0", convention="0 is a convention",
              samples=(("-2.5",), ("1.5",)), edges=((("0",), ("0",)), (("-0.0",), ("0",))),
              latex=r"\left|{x}\right|", aliases=("fabs",), group=_P),
    Primitive("sign", "-1, 0 or 1, as x is negative, zero or positive.", ("0",), host="here.sign",
              kinks="x == 0", jump=True, convention=_JUMP, samples=(("-2.5",), ("1.5",)),
              edges=((("0",), ("0",)),), latex=r"\operatorname{{sgn}}\left({x}\right)",
              aliases=("sgn",), group=_P),
    Primitive("floor", "The largest integer not above x.", ("0",), host="here.floor",
              kinks="x == out", jump=True, convention=_JUMP, samples=(("-2.5",), ("1.25",)),
              edges=((("2",), ("0",)),), latex=r"\left\lfloor {x} \right\rfloor", group=_P),
    Primitive("ceil", "The smallest integer not below x.", ("0",), host="here.ceil",
              kinks="x == out", jump=True, convention=_JUMP, samples=(("-2.5",), ("1.25",)),
              edges=((("2",), ("0",)),), latex=r"\left\lceil {x} \right\rceil", group=_P),
    Primitive("round", "The nearest integer; halves go to the even neighbour.", ("0",), host="here.nearest",
              kinks="abs(x - out) == 0.5", jump=True, convention=_JUMP, samples=(("-2.25",), ("1.25",)),
              edges=((("0.5",), ("0",)),), group=_P),
    Primitive("trunc", "The integer part: x without its decimals.", ("0",), host="here.trunc",
              kinks="x == out and x != 0", jump=True, convention=_JUMP, samples=(("-2.5",), ("1.25",)),
              edges=((("2",), ("0",)),), group=_P),
    Primitive("step", "0 for negative x, else 1.", ("0",), host="here.step", array="here.step",
              kinks="x == 0", jump=True, convention=_JUMP, samples=(("-2.5",), ("1.25",)),
              edges=((("0",), ("0",)),), aliases=("heaviside",), group=_P),
    Primitive("min", "The smallest of any number of arguments.", ("1/ties if x == out else 0",), chooses="<",
              arity=(1, None), host="here.minimum", array="numpy.minimum",
              kinks="x == out and ties > 1", convention=_TIE, samples=(("1.5", "2.5"), ("3", "2", "4")),
              edges=((("2", "2"), ("0.5", "0.5")), (("1", "1", "1"), ("1/3", "1/3", "1/3"))),
              latex=r"\min\left({x}\right)", group=_P),
    Primitive("max", "The largest of any number of arguments.", ("1/ties if x == out else 0",), chooses=">",
              arity=(1, None), host="here.maximum", array="numpy.maximum",
              kinks="x == out and ties > 1", convention=_TIE, samples=(("1.5", "2.5"), ("3", "2", "4")),
              edges=((("2", "2"), ("0.5", "0.5")), (("1", "1", "1"), ("1/3", "1/3", "1/3"))),
              latex=r"\max\left({x}\right)", group=_P),
    Primitive("clip", "x, but not below y and not above z.",
              ("1 if y < x < z else 0.5 if x == y or x == z else 0", "1 if x < y else 0.5 if x == y else 0",
               "1 if x > z else 0.5 if x == z else 0"), arity=(3, 3), host="here.clip",
              domain="y <= z", kinks="x == y or x == z", convention=_TIE,
              samples=(("0.5", "0", "1"), ("-1.5", "0", "1"), ("2.5", "0", "1")),
              edges=((("0", "0", "1"), ("0.5", "0.5", "0")),), aliases=("clamp",), group=_P),
    Primitive("hypot", "The length of a vector of any number of components, without overflow.",
              ("x/out if out != 0 else 0",), arity=(1, None), host="math.hypot",
              kinks="out == 0", convention="0 is a convention",
              samples=(("1.5", "-2.5"), ("3", "2", "4")),
              edges=((("1e200", "1e200"), ("1/sqrt(2)", "1/sqrt(2)")), (("0", "0"), ("0", "0")),
                     (("1e-200", "1e-200"), ("1/sqrt(2)", "1/sqrt(2)"))),
              latex=r"\operatorname{{hypot}}\left({x}\right)", group=_P),

    Primitive("relu", "max(x, 0).", ("1 if x > 0 else 0.5 if x == 0 else 0",), body="max(x, 0)",
              kinks="x == 0", convention="1/2 is a convention", samples=(("-1.5",), ("2",)),
              edges=((("0",), ("0.5",)),), group=_A),
    Primitive("leaky_relu", "x where it is positive, else y*x (y is 0.01 when left out).",
              ("1 if x > 0 else (1 + y)/2 if x == 0 else y", "0 if x > 0 else x"), arity=(1, 2),
              defaults=("0.01",), body="x if x > 0 else y*x", kinks="x == 0 and y != 1",
              convention="the mean of both slopes is a convention",
              samples=(("-1.5", "0.25"), ("2", "0.25")), edges=((("0", "0"), ("0.5", "0")),), group=_A),
    Primitive("elu", "x where it is positive, else y*(exp(x) - 1) (y is 1 when left out).",
              ("1 if x > 0 else (1 + y)/2 if x == 0 else y*exp(x)", "0 if x > 0 else expm1(x)"), arity=(1, 2),
              defaults=("1",), body="x if x > 0 else y*expm1(x)", kinks="x == 0",
              convention="the mean of both slopes is a convention",
              samples=(("-1.5", "0.75"), ("2", "0.75")), edges=((("0", "1"), ("1", "0")),), group=_A),
    Primitive("sigmoid", "1/(1 + exp(-x)), without overflow.", ("sigmoid(x)*sigmoid(-x)",),
              body="1/(1 + exp(-x)) if x >= 0 else exp(x)/(1 + exp(x))", array="special.expit",
              samples=(("-1.5",), ("2",)),
              edges=((("0",), ("0.25",)), (("-1000",), ("0",)), (("40",), ("4.248354255291589e-18",))),
              aliases=("expit", "logistic"), group=_A),
    Primitive("logit", "log(x/(1 - x)), the inverse of sigmoid.", ("1/(x*(1 - x))",),
              body="2*atanh(2*x - 1) if abs(x - 0.5) < 0.25 else log(x) - log1p(-x)",
              array="special.logit", domain="x > 0 and x < 1", samples=(("0.125",), ("0.5625",)),
              edges=((("0.5",), ("4",)),), group=_A),
    Primitive("softplus", "log(1 + exp(x)), without overflow.", ("sigmoid(x)",),
              body="logaddexp(0, x)", samples=(("-1.5",), ("2",)),
              edges=((("0",), ("0.5",)), (("1000",), ("1",)), (("-40",), ("4.248354255291589e-18",))),
              group=_A),
    Primitive("silu", "x*sigmoid(x), also called swish.", ("sigmoid(x)*(1 + x*sigmoid(-x))",),
              body="x*sigmoid(x)", samples=(("-1.5",), ("2",)), edges=((("0",), ("0.5",)),),
              aliases=("swish",), group=_A),
    Primitive("gelu", "x*normal_cdf(x) (Hendrycks and Gimpel, 2016), exact.",
              ("normal_cdf(x) + x*normal_pdf(x)",), body="x*normal_cdf(x)",
              samples=(("-1.5",), ("2",)), edges=((("0",), ("0.5",)),), group=_A),
)
# fmt: on
