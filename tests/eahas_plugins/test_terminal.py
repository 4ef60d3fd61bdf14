from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from eahas_plugins.terminal import Program, exit_code_of, fail, help_of, some_of, table_text, warn


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    rows = [("a", "1,000", "12.5", "x"), ("bcd", "-", "never", "y z"), ("e", ">3.21", "", "")]
    assert table_text(("name", "n", "of", "what"), rows, title="Three").splitlines() == [
        "Three",
        "name      n     of  what",
        "a     1,000   12.5  x",
        "bcd       -  never  y z",
        "e     >3.21",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert table_text(("a", "bc"), []) == "a  bc"


def test_rows_must_have_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="shorter"):
        table_text(("a", "bc"), [("x",)])


def made(function: Any) -> typer.Typer:
    program = typer.Typer(cls=Program)
    program.callback()(lambda: None)
    program.command("do", help=help_of(function))(function)
    return program


def result_of(function: Any, *words: str) -> Any:
    return CliRunner().invoke(made(function), ["do", *words])


@pytest.mark.parametrize("error", [ValueError("x must be 1."), OSError(28, "No space left")])
def test_what_is_the_users_to_mend_is_one_line(error: Exception) -> None:
    def do() -> None:
        raise error

    done = result_of(do)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"Error: {error}\n"


def test_a_missing_package_names_its_extra() -> None:
    def do() -> None:
        raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    assert "pip install 'eahas-plugins[yahpo]'" in result_of(do).stderr


@pytest.mark.parametrize("error", [KeyError("x"), ModuleNotFoundError(name="eahas_plugins.none")])
def test_an_error_of_the_program_itself_is_raised(error: Exception) -> None:
    def do() -> None:
        raise error

    assert result_of(do).exception is error


def test_warnings_and_failures_stay_out_of_the_result() -> None:
    def do() -> None:
        warn("few runs.")
        raise fail("2 of 3 differ.")

    done = result_of(do)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Warning: few runs.\nError: 2 of 3 differ.\n"


def test_usage_is_told_in_one_line_too() -> None:
    def do(n: Annotated[int, typer.Option(min=1)]) -> None: ...

    assert result_of(do, "--n", "0").exit_code == 2
    (line,) = result_of(do, "--n", "0").stderr.splitlines()
    assert line.startswith("Error: Invalid value for '--n'")
    assert line.endswith(" do --help'.")


def test_an_interrupt_has_the_exit_code_of_shells() -> None:
    def do() -> None:
        raise KeyboardInterrupt

    assert result_of(do).exit_code == 130


def test_the_exit_code_of_a_command_is_kept() -> None:
    def do() -> None:
        raise typer.Exit(7)

    assert result_of(do).exit_code == 7
    assert exit_code_of(lambda: None) == 0
    with pytest.raises(SystemExit) as left:
        made(do)(["do"])
    assert left.value.code == 7
    assert made(do)(["do"], standalone_mode=False) == 7


def test_a_docstring_becomes_help() -> None:
    def do() -> None:
        """Do it
        well.

        In two
        paragraphs.

        Raises:
            ValueError: Never.
        """

    assert help_of(do) == "Do it well.\n\nIn two paragraphs."


def test_a_shell_is_offered_what_is_not_given_yet() -> None:
    offered = some_of(lambda: ("rs", "tpe", "tpe-median"))
    assert offered("tp") == ["tpe", "tpe-median"]
    assert offered("rs,tpe") == ["rs,tpe", "rs,tpe-median"]
    assert offered("rs,tpe,") == ["rs,tpe,tpe-median"]
