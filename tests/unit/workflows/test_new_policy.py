"""A seller changes a limit: within a minute every open case waits by the new one, whatever it waited for before."""

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.events import DeadlineReached, OrderReported, ParcelScanned, ParcelShipped
from shared.domain.lanes import Lane
from shared.domain.messages import AnyEvent, parse_message
from shared.domain.order import OrderStatus
from shared.domain.parcel import Content, Scan, Stage
from shared.domain.tickets import Anomaly
from shared.domain.watching import Limit, Span
from shared.ports import StoredCase
from shared.workflows.handle_event import Fate, handle_event
from shared.workflows.spread_policies import spread_policies
from shared.workflows.watch_deadlines import watch_deadlines
from tests.fakes import FakeCaseStore, FakeClock, FakeDueIndex, FakePolicyChanges, FakePolicyStore, FakeQueue, FakeTable
from tests.unit.board import O_KEY, P_KEY
from tests.unit.rules.build import HOUR, MERCHANT, MINUTE, NOW, ORDER, PAID, WAYBILL, policy


class Shop:
    """One shop over the fakes, with a clock that ticks every minute when it is told to."""

    def __init__(self) -> None:
        self.table = FakeTable()
        self.store, self.index = FakeCaseStore(self.table), FakeDueIndex(self.table)
        self.policies, self.changes = FakePolicyStore(self.table), FakePolicyChanges(self.table)
        self.queue, self.clock = FakeQueue(self.table), FakeClock(NOW)
        self.policies.put_policy(policy(version=1))
        self.ticks: list[Fate] = []

    def take(self, *events: AnyEvent) -> None:
        """Take events now."""
        for event in events:
            handle_event(event, self.store, self.clock)

    def decide(self, **watching: Any) -> None:
        """Put the next version of the policy in force."""
        known = self.policies.policy(MERCHANT)
        assert known
        fields = {"version": known.version + 1, "watching": known.watching.model_copy(update=watching)}
        self.policies.put_policy(known.model_copy(update=fields))

    def tick(self, after: timedelta = timedelta(0)) -> None:
        """What the clock does in a minute, and what comes of it at once."""
        self.clock.advance(after)
        sweep = watch_deadlines(self.index, self.queue, self.clock)
        until = self.clock.now() + MINUTE
        spread_policies(self.changes, self.index, self.queue, self.clock, since=sweep.behind, until=until)
        for lane in Lane:
            for _, body in self.queue.take(lane):
                message = parse_message(body)
                if isinstance(message, DeadlineReached):
                    self.ticks.append(handle_event(message, self.store, self.clock))

    @property
    def parcel(self) -> StoredCase:
        """The parcel as stored."""
        return self.table.cases[P_KEY]

    def anomalies(self, key: Any = P_KEY) -> list[Anomaly]:
        """What is wrong with a case."""
        case = self.table.cases[key].case
        return [ticket.anomaly for ticket in case.tickets]  # type: ignore[union-attr]

    @property
    def is_safe(self) -> bool:
        """Whether the parcel has a pointer ahead that is not later than its deadline."""
        due, now = self.parcel.due, self.clock.now()
        pointers = [at for shard in self.table.pointers for at, key in shard if key == str(P_KEY)]
        return due is None or any(now < at <= max(due, now + MINUTE) for at in pointers)


def limit(hours: int, lead_hours: int = 1, rule: str = "own", span: Span = Span.STAGNATION, **fields: Any) -> Limit:
    """A limit of the seller's own."""
    times = {"breach": timedelta(hours=hours), "lead": timedelta(hours=lead_hours)}
    return Limit.model_validate({"rule": rule, "span": span, **times, **fields})


@pytest.fixture
def shop() -> Shop:
    """A parcel on the road since an hour."""
    shop = Shop()
    about = {"merchant": MERCHANT, "carrier": "zto", "waybill": WAYBILL}
    content = Content(
        platform="sim",
        order_id=ORDER,
        line_ids=("L1",),
        paid_fen=PAID,
        paid_at=NOW - 8 * HOUR,
        shipped_at=NOW - 4 * HOUR,
    )
    shop.take(ParcelShipped(**about, content=content))
    for stage, hours in ((Stage.PICKED_UP, 2), (Stage.IN_TRANSIT, 1)):
        shop.take(ParcelScanned(**about, scan=Scan(stage=stage, at=NOW - hours * HOUR, code=stage.value)))
    shop.tick()
    return shop


def test_an_earlier_limit_brings_an_earlier_deadline_with_a_pointer(shop: Shop) -> None:
    before = shop.parcel.due
    shop.decide(limits=(limit(10),))
    shop.tick(MINUTE)
    assert before is not None
    assert shop.parcel.due is not None
    assert shop.parcel.due < before
    assert shop.is_safe
    shop.tick(9 * HOUR)
    assert Anomaly.STALLED in shop.anomalies()


def test_a_limit_that_has_passed_already_opens_the_ticket_at_once(shop: Shop) -> None:
    shop.clock.advance(5 * HOUR)
    shop.decide(limits=(limit(4),))
    shop.tick(MINUTE)
    assert shop.anomalies() == [Anomaly.STALLED]
    assert list(shop.table.open_cases) == [P_KEY]
    assert shop.is_safe


def test_a_later_limit_is_stored_and_the_case_not_woken_at_the_old_one(shop: Shop) -> None:
    shop.decide(limits=(limit(10),), heartbeat=timedelta(hours=200))
    shop.tick(MINUTE)
    early = shop.parcel.due
    shop.decide(limits=(limit(30),), heartbeat=timedelta(hours=200))
    shop.tick(MINUTE)
    assert early is not None
    assert shop.parcel.due is not None
    assert shop.parcel.due > early
    assert shop.is_safe
    shop.tick(MINUTE)
    shop.ticks.clear()
    shop.tick(10 * HOUR)
    assert (shop.ticks, shop.anomalies()) == ([], [])
    assert shop.is_safe


def test_a_limit_that_is_switched_off_ends_its_tickets(shop: Shop) -> None:
    shop.decide(limits=(limit(4),))
    shop.tick(5 * HOUR)
    assert shop.anomalies() == [Anomaly.STALLED]
    shop.decide(limits=(limit(4, watch=False),))
    shop.tick(MINUTE)
    assert shop.anomalies() == []
    assert shop.table.open_cases == {}


def test_limits_of_one_courier_or_region_reach_its_parcels_only(shop: Shop) -> None:
    shop.clock.advance(5 * HOUR)
    shop.decide(limits=(limit(4, rule="sf_only", carriers=("sf",)), limit(4, rule="tibet", regions=("西藏",))))
    shop.tick(MINUTE)
    assert shop.anomalies() == []
    shop.decide(limits=(limit(4, rule="zto_only", carriers=("zto",)),))
    shop.tick(MINUTE)
    assert shop.anomalies() == [Anomaly.STALLED]


def test_orders_that_wait_for_shipping_hear_of_it_too(shop: Shop) -> None:
    about = {"merchant": MERCHANT, "platform": "sim", "order_id": ORDER}
    shop.take(OrderReported(**about, at=NOW, status=OrderStatus.PAID, paid_fen=PAID, paid_at=NOW - 8 * HOUR))
    assert shop.anomalies(O_KEY) == []
    shop.decide(limits=(limit(6, rule="fast", span=Span.PAY_TO_SHIP),))
    shop.tick(MINUTE)
    assert shop.anomalies(O_KEY) == [Anomaly.NOT_SHIPPED]


def test_what_the_new_policy_does_not_change_is_not_written(shop: Shop) -> None:
    version = shop.parcel.version
    known = shop.policies.policy(MERCHANT)
    assert known
    shop.policies.put_policy(known.model_copy(update={"version": 2, "budget_count_max": 1}))
    shop.tick(MINUTE)
    shop.tick(MINUTE)
    assert shop.parcel.version == version
    assert set(shop.ticks) == {Fate.REPEATED}


def test_every_version_is_kept_for_whoever_asks_later(shop: Shop) -> None:
    shop.decide(limits=(limit(10),))
    shop.decide(limits=())
    versions = shop.policies.history(MERCHANT)
    assert [one.version for one in versions] == [1, 2, 3]
    assert [len(one.watching.limits) for one in versions] == [0, 1, 0]
