"""Files that come and go while they are read."""

import threading
from collections import Counter

from eahas_plugins.files import read_bytes, write_atomically


def test_a_file_that_its_writer_removes_is_gone_and_nothing_else(tmp_path):
    path, over = tmp_path / "entry.json", threading.Event()

    def come_and_go():
        while not over.is_set():
            write_atomically(path, "{}", durable=False)
            path.unlink()

    writer = threading.Thread(target=come_and_go)
    writer.start()
    seen = Counter()
    try:
        while min(seen["there"], seen["gone"]) < 300:
            try:
                assert read_bytes(path, limit=10) == b"{}"
                seen["there"] += 1
            except FileNotFoundError:
                seen["gone"] += 1
    finally:
        over.set()
        writer.join()
