"""The commands by name, each imported when it is called, and what happens when something goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from adcalc import __version__
from adcalc.cli.commands import COMMANDS

# typer carries its own copy of click or uses the installed one, depending on the version; its public
# names lead to the right one.
_UsageError: Any = typer.BadParameter.__mro__[1]


class Commands(TyperGroup):
    """The group of all commands; it imports a command when that is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"adcalc.cli.{'evaluate' if cmd_name == 'eval' else cmd_name}")
        command = get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _plain_help(self, ctx, formatter)

    def main(self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Runs a command and leaves with its exit code; every failure is one message."""
        from adcalc.cli.failures import guarded_run

        given = list(sys.argv[1:] if args is None else args)
        run: Any = super().main
        code = guarded_run(lambda: run(given, *rest, standalone_mode=False, **extra), given, _UsageError)
        if standalone_mode:
            sys.exit(code)
        return code


class FormulaCommand(TyperCommand):
    """A command with a formula among its arguments, which may begin with a minus."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts what is no option behind `--`, so that `-x^2` is a formula and `--ta` still a mistake."""
        from adcalc.cli.arguments import shielded

        taking_value = {name for option in self.params for name in option.opts if not getattr(option, "is_flag", False)}
        known = {name for option in self.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
        return list(super().parse_args(ctx, shielded(args, known, taking_value)))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _plain_help(self, ctx, formatter)


def _plain_help(command: Any, ctx: Any, formatter: Any) -> None:
    """Help as plain text in every width: examples keep their lines."""
    command.format_usage(ctx, formatter)
    text = (command.help or "").strip()
    if text:
        formatter.write("\n" + "\n".join(f"  {line}".rstrip() for line in text.splitlines()) + "\n")
    command.format_options(ctx, formatter)


app = typer.Typer(
    cls=Commands, add_completion=True, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"adcalc {__version__}")
        raise typer.Exit


@app.callback()
def adcalc(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    """A gradient calculator: type a formula, get its value, gradient and Hessian.

    adcalc grad "x*x*y + y + 2" --at x=3,y=4
    adcalc hessian "x1^2*(x1 + x2)" --at x1=2,x2=3
    adcalc diff "exp(2x)*sin(x)" --wrt x --order 2
    adcalc repl
    """
