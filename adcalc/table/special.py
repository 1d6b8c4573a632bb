"""Special functions: error functions, the gamma family, logarithms of sums, the normal distribution."""

from __future__ import annotations

from adcalc.ir.primitive import Primitive

_S, _N = "special functions", "probability"
_NOT_A_POLE = "x > 0 or x != floor(x)"
_BOTH_POSITIVE = "x > 0 and y > 0"

# fmt: off
SPECIAL: tuple[Primitive, ...] = (
    Primitive("erf", "The error function.", ("2/sqrt(pi)*exp(-x^2)",), array="special.erf",
              samples=(("-0.5",), ("1.5",)),
              edges=((("0",), ("1.1283791670955126",)), (("5",), ("1.5670866531017335e-11",))), group=_S),
    Primitive("erfc", "1 - erf(x), without cancellation.", ("-2/sqrt(pi)*exp(-x^2)",),
              array="special.erfc", samples=(("-0.5",), ("1.5",)),
              edges=((("0",), ("-1.1283791670955126",)),), group=_S),
    Primitive("erfcx", "exp(x^2)*erfc(x), without underflow.", ("2*x*out - 2/sqrt(pi)",),
              host="special.erfcx", array="special.erfcx", samples=(("-0.5",), ("1.5",)),
              edges=((("0",), ("-1.1283791670955126",)),), group=_S),
    Primitive("erfinv", "The inverse of erf.", ("sqrt(pi)/2*exp(out^2)",), host="special.erfinv",
              array="special.erfinv", domain="abs(x) < 1", samples=(("-0.5",), ("0.75",)),
              edges=((("0",), ("0.886226925452758",)),), group=_S),
    Primitive("gamma", "The gamma function.", ("out*digamma(x)",), host="here.gamma",
              array="special.gamma", domain=_NOT_A_POLE, samples=(("0.5",), ("3.25",), ("-1.5",)),
              edges=((("1",), ("-0.5772156649015329",)),),
              latex=r"\Gamma\left({x}\right)", group=_S),
    Primitive("lgamma", "The logarithm of the absolute value of the gamma function.", ("digamma(x)",),
              array="special.gammaln", domain=_NOT_A_POLE, samples=(("0.5",), ("3.25",), ("-1.5",)),
              edges=((("-0.5",), ("0.036489973978576521",)), (("200",), ("5.2958152832199116",))),
              latex=r"\ln\left|\Gamma\left({x}\right)\right|", aliases=("gammaln",), group=_S),
    Primitive("digamma", "The derivative of the logarithm of the gamma function.", ("polygamma(1, x)",),
              host="special.psi", array="special.psi", domain=_NOT_A_POLE,
              samples=(("0.5",), ("3.25",), ("-1.5",)),
              edges=((("-0.5",), ("8.9348022005446793",)), (("1",), ("pi^2/6",))),
              latex=r"\psi\left({x}\right)", aliases=("psi",), group=_S),
    Primitive("polygamma", "The derivative of digamma of integer order x, at y: polygamma(1, y) is digamma'(y).",
              ("", "polygamma(x + 1, y)"), arity=(2, 2), host="here.polygamma", array="special.polygamma",
              domain="0 <= x <= 170 and x == floor(x) and (y > 0 or (y > -1e6 and y != floor(y)))",
              samples=(("1", "0.5"), ("2", "3.25")), edges=((("1", "1"), (None, "-2.4041138063191886")),),
              latex=r"\psi^{{({x})}}\left({y}\right)", group=_S),
    Primitive("beta", "gamma(x)*gamma(y)/gamma(x + y), for positive arguments.",
              ("out*(digamma(x) - digamma(x + y))", "out*(digamma(y) - digamma(x + y))"), arity=(2, 2),
              host="special.beta", array="special.beta", domain=_BOTH_POSITIVE,
              samples=(("0.5", "1.5"), ("3.25", "2")), edges=((("1", "1"), ("-1", "-1")),),
              latex=r"\mathrm{{B}}\left({x}, {y}\right)", group=_S),
    Primitive("lbeta", "The logarithm of beta(x, y).",
              ("digamma(x) - digamma(x + y)", "digamma(y) - digamma(x + y)"), arity=(2, 2),
              host="special.betaln", array="special.betaln", domain=_BOTH_POSITIVE,
              samples=(("0.5", "1.5"), ("3.25", "2")), edges=((("1", "1"), ("-1", "-1")),),
              aliases=("betaln",), group=_S),
    Primitive("factorial", "gamma(x + 1), x! for integers.", ("out*digamma(x + 1)",),
              host="here.factorial", array="special.factorial", domain="x >= 0 or x != floor(x)",
              samples=(("0.5",), ("3.25",)), edges=((("0",), ("-0.5772156649015329",)),),
              latex=r"\left({x}\right)!", group=_S),
    Primitive("logaddexp", "log(exp(x) + exp(y)), without overflow.", ("sigmoid(x - y)", "sigmoid(y - x)"),
              arity=(2, 2), host="here.logaddexp", samples=(("0.5", "1.5"), ("-3", "2")),
              edges=((("1000", "1001"), ("0.2689414213699951", "0.7310585786300049")),
                     (("-1000", "-1001"), ("0.7310585786300049", "0.2689414213699951"))), group=_S),
    Primitive("xlogy", "x*log(y), and 0 where x is 0.", ("log(y)", "0 if x == 0 and y == 0 else x/y"),

              arity=(2, 2), host="here.xlogy", array="special.xlogy", domain="y > 0 or (x == 0 and y == 0)",
              samples=(("0.5", "1.5"), ("-3", "2")),
              edges=((("0", "0"), ("-inf", "0")), (("0", "2"), ("log(2)", "0"))),
              group=_S),
    Primitive("xlog1py", "x*log(1 + y), and 0 where x is 0.",
              ("log1p(y)", "0 if x == 0 and y == -1 else x/(1 + y)"),
              arity=(2, 2), host="here.xlog1py",
              array="special.xlog1py", domain="y > -1 or (x == 0 and y == -1)",
              samples=(("0.5", "1.5"), ("-3", "2")),
              edges=((("0", "-1"), ("-inf", "0")), (("1", "1e-20"), ("1e-20", "1"))),
              group=_S),
    # Near 0 the quotient cancels; there the Taylor series of degree 17 is exact to the last bit.
    Primitive("sinc", "sin(pi*x)/(pi*x), and 1 at 0.",
              ("(cos(pi*x) - out)/x if x != 0 else -pi^2*x/3",),
              exact=(("(cos(pi*x) - out)/x if abs(x) > 0.25 else "
               "-2*pi^2*x*(1/6 - (pi*x)^2*(2/120 - (pi*x)^2*(3/5040 - (pi*x)^2*(4/362880 - (pi*x)^2*("
               "5/39916800 - (pi*x)^2*(6/6227020800 - (pi*x)^2*(7/1307674368000 - (pi*x)^2*("
               "8/355687428096000 - (pi*x)^2*9/121645100408832000))))))))"),),
              host="here.sinc", domain="abs(x) < inf", samples=(("-0.125",), ("0.75",)),
              edges=((("0",), ("0",)), (("1e-8",), ("-3.289868133696453e-8",))), group=_S),

    Primitive("normal_pdf", "The density of the standard normal distribution.", ("-x*out",),
              body="exp(-x^2/2)/sqrt(2*pi)", samples=(("-0.5",), ("1.5",)), edges=((("0",), ("0",)),),
              latex=r"\varphi\left({x}\right)", group=_N),
    Primitive("normal_cdf", "The distribution function of the standard normal distribution.",
              ("normal_pdf(x)",), body="erfc(-x/sqrt(2))/2", array="special.ndtr",
              samples=(("-0.5",), ("1.5",)), edges=((("0",), ("0.3989422804014327",)),),
              latex=r"\Phi\left({x}\right)", group=_N),
    Primitive("normal_logcdf", "log(normal_cdf(x)), far into the tail.", ("sqrt(2/pi)/erfcx(-x/sqrt(2))",),
              host="special.log_ndtr", array="special.log_ndtr", samples=(("-0.5",), ("1.5",)),
              edges=((("0",), ("0.7978845608028654",)), (("-50",), ("50.01998403190564",))),
              latex=r"\ln\Phi\left({x}\right)", group=_N),
)
# fmt: on
