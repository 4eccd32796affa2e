"""What pushes lost, polls find: the cursor moves only behind what was sent on, and never backwards."""

import random
from collections.abc import Generator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.domain.events import EventUnknown, ReturnReceived
from shared.domain.lanes import Lane
from shared.domain.messages import AnyEvent, parse_message
from shared.errors import Permanent, Retryable, TooMuch, Unclear
from shared.workflows.meter import Meter
from shared.workflows.poll_sources import OVERLAP, Poll, Source, Way, complete_until, poll_source, pollable
from tests.fakes import FakeCallTokens, FakeClock, FakeHttp, FakeQueue, FakeTable
from tests.unit.rules.build import HOUR, MINUTE, SECOND, reported
from tests.unit.workflows.vendor import MERCHANT, NOW, OK, REQUEST


class Cursors:
    """In memory."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at
        self.moves: list[datetime] = []

    def get(self, merchant: str, source: str) -> datetime | None:
        """Give the instant."""
        assert (merchant, source) == (MERCHANT, "sim")
        return self.at

    def put(self, merchant: str, source: str, until: datetime) -> None:
        """Store the instant."""
        self.at = until
        self.moves.append(until)


class Shop:
    """A source with changes at instants; it lists so many at once and no more."""

    def __init__(self, changes: list[datetime], at_once: int = 1000) -> None:
        self.changes = changes
        self.at_once = at_once
        self.asked: list[tuple[datetime, datetime]] = []
        self.trouble: Exception | None = None

    def list_events(
        self, merchant: str, account: Any, now: datetime, since: datetime, until: datetime
    ) -> Generator[Any, Any, list[Any]]:
        """List what changed."""
        self.asked.append((since, until))
        yield REQUEST
        if self.trouble:
            raise self.trouble
        found = [at for at in self.changes if since <= at <= until]
        if len(found) > self.at_once:
            raise TooMuch("too_many")
        return [reported(refund_id=f"R{int(at.timestamp())}") for at in found]


class Poller:
    """Polls one source."""

    def __init__(self, shop: Any, at: datetime | None = NOW) -> None:
        self.cursors = Cursors(at)
        self.clock = FakeClock(NOW)
        self.queue = FakeQueue()
        self.meter = Meter(FakeCallTokens(FakeTable()), self.clock)
        self.pauses: list[float] = []
        self.source = Source(MERCHANT, "sim", {}, shop.list_events)

    def poll(self, after: timedelta = timedelta(0)) -> Poll:
        """Poll once."""
        self.clock.advance(after)
        http = FakeHttp(lambda request: OK)
        way = Way(http, self.meter, self.pauses.append, self.queue, self.cursors, self.clock)
        return poll_source(self.source, way)

    def found(self, lane: Lane = Lane.REFUNDS) -> list[AnyEvent]:
        """What was sent on."""
        return [parse_message(body) for _, body in self.queue.take(lane)]  # type: ignore[misc]


def test_the_first_look_goes_back_an_hour() -> None:
    shop = Shop([])
    assert Poller(shop, None).poll() == Poll(MERCHANT, "sim", 0)
    assert shop.asked == [(NOW - HOUR - OVERLAP, NOW)]


def test_every_look_overlaps_the_one_before() -> None:
    shop = Shop([])
    poller = Poller(shop)
    poller.poll(5 * MINUTE)
    poller.poll(5 * MINUTE)
    assert shop.asked == [(NOW - OVERLAP, NOW + 5 * MINUTE), (NOW + 5 * MINUTE - OVERLAP, NOW + 10 * MINUTE)]


def test_what_was_found_is_sent_on_before_the_cursor_moves() -> None:
    poller = Poller(Shop([NOW + MINUTE]))

    def crash(*message: object) -> None:
        raise Retryable("queue", MINUTE)

    poller.queue.send = crash  # type: ignore[method-assign]
    with pytest.raises(Retryable):
        poller.poll(5 * MINUTE)
    assert poller.cursors.moves == []


@pytest.mark.parametrize("trouble", [Retryable("later", MINUTE), Unclear("hm"), Permanent("no_rights", "x" * 999)])
def test_a_source_that_fails_is_asked_again_from_the_same_instant(trouble: Exception) -> None:
    shop = Shop([NOW + MINUTE])
    poller = Poller(shop)
    shop.trouble = trouble
    failed = poller.poll(5 * MINUTE)
    assert (failed.found, poller.cursors.moves) == (0, [])
    assert 0 < len(failed.failure) <= 120
    shop.trouble = None
    assert poller.poll(5 * MINUTE).found == 1
    assert {since for since, _ in shop.asked} == {NOW - OVERLAP}


def test_events_go_to_the_lanes_of_their_cases() -> None:
    def both(*asked: object) -> Generator[Any, Any, list[Any]]:
        yield REQUEST
        return [reported(), ReturnReceived(merchant=MERCHANT, carrier="zto", waybill="W1", at=NOW)]

    poller = Poller(SimpleNamespace(list_events=both))
    assert poller.poll().found == 2
    assert [event.type for event in poller.found()] == ["refund_reported"]
    assert [event.type for event in poller.found(Lane.PARCELS)] == ["return_received"]


def test_what_cannot_be_read_is_reported_and_holds_nothing_up() -> None:
    def mixed(*asked: object) -> Generator[Any, Any, list[Any]]:
        yield REQUEST
        return [EventUnknown(what="item", reason="status 99"), reported()]

    poller = Poller(SimpleNamespace(list_events=mixed))
    poll = poller.poll(MINUTE)
    assert (poll.found, poll.failure) == (1, "1 unreadable: status 99")
    assert poller.cursors.moves


# ---- more than is listed at once ---------------------------------------------------------------------------------


def _all_found(poller: Poller) -> set[str]:
    return {getattr(event, "refund_id", "") for event in poller.found()}


def test_an_outage_of_hours_is_caught_up_with_and_nothing_is_left_out() -> None:
    changes = [NOW + number * 20 * SECOND for number in range(24 * 180)]  # a day, three a minute
    shop = Shop(changes, at_once=500)
    poller = Poller(shop)
    poller.poll(24 * HOUR)
    for _ in range(20):
        poller.poll(SECOND)
    assert len(_all_found(poller)) == len(changes)
    assert poller.cursors.at == poller.clock.now()


def test_a_rush_that_fills_the_overlap_alone_does_not_turn_the_cursor_back() -> None:
    shop = Shop([NOW + number * SECOND / 10 for number in range(-3000, 36_000)], at_once=1000)
    poller = Poller(shop)
    places = []
    for _ in range(6):
        poller.poll(MINUTE)
        places.append(poller.cursors.at)
        poller.queue.take(Lane.REFUNDS)
    assert places == sorted(places)  # type: ignore[type-var]
    assert places[-1] is not None
    assert places[-1] > NOW + 5 * MINUTE


def test_more_than_is_listed_within_an_instant_is_said_and_not_jumped_over() -> None:
    shop = Shop([NOW + MINUTE] * 5000)
    poller = Poller(shop)
    polls = [poller.poll(5 * MINUTE) for _ in range(10)]
    assert polls[-1].failure == "too much at once"
    assert len(shop.asked) <= 10 * 12
    assert poller.cursors.at is not None
    assert poller.cursors.at <= NOW + MINUTE


# ---- which sources -----------------------------------------------------------------------------------------------


def test_only_vendors_that_list_are_polled() -> None:
    lists: Any = SimpleNamespace(list_events=lambda: None)
    deaf: Any = SimpleNamespace()
    known = {"douyin": [lists], "zto": [deaf], "both": [deaf, lists], "nobody": []}
    found = pollable(MERCHANT, {name: {"name": name} for name in known}, lambda name: known[name])
    assert [(source.name, source.account) for source in found] == [
        ("douyin", {"name": "douyin"}),
        ("both", {"name": "both"}),
    ]


# ---- completeness ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_lost_pushes_and_a_lost_hour_are_found_and_completeness_is_never_claimed_too_early(seed: int) -> None:
    """A change every 20 seconds of a day; 5 % of the pushes and a whole hour's are lost, and every tenth poll fails."""
    dice, start = random.Random(seed), NOW
    changes = [start + number * 20 * SECOND for number in range(4320)]
    lost = {at for at in changes if dice.random() < 0.05 or 6 * HOUR <= at - start < 7 * HOUR}
    shop = Shop(changes, at_once=100)
    poller = Poller(shop, start)
    known = {at for at in changes if at not in lost}
    while poller.clock.now() < start + 25 * HOUR:
        shop.trouble = Unclear("lost") if dice.random() < 0.1 else None
        poller.poll(5 * MINUTE)
        known |= _told(poller.queue)
        assert poller.cursors.at is not None
        claimed = complete_until(poller.cursors.at)
        assert all(at in known for at in changes if at <= claimed), "claimed what was not there"
        assert shop.trouble or claimed == poller.clock.now() - OVERLAP
    assert set(changes) <= known


def _told(queue: FakeQueue) -> set[datetime]:
    """The instants of the changes that were passed on."""
    events = [parse_message(body) for _, body in queue.take(Lane.REFUNDS)]
    return {datetime.fromtimestamp(int(event.refund_id[1:]), NOW.tzinfo) for event in events}  # type: ignore[union-attr]
