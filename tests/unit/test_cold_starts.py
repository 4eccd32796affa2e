"""What a function loads before it can do anything: its cold start is import time (`docs/performance.md`)."""

import subprocess
import sys

import pytest

MODELS = {"pydantic"}
DECISIONS = {"shared.domain.policy", "shared.domain.decision"}


def loaded_by(function: str, *parts: str) -> set[str]:
    """Start a function with the parts of the wiring that it uses; give the modules that are loaded then."""
    wired = "".join(f"wiring.{part}(); " for part in parts)
    code = f"import sys, functions.{function}.handler; from shared import wiring; {wired}print(*sys.modules)"
    environment = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "cn-north-1"}
    environment["HUHANG_TABLE"] = "table"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_what_every_command_waits_for_loads_no_model() -> None:
    loaded = loaded_by("publish_outbox", "queue", "telemetry")
    assert loaded & MODELS == set()


@pytest.mark.parametrize("function", ["call_courier", "call_erp", "call_platform"])
def test_a_caller_loads_nothing_that_decides(function: str) -> None:
    assert loaded_by(function, "caller", "telemetry") & DECISIONS == set()


def test_the_clock_loads_nothing_that_decides() -> None:
    parts = ("due_index", "wide_queue", "policy_changes", "telemetry")
    assert loaded_by("watch_deadlines", *parts) & DECISIONS == set()
