"""What helps while typing: completion of names, and colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from adcalc.backends import BACKENDS
from adcalc.cli.repl_lines import CLAUSES, REQUESTS
from adcalc.cli.repl_orders import ORDERS
from adcalc.errors import Problem, Source
from adcalc.parser.lexer import tokens
from adcalc.render.figures import mentioned
from adcalc.render.formats import FORMATS
from adcalc.session import Coordinate, DefinedFunction, Session
from adcalc.table import CALLABLE, CONSTANTS

STYLE = Style.from_dict(
    {
        "prompt": "ansibrightblack",
        "number": "ansicyan",
        "function": "ansiblue",
        "constant": "ansicyan",
        "known": "bold",
        "word": "ansimagenta",
        "stranger": "ansired underline",
        "matching-bracket.cursor": "bold",
        "matching-bracket.other": "bold",
    }
)

#: A longer text is left without colours, so that every key is answered at once.
_LONGEST_COLOURED = 20_000

_WORD = re.compile(r"[\w₀-₉∞]+\Z")
_ORDER = re.compile(r"\s*:([a-z]*)\Z")
_ARGUMENT = re.compile(r"\s*:([a-z]+)\s+(.*)\Z", re.DOTALL)
_KEYWORDS = frozenset({"IF", "ELSE", "AND", "OR", "NOT", "FOR", "IN"})


class Names(Completer):
    """Completes functions, constants, variables, words and orders."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The ways to go on from the cursor."""
        before = document.text_before_cursor
        if match := _ORDER.match(before):
            for name, order in ORDERS.items():
                if name.startswith(match.group(1)):
                    yield Completion(name, -len(match.group(1)), display=f":{name}", display_meta=order.doc)
        elif match := _ARGUMENT.match(before):
            yield from self._arguments(match.group(1), match.group(2), complete_event)
        else:
            word = _WORD.search(before)
            yield from self._names(word.group() if word else "", before)

    def _arguments(self, order: str, typed: str, event: CompleteEvent) -> Iterator[Completion]:
        if order == "read":
            typed = typed.partition(" ")[2]
        if order in ("save", "load", "read"):
            yield from self.paths.get_completions(Document(typed, len(typed)), event)
            return
        choices = {
            "backend": list(BACKENDS),
            "format": list(FORMATS),
            "forget": list(self.session.entries),
            "help": [*self.session.entries, *REQUESTS, *CALLABLE, *CONSTANTS],
        }
        for name in dict.fromkeys(choices.get(order, ())):
            if name.startswith(typed):
                yield Completion(name, -len(typed))

    def _names(self, typed: str, before: str) -> Iterator[Completion]:
        if typed[:1].isdigit():
            return
        own = {name: _text(entry) for name, entry in self.session.entries.items()}
        choices: dict[str, tuple[str, str]] = {}
        if not before[: len(before) - len(typed)].strip():
            choices |= {word: (f"{word} ", doc) for word, (doc, _) in REQUESTS.items()}
        elif before.lstrip().split(" ")[0] in REQUESTS and typed:
            choices |= {word: (f"{word} ", text.strip("`")) for word, text in CLAUSES.items()}
        for name, text in own.items():
            entry = self.session.entries[name]
            choices[name] = (f"{name}(" if isinstance(entry, DefinedFunction) and entry.head else name, text)
        if typed:
            choices |= {name: (f"{name}(", row.doc) for name, row in CALLABLE.items() if name not in own}
            choices |= {name: (name, row.doc) for name, row in CONSTANTS.items() if name not in own}
        for name in sorted(choices):
            if name.startswith(typed):
                text, doc = choices[name]
                yield Completion(text, -len(typed), display=name, display_meta=doc)


def _text(entry: Coordinate | DefinedFunction) -> str:
    if isinstance(entry, Coordinate):
        return f"{entry.name} = {mentioned(entry.value)}"
    return " ".join(entry.text.split())[:60]


class Colours(Lexer):
    """Colours by what the words and signs mean; a text that means nothing yet stays plain from there on."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The coloured lines of a text."""
        lines: list[StyleAndTextTuples] = [[]]
        for style, text in self.pieces(document.text):
            first, *others = text.split("\n")
            lines[-1].append((style, first))
            lines += [[(style, other)] for other in others]
        return lambda number: lines[number] if number < len(lines) else []

    def pieces(self, text: str) -> Iterator[tuple[str, str]]:
        """The text in pieces, each with its style.

        >>> [piece for piece in Colours(Session()).pieces("2 sin") if piece[1]]
        [('class:number', '2'), ('', ' '), ('class:function', 'sin')]
        """
        end = 0
        if text.lstrip().startswith(":"):
            end = len(text) - len(text.lstrip().lstrip(":abcdefghijklmnopqrstuvwxyz"))
            yield "class:word", text[:end]
        elif len(text) <= _LONGEST_COLOURED:
            first = True
            try:
                for token in tokens(Source(text)):
                    yield "", text[end : token.start]
                    yield self._style(token.kind, token.text, first), text[token.start : token.end]
                    end, first = token.end, token.kind == "_SEPARATOR"
            except Problem as problem:
                if problem.span is not None and problem.span[0] >= end:
                    yield "", text[end : problem.span[0]]
                    yield "class:stranger", text[problem.span[0] : problem.span[1]]
                    end = problem.span[1]
        yield "", text[end:]

    def _style(self, kind: str, name: str, first: bool) -> str:
        if kind == "NUMBER":
            return "class:number"
        if kind in _KEYWORDS or (kind == "NAME" and first and name in REQUESTS) or name in CLAUSES:
            return "class:word"
        if kind != "NAME":
            return ""
        if name in self.session.entries:
            return "class:known"
        if name in CALLABLE:
            return "class:function"
        return "class:constant" if name in CONSTANTS else ""
