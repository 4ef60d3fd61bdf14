"""Makes the pictures of the pages and of README.md: ``python docs/make_pictures.py [NAME ...]``.

Names: gallery (by its own code), paper, foreign and fronts (from the committed rows), first (runs
README's first command, some minutes), report (a report in Chromium). Without a name, all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")

HERE = Path(__file__).parent
ROOT = HERE.parent
SIZE_PX = (900, 640)
"""Of the part of a report that its picture shows."""


def gallery() -> None:
    """The pictures of gallery.md."""
    subprocess.run([sys.executable, HERE / "make_gallery.py"], check=True)


def paper() -> None:
    """The comparison's main figure, from the rows that are committed."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.commands.report import expand, read
    from benchmarks.reporting.figures import draw_regret
    from benchmarks.reporting.summary import summarise

    comparisons = list(read(expand([ROOT / "benchmarks/results/paper"])).values())
    summaries = [summarise(results) for results in comparisons]
    targets = [summary[f"target_test_{summary['metric']}"] for summary in summaries]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper_regret_vs_kwh"
        draw_regret(comparisons, path, targets=targets)
        shutil.copy(path.with_suffix(".png"), HERE)


def foreign() -> None:
    """The mean regret on the tasks that nothing was tuned on."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.commands.report import expand, read
    from benchmarks.reporting.many_figure import draw_mean_regret

    comparisons = list(read(expand([ROOT / "benchmarks/results/foreign"])).values())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "foreign_mean_regret"
        draw_mean_regret(comparisons, path)
        shutil.copy(path.with_suffix(".png"), HERE)


def fronts() -> None:
    """The volumes of fronts over the energy of the study."""
    sys.path.insert(0, str(ROOT))
    from benchmarks.commands.report import expand, read
    from benchmarks.reporting.front_figures import draw_volumes
    from benchmarks.reporting.fronts import FrontSummary

    comparisons = list(read(expand([ROOT / "benchmarks/results/fronts"])).values())
    summaries = [FrontSummary.of(results) for results in comparisons]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "front_volumes"
        draw_volumes(comparisons, summaries, path)
        shutil.copy(path.with_suffix(".png"), HERE)


def first() -> None:
    """What the first command of README.md leaves."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "benchmarks", "compare", "--out", folder]
        subprocess.run(words, check=True, cwd=ROOT)
        shutil.copy(Path(folder) / "regret_vs_kwh.png", HERE)


def report() -> None:
    """The top of a report, in Chromium."""
    from PIL import Image

    import surrogate
    from eahas_plugins.optuna import SurrogateObjective, energy_report, energy_study

    objective = SurrogateObjective(surrogate.load("fashion-nano"))
    study, budget = energy_study(
        kwh=0.0005, direction="maximize", metric="accuracy", seed=0, study_name="fashion-nano"
    )
    study.optimize(budget.guard(objective), callbacks=[budget])
    browser = os.environ.get("EAHAS_CHROMIUM") or shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        page = energy_report(study, g_per_kwh=56.0).save(Path(folder) / "report.html")
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=3000"),
                # higher than what is kept: its last lines are not painted
                *(
                    f"--window-size={SIZE_PX[0]},{SIZE_PX[1] + 200}",
                    f"--screenshot={folder}/page.png",
                ),
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        Image.open(f"{folder}/page.png").crop((0, 0, *SIZE_PX)).save(HERE / "report.png")


PICTURES: dict[str, Callable[[], None]] = {
    made.__name__: made for made in (gallery, paper, foreign, fronts, first, report)
}


def main(names: list[str]) -> None:
    """Make the pictures of these names, or all.

    Raises:
        SystemExit: If there is no such name.
    """
    if unknown := set(names) - set(PICTURES):
        raise SystemExit(f"names must be of {', '.join(PICTURES)} but got {', '.join(unknown)}.")
    for name in names or PICTURES:
        print(f"making {name}", flush=True)
        PICTURES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
