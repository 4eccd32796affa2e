"""The scorecard of a month is exactly what its list of events adds up to, counted again by other code."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

import pytest

from shared.domain.events import (
    DeadlineReached,
    InterceptionAccepted,
    InterceptionReported,
    InterceptionWanted,
    ParcelScanned,
    ParcelShipped,
    ReturnReceived,
)
from shared.domain.keys import session_key
from shared.domain.lanes import Lane
from shared.domain.messages import AnyEvent, parse_message
from shared.domain.parcel import Content, Scan, Stage, Wish
from shared.domain.session import SessionCase
from shared.domain.tickets import Anomaly
from shared.errors import TooMuch
from shared.workflows.fold_scores import fold_scores
from shared.workflows.handle_event import handle_event
from shared.workflows.watch_deadlines import watch_deadlines
from tests.fakes import FakeCaseStore, FakeClock, FakeDueIndex, FakeQueue, FakeRoutingReports, FakeScores, FakeTable
from tests.unit.board import save, store_with, troubled
from tests.unit.rules.build import DAY, HOUR, MERCHANT, NOW, policy

REMOTE, NEAR = "西藏自治区", "浙江省"
AMOUNT = 5900


class Told(NamedTuple):
    """An event, and when it reached us."""

    at: datetime
    event: AnyEvent


def month(seed: int, parcels: int) -> list[Told]:
    """Make up what happens to some parcels in five weeks; everything but scans is told at once."""
    dice = random.Random(seed)
    told = [one for number in range(parcels) for one in _life(dice, number)]
    return sorted((one for one in told if one.at <= NOW), key=lambda one: one.at)


def _life(dice: random.Random, number: int) -> Iterator[Told]:
    about = {"merchant": MERCHANT, "carrier": dice.choice(["zto", "sf", "yto"]), "waybill": f"W{number}"}
    shipped_at = NOW - dice.uniform(0, 35) * DAY
    region = dice.choice([NEAR, NEAR, REMOTE, ""])
    wanted = dice.random() < 0.2
    for order in range(1 if wanted else dice.choice([1, 1, 2])):  # a merged parcel is not stopped for one of its orders
        paid_at = shipped_at - dice.uniform(1, 20) * HOUR
        inside = Content(
            platform="sim",
            order_id=f"O{number}-{order}",
            line_ids=("L1",),
            paid_fen=AMOUNT,
            paid_at=paid_at,
            shipped_at=shipped_at,
            region=region,
        )
        yield Told(shipped_at, ParcelShipped(**about, content=inside))
    at, lag = shipped_at, dice.uniform(0, 40) * timedelta(minutes=1)
    stages = [Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB, Stage.OUT_FOR_DELIVERY, Stage.DELIVERED]
    for place, stage in enumerate(stages[: dice.choice([0, 1, 2, 3, 4, 5, 5, 5, 5])]):
        if wanted and place == 3:
            yield from _stopped(dice, about, inside, at + lag)
            return
        at += dice.choice([2, 4, 6, 8, 10, 15, 20, 30, 60, 110]) * HOUR * dice.uniform(0.8, 1.2)
        yield Told(at + lag, ParcelScanned(**about, scan=Scan(stage=stage, at=at, code=stage.value)))


def _stopped(dice: random.Random, about: dict[str, Any], inside: Content, at: datetime) -> Iterator[Told]:
    """The buyer wants the money back: how far the interception comes, minute by minute."""
    minute = timedelta(minutes=1)
    key = f"{MERCHANT}|parcel|{about['carrier']}:{about['waybill']}"
    wish = Wish(refund="sim:R", platform="sim", order_id=inside.order_id, line_ids=("L1",), amount_fen=AMOUNT)
    steps: list[AnyEvent] = [
        InterceptionWanted(**about, content=inside, wish=wish),
        InterceptionAccepted(**about, answers=f"{key}#1"),
        InterceptionReported(**about, answers=f"{key}#1", state="succeeded"),
        ReturnReceived(**about, at=at + 4 * minute),
    ]
    for number, event in enumerate(steps[: dice.randint(1, 4)], start=1):
        yield Told(at + number * minute, event)


class Huhang:
    """The product over the fakes: events as they come, the clock at every deadline in between."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.table.policies[MERCHANT] = policy()
        self.store, self.index = FakeCaseStore(self.table), FakeDueIndex(self.table)
        self.queue, self.clock = FakeQueue(self.table), FakeClock(NOW)

    def live(self, events: list[Told]) -> None:
        """Take everything, and then let time come to now."""
        for at, event in events:
            self._wait(at)
            handle_event(event, self.store, self.clock)
        self._wait(NOW)

    def _wait(self, until: datetime) -> None:
        for _ in range(500):
            due = min((stored.due for stored in self.table.cases.values() if stored.due), default=until)
            if due >= until:
                break
            self.clock.instant = max(due, self.clock.instant) if self.clock.instant < until else until
            watch_deadlines(self.index, self.queue, self.clock)
            for lane in Lane:
                for _, body in self.queue.take(lane):
                    event = parse_message(body)
                    assert isinstance(event, DeadlineReached)
                    handle_event(event, self.store, self.clock)
        self.clock.instant = until


# ---- counted again, from the events alone ------------------------------------------------------------------------


class Way(NamedTuple):
    """What the events say of one parcel."""

    carrier: str
    contents: list[Content]
    scans: list[tuple[Scan, datetime]]
    wanted: bool
    accepted: bool
    succeeded: bool
    received: bool


def ways(events: list[Told]) -> list[Way]:
    """Sort the events by parcel."""
    by_parcel: dict[str, list[Told]] = defaultdict(list)
    for one in events:
        by_parcel[one.event.waybill].append(one)  # type: ignore[union-attr]
    found = []
    for told in by_parcel.values():
        kinds = {type(one.event) for one in told}
        found.append(
            Way(
                carrier=told[0].event.carrier,  # type: ignore[union-attr]
                contents=[one.event.content for one in told if isinstance(one.event, ParcelShipped)],
                scans=[(one.event.scan, one.at) for one in told if isinstance(one.event, ParcelScanned)],
                wanted=InterceptionWanted in kinds,
                accepted=InterceptionAccepted in kinds,
                succeeded=InterceptionReported in kinds,
                received=ReturnReceived in kinds,
            )
        )
    return found


def stalled(way: Way) -> bool:
    """Whether it stood still for longer than the rule pack allows, before anybody wanted it stopped."""
    last = way.scans[-1][0] if way.scans else None
    for number, (scan, _) in enumerate(way.scans):
        if scan.stage is Stage.DELIVERED or (way.wanted and scan is last):
            continue
        following = way.scans[number + 1][1] if number + 1 < len(way.scans) else NOW
        remote = way.contents[0].region == REMOTE
        hours = 24 if scan.stage is Stage.PICKED_UP else 96 if remote else 48
        if scan.stage is not Stage.OUT_FOR_DELIVERY and following - scan.at > hours * HOUR:
            return True
        if following - scan.at > 240 * HOUR:
            return True
    return False


def recount(found: list[Way]) -> dict[str, Any]:
    """What a row must say of these parcels."""
    total: Counter[str] = Counter()
    lags: list[int] = []
    for way in found:
        shipped_at = way.contents[0].shipped_at
        assert shipped_at
        at = {scan.stage: scan.at for scan, _ in way.scans}
        signed_at, picked_up_at = at.get(Stage.DELIVERED), at.get(Stage.PICKED_UP)
        total["shipped"] += 1
        total["delivered"] += signed_at is not None
        total["pickups_due"] += picked_up_at is not None or NOW - shipped_at > DAY
        total["pickups_in_24h"] += picked_up_at is not None and picked_up_at - shipped_at <= DAY
        for content in way.contents:
            assert content.paid_at
            if signed_at:
                hours = (signed_at - content.paid_at) / HOUR
                total["arrivals"] += 1
                total["arrivals_in_52h"] += hours <= 52
                total["arrivals_in_59h"] += hours <= 59
                total["arrival_minutes"] += int(hours * 60)
            total["arrivals_due"] += bool(signed_at or (NOW - content.paid_at > 59 * HOUR and not way.wanted))
        total["stalled"] += stalled(way)
        for step in ("wanted", "accepted", "succeeded", "received"):
            total[step] += getattr(way, step)
        if way.scans:
            scan, heard = way.scans[-1]
            lags.append(int((heard - scan.at).total_seconds()))
    lags.sort()
    spread = (len(lags), lags[ceil(len(lags) / 2) - 1], lags[ceil(len(lags) * 9 / 10) - 1]) if lags else None
    return {**{name: total[name] for name in total if total[name]}, "lag": spread}


def as_counted(row: Any) -> dict[str, Any]:
    """A row in the form of `recount`."""
    names = [name for name in type(row).model_fields if isinstance(getattr(row, name), int) and name != "days"]
    found = {name: getattr(row, name) for name in names if getattr(row, name)}
    steps = {step: getattr(row.interceptions, step) for step in ("wanted", "accepted", "succeeded", "received")}
    lag = (row.lag.samples, row.lag.median_s, row.lag.p90_s) if row.lag else None
    return {**found, **{step: count for step, count in steps.items() if count}, "lag": lag}


@pytest.mark.parametrize("seed", range(3))
def test_every_row_is_what_the_events_add_up_to(seed: int) -> None:
    events = month(seed, parcels=150)
    huhang = Huhang()
    huhang.live(events)
    assert fold_scores(FakeScores(huhang.table), FakeRoutingReports(huhang.table), huhang.clock).merchants == 1
    scores = huhang.table.scores[MERCHANT]

    expected: dict[tuple[int, str, str], list[Way]] = defaultdict(list)
    for way in ways(events):
        shipped_at = way.contents[0].shipped_at
        assert shipped_at
        for days in (7, 30):
            if NOW - shipped_at < days * DAY:
                region = way.contents[0].region
                for place in {("", ""), (way.carrier, ""), (way.carrier, region)}:
                    expected[days, *place].append(way)
    assert {(row.days, row.carrier, row.region) for row in scores.rows} == set(expected)
    for row in scores.rows:
        found = expected[row.days, row.carrier, row.region]
        assert as_counted(row) == recount(found), (row.days, row.carrier, row.region)
    whole = scores.row(30)
    assert whole
    assert {"delivered", "stalled", "arrivals_in_52h", "wanted", "received"} <= set(as_counted(whole)), "not by chance"
    assert {Anomaly.STALLED, Anomaly.NOT_MOVING, Anomaly.NOT_PICKED_UP} <= set(whole.broken)


# ---- the workflow ------------------------------------------------------------------------------------------------


def test_every_merchant_has_a_card_of_its_own() -> None:
    store = store_with(troubled(1), troubled(2), (troubled(1)[0]._replace(merchant="other"), troubled(1)[1]))
    assert fold_scores(FakeScores(store.table), FakeRoutingReports(store.table), FakeClock(NOW)).merchants == 2
    assert {name: card.merchant for name, card in store.table.scores.items()} == {MERCHANT: MERCHANT, "other": "other"}


def test_a_scan_that_fails_leaves_the_cards_of_the_last_hour() -> None:
    class Failing(FakeScores):
        def cases(self) -> Iterator[Any]:
            yield from super().cases()
            raise TooMuch("table")

    store = store_with(troubled(1))
    fold_scores(FakeScores(store.table), FakeRoutingReports(store.table), FakeClock(NOW - HOUR))
    with pytest.raises(TooMuch):
        fold_scores(Failing(store.table), FakeRoutingReports(store.table), FakeClock(NOW))
    assert store.table.scores[MERCHANT].as_of == NOW - HOUR


def test_paces_reach_the_policy_by_which_cases_decide() -> None:
    huhang = Huhang()
    huhang.live(month(1, parcels=120))
    fold_scores(FakeScores(huhang.table), FakeRoutingReports(huhang.table), huhang.clock)
    in_force = huhang.store.load(MERCHANT, []).policy
    assert in_force
    assert set(in_force.paces) == {"zto", "sf", "yto"}
    assert all(0 < pace.lag_s <= 40 * 60 for pace in in_force.paces.values())


def test_conversations_are_folded_in_the_same_scan_and_by_merchant() -> None:
    store = store_with(troubled(1))
    for merchant, name in ((MERCHANT, "S1"), (MERCHANT, "S2"), ("other", "S1")):
        case = SessionCase(channel="web", session_id=name, opened_at=NOW, held_since=NOW, last_line_at=NOW)
        save(store, session_key(merchant, "web", name), case)
    reports = FakeRoutingReports(store.table)
    assert fold_scores(FakeScores(store.table), reports, FakeClock(NOW + HOUR)).merchants == 2
    found = {merchant: reports.report(merchant) for merchant in (MERCHANT, "other", "nobody")}
    assert {name: report.spans[0].sessions for name, report in found.items() if report} == {MERCHANT: 2, "other": 1}
    assert list(store.table.scores) == [MERCHANT]
