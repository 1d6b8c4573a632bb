"""The interactive session from outside: as a script in a pipe, and at a terminal key by key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from typer.testing import CliRunner

from adcalc.cli.app import app
from adcalc.cli.repl_input import unfinished
from adcalc.cli.repl_orders import ORDERS
from adcalc.cli.repl_terminal import converse, history_path
from adcalc.cli.repl_typing import Colours, Names
from adcalc.session import Excerpt, Session


def script(text: str | bytes) -> tuple[int, str, str]:
    """Exit code, output and messages of a script."""
    result = CliRunner().invoke(app, ["repl"], input=text)
    return result.exit_code, result.stdout, result.stderr


# A script, and the lines it writes.
SCRIPTS = [
    ("2 + 3", ["5"]),
    ("x = 3\nx^2", ["9"]),
    ("x = 3; y = x^2; y + 1", ["10"]),
    ("2 + 3\nans*2\nans", ["5", "10", "10"]),
    ("# a remark\n\n1 # another", ["1"]),
    ("f(u,\n  v) = u +\n\n  v\nf(1, 2)", ["3"]),
    ("1 + \\\n2", ["3"]),
    ("\ufeff1\r\n2\r\n", ["1", "2"]),
    (":format plain\nx = 3\ngrad x^2", ["value 9", "x 6"]),
    (":format plain\ngrad x^2*y at x=3,y=4 by y", ["value 36", "y 9"]),
    (":format plain\na = 2\ngrad x^2 at x=2*a", ["value 16", "x 8"]),
    (":format plain\nx = 3\ngrad x*p", ["x p", "p x"]),
    (":format plain\nhessian x^2*y at x=2,y=3", ["value 12", "x 12", "y 4", "6 4", "4 0"]),
    (":format plain\nx = 3; y = x^2\ngrad y*x by y", ["value 27", "y 3"]),
    (":format plain\nx = 3; y = x^2\ngrad y^2 at y=5", ["value 25", "y 10"]),
    ("x = 3\ndiff x^2 by x", ["2*x"]),
    ("diff x^3", ["3*x^2"]),
    ("diff x^3*y by x order 2", ["6*x*y"]),
    ("diff x^3*y by x,x", ["6*x*y"]),
    ("diff x^3*y by x,y", ["3*x^2"]),
    ("y = x^2\ndiff (x*y) by y", ["x"]),
    ("diff(x^2, x)", ["2*x"]),
    ("x = 5\ndiff(x^2, x)", ["10"]),
    ("y + y", ["2*y"]),
    ("eval x^2 at x=pi/pi", ["1"]),
    ("grad = 3\ngrad + 1\ngrad*2\ngrad(t) = t\ngrad(5)", ["4", "6", "5"]),
    ("at = 3\nby = 2\neval at*by at at=5", ["10"]),
    ("x = 1\nx = 2\n:undo\nx", ["x = 1", "1"]),
    ("x = 1; y = 2\n:undo\nx", ["x has no value", "y has no value", "x"]),
    ("x = 1\n:forget x\nx", ["x"]),
    ("x = 3\ny = x^2\nx + 1\n:vars", ["4", "x = 3", "ans = 4", "y = x^2"]),
    ("1\n:quit\n2", ["1"]),
    (":format json\nx = 3\n:vars", ['{"values": {"x": 3.0}, "definitions": {}}']),
    (":format json\nx + x", ['{"formula": "2*x", "without_value": ["x"]}']),
]


@pytest.mark.parametrize(("text", "lines"), SCRIPTS)
def test_a_script_writes_its_results_and_nothing_else(text: str, lines: list[str]) -> None:
    code, output, _ = script(text)
    assert output.splitlines() == lines
    assert code == 0


# A script, its exit code, and words of the message it ends with.
FAILING = [
    ("1\n\nsn(3)\n2", 2, "unknown function `sn` (in line 3)"),
    ("x = -1\ny = log(x)\n\ny + 1", 1, "(in line 4, the definition of `y`)\n  | y = log(x)\n  |     ^^^^^^"),
    ("f(u,\n v) = u +\n sn(v)", 2, "(in line 3)\n  |  sn(v)\n  |  ^^"),
    ("1\n(2 +\n3", 2, "never closed (in line 2)"),
    ("x = 3; 2 + ; 5", 2, "missing operand after `+` (in line 1)"),
    ("1\n:loda", 2, "unknown command `:loda` (in line 2)\n  | :loda\n  | ^^^^^ did you mean `:load`?"),
    (":load", 2, "`:load` needs a file"),
    (":vars x", 2, "`:vars` stands alone"),
    (":backend fast", 2, "unknown backend `fast`"),
    (":format jsn", 2, "unknown format `jsn`"),
    (":undo", 2, "there is nothing to take back"),
    (":help tnh", 2, "unknown function `tnh`"),
    (":load /nowhere/at/all", 2, "there is no file"),
    (":load /", 2, "is a folder"),
    (":save /", 2, "is a folder"),
    (":save /dev/null", 2, "is no ordinary file"),
    (":save /nowhere/at/all", 2, "cannot write"),
    ("grad", 2, "`grad` needs a formula"),
    ("grad x^2 at 3", 2, "this is not name=value"),
    ("grad x^2 at x", 2, "this is not name=value"),
    ("grad x^2 at x=1,x=2", 2, "`x` is given twice"),
    ("grad x^2 at x=1 at x=2", 2, "`at` is given twice"),
    ("grad x^2 by 3", 2, "this is not a name"),
    ("grad x^2 by z", 2, "no variable `z`"),
    ("grad y = x^2", 2, "a formula is needed here"),
    ("diff x^2 at x=3", 2, "`diff` has no `at`"),
    ("diff x*y", 2, "the formula has several variables"),
    ("diff 3", 2, "the formula has no variable"),
    ("diff x by x order 1.5", 2, "whole number"),
    (
        "eval x",
        2,
        "`x` has no value (in line 1)\n  | eval x\n  |      ^ write `x = 3` first, or ask `at x=3`",
    ),
    ("compare x*y at x=1", 2, "`y` has no value"),
    ("1\n\x00", 2, "means nothing here (in line 2)"),
]


@pytest.mark.parametrize(("text", "code", "message"), FAILING)
def test_a_script_ends_at_the_first_problem_with_its_line(text: str, code: int, message: str) -> None:
    found, _, messages = script(text)
    assert message in messages
    assert "Traceback" not in messages
    assert found == code


def test_a_script_goes_on_after_a_result_that_is_not_finite_and_says_so_at_the_end() -> None:
    code, output, messages = script("inf*2\n3")
    assert (code, output.splitlines()) == (1, ["inf", "3"])
    assert "inf" in messages


def test_arrays_of_what_has_no_value_are_shown() -> None:
    """Products with rows, slices and calls that give rows are formulas like others."""
    lines = ["[1,2]*x", "y[0:10:2]", "f(t) = t*[1,2]", "f(x)", "[[1,2],[x,3]]", "x[0]", "x = 3", "f(x)"]
    code, out, _ = script("\n".join(lines))

    assert code == 0
    assert out.split("\n")[:5] == ["[1, 2]*x", "y[0:10:2]", "[1, 2]*x", "[[1, 2], [x, 3]]", "x[0]"]


def test_a_script_that_is_not_text_is_refused_with_the_line() -> None:
    code, output, messages = script(b"1\n\xff\n")
    assert (code, output) == (2, "1\n")
    assert "line 2 is not UTF-8" in messages


def test_with_json_the_problem_is_json_and_carries_the_line() -> None:
    code, output, messages = script(":format json\nx = 3\ngrad x^2\nsn(x)")
    assert code == 2
    assert json.loads(output)["gradient"] == {"x": 6.0}
    error = json.loads(messages)["error"]
    assert error["kind"] == "name" and error["message"] == "line 4: unknown function `sn`"


def test_remarks_of_a_result_count_places_in_the_formula() -> None:
    _, output, _ = script(":format json\nx = 0\ny = 2x\ngrad y + abs(x)")
    (warning, *_) = json.loads(output)["warnings"]
    assert "y + abs(x)"[slice(*warning["span"])] == "abs(x)"


def test_options_are_those_of_the_other_commands() -> None:
    result = CliRunner().invoke(app, ["repl", "--backend", "numeric", "--format", "json"], input="grad x^2 at x=3")
    assert "error_estimate" in json.loads(result.stdout)
    assert CliRunner().invoke(app, ["repl", "--backend", "fast"], input="").exit_code == 2


def test_a_script_needs_no_prompt() -> None:
    code = (
        "import sys; sys.argv = ['adcalc', 'repl']\nfrom adcalc.cli import main\n"
        "try: main()\nexcept SystemExit: pass\nprint('prompt_toolkit' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], input="1 + 1\n", capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["2", "False"]


def test_every_line_is_answered_before_the_next_is_read() -> None:
    command = [sys.executable, "-m", "adcalc", "repl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for line, answer in (("x = 3\nx^2\n", "9\n"), ("ans + 1\n", "10\n")):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == answer
        process.stdin.close()
    assert process.returncode == 0


def test_a_saved_session_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "my session.adcalc"
    lines = "x = 0.1\ny = x^2\ny += 1\nf(u,\n  v) = u*v # product\n:backend dual\n3*4\n"
    assert script(f"{lines}:save {file}")[0] == 0
    expected = ["x = 0.1", "ans = 12", "y = x^2", "y += 1", "f(u,", "  v) = u*v"]
    for text in (f":load {file}\n:vars", file.read_text() + ":vars"):
        code, output, _ = script(text)
        assert (code, output.splitlines()) == (0, expected)
    assert script(f":load {file}\n:save {file}\n")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_another_file_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("something else")
    code, _, messages = script(f":save {file}")
    assert code == 2 and "is not written over" in messages
    assert file.read_text() == "something else"


@pytest.mark.parametrize("order", [":save {}", ": save {}", ":load {}", "  :save {}", "x = 1\n:save {}"])
def test_a_loaded_file_writes_nothing(order: str, tmp_path: Path) -> None:
    """What a file from elsewhere says is not done in the user's name: nothing is saved, nothing else is loaded."""
    evil, target = tmp_path / "evil.txt", tmp_path / "target.adcalc"
    evil.write_text(f"# adcalc session\ny = 2\n{order.format(target)}\n")
    code, _, messages = script(f"x = 1\n:load {evil}\n:vars")

    assert code == 2
    assert "may not give the order" in messages
    assert not target.exists()


@pytest.mark.parametrize("name", ["bash_aliases.txt", ".profile", "run.sh", "a.py"])
def test_a_saved_session_has_an_ending_of_its_own(name: str, tmp_path: Path) -> None:
    """No other program takes it for its own; without an ending it gets one, by which `:load` finds it too."""
    code, _, messages = script(f"x = 1\n:save {tmp_path / name}")
    assert (code, list(tmp_path.iterdir())) in ((2, []), (0, [tmp_path / f"{name}.adcalc"]))
    assert code == 0 or ".adcalc`" in messages

    assert script(f"x = 3\n:save {tmp_path / 'work'}\n:forget x\n:load {tmp_path / 'work'}\nx")[:2] == (0, "3\n")
    assert (tmp_path / "work.adcalc").is_file()


def test_a_file_that_is_replaced_keeps_who_may_read_it(tmp_path: Path) -> None:
    """A session that its owner alone may read stays so; links are followed."""
    file, link = tmp_path / "a.adcalc", tmp_path / "b.adcalc"
    assert script(f"x = 1\n:save {file}")[0] == 0
    file.chmod(0o600)
    link.symlink_to(file)
    assert script(f"x = 2\n:save {link}")[0] == 0

    assert file.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink()
    assert "x = 2" in file.read_text()


def test_after_a_problem_in_a_loaded_file_nothing_of_it_has_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.txt"
    file.write_text("x = 2\n:backend dual\nsn(x)\n")
    session = terminal(f"x = 1\r:load {file}\r")
    assert (session.script(), session.backend) == (["x = 1"], "reverse")
    assert "s.txt, line 3)" in capsys.readouterr().err
    file.write_text(f": load {file}")
    assert script(f":load {file}")[0] == 2


def test_a_loaded_file_is_taken_back_as_one(tmp_path: Path) -> None:
    file = tmp_path / "s.txt"
    file.write_text("x = 2\ny = 3\n")
    assert script(f"x = 1\n:load {file}\n:undo\n:vars")[1].splitlines() == [
        "x = 1",
        "y has no value",
        "x = 1",
    ]


# Text at the prompt, and whether Enter goes on below it.
ENTER = [
    ("1 + 2", False), ("1 +", True), ("sin(", True), ("sin(\n", False), ("f(x,", True), ("x =", True),
    ("x if x > 0 else", True), ("orifice", False), ("2 \\", True), ("1 + # more", True), ("1 # +", False),
    ("(1))", False), ("(1; 2", False), (":load a(", False), ("", False), ("not", True), ("√", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "more"), ENTER)
def test_enter_goes_on_where_the_text_is_not_complete(text: str, more: bool) -> None:
    assert unfinished(text) is more


# Keys typed, and what the session knows in the end.
KEYS = [
    ("x = 3\r", ["x = 3"]),
    ("f(u,\rv) = u*v\r", ["f(u,\nv) = u*v"]),
    ("x = 3\ry = 4\x03z = 5\r", ["x = 3", "z = 5"]),
    ("x = 1 +\x1b\r2\r", ["x = 3"]),
    ("x = sn(2)\rx = 2\r", ["x = 2"]),
    ("x = 2\r:quit\rx = 3\r", ["x = 2"]),
    ("x = (\r\rx = 1\r", ["x = 1"]),
    ("\x1b[200~x = 1\ny = 2\n:forget x\x1b[201~\r", ["y = 2"]),
    (":forg\t", []),
]


@pytest.mark.parametrize(("keys", "known"), KEYS)
def test_keys_do_what_they_do_in_every_shell(keys: str, known: list[str]) -> None:
    assert terminal(keys).script() == known


def test_what_was_typed_is_there_the_next_time() -> None:
    terminal("x = 41\r")
    assert terminal("\x1b[A\x7f2\r").script() == ["x = 42"]
    assert terminal("\x1242\r\r").script() == ["x = 42"]
    assert history_path().stat().st_mode & 0o777 == 0o600


def test_without_a_place_for_the_history_it_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    assert terminal("x = 1\r").script() == ["x = 1"]


def test_an_interruption_keeps_the_session(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(session: Session, text: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setitem(ORDERS, "help", ORDERS["help"]._replace(carry_out=interrupted))
    assert terminal("x = 1\r:help\rx += 1\r").script() == ["x = 2"]
    assert "interrupted" in capsys.readouterr().err


# Text before the cursor, and what it may become.
COMPLETED = [
    (":fo", ["format", "forget"]),
    (":format l", ["latex"]),
    (":backend d", ["dual"]),
    (":help gra", ["grad"]),
    ("gra", ["grad "]),
    ("x + gra", []),
    ("arcsi", ["arcsin(", "arcsinh("]),
    ("2*spe", ["speed"]),
    ("sp", ["speed", "spin("]),
    ("ta", ["tan(", "tanh(", "tau"]),
    ("12", []),
]


@pytest.mark.parametrize(("text", "expected"), COMPLETED)
def test_names_are_completed(text: str, expected: list[str]) -> None:
    found = Names(known()).get_completions(Document(text, len(text)), CompleteEvent(completion_requested=True))
    assert [completion.text for completion in found] == expected


def test_clauses_are_completed_behind_a_request() -> None:
    found = Names(known()).get_completions(Document("grad speed^2 b", 14), CompleteEvent())
    assert "by " in [completion.text for completion in found]


@pytest.mark.parametrize(
    "text",
    ["", "grad x^2 at x=1", "sin(", "a\n+ b $ c", ":vars x", "x))", "'\"", "f(x,\n y)\n\n", "x" * 30_000],
)
def test_colours_keep_the_text_as_it_is(text: str) -> None:
    line = Colours(known()).lex_document(Document(text))
    shown = ["".join(piece[1] for piece in line(number)) for number in range(text.count("\n") + 1)]
    assert "\n".join(shown) == text


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


def known() -> Session:
    """A session with a variable and a function."""
    session = Session()
    for line in ("speed = 3", "spin(t) = t^2"):
        session.take(Excerpt.whole(line))
    return session


def terminal(keys: str) -> Session:
    """A session after keys typed at a terminal, and Ctrl-D."""
    session = Session()
    with create_pipe_input() as pipe:
        pipe.send_text(f"{keys}\x03\x04")
        converse(session, pipe, DummyOutput())
    return session


def test_a_line_that_seems_to_go_on_is_said_to_be_a_formula_by_itself() -> None:
    """Nothing that was typed is dropped without a word; within brackets a line does go on."""
    code, output, said = script("5\n+ 2*3\n(1\n+ 2)\n")
    assert (code, output.split()) == (0, ["5", "6", "3"])
    assert said.count("a line that begins with `+` is a formula by itself") == 1
    assert "`ans + 2*3`" in said


def test_a_formula_without_a_value_is_shown_with_its_domain() -> None:
    """What is shown of it means what was typed, at every point and for every length."""
    code, output, _ = script("x/x\nlog(x) - log(x) + y\nsum(v/v)\n")
    assert (code, output.splitlines()) == (0, ["1 for x != 0", "y for x > 0", "sum(v/v)"])
