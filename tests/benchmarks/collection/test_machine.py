import platform

import pytest

from benchmarks.collection import machine as where


def test_the_processor_of_a_linux_machine(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: A Processor @ 2 GHz\n")
    monkeypatch.setattr(where, "_CPU_INFO", info)
    assert where.machine()["cpu"] == "A Processor @ 2 GHz"


@pytest.mark.parametrize("text", [None, "processor\t: 0\n"])
def test_a_machine_that_does_not_name_its_processor_there(tmp_path, monkeypatch, text):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(where, "_CPU_INFO", tmp_path / "cpuinfo")
    assert where.machine()["cpu"] == platform.processor()
