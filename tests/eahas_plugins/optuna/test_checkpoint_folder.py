"""Which folder holds the checkpoints of a study."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from optuna.trial import FixedTrial

from eahas_plugins.optuna.checkpoint_folder import store_of
from eahas_plugins.targets import EnergyTarget
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.optuna.paused_trainings import (
    LONG,
    SHORT,
    enqueue,
    journal,
    n_kept,
    new_study,
    objective,
)


@pytest.mark.parametrize("kind", ["sqlite", "journal", "memory", "sqlite in memory"])
def test_checkpoints_lie_beside_the_storage(tmp_path: Path, kind: str) -> None:
    storage: Any = {
        "sqlite": f"sqlite:///{tmp_path / 'study.db'}",
        "journal": journal(tmp_path),
        "memory": None,
        "sqlite in memory": "sqlite:///:memory:",
    }[kind]
    meter, study = Counter(), new_study(storage, study_name="a/b")
    enqueue(study, SHORT)
    study.optimize(objective(meter), n_trials=1)
    found = [path.parts[-2] for path in tmp_path.rglob("latest.json")]
    assert len(found) == (0 if "memory" in kind else 1)
    file = "study.db" if kind == "sqlite" else "study.log"
    if found:
        (folder,) = (tmp_path / f"{file}.checkpoints").glob("*/")
        assert folder.name.startswith("a_b-")
    assert n_kept(study) == 1


def test_a_folder_of_the_users_holds_one_per_study(tmp_path: Path) -> None:
    meter = Counter()
    for name in ("one", "two"):
        study = new_study(study_name=name)
        enqueue(study, SHORT if name == "one" else LONG)
        study.optimize(objective(meter, checkpoints=tmp_path / "all"), n_trials=1)
        assert "continues" not in study.trials[0].user_attrs
    names = sorted(path.name.partition("-")[0] for path in (tmp_path / "all").glob("*/"))
    assert names == ["one", "two"]


def test_a_server_has_no_place_beside_it() -> None:
    class Elsewhere(optuna.storages.InMemoryStorage):
        pass

    study = new_study(Elsewhere())
    enqueue(study, SHORT)
    with pytest.raises(ValueError, match="checkpoints must be a folder on a file system that all"):
        study.optimize(objective(Counter()), n_trials=1)


@pytest.mark.parametrize("name", ["", ".", "..", "...", "é" * 300, "学" * 300, "a/../../b"])
def test_any_name_of_a_study_is_a_folder_inside(name: str, tmp_path: Path) -> None:
    stranger = tmp_path / "mine" / "trial-notes"  # looks as if a trial had been killed long ago
    stranger.mkdir(parents=True)
    trial: Any = SimpleNamespace(study=optuna.create_study(study_name=name or None))
    trial.study.study_name = name
    store = store_of(trial, tmp_path / "all")
    with store.open("a"):
        assert [path.name for path in store.root.iterdir()] == ["a"]
    assert store.root.parent == tmp_path / "all"
    assert stranger.is_dir()


def test_long_names_that_begin_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    roots = []
    for end in "ab":
        trial: Any = SimpleNamespace(study=optuna.create_study(study_name="x" * 200 + end))
        roots.append(store_of(trial, tmp_path).root)
    assert roots[0] != roots[1]


def test_a_folder_stays_where_it_was_when_the_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, study = Counter(), new_study()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    own = objective(meter, checkpoints="all")
    enqueue(study, SHORT, LONG)
    study.optimize(own, n_trials=1)
    monkeypatch.chdir(elsewhere)
    study.optimize(own, n_trials=1)
    assert study.trials[1].user_attrs["continues"] == 0
    assert not list(elsewhere.iterdir())


def test_a_study_that_replaces_one_of_its_name_starts_anew(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    for length in (SHORT, LONG):
        study = new_study(storage, study_name="one")
        enqueue(study, length)
        study.optimize(objective(Counter()), n_trials=1)
        assert "continues" not in study.trials[0].user_attrs
        optuna.delete_study(study_name="one", storage=storage)
    assert len(list(tmp_path.rglob("latest.json"))) == 1  # of the first; none but its own goes


@pytest.mark.parametrize("n_before", [0, 1])
def test_an_older_copy_of_a_study_does_not_go_on_unseen(n_before: int, tmp_path: Path) -> None:
    own, file = objective(Counter(), checkpoints=tmp_path / "all"), tmp_path / "study.db"
    study = new_study(f"sqlite:///{file}", study_name="one")
    store_of(SimpleNamespace(study=study), tmp_path / "all")  # type: ignore[arg-type]
    older = file.read_bytes()
    enqueue(study, *[SHORT] * n_before, x=0.1)
    enqueue(study, SHORT)
    study.optimize(own, n_trials=n_before + 1)
    file.write_bytes(older)
    study = new_study(f"sqlite:///{file}", study_name="one", load_if_exists=True)
    enqueue(study, *[SHORT] * n_before, x=0.2)
    enqueue(study, LONG)
    with pytest.raises(ValueError, match=r"an older copy of the study.* Remove .*one-"):
        study.optimize(own, n_trials=n_before + 1)
    n_left = len(list(tmp_path.glob("all/one-*/*/latest.json")))
    assert n_left == 2 * n_before + 1  # none is removed


def test_a_relative_folder_is_where_the_study_first_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that is written by hand gives it anew in every trial."""
    trial: Any = SimpleNamespace(study=new_study())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    first = store_of(trial, "all").root
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store_of(trial, "all").root == first
    assert first.is_relative_to(tmp_path / "all")


TAKING = pytest.mark.parametrize(
    "make",
    [
        lambda folder: objective(Counter(), checkpoints=folder),
        lambda folder: EnergyTarget(lambda config, training: 0.5, checkpoints=folder),
        lambda folder: store_of(FixedTrial({}), folder),
    ],
    ids=["EnergyObjective", "EnergyTarget", "TrialCheckpoint"],
)


@TAKING
def test_no_name_is_not_the_current_folder(make: Any) -> None:
    with pytest.raises(ValueError, match="checkpoints must name a file or folder but got ''"):
        make("")


@TAKING
@pytest.mark.parametrize("inside", ["", "deeper/still"])
def test_a_file_is_no_folder(make: Any, inside: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(ValueError, match=r"checkpoints must be a folder but .*notes.txt is a file"):
        make(file / inside)
    assert file.read_text() == "mine"


def test_a_users_home_is_meant_by_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert EnergyTarget(lambda config, training: 0.5, checkpoints="~/all").checkpoints == (
        tmp_path / "all"
    )
