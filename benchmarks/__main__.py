"""The command line of the benchmarks: one module per command, imported when it is called."""

from __future__ import annotations

import importlib
import inspect
import sys

import typer

from benchmarks.packages import missing_message

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
    "overhead",
    "overhead-hosts",
)
"""In the order in which ``--help`` lists them."""


def make_app(arguments: list[str]) -> typer.Typer:
    """The command that is asked for, or all of them where none is."""
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
    )
    app.callback()(lambda: None)
    asked = [name for name in arguments[:1] if name in COMMANDS]
    for name in asked or COMMANDS:
        module = importlib.import_module(f"benchmarks.commands.{name.replace('-', '_')}")
        function = getattr(module, name.replace("-", "_"))
        told, _, _ = inspect.cleandoc(function.__doc__ or "").partition("\n\nRaises:")
        app.command(name, help=told)(function)
    return app


def main() -> None:
    """Run one command; bad input, a missing package or a full disk ends with one line and code 2.

    Raises:
        SystemExit: With the command's exit code.
    """
    try:
        make_app(sys.argv[1:])(prog_name="python -m benchmarks")
    except (ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except ImportError as error:
        message = missing_message(error)
        if message is None:
            raise
        typer.echo(f"error: {message}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
