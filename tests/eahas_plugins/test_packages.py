import pytest

from eahas_plugins.packages import missing_message, remedy, require


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
