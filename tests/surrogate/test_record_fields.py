import numpy as np
import pytest

from surrogate.record_fields import read_amount, read_curve, read_one


def test_what_is_not_there_is_none() -> None:
    assert read_one({}, "run", int, "an integer") is None
    assert read_curve({"energy_kwh": None}, "energy_kwh") is None


def test_null_in_a_curve_of_losses_is_not_a_number() -> None:
    curve = read_curve({"train_loss": [1.5, None]}, "train_loss")
    assert curve is not None
    assert curve[0] == 1.5
    assert np.isnan(curve[1])


@pytest.mark.parametrize("value", [True, "1", 1.0, [1]])
def test_another_kind_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="run must be an integer but got"):
        read_one({"run": value}, "run", int, "an integer")


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 10**400])
def test_amounts_are_finite_and_not_negative(value: float) -> None:
    with pytest.raises(ValueError, match="energy must be finite and not negative"):
        read_amount(value, "energy")


@pytest.mark.parametrize("value", [[], [[0.5]], 0.5, ["0.5"], [True], {}, [10**400]])
def test_a_curve_is_a_list_of_numbers(value: object) -> None:
    with pytest.raises(ValueError, match="val_accuracy must be a list of numbers"):
        read_curve({"val_accuracy": value}, "val_accuracy")


@pytest.mark.parametrize(
    ("name", "value"), [("val_accuracy", 1.1), ("val_accuracy", None), ("energy_kwh", -0.1)]
)
def test_a_curve_stays_in_its_range(name: str, value: float | None) -> None:
    with pytest.raises(ValueError, match=f"{name} must .* at every epoch"):
        read_curve({name: [0.5, value]}, name)
