"""Every test that docs/money.md names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", (ROOT / "docs" / "money.md").read_text("utf-8"))))


def test_the_page_names_tests() -> None:
    assert len(NAMED) > 15


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_the_page_names_exists(file: str, name: str) -> None:
    [path] = (ROOT / "tests").rglob(file)
    assert f"def {name}(" in path.read_text("utf-8") if name else path
