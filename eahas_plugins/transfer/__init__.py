"""Earlier studies of other data, for the start of a new one; needs no host framework."""

from eahas_plugins.transfer.configurations import first_configurations
from eahas_plugins.transfer.earlier import EarlierStudies
from eahas_plugins.transfer.reading import read_study
from eahas_plugins.transfer.study import EarlierStudy, EarlierTrial
from eahas_plugins.transfer.study_file import write_study

__all__ = [
    "EarlierStudies",
    "EarlierStudy",
    "EarlierTrial",
    "first_configurations",
    "read_study",
    "write_study",
]
