"""What is over does not stay for ever, and what still waits for something never expires."""

from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.table_layout import AT_REST_KEPT, to_expiry
from shared.domain.keys import CaseKey, CaseKind, order_key
from shared.domain.order import OrderCase
from shared.ports import StoredCase
from tests.integration.conftest import NOW, TABLE, Backend
from tests.integration.samples import PARCEL, REFUND, SHOP, parcel_case, refund_case

HOUR = timedelta(hours=1)
ORDER = order_key(SHOP, "douyin", "6935")
CASES: dict[CaseKey, Any] = {
    ORDER: OrderCase(platform="douyin", order_id="6935", updated_at=NOW),
    REFUND: refund_case(),
    PARCEL: parcel_case(),
}


def _save(dynamo: Backend, key: CaseKey, version: int, **fields: Any) -> None:
    before = StoredCase(key, version, CASES[key] if version else None)
    dynamo.cases.save(before, CASES[key], outbox=(), draw=None, **fields)


def _expiry(dynamo: Backend, key: CaseKey) -> int | None:
    assert dynamo.clients is not None
    place = {"pk": {"S": str(key)}, "sk": {"S": "-"}}
    item = dynamo.clients.dynamodb.get_item(TableName=TABLE, Key=place)["Item"]
    return int(item["expires_at"]["N"]) if "expires_at" in item else None


@pytest.mark.parametrize("key", CASES, ids=lambda key: str(key.kind))
def test_a_case_that_waits_for_nothing_is_forgotten_some_time_after_its_last_change(
    dynamo: Backend, key: CaseKey
) -> None:
    _save(dynamo, key, 0, due=None, now=NOW)
    assert _expiry(dynamo, key) == to_expiry(NOW + AT_REST_KEPT[key.kind])
    _save(dynamo, key, 1, due=None, now=NOW + HOUR)
    assert _expiry(dynamo, key) == to_expiry(NOW + HOUR + AT_REST_KEPT[key.kind])


@pytest.mark.parametrize("key", CASES, ids=lambda key: str(key.kind))
def test_a_case_with_a_deadline_never_expires(dynamo: Backend, key: CaseKey) -> None:
    _save(dynamo, key, 0, due=NOW + HOUR, now=NOW)
    assert _expiry(dynamo, key) is None
    _save(dynamo, key, 1, due=None, now=NOW)
    _save(dynamo, key, 2, due=NOW + HOUR, now=NOW)
    assert _expiry(dynamo, key) is None


def test_a_case_that_is_saved_along_keeps_its_deadline_or_its_end(dynamo: Backend) -> None:
    _save(dynamo, ORDER, 0, due=NOW + HOUR, now=NOW)
    waiting = StoredCase(ORDER, 1, CASES[ORDER], NOW + HOUR, NOW + HOUR)
    refund = StoredCase(REFUND)
    dynamo.cases.save(refund, CASES[REFUND], outbox=(), due=None, draw=None, now=NOW, along=(waiting, CASES[ORDER]))
    assert _expiry(dynamo, ORDER) is None
    assert _expiry(dynamo, REFUND) is not None


def test_an_order_outlives_its_after_sales_service() -> None:
    assert AT_REST_KEPT[CaseKind.ORDER] > timedelta(days=365)
