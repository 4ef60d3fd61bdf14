"""The report's page in a real browser, at the width of a desktop and of a phone.

Needs Chromium (Debian: apt-get install chromium; or EAHAS_CHROMIUM=/path): `tox -e browser`.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.report import Objective, Report, RunSummary
from tests.eahas_plugins.report.runs import run, trial

PROBE = """
<script>
frame = document.querySelector("iframe");
frame.onload = () => {
  const page = frame.contentDocument, width = page.documentElement.clientWidth;
  const shown = e => e.getClientRects().length > 0;
  const inside = e => e.closest(".scroll") === null && e.closest("svg") === null;
  const all = [...page.body.querySelectorAll("*")].filter(shown);
  document.title = JSON.stringify({
    width: width,
    scroll: page.documentElement.scrollWidth,
    wider: all.filter(inside).filter(e => e.getBoundingClientRect().right > width + 1)
      .map(e => e.tagName + "." + e.className),
    sideways: [...page.querySelectorAll(".scroll:has(.stack)")].filter(shown)
      .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 60)),
    figures: [...page.querySelectorAll("svg")].filter(shown).length,
    letters: Math.min(...[...page.querySelectorAll("svg text")].filter(shown)
      .map(e => parseFloat(page.defaultView.getComputedStyle(e).fontSize)
        * e.ownerSVGElement.getBoundingClientRect().width
        / e.ownerSVGElement.viewBox.baseVal.width)),
    cut: [...page.querySelectorAll("svg text")].filter(shown).filter(e => {
      const t = e.getBoundingClientRect(), f = e.ownerSVGElement.getBoundingClientRect();
      return t.left < f.left - 1 || t.right > f.right + 1 || t.bottom > f.bottom + 1
        || t.top < f.top - 1;
    }).map(e => e.textContent),
    paper: page.defaultView.getComputedStyle(page.body).backgroundColor,
    ink: page.defaultView.getComputedStyle(page.body).color,
  });
};
</script>
"""


def chromium() -> str:
    found = os.environ.get("EAHAS_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    assert found, "this environment needs Chromium: apt-get install chromium, or EAHAS_CHROMIUM"
    return found


def opened(report: Report, folder: Path, *, width: int, dark: bool = False) -> dict[str, Any]:
    """What the browser makes of the page in a frame of this width."""
    frame = f'<iframe srcdoc="{html.escape(report.html)}" width="{width}" height="800"></iframe>'
    harness = folder / "harness.html"
    harness.write_text(f"<!DOCTYPE html><body>{frame}{PROBE}", encoding="utf-8")
    done = subprocess.run(
        [
            *(chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"),
            *(f"--blink-settings=preferredColorScheme={0 if dark else 1}", harness.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stdout[:500]
    found: dict[str, Any] = json.loads(html.unescape(title[1]))
    return found


def full(metric: str = "val_accuracy") -> RunSummary:
    """Everything that a page can show, with names as long as they come."""
    trials = [
        trial(
            i,
            ("complete", "complete", "pruned", "failed")[i % 4],
            energy_kwh=1e-6 * (i + 1),
            values=(0.8 + 0.01 * (i % 7), 1e3 * i) if i % 4 < 2 else (),
            planned_kwh=1e-4,
            length=float(10 if i % 3 else 40),
            config={f"a_long_name_of_a_parameter_{k}": 0.123456 * i for k in range(12)},
        )
        for i in range(60)
    ]
    return run(
        *trials,
        name="a-study-with-a-very-long-name-that-has-no-place-to-break-" + "x" * 60,
        objectives=(Objective(name=metric, maximize=True), Objective(name="latency_ms")),
        cap_kwh=1e-3,
        length_name="epochs",
        unlisted_kwh=1e-5,
        notes=("A damaged line counts like the median trial: " + "/very/long/path" * 12,),
    )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("metric", ["val_accuracy", "validation/mean_average_precision_" * 3])
def test_nothing_is_wider_than_the_page(tmp_path: Path, width: int, metric: str) -> None:
    found = opened(Report.of(full(metric), country="DEU"), tmp_path, width=width)
    assert found["width"] <= width
    assert found["wider"] == []
    assert found["scroll"] <= found["width"]
    assert found["cut"] == []
    assert found["sideways"] == [] or width > 390
    assert found["figures"] == 4  # one of the two sizes of each
    assert found["letters"] >= 11.0


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(tmp_path: Path, dark: bool) -> None:
    found = opened(Report.of(full()), tmp_path, width=390, dark=dark)
    paper, ink = (sum(map(int, re.findall(r"\d+", found[name])[:3])) for name in ("paper", "ink"))
    assert (paper < 150 and ink > 600) if dark else (paper > 600 and ink < 150)
