from tests.eahas_plugins.smac.conftest import one_thread, time_limit

__all__ = ["one_thread", "time_limit"]
