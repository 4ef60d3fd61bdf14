import pytest
import typer
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.commands import compare as command
from benchmarks.commands.compare import compare
from benchmarks.comparison.suites import SUITES
from benchmarks.methods import method_names
from benchmarks.problems import problem_names

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*experimental"),
]


def invoke(*arguments):
    app = typer.Typer()
    app.command()(compare)
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "fashon-nano"), "Did you mean 'fashion-nano'?"),
        (("--methods", "rs,ea-bhob"), "Did you mean 'ea-bohb'?"),
        (("--methods", "rs,rs"), "each be given once"),
        (("--methods", ","), "must not be empty"),
        (("--budget-trainings", "0"), "budget-trainings must be positive"),
        (("--budget-trainings", "-3"), "budget-trainings must be positive"),
        (("--budget-trainings", "nan"), "budget-trainings must be positive"),
        (("--budget-kwh", "nan"), "budget-kwh must be positive"),
        (("--budget-kwh", "inf"), "budget-kwh must be positive"),
        (("--budget-kwh", "1", "--budget-trainings", "2"), "together"),
        (("--seeds", "0"), "seeds must be at least 1"),
        (("--first-seed", "-1"), "first-seed must not be negative"),
        (("--jobs", "0"), "jobs must be at least 1"),
        (("--engine", "ray"), "engine must be local or dask"),
        (("--engine", "dask"), "together"),
        (("--suite", "papr"), "suite must be one of smoke, paper"),
        (("--task", "cifar10", "--source", "here"), "cifar10 reads no folder of yours: leave --so"),
    ],
)
def test_bad_input_says_what_must_hold_and_writes_nothing(tmp_path, arguments, message):
    out = tmp_path / "out"
    result = invoke("--out", str(out), *arguments)
    assert isinstance(result.exception, ValueError)  # `python -m benchmarks` makes it exit code 2
    assert message in str(result.exception)
    assert not out.exists()


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_takes_a_folder_where_one_of_its_tasks_reads_it(tmp_path, monkeypatch, suite):
    ran = []
    monkeypatch.setattr(command, "compare_on", lambda problem, *_, **__: ran.append(problem))
    monkeypatch.setattr(command, "report", lambda *_, **__: None)
    result = invoke("--out", str(tmp_path), "--suite", suite, "--methods", "rs", "--source", "here")
    if suite == "foreign":
        assert result.exception is None
        assert len(ran) == len(SUITES[suite].tasks)
        assert sum(problem.source is not None for problem in ran) == len(ran) - 3  # live ones
    else:
        assert "leave --source out" in str(result.exception)
        assert not ran


def test_help_has_every_default_method_and_problem(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = CliRunner().invoke(make_app(["compare"]), ["compare", "--help"])
    told = " ".join(done.output.replace("│", " ").split())
    assert all(f" {name}" in told for name in (*method_names(), *problem_names()))
    for default in ("fashion-nano", "bohb,rs,tpe,ea-bohb", "5", "40"):
        assert f"[default: ({default})]" in told
    assert "zeus-v100 (with --source)" in told
    assert "fashion-nano-gpu" not in told
    assert "Raises" not in told
