"""How tests wait for what a deployed system does by itself."""

import time
from collections.abc import Callable

PATIENCE_S = 60


def wait_until(what: Callable[[], bool]) -> None:
    """Wait for something that must happen; how long it takes is not judged."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)
