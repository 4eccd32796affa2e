"""What others have written comes by name, version and hash, says what it is, and only so much of it is let in."""

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from infra.bundle.build import Bundles, build_bundles
from infra.bundle.sbom import LICENCES, Locked, describe_bundle, licences_of, read_lock
from infra.bundle.targets import local_target
from infra.local.home import ROOT

LOCKS = {path.stem: path for path in sorted((ROOT / "requirements").glob("*.txt"))}
FUNCTIONS = read_lock(LOCKS["functions"].read_text())


def metadata(folder: Path, name: str, *lines: str) -> None:
    """Pretend that a package is installed in a folder."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("\n".join([f"Name: {name}", "Version: 1.0", *lines]) + "\n")


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes_and_comes_from_no_place_of_its_own(name: str) -> None:
    text = LOCKS[name].read_text()
    found = read_lock(text)
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(found) == len(requirements) > 2
    assert [package.name for package in found if not package.hashes] == []
    assert not re.search(r"https?:|://|@ |--(extra-)?index-url|--find-links|-e ", text)


def test_the_document_names_everything_that_is_in_the_bundle_and_nothing_else(bundles: Bundles) -> None:
    document = json.loads(bundles.sbom.read_text())
    listed = {(one["name"], one["version"]) for one in document["components"]}
    inside = {
        (str(found.metadata["Name"]).lower().replace("_", "-"), found.version)
        for found in importlib.metadata.distributions(path=[str(bundles.worker)])
    }
    assert listed == inside
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert all(one["externalReferences"][0]["hashes"] for one in document["components"])
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["serialNumber"])


def test_every_licence_in_the_bundle_asks_only_to_be_named(bundles: Bundles) -> None:
    told = licences_of(bundles.worker)
    assert len(told) >= 10
    assert {name: licence for name, licence in told.items() if licence not in LICENCES} == {}


def test_a_package_without_a_known_licence_is_seen(tmp_path: Path) -> None:
    metadata(tmp_path, "free", "License-Expression: MIT")
    metadata(tmp_path, "old", "Classifier: License :: OSI Approved :: BSD License")
    metadata(tmp_path, "strict", "License-Expression: AGPL-3.0-only")
    metadata(tmp_path, "silent")
    assert licences_of(tmp_path) == {"free": "MIT", "old": "BSD-3-Clause", "strict": "AGPL-3.0-only", "silent": ""}


def test_the_same_bundle_is_described_by_the_same_bytes_and_another_by_others(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"free==1.0 \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\n    # via x\n")
    metadata(tmp_path / "packages", "free", "License-Expression: MIT")
    assert read_lock(lock.read_text()) == [Locked("free", "1.0", ("a" * 64, "b" * 64))]
    first = describe_bundle(lock, tmp_path / "packages")
    assert first == describe_bundle(lock, tmp_path / "packages")
    lock.write_text(lock.read_text().replace("b" * 64, "c" * 64))
    assert first != describe_bundle(lock, tmp_path / "packages")


def test_the_bundle_that_is_there_already_has_its_document() -> None:
    assert build_bundles(local_target()).sbom.exists()


def test_no_package_of_the_functions_is_provided_by_a_second_one_that_would_shadow_it() -> None:
    """A fork under another name overwrites the files of the original, and the lock does not show it."""
    providers = importlib.metadata.packages_distributions()
    mine = {one.name for one in FUNCTIONS}
    for package, distributions in providers.items():
        if mine & {name.lower().replace("_", "-") for name in distributions} and package != "__pycache__":
            assert len(set(distributions)) == 1, (package, distributions)
    assert set(providers["urllib3"]) == {"urllib3"}
