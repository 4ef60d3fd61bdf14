"""How the commands speak: results on standard output, all else on standard error.

A result is an aligned table or, with ``--json``, one line of JSON. What is the user's to mend ends
with a line ``Error: ...`` and exit code 2, never with a traceback.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from eahas_plugins.packages import missing_message

BAD_INPUT, INTERRUPTED = 2, 130
INTERSPERSED = "allow_interspersed_args"
"""A setting of a command: its options end where its words begin, which are a program's."""
_CLICK_ERRORS: tuple[type[BaseException], ...] = typer.BadParameter.__mro__[1:3]
"""Errors of usage and their base: those of click, or of the click that Typer brings."""
_NUMBER = re.compile(r"[-+>~]?[0-9.,]+(e[-+]?[0-9]+)?%?|-|never")


class Program(TyperGroup):
    """A command line whose errors all look the same: ``typer.Typer(cls=Program)``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an empty word, of which a path would make the current folder.

        What is said to a program that a command runs is the program's.

        Raises:
            BadParameter: If there is one.
        """
        named = self.get_command(ctx, args[0]) if args else None
        if "" in args and (named is None or named.context_settings.get(INTERSPERSED, True)):
            position = args.index("")
            before = args[position - 1] if position else "the command"
            raise typer.BadParameter(
                f"what follows {before} must not be empty but got '': is a variable of your shell "
                "unset? The current folder is '.'.",
                ctx=ctx,
            )
        found: list[str] = super().parse_args(ctx, args)
        return found

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command and leave with its exit code.

        Raises:
            SystemExit: Always, unless ``standalone_mode=False`` is among the settings.
        """
        call: Callable[..., Any] = super().main
        if not settings.pop("standalone_mode", True):
            return call(*args, standalone_mode=False, **settings)
        sys.exit(exit_code_of(lambda: call(*args, standalone_mode=False, **settings)))


def exit_code_of(command: Callable[[], Any]) -> int:
    """Run a command; what is the user's to mend is said in one line.

    Bad input, a missing package and a full disk are told with exit code 2. An error of the program
    itself is raised.

    Raises:
        ImportError: If it is not a missing package but a module of this project.
    """
    try:
        code = command()
    except typer.Abort:
        return INTERRUPTED
    except _CLICK_ERRORS as error:
        _tell_error(_usage(error))
    except ImportError as error:
        message = missing_message(error)
        if message is None:
            raise
        _tell_error(message)
    except (ValueError, OSError) as error:
        _tell_error(str(error))
    else:
        return code if isinstance(code, int) else 0
    return BAD_INPUT


def _usage(error: Any) -> str:
    """The words of an error of usage, and where to read on."""
    context = getattr(error, "ctx", None)
    where = "" if context is None else f" Try '{context.command_path} --help'."
    return f"{error.format_message()}{where}"


def _tell_error(message: str) -> None:
    tell(f"Error: {message}")


def tell(message: str) -> None:
    """Say something that is not a result."""
    typer.echo(message, err=True)


def warn(message: str) -> None:
    """Say what the user should look at before believing a result."""
    tell(f"Warning: {message}")


def fail(message: str) -> typer.Exit:
    """Say why a command that was asked rightly ends with exit code 1; raise what is returned."""
    _tell_error(message)
    return typer.Exit(1)


def print_json(value: Any) -> None:
    """Print a result for programs: one line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Print a result for people."""
    typer.echo(table_text(columns, rows, title=title))


def table_text(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> str:
    """A table in plain text; columns of numbers stand to the right.

    Example:
        >>> print(table_text(("task", "runs"), [("a", "10"), ("bcd", "9")]))
        task  runs
        a       10
        bcd      9

    Args:
        columns: Their names.
        rows: Cells, as many as there are columns.
        title: A line above.
    """
    cells = [list(row) for row in rows]
    lines = [] if title is None else [title]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = [_is_numbers(row[place] for row in cells) for place in range(len(columns))]
    for row in (columns, *cells):
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _is_numbers(cells: Iterator[str]) -> bool:
    return all(_NUMBER.fullmatch(cell) for cell in cells if cell)


def help_of(function: Callable[..., Any]) -> str:
    """A docstring as a command's help: without what it raises, and a paragraph in one line.

    Args:
        function: What runs the command.
    """
    text, _, _ = inspect.cleandoc(function.__doc__ or "").partition("\n\nRaises:")
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def some_of(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """What a shell offers for a value that is one of some names, or several between commas.

    Args:
        names: Gives them when a shell asks.
    """

    def offered(incomplete: str) -> list[str]:
        given, comma, begun = incomplete.rpartition(",")
        before = given.split(",")
        return [
            f"{given}{comma}{name}"
            for name in names()
            if name.startswith(begun) and name not in before
        ]

    return offered
