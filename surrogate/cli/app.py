"""The program to which the commands are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from eahas_plugins.packages import DISTRIBUTION, version_of
from eahas_plugins.terminal import Program, help_of

app = typer.Typer(
    name="eahas",
    cls=Program,
    help="Energy of searches: measure it, report it, and query the EA-HAS-Bench surrogate.",
    pretty_exceptions_enable=False,
)
JSON = typer.Option("--json", help="Print JSON.")


def command(name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a command whose help is its docstring.

    Args:
        name: What users type.
        settings: Those of ``typer.Typer.command``.
    """

    def added(function: Callable[..., None]) -> Callable[..., None]:
        return app.command(name, help=help_of(function), **settings)(function)

    return added


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{DISTRIBUTION} {version_of(DISTRIBUTION)}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
