import pytest

from benchmarks.registry import did_you_mean, file_names, read_constants

SOURCE = '''"""First line.

More.
"""
import a_package_that_nobody_has

LABEL = "Mine"
SUITES: tuple[str, ...] = ("smoke",)
COMPUTED = a_package_that_nobody_has.number()


def run(setting):
    LABEL = "not this one"
'''


def test_constants_are_read_without_importing_the_file(tmp_path):
    (tmp_path / "my_own.py").write_text(SOURCE)
    (tmp_path / "_helper.py").write_text("")
    assert file_names(tmp_path) == ["my-own"]
    assert read_constants(tmp_path, "my-own") == {
        "__doc__": "First line.\n\nMore.",
        "LABEL": "Mine",
        "SUITES": ("smoke",),
    }


def test_a_file_that_is_no_python_is_named(tmp_path):
    (tmp_path / "torn.py").write_text("LABEL = (")
    with pytest.raises(ValueError, match=r"torn\.py must be a Python file"):
        read_constants(tmp_path, "torn")


def test_a_near_name_is_offered():
    assert did_you_mean("ea-bhob", ["rs", "ea-bohb"]) == " Did you mean 'ea-bohb'?"
    assert did_you_mean("nothing like it", ["rs"]) == ""
