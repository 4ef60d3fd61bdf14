"""``eahas meter``: with the real program, on whatever this machine has, and on stand-ins."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import pytest
from typer.testing import CliRunner

from eahas_plugins.energy import (
    FakeMeter,
    MeterChoice,
    NvmlMeter,
    Provenance,
    SumMeter,
    command,
    survey,
)
from eahas_plugins.energy.cpu_time import CpuTimeMeter
from surrogate.cli import app
from tests.eahas_plugins.energy.machines import Nvml

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


EAHAS = (sys.executable, "-c", "from surrogate.cli import main; main()")


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


def meter(*words):
    return CliRunner().invoke(app, ["meter", *words])


def test_it_says_what_is_measured_and_why():
    result = meter("--seconds", "0.2")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Energy would be ")
    assert " W (" in result.stdout
    assert "NVML" in result.stdout


def test_the_same_as_json():
    found = json.loads(meter("--seconds", "0.2", "--json").stdout)
    assert found["kind"] in ("measured", "estimated")
    assert found["devices"][0]["watts"] > 0.0
    assert found["why"]
    assert found["problem"] is None


def test_no_time_at_all_is_refused():
    result = meter("--seconds", "0")
    assert result.exit_code == 2
    assert "must be positive" in result.stderr


@pytest.mark.parametrize("dashes", [["--"], []])
def test_a_program_is_run_and_its_energy_said(dashes):
    code = "import sys; print(sys.argv[1:], sum(range(3_000_000))); sys.exit(3)"
    done = subprocess.run(
        [*EAHAS, "meter", *dashes, sys.executable, "-c", code, "--json", "x"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stdout.startswith("['--json', 'x']")
    assert " W (" in done.stderr


def test_the_energy_of_a_program_as_json():
    result = meter("--json", "--", sys.executable, "-c", "sum(range(3_000_000))")
    record = json.loads(result.stderr)
    assert record["energy_kwh"] > 0.0
    assert record["exit_code"] == 0
    assert record["provenance"]["kind"] in ("measured", "estimated")


def test_a_program_that_is_not_there(tmp_path):
    assert meter("no-such-program").exit_code == 127
    (tmp_path / "text").write_text("")
    assert meter(str(tmp_path / "text")).exit_code == 126
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    refused = meter(str(script))
    assert refused.exit_code == 127
    assert "what its first line names is missing" in refused.stderr
    assert "''" in meter("--", "").stderr  # of an unset variable


@pytest.mark.parametrize("dashes", [["--"], []])
def test_what_is_said_to_a_program_may_be_empty(dashes):
    code = "import sys; sys.exit(sys.argv[1:] != ['--name', ''])"
    assert meter(*dashes, sys.executable, "-c", code, "--name", "").exit_code == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_does_not_hide_how_the_program_ended(unbuffered):
    words = [*EAHAS, "meter", sys.executable, "-c", "raise SystemExit(5)"]
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert subprocess.run(words, stderr=full, env=env).returncode == 5


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_what_ends_or_warns_a_job_is_the_programs_to_handle(sent):
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(sent)}, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    program = subprocess.Popen(
        [*EAHAS, "meter", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, sent, signal.SIG_DFL),  # under nohup it is ignored
    )
    assert program.stdout.readline() == "ready\n"
    if sent == signal.SIGINT:
        os.killpg(program.pid, sent)  # as a terminal does
    else:
        program.send_signal(sent)  # a batch system's may reach the first process alone
    _, said = program.communicate(timeout=60)
    assert program.returncode == 7, said
    assert " W (" in said


def choice_of(meter):
    return MeterChoice(meter=meter, why=("no RAPL (not here)",))


def test_each_device_with_its_kind_and_power(monkeypatch):
    driver = Nvml(2)
    monkeypatch.setattr(
        survey, "_work", lambda seconds: driver.mj.__setitem__(0, 5_000) or time.sleep(seconds)
    )
    meter = SumMeter([NvmlMeter(nvml=driver), CpuTimeMeter(watts_per_core=10.0, idle_watts=1.0)])
    found = survey.survey(seconds=0.1, choice=choice_of(meter))
    first, second, cpu = found.devices
    assert (first.id, first.kind, first.own) == ("gpu:GPU-0", "measured", False)
    assert first.watts == pytest.approx(5.0 / found.seconds)
    assert second.watts is None  # it stands still
    assert (cpu.kind, cpu.own) == ("estimated", True)
    assert found.remedies


class Broken(FakeMeter):
    def read(self):
        raise survey.MeterError("GPU is lost")


def test_a_meter_that_fails_is_said():
    assert survey.survey(seconds=0.1, choice=choice_of(Broken())).problem == "GPU is lost"


def test_a_program_runs_although_nobody_can_tell_its_energy(monkeypatch, caplog):
    words = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(command, "choose_meter", lambda: choice_of(Broken()))
    assert command.run_program(words, as_json=False) == (3, ["No energy: GPU is lost"])
    assert "runs, but nobody will know its energy: GPU is lost" in caplog.text
    code, (line,) = command.run_program(words, as_json=True)
    record = json.loads(line)
    assert code == record["exit_code"] == 3
    assert record["energy_kwh"] is record["watts"] is record["cpu_s"] is None
    assert record["problem"] == "GPU is lost"
    assert record["provenance"]["meter"] == "fake"
    monkeypatch.undo()
    _, (line,) = command.run_program(words, as_json=True)
    assert json.loads(line).keys() == record.keys()
    assert json.loads(line)["problem"] is None


def test_a_meter_that_fails_at_the_end_does_not_hide_how_the_program_ended(monkeypatch):
    class Breaks(FakeMeter):
        n_readings = 0

        def read(self):
            self.n_readings += 1
            if self.n_readings > 1:
                raise survey.MeterError("GPU is lost")
            return super().read()

    monkeypatch.setattr(command, "choose_meter", lambda: choice_of(Breaks()))
    code, lines = command.run_program([sys.executable, "-c", "raise SystemExit(3)"], as_json=False)
    assert (code, lines) == (3, ["No energy: GPU is lost"])


def test_a_survey_names_devices_also_where_one_meter_names_none():
    class Anonymous(FakeMeter):
        provenance = Provenance(
            kind="estimated", meter="own", sampling="", scope="machine", devices=("CPU", "RAM")
        )

        def read(self):
            return replace(super().read(), provenance=self.provenance)

    meter = SumMeter([Anonymous(), NvmlMeter(nvml=Nvml(1))])
    found = survey.survey(seconds=0.01, choice=choice_of(meter))
    assert [device.name for device in found.devices] == ["CPU, RAM", "A100 GPU-0"]

    class Broken(Anonymous):
        def read(self):
            raise OSError("gone")

    found = survey.survey(seconds=0.01, choice=choice_of(Broken()))
    assert found.problem == "OSError: gone"
