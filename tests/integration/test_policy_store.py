"""Policies follow each other without a gap, and none is ever forgotten."""

import pytest
from botocore.exceptions import ClientError

from shared.domain.why import Origin
from shared.errors import LostRace, Retryable
from shared.ports import PolicyChange
from tests.integration.conftest import NOW, Backend
from tests.integration.samples import POLICY, SHOP


def version(number: int):
    return POLICY.model_copy(update={"version": number, "budget_count_max": number * 10})


def test_every_version_that_was_in_force_can_be_read_later(backend: Backend) -> None:
    assert backend.policies.policy(SHOP) is None
    for number in (1, 2, 3):
        backend.policies.put_policy(version(number))
    assert backend.policies.policy(SHOP) == version(3)
    assert backend.policies.policy(SHOP, 2) == version(2)
    assert backend.policies.policy(SHOP, 4) is None


@pytest.mark.parametrize("number", [1, 2, 4])
def test_only_the_next_version_is_accepted(backend: Backend, number: int) -> None:
    backend.policies.put_policy(version(1))
    backend.policies.put_policy(version(2))
    with pytest.raises(LostRace):
        backend.policies.put_policy(version(number))
    assert backend.policies.policy(SHOP) == version(2)
    assert backend.policies.policy(SHOP, 4) is None


def test_the_first_version_is_1(backend: Backend) -> None:
    with pytest.raises(LostRace):
        backend.policies.put_policy(version(2))
    assert backend.policies.policy(SHOP) is None


def test_a_withdrawn_policy_is_in_force_no_more_and_the_next_one_follows_it(backend: Backend) -> None:
    backend.policies.withdraw(SHOP)
    assert backend.policies.version(SHOP) == 0
    backend.policies.put_policy(version(1))
    backend.policies.put_policy(version(2))
    for _ in range(2):
        backend.policies.withdraw(SHOP)
        assert backend.policies.policy(SHOP) is None
        assert backend.cases.load(SHOP, []) == ({}, None, True)
    assert backend.policies.version(SHOP) == 2
    backend.scores.measured(SHOP, {})
    assert backend.policies.policy(SHOP) is None
    assert list(backend.policies.history(SHOP)) == [version(1), version(2)]
    backend.policies.put_policy(version(3))
    assert backend.cases.load(SHOP, []) == ({}, version(3), False)


def test_the_history_is_every_version_in_order(backend: Backend) -> None:
    assert list(backend.policies.history(SHOP)) == []
    for number in range(1, 12):
        backend.policies.put_policy(version(number))
    assert list(backend.policies.history(SHOP)) == [version(number) for number in range(1, 12)]
    assert list(backend.policies.history("another-shop")) == []


def test_who_put_a_version_in_force_is_kept_with_it(backend: Backend) -> None:
    origin = Origin(by="arn:aws:sts::123456789012:assumed-role/operators/li", at=NOW, why="higher budget")
    backend.policies.put_policy(version(1))
    backend.policies.put_policy(version(2), origin)
    assert list(backend.policies.versions(SHOP)) == [(version(1), None), (version(2), origin)]


def test_a_writer_in_between_is_no_lost_race_and_can_be_repeated(dynamo: Backend) -> None:
    """The hourly paces are written on the very item."""
    left = [1]

    def conflict(**_) -> None:
        if left:
            left.pop()
            reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
            response = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(response, "TransactWriteItems")

    dynamo.clients.dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", conflict)
    with pytest.raises(Retryable):
        dynamo.policies.put_policy(version(1))
    dynamo.policies.put_policy(version(1))
    assert dynamo.policies.policy(SHOP) == version(1)


# ---- telling open cases ------------------------------------------------------------------------------------------


def noted(backend: Backend) -> list[PolicyChange]:
    return list(backend.changes.changes())


def test_a_change_is_noted_with_the_version_and_the_first_one_is_none(backend: Backend) -> None:
    backend.policies.put_policy(version(1))
    assert noted(backend) == []
    backend.policies.put_policy(version(2))
    backend.policies.put_policy(version(3))
    assert noted(backend) == [PolicyChange(SHOP, 3)]
    with pytest.raises(LostRace):
        backend.policies.put_policy(version(3))
    assert noted(backend) == [PolicyChange(SHOP, 3)]


@pytest.mark.parametrize(
    "fields",
    [
        {"laps": 1, "began": NOW, "stretch": 17, "since": NOW},
        {"laps": 1, "since": NOW},
        {"laps": 1},
        {"began": NOW, "since": NOW, "stretch": 0},
    ],
)
def test_how_far_the_word_has_come_is_kept(backend: Backend, fields) -> None:
    backend.policies.put_policy(version(1))
    backend.policies.put_policy(version(2))
    change = PolicyChange(SHOP, 2, steps=1, **fields)
    assert backend.changes.keep(change)
    assert noted(backend) == [change]


def test_of_two_who_walk_at_once_one_takes_each_step(backend: Backend) -> None:
    backend.policies.put_policy(version(1))
    backend.policies.put_policy(version(2))
    first, second = (PolicyChange(SHOP, 2, stretch=number, began=NOW, since=NOW, steps=number) for number in (1, 2))
    assert backend.changes.keep(first)
    assert not backend.changes.keep(first)
    assert backend.changes.keep(second)
    assert not backend.changes.keep(first)
    assert noted(backend) == [second]


def test_a_newer_policy_begins_anew_and_outlives_who_walks_for_the_older(backend: Backend) -> None:
    for number in (1, 2):
        backend.policies.put_policy(version(number))
    old = PolicyChange(SHOP, 2, stretch=9, began=NOW, since=NOW, steps=1)
    assert backend.changes.keep(old)
    backend.policies.put_policy(version(3))
    assert not backend.changes.keep(old)
    backend.changes.done(old)
    assert noted(backend) == [PolicyChange(SHOP, 3)]


def test_what_all_have_heard_is_noted_no_more(backend: Backend) -> None:
    for merchant in (SHOP, "another-shop"):
        for number in (1, 2):
            backend.policies.put_policy(version(number).model_copy(update={"merchant": merchant}))
    backend.changes.done(PolicyChange(SHOP, 2))
    backend.changes.done(PolicyChange(SHOP, 2))
    assert noted(backend) == [PolicyChange("another-shop", 2)]
    assert not backend.changes.keep(PolicyChange(SHOP, 2, steps=1))
