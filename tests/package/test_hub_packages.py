"""The OptunaHub packages: the registry's layout, and their examples as a user would run them."""

import ast
import inspect
import re
from pathlib import Path

import optuna
import pytest

PACKAGE = Path(__file__).parents[2] / "package"
TAGS = {
    "benchmarks": "benchmark",
    "callbacks": "callback",
    "pruners": "pruner",
    "samplers": "sampler",
    "visualization": "visualization",
}
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


def section(name, heading):
    match = re.search(rf"^## {heading}\n\n(.*?)(?=^## |\Z)", readme(name), re.DOTALL | re.MULTILINE)
    assert match, heading
    return match[1]


def arguments_of(signature):
    """Names and defaults of a signature as it is printed."""
    (function,) = ast.parse(f"def f{signature}: pass").body
    args = function.args
    empty = [inspect.Parameter.empty] * (len(args.args) - len(args.defaults))
    pairs = [*zip(args.args, [*empty, *args.defaults], strict=True)]
    pairs += zip(args.kwonlyargs, args.kw_defaults, strict=True)
    pairs += [(args.kwarg, inspect.Parameter.empty)] if args.kwarg else []
    return {
        argument.arg: ast.literal_eval(default) if isinstance(default, ast.AST)
        else inspect.Parameter.empty
        for argument, default in pairs
    }  # fmt: skip


def run(code, name, tmp_path, monkeypatch):
    """Run an example in a folder of its own, where the registry is that of this clone."""
    import optunahub

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    monkeypatch.setattr(optunahub, "load_module", lambda package: load(package))
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "__main__"}
    exec(compile(code, name, "exec"), scope)
    return scope


def test_the_packages_that_people_look_for():
    assert {
        "benchmarks/eahas_bench",
        "callbacks/energy_budget",
        "pruners/energy_hyperband",
        "samplers/ea_bohb",
        "samplers/ea_tpe",
        "visualization/plot_energy",
    } == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_layout_of_the_registry(name):
    files = ("README.md", "LICENSE", "__init__.py", "example.py", "requirements.txt")
    for file in files:
        assert (PACKAGE / name / file).is_file()
    assert "MIT License" in (PACKAGE / name / "LICENSE").read_text(encoding="utf-8")
    matter = front_matter(name)
    assert set(matter) == {
        "author", "title", "description", "tags", "optuna_versions", "license"
    }  # fmt: skip
    assert matter["license"] == "MIT License"
    assert TAGS[name.split("/")[0]] in matter["tags"].strip("[]").split(", ")
    assert "5.0.0" in matter["optuna_versions"]
    assert not any(": " in value for value in matter.values())  # YAML needs no quotes
    for heading in ("Abstract", "APIs", "Installation", "Example"):
        assert section(name, heading)
    assert f"https://hub.optuna.org/{name}/requirements.txt" in section(name, "Installation")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_registry_does_not_show_is_not_used(name):
    text = readme(name)
    assert not re.search(r"<[a-z]+[ />]", text), "HTML is removed"
    for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert target.startswith("images/"), target
        assert (PACKAGE / name / target).stat().st_size < 100_000
    example = (PACKAGE / name / "example.py").read_text(encoding="utf-8")
    for code in (text, example):
        assert "load_local_module" not in code
        assert "repo_owner" not in code
    assert f'load_module(package="{name}")' in text
    assert f'load_module(package="{name}")' in example


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_describes_what_there_is_today(name):
    module = load(name)
    entries = re.findall(
        r"^- `(\w+)(\([^`]*\))?`.*\n((?:  - .*\n)*)", section(name, "APIs"), re.MULTILINE
    )
    assert sorted(item for item, _, _ in entries) == sorted(module.__all__)
    for item, signature, explained in entries:
        if signature:
            told = arguments_of(signature)
            assert re.findall(r"^  - `(\w+)`: ", explained, re.MULTILINE) == list(told), item
            parameters = inspect.signature(getattr(module, item)).parameters
            assert told == {argument: parameters[argument].default for argument in told}, item


@pytest.mark.parametrize("name", NAMES)
def test_the_readmes_example_runs(name, tmp_path, monkeypatch):
    code = re.search(r"```python\n(.*?)```", section(name, "Example"), re.DOTALL)[1]
    study = run(code, f"{name}/README.md", tmp_path, monkeypatch)["study"]
    assert len(study.trials) >= 10
    assert any(t.state is optuna.trial.TrialState.COMPLETE for t in study.trials)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", NAMES)
def test_the_example_file_runs(name, tmp_path, monkeypatch, capsys):
    code = (PACKAGE / name / "example.py").read_text(encoding="utf-8")
    run(code, f"{name}/example.py", tmp_path, monkeypatch)
    assert capsys.readouterr().out.strip()
