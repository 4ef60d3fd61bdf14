"""What ``eahas`` offers to the shells, by the protocol that their scripts speak."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

EAHAS = "import sys; sys.argv[0] = 'eahas'; from surrogate.cli import main; main()"


def offered(shell: str, line: str) -> str:
    words = line.split(" ")
    asked = {
        f"_{'eahas'.upper()}_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-c", EAHAS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **asked},
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_offered_commands_and_tasks(shell: str) -> None:
    commands = offered(shell, "eahas re")
    assert "report" in commands
    assert "query" not in commands
    tasks = offered(shell, "eahas query fash")
    assert "fashion-nano-table" in tasks
    assert "cifar10" not in tasks


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("eahas import-official a b --dataset ", ["cifar10", "tinyimagenet"]),
        ("eahas report study.db --country F", ["FIN", "FRA"]),
        ("eahas query cifar10 --", ["--config", "--seed", "--json", "--help"]),
    ],
)
def test_values_and_options_are_offered(line: str, names: list[str]) -> None:
    assert offered("bash", line).split() == names
