"""Options that several commands have."""

from __future__ import annotations

import typer

DATA_OPTION = typer.Option(
    "--data",
    help="Folder of the four Fashion-MNIST files (idx, gzipped or not).",
    show_default="$FASHION_MNIST_DIR, else where Debian's package has them",
)
JSON_OPTION = typer.Option("--json", help="Print JSON.")
SIMULATED_TASKS = "cifar10 or tinyimagenet"
TASKS = "fashion-nano, fashion-nano-gpu, cifar10 or tinyimagenet"
