"""LCBench through YAHPO Gym's surrogate: networks for tables, 1 to 52 epochs.

The files are those of YAHPO Gym's scenario ``lcbench``: ``model.onnx`` and ``encoding.json``. The
surrogate has no test accuracy and no noise: its validation accuracy stands for both. It has no
energy either: that is its time at a constant power, and so estimated. What trains longer never
took less time, but a few per cent of the surrogate's steps fall: the running maximum counts.

References:
    Pfisterer et al. (2022), YAHPO Gym. Zimmer et al. (2021), Auto-PyTorch Tabular (LCBench).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer, OrdinalHyperparameter
from numpy.typing import NDArray

from benchmarks.harness.bench import GOES_ON, SCHEDULE
from eahas_plugins.files import read_json_object
from eahas_plugins.units import J_PER_KWH
from surrogate.records import Run

N_EPOCHS = 52
SCHEDULES = (7, 17, 52)
"""Lengths of complete trainings where these are a hyperparameter."""
WATTS = 250.0
"""Power that time is multiplied by, that of a GPU at work."""
MODEL_FILE, ENCODING_FILE = "model.onnx", "encoding.json"
TASK_KEY = "OpenML_task_id"
_INPUTS = (
    "epoch",
    "batch_size",
    "learning_rate",
    "momentum",
    "weight_decay",
    "num_layers",
    "max_units",
    "max_dropout",
)
"""In the order of the model's numeric input."""
_LEAST_S = 1e-6
"""Time of an epoch beyond the surrogate's, s, where trainings go on: a running maximum may stand
still for ten epochs, and what goes on must cost something."""
_TIME, _ACCURACY = 0, 1
"""Columns of the model's output: seconds of all epochs so far, and percent."""

Predict = Callable[[NDArray[np.int32], NDArray[np.float32]], NDArray[np.floating[Any]]]


def lcbench_space(*, schedules: bool) -> ConfigurationSpace:
    """The space of LCBench, with the length of the training or without."""
    space = ConfigurationSpace(name="yahpo-lcbench")
    space.add(
        [
            Integer("batch_size", (16, 512), log=True),
            Float("learning_rate", (1e-4, 0.1), log=True),
            Float("momentum", (0.1, 0.99)),
            Float("weight_decay", (1e-5, 0.1)),
            Integer("num_layers", (1, 5)),
            Integer("max_units", (64, 1024), log=True),
            Float("max_dropout", (0.0, 1.0)),
        ]
    )
    if schedules:
        space.add(OrdinalHyperparameter(SCHEDULE, SCHEDULES, default_value=SCHEDULES[-1]))
    return space


class LCBench:
    """One task of LCBench.

    Args:
        predict: The surrogate: takes the task's code, shape (n, 1), and the numbers, shape (n, 8);
            gives shape (n, 6).
        code: The task's code.
        task: Its number at OpenML.
        schedules: Whether the length of a training is a hyperparameter. A shorter training is then
            one of its own, with all its energy; LCBench's trainings do not change their learning
            rate, so it goes like the beginning of a longer one.
        goes_on: Whether a longer one goes on from a shorter one instead and pays the difference.
    """

    def __init__(
        self, predict: Predict, code: int, *, task: str, schedules: bool, goes_on: bool = False
    ) -> None:
        self._predict = predict
        self._code = code
        self._least_s = _LEAST_S if goes_on else 0.0
        self.space = lcbench_space(schedules=schedules)
        kind = "-goes-on" if goes_on else "-schedules" if schedules else ""
        self.provenance: dict[str, Any] = {
            "kind": "predicted",
            "problem": f"yahpo-lcbench{kind}-{task}",
            "data_set": f"OpenML task {task}",
            "energy": "estimated",
            "meter": {"kind": "estimated", "name": f"time x {WATTS:g} W"},
            "curves": "YAHPO Gym's surrogate of LCBench; test is the same as validation",
        }
        if goes_on:
            self.provenance[GOES_ON] = True

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """A training; ``seed`` changes nothing, as the surrogate has no noise."""
        return self.query_many([config])[0]

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        """Many trainings in one call of the surrogate.

        Raises:
            ValueError: If the surrogate's answer cannot be that of trainings.
        """
        lengths = [int(config.get(SCHEDULE, N_EPOCHS)) for config in configs]
        numbers = np.array(
            [
                [epoch, *(float(config[name]) for name in _INPUTS[1:])]
                for config, length in zip(configs, lengths, strict=True)
                for epoch in range(1, length + 1)
            ],
            dtype=np.float32,
        )
        codes = np.full((len(numbers), 1), self._code, dtype=np.int32)
        answer = np.asarray(self._predict(codes, numbers), dtype=np.float64)
        if answer.shape[:1] != (len(numbers),) or answer.ndim != 2 or answer.shape[1] <= _ACCURACY:
            raise ValueError(
                f"{MODEL_FILE} must give a row of numbers for each of {len(numbers)} epochs but "
                f"gave shape {answer.shape}."
            )
        ends = np.cumsum(lengths)[:-1]
        return [
            _run(part[:, _TIME], part[:, _ACCURACY], self._least_s)
            for part in np.split(answer, ends.tolist())
        ]


def _run(seconds: NDArray[np.float64], percent: NDArray[np.float64], least_s: float) -> Run:
    if not (np.isfinite(seconds).all() and np.isfinite(percent).all() and seconds.max() > 0.0):
        raise ValueError(f"{MODEL_FILE} must give finite numbers and a positive time.")
    runtime_s = np.maximum.accumulate(np.maximum(seconds, 0.0))
    runtime_s = runtime_s + least_s * np.arange(1, len(seconds) + 1)
    accuracy = np.clip(percent / 100.0, 0.0, 1.0)
    return Run(
        train_accuracy=None,
        val_accuracy=accuracy,
        test_accuracy=accuracy,
        energy_kwh=runtime_s * WATTS / J_PER_KWH,
        runtime_s=runtime_s,
        inference_energy_kwh=None,
        complexity=None,
    )


def load_task(source: Path | None, *, schedules: bool, goes_on: bool = False) -> LCBench:
    """A task from the files of YAHPO Gym.

    Args:
        source: The folder of the files and the task's number at OpenML, as in ``lcbench/3945``.
        schedules: See :class:`LCBench`.
        goes_on: Likewise.

    Raises:
        ValueError: If there are no such files or no such task.
        ModuleNotFoundError: If ``onnxruntime`` is not installed.
    """
    if source is None:
        raise ValueError(
            f"the folder of {MODEL_FILE} and a task's number must be given as DIR/NUMBER."
        )
    folder, task = source.parent, source.name
    for name in (MODEL_FILE, ENCODING_FILE):
        if not (folder / name).is_file():
            raise ValueError(
                f"source must be DIR/NUMBER with DIR/{name}, but {folder / name} is no file."
            )
    codes = read_json_object(folder / ENCODING_FILE).get(TASK_KEY)
    known = codes if isinstance(codes, dict) else {}
    code = known.get(task)
    if not isinstance(code, int):
        tasks = ", ".join(sorted(name for name in known if name.isdecimal()))
        raise ValueError(f"the task must be one of {tasks} but got {task!r}: give DIR/NUMBER.")
    predict = read_model(folder / MODEL_FILE)
    return LCBench(predict, code, task=task, schedules=schedules, goes_on=goes_on)


def read_model(path: Path) -> Predict:
    """The surrogate in a file, on one thread, so that its numbers are the same everywhere.

    Raises:
        ValueError: If it is no such model.
        ModuleNotFoundError: If ``onnxruntime`` is not installed.
    """
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        (output,) = [entry.name for entry in session.get_outputs() if entry.name == "output"]
        inputs = {entry.name for entry in session.get_inputs()}
    except Exception as error:  # its exceptions have no base of their own
        raise ValueError(f"{path} must be YAHPO Gym's model but is not: {error}.") from error
    if inputs != {"x_cat", "x_cont"}:
        raise ValueError(f"{path} must take x_cat and x_cont but takes {sorted(inputs)}.")

    def predict(
        codes: NDArray[np.int32], numbers: NDArray[np.float32]
    ) -> NDArray[np.floating[Any]]:
        (found,) = session.run([output], {"x_cat": codes, "x_cont": numbers})
        return np.asarray(found)

    return predict
