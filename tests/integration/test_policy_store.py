"""Policies follow each other without a gap, and none is ever forgotten."""

import pytest

from shared.errors import LostRace
from tests.integration.conftest import Backend
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


def test_merchants_are_listed_once_each(backend: Backend) -> None:
    for merchant in ("b-shop", "a-shop", "b-shop"):
        backend.policies.enrol(merchant)
    assert list(backend.policies.merchants()) == ["a-shop", "b-shop"]
