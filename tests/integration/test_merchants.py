"""Memberships follow each other without a gap, and no shop belongs to two merchants."""

import pytest

from shared.domain.merchant import SHOPS_MAX, Membership, Standing
from shared.domain.why import Origin
from shared.errors import LostRace, ShopTaken
from tests.integration.conftest import NOW, Backend

DOUYIN = "douyin:4012345"


def member(merchant: str = "a-shop", version: int = 1, **fields) -> Membership:
    return Membership(merchant=merchant, version=version, since=NOW, **fields)


def test_who_joined_is_listed_in_order_with_all_that_is_known(backend: Backend) -> None:
    assert backend.merchants.membership("a-shop") is None
    first = member("b-shop", stack_id="arn:b", shops=(DOUYIN,), standing=Standing.PAUSED, reason="休假")
    for one in (first, member("a-shop", standing=Standing.LEFT, kept_until=NOW)):
        backend.merchants.put(one)
    assert backend.merchants.membership("b-shop") == first
    assert [one.merchant for one in backend.merchants.memberships()] == ["a-shop", "b-shop"]


@pytest.mark.parametrize("version", [1, 2, 4])
def test_only_the_next_version_is_stored(backend: Backend, version: int) -> None:
    for number in (1, 2):
        backend.merchants.put(member(version=number))
    with pytest.raises(LostRace):
        backend.merchants.put(member(version=version, standing=Standing.PAUSED))
    assert backend.merchants.membership("a-shop") == member(version=2)


def test_every_membership_is_kept_with_who_made_it_so(backend: Backend) -> None:
    origin = Origin(by="arn:aws:iam::123456789012:user/li", at=NOW, why="wrong refunds")
    paused = member(version=2, standing=Standing.PAUSED, reason="wrong refunds")
    backend.merchants.put(member())
    backend.merchants.put(paused, origin)
    with pytest.raises(LostRace):
        backend.merchants.put(paused)
    assert list(backend.merchants.versions("a-shop")) == [(member(), None), (paused, origin)]
    assert list(backend.merchants.versions("b-shop")) == []


def test_a_shop_belongs_to_one_merchant(backend: Backend) -> None:
    backend.merchants.put(member(shops=(DOUYIN,)))
    with pytest.raises(ShopTaken) as refused:
        backend.merchants.put(member("b-shop", shops=("selfbuilt:x", DOUYIN)))
    assert refused.value.text == DOUYIN
    assert backend.merchants.membership("b-shop") is None
    backend.merchants.put(member("c-shop", shops=("selfbuilt:x",)))  # it was not taken along


def test_a_shop_that_is_given_up_can_join_with_another(backend: Backend) -> None:
    backend.merchants.put(member(shops=(DOUYIN, "zto:1")))
    backend.merchants.put(member(version=2, shops=("zto:1",)))
    backend.merchants.put(member("b-shop", shops=(DOUYIN,)))
    with pytest.raises(ShopTaken):
        backend.merchants.put(member(version=3, shops=(DOUYIN,)))


def test_who_leaves_gives_all_shops_up_and_may_come_back(backend: Backend) -> None:
    backend.merchants.put(member(shops=(DOUYIN,)))
    backend.merchants.put(member(version=2, shops=(DOUYIN,), standing=Standing.LEFT))
    backend.merchants.put(member("b-shop", shops=(DOUYIN,)))
    with pytest.raises(ShopTaken):
        backend.merchants.put(member(version=3, shops=(DOUYIN,)))
    backend.merchants.put(member("b-shop", version=2, standing=Standing.LEFT))
    backend.merchants.put(member(version=3, shops=(DOUYIN,)))


def test_as_many_shops_as_are_allowed_can_all_change_at_once(backend: Backend) -> None:
    for version in (1, 2):
        backend.merchants.put(member(version=version, shops=tuple(f"douyin:{version}-{n}" for n in range(SHOPS_MAX))))
    backend.merchants.put(member("b-shop", shops=("douyin:1-0",)))


def test_a_merchant_is_forgotten_unless_it_has_changed(backend: Backend) -> None:
    first, second = member(standing=Standing.LEFT), member(version=2)
    backend.merchants.put(first)
    backend.merchants.put(second)
    backend.merchants.forget(first)
    assert backend.merchants.membership("a-shop") == second
    backend.merchants.forget(second)
    assert backend.merchants.membership("a-shop") is None
    backend.merchants.forget(second)
