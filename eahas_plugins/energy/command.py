"""What ``eahas meter`` prints, and the program that it measures."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from eahas_plugins.energy.auto import choose_meter
from eahas_plugins.energy.background import keep_reading
from eahas_plugins.energy.enclosing import WITHIN_VARIABLE, within
from eahas_plugins.energy.readings import Measurement, MeterError, Provenance, between
from eahas_plugins.energy.sharing import Share
from eahas_plugins.energy.survey import Survey, survey
from eahas_plugins.units import energy_text

NOT_FOUND, NOT_ALLOWED = 127, 126  # as shells answer
_EVERY_S = 2.0

_log = logging.getLogger(__name__)


def survey_lines(*, seconds: float, as_json: bool) -> list[str]:
    """Return what would be measured here, for people or as JSON.

    Args:
        seconds: How long to watch, s. Positive.
        as_json: One line of JSON instead of text.

    Raises:
        ValueError: If ``seconds`` is not positive and finite.
    """
    found = survey(seconds=seconds)
    return [json.dumps(asdict(found))] if as_json else list(_text(found))


def run_program(words: Sequence[str], *, as_json: bool) -> tuple[int, list[str]]:
    """Run a program and return its exit code and lines about its energy.

    It is run although nobody can tell its energy, as `time` and CodeCarbon's ``monitor`` do: what
    it is for is worth more. Then the log says so before it starts.

    Args:
        words: The program and its arguments.
        as_json: One line of JSON instead of text.
    """
    meter, name = choose_meter().meter, uuid.uuid4().hex
    share: Share | None = None
    unknown, start_s = "", time.monotonic()
    try:
        share = Share(meter, owner=name)
        keep_reading(share, _EVERY_S)  # who shares the devices must know how much the program uses
    except MeterError as error:
        unknown = str(error)
        _log.warning("The program runs, but nobody will know its energy: %s.", error)
    before = None if share is None else share.latest
    code, problem = _run(words, environment=os.environ | {WITHIN_VARIABLE: within(name)})
    used: Measurement | None = None
    try:
        if share is not None and before is not None:
            used = between(before, share.leave())
    except MeterError as error:
        unknown = str(error)
    if problem is not None:
        return code, [f"Error: {problem}"]
    if as_json:
        seconds = time.monotonic() - start_s
        record = _record(used, meter.provenance, seconds) | {"problem": unknown or None}
        return code, [json.dumps(record | {"command": list(words), "exit_code": code})]
    return code, [f"No energy: {unknown}"] if used is None else list(_text_of(used))


def _record(used: Measurement | None, provenance: Provenance, seconds: float) -> dict[str, Any]:
    """Return what was measured for JSON; what nobody knows is None."""
    if used is not None:
        return asdict(used) | {"watts": used.watts}
    names = [field.name for field in fields(Measurement)]
    known = {"seconds": seconds, "provenance": asdict(provenance), "parts_kwh": {}}
    return dict.fromkeys([*names, "watts"]) | known


def _run(words: Sequence[str], *, environment: Mapping[str, str]) -> tuple[int, str | None]:
    with _signals_for_the_program(environment) as start:
        try:
            program = start(words)
        except FileNotFoundError:
            if shutil.which(words[0]):
                return (
                    NOT_FOUND,
                    f"{words[0]!r} cannot be run: what its first line names is missing",
                )
            return NOT_FOUND, f"{words[0]!r} must be a program but there is none of that name"
        except OSError as error:
            return NOT_ALLOWED, f"{words[0]!r} cannot be run: {error}"
        code = program.wait()
    return (code if code >= 0 else 128 - code), None


@contextlib.contextmanager
def _signals_for_the_program(
    environment: Mapping[str, str],
) -> Iterator[Callable[[Sequence[str]], subprocess.Popen[bytes]]]:
    """Leave it to a program how it ends: its energy is said when it has ended.

    An interrupt comes from the terminal, which sends it to the program, too. What a batch system
    sends to end or warn a job is passed on.
    """
    programs: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def start(words: Sequence[str]) -> subprocess.Popen[bytes]:
        programs.append(subprocess.Popen(list(words), env=environment))
        for number in early:
            programs[0].send_signal(number)
        return programs[0]

    def pass_on(number: int, _: object) -> None:
        if programs:
            programs[0].send_signal(number)
        else:
            early.append(number)

    before = {}
    if threading.current_thread() is threading.main_thread():  # others take no signals
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
            number = getattr(signal, name, None)  # Windows has the first two
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                handler = pass_on if name != "SIGINT" else lambda *_: None
                before[number] = signal.signal(number, handler)
    try:
        yield start
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def _text(found: Survey) -> Iterator[str]:
    yield f"Energy would be {found.kind} by {found.meter}."
    if found.problem is not None:
        yield f"  It fails: {found.problem}"
    for device in found.devices:
        power = "no power seen" if device.watts is None else f"{device.watts:.3g} W"
        whose = "this process alone" if device.own else "everything that runs on it"
        what = ", ".join(device.parts) or "all"
        yield f"  {device.name}: {power} ({what}, {device.kind}, {whose})"
    yield f"Watched for {found.seconds:.2g} s, with one core at work. Why this meter:"
    yield from (f"  - {reason}" for reason in found.why)
    if found.left_out:
        yield "Left out:"
        yield from (f"  - {what}" for what in found.left_out)
    if found.remedies:
        yield "What could be measured with:"
        yield from (f"  - {remedy}" for remedy in found.remedies)


def _text_of(used: Measurement) -> Iterator[str]:
    parts = "; ".join(f"{part} {energy_text(kwh)}" for part, kwh in used.parts_kwh.items())
    yield (
        f"{energy_text(used.energy_kwh)} in {used.seconds:.3g} s, {used.watts:.3g} W "
        f"({used.provenance.kind} by {used.provenance.meter})" + (f": {parts}" if parts else "")
    )
