import re
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from eahas_plugins import packages
from eahas_plugins.packages import missing_message, remedy, require, version_of

ROOT = Path(__file__).parents[2]


def test_a_package_of_no_extra_is_named_itself():
    message = missing_message(ModuleNotFoundError("No module named 'lightgbm'", name="lightgbm"))
    assert message.endswith("(lightgbm): pip install lightgbm.")


def test_a_broken_module_of_this_project_is_not_called_missing():
    name = "benchmarks.commands.no_such"
    assert missing_message(ModuleNotFoundError("No module", name=name)) is None
    assert missing_message(ImportError("cannot import name 'x'")) is None


@pytest.mark.parametrize(
    ("package", "command"),
    [
        ("xgboost", "pip install 'eahas-plugins[fit]'"),
        ("sklearn.gaussian_process", "pip install 'eahas-plugins[fit]'"),
        ("pynvml", "pip install 'eahas-plugins[meters]'"),
        ("matplotlib.pyplot", "pip install 'eahas-plugins[viz]'"),  # and not [all]
        ("nobody.has.it", "pip install nobody"),
    ],
)
def test_the_smallest_extra_that_brings_a_package_is_named(package, command):
    assert remedy(package) == command


def test_adapters_have_their_own_words():
    error = ImportError("eahas_plugins.smac needs SMAC")
    error.__cause__ = ModuleNotFoundError(name="smac")
    assert missing_message(error) == "eahas_plugins.smac needs SMAC."


def test_what_is_needed_at_the_end_is_asked_for_at_the_beginning():
    require("json", "numpy")
    with pytest.raises(ModuleNotFoundError) as error:
        require("json", "a_package_that_nobody_has")
    assert error.value.name == "a_package_that_nobody_has"


def test_a_clone_that_is_not_installed_knows_its_version(monkeypatch, tmp_path):
    installed = version_of("eahas-plugins")
    monkeypatch.setattr(packages, "version", not_installed)
    assert version_of("eahas-plugins") == installed
    monkeypatch.setattr(packages, "_ROOT", tmp_path)  # the packages alone
    assert version_of("eahas-plugins") == "unknown"
    with pytest.raises(PackageNotFoundError):
        version_of("a-package-that-nobody-has")


def not_installed(name):
    raise PackageNotFoundError(name)


def test_nobody_asks_for_the_version_of_an_installation():
    ours = [path for folder in packages.OWN_PACKAGES for path in (ROOT / folder).rglob("*.py")]
    asking = r"""\bversion\((DISTRIBUTION|["']eahas-plugins)"""
    assert [path.name for path in ours if re.search(asking, path.read_text())] == []
