"""A live task whose training takes no time: a loss by its learning rate, energy by its width."""

from dataclasses import dataclass, field

from ConfigSpace import ConfigurationSpace, Float, Integer, OrdinalHyperparameter

from benchmarks.harness.live import LiveBench, LiveTask
from eahas_plugins.energy import FakeMeter
from eahas_plugins.targets.metric import metric_of

SCHEDULES = (2, 6, 18)
STEP_KWH, START_KWH = 1e-4, 1e-9


def space():
    found = ConfigurationSpace(name="synthetic-live")
    found.add(
        [
            Float("learning_rate", (1e-4, 1.0), log=True),
            Integer("width", (1, 4)),
            OrdinalHyperparameter("max_epoch", SCHEDULES, default_value=SCHEDULES[-1]),
        ]
    )
    return found


def loss_of(config, epochs):
    return 1.0 + abs(config["learning_rate"] - 0.1) + config["width"] / epochs


@dataclass
class Training:
    """Remembers what it was asked for."""

    meter: FakeMeter = field(default_factory=FakeMeter)
    seen: list = field(default_factory=list)

    def __call__(self, config, training):
        self.seen.append((dict(config), training.seed))
        file = training.checkpoint / "epochs"
        self.meter.advance(kwh=START_KWH, seconds=0.01)  # to load data takes energy, too
        loss = loss_of(config, max(1, training.epochs))
        for epoch in range(training.epochs, config["max_epoch"]):
            self.meter.advance(kwh=STEP_KWH * config["width"], seconds=1.0)
            loss = loss_of(config, epoch + 1)
            if training.keeps_checkpoint:
                file.write_text(str(epoch + 1))
            if training.report(loss, test=loss + 0.5):
                return None
        return {"loss": loss, "test": loss + 0.5}


def live_bench(training, *, seed=0, goes_on=False):
    task = LiveTask(
        space=space(),
        train=training,
        metric=metric_of("loss", "minimize"),
        worst=10.0,
        data_set="none",
        goes_on=goes_on,
    )
    return LiveBench(task, seed, meter=training.meter)
