import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eahas_plugins.files import FileInUseError, LineFile
from tests.eahas_plugins.files.limits import full_after


def n_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_lines_are_added_and_end_with_a_break(tmp_path):
    path = tmp_path / "new" / "rows.jsonl"
    with LineFile(path) as file:
        file.append("one")
        file.append(b"two\nthree\n")
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_a_line_that_does_not_fit_leaves_nothing_and_later_ones_are_whole(tmp_path):
    path = tmp_path / "rows.jsonl"
    with LineFile(path) as file:
        file.append("a" * 3000)
        with full_after(5000), pytest.raises(OSError, match=str(path)):
            file.append("b" * 3000)
        assert path.read_bytes() == b"a" * 3000 + b"\n"
        file.append("c")
    assert path.read_bytes() == b"a" * 3000 + b"\nc\n"


def test_a_torn_line_is_found_and_never_glued_to_the_next(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"whole\n" + b"t" * 200_000)
    with LineFile(path) as file:
        assert file.torn_bytes == 200_000
        file.append("next")
        assert path.read_bytes().endswith(b"t\nnext\n")
        assert file.torn_bytes == 0
        file.truncate(6)
    assert path.read_bytes() == b"whole\n"


@pytest.mark.parametrize("content", [b"", b"\n", b"x", b"x\n", b"a\n" * 70_000, b"\nx" * 70_000])
def test_torn_bytes_of_any_content(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with LineFile(path) as file:
        assert file.torn_bytes == len(content) - content.rfind(b"\n") - 1


def test_a_second_writer_is_refused_and_leaves_no_descriptor(tmp_path):
    path = tmp_path / "rows.jsonl"
    with LineFile(path):
        before = n_descriptors()
        with pytest.raises(FileInUseError, match="another process"):
            LineFile(path)
        assert n_descriptors() == before
    LineFile(path).close()


def test_the_lock_ends_with_a_process_that_is_killed(tmp_path):
    path = tmp_path / "rows.jsonl"
    code = (
        "import sys; from eahas_plugins.files import LineFile\n"
        "file = LineFile(sys.argv[1]); file.append('mine'); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FileInUseError):
            LineFile(path)
    finally:
        holder.kill()
        holder.communicate()
    with LineFile(path, wait=True) as file:
        file.append("ours")
    assert path.read_bytes() == b"mine\nours\n"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_lock_ends_though_a_process_was_forked_meanwhile(tmp_path):
    """Such as a loader of data by another thread, which lives as long as its training."""
    path = tmp_path / "log.jsonl"
    file, (waits, goes_on) = LineFile(path), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(goes_on)
        os.read(waits, 1)
        os._exit(0)
    try:
        file.close()
        LineFile(path).close()
    finally:
        os.close(goes_on)
        os.waitpid(pid, 0)
        os.close(waits)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forks_copy_does_not_end_its_parents_lock(tmp_path):
    with LineFile(tmp_path / "log.jsonl") as file:
        pid = os.fork()
        if pid == 0:
            file.close()
            os._exit(0)
        os.waitpid(pid, 0)
        with pytest.raises(FileInUseError):
            LineFile(file.path)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = n_descriptors()
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(ValueError, match="must be a regular file"):
            LineFile(path)
    assert n_descriptors() == before


def test_a_closed_file_takes_nothing(tmp_path):
    file = LineFile(tmp_path / "rows.jsonl")
    file.close()
    file.close()
    with pytest.raises(ValueError, match="was closed"):
        file.append("x")


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "rows").write_text("")
    with pytest.raises(NotADirectoryError, match="a folder must be here but it is a file"):
        LineFile(tmp_path / "rows" / "rows.jsonl")


def test_a_packed_file_gets_no_plain_lines(tmp_path):
    path = tmp_path / "runs.jsonl.gz"
    content = gzip.compress(b'{"run": 1}\n')
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"runs\.jsonl\.gz must be a plain file .*: gunzip it"):
        LineFile(path)
    assert path.read_bytes() == content
