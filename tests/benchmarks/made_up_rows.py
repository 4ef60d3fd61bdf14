"""Rows of a study that nobody ran."""

from benchmarks.harness.rows import Header, Row

HEADER = Header(
    task="synthetic",
    budget_kwh=0.5,
    mean_training_kwh=0.1,
    reference_test_metric=0.9,
    reference="known",
    provenance={"kind": "simulated"},
    versions={"numpy": "2"},
)


def make_rows(method="rs", seed=0, n_trials=3):
    return [
        Row(
            method=method,
            energy_aware=False,
            host="optuna 5",
            seed=seed,
            trial=trial,
            final=trial == n_trials - 1,
            kwh=round(0.1 * (trial + 1), 9),
            runtime_s=None,
            trial_kwh=0.1,
            epochs=10,
            planned_epochs=10,
            val_metric=round(0.5 + 0.1 * trial, 9),
            test_metric=0.5,
            incumbent_test_metric=0.5,
            inference_energy_kwh=None,
            config={"depth": 4, "optimizer": "sgd"},
        )
        for trial in range(n_trials)
    ]
