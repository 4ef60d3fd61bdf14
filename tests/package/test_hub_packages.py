"""The OptunaHub packages: their layout, and their README's example as a user would run it."""

import re
from pathlib import Path

import optuna
import pytest

PACKAGE = Path(__file__).parents[2] / "package"
TAGS = {"samplers": "sampler", "pruners": "pruner", "visualization": "visualization"}
NAMES = sorted(
    f"{category}/{folder.name}"
    for category in TAGS
    for folder in (PACKAGE / category).iterdir()
    if folder.is_dir() and folder.name != "__pycache__"
)

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def load(name):
    import optunahub

    return optunahub.load_local_module(name, registry_root=str(PACKAGE))


def readme(name):
    return (PACKAGE / name / "README.md").read_text(encoding="utf-8")


def front_matter(name):
    match = re.match(r"---\n(.*?)\n---\n", readme(name), re.DOTALL)
    assert match, "the README must start with a front matter"
    return dict(line.split(": ", 1) for line in match[1].splitlines())


def test_there_are_packages():
    assert {"samplers/ea_tpe", "samplers/ea_bohb", "pruners/energy_hyperband"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_layout_of_the_registry(name):
    for file in ("README.md", "LICENSE", "__init__.py", "requirements.txt"):
        assert (PACKAGE / name / file).is_file()
    matter = front_matter(name)
    assert set(matter) == {
        "author", "title", "description", "tags", "optuna_versions", "license"
    }  # fmt: skip
    assert matter["license"] == "MIT License"
    assert TAGS[name.split("/")[0]] in matter["tags"].strip("[]").split(", ")
    assert "5.0.0" in matter["optuna_versions"]
    assert not any(": " in value for value in matter.values())  # YAML needs no quotes
    for heading in ("Abstract", "Class or Function Names", "Installation", "Example"):
        assert f"\n## {heading}\n" in readme(name)


@pytest.mark.parametrize("name", NAMES)
def test_loads_and_offers_what_the_readme_names(name):
    module = load(name)
    listed = re.search(r"## Class or Function Names\n\n((?:- .*\n)+)", readme(name))[1]
    assert sorted(line[2:] for line in listed.splitlines()) == sorted(module.__all__)
    assert all(callable(getattr(module, item)) for item in module.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_the_readmes_example_runs(name, tmp_path, monkeypatch):
    import optunahub

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    monkeypatch.setattr(optunahub, "load_module", lambda package: load(package))
    monkeypatch.chdir(tmp_path)
    code = re.search(r"## Example\n\n```python\n(.*?)```", readme(name), re.DOTALL)[1]
    scope: dict[str, object] = {}
    exec(compile(code, f"{name}/README.md", "exec"), scope)
    study = scope["study"]
    assert len(study.trials) == 30
    assert any(t.state is optuna.trial.TrialState.COMPLETE for t in study.trials)
