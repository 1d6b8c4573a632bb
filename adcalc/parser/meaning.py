"""From syntax to formulas: names get their meaning, statements their order, and doubtful text is refused.

A program is read from top to bottom.  An assignment gives a name a meaning from there on; each new
meaning is a symbol of its own (`c#2` is what `c` means after its second assignment), and what a symbol
stands for is put in its place at the end.  So a derivative by an assigned name sees every later
assignment that depends on it, and rebinding (`c += c + 1`) needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from adcalc.errors import ArityProblem, Caution, LimitProblem, NameProblem, Source, SyntaxProblem
from adcalc.expr import Expr, Number, Variable, apply, number, rebuild, variable, variables
from adcalc.parser import refusals
from adcalc.parser.symbols import Definition, Meaning
from adcalc.parser.syntax import Syntax, parse
from adcalc.primitive import Primitive
from adcalc.table import CALLABLE, CONSTANTS, PRIMITIVES

#: The derivative of a formula by a variable, of some order; handed in, for it stands above the parser.
Differentiate = Callable[[Expr, str, int], Expr]

MOST_DERIVATIVES = 100
#: How many nodes the calls of a program may write down before it is refused.
MOST_CALLED = 2_000_000

_SIGNS = {"−": "-", "·": "*", "×": "*", "⋅": "*", "÷": "/", "**": "^", "≤": "<=", "≥": ">=", "≠": "!="}


def read(source: Source, bound: Collection[str], differentiate: Differentiate | None = None) -> Meaning:
    """The meaning of a source, in which the bound names are known to be variables.

    Raises:
        SyntaxProblem, NameProblem, ArityProblem: with the place in the source.

    >>> meaning = read(Source("a = 3; a*x"), ())
    >>> meaning.inlined([meaning.result])
    (Apply('*', 2 arguments),)
    """
    reader = _Reader(Meaning(source), frozenset(bound), differentiate)
    statements = parse(source)
    for statement in statements:
        reader.statement(statement)
    meaning = reader.meaning
    if meaning.result is None:
        last = statements[-1]
        if last.rule == "definition":
            raise SyntaxProblem(
                "nothing to compute: the last statement defines a function",
                (last.start, last.end),
                "add a formula that uses it",
                source,
            )
        meaning.result = meaning.symbols[_target(last)]
    return meaning


def _target(statement: Syntax) -> str:
    return statement.text.rstrip("+-−*·×/÷%^=") if statement.rule == "update" else statement.text


class _Reader:
    """Reads statements in order; one walk with its own stack for each."""

    def __init__(self, meaning: Meaning, bound: frozenset[str], differentiate: Differentiate | None) -> None:
        self.meaning = meaning
        self.source = meaning.source
        self.bound = bound
        self.differentiate = differentiate
        self.local: dict[str, Variable] = {}
        self.work = 0
        self.settled: set[str] = set()

    def statement(self, statement: Syntax) -> None:
        match statement.rule:
            case "assignment":
                self.assign(statement.text, statement, self.formula(statement.parts[0]))
            case "update":
                name = _target(statement)
                symbol = _SIGNS.get(statement.text[len(name) : -1], statement.text[len(name) : -1])
                if name not in self.meaning.symbols:
                    raise NameProblem(
                        f"`{name}` has no value yet that could be changed",
                        (statement.start, statement.start + len(name)),
                        f"write `{name} = ...` first",
                        self.source,
                    )
                value = self.formula(statement.parts[0])
                self.assign(name, statement, self.node(statement, symbol, self.meaning.symbols[name], value))
            case "definition":
                self.define(statement)
            case _:
                self.meaning.result = self.formula(statement)

    def assign(self, name: str, statement: Syntax, value: Expr) -> None:
        span = (statement.start, statement.start + len(name))
        if name in refusals.RESERVED:
            raise SyntaxProblem(f"`{name}` is a word of the language", span, "choose another name", self.source)
        for definition in self.meaning.functions.values():
            if name in definition.settled:
                raise NameProblem(
                    f"`{definition.name}` took a derivative with `{name}` free, before it got this value",
                    span,
                    f"move `{name} = ...` up, before `{definition.name}`",
                    self.source,
                )
        if name in CONSTANTS and name not in self.meaning.symbols:
            self.meaning.cautions.append(Caution("name", f"`{name}` is the name given here, not the constant", span))
        earlier = self.meaning.symbols.get(name)
        count = int(earlier.name.rpartition("#")[2]) + 1 if earlier else 1
        symbol = variable(f"{name}#{count}")
        self.meaning.symbols[name] = symbol
        self.meaning.assigned[symbol] = value
        self.meaning.spans.setdefault(symbol, (statement.start, statement.end))

    def define(self, statement: Syntax) -> None:
        head, body = statement.parts
        name = head.text
        span = (head.start, head.end)
        if name.rstrip("'′") != name:
            raise SyntaxProblem("a derivative cannot be defined", span, "define the function itself", self.source)
        for parameter in head.parts:
            if parameter.rule != "name":
                place = (parameter.start, parameter.end)
                raise SyntaxProblem("a parameter must be a name", place, "as in `f(x, y) = x*y`", self.source)
        parameters = tuple(parameter.text for parameter in head.parts)
        if len(set(parameters)) < len(parameters):
            raise SyntaxProblem("two parameters have the same name", span, "rename one", self.source)
        if name in CALLABLE:
            self.meaning.cautions.append(
                Caution(
                    "name",
                    f"`{name}` is the function defined here, not the built-in one",
                    (span[0], span[0] + len(name)),
                )
            )
        self.local = {parameter: variable(f"{name}({parameter})") for parameter in parameters}
        self.settled = set()
        # While its own body is read the name means nothing, so that a definition cannot be recursive.
        before = self.meaning.functions.pop(name, None)
        try:
            value = self.formula(body, defining=name)
        finally:
            own, self.local = self.local, {}
            if before is not None:
                self.meaning.functions[name] = before
        free = tuple(
            free
            for free in variables([value])
            if variable(free) not in own.values() and variable(free) not in self.meaning.assigned
        )
        self.meaning.functions[name] = Definition(name, parameters, value, free, frozenset(self.settled))

    def formula(self, root: Syntax, defining: str = "") -> Expr:
        """The formula that a tree of syntax means."""
        done: list[Expr] = []
        stack: list[tuple[Syntax, bool]] = [(root, False)]
        while stack:
            node, complete = stack.pop()
            if complete:
                count = len(self._operands(node))
                arguments = tuple(done[len(done) - count :])
                del done[len(done) - count :]
                done.append(self._meaning(node, arguments, defining))
            elif not node.parts:
                done.append(self._leaf(node))
            else:
                refusals.check(node, self.source)
                stack.append((node, True))
                stack.extend([(part, False) for part in reversed(self._operands(node))])
        (result,) = done
        return result

    def _operands(self, node: Syntax) -> tuple[Syntax, ...]:
        """The parts that are formulas: not the signs of a chain, nor the name that `diff` goes by."""
        if node.rule == "chain":
            return node.parts[::2]
        if node.rule == "call" and self._is_diff(node):
            return node.parts[:1] + node.parts[2:]
        return node.parts

    def _is_diff(self, node: Syntax) -> bool:
        return node.text == "diff" and "diff" not in self.meaning.functions

    def node(self, place: Syntax, name: str, *arguments: Expr) -> Expr:
        made = apply(PRIMITIVES[name], *arguments)
        self.meaning.spans.setdefault(made, (place.start, place.end))
        return made

    def _leaf(self, node: Syntax) -> Expr:
        made: Expr = refusals.literal(node, self.source) if node.rule == "number" else self._name(node)
        self.meaning.spans.setdefault(made, (node.start, node.end))
        return made

    def _name(self, node: Syntax) -> Expr:
        name = node.text
        found = self.local.get(name) or self.meaning.symbols.get(name)
        if found is not None:
            return found
        if name not in self.bound:
            if name in CONSTANTS:
                return apply(CONSTANTS[name])
            refusals.check_name(node, self.source, frozenset(self.meaning.functions), self.bound)
        return variable(name)

    def _meaning(self, node: Syntax, arguments: tuple[Expr, ...], defining: str) -> Expr:
        match node.rule:
            case "group":
                return arguments[0]
            case "prefix":
                sign = _SIGNS.get(node.text, node.text)
                if sign == "+":
                    return arguments[0]
                return self.node(node, "neg" if sign == "-" else sign, *arguments)
            case "infix":
                return self.node(node, _SIGNS.get(node.text, node.text), *arguments)
            case "juxtaposition":
                product = arguments[0]
                for factor in arguments[1:]:
                    product = self.node(node, "*", product, factor)
                return product
            case "superscript":
                return self.node(node, "^", arguments[0], refusals.exponent(node, self.source))
            case "root":
                return self.node(node, "sqrt", *arguments)
            case "conditional":
                value, condition, otherwise = arguments
                return self.node(node, "where", condition, value, otherwise)
            case "chain":
                signs = [sign.text for sign in node.parts[1::2]]
                tests = [
                    self.node(node, _SIGNS.get(sign, sign), left, right)
                    for sign, left, right in zip(signs, arguments[:-1], arguments[1:], strict=True)
                ]
                result = tests[0]
                for test in tests[1:]:
                    result = self.node(node, "and", result, test)
                return result
            case "call":
                return self._call(node, arguments, defining)
        raise AssertionError(f"the grammar has no production {node.rule}")

    def _call(self, node: Syntax, arguments: tuple[Expr, ...], defining: str) -> Expr:
        name = node.text.rstrip("'′")
        order = len(node.text) - len(name)
        place = (node.start, node.start + len(node.text))
        if name == defining:
            raise NameProblem(f"`{name}` is defined by itself", place, "write it without recursion", self.source)
        definition = self.meaning.functions.get(name)
        if definition is not None:
            self._check_count(node, name, arguments, len(definition.parameters), len(definition.parameters))
            return self._call_definition(node, definition, arguments, order)
        if self._is_diff(node):
            return self._diff(node, arguments)
        row = CALLABLE.get(name)
        if row is None:
            raise refusals.unknown_function(
                node,
                name,
                self.source,
                [*CALLABLE, "diff", *self.meaning.functions],
                {*self.bound, *self.meaning.symbols, *self.local},
            )
        self._check_count(node, name, arguments, *row.arity)
        if order:
            return self._call_derivative(node, row, arguments, order)
        if row.arity[1] is not None:
            missing = row.arity[1] - len(arguments)
            arguments += _defaults(row)[len(row.defaults) - missing :] if missing else ()
        return self.node(node, row.name, *arguments)

    def _call_derivative(self, node: Syntax, row: Primitive, arguments: tuple[Expr, ...], order: int) -> Expr:
        """`sin'(x)`: the derivative of a row by its first argument, the others at their defaults."""
        if len(arguments) != 1 or row.variadic:
            hint = f"write `diff({row.name}(...), x)`"
            raise ArityProblem("`'` needs a function of one argument", (node.start, node.end), hint, self.source)
        symbol = variable(f"{row.name}(x)")
        definition = Definition(row.name, ("x",), apply(row, symbol, *_defaults(row)), (), frozenset())
        return self._call_definition(node, definition, arguments, order)

    def _call_definition(self, node: Syntax, definition: Definition, arguments: tuple[Expr, ...], order: int) -> Expr:
        body = definition.body
        if order:
            if len(definition.parameters) != 1:
                place = (node.start, node.end)
                hint = f"write `diff({definition.name}(...), {definition.parameters[0]})`"
                raise ArityProblem("`'` needs a function of one argument", place, hint, self.source)
            body = self._derivative(node, body, definition.symbol(definition.parameters[0]).name, order)
        replaced: dict[Expr, Expr] = {
            definition.symbol(parameter): argument
            for parameter, argument in zip(definition.parameters, arguments, strict=True)
        }
        for free in definition.free:
            if free in self.meaning.symbols:
                replaced[variable(free)] = self.meaning.symbols[free]
        new = rebuild([body], replaced)
        self.work += len(new)
        if self.work > MOST_CALLED:
            place = (node.start, node.end)
            raise LimitProblem("the definitions unfold into too large a formula", place, "", self.source)
        self.meaning.follow(new)
        result = new[body]
        self.meaning.spans.setdefault(result, (node.start, node.end))
        return result

    def _diff(self, node: Syntax, arguments: tuple[Expr, ...]) -> Expr:
        place = (node.start, node.end)
        if len(node.parts) not in (2, 3):
            raise ArityProblem(
                "`diff` takes a formula, a name, and perhaps an order", place, "as in `diff(x^3, x, 2)`", self.source
            )
        by = node.parts[1]
        if by.rule != "name":
            raise SyntaxProblem(
                "`diff` differentiates by a name", (by.start, by.end), "as in `diff(x^3, x)`", self.source
            )
        order = 1
        if len(node.parts) == 3:
            times = arguments[1]
            if not isinstance(times, Number) or times.value != int(times.value) or times.value < 0:
                third = node.parts[2]
                raise SyntaxProblem(
                    "the order of a derivative is a whole number",
                    (third.start, third.end),
                    "as in `diff(x^3, x, 2)`",
                    self.source,
                )
            order = int(times.value)
        symbol = self._name(by)
        if not isinstance(symbol, Variable):
            raise NameProblem(
                f"`{by.text}` is a constant", (by.start, by.end), "differentiate by a variable", self.source
            )
        (body,) = self.meaning.inlined([arguments[0]], kept=[symbol])
        result = self._derivative(node, body, symbol.name, order)
        self.meaning.spans.setdefault(result, place)
        return result

    def _derivative(self, node: Syntax, body: Expr, name: str, order: int) -> Expr:
        place = (node.start, node.end)
        if order > MOST_DERIVATIVES:
            raise SyntaxProblem(f"derivatives go up to order {MOST_DERIVATIVES}", place, "", self.source)
        if self.differentiate is None:
            raise SyntaxProblem("there are no derivatives in a rule", place, "", self.source)
        free = [name for name in variables([body]) if name.isidentifier()]
        self.settled.update(free)
        self.meaning.differentiated.update(dict.fromkeys(free))
        return self.differentiate(body, name, order)

    def _check_count(self, node: Syntax, name: str, arguments: tuple[Expr, ...], least: int, most: int | None) -> None:
        count = len(arguments)
        if count < least or (most is not None and count > most):
            raise refusals.wrong_count(node, name, count, least, most, self.source)


def _defaults(row: Primitive) -> tuple[Expr, ...]:
    return tuple(number(float(value)) for value in row.defaults)
