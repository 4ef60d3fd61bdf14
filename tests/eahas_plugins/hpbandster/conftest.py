from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hpbandster.core.nameserver import NameServer
from hpbandster.core.worker import Worker

TIME_LIMIT_S = 600.0  # of a machine that does much else
QUIET = logging.getLogger("quiet hpbandster")
QUIET.setLevel(logging.CRITICAL)


@dataclass
class Cluster:
    """A real name server; masters and workers of one test are told where it is."""

    folder: Path
    run_id: str
    host: str
    port: int
    masters: list[Any] = field(default_factory=list)

    def worker(self, kind: Callable[..., Worker], *args: Any, **kwargs: Any) -> Worker:
        worker = kind(
            *args,
            run_id=self.run_id,
            nameserver=self.host,
            nameserver_port=self.port,
            id=uuid.uuid4().hex[:6],
            logger=QUIET,
            **kwargs,
        )
        worker.run(background=True)
        return worker

    @contextmanager
    def master(self, kind: Callable[..., Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        master = kind(
            *args,
            run_id=self.run_id,
            nameserver=self.host,
            nameserver_port=self.port,
            working_directory=str(self.folder),
            ping_interval=1,
            logger=QUIET,
            **kwargs,
        )
        try:
            yield master
        finally:
            master.shutdown(shutdown_workers=True)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    server = NameServer(run_id="test", host="127.0.0.1", port=0)
    host, port = server.start()
    yield Cluster(folder=tmp_path, run_id="test", host=host, port=port)
    server.shutdown()


def within_time(call: Callable[[], Any]) -> Any:
    """The call's result; a hang is a failure and not a hanging test."""
    outcome: list[Any] = []

    def target() -> None:
        try:
            outcome.append((True, call()))
        except BaseException as error:
            outcome.append((False, error))

    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    thread.join(TIME_LIMIT_S)
    assert outcome, f"nothing came back within {TIME_LIMIT_S} s"
    succeeded, value = outcome[0]
    if not succeeded:
        raise value
    return value


def trials(result: Any) -> list[tuple[Any, ...]]:
    """What was run, in order: id, budget, configuration, loss."""
    configs = result.get_id2config_mapping()
    runs = sorted(result.get_all_runs(), key=lambda run: run.time_stamps["submitted"])
    return [(r.config_id, r.budget, configs[r.config_id]["config"], r.loss) for r in runs]
