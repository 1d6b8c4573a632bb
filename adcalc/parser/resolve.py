"""From syntax to formulas: names get their meaning, statements their order, and doubtful text is refused.

A program is read from top to bottom.  An assignment gives a name a meaning from there on; each new
meaning is a symbol of its own (`c#2` is what `c` means after its second assignment), and what a symbol
stands for is put in its place at the end.  So a derivative by an assigned name sees every later
assignment that depends on it, and rebinding (`c += c + 1`) needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from adcalc.errors import ArityProblem, Caution, LimitProblem, NameProblem, Source, SyntaxProblem
from adcalc.ir.expr import Expr, Variable, apply, rebuild, variable, variables
from adcalc.ir.primitive import Primitive
from adcalc.parser import ambiguities, call_arguments
from adcalc.parser.scope import Definition, Meaning
from adcalc.parser.steps import PARTLY, SIGNS, Step, loop_steps, operands, signs_of, slice_parts
from adcalc.parser.syntax import Syntax, syntax_of, target
from adcalc.table import CALLABLE, CONSTANTS, PRIMITIVES, RULE_ROWS

#: The derivative of a formula by a variable, of some order; handed in, for it stands above the parser.
Differentiate = Callable[[Expr, str, int], Expr]

MOST_DERIVATIVES = 100
#: How many nodes the calls of a program may write down before it is refused.
MOST_CALLED = 2_000_000


def read(
    source: Source, bound: Collection[str], differentiate: Differentiate | None = None, *, rule: bool = False
) -> Meaning:
    """The meaning of a source, in which the bound names are known to be variables.

    Args:
        rule: it is a rule of the table, which may call what formulas may not.

    Raises:
        SyntaxProblem, NameProblem, ArityProblem: with the place in the source.

    >>> meaning = read(Source("a = 3; a*x"), ())
    >>> meaning.inlined([meaning.result])
    (Apply('*', 2 arguments),)
    """
    statements = syntax_of(source)
    reader = _Reader(Meaning(source), frozenset(bound), differentiate, rule=rule)
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
        meaning.result = meaning.symbols[target(last)]
    return meaning


class _Reader:
    """Reads statements in order; one walk with its own stack for each."""

    def __init__(
        self, meaning: Meaning, bound: frozenset[str], differentiate: Differentiate | None, *, rule: bool
    ) -> None:
        self.meaning = meaning
        self.source = meaning.source
        self.bound = bound
        self.differentiate = differentiate
        self.rule = rule
        self.rows = RULE_ROWS if rule else CALLABLE
        self.signs = SIGNS
        self.local: dict[str, Variable] = {}
        self.loops: list[tuple[str, Variable | None]] = []
        self.indices = 0
        self.work = 0
        self.settled: set[str] = set()
        self.shown: Syntax | None = None

    def statement(self, statement: Syntax) -> None:
        self.signs = signs_of(self.source, statement)
        match statement.rule:
            case "assignment":
                self.assign(statement.text, statement, self.formula(statement.parts[0]))
            case "update":
                name = target(statement)
                symbol = statement.text[len(name) : -1]
                if name not in self.meaning.symbols:
                    raise NameProblem(
                        f"`{name}` has no value yet that could be changed",
                        (statement.start, statement.start + len(name)),
                        f"write `{name} = ...` first",
                        self.source,
                    )
                value = self.formula(statement.parts[0])
                self.assign(name, statement, self.operation(statement, symbol, self.meaning.symbols[name], value))
            case "definition":
                self.define(statement)
            case _:
                if self.shown is not None:
                    self.meaning.cautions.append(ambiguities.without_effect(self.shown))
                self.shown = statement
                self.meaning.result = self.formula(statement)

    def assign(self, name: str, statement: Syntax, value: Expr) -> None:
        span = (statement.start, statement.start + len(name))
        if name in ambiguities.RESERVED:
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
        indices = call_arguments.index_variables(value) if self.indices else ()
        self.meaning.functions[name] = Definition(name, parameters, value, free, frozenset(self.settled), indices)

    def formula(self, root: Syntax, defining: str = "") -> Expr:
        """The formula that a tree of syntax means."""
        done: list[Expr] = []
        begin, bind, complete = Step
        stack: list[tuple[Syntax, Step]] = [(root, begin)]
        while stack:
            node, step = stack.pop()
            if step is bind:
                self._bind(node.text)
                continue
            parts = node.parts
            if not parts:
                done.append(self._leaf(node))
                continue
            if node.rule in PARTLY:
                parts = operands(node, is_diff=self._is_diff(node))
            if step is complete:
                count = len(parts)
                arguments = tuple(done[len(done) - count :])
                del done[len(done) - count :]
                done.append(self._meaning(node, arguments, defining))
            else:
                ambiguities.check(node, self.source)
                stack.append((node, complete))
                if node.rule == "generator":
                    stack.extend(loop_steps(node))
                else:
                    stack.extend([(part, begin) for part in reversed(parts)])
        (result,) = done
        return result

    def _bind(self, name: str) -> None:
        """From here on a name is the index of a loop."""
        self.indices += 1
        self.loops.append((name, self.local.get(name)))
        self.local[name] = variable(f"{name}:{self.indices}")

    def _unbind(self) -> Variable:
        name, outer = self.loops.pop()
        index = self.local.pop(name)
        if outer is not None:
            self.local[name] = outer
        return index

    def _is_diff(self, node: Syntax) -> bool:
        return node.text == "diff" and "diff" not in self.meaning.functions

    def node(self, place: Syntax, name: str, *arguments: Expr) -> Expr:
        made = apply(PRIMITIVES[name], *arguments)
        self.meaning.spans.setdefault(made, (place.start, place.end))
        return made

    def operation(self, place: Syntax, sign: str, *arguments: Expr) -> Expr:
        """The node of an operator, as it is written."""
        return self.node(place, self.signs.get(sign, sign), *arguments)

    def _placed(self, place: Syntax, made: Expr) -> Expr:
        self.meaning.spans.setdefault(made, (place.start, place.end))
        return made

    def _leaf(self, node: Syntax) -> Expr:
        if node.rule == "list":
            return self.node(node, "[]")
        made: Expr = ambiguities.read_literal(node, self.source) if node.rule == "number" else self._name(node)
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
            ambiguities.check_name(node, self.source, frozenset(self.meaning.functions), self.bound)
        return variable(name)

    def _meaning(self, node: Syntax, arguments: tuple[Expr, ...], defining: str) -> Expr:
        match node.rule:
            case "group" | "keyword":
                return arguments[0]
            case "prefix":
                sign = SIGNS.get(node.text, node.text)
                if sign == "+":
                    return arguments[0]
                return self.node(node, "neg" if sign == "-" else sign, *arguments)
            case "infix":
                return self.operation(node, node.text, *arguments)
            case "juxtaposition":
                product = arguments[0]
                for factor in arguments[1:]:
                    product = self.operation(node, "*", product, factor)
                return product
            case "superscript":
                return self.operation(node, "^", arguments[0], ambiguities.written_exponent(node, self.source))
            case "transpose":
                transposed = arguments[0]
                for _ in node.text:
                    transposed = self.node(node, "'", transposed)
                return transposed
            case "turned":
                return self.node(node, ".T", *arguments)
            case "indexing":
                return self.node(node, "x[]", *arguments)
            case "slice":
                return self.node(node, ":", *slice_parts(node, arguments))
            case "list":
                return arguments[0] if node.parts[0].rule == "generator" else self.node(node, "[]", *arguments)
            case "generator":
                *bounds, terms = arguments
                for upper, lower in zip(bounds[::-2], bounds[-2::-2], strict=True):
                    terms = self.node(node, "for", lower, upper, self._unbind(), terms)
                return terms
            case "root":
                return self.node(node, "sqrt", *arguments)
            case "conditional":
                value, condition, otherwise = arguments
                return self.node(node, "where", condition, value, otherwise)
            case "restriction":
                return self.node(node, "provided", *arguments)
            case "chain":
                signs = [sign.text for sign in node.parts[1::2]]
                tests = [
                    self.node(node, SIGNS.get(sign, sign), left, right)
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
            arguments = call_arguments.settled_call(node, name, arguments, definition.parameters, (), self.source)
            return self._call_definition(node, definition, arguments, order)
        if order and name in {*self.bound, *self.meaning.symbols, *self.local}:
            raise ambiguities.transposed_call(node, name, self.source)
        if self._is_diff(node):
            return self._diff(node, arguments)
        row = self.rows.get(name)
        if row is None:
            raise ambiguities.unknown_function(
                node,
                name,
                self.source,
                [*self.rows, "diff", *self.meaning.functions],
                {*self.bound, *self.meaning.symbols, *self.local},
            )
        if order:
            call_arguments.check_unnamed(node, node.text, self.source)
            call_arguments.check_count(node, name, len(arguments), row.arity, self.source)
            return self._call_derivative(node, row, arguments, order)
        if self.rule and (row.over == "core" or row.internal):
            return self._placed(node, apply(row, *arguments))
        return self._placed(node, call_arguments.built(node, name, row, arguments, self.source))

    def _call_derivative(self, node: Syntax, row: Primitive, arguments: tuple[Expr, ...], order: int) -> Expr:
        """`sin'(x)`: the derivative of a row by its first argument, the others at their defaults."""
        if len(arguments) != 1 or row.variadic:
            hint = f"write `diff({row.name}(...), x)`"
            raise ArityProblem("`'` needs a function of one argument", (node.start, node.end), hint, self.source)
        symbol = variable(f"{row.name}(x)")
        definition = Definition(row.name, ("x",), apply(row, symbol, *call_arguments.defaults(row)), (), frozenset())
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
        for index in definition.indices:
            self.indices += 1
            replaced[index] = variable(f"{index.name.partition(':')[0]}:{self.indices}")
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
        call_arguments.check_unnamed(node, "diff", self.source)
        order = ambiguities.order(node, arguments[1:], self.source)
        by = node.parts[1]
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
        if call_arguments.has_arrays(body):
            raise ambiguities.arrays_in_diff(node, self.source, book=self.signs is not SIGNS)
        free = [name for name in variables([body]) if name.isidentifier()]
        self.settled.update(free)
        self.meaning.differentiated.update(dict.fromkeys(free))
        return self.differentiate(body, name, order)
