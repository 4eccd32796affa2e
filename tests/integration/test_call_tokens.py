"""Counting calls at vendors, in memory and on DynamoDB: what is taken fits, and a closed bucket gives nothing."""

from datetime import timedelta

import pytest

from shared.adapters.dynamo_calls import DynamoCallTokens
from shared.errors import WrongMerchant
from shared.ports import SlotState
from tests.integration.conftest import NOW, TABLE, Backend

SLOT = timedelta(seconds=3)
BUCKET = "jushuitan|all"


def test_what_fits_is_taken_and_what_does_not_is_not(backend: Backend) -> None:
    assert backend.tokens.take("demo", BUCKET, NOW, 3, 4) == SlotState(NOW, 3, granted=True)
    assert backend.tokens.take("demo", BUCKET, NOW, 2, 4) == SlotState(NOW, 3, granted=False)
    assert backend.tokens.take("demo", BUCKET, NOW, 1, 4) == SlotState(NOW, 4, granted=True)
    assert backend.tokens.take("demo", BUCKET, NOW, 1, 4) == SlotState(NOW, 4, granted=False)


def test_a_new_slot_begins_with_nothing_gone(backend: Backend) -> None:
    backend.tokens.take("demo", BUCKET, NOW, 4, 4)
    assert backend.tokens.take("demo", BUCKET, NOW + SLOT, 4, 4) == SlotState(NOW + SLOT, 4, granted=True)


def test_a_slot_that_is_over_gives_nothing(backend: Backend) -> None:
    backend.tokens.take("demo", BUCKET, NOW + SLOT, 1, 4)
    assert backend.tokens.take("demo", BUCKET, NOW, 1, 4) == SlotState(NOW + SLOT, 1, granted=False)


def test_a_closed_bucket_gives_nothing_until_it_opens(backend: Backend) -> None:
    opens = NOW + 20 * SLOT
    backend.tokens.take("demo", BUCKET, NOW, 1, 4)
    backend.tokens.close("demo", BUCKET, opens)
    backend.tokens.close("demo", BUCKET, opens - SLOT)
    for start in (NOW, NOW + SLOT, opens - SLOT):
        assert backend.tokens.take("demo", BUCKET, start, 1, 4) == SlotState(opens, 0, granted=False)
    assert backend.tokens.take("demo", BUCKET, opens, 4, 4) == SlotState(opens, 4, granted=True)


def test_a_bucket_that_was_never_used_can_be_closed(backend: Backend) -> None:
    backend.tokens.close("demo", BUCKET, NOW + SLOT)
    assert not backend.tokens.take("demo", BUCKET, NOW, 1, 4).granted


def test_buckets_and_merchants_do_not_share(backend: Backend) -> None:
    backend.tokens.take("demo", BUCKET, NOW, 4, 4)
    assert backend.tokens.take("demo", "sf|all", NOW, 4, 4).granted
    assert backend.tokens.take("other", BUCKET, NOW, 4, 4).granted


def test_the_first_taker_of_a_slot_writes_once_and_so_does_whoever_knows_it(dynamo: Backend) -> None:
    dynamo.tokens.take("demo", BUCKET, NOW, 1, 9)
    dynamo.tokens.take("demo", BUCKET, NOW, 1, 9)
    assert dynamo.calls == ["UpdateItem", "UpdateItem"]
    late = DynamoCallTokens(dynamo.clients.dynamodb, TABLE)  # type: ignore[union-attr]
    assert late.take("demo", BUCKET, NOW, 1, 9) == SlotState(NOW, 3, granted=True)
    assert dynamo.calls == ["UpdateItem"] * 4


def test_a_bucket_that_the_table_has_forgotten_is_opened_anew(dynamo: Backend) -> None:
    dynamo.tokens.take("demo", BUCKET, NOW, 1, 9)
    dynamo.clients.dynamodb.delete_item(  # type: ignore[union-attr]
        TableName=TABLE, Key={"pk": {"S": "demo|calls"}, "sk": {"S": BUCKET}}
    )
    assert dynamo.tokens.take("demo", BUCKET, NOW, 1, 9) == SlotState(NOW, 0, granted=False)
    assert dynamo.tokens.take("demo", BUCKET, NOW, 1, 9) == SlotState(NOW, 1, granted=True)


def test_a_bucket_expires_a_day_after_its_slot(dynamo: Backend) -> None:
    dynamo.tokens.take("demo", BUCKET, NOW, 1, 9)
    [item] = dynamo.clients.dynamodb.scan(TableName=TABLE)["Items"]  # type: ignore[union-attr]
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=1)).timestamp())


def test_takers_that_do_not_know_of_each_other_never_take_more_than_there_is(dynamo: Backend) -> None:
    takers = [DynamoCallTokens(dynamo.clients.dynamodb, TABLE) for _ in range(8)]  # type: ignore[union-attr]
    states = [one.take("demo", BUCKET, NOW, 3, 10) for one in takers * 2]
    assert sum(state.granted for state in states) == 3


@pytest.mark.parametrize("merchant", ["", "a|b", "Demo"])
def test_what_is_no_merchant_has_no_bucket(dynamo: Backend, merchant: str) -> None:
    with pytest.raises(WrongMerchant):
        dynamo.tokens.take(merchant, BUCKET, NOW, 1, 4)
