"""One local cloud of its own for all end-to-end tests, with the real app in it, and one afternoon played in it."""

import secrets
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from infra.local.cloud import running_cloud
from infra.local.demo.afternoon import LASTS_MIN, SCENES
from infra.local.demo.play import Played, Stage
from tests.e2e.door import Door
from tests.e2e.newcomer import Come, Newcomer
from tests.e2e.patience import at_rest


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
    """A cloud in which nothing happens by itself."""
    with at_rest(stage):
        yield


@pytest.fixture
def board(stage: Stage) -> Iterator[httpx.Client]:
    """A client with the demo merchant's token."""
    base = str(stage.cloud.home.read_outputs()["WebhookBaseUrl"])
    headers = {"authorization": f"Bearer {stage.credentials['board']['token']}"}
    with httpx.Client(base_url=base, headers=headers, timeout=30.0, trust_env=False) as client:
        yield client
