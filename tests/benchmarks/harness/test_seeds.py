import itertools

from benchmarks.harness.seeds import derive_seed


def test_seeds_are_the_same_everywhere_and_differ_by_part():
    assert derive_seed("noise", 3) == 1152847607222872708  # sha256sum of ["noise",3]
    parts = itertools.product(("noise", "sampler"), range(50))
    assert len({derive_seed(*p, bits=32) for p in parts}) == 100
    assert derive_seed("sampler", 0, bits=32) < 2**32
