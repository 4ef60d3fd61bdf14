import collections
import gzip
import zlib

import pytest

from eahas_plugins.files import Line, parse_lines, read_json_lines, read_lines


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
@pytest.mark.parametrize("n", [1, 1000, 300_000])
def test_lines_are_those_of_the_file(tmp_path, name, n):
    content = b"".join(b'{"i": %d}\n' % i for i in range(n))
    path = write(tmp_path / name, content + b"torn")
    lines = list(read_lines(path))
    assert b"".join(line.text + b"\n" * line.ended for line in lines) == content + b"torn"
    assert lines[-1] == Line(n + 1, b"torn", False)
    assert [line.number for line in lines] == list(range(1, n + 2))


def test_members_and_padding_of_gzip(tmp_path):
    path = tmp_path / "rows.gz"
    path.write_bytes(
        gzip.compress(b"a\nb") + gzip.compress(b"") + gzip.compress(b"c\n") + b"\0" * 9
    )
    assert [line.text for line in read_lines(path)] == [b"a", b"bc"]


def test_damaged_gzip_names_the_file(tmp_path):
    whole = gzip.compress(bytes(range(256)) * 100)
    broken = bytearray(whole)
    broken[40] ^= 255
    for raw in (
        whole[:-1],
        whole[:200],
        bytes(broken),
        b"",
        b"plain",
        whole + b"garbage",
        whole[:5],
    ):
        path = tmp_path / "rows.jsonl.gz"
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=r"rows\.jsonl\.gz must be a whole gzip file"):
            list(read_lines(path))


def bomb(pattern, n):
    """Gzip of ``pattern`` many times over, made without holding it."""
    packer = zlib.compressobj(9, wbits=31)
    piece = pattern * (1 << 20)
    return b"".join(packer.compress(piece) for _ in range(n)) + packer.flush()


@pytest.mark.parametrize(
    ("pattern", "words"),
    [(b" ", "100 times"), (b"\n", "empty lines"), (b"{}\n", "100 times"), (b"x\n", "100 times")],
)
def test_bombs_are_refused_early(pattern, words):
    lines = parse_lines(bomb(pattern, 60), "the.gz", packed=True)
    with pytest.raises(ValueError, match=rf"^the\.gz.*{words}"):
        collections.deque(lines, maxlen=0)


def test_one_line_is_bounded():
    with pytest.raises(ValueError, match=r"^f, line 2, must have at most 16 MiB"):
        collections.deque(parse_lines(b"{}\n" + b"x" * (17 << 20), "f"), maxlen=0)


def test_a_limit_of_all_lines(tmp_path):
    path = write(tmp_path / "rows", b"12345\n" * 100)
    assert len(list(read_lines(path, limit=600))) == 100
    with pytest.raises(ValueError, match="at most 599 bytes"):
        list(read_lines(path, limit=599))


def test_objects_of_lines(tmp_path):
    path = write(tmp_path / "rows.jsonl", b'{"a": 1}\n\n  \r\n{"a": 2}\r\n{"a": 3}')
    assert list(read_json_lines(path)) == [(1, {"a": 1}), (4, {"a": 2}), (5, {"a": 3})]


def test_a_bad_line_is_named_or_collected(tmp_path):
    path = write(tmp_path / "rows.jsonl", b'{"a": 1}\n{"a"\n\xff\n{"a": 2}\n{"b')
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2, must be JSON"):
        list(read_json_lines(path))
    torn = []
    assert [number for number, _ in read_json_lines(path, torn=torn)] == [1, 4]
    assert [message.split(",")[1] for message in torn] == [" line 2", " line 3", " line 5"]


@pytest.mark.parametrize("line", [b"[1]", b'{"a": NaN}', b"[" * 5000, b'{"a": 1, "a": 1}'])
def test_a_whole_line_that_is_refused_is_not_left_out(tmp_path, line):
    path = write(tmp_path / "rows.jsonl", b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2, must"):
        list(read_json_lines(path, torn=[]))


def test_a_file_of_something_else_is_not_collected_for_ever(tmp_path):
    path = write(tmp_path / "rows.jsonl", b"prose\n" * 1000)
    with pytest.raises(ValueError, match="must be a file of JSON lines"):
        list(read_json_lines(path, torn=[]))
