"""Constants, arithmetic, comparisons, logic and the branch."""

from __future__ import annotations

from adcalc.ir.primitive import Primitive

_TIE = "the derivative is that of the branch taken, the other side may have another one"

# How tightly operators bind, loosest first; function calls, names and numbers bind tightest.
RESTRICTION, TERNARY, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(11)


def _comparison(symbol: str, doc: str, latex: str, array: str) -> Primitive:
    """A row of a comparison; they differ in nothing but how they are written."""
    return Primitive(
        symbol,
        f"1 where x {doc} y, else 0.",
        ("0", "0"),
        arity=(2, 2),
        host=f"operator.{array}",
        array=f"numpy.{array}",
        kinks="x == y",
        jump=True,
        convention=_TIE,
        samples=(("1.5", "2.5"), ("2.5", "1.5")),
        edges=((("1", "2"), ("0", "0")),),
        latex=f"{{x}} {latex} {{y}}",
        symbol=symbol,
        binding=COMPARISON,
        group="comparisons and logic",
    )


# fmt: off
OPERATORS: tuple[Primitive, ...] = (
    Primitive("pi", "The circumference of a circle of diameter 1.", arity=(0, 0), host="math.pi",
              latex=r"\pi", aliases=("π",), group="constants"),
    Primitive("e", "Euler's number, the base of the natural logarithm.", arity=(0, 0), host="math.e",
              latex="e", group="constants"),
    Primitive("tau", "The circumference of a circle of radius 1.", arity=(0, 0), host="math.tau",
              latex=r"\tau", aliases=("τ",), group="constants"),
    Primitive("inf", "Infinity.", arity=(0, 0), host="math.inf",
              latex=r"\infty", aliases=("∞",), group="constants"),

    Primitive("+", "The sum.", ("1", "1"), arity=(2, 2), host="operator.add", array="numpy.add",
              samples=(("1.5", "-2.25"), ("-3", "0.5")), edges=((("0", "0"), ("1", "1")),),
              latex="{x} + {y}", symbol="+", binding=SUM, group="arithmetic"),
    Primitive("-", "The difference.", ("1", "-1"), arity=(2, 2), host="operator.sub",
              array="numpy.subtract",
              samples=(("1.5", "-2.25"), ("-3", "0.5")), edges=((("0", "0"), ("1", "-1")),),
              latex="{x} - {y}", symbol="-", binding=SUM, group="arithmetic"),
    Primitive("*", "The product.", ("y", "x"), arity=(2, 2), host="operator.mul",
              array="numpy.multiply",
              samples=(("1.5", "-2.25"), ("-3", "0.5")), edges=((("0", "7"), ("7", "0")),),
              latex=r"{x} \cdot {y}", symbol="*", binding=PRODUCT, group="arithmetic"),
    Primitive("/", "The quotient.", ("1/y", "-out/y"), arity=(2, 2), host="here.divide",
              array="numpy.divide", domain="y != 0",
              samples=(("1.5", "-2.25"), ("-3", "0.5")),
              edges=((("1e200", "1e200"), ("1e-200", "-1e-200")),),
              latex=r"\frac{{{x}}}{{{y}}}", symbol="/", binding=PRODUCT, group="arithmetic"),
    Primitive("%", "The remainder of x divided by y, with the sign of y.", ("1", "-floor(x/y)"),
              arity=(2, 2), host="here.modulo", array="numpy.mod",
              domain="y != 0 and abs(x) < inf",
              kinks="out == 0 and abs(x) < 9e15*abs(y)", jump=True, convention="the slope to the right, 1, is taken",
              samples=(("7.5", "2"), ("-7.5", "2")), edges=((("7.5", "2"), ("1", "-3")),),
              latex=r"{x} \bmod {y}", symbol="%", binding=PRODUCT, aliases=("mod",),
              group="arithmetic"),
    Primitive("neg", "The negative.", ("-1",), host="operator.neg", array="numpy.negative",
              samples=(("1.5",), ("-2",)), edges=((("0",), ("-1",)),),
              latex="-{x}", symbol="-", binding=SIGN, group="arithmetic"),
    # The partial by the base at 0^0 is that of the constant 1.  The partial by the exponent at base 0
    # is the limit from the right, written so that its own derivatives are right as well.
    Primitive("^", "The power; `**` is the same. A negative base needs an integer exponent.",
              ("y*x^(y - 1)", "log(x)*out"),
              exact=("0 if x == 0 and y == 0 else y*x^(y - 1)",
                     "log(x)*out if x != 0 else 0 if y > 1 else xlogy(x, x) if y > 0 else log(x)"),
              arity=(2, 2), host="here.power", array="numpy.power",
              domain="x > 0 or (x == 0 and y >= 0) or (x < 0 and y == floor(y) and abs(y) < inf)",
              advice="`cbrt(x)` is the real cube root, `abs(x)^y` a power that is always there",
              samples=(("1.5", "2.5"), ("0.5", "-1.25"), ("3", "0.5")),
              edges=((("0", "2"), ("0", "0")), (("0", "1"), ("1", "0")), (("0", "0.5"), ("inf", "0")),
                     (("0", "0"), ("0", "-inf")), (("-3", "2"), ("-6", None)),
                     (("1e-200", "1"), ("1", "-4.605170185988092e-198"))),
              latex="{x}^{{{y}}}", symbol="^", binding=POWER, aliases=("pow",), group="arithmetic"),

    _comparison("<", "is less than", "<", "lt"),
    _comparison("<=", "is at most", r"\le", "le"),
    _comparison(">", "is greater than", ">", "gt"),
    _comparison(">=", "is at least", r"\ge", "ge"),
    _comparison("==", "equals", "=", "eq"),
    _comparison("!=", "differs from", r"\ne", "ne"),
    Primitive("not", "1 where x is 0, else 0.", ("0",), host="operator.not_",
              array="numpy.logical_not", samples=(("1.5",),), edges=((("2",), ("0",)),),
              latex=r"\lnot {x}", symbol="not ", binding=NOT, group="comparisons and logic"),
    Primitive("and", "1 where x and y are both not 0, else 0; y is looked at only where x is not 0.", ("0", "0"), arity=(2, 2),
              array="numpy.logical_and", samples=(("1.5", "2.5"),), edges=((("1", "2"), ("0", "0")),),
              latex=r"{x} \land {y}", symbol="and", binding=AND, takes=(1, None),
              group="comparisons and logic"),
    Primitive("or", "1 where x or y is not 0, else 0; y is looked at only where x is 0.", ("0", "0"), arity=(2, 2),
              array="numpy.logical_or", samples=(("1.5", "2.5"),), edges=((("1", "2"), ("0", "0")),),
              latex=r"{x} \lor {y}", symbol="or", binding=OR, takes=(None, 1),
              group="comparisons and logic"),
    Primitive("where", "y where the condition x holds (is not 0), else z; `y if x else z` is the same. "
              "Only the branch taken is computed and differentiated.",
              ("0", "1 if x else 0", "0 if x else 1"), arity=(3, 3), array="numpy.where",
              samples=(("1", "2.5", "3.5"), ("-1", "2.5", "3.5")),
              edges=((("1", "2", "3"), ("0", "1", "0")),),
              latex=r"\begin{{cases}} {y} & {x} \\ {z} & \text{{otherwise}} \end{{cases}}",
              takes=(1, 2), group="comparisons and logic"),
    Primitive("given", "The value of x, where y has a value and a derivative too: what `diff` leaves "
              "of a formula whose domain the derivative alone would not show.",
              ("1", "0"), arity=(2, 2), host="here.given", array="here.given",
              samples=(("1.5", "2.5"),), edges=((("1", "2"), ("1", "0")),),
              latex=r"{x} \quad \left[{y}\right]", group="comparisons and logic"),
    Primitive("provided", "The value of x, where the condition y holds (is not 0); elsewhere there is none. "
              "`x for y` is the same.",
              ("1", "0"), arity=(2, 2), host="here.provided", array="here.provided", domain="y",
              samples=(("1.5", "1"), ("-2.5", "3")), edges=((("2", "1"), ("1", "0")),),
              latex=r"{x} \quad \text{{for }} {y}", group="comparisons and logic"),
)
# fmt: on
