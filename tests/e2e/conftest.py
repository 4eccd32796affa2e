"""One local cloud of its own for all end-to-end tests, with the real app in it, and one afternoon played in it."""

import secrets
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from infra.local.cloud import running_cloud
from infra.local.demo.afternoon import LASTS_MIN, SCENES
from infra.local.demo.play import Played, Stage
from tests.e2e.door import Door
from tests.e2e.newcomer import Come, Newcomer
from tests.e2e.patience import notes, wait_until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look for leaks when there is nothing more to come."""
    items.sort(key=lambda item: item.path.name == "test_leaks.py")


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployed and seeded cloud on free ports; stopped in the end, whatever happens."""
    with running_cloud(tmp_path_factory.mktemp("e2e") / "home") as cloud:
        stage = Stage(cloud, cloud.home.read_outputs())
        yield stage
        stage.close()


@pytest.fixture(scope="session")
def played(stage: Stage) -> Played:
    """The demo's afternoon, as `make demo` plays it."""
    return stage.play(SCENES, timedelta(minutes=LASTS_MIN), tell=lambda at, who, what: None)


@pytest.fixture
def door(stage: Stage) -> Iterator[Door]:
    """The way in, and what comes of it."""
    door = Door(stage)
    yield door
    door.close()


@pytest.fixture
def come(stage: Stage) -> Iterator[Come]:
    """Let merchants come; whatever becomes of them, their stacks are deleted in the end."""
    came: list[Newcomer] = []

    def newcomer(merchant: str) -> Newcomer:
        came.append(Newcomer(stage, f"{merchant}-{secrets.token_hex(3)}"))
        return came[-1]

    yield newcomer
    for one in came:
        one.stacks.delete(one.merchant)


@pytest.fixture
def resting(stage: Stage) -> Iterator[None]:
    """A cloud in which nothing happens by itself: no schedule ticks, and what was put off until now is not taken up."""
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
        return nobody_walks(stage) and not stage.flow.busy()

    for rule in rules:
        events.disable_rule(Name=rule)
    try:
        wait_until(rests)
        yield
    finally:
        let_consume(True)
        for rule in rules:
            events.enable_rule(Name=rule)


def nobody_walks(stage: Stage) -> bool:
    """Whether no clock is still telling open cases of a new policy: that takes many steps a second."""
    before = notes(stage)
    time.sleep(2)
    return notes(stage) == before
