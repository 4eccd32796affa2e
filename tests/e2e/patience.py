"""How tests wait for what a deployed system does by itself, and how they look at one that does nothing meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from infra.local.demo.play import Stage
from shared.adapters.table_layout import POLICY_CHANGES

PATIENCE_S = 60
T = TypeVar("T")


def wait_until(what: Callable[[], bool]) -> None:
    """Wait for something that must happen; how long it takes is not judged."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def agreeing(one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """Read two accounts of a system that lives on until they agree; give the last ones if they never do."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = one(), other()
        if found[0] == found[1] or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def notes(stage: Stage) -> list[dict[str, Any]]:
    """What is noted of policies that open cases may not know yet, and how far the word has come."""
    return [item for item in stage.inside.items() if item["pk"]["S"] == POLICY_CHANGES]


@contextmanager
def at_rest(stage: Stage) -> Iterator[None]:
    """Let nothing happen by itself: no schedule ticks, and what was put off until now is not taken up."""
    events, functions = stage.cloud.client("events"), stage.cloud.client("lambda")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    triggers = functions.list_event_source_mappings()["EventSourceMappings"]
    consumers = [trigger["UUID"] for trigger in triggers if ":sqs:" in trigger["EventSourceArn"]]

    def let_consume(enabled: bool) -> None:
        for consumer in consumers:
            functions.update_event_source_mapping(UUID=consumer, Enabled=enabled)

    def rests() -> bool:
        let_consume(True)
        stage.flow.settle()
        let_consume(False)
        return _nobody_walks(stage) and not stage.flow.busy()

    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        wait_until(rests)
        yield
    finally:
        let_consume(True)
        for rule in rules:
            events.enable_rule(Name=rule)


def _nobody_walks(stage: Stage) -> bool:
    """Whether no clock is still telling open cases of a new policy: that takes many steps a second."""
    before = notes(stage)
    time.sleep(2)
    return notes(stage) == before
