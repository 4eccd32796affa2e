"""What is inside a bundle, for whoever audits it: a CycloneDX 1.6 document, `sbom.cdx.json` beside the bundles.

Versions and hashes are those of the lock, licences those that the installed packages name. The same bundle gives the
same bytes: no time, and a serial number made of the content.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

SBOM = "sbom.cdx.json"
LICENCES = frozenset({"MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "PSF-2.0"})
"""What may be in a bundle: none of these asks for more than to be named."""

_PINNED = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_SPELLINGS = {
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


class Locked(NamedTuple):
    """One package of a lock."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_lock(text: str) -> list[Locked]:
    """Give the packages of a lock file with their hashes."""
    found = []
    for block in re.split(r"\n(?=\S)", text.replace("\\\n", " ")):
        pinned = _PINNED.match(block)
        if pinned:
            found.append(Locked(pinned["name"].lower(), pinned["version"], tuple(sorted(_HASH.findall(block)))))
    return found


def licences_of(packages: Path) -> dict[str, str]:
    """Give the licence of every package in a folder, as an SPDX expression; "" where none is named."""
    found = {}
    for file in sorted(packages.glob("*.dist-info/METADATA")):
        told = message_from_string(file.read_text(encoding="utf-8", errors="replace"))
        found[str(told["Name"]).lower().replace("_", "-")] = _licence(told)
    return found


def _licence(told: Message) -> str:
    if told["License-Expression"]:
        return str(told["License-Expression"])
    classifiers = [str(line) for line in told.get_all("Classifier", [])]
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    spelt = [_SPELLINGS.get(name, name) for name in (*named, str(told["License"] or ""))]
    return next((name for name in spelt if name in LICENCES), "")


def describe_bundle(lock: Path, packages: Path) -> str:
    """Give the document of the packages that a lock names and a folder holds."""
    licences = licences_of(packages)
    components = list(_components([one for one in read_lock(lock.read_text()) if one.name in licences], licences))
    digest = hashlib.sha256(json.dumps(components).encode()).hexdigest()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "huhang", "bom-ref": "huhang"}},
        "components": components,
        "dependencies": [{"ref": "huhang", "dependsOn": [one["bom-ref"] for one in components]}],
    }
    return json.dumps(document, indent=2) + "\n"


def _components(locked: list[Locked], licences: dict[str, str]) -> Iterator[dict[str, Any]]:
    for package in locked:
        url = f"pkg:pypi/{package.name}@{package.version}"
        yield {
            "type": "library",
            "bom-ref": url,
            "name": package.name,
            "version": package.version,
            "purl": url,
            "licenses": [{"expression": licences[package.name]}],
            "externalReferences": [
                {"type": "distribution", "url": url, "hashes": [{"alg": "SHA-256", "content": one}]}
                for one in package.hashes
            ],
        }
