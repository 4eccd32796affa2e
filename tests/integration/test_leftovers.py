"""What belongs to no case is kept per merchant: pushes nobody has taught us, and how far sources were polled."""

from datetime import timedelta

import pytest

from shared.adapters.dynamo_leftovers import DynamoCursors, DynamoUnknownPushes
from tests.integration.conftest import NOW, TABLE, Backend


@pytest.fixture
def cursors(dynamo: Backend) -> DynamoCursors:
    return DynamoCursors(dynamo.clients.dynamodb, TABLE)


def test_a_cursor_is_kept_per_merchant_and_source(cursors: DynamoCursors) -> None:
    assert cursors.get("shop", "taobao") is None
    cursors.put("shop", "taobao", NOW)
    cursors.put("shop", "taobao", NOW + timedelta(hours=1))
    assert cursors.get("shop", "taobao") == NOW + timedelta(hours=1)
    assert cursors.get("shop", "jd") is None
    assert cursors.get("another", "taobao") is None
    assert cursors.all("shop") == {"taobao": NOW + timedelta(hours=1)}
    assert cursors.all("another") == {}


def test_an_unknown_push_is_kept_raw_and_once(dynamo: Backend) -> None:
    pushes = DynamoUnknownPushes(dynamo.clients.dynamodb, TABLE)
    for body in (b"\x00\xff", b"\x00\xff", b"other"):
        pushes.keep("shop", "sf", "why" * 500, body, NOW)
    items = dynamo.clients.dynamodb.scan(TableName=TABLE)["Items"]
    assert {item["raw"]["B"] for item in items} == {b"\x00\xff", b"other"}
    assert len(items) == 2
    assert all(int(item["expires_at"]["N"]) > NOW.timestamp() for item in items)
