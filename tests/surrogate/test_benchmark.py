import typing

import pytest

import surrogate
from surrogate.benchmark import Benchmark
from surrogate.loading import load_table
from surrogate.records import Run
from surrogate.space.constraint import ConstrainedBenchmark
from surrogate.table import TableBenchmark


def test_what_is_loaded_is_typed():
    assert surrogate.Benchmark is Benchmark
    assert typing.get_type_hints(surrogate.load)["return"] is Benchmark
    assert typing.get_type_hints(Benchmark.query)["return"] is Run
    returns = [typing.get_type_hints(one)["return"] for one in typing.get_overloads(surrogate.load)]
    assert returns == [Benchmark, ConstrainedBenchmark[Benchmark], Benchmark]


def test_every_kind_of_benchmark_is_one():
    for name in ("fashion-nano", "fashion-nano-table"):
        assert isinstance(surrogate.load(name), Benchmark)
    constrained = surrogate.load("cifar10", constrained=True)
    assert isinstance(constrained, Benchmark)
    assert constrained.is_allowed(constrained.sample(1)[0])


def test_a_table_is_loaded_with_its_rows():
    table = load_table("fashion-nano")
    assert isinstance(table, TableBenchmark)
    assert table.records[0].disturbed is not None
    with pytest.raises(ValueError, match="must be one of fashion-nano, fashion-nano-gpu to have"):
        load_table("cifar10")
