from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.targets import checkpoints
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.targets.progress import Progress, key_of


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return CheckpointStore(tmp_path / "checkpoints")


def write(folder: Path, text: str) -> None:
    (folder / "state.txt").write_text(text)


def leave(store: CheckpointStore, text: str, *, epochs: int, length: float | None = None) -> None:
    with store.open("a") as own:
        write(own.folder, text)
        own.save(Progress(epochs=epochs, energy_kwh=epochs / 10, length=length))


def saved(store: CheckpointStore) -> str:
    with store.open("a") as own:
        return (own.folder / "state.txt").read_text()


def files(store: CheckpointStore) -> list[str]:
    """What is left of checkpoints and trials; the lock stays."""
    return sorted(p.name.partition("-")[0] for p in store.root.glob("*/*"))


def test_who_goes_on_finds_what_was_saved_and_where_it_stands(store: CheckpointStore) -> None:
    with store.open("a", towards=3.0, trial=7) as own:
        assert (own.start, list(own.folder.iterdir())) == (Progress(), [])
        write(own.folder, "three")
        (own.folder / "part").mkdir()
        (own.folder / "part" / "more").write_bytes(b"1")
        own.save(Progress(epochs=3, energy_kwh=0.3, length=3.0))
    with store.open("a", towards=9.0) as own:
        assert own.start == store.progress("a")
        assert (own.start.epochs, own.start.energy_kwh, own.start.trial) == (3, 0.3, 7)
        assert (own.folder / "state.txt").read_text() == "three"
        assert (own.folder / "part" / "more").read_bytes() == b"1"
    assert files(store) == ["latest.json", "saved"]


@pytest.mark.parametrize(
    ("length", "towards", "goes_on"),
    [
        (None, 9.0, False),  # on its way to 9, and nobody knows how far it came
        (None, 3.0, True),
        (None, None, True),
        (3.0, 9.0, True),
        (3.0, 3.0, False),
        (6.0, 3.0, False),
    ],
)
def test_only_a_longer_training_goes_on(
    store: CheckpointStore, length: float | None, towards: float | None, goes_on: bool
) -> None:
    with store.open("a", towards=3.0 if towards == 3.0 else 9.0) as own:
        write(own.folder, "x")
        own.save(Progress(epochs=2, length=length))
    wanted = 5.0 if (length, towards) == (None, 9.0) else towards
    with store.open("a", towards=wanted) as own:
        assert bool(own.start.folder) is goes_on
        assert any(own.folder.iterdir()) is goes_on


def test_a_difference_is_known_where_the_length_is() -> None:
    assert Progress(folder="x", energy_kwh=0.2, length=2.0).difference_kwh(6.0) == pytest.approx(
        0.4
    )
    assert Progress(folder="x", energy_kwh=0.2, length=2.0).difference_kwh(2.0) is None
    assert Progress(folder="x", energy_kwh=0.2).difference_kwh(6.0) is None
    assert Progress().difference_kwh(6.0) is None


def test_a_trial_works_on_a_copy(store: CheckpointStore) -> None:
    leave(store, "three", epochs=3)
    with store.open("a") as one, store.open("a") as other:
        write(one.folder, "broken off")  # and never saved
        assert (other.folder / "state.txt").read_text() == "three"
    assert saved(store) == "three"


def test_nothing_new_is_seen_as_such(store: CheckpointStore) -> None:
    with store.open("a") as own:
        assert not own.has_changed
        write(own.folder, "x" * 1_000_000)
        assert own.has_changed
        own.save(Progress(epochs=1))
        assert not own.has_changed
        before = store.progress("a").folder
        own.save(Progress(epochs=1, length=1.0))  # only where it stands is new
        assert (store.progress("a").folder, store.progress("a").length) == (before, 1.0)
        write(own.folder, "y" * 1_000_000)
        assert own.has_changed


def test_nothing_saved_is_no_checkpoint(store: CheckpointStore) -> None:
    with store.open("a") as own:
        own.save(Progress(epochs=3, length=3.0))
    assert store.progress("a") == Progress()
    assert files(store) == []


def test_of_two_that_go_on_the_one_that_is_further_counts(store: CheckpointStore) -> None:
    leave(store, "3", epochs=3)
    with store.open("a") as ahead, store.open("a") as behind:
        write(ahead.folder, "9")
        ahead.save(Progress(epochs=9, length=9.0))
        write(behind.folder, "6")
        behind.save(Progress(epochs=6, length=6.0))
        assert behind.latest.epochs == 6
        behind.save(Progress(epochs=6, length=6.5))
        assert store.progress("a").length == 9.0
    assert saved(store) == "9"


def test_discarding_leaves_a_running_trial_its_copy(store: CheckpointStore) -> None:
    leave(store, "three", epochs=3)
    store.discard("never seen")
    with store.open("a") as own:
        store.discard("a")
        assert (own.folder / "state.txt").read_text() == "three"
        assert store.progress("a") == Progress()
    assert list(store.root.iterdir()) == [store.root / "lock"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"epochs": "3"}', '{"folder": "gone"}', '{"folder": "../b/saved-1"}']
)
def test_a_damaged_record_is_no_checkpoint(store: CheckpointStore, text: str) -> None:
    leave(store, "x", epochs=3)
    (store.root / "b" / "saved-1").mkdir(parents=True)
    (store.root / "a" / "latest.json").write_text(text)
    assert store.progress("a") == Progress()


@pytest.mark.parametrize(("name", "value"), [("energy_kwh", -1.0), ("epochs", -1)])
def test_impossible_numbers_are_no_checkpoint(
    store: CheckpointStore, name: str, value: float
) -> None:
    leave(store, "x", epochs=3)
    file = store.root / "a" / "latest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    assert store.progress("a") == Progress()


def test_copies_of_killed_trials_go_after_a_week(store: CheckpointStore) -> None:
    lost = store.open("a")
    alive = store.open("a")
    for own in (lost, alive):
        os.utime(own.folder.parent, (0, 0))
    assert not alive.has_changed  # a trial that reports is alive
    store.sweep()
    assert not lost.folder.exists()
    assert alive.folder.exists()
    CheckpointStore(store.root / "nowhere").sweep()


def test_the_key_is_the_configuration_in_any_order_and_type() -> None:
    import numpy as np

    assert key_of({"x": 0.1, "n": 2}, 0) == key_of({"n": np.int64(2), "x": np.float64(0.1)}, 0)
    assert len({key_of({"x": 0.1}, 0), key_of({"x": 0.1}, 1), key_of({"x": 0.1}, 0, "i")}) == 3


def test_a_checkpoint_that_is_replaced_while_it_is_copied_is_copied_again(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another trial removes before it is listed would be missing without an error."""
    with store.open("a") as own:
        for name in ("one", "two"):
            (own.folder / name).write_text("1")
        own.save(Progress(epochs=1))
    other, copytree = store.open("a"), shutil.copytree

    def replaced_meanwhile(source: Path, target: Path, **options: Any) -> Any:
        monkeypatch.undo()
        (source / "one").unlink()  # as the other's removal begins
        (other.folder / "two").write_text("2")
        copied = copytree(source, target, **options)
        other.save(Progress(epochs=2))
        return copied

    monkeypatch.setattr(shutil, "copytree", replaced_meanwhile)
    with store.open("a") as own:
        assert own.start.epochs == 2
        assert (own.folder / "one").read_text() == "1"
        assert (own.folder / "two").read_text() == "2"
    other.__exit__()


def test_a_checkpoint_that_is_replaced_while_it_is_looked_at_is_there(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.open("a") as own:
        (own.folder / "one").write_text("1")
        own.save(Progress(epochs=1))
    other, read_json = store.open("a"), checkpoints.read_json

    def replaced_meanwhile(file: Path) -> Any:
        monkeypatch.undo()
        found = read_json(file)
        (other.folder / "one").write_text("2")
        other.save(Progress(epochs=2))
        return found

    monkeypatch.setattr(checkpoints, "read_json", replaced_meanwhile)
    assert store.progress("a").epochs == 2
    other.__exit__()


def saves_for_ever(root: Path) -> None:
    """State and its check sum in two files: half a save is seen."""
    store = CheckpointStore(root)
    with store.open("a") as own:
        for epoch in range(own.start.epochs + 1, 1_000_000):
            (own.folder / "one").write_bytes(str(epoch).encode() * 50_000)
            (own.folder / "two").write_text(str(epoch))
            own.save(Progress(epochs=epoch))


def whole(store: CheckpointStore) -> int:
    """The epoch of the newest checkpoint, which must be whole."""
    with store.open("a") as own:
        epoch = int((own.folder / "two").read_text())
        assert (own.folder / "one").read_bytes() == str(epoch).encode() * 50_000
        assert own.start.epochs == epoch
        return epoch


@pytest.mark.parametrize("n_workers", [1, 2])
def test_kill_9_in_the_middle_of_saving_leaves_a_whole_checkpoint(
    store: CheckpointStore, n_workers: int
) -> None:
    context = multiprocessing.get_context("spawn")
    reached = 0
    for _ in range(3):
        workers = [
            context.Process(target=saves_for_ever, args=(store.root,)) for _ in range(n_workers)
        ]
        for worker in workers:
            worker.start()
        deadline = time.monotonic() + 60.0
        while store.progress("a").epochs < reached + 3 and time.monotonic() < deadline:
            if store.progress("a").folder:
                whole(store)  # while they save
        for worker in workers:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            worker.join()
        now = whole(store)
        assert now >= reached + 3
        reached = now
