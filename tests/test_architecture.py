"""Which package may import which, read from the source: type-only imports count as well."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.imports import (
    ROOT,
    Import,
    circles,
    imports,
    imports_in,
    module_of,
    private_names,
    sources,
)

PARTS = ("eahas_plugins", "surrogate", "benchmarks")
HOSTS = ("optuna", "smac", "hpbandster")
NOT_FOR_A_QUERY = ("xgboost", "sklearn", "scipy", "torch", "lightgbm", "joblib", *HOSTS)
MAX_LINES = 300
TRANSLATION = "eahas_plugins.spaces"
"""Makes Optuna's distributions when it is asked to; importing it needs no Optuna."""
DOCUMENTED = {"_asdict", "_replace", "_exit"}
"""Names with an underscore that are public: of named tuples and of ``os``."""
PROGRAM = "surrogate.cli"
COMMANDS = ("eahas_plugins.energy", "eahas_plugins.report", "eahas_plugins.transfer")
"""The program ``eahas``, which has `meter`, `report` and `export-study` too, and what they import
where they are asked for."""
START, NAMESAKE = "surrogate.__main__", "eahas_plugins.namesake"
"""The program starts with a look at whether the rest of it is in its place."""
LISTINGS = "surrogate.listings"
TERMINAL = ("eahas_plugins.terminal", "eahas_plugins.units", "eahas_plugins.packages")
"""How the program prints, and which version it is."""
STORAGES = ("eahas_plugins.report.storage", "eahas_plugins.transfer.reading")
"""Ask Optuna's adapter when they are given its storage; importing them needs no Optuna."""

MODULES = {name: path for part in PARTS for name, path in sources(part).items()}


def is_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imported(*packages: str) -> Iterator[tuple[str, Import]]:
    """All imports of the modules in some packages."""
    for name, path in MODULES.items():
        if is_in(name, *packages):
            for one in imports(path):
                yield name, one


def listed(found: Iterator[tuple[str, Import]]) -> list[str]:
    return sorted(f"{name}, line {one.line}: {one.target}" for name, one in found)


def test_plugins_know_neither_the_benchmark_nor_the_comparison() -> None:
    found = (pair for pair in imported("eahas_plugins") if is_in(pair[1].target, *PARTS[1:]))
    assert listed(found) == []


def test_the_benchmark_knows_of_the_plugins_only_how_files_and_terminals_are_written() -> None:
    def allowed(name: str, one: Import) -> bool:
        if is_in(name, PROGRAM) and not one.on_import and is_in(one.target, *COMMANDS):
            return True
        if is_in(name, PROGRAM, LISTINGS) and is_in(one.target, *TERMINAL):
            return True
        if name == START and is_in(one.target, NAMESAKE):
            return True
        return is_in(one.target, "eahas_plugins.files")

    found = (
        (name, one)
        for name, one in imported("surrogate")
        if is_in(one.target, "benchmarks", "eahas_plugins") and not allowed(name, one)
    )
    assert listed(found) == []


def test_what_knows_no_host_imports_none() -> None:
    neutral = [
        name
        for name in MODULES
        if is_in(name, "eahas_plugins")
        and not is_in(name, *(f"eahas_plugins.{host}" for host in HOSTS))
    ]
    assert is_in("eahas_plugins.policy", *neutral)
    hosts = [*HOSTS, *(f"eahas_plugins.{host}" for host in HOSTS)]
    found = (
        (name, one)
        for name, one in imported("eahas_plugins", "surrogate")
        if (name in neutral or is_in(name, "surrogate"))
        and is_in(one.target, *hosts)
        and (one.on_import or not is_in(name, TRANSLATION, *STORAGES))
    )
    assert listed(found) == []


@pytest.mark.parametrize("host", HOSTS)
def test_an_adapter_knows_only_its_own_host(host: str) -> None:
    others = [other for other in HOSTS if other != host]
    foreign = [*others, *(f"eahas_plugins.{other}" for other in others)]
    pairs = list(imported(f"eahas_plugins.{host}"))
    assert any(is_in(one.target, host) for _, one in pairs)
    assert listed(pair for pair in pairs if is_in(pair[1].target, *foreign)) == []


def test_nobody_but_tests_imports_the_comparison() -> None:
    found = [
        f"{name}, line {one.line}"
        for folder in ("eahas_plugins", "surrogate", "examples", "package")
        for name, path in sources(folder).items()
        for one in imports(path)
        if is_in(one.target, "benchmarks", "tests")
    ]
    assert found == []
    assert listed(pair for pair in imported("benchmarks") if is_in(pair[1].target, "tests")) == []


def test_no_circles_not_even_of_types() -> None:
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for name, path in MODULES.items():
        targets = {module_of(one.target, MODULES) for one in imports(path)}
        graph[name] = {target for target in targets if target is not None and target != name}
    assert circles(graph) == []


def test_a_query_imports_nothing_heavy() -> None:
    found = (
        (name, one)
        for name, one in imported("surrogate")
        if one.on_import and is_in(one.target, *NOT_FOR_A_QUERY)
    )
    assert listed(found) == []


def test_private_names_of_a_host_are_in_its_one_file() -> None:
    found = (
        (name, one)
        for name, one in imported(*PARTS)
        if is_in(one.target, *HOSTS)
        and re.search(r"\._(?!_)", one.target)
        and name not in [f"eahas_plugins.{host}._compat" for host in HOSTS]
    )
    assert listed(found) == []


@pytest.mark.parametrize("host", HOSTS)
def test_private_attributes_of_a_host_are_read_in_its_one_file(host: str) -> None:
    adapter = sources(f"eahas_plugins/{host}")
    compat = f"eahas_plugins.{host}._compat"
    found = private_names(path for name, path in adapter.items() if name != compat)
    assert {name: where for name, where in found.items() if name not in DOCUMENTED} == {}


@pytest.mark.parametrize("host", HOSTS)
def test_the_bounds_of_a_host_are_those_of_the_versions_that_were_checked(host: str) -> None:
    source = (ROOT / "eahas_plugins" / host / "_compat.py").read_text(encoding="utf-8")
    found = ast.literal_eval(re.search(r"^[A-Z]+_VERSIONS? = (.*)$", source, re.MULTILINE)[1])
    checked = (found,) if isinstance(found, str) else found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (requirement,) = project["optional-dependencies"][host]
    lowest, above = re.fullmatch(rf"{host}>=([\d.]+),<([\d.]+)", requirement).groups()
    versions = [tuple(int(part) for part in version.split(".")) for version in checked]
    bounds = [tuple(int(part) for part in bound.split(".")) for bound in (lowest, above)]
    assert versions[0][: len(bounds[0])] == bounds[0]
    assert versions == sorted(versions)
    assert versions[-1] < bounds[1]


def test_no_file_is_longer_than_can_be_held_in_the_head() -> None:
    folders = (*PARTS, "tests", "examples", "package")
    files = [path for folder in folders for path in sources(folder).values()]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert len(sizes) > 500
    assert {str(p.relative_to(ROOT)): n for p, n in sizes.items() if n > MAX_LINES} == {}


def test_no_test_climbs_out_of_the_clone() -> None:
    climbed = {}
    for path in sources("tests").values():
        depth = len(path.relative_to(ROOT).parents)
        text = path.read_text(encoding="utf-8")
        ups = [int(n) + 1 for n in re.findall(r"__file__\)[.\w()]*\.parents\[(\d+)\]", text)]
        ups += [
            ups.count(".parent") for ups in re.findall(r"__file__\)((?:\.\w+(?:\(\))?)+)", text)
        ]
        if max(ups, default=0) > depth:
            climbed[str(path.relative_to(ROOT))] = max(ups)
    assert climbed == {}


def test_every_form_of_an_import_is_seen() -> None:
    source = """
import a.b
from c import d as e
from . import f
from ..g import h
if TYPE_CHECKING:
    from i import j
def function():
    import k
    importlib.import_module("l.m")
class Class:
    import n
"""
    found = imports_in(source, ("top", "room"))
    assert [one.target for one in found if one.on_import] == [
        *("a.b", "c.d", "top.room.f", "top.g.h", "n")
    ]
    assert [one.target for one in found if not one.on_import] == ["i.j", "k", "l.m"]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert circles(graph) == [["b", "c"], ["e"]]
