from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a fresh PostgreSQL of our own, reached through a socket in a temporary folder."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.fail("these tests need PostgreSQL: apt-get install -y postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path must be short
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    subprocess.run(
        [programs[-1] / "initdb", "-D", data, "-U", "eahas", "-A", "trust", "--no-sync"],
        user=user,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [programs[-1] / "postgres", "-D", data, "-k", folder, "-h", "", "-F"],
        user=user,
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(programs[-1], folder, server)
        yield f"postgresql+psycopg://eahas@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # "fast shutdown"
        server.wait(timeout=60)
        shutil.rmtree(folder)


def _wait_until_ready(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    ready = [programs / "psql", "-h", folder, "-U", "eahas", "-d", "postgres", "-c", "select 1"]
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"PostgreSQL ended with code {server.returncode}")
        if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    pytest.fail("PostgreSQL did not start within a minute")
