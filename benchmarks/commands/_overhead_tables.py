"""The tables of overhead."""

from __future__ import annotations

from typing import Any

from eahas_plugins.terminal import print_table


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    limits = result["limits"]
    if result["samplers"]:
        print_table(
            ("past trials", "study", "sampler", "ask + tell, ms CPU", "times TPE", "limit"),
            (
                (
                    str(row["n_trials"]),
                    row["study"],
                    row["sampler"],
                    f"{row['ask_tell_ms']:.1f}",
                    f"{row['ratio']:.2f}",
                    f"{limits['energy_tpe_ratio']}"
                    if (row["sampler"], row["study"]) == ("EnergyTPESampler", "mixed")
                    else "",
                )
                for row in result["samplers"]
            ),
        )
    if result["budget"]:
        print_table(
            ("past trials", "storage", "check, ms", "its CPU, ms", "limit", "report, ms"),
            (
                (
                    str(row["n_trials"]),
                    row["storage"],
                    f"{row['check_ms']:.2f}",
                    f"{row['check_cpu_ms']:.2f}",
                    f"{limits['check_ms']}",
                    f"{row['report_ms']:.2f}",
                )
                for row in result["budget"]
            ),
        )
    if result["trainings"]:
        print_table(
            ("a training of", "reports", "storage", "Optuna adds", "energy adds", "limit"),
            (
                (
                    f"{row['training_s']:g} s CPU",
                    str(row["n_reports"]),
                    row["storage"],
                    f"{row['optuna_part']:.1%}",
                    f"{row['energy_part']:.1%}",
                    f"{limits['energy_part']:.0%}",
                )
                for row in result["trainings"]
            ),
        )
