"""The command line of the benchmarks: one module per command, imported when it is called."""

from __future__ import annotations

import importlib
import sys

import typer

COMMANDS = (
    "collect",
    "derive-energy",
    "verify",
    "card",
    "simulate",
    "fit",
    "surrogate-quality",
    "speed",
    "statistics",
    "compare",
    "report",
    "overhead",
    "overhead-hosts",
)


def _app(arguments: list[str]) -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
    )
    app.callback()(lambda: None)
    asked = [name for name in arguments[:1] if name in COMMANDS]
    for name in asked or COMMANDS:
        function = name.replace("-", "_")
        module = importlib.import_module(f"benchmarks.commands.{function}")
        app.command(name)(getattr(module, function))
    return app


def main() -> None:
    """Run one command; bad input ends with its message and exit code 2."""
    try:
        _app(sys.argv[1:])(prog_name="python -m benchmarks")
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
