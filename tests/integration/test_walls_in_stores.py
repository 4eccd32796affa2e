"""The stores themselves keep merchants apart, the one in memory and the one over DynamoDB alike."""

import pytest

from shared.errors import WrongMerchant
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import PARCEL, REFUND, SHOP, accepted, parcel_case, progress, refund_case

OTHER = "other-shop"
THEIRS = PARCEL._replace(merchant=OTHER)


def written(backend: Backend):
    return [backend.cases.load(key.merchant, [key]).cases[key].version for key in (PARCEL, REFUND, THEIRS)]


def put(backend: Backend, key, case, **more) -> None:
    before = backend.cases.load(key.merchant, [key]).cases[key]
    given = {"outbox": (), "due": NOW, "draw": None, "now": NOW, **more}
    backend.cases.save(before, case, **given)


@pytest.mark.parametrize("keys", [[THEIRS], [PARCEL, THEIRS], [PARCEL._replace(merchant=f"{SHOP}|{OTHER}")]])
def test_nothing_of_another_merchant_is_loaded(backend: Backend, keys) -> None:
    put(backend, THEIRS, parcel_case())
    with pytest.raises(WrongMerchant):
        backend.cases.load(SHOP, keys)
    with pytest.raises(WrongMerchant):
        backend.cases.load(f"{SHOP}|{OTHER}", [])


def test_nothing_is_saved_along_with_another_merchants_case(backend: Backend) -> None:
    theirs = backend.cases.load(OTHER, [THEIRS]).cases[THEIRS]
    with pytest.raises(WrongMerchant):
        put(backend, REFUND, refund_case(), along=(theirs, parcel_case()))
    assert written(backend) == [0, 0, 0]
    assert backend.take_outboxes() == []


def test_nothing_is_saved_with_a_message_for_another_merchant(backend: Backend) -> None:
    with pytest.raises(WrongMerchant):
        put(backend, PARCEL, parcel_case(), outbox=(progress().model_copy(update={"merchant": OTHER}),))
    assert written(backend) == [0, 0, 0]


def test_no_command_ends_with_an_outcome_for_another_merchant(backend: Backend) -> None:
    with pytest.raises(WrongMerchant):
        backend.ledger.record(SHOP, "c#1", accepted().model_copy(update={"merchant": OTHER}))
    assert backend.take_outboxes() == []
