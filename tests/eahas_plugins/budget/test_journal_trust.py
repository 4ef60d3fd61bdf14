"""The journal when others are wrong: workers taken for dead, damaged files, clocks that differ."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.account import RunAccount
from eahas_plugins.budget.entries import Entry, Grant
from eahas_plugins.budget.journal import EnergyJournal


def grant(number: int, **kwargs: float) -> Grant:
    return Grant(number=number, trial=(number, None, 0, 1.0), cap_kwh=10.0, **kwargs)


def _outlive(folder: Path, begun: Any, go: Any) -> None:
    attempt = EnergyJournal(folder).open(grant(0, reserved_kwh=8.0))
    attempt.report(1.0)
    begun.set()
    go.wait()
    for kwh in (3.0, 5.0, 8.0):
        attempt.report(kwh)
    attempt.finish(8.0)


def test_a_worker_that_outlives_its_main_process_is_counted(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    begun, go = context.Event(), context.Event()
    worker = context.Process(target=_outlive, args=(tmp_path, begun, go))
    worker.start()
    try:
        assert begun.wait(60)
        resumed = EnergyJournal(tmp_path)
        resumed.settle()
        assert resumed.balance(10.0).spent_kwh == 1.0
        assert resumed.balance(10.0).running == ()
        go.set()
        worker.join(60)
        assert worker.exitcode == 0
    finally:
        worker.kill()
        worker.join()
    assert resumed.balance(10.0).spent_kwh == 8.0
    assert not resumed.balance(10.0).admits(number=9, expected_kwh=9.0)


def test_a_worker_that_was_given_up_and_writes_again_is_promised_its_energy(
    tmp_path: Path,
) -> None:
    journal = EnergyJournal(tmp_path)
    attempt = journal.open(grant(0, reserved_kwh=6.0))
    attempt.report(1.0)
    journal.settle()
    assert journal.balance(10.0).reserved_kwh == 0.0
    attempt.report(2.0)
    assert journal.balance(10.0).spent_kwh == 2.0
    assert journal.balance(10.0).reserved_kwh == 4.0


DAMAGE = {
    "empty": b"",
    "deep": b"[" * 5000,
    "no object": b"[1, 2]",
    "no text": b"\xff\xfe\x00",
    "a key too few": b'{"number": 100, "trial": [100, null, 0, 1.0]}',
    "NaN": b'{"name": "a", "number": 100, "trial": [100, null, 0, 1.0], "energy_kwh": NaN}',
    "negative": b'{"name": "a", "number": 100, "trial": [100, null, 0, 1.0], "energy_kwh": -1.0}',
    "a truth": b'{"name": "a", "number": 100, "trial": [100, null, 0, 1.0], "energy_kwh": true}',
    "a list as id": b'{"name": "a", "number": 100, "trial": [[1], null, 0, 1.0]}',
    "long": b" " * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("of", ["attempt", "log"])
def test_one_damaged_file_among_many_is_named_and_counts_like_the_median(
    tmp_path: Path, damage: bytes, of: str
) -> None:
    journal = EnergyJournal(tmp_path)
    for number in range(5):
        journal.record(grant(number), 0.5)
    name = "00000100-ffff.json" if of == "attempt" else "ended-ffff.jsonl"
    if of == "log":
        damage = damage.strip() + b"?\n" + journal_line(9)
    (tmp_path / name).write_bytes(damage)
    with pytest.warns(RuntimeWarning, match=name):
        balance = journal.balance(10.0)
    assert balance.spent_kwh == (3.0 if of == "attempt" else 5.0)
    assert balance.reserved_kwh == 0.0
    assert journal.balance(10.0) == balance  # and says so once
    account = RunAccount(10.0, shortfall="truncate")
    account.attach(journal)
    assert account.balance().spent_kwh == balance.spent_kwh


def journal_line(number: int) -> bytes:
    entry = Entry(
        name=f"{number:08d}-0.json",
        number=number,
        trial=(number, None, 0, 1.0),
        energy_kwh=2.0,
        done=True,
    )
    return f"{entry.to_json()}\n".encode()


def test_what_is_no_file_hangs_nobody(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), 0.5)
    (tmp_path / "00000009-a.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "ended-a.jsonl").symlink_to(tmp_path / "nowhere")
    assert journal.balance(10.0).spent_kwh == 0.5
    os.mkfifo(tmp_path / "00000009-b.json")
    (tmp_path / "ended-b.jsonl").mkdir()
    with pytest.warns(RuntimeWarning, match="must be a regular file"):
        assert journal.balance(10.0).spent_kwh == 1.5


def test_links_in_a_circle_end_no_run(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), 0.5)
    (tmp_path / "00000009-a.json").symlink_to(tmp_path / "00000009-a.json")
    with pytest.warns(RuntimeWarning, match="must be readable but is not"):
        journal.settle()  # which notes it as given up
    assert journal.balance(10.0).spent_kwh == 1.0
    assert journal.balance(10.0).spent_kwh == 1.0


@pytest.mark.parametrize("of", ["attempt", "log"])
def test_what_a_later_version_writes_besides_changes_no_energy(tmp_path: Path, of: str) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), 0.5)
    line = journal_line(1).replace(b"{", b'{"of_a_later_version": [1], ', 1)
    (tmp_path / ("00000001-0.json" if of == "attempt" else "ended-0.jsonl")).write_bytes(line)
    assert journal.balance(10.0).spent_kwh == 2.5


@pytest.mark.parametrize(
    "name",
    ["README.json", "00000001-0 (conflicted copy).json", "._00000001-0.json", "old.jsonl", "a.tmp"],
)
def test_files_of_others_are_nobodys_energy_and_stay(tmp_path: Path, name: str) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), 0.5)
    (tmp_path / name).write_bytes(journal_line(1))
    assert journal.balance(10.0).spent_kwh == 0.5
    journal.clear()
    assert (tmp_path / name).exists()
    assert EnergyJournal(tmp_path).balance(10.0).spent_kwh == 0.0


def test_a_torn_line_is_waited_for(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    log, line = tmp_path / "ended-0.jsonl", journal_line(1)
    log.write_bytes(line[:20])
    assert journal.balance(10.0).spent_kwh == 0.0
    log.write_bytes(line)
    assert journal.balance(10.0).spent_kwh == 2.0


@pytest.mark.parametrize("clock_is_off_s", [-3600.0, 0.0, 10 * 365 * 86400.0])
def test_a_lease_is_the_readers_whatever_the_writers_clock_says(
    tmp_path: Path, clock_is_off_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with monkeypatch.context() as patch:  # the worker's clock, which the reader never asks
        patch.setattr(time, "time", lambda: real() + clock_is_off_s)
        EnergyJournal(tmp_path).open(grant(0, reserved_kwh=4.0)).report(1.0)
    now_s = [0.0]
    reader = EnergyJournal(tmp_path, lease_s=60.0, clock=lambda: now_s[0])
    reserved = []
    for now_s[0] in (0.0, 60.0, 61.0):
        reserved.append(reader.balance(10.0).reserved_kwh)
    assert reserved == [3.0, 3.0, 0.0]


def test_a_step_reads_no_more_for_a_thousand_ended_attempts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = EnergyJournal(tmp_path)
    attempt = journal.open(grant(0))
    read = []
    original = Entry.from_json.__func__  # type: ignore[attr-defined]

    def counted(cls: type[Entry], text: bytes, where: Path) -> Any:
        read.append(where)
        return original(cls, text, where)

    monkeypatch.setattr(Entry, "from_json", classmethod(counted))
    work = []
    for n_more in (10, 1000):
        for number in range(n_more):
            journal.record(grant(number + 1), 1e-3)
        attempt.must_stop()
        read.clear()
        attempt.report(1.0)
        attempt.must_stop()
        work.append((len(read), len(os.listdir(tmp_path))))  # noqa: PTH208
    assert work[0] == work[1]
    assert journal.balance(10.0).spent_kwh == pytest.approx(2.01, rel=1e-12)


def test_a_child_process_may_finish_and_only_its_parent_ends(tmp_path: Path) -> None:
    """A target may be run in a process of its own, which is killed when its time is up."""
    attempt = EnergyJournal(tmp_path).open(grant(0, reserved_kwh=5.0))
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=attempt.finish, args=(2.5,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    balance = EnergyJournal(tmp_path).balance(10.0)
    assert (balance.spent_kwh, balance.reserved_kwh) == (2.5, 0.0)
    attempt.close()
    (log,) = tmp_path.iterdir()
    (line,) = log.read_text().splitlines()
    assert json.loads(line)["energy_kwh"] == 2.5


def test_a_journal_travels(tmp_path: Path) -> None:
    journal = pickle.loads(pickle.dumps(EnergyJournal(tmp_path, lease_s=5.0)))
    journal.record(grant(0), 1.0)
    assert EnergyJournal(tmp_path).balance(10.0).spent_kwh == 1.0


def test_clearing_forgets_everything(tmp_path: Path) -> None:
    journal = EnergyJournal(tmp_path)
    journal.record(grant(0), 1.0)
    journal.open(grant(1)).report(1.0)
    other = EnergyJournal(tmp_path, clock=lambda: 0.0)
    assert other.balance(10.0).spent_kwh == 2.0
    journal.clear()
    assert journal.balance(10.0).spent_kwh == 0.0
    journal.record(grant(0), 0.5)
    assert other.balance(10.0).spent_kwh == 0.5
