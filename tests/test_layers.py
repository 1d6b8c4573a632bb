"""The rooms of the house: imports point one way, and a short command fetches nothing it does not need."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import adcalc
from adcalc.parser import lalr
from adcalc.parser.syntax import syntax_of

ROOT = Path(adcalc.__file__).parent

#: From the ground up: a room may use those before it.
ROOMS = [
    "errors", "results", "ir", "table", "parser", "lower", "algebras", "autodiff", "engines", "symbolic", "checks",
    "backends", "numeric", "query", "batches", "function", "comparison", "io", "session", "render", "cli",
]  # fmt: skip

MODULES = sorted(
    path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem not in ("__init__", "__main__")
)


def room(path: Path) -> str:
    """The room that a module lies in."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Everything a module imports, inside functions too; not what only annotations need."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_imports_point_one_way(path: Path) -> None:
    """A module uses its own room and the rooms below it."""
    own = ROOMS.index(room(path))
    for name in imports(path):
        if name.startswith("adcalc.") and name.split(".")[1] in ROOMS:
            assert ROOMS.index(name.split(".")[1]) <= own, name


def uses(path: Path) -> set[Path]:
    """The modules of adcalc that a module imports, inside functions too."""
    found = set()
    for name in imports(path):
        if name.startswith("adcalc."):
            place = ROOT.parent / name.replace(".", "/")
            found |= {each for each in (place.with_suffix(".py"), place / "__init__.py") if each.exists()}
    return found - {path}


def test_no_module_needs_itself() -> None:
    """Imports have no circles, not even by way of imports inside functions."""
    graph = {path: uses(path) for path in MODULES}
    while free := [path for path, needed in graph.items() if not needed & graph.keys()]:
        for path in free:
            del graph[path]
    assert not graph


def test_few_entries_and_few_floors() -> None:
    """Side by side stand two dozen entries at most, and a room has thirteen floors below the roof at most."""
    entries = [path for path in ROOT.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 24
    needed = {name: {room(each) for path in MODULES if room(path) == name for each in uses(path)} for name in ROOMS}
    floors: dict[str, int] = {}
    for name in ROOMS:
        floors[name] = 1 + max([floors[each] for each in needed[name] - {name} if each in floors], default=0)
    assert max(floors.values()) <= 13


@pytest.mark.parametrize(
    ("library", "home"),
    [("rich", "render"), ("typer", "cli"), ("prompt_toolkit", "cli"), ("llvmlite", "engines"), ("polars", "io")],
)
def test_each_front_library_has_one_room(library: str, home: str) -> None:
    """Only render draws, only cli talks to the command line and the terminal."""
    users = {room(path) for path in MODULES if any(n.split(".")[0] == library for n in imports(path))}

    assert users == {home}


def test_nothing_runs_what_a_user_gives() -> None:
    """No module calls eval, exec or compile on text, unpickles, or starts a shell."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
        assert not {"pickle", "marshal", "subprocess", "shelve"} & {name.split(".")[0] for name in imports(path)}


def modules_after(*arguments: str) -> set[str]:
    """The modules in memory after a command."""
    code = (
        "import sys; sys.argv = ['adcalc', *sys.argv[1:]]\n"
        "from adcalc.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_version_needs_nothing() -> None:
    """`adcalc --version` imports no library."""
    loaded = modules_after("--version")

    assert not loaded & {"typer", "rich", "numpy", "scipy", "lark", "mpmath", "prompt_toolkit", "adcalc.function"}


def test_a_gradient_needs_no_heavy_library() -> None:
    """`adcalc grad` of a textbook formula imports neither arrays nor a parser generator."""
    loaded = modules_after("grad", "x*x*y + y + 2", "--at", "x=3,y=4")

    assert "adcalc.backends.reverse" in loaded
    assert not loaded & {"numpy", "scipy", "lark", "mpmath", "prompt_toolkit", "adcalc.backends.numeric"}


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    """The tables beside the parser were compiled from the grammar as it stands."""
    fresh = lalr.compiled_tables(lalr.grammar_text())

    assert lalr.tables() == lalr.loaded_tables(fresh)


def test_modules_are_short() -> None:
    """A module says one thing; past 400 lines it is two."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}

    assert {str(path) for path, length in lengths.items() if length > 400} == set()


def test_the_parser_is_an_ordinary_function() -> None:
    """The public names are there, and no others."""
    assert callable(syntax_of)
    assert set(adcalc.__all__) <= {*dir(adcalc), *adcalc.__all__}
    with pytest.raises(AttributeError):
        adcalc.nothing  # noqa: B018


#: Functions of the language may be called in every room what they are called in the language.
MATHEMATICS = frozenset({"factorial", "logaddexp", "modulo", "power", "sinc", "sinh", "xlog1py", "xlogy"})


def test_no_public_name_stands_in_two_rooms() -> None:
    """What a name means does not depend on where it is read; a command is called what it does."""
    homes: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            command = room(path) == "cli" and getattr(node, "decorator_list", [])
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not command:
                homes.setdefault(node.name, set()).add(room(path))
    several = {name: rooms for name, rooms in homes.items() if len(rooms) > 1 and name not in MATHEMATICS}
    assert several == {}
