"""ConfigSpace spaces in hosts that know less: Optuna, and hosts without ordinals."""

from eahas_plugins.spaces.optuna_space import (
    Config,
    ForbiddenConfigurationError,
    OptunaSpace,
    distributions,
    suggest,
    to_configuration,
)
from eahas_plugins.spaces.ordinals import decode, index_space
from eahas_plugins.spaces.parameters import (
    Choices,
    Fixed,
    FloatRange,
    IntegerRange,
    Parameter,
    Steps,
    SuggestingTrial,
    parameter_of,
)
from eahas_plugins.spaces.values import native, native_config

__all__ = [
    "Choices",
    "Config",
    "Fixed",
    "FloatRange",
    "ForbiddenConfigurationError",
    "IntegerRange",
    "OptunaSpace",
    "Parameter",
    "Steps",
    "SuggestingTrial",
    "decode",
    "distributions",
    "index_space",
    "native",
    "native_config",
    "parameter_of",
    "suggest",
    "to_configuration",
]
