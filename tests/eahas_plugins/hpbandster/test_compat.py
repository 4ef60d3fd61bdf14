"""The private names of HpBandSter: what is missing is named."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from eahas_plugins.hpbandster import HyperBand, _compat
from tests.eahas_plugins.smac.bench import PowerLawBench

pytestmark = pytest.mark.filterwarnings("default")


def test_another_hpbandster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _compat.check_hpbandster()
    monkeypatch.delattr(_compat.Master, "_queue_wait")
    with pytest.raises(ImportError, match=r"needs HpBandSter 0\.7\.4, but .* no Master\._queue_wa"):
        HyperBand(PowerLawBench().space, run_id="bad", min_budget=1, max_budget=9)


@pytest.mark.parametrize("names", [_compat.MASTER, _compat.DISPATCHER, _compat.GENERATOR])
def test_attributes_that_another_hpbandster_lacks_are_named(names: tuple[str, ...]) -> None:
    for name in names:
        whole = SimpleNamespace(**dict.fromkeys(names, 0))
        _compat.require(whole, names)
        delattr(whole, name)
        with pytest.raises(ImportError, match=rf"needs HpBandSter 0\.7\.4, but .*\.{name}: pip"):
            _compat.require(whole, names)


def test_hpbandsters_own_masters_keep_their_dispatcher() -> None:
    from hpbandster.core import dispatcher, master

    assert master.Dispatcher is dispatcher.Dispatcher
