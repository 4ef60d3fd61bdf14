from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from typer.testing import CliRunner

from eahas_plugins.energy import CpuTimeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyTracker, energy_report
from eahas_plugins.optuna.report import run_of
from eahas_plugins.optuna.stored_study import load_study
from eahas_plugins.report import EnergySource, read_run
from surrogate.cli import app


def study_of(storage: Any = None, name: str = "hand-made", **given: Any) -> optuna.Study:
    """Four trials: 2 and 4 Wh complete, 1 Wh pruned where 3 were planned, 0.5 Wh failed."""
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", **given)

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        kwh = (0.002, 0.004, 0.001, 0.0005)[trial.number]
        trial.set_user_attr("energy_kwh", kwh)
        if trial.number == 2:
            trial.set_user_attr("energy_reserved_kwh", 0.003)
            raise optuna.TrialPruned
        if trial.number == 3:
            raise ArithmeticError
        return x + trial.number

    study.optimize(objective, n_trials=4, catch=ArithmeticError)
    study.set_user_attr("energy_cap_kwh", 0.01)
    return study


def check(run: Any) -> None:
    assert (run.host, run.name, run.cap_kwh) == ("Optuna", "hand-made", 0.01)
    assert run.spent_kwh == pytest.approx(0.0075)
    assert [t.state for t in run.trials] == ["complete", "complete", "pruned", "failed"]


def test_a_study_in_memory() -> None:
    report = energy_report(study_of(), g_per_kwh=200.0)
    check(report.numbers.run)
    assert report.numbers.best[0].name == "trial 1"
    assert report.numbers.pruning is not None
    assert report.numbers.pruning.kwh == pytest.approx(0.002)
    assert report.numbers.emissions is not None
    assert report.numbers.emissions.g_co2e == pytest.approx(1.5)


def test_sqlite_by_url_and_by_file(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    study_of(f"sqlite:///{file}")
    check(read_run(f"sqlite:///{file}"))
    check(read_run(file, study="hand-made"))


def test_a_journal_is_read_and_not_written(tmp_path: Path) -> None:
    file = tmp_path / "journal.log"
    study_of(JournalStorage(JournalFileBackend(str(file))))
    before = file.read_bytes()
    check(read_run(file))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["journal.log"]


def test_what_is_not_there_is_an_error_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file"):
        load_study(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(FileNotFoundError, match="there must be a study or run"):
        read_run(tmp_path / "none.log")
    assert list(tmp_path.iterdir()) == []


def test_a_study_is_named_where_there_are_several(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study_of(url)
    study_of(url, name="second")
    with pytest.raises(ValueError, match="holds the studies 'hand-made', 'second': name one"):
        read_run(url)
    with pytest.raises(ValueError, match="must hold the study 'third' but holds 'hand-made'"):
        read_run(url, study="third")
    check(read_run(url, study="hand-made"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"op_code": 99}\n', b"[1]\n", b'{"op_code": 4, "trial_id": 7}\n', b"SQLite?"],
)
def test_what_is_no_storage_is_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"must (be|hold)"):
        read_run(file)


def test_an_empty_database_is_an_error_and_stays_empty(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=r"storage of Optuna's|cannot be opened"):
        read_run(f"sqlite:///{file}")
    assert file.read_bytes() == b""


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (pytest.fail, ("a report must not unpickle",))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    file = tmp_path / "sampler.pkl"
    file.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="neither"):
        read_run(file)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ValueError, match="cannot be opened") as caught:
        load_study("unknown://me:secret@host/db")
    assert "secret" not in str(caught.value)


def test_a_study_without_energies_is_an_error() -> None:
    study = optuna.create_study()
    with pytest.raises(ValueError, match="must have trials but has none"):
        energy_report(study)
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), n_trials=2)
    with pytest.raises(ValueError, match="must have energies but none of 2"):
        energy_report(study)


def test_a_guarded_study_says_what_ended_trials_and_what_measured() -> None:
    budget = EnergyBudget(kwh=1e-9)
    study = optuna.create_study()
    meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)

    def objective(trial: optuna.Trial) -> float:
        with EnergyTracker(trial, meter=meter) as energy:
            for step in range(50):
                energy.report(float(sum(range(20_000))), step=step)
        return 1.0

    study.optimize(budget.guard(objective), n_trials=3, callbacks=[budget])
    run = run_of(study)
    assert run.cap_kwh == 1e-9
    assert run.spent_kwh == pytest.approx(budget.spent_kwh(study), rel=1e-12)
    assert {t.state for t in run.trials} == {"cut"}
    assert run.trials[0].source.kind == "estimated"
    assert run.trials[0].source.meter.startswith("cpu-time")
    assert run.trials[0].source.scope == "process"


def test_a_trial_of_another_study_does_not_count_as_spent() -> None:
    source = study_of()
    study = optuna.create_study(direction="maximize")
    budget = EnergyBudget(kwh=1.0)

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 0.25)
        return trial.suggest_float("x", 0.0, 1.0)

    study.optimize(budget.guard(objective), n_trials=1, callbacks=[budget])
    study.add_trial(source.trials[0])
    run = run_of(study)
    assert run.spent_kwh == pytest.approx(0.25) == pytest.approx(budget.spent_kwh(study))
    assert run.unlisted_kwh == pytest.approx(-0.002)
    assert "do not count as spent" in run.notes[0]


def length_study(name: str, lengths: list[int], xs: list[float]) -> optuna.Study:
    study = optuna.create_study()
    for length, x in zip(lengths, xs, strict=True):
        study.enqueue_trial({name: length, "x": x})

    def objective(trial: optuna.Trial) -> float:
        length = trial.suggest_int(name, 1, 100)
        trial.set_user_attr("energy_kwh", 0.001 * length)
        return trial.suggest_float("x", 0.0, 1.0)

    study.optimize(objective, n_trials=len(lengths))
    return study


def test_lengths_count_where_the_study_has_compared_them() -> None:
    compared = energy_report(length_study("epochs", [10, 10, 40], [0.1, 0.2, 0.2])).numbers
    assert compared.short is not None
    assert compared.short.kwh == pytest.approx((0.04 - 0.01) - 0.01)
    other = length_study("n_estimators", [10, 10, 40], [0.1, 0.2, 0.3])  # a parameter like any
    assert energy_report(other).numbers.short is None
    named = energy_report(other, fidelity_param="n_estimators").numbers.short
    assert named is not None
    assert named.kwh == pytest.approx(0.03 * 2)
    with pytest.raises(ValueError, match="fidelity_param must be a parameter of a trial"):
        energy_report(other, fidelity_param="epochs")


def test_an_infeasible_trial_is_not_the_best() -> None:
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    for x, constraint in ((0.9, 1.0), (0.5, -1.0), (0.7, 0.0)):
        study.add_trial(
            optuna.trial.create_trial(
                params={},
                distributions={},
                value=x,
                user_attrs={"energy_kwh": 0.1},
                system_attrs={"constraints": [constraint]},
            )
        )
    assert [t.values for t in energy_report(study).numbers.best] == [(0.7,), (0.5,)]


def test_several_objectives() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"])
    for values in ((0.5, 3.0), (0.7, 5.0), (0.6, 6.0)):
        study.add_trial(
            optuna.trial.create_trial(
                params={}, distributions={}, values=values, user_attrs={"energy_kwh": 0.1}
            )
        )
    report = energy_report(study)
    assert [t.values for t in report.numbers.best] == [(0.7, 5.0), (0.5, 3.0)]
    assert "value 2 against value 1" in report.html


def test_the_command(tmp_path: Path) -> None:
    url, out = f"sqlite:///{tmp_path}/study.db", tmp_path / "page.html"
    study_of(url)
    made = CliRunner().invoke(app, ["report", url, "--out", str(out), "--country", "FRA"])
    assert made.exit_code == 0, made.output
    assert "used 7.5 Wh of electricity, 75 % of its energy budget of 10 Wh" in made.stdout
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    out.unlink()
    numbers = CliRunner().invoke(app, ["report", url, "--json", "--out", str(out)])
    assert json.loads(numbers.stdout)["spent_kwh"] == pytest.approx(0.0075)
    table = CliRunner().invoke(app, ["report", url, "--csv", "--out", str(out)])
    assert table.stdout.splitlines()[0].startswith("trial,state,energy_kwh,")
    assert len(table.stdout.splitlines()) == 5
    assert not out.exists()
    both = CliRunner().invoke(app, ["report", url, "--csv", "--json"])
    assert (both.exit_code, "either --json or --csv" in both.stderr) == (2, True)
    gone = CliRunner().invoke(app, ["report", str(tmp_path / "none")])
    assert (gone.exit_code, "there must be a study or run" in gone.stderr) == (2, True)


def test_a_running_trial_does_not_make_earlier_ones_foreign() -> None:
    study = optuna.create_study()
    for kwh, told in ((1e-3, 1.0), (2e-3, None)):
        trial = study.ask()
        trial.set_user_attr("energy_kwh", kwh)
        if told is not None:
            study.tell(trial, told)
    report = energy_report(study)
    assert report.numbers.spent_kwh == pytest.approx(3e-3)
    assert report.numbers.run.unlisted_kwh == 0.0


@pytest.mark.parametrize("bad", [None, 3, "", [], {"kind": None, "meter": 3, "devices": "abc"}])
def test_a_provenance_that_says_nothing_is_unknown(bad: Any) -> None:
    study = optuna.create_study()
    trial = study.ask()
    trial.set_user_attr("energy_kwh", 1e-3)
    trial.set_user_attr("energy_meter", bad)
    trial.set_user_attr("provenance", bad)
    study.tell(trial, 1.0)
    (source,) = energy_report(study).numbers.sources
    assert source.source == EnergySource()


def test_the_storage_says_itself_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 500)
    with pytest.raises(ValueError, match="file is not a database"):
        load_study(str(path))
