"""A vendor is found by its name, and a name can find nothing else."""

import sys
from types import ModuleType

import pytest

from shared.adapters.vendors import find_source, find_vendor
from shared.errors import UnknownSource


@pytest.fixture
def vendor(monkeypatch):
    def add(kind: str, name: str, **members) -> ModuleType:
        module = ModuleType(f"shared.{kind}.{name}")
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return module

    return add


def test_a_vendor_is_found_among_its_kind(vendor) -> None:
    module = vendor("couriers", "test_courier")
    assert find_vendor("couriers", "test_courier") is module
    with pytest.raises(UnknownSource):
        find_vendor("platforms", "test_courier")


@pytest.mark.parametrize(
    "name", ["", "nobody", "Sf", "1sf", "_sf", "sf.api", "../sf", "__init__", "sf\n", "sf-x", "a" * 41, "os"]
)
def test_other_names_are_unknown_sources(name: str) -> None:
    with pytest.raises(UnknownSource):
        find_vendor("couriers", name)
    with pytest.raises(UnknownSource):
        find_source(name)


@pytest.mark.parametrize("kind", ["platforms", "couriers", "erps", "channels"])
def test_a_source_is_a_vendor_that_pushes(vendor, kind: str) -> None:
    module = vendor(kind, "test_source", verify_push=lambda: None)
    assert find_source("test_source") is module


def test_a_vendor_that_does_not_push_and_a_robot_are_no_sources(vendor) -> None:
    vendor("platforms", "test_quiet")
    for name in ("test_quiet", "dingtalk", "wecom", "feishu", "webhook"):
        with pytest.raises(UnknownSource):
            find_source(name)


def test_a_vendor_that_cannot_be_imported_is_a_bug_and_not_a_stranger(tmp_path, monkeypatch) -> None:
    import shared.couriers

    (tmp_path / "test_broken.py").write_text("import no_such_library\n")
    monkeypatch.setattr(shared.couriers, "__path__", [*shared.couriers.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        find_vendor("couriers", "test_broken")
