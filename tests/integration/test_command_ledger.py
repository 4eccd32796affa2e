"""A command is carried out once, and its outcome is told at least once."""

from datetime import timedelta

import pytest

from shared.domain.messages import parse_message
from shared.ports import Claim
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import SHOP, accepted

MINUTE = timedelta(minutes=1)
ID = "demo-shop|parcel|sf:SF1#1"


@pytest.fixture
def claim(backend: Backend):
    def claim(at=NOW) -> Claim:
        return backend.ledger.claim(SHOP, ID, at, at + MINUTE)

    return claim


def told(backend: Backend):
    return [parse_message(letter["body"]) for letter in backend.take_outboxes()]


def test_the_first_to_claim_is_fresh_and_the_next_leaves_it(backend: Backend, claim) -> None:
    assert claim() is Claim.FRESH
    assert claim() is Claim.TAKEN
    assert claim(NOW + MINUTE - timedelta(seconds=1)) is Claim.TAKEN
    assert told(backend) == []


def test_a_passed_lease_is_taken_over_as_stale_by_one(claim) -> None:
    claim()
    assert claim(NOW + MINUTE) is Claim.STALE
    assert claim(NOW + MINUTE) is Claim.TAKEN


def test_a_command_given_back_is_fresh_but_not_before_its_time(backend: Backend, claim) -> None:
    claim()
    backend.ledger.postpone(SHOP, ID, NOW + 5 * MINUTE)
    assert claim(NOW + 4 * MINUTE) is Claim.TAKEN
    assert claim(NOW + 5 * MINUTE) is Claim.FRESH


def test_a_stale_command_given_back_stays_stale(backend: Backend, claim) -> None:
    """The first attempt may have reached the vendor, however often the question was put off."""
    claim()
    assert claim(NOW + MINUTE) is Claim.STALE
    backend.ledger.postpone(SHOP, ID, NOW + 5 * MINUTE)
    assert claim(NOW + 5 * MINUTE) is Claim.STALE


def test_an_outcome_is_told_and_ends_the_command(backend: Backend, claim) -> None:
    claim()
    backend.ledger.record(SHOP, ID, accepted())
    assert told(backend) == [accepted()]
    assert claim() is Claim.DONE
    assert claim(NOW + timedelta(days=7)) is Claim.DONE
    assert told(backend) == []


def test_the_first_outcome_stays(backend: Backend, claim) -> None:
    claim()
    backend.ledger.record(SHOP, ID, accepted("first"))
    backend.ledger.record(SHOP, ID, accepted("second"))
    assert told(backend) == [accepted("first")]
    backend.ledger.retell(SHOP, ID)
    backend.ledger.retell(SHOP, ID)
    assert told(backend) == [accepted("first"), accepted("first")]


def test_what_has_ended_cannot_be_put_off(backend: Backend, claim) -> None:
    claim()
    backend.ledger.record(SHOP, ID, accepted())
    backend.ledger.postpone(SHOP, ID, NOW)
    assert claim() is Claim.DONE


def test_there_is_nothing_to_put_off_or_to_retell_before_the_claim(backend: Backend, claim) -> None:
    backend.ledger.postpone(SHOP, ID, NOW + MINUTE)
    backend.ledger.retell(SHOP, ID)
    assert told(backend) == []
    assert claim() is Claim.FRESH
    backend.ledger.retell(SHOP, ID)
    assert told(backend) == []


def test_merchants_do_not_see_each_others_commands(backend: Backend, claim) -> None:
    claim()
    assert backend.ledger.claim("another-shop", ID, NOW, NOW + MINUTE) is Claim.FRESH


def test_a_command_is_kept_for_weeks_after_it_was_touched(dynamo: Backend) -> None:
    dynamo.ledger.claim(SHOP, "claimed", NOW, NOW + MINUTE)
    dynamo.ledger.record(SHOP, "recorded", accepted())
    items = dynamo.clients.dynamodb.scan(TableName="huhang-test")["Items"]
    assert len(items) == 2
    for item in items:
        assert int(item["expires_at"]["N"]) >= (NOW + timedelta(days=30)).timestamp()
