"""The command line of the benchmarks: one module per command, imported when it is called."""

from __future__ import annotations

import importlib
import sys

import typer

from eahas_plugins.terminal import Program, exit_code_of, help_of

COMMANDS = (
    "collect",
    "derive-energy",
    "verify",
    "card",
    "simulate",
    "measure-steps",
    "fit",
    "surrogate-quality",
    "speed",
    "statistics",
    "compare",
    "report",
    "fronts",
    "transfer",
    "overhead",
    "overhead-hosts",
)
"""In the order in which ``--help`` lists them."""
_HELP = "Collect trainings, fit surrogates, and compare methods of search at equal energy."


def make_app(arguments: list[str]) -> typer.Typer:
    """The command that is asked for, or all of them where none is."""
    app = typer.Typer(cls=Program, add_completion=False, pretty_exceptions_enable=False, help=_HELP)
    app.callback(invoke_without_command=True)(_help)
    asked = [name for name in arguments[:1] if name in COMMANDS]
    for name in asked or COMMANDS:
        module = importlib.import_module(f"benchmarks.commands.{name.replace('-', '_')}")
        function = getattr(module, name.replace("-", "_"))
        app.command(name, help=help_of(function))(function)
    return app


def _help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run one command; bad input, a missing package or a full disk ends with one line and code 2.

    Raises:
        SystemExit: With the command's exit code.
    """
    # What is missing may be missed already where the command's module is imported.
    sys.exit(exit_code_of(lambda: make_app(sys.argv[1:])(prog_name="python -m benchmarks")))


if __name__ == "__main__":
    main()
