"""Nothing changes in a template unseen: rights, triggers and bounds are as they were last looked at."""

import pytest

from tests.infra.deployments import CONTEXTS, Deployment
from tests.infra.golden import FOLDER, text_of


@pytest.mark.parametrize("name", CONTEXTS)
def test_the_templates_hold_what_was_last_looked_at(name: str, deployments: dict[str, Deployment]) -> None:
    known = (FOLDER / f"{name}.txt").read_text("utf-8")
    assert text_of(name, deployments).splitlines() == known.splitlines(), "if this is meant: make golden"
