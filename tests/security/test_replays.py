"""A push that comes again, late, cut, too long or from another: refused where it can be, harmless where it cannot.

Standard Webhooks sign their time, so an old push is refused. Douyin, ZTO, Kuaidi100 and SF sign none (or nothing): for
those a replayed push must change nothing, whoever sends it, however late, in whatever order.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.vendors import find_source
from shared.domain.keys import CaseKey
from shared.domain.session import SessionCase
from shared.domain.wire import Push
from shared.errors import BadSignature, Refused, StaleTimestamp
from shared.ports import StoredCase
from shared.workflows.receive_push import TooLarge, receive_push
from tests.contract.samples import ACCOUNTS, NOW, Sample, push_of
from tests.contract.signers import SIGNERS
from tests.security.examples import examples
from tests.security.shops import GENUINE, A, TwoShops

TIMED = ("selfbuilt", "chat")
TIMELESS = sorted(set(SIGNERS) - set(TIMED))


def told_by(vendors: list[str]) -> tuple[TwoShops, list[Sample]]:
    """A shop that has had every sample of these vendors, one after the other."""
    shops, samples = TwoShops(), [one for one in GENUINE if one.vendor in vendors]
    for sample in samples:
        assert shops.push(sample.vendor, A, push_of(sample))
        shops.run()
    return shops, samples


def state(shops: TwoShops) -> Mapping[CaseKey, StoredCase]:
    """All cases, with their versions and deadlines."""
    return dict(shops.table.cases)


@pytest.mark.parametrize("vendor", TIMELESS)
def test_a_replayed_push_changes_no_case_and_asks_for_nothing(vendor: str) -> None:
    shops, samples = told_by([vendor])
    before = state(shops)
    assert before
    shops.forgetting()
    commands = len(shops.table.commands)
    for sample in samples:
        assert shops.push(sample.vendor, A, push_of(sample)), "it cannot be told from a repetition by the vendor"
        shops.run()
    assert state(shops) == before
    assert shops.said == []
    assert len(shops.table.commands) == commands


@settings(max_examples=examples(12))
@given(drawn=st.data())
def test_replays_in_any_order_and_number_change_nothing(drawn: st.DataObject) -> None:
    shops, samples = told_by(TIMELESS)
    before = state(shops)
    shops.forgetting()
    for sample in drawn.draw(st.lists(st.sampled_from(samples), min_size=1, max_size=30)):
        shops.push(sample.vendor, A, push_of(sample))
    shops.run()
    assert state(shops) == before
    assert shops.said == []


@pytest.mark.parametrize("vendor", TIMED)
@pytest.mark.parametrize("age", [timedelta(minutes=5, seconds=1), timedelta(days=30), -timedelta(minutes=5, seconds=1)])
def test_a_push_that_signs_its_time_is_refused_when_it_is_old(vendor: str, age: timedelta) -> None:
    sample = next(one for one in GENUINE if one.vendor == vendor)
    with pytest.raises(StaleTimestamp) as caught:
        find_source(vendor).verify_push(push_of(sample), ACCOUNTS[vendor], NOW + age)
    assert caught.value.http_status == 401


@pytest.mark.parametrize("vendor", TIMED)
@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_an_old_push_is_not_made_young_by_another_time_or_id(vendor: str, header: str) -> None:
    sample = next(one for one in GENUINE if one.vendor == vendor)
    push = push_of(sample)
    later = NOW + timedelta(hours=1)
    changed = {"webhook-timestamp": str(int(later.timestamp())), "webhook-id": "another"}[header]
    forged = push._replace(headers={**push.headers, header: changed})
    with pytest.raises(BadSignature):
        find_source(vendor).verify_push(forged, ACCOUNTS[vendor], later)


@pytest.mark.parametrize("vendor", TIMED)
def test_within_its_five_minutes_a_replay_asks_for_nothing_and_moves_nobody(vendor: str) -> None:
    shops, samples = told_by([vendor])
    before = {key: stored.case for key, stored in state(shops).items()}
    shops.forgetting()
    for sample in samples:
        assert shops.push(sample.vendor, A, push_of(sample))
        shops.run()
    assert shops.asked == []
    for key, stored in state(shops).items():
        known = before[key]
        if isinstance(stored.case, SessionCase) and isinstance(known, SessionCase):  # of acts at one instant, the last
            known = known.model_copy(update={"act": stored.case.act})
        assert stored.case == known


def receive(vendor: str, push: Push) -> list[Any]:
    """Let the door take a push; give what it put on a queue."""
    taken: list[Any] = []
    receive_push(
        vendor,
        A,
        ACCOUNTS[vendor].get("token", ""),
        push,
        find_source=find_source,
        find_accounts=lambda merchant, source, now: [ACCOUNTS[source]],
        send=lambda *message: taken.append(message),
        now=NOW,
    )
    return taken


@pytest.mark.parametrize("vendor", sorted(set(SIGNERS) - {"sf"}))
def test_a_push_that_was_cut_on_its_way_is_refused(vendor: str) -> None:
    """Whoever is slow or breaks off: the API gives a function a whole body or none, and half of one is not signed."""
    push = push_of(next(one for one in GENUINE if one.vendor == vendor))
    for length in (0, 1, len(push.body) // 3, len(push.body) // 2):
        with pytest.raises(Refused) as caught:
            receive(vendor, push._replace(body=push.body[:length]))
        assert caught.value.http_status in (400, 401)


@pytest.mark.parametrize("vendor", sorted(SIGNERS))
def test_a_push_longer_than_a_queue_takes_is_refused_whole(vendor: str) -> None:
    signer = SIGNERS[vendor]
    data = '{"a":"' + "x" * 1_100_000 + '"}'
    if vendor == "douyin":
        data = '"' + "x" * 1_100_000 + '"'
    with pytest.raises(TooLarge) as caught:
        receive(vendor, signer.sign(signer.wrap(data)))
    assert caught.value.http_status == 413
