"""The energy report of any run: a page, its numbers, and a paragraph to cite; see `read_run`."""

from eahas_plugins.report.document import Report
from eahas_plugins.report.run import EnergySource, Objective, RunSummary, TrialSummary
from eahas_plugins.report.storage import read_run

__all__ = ["EnergySource", "Objective", "Report", "RunSummary", "TrialSummary", "read_run"]
