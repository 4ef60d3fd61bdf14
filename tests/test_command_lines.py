"""Both programs, every command and option: defaults, choices, one kind of error."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.__main__ import COMMANDS, make_app
from benchmarks.commands.collect import METERS, TASKS_TRAINED
from benchmarks.commands.overhead import PARTS
from benchmarks.commands.overhead_hosts import HOSTS
from benchmarks.comparison.suites import SUITES
from benchmarks.methods import method_names
from benchmarks.problems import problem_names
from benchmarks.transfer.conditions import CONDITIONS
from surrogate.cli import app
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import COLLECTED
from surrogate.step_records import Precision

PROGRAMS = {"eahas": app, "python -m benchmarks": make_app([])}
CHOICES = {
    **{("eahas", name, "task"): TASKS for name in ("space", "sample", "query")},
    ("eahas", "import-official", "dataset"): COLLECTED,
    ("benchmarks", "collect", "task"): TASKS_TRAINED.values(),
    ("benchmarks", "collect", "device"): METERS,
    ("benchmarks", "collect", "meter"): METERS.values(),
    ("benchmarks", "verify", "task"): TASKS_TRAINED.values(),
    ("benchmarks", "card", "task"): TASKS_TRAINED.values(),
    ("benchmarks", "simulate", "task"): COLLECTED,
    ("benchmarks", "measure-steps", "task"): COLLECTED,
    ("benchmarks", "measure-steps", "device"): METERS,
    ("benchmarks", "measure-steps", "precision"): get_args(Precision),
    **{
        ("benchmarks", name, "task"): TASKS
        for name in ("fit", "surrogate-quality", "speed", "statistics")
    },
    ("benchmarks", "compare", "task"): problem_names(),
    ("benchmarks", "compare", "methods"): method_names(),
    ("benchmarks", "compare", "engine"): ("local", "dask"),
    ("benchmarks", "compare", "suite"): SUITES,
    ("benchmarks", "overhead-hosts", "host"): HOSTS,
    ("benchmarks", "overhead", "part"): PARTS,
    ("benchmarks", "transfer", "plain"): method_names(),
    ("benchmarks", "transfer", "conditions"): [condition.name for condition in CONDITIONS],
}
"""What is one of some names."""
FREE_TEXT = {"command", "config", "storage", "study", "country", "fidelity_param", "scheduler"}


def parameters() -> Iterator[Any]:
    """Program, command, and a parameter of it with its type."""
    for program, whole in PROGRAMS.items():
        group: Any = typer.main.get_command(whole)
        for name, command in group.commands.items():
            types = get_type_hints(command.callback)
            for parameter in command.params:
                short = program.rpartition(" ")[2]
                names = (short, name, parameter.name)
                yield pytest.param(*names[:2], parameter, types[names[2]], id=" ".join(names))


def told(program: str, *words: str) -> str:
    whole = PROGRAMS["eahas" if program == "eahas" else "python -m benchmarks"]
    done = CliRunner(env={"COLUMNS": "100"}).invoke(whole, [*words, "--help"])
    assert done.exit_code == 0, done.stderr
    return " ".join(done.stdout.replace("│", " ").split())


@pytest.mark.parametrize(("program", "command", "parameter", "kind"), list(parameters()))
def test_help_names_defaults_and_choices(
    program: str, command: str, parameter: Any, kind: Any
) -> None:
    text = told(program, command)
    assert parameter.help
    if not parameter.required and not getattr(parameter, "is_flag", False) and parameter.default:
        assert f"[default: {parameter.default}" in text
    elif parameter.default is None and parameter.param_type_name == "option":
        assert parameter.required or f"[default: ({parameter.show_default})]" in text
    choices = CHOICES.get((program, command, parameter.name))
    if choices is not None:
        missing = [name for name in choices if name not in text]
        assert missing == []
    elif kind in (str, str | None, list[str], list[str] | None):
        assert parameter.name in FREE_TEXT


def test_the_table_of_choices_is_about_what_there_is() -> None:
    there = {(p.values[0], p.values[1], p.values[2].name) for p in parameters()}
    assert set(CHOICES) <= there


@pytest.mark.parametrize("program", ["eahas", "benchmarks"])
def test_help_has_whole_sentences_and_no_section_for_programmers(program: str) -> None:
    whole: Any = typer.main.get_command(
        PROGRAMS["eahas" if program == "eahas" else "python -m benchmarks"]
    )
    for name, command in whole.commands.items():
        assert command.help.partition("\n")[0].endswith("."), name
        assert "Raises:" not in command.help
        assert not any(line.startswith(" ") for line in command.help.splitlines())


@pytest.mark.parametrize("program", ["surrogate.cli", "benchmarks.__main__"])
@pytest.mark.parametrize(
    ("words", "last"),
    [
        ([], ""),
        (["no-such-command"], "Error: No such command 'no-such-command'. Try '"),
        (["report"], "Error: Missing argument '"),
        (["report", "/no/such/folder"], "Error: "),
        (["report", "--no-such-option", "x"], "Error: No such option: --no-such-option"),
        (
            ["report", "--out", ""],
            "Error: Invalid value: what follows --out must not be empty but got ''",
        ),
        ([""], "Error: Invalid value: what follows the command must not be empty but got ''"),
    ],
)
def test_errors_look_the_same_in_both(program: str, words: list[str], last: str) -> None:
    code = f"import sys; from {program} import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == (2 if last else 0), done.stderr
    if last:
        (line,) = done.stderr.splitlines()
        assert line.startswith(last)
        assert done.stdout == ""
    else:
        assert "Usage:" in done.stdout


def test_every_command_of_the_benchmarks_is_walked() -> None:
    group: Any = typer.main.get_command(make_app([]))
    assert tuple(group.commands) == COMMANDS


def test_tables_and_errors_are_printed_in_one_place() -> None:
    """Rich is for progress bars alone; a box around a result is a second style."""
    found = [
        str(path)
        for folder in ("benchmarks", "surrogate", "eahas_plugins")
        for path in Path(folder).rglob("*.py")
        if "rich.table" in path.read_text() or "Console()" in path.read_text()
    ]
    assert found == []
