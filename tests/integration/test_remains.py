"""Every item is found by its place, and deleted by it, in memory and in the table."""

from typing import Any

import pytest

from shared.adapters.dynamo_remains import DynamoRemains
from shared.ports import Place
from tests.fakes.remains import FakeRemains
from tests.integration.conftest import TABLE, Backend

PLACES = [Place(f"{merchant}|order|{number}", "-") for merchant in ("a", "b") for number in range(40)]


@pytest.fixture(params=["memory", "dynamo"])
def remains(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return FakeRemains(PLACES)
    backend: Backend = request.getfixturevalue("dynamo")
    assert backend.clients is not None
    for pk, sk in PLACES:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, "body": {"S": "{}"}}
        backend.clients.dynamodb.put_item(TableName=TABLE, Item=item)
    return DynamoRemains(backend.clients.dynamodb, TABLE)


def _all(remains: Any) -> list[Place]:
    return sorted(place for page in remains.pages() for place in page)


def test_what_is_erased_is_gone_and_nothing_else(remains: Any) -> None:
    assert _all(remains) == sorted(PLACES)
    mine = [place for place in PLACES if place.pk.startswith("a|")]
    remains.erase(mine)
    assert _all(remains) == sorted(set(PLACES) - set(mine))
    remains.erase(mine[:3])  # again
    remains.erase([])
    assert len(_all(remains)) == 40
