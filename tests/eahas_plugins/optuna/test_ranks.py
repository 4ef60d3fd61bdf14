"""What devices of ranks are called among all nodes."""

from eahas_plugins.optuna import _ranks


def test_containers_of_one_machine_share_its_devices(monkeypatch):
    machine, container, process = ["boot 1"], ["a"], [7]
    monkeypatch.setattr(_ranks, "boot_id", lambda: machine[0])
    monkeypatch.setattr(_ranks.platform, "node", lambda: container[0])
    monkeypatch.setattr(_ranks.os, "getpid", lambda: process[0])
    cpu, own = _ranks._name("cpu:package-0"), _ranks._name("process:cpu")
    container[0] = "b"  # where another process has the same id
    assert _ranks._name("cpu:package-0") == cpu
    assert _ranks._name("process:cpu") != own
    container[0], machine[0] = "a", "boot 2"  # another machine of the same name
    assert _ranks._name("cpu:package-0") != cpu
    assert _ranks._name("process:cpu") != own
