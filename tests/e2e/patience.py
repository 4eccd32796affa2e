"""How tests wait for what a deployed system does by itself."""

import time
from collections.abc import Callable
from typing import Any

from infra.local.demo.play import Stage
from shared.adapters.table_layout import POLICY_CHANGES

PATIENCE_S = 60


def wait_until(what: Callable[[], bool]) -> None:
    """Wait for something that must happen; how long it takes is not judged."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def notes(stage: Stage) -> list[dict[str, Any]]:
    """What is noted of policies that open cases may not know yet, and how far the word has come."""
    return [item for item in stage.inside.items() if item["pk"]["S"] == POLICY_CHANGES]
