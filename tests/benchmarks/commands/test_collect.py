from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest
import typer

from benchmarks.commands import collect


class Pool:
    """One whose only process is killed while the record of its first training is written."""

    def __init__(self, *args, **settings):
        self.n_asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, train, task, run):
        self.n_asked += 1
        if self.n_asked > 1:
            raise BrokenProcessPool
        future = Future()
        future.set_result({"run": run})
        return future


def test_a_process_that_is_killed_between_trainings_is_said(monkeypatch, capsys):
    monkeypatch.setattr(collect, "ProcessPoolExecutor", Pool)
    records = collect._train_all("fashion-nano", [3, 4], jobs=1, data=None)
    assert next(records) == {"run": 3}
    with pytest.raises(typer.Exit):
        next(records)
    assert "a training process was killed; run the command again" in capsys.readouterr().err
