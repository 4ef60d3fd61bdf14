from benchmarks.comparison.workers import local_processes


def test_processes_order_sets_alike(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    hashes = set()
    for _ in range(2):
        with local_processes(1) as executor:
            hashes.add(executor.submit(hash, "a configuration").result())
    assert len(hashes) == 1
