"""What ``eahas meter`` prints, and the program that it measures."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict

from eahas_plugins.energy.auto import choose_meter
from eahas_plugins.energy.background import keep_reading
from eahas_plugins.energy.readings import Measurement, MeterError, between
from eahas_plugins.energy.roster_folder import WITHIN_VARIABLE, enclosing_owners
from eahas_plugins.energy.sharing import Share
from eahas_plugins.energy.survey import Survey, survey
from eahas_plugins.units import energy_text

NOT_FOUND, NOT_ALLOWED = 127, 126  # as shells answer
_EVERY_S = 2.0


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

    Args:
        words: The program and its arguments.
        as_json: One line of JSON instead of text.
    """
    meter, name = choose_meter().meter, uuid.uuid4().hex
    try:
        share = Share(meter, owner=name)
    except MeterError as error:
        return 1, [f"Error: {error}"]
    before = share.latest
    keep_reading(share, _EVERY_S)  # who shares the devices must know how much the program uses
    code, problem = _run(words, within=(*enclosing_owners(), name))
    try:
        after = share.leave()
        used = between(before, after)
    except MeterError as error:
        return code, [f"Error: {problem}" if problem else f"No energy: {error}"]
    if problem is not None:
        return code, [f"Error: {problem}"]
    if as_json:
        record = asdict(used) | {"command": list(words), "exit_code": code, "watts": used.watts}
        return code, [json.dumps(record)]
    return code, list(_used(used))


def _run(words: Sequence[str], *, within: Sequence[str]) -> tuple[int, str | None]:
    with _signals_for_the_program(os.environ | {WITHIN_VARIABLE: ",".join(within)}) as start:
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


def _used(used: Measurement) -> Iterator[str]:
    parts = "; ".join(f"{part} {energy_text(kwh)}" for part, kwh in used.parts_kwh.items())
    yield (
        f"{energy_text(used.energy_kwh)} in {used.seconds:.3g} s, {used.watts:.3g} W "
        f"({used.provenance.kind} by {used.provenance.meter})" + (f": {parts}" if parts else "")
    )
