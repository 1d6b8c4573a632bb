"""One way to write each formula: like terms collected, factors and terms in one fixed order.

A sum is a set of terms with coefficients, a product a set of bases with exponents (the usual normal
form of computer algebra; Moses, 1971).  `y*x + x*y` becomes `2*x*y`, and the terms of a polynomial
stand by falling degree.  Products are not expanded and no identity of trigonometry is applied: what
comes out has never more operations than what went in.

A formula used in several places is taken apart only where it is short, so that what is shared stays
shared, and the work is linear in the size of the formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from adcalc.algebras.text import literal
from adcalc.ir.expr import Apply, Expr, Number, Variable, apply, number, rational, topological
from adcalc.ir.primitive import Primitive
from adcalc.symbolic import coefficients
from adcalc.symbolic.coefficients import Coefficient, constant, exact_value, node_of, quotient
from adcalc.table import PRIMITIVES

_PLUS, _MINUS, _TIMES, _OVER = (PRIMITIVES[sign] for sign in "+-*/")
_NEG, _POWER, _WHERE = PRIMITIVES["neg"], PRIMITIVES["^"], PRIMITIVES["where"]
_SUMS, _PRODUCTS = frozenset({_PLUS, _MINUS}), frozenset({_TIMES, _OVER})

_LOG, _E = PRIMITIVES["log"], apply(PRIMITIVES["e"])

_SHORT = 8
_LABEL = 48
_ONE = number(1)


class Product(NamedTuple):
    """A coefficient times powers of bases."""

    coefficient: Coefficient
    powers: dict[Expr, Coefficient]


def simplified(roots: Sequence[Expr]) -> list[Expr]:
    """Some formulas together in canonical form.

    Where a formula has a value its canonical form has the same one up to rounding; where it has none
    the canonical form may have one (`x/x` becomes 1), so that a derivative must not be asked for a
    point outside the domain of what was differentiated.

    >>> from adcalc.algebras.text import written
    >>> from adcalc.errors import Source
    >>> from adcalc.parser.resolve import read
    >>> [written(s) for s in simplified([read(Source("y*x + 1 + 2*x*y - x^2/x"), ()).result])]
    ['3*x*y - x + 1']
    """
    return _Simplifier(roots).results


class _Simplifier:
    """Works from the arguments up; sums and products are collected where they end."""

    def __init__(self, roots: Sequence[Expr]) -> None:
        order = topological(roots)
        self.uses: dict[Expr, int] = {}
        for node in order:
            if isinstance(node, Apply):
                for argument in node.arguments:
                    self.uses[argument] = self.uses.get(argument, 0) + 1
        for root in roots:
            self.uses[root] = self.uses.get(root, 0) + 2
        self.new: dict[Expr, Expr] = {}
        self.products: dict[Expr, Product] = {}
        self.sums: dict[Expr, dict[Expr, Coefficient]] = {}
        self.labels: dict[Expr, str] = {}
        self.inside = self._inside(order)
        for node in order:
            if node not in self.inside:
                self.new[node] = self.tidy(node)
        self.results = [self.new[root] for root in roots]

    def _inside(self, order: Sequence[Expr]) -> set[Expr]:
        """Nodes that are collected together with their only user: parts of one sum or one product."""
        inside: set[Expr] = set()
        for node in order:
            if not isinstance(node, Apply):
                continue
            kind = node.primitive
            for argument in node.arguments:
                if isinstance(argument, Apply) and self.uses[argument] == 1:
                    below = argument.primitive
                    same = (
                        (kind in _SUMS and (below in _SUMS or below is _NEG))
                        or (kind in _PRODUCTS and (below in _PRODUCTS or below is _NEG))
                        or (kind is _NEG and (below in _SUMS or below in _PRODUCTS or below is _NEG))
                    )
                    if same:
                        inside.add(argument)
        return inside

    def tidy(self, node: Expr) -> Expr:
        if not isinstance(node, Apply):
            return node
        kind = node.primitive
        if kind in _SUMS:
            return self.sum_of(node)
        if kind in _PRODUCTS:
            return self.product_of(node)
        if kind is _NEG:
            inner = node.arguments[0]
            while inner in self.inside and isinstance(inner, Apply) and inner.primitive is _NEG:
                inner = inner.arguments[0]
            is_sum = isinstance(inner, Apply) and inner.primitive in _SUMS
            return self.sum_of(node) if is_sum else self.product_of(node)
        arguments = [self.new[argument] for argument in node.arguments]
        if kind is _LOG and arguments[0] is _E:
            return _ONE
        if kind is _POWER:
            return self.power_of(*arguments)
        if kind is _WHERE:
            condition, first, second = arguments
            if first is second:
                return first
            if isinstance(condition, Number):
                return first if condition.value else second
        elif kind.takes is not None:
            first, second = arguments
            for argument, other in ((first, second), (second, first)):
                if isinstance(argument, Number):
                    settled = bool(argument.value) == (kind is PRIMITIVES["or"])
                    if settled:
                        return number(bool(argument.value))
                    if _is_logical(other):
                        return other
        elif kind.elementwise and arguments:
            constants = [value for value in map(constant, arguments) if value is not None]
            if len(constants) == len(arguments):
                value = exact_value(kind, constants)
                if value is not None and coefficients.sound(value):
                    return quotient(value)
        return apply(kind, *arguments)

    def sum_of(self, root: Expr) -> Expr:
        terms: dict[Expr, Coefficient] = {}
        stack: list[tuple[Expr, int]] = [(root, 1)]
        while stack:
            node, sign = stack.pop()
            if isinstance(node, Apply) and (node is root or node in self.inside):
                if node.primitive is _NEG:
                    stack.append((node.arguments[0], -sign))
                    continue
                if node.primitive in _SUMS:
                    left, right = node.arguments
                    stack.append((right, sign if node.primitive is _PLUS else -sign))
                    stack.append((left, sign))
                    continue
            for term, coefficient in self.terms_of(self.part(node)).items():
                if coefficients.sound(terms.get(term, Fraction(0)) + sign * coefficient):
                    _add(terms, term, sign * coefficient)
                else:
                    _add(terms, apply(_TIMES, quotient(coefficient), term), Fraction(sign))
        return self.build_sum(terms)

    def part(self, node: Expr) -> Expr:
        """What became of a part of a sum or product; one that was left for its user is done now."""
        if node not in self.new:
            self.new[node] = self.tidy_alone(node)
        return self.new[node]

    def tidy_alone(self, node: Expr) -> Expr:
        self.inside.discard(node)
        return self.tidy(node)

    def terms_of(self, expr: Expr) -> dict[Expr, Coefficient]:
        """A canonical formula as terms with coefficients."""
        value = constant(expr)
        if value is not None:
            return {_ONE: value}
        product = self.products.get(expr, Product(Fraction(1), {expr: Fraction(1)}))
        scale = product.coefficient
        unit = expr if scale == 1 else self.build_product(Product(Fraction(1), product.powers))
        if unit in self.sums and len(self.sums[unit]) <= _SHORT:
            scaled = {term: scale * coefficient for term, coefficient in self.sums[unit].items()}
            if all(map(coefficients.sound, scaled.values())):
                return scaled
        return {unit: scale}

    def product_of(self, root: Expr) -> Expr:
        coefficient: Coefficient = Fraction(1)
        powers: dict[Expr, Coefficient] = {}
        stack: list[tuple[Expr, int]] = [(root, 1)]
        while stack:
            node, exponent = stack.pop()
            if isinstance(node, Apply) and (node is root or node in self.inside):
                if node.primitive is _NEG:
                    coefficient = -coefficient
                    stack.append((node.arguments[0], exponent))
                    continue
                if node.primitive in _PRODUCTS:
                    left, right = node.arguments
                    stack.append((right, exponent if node.primitive is _TIMES else -exponent))
                    stack.append((left, exponent))
                    continue
            factor = self.factors_of(self.part(node))
            scaled = coefficients.raised_coefficient(factor.coefficient, exponent)
            product = None if scaled is None else coefficient * scaled
            if product is None or not coefficients.sound(product):
                _add(powers, quotient(factor.coefficient), Fraction(exponent))
            else:
                coefficient = product
            for base, power in factor.powers.items():
                _add(powers, base, exponent * power)
        return self.build_product(Product(coefficient, powers))

    def factors_of(self, expr: Expr) -> Product:
        """A canonical formula as a coefficient and powers."""
        value = constant(expr)
        if value is not None:
            return Product(value, {})
        product = self.products.get(expr)
        if product is not None and (len(product.powers) <= _SHORT):
            return product
        return Product(Fraction(1), {expr: Fraction(1)})

    def power_of(self, base: Expr, exponent: Expr) -> Expr:
        power = constant(exponent)
        if power is None or not coefficients.sound(power):
            return apply(_POWER, base, exponent)
        fixed = constant(base)
        if fixed is not None:
            folded = (
                coefficients.raised_coefficient(fixed, int(power))
                if power == int(power) and -64 <= power <= 64
                else None
            )
            return apply(_POWER, base, exponent) if folded is None else self.build_product(Product(folded, {}))
        factor = self.factors_of(base)
        # The reciprocal of a product is a quotient, which would be taken apart as well.
        if power == -1 or (power == int(power) and len(factor.powers) == 1):
            scaled = coefficients.raised_coefficient(factor.coefficient, int(power)) if -64 <= power <= 64 else None
            if scaled is not None and (power == -1 or all(each == int(each) for each in factor.powers.values())):
                raised = {inner: each * power for inner, each in factor.powers.items()}
                return self.build_product(Product(scaled, raised))
        return self.build_product(Product(Fraction(1), {base: power}))

    def build_product(self, product: Product) -> Expr:
        """The canonical formula of a product."""
        coefficient = product.coefficient
        powers = {base: power for base, power in product.powers.items() if power != 0}
        if coefficient == 0:
            return number(0)
        if not powers:
            return quotient(coefficient)
        if coefficient == 1 and len(powers) == 1:
            ((base, power),) = powers.items()
            if power == 1:
                return base
        over, under = coefficients.numerator_and_denominator(coefficient)
        ordered = sorted(powers, key=self.factor_order)
        above = [self.raised(base, powers[base]) for base in ordered if powers[base] > 0]
        below = [self.raised(base, -powers[base]) for base in ordered if powers[base] < 0]
        if over == -1 and above:
            above[0] = apply(_NEG, above[0])
        elif over != 1 or not above:
            above.insert(0, node_of(over))
        if under != 1:
            below.insert(0, rational(under))
        result = _chain(_TIMES, above)
        if below:
            result = apply(_OVER, result, _chain(_TIMES, below))
        self.products[result] = Product(coefficient, powers)
        return result

    def raised(self, base: Expr, power: Coefficient) -> Expr:
        return base if power == 1 else apply(_POWER, base, quotient(power))

    def build_sum(self, terms: dict[Expr, Coefficient]) -> Expr:
        """The canonical formula of a sum."""
        terms = {term: coefficient for term, coefficient in terms.items() if coefficient != 0}
        if not terms:
            return number(0)
        ordered = sorted(terms, key=self.term_order)
        first = next((term for term in ordered if terms[term] > 0), ordered[0])
        ordered.remove(first)
        result = self.scaled(first, terms[first])
        for term in ordered:
            coefficient = terms[term]
            sign = _PLUS if coefficient > 0 else _MINUS
            result = apply(sign, result, self.scaled(term, -coefficient if sign is _MINUS else coefficient))
        if len(terms) > 1:
            self.sums[result] = terms
        return result

    def scaled(self, term: Expr, coefficient: Coefficient) -> Expr:
        if term is _ONE:
            return quotient(coefficient)
        factor = self.products.get(term, Product(Fraction(1), {term: Fraction(1)}))
        both = coefficient * factor.coefficient
        if not coefficients.sound(both):
            return apply(_TIMES, quotient(coefficient), term)
        return self.build_product(Product(both, factor.powers))

    def factor_order(self, base: Expr) -> tuple[bool, str]:
        """Named constants first, then by the alphabet."""
        return not (isinstance(base, Apply) and base.primitive.constant), self.label(base)

    def term_order(self, term: Expr) -> tuple[bool, Coefficient, str]:
        """By falling degree, then by the alphabet; the constant last."""
        factor = self.factors_of(term)
        powers = (power for base, power in factor.powers.items() if isinstance(base, Variable) and power > 0)
        degree = sum(powers, Fraction(0))
        return term is _ONE, -degree, self.label(term)

    def label(self, expr: Expr) -> str:
        """The beginning of a formula's text, to sort by."""
        stack = [expr]
        while stack:
            node = stack[-1]
            if node in self.labels:
                stack.pop()
                continue
            if isinstance(node, Apply):
                waiting = [argument for argument in node.arguments if argument not in self.labels]
                if waiting:
                    stack.extend(waiting)
                    continue
                below = ",".join(self.labels[argument] for argument in node.arguments[:_SHORT])
                shown = f"{node.primitive.name}({below})" if below else node.primitive.name
                if node.primitive.binding and node.primitive.elementwise:
                    shown = f"{self.labels[node.arguments[0]]}{node.primitive.symbol}{below}"
            else:
                shown = literal(node) if isinstance(node, Number) else node.name
            self.labels[node] = shown[:_LABEL]
            stack.pop()
        return self.labels[expr]


def _is_logical(expr: Expr) -> bool:
    """Whether a formula can only be 0 or 1."""
    if isinstance(expr, Number):
        return expr.value in (0.0, 1.0)
    return isinstance(expr, Apply) and expr.primitive.group == "comparisons and logic" and bool(expr.primitive.binding)


def _add(into: dict[Expr, Coefficient], key: Expr, amount: Coefficient) -> None:
    into[key] = into.get(key, Fraction(0)) + amount


def _chain(sign: Primitive, parts: Sequence[Expr]) -> Expr:
    result = parts[0]
    for part in parts[1:]:
        result = apply(sign, result, part)
    return result
