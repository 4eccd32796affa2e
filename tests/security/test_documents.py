"""What the threat model names exists: tests, files and the sections that it points to."""

import re

import pytest

from infra.local.home import ROOT

DOCS = ROOT / "docs"
MODEL = (DOCS / "threat-model.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)`", MODEL)))
_DEFINED = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
WRITTEN = {name for path in (ROOT / "tests").rglob("test_*.py") for name in _DEFINED.findall(path.read_text("utf-8"))}


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert len(NAMED) > 50
    assert [name for name in NAMED if name not in WRITTEN] == []


@pytest.mark.parametrize("name", ["threat-model.md", "security.md"])
def test_every_file_and_section_that_is_pointed_to_exists(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    for file, _, section in (link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", text)):
        assert (DOCS / file).exists(), file
        headings = re.findall(r"^#+ (.*)$", (DOCS / file).read_text("utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not section or section in anchors, (file, section)
    for path in re.findall(r"`((?:shared|tests|infra)/[\w/.\-]+\.py)`", text):
        assert (ROOT / path).exists(), path


def test_every_control_is_shown_by_a_test_or_explained_elsewhere() -> None:
    tables = MODEL.partition("## 边界")[2].partition("## 加密")[0]
    rows = [line.split("|") for line in tables.splitlines() if line.startswith("| ")]
    controls = [row for row in rows if row[1].strip() != "threat"]
    assert len(controls) > 20
    assert [row[1] for row in controls if not re.search(r"`test_\w+`|\]\(", row[3])] == []
