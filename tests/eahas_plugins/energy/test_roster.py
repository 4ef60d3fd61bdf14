"""Whatever happens to the notes of who uses a meter, a training goes on and says it once."""

import json
import logging
import math
import multiprocessing
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from eahas_plugins.energy import FakeMeter, MeterError, Share, roster
from eahas_plugins.energy.presence import Presence
from eahas_plugins.energy.roster import Roster


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(roster, "_told", set())
    monkeypatch.setattr(roster._log, "disabled", False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
    return tmp_path / "roster"


def used_by_a_trial(meter=None, between_reads=lambda: None):
    """Run a trial that uses 2 kWh alone and return what it is told."""
    meter = FakeMeter(scope="machine") if meter is None else meter
    share = Share(meter)
    meter.advance(kwh=1.0)
    share.read()
    between_reads()
    meter.advance(kwh=1.0)
    return share.leave().energy_kwh


def boot_folder(folder):
    (only,) = folder.iterdir()
    return only


def own_presence(folder):
    return Presence.of(boot_folder(folder)).name


GOOD = {"start_s": 0, "seen_s": 1, "end_s": 1, "owner": "", "devices": {}, "presence": "a"}
DAMAGE = {
    "empty": "",
    "no JSON": "{",
    "deep": "[" * 5000,
    "a list": "[1, 2]",
    "nothing": "{}",
    "NaN": json.dumps(GOOD | {"start_s": math.nan}),
    "a text": json.dumps(GOOD | {"start_s": "0"}),
    "devices": json.dumps(GOOD | {"devices": 3}),
    "counters": json.dumps(GOOD | {"devices": {"gpu:0": [1.0, "2"]}}),
    "changes": json.dumps(GOOD | {"changes": [[1.0, 2.0]]}),
    "weights": json.dumps(GOOD | {"changes": [[1.0, {"cpu:0": 1.0}, -1.0]]}),
    "a path": json.dumps(GOOD | {"end_s": None, "presence": "../a"}),
    "long": " " * 200_000,
    "bytes": b"\xff\xfe\x00",
}


def damage(folder, kind):
    """Two damaged entries in a roster."""
    Roster()
    paths = [boot_folder(folder) / f"{name}.json" for name in ("a", "b")]
    for path in paths:
        text = DAMAGE[kind]
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_entry_is_left_out_with_one_warning(folder, caplog, kind):
    for path in damage(folder, kind):  # of a process that lives
        text = path.read_bytes().replace(b'"a"', json.dumps(own_presence(folder)).encode())
        path.write_bytes(text)
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        meter = FakeMeter(scope="machine")
        assert [used_by_a_trial(meter), used_by_a_trial(meter)] == [2.0, 2.0]
    (record,) = caplog.records
    assert ".json" in record.getMessage()


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_entry_that_nobody_will_mend_is_removed_without_a_word(folder, caplog, kind):
    paths = damage(folder, kind)
    for path in paths:
        if kind != "devices":  # which names its process, and that is gone
            os.utime(path, (0.0, 0.0))
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        assert used_by_a_trial() == 2.0
    assert caplog.records == []
    assert not any(path.exists() for path in paths)


def test_entries_of_nobody_take_nothing(folder):
    meter = FakeMeter(scope="machine")
    victim = Share(meter)
    (path,) = boot_folder(folder).glob("*.json")
    planted = json.loads(path.read_text()) | {"owner": "x", "presence": "00ff", "end_s": None}
    for i in range(99):
        (path.parent / f"{i}.json").write_text(json.dumps(planted | {"owner": str(i)}))
    meter.advance(kwh=2.0)
    assert victim.leave().energy_kwh == 2.0


def test_a_folder_that_is_emptied_meanwhile(folder):
    def clean():
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()

    assert used_by_a_trial(between_reads=clean) == 2.0
    meter = FakeMeter(scope="machine")
    first = Share(meter)
    clean()
    first.read()
    second = Share(meter)
    meter.advance(kwh=1.0)
    assert first.leave().energy_kwh == second.leave().energy_kwh == 0.5  # known to each other again


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "file" / "below"))
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        meter = FakeMeter(scope="machine")
        assert [used_by_a_trial(meter), used_by_a_trial(meter)] == [2.0, 2.0]
    (record,) = caplog.records
    assert "EAHAS_ENERGY_DIR" in record.getMessage()


@pytest.mark.skipif(os.getuid() != 0, reason="a file system of its own needs root")
@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_full_or_read_only_file_system(tmp_path, monkeypatch, caplog, how):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path))
    options = "size=64k" if how == "full" else "ro"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        if how == "full":
            Roster()
            with (tmp_path / "filler").open("wb", buffering=0) as filler:
                filler.write(b"x" * 100_000)
        with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
            meter = FakeMeter(scope="machine")
            assert [used_by_a_trial(meter), used_by_a_trial(meter)] == [2.0, 2.0]
        assert len(caplog.records) == 1
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_the_folder_in_the_temporary_one_is_private(tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("EAHAS_ENERGY_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Roster()
    (made,) = tmp_path.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    made.chmod(0o755)  # as earlier versions made it
    Roster()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


@pytest.mark.parametrize("planted", ["link", "another's"])
def test_a_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch, caplog, planted):
    monkeypatch.delenv("EAHAS_ENERGY_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Roster()
    (made,) = tmp_path.iterdir()
    if planted == "link":
        target = tmp_path / "elsewhere"
        made.rename(target)
        made.symlink_to(target)
    else:
        uid = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)  # made by another user
        made.rename(made.with_name(f"eahas-energy-{uid + 1}"))
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        assert used_by_a_trial() == 2.0
    (record,) = caplog.records
    assert "must be a folder of this user" in record.getMessage()


UNKNOWN_USER = """
import os
from eahas_plugins.energy import FakeMeter, Share
os.setgid(12345)
os.setuid(12345)
meter = FakeMeter(scope="machine")
first, second = Share(meter), Share(meter)
meter.advance(kwh=1.0)
print(first.leave().energy_kwh, second.leave().energy_kwh)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="to become another user needs root")
@pytest.mark.parametrize("chosen", [True, False])
def test_a_user_without_a_passwd_entry(chosen):
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        Path(temporary).chmod(0o777)
        names = ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME", "EAHAS_ENERGY_DIR")
        environment = {k: v for k, v in os.environ.items() if k not in names}
        environment["TMPDIR"] = temporary
        if chosen:
            environment["EAHAS_ENERGY_DIR"] = str(Path(temporary, "chosen"))
        done = subprocess.run(
            [sys.executable, "-c", UNKNOWN_USER],
            capture_output=True,
            text=True,
            env=environment,
        )
    assert done.stdout == "0.5 0.5\n", done.stderr


def test_without_proc_and_uname_as_on_windows(folder, monkeypatch):
    exists, read_text = Path.exists, Path.read_text

    def no_proc(path, *args, **kwargs):
        if str(path).startswith("/proc"):
            raise FileNotFoundError(2, "no such file", str(path))
        return read_text(path, *args, **kwargs)

    def never(*args):
        raise AssertionError("os.kill would send Ctrl+C to the whole console there")

    monkeypatch.setattr(
        Path, "exists", lambda p, **kw: not str(p).startswith("/proc") and exists(p, **kw)
    )
    monkeypatch.setattr(Path, "read_text", no_proc)
    monkeypatch.delattr(os, "uname")
    monkeypatch.delattr(os, "getuid")
    monkeypatch.setattr(os, "kill", never)
    meter = FakeMeter(scope="machine")
    first, second = Share(meter), Share(meter)
    meter.advance(kwh=1.0)
    assert first.leave().energy_kwh == second.leave().energy_kwh == 0.5


class Fragile(FakeMeter):
    lost = False

    def read(self):
        if self.lost:
            raise MeterError("GPU is lost")
        return super().read()


def test_a_failing_reading_leaves_no_ghost(folder):
    meter = Fragile(scope="machine")
    share = Share(meter)
    meter.lost = True
    with pytest.raises(MeterError):
        share.leave()
    with pytest.raises(MeterError):
        Share(meter)
    meter.lost = False
    assert used_by_a_trial(meter) == 2.0


def test_who_forgets_to_leave_takes_no_part_of_later_trials(folder):
    meter = FakeMeter(scope="machine")
    Share(meter)
    assert used_by_a_trial(meter) == 2.0


def _hold(folder, ready, done):
    ready.put(Presence.of(folder).name)
    done.get(timeout=30)


def test_a_presence_ends_with_its_process_and_not_with_its_children(tmp_path):
    """Seen through a lock, so it holds in other containers too, whose process ids differ."""
    context = multiprocessing.get_context("fork")
    own = Presence.of(tmp_path).name
    ready, done = context.Queue(), context.Queue()
    child = context.Process(target=_hold, args=(tmp_path, ready, done))
    child.start()
    name = ready.get(timeout=30)
    assert name != own
    assert Presence.is_held(tmp_path, name)
    done.put(None)
    child.join()
    assert len(list(tmp_path.glob("*.here"))) == 2
    Presence.forget()  # as a new process: it tidies up
    assert Presence.of(tmp_path).name != own
    assert len(list(tmp_path.glob("*.here"))) == 1
