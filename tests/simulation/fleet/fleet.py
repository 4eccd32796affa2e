"""A fleet of parcels and orders, its sources, and huhang watching it: events in the order of time, a sweep a minute."""

import heapq
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil
from typing import Any

from shared.domain.commands import QueryTracking, SubscribeTracking, TellBuyer, UrgeCourier
from shared.domain.events import (
    Event,
    NoticeRaised,
    OrderReported,
    ParcelScanned,
    ParcelShipped,
    ParcelTraced,
    TrackingSubscribed,
)
from shared.domain.keys import CaseKey, parcel_key
from shared.domain.lanes import Lane
from shared.domain.messages import AnyEvent, parse_message
from shared.domain.order import OrderStatus
from shared.domain.parcel import Content, ParcelCase, Scan, Stage
from shared.domain.policy import Policy
from shared.domain.watching import Watching
from shared.workflows.handle_event import handle_event
from shared.workflows.watch_deadlines import watch_deadlines
from tests.fakes import FakeClock, FakeQueue, FakeTable
from tests.simulation.fleet.journeys import CARRIERS, FIRST_DAY, Journey, Unshipped
from tests.simulation.fleet.notebook import CountingIndex, Notebook
from tests.simulation.witness import level_of

MERCHANT = "fleet"
DAYS = 14
MINUTE = timedelta(minutes=1)
_BEGINS = FIRST_DAY.astimezone(UTC)
_WEIGHED = 20  # every so manieth parcel is weighed
_ANSWER_TAKES = timedelta(seconds=3)
_HANDLING_TAKES = timedelta(seconds=4)  # from the sweep to the case, by way of the queue
STAFF_CALLS_AFTER = timedelta(hours=1)


class Travel:
    """One parcel on its way: what has happened so far, and what comes next unless somebody helps."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.scans: list[Scan] = []
        self.listening = False
        self.next_at: datetime | None = journey.shipped_at
        self.plan = 0  # numbers the plans for the next scan: an older one is void
        self.helped = False
        self.buyer_told_at: datetime | None = None
        self.look_ahead(journey.shipped_at)

    def look_ahead(self, now: datetime) -> None:
        """Plan the next scan, if there is one."""
        self.plan += 1
        place, trouble = len(self.scans), self.journey.trouble
        if place == len(self.journey.steps):
            self.next_at = None
        elif self.is_stuck:
            after = trouble.after if trouble else None
            self.next_at = now + after if after else None
        else:
            self.next_at = now + self.journey.steps[place].after

    @property
    def is_stuck(self) -> bool:
        """Whether it stands where its trouble is."""
        trouble = self.journey.trouble
        return trouble is not None and trouble.step == len(self.scans)

    def help(self, now: datetime) -> bool:
        """Somebody calls the courier; says whether that brings the next scan forward."""
        trouble = self.journey.trouble
        if not self.is_stuck or self.helped or trouble is None or not trouble.helps:
            return False
        self.helped, at = True, now + trouble.reaction
        if self.next_at is not None and self.next_at <= at:
            return False
        self.next_at = at
        self.plan += 1
        return True


class Fleet:
    """All parcels of one merchant. `acts`: couriers react when they are urged and people when they are told."""

    def __init__(
        self,
        journeys: Sequence[Journey],
        orders: Sequence[Unshipped] = (),
        *,
        acts: bool = False,
        notebook: type[Notebook] = Notebook,
    ) -> None:
        self.acts = acts
        self.clock = FakeClock(journeys[0].paid_at)
        self.table = FakeTable()
        self.store = notebook(self.table)
        self.index = CountingIndex(self.table)
        self.queue = FakeQueue()
        urge_by = dict.fromkeys(CARRIERS, "kuaidi100") if acts else {}
        watching = Watching(urge_by=urge_by, buyer_platforms=("sim",))
        self.table.policies[MERCHANT] = Policy(merchant=MERCHANT, version=1, watching=watching)
        self.travels = {key_of(journey): Travel(journey) for journey in journeys}
        self.store.sampled = {key for number, key in enumerate(self.travels) if number % _WEIGHED == 0}
        self.wakes: list[timedelta] = []  # from a case's deadline until the clock looked at it
        self.events = 0
        self._agenda: list[tuple[datetime, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()
        for shard in range(self.index.shards):
            self.index.advance(shard, _BEGINS)
        for key, travel in self.travels.items():
            self._at(travel.journey.shipped_at, self._ship, key)
            self._at_next(key)
        for order in orders:
            self._at(order.paid_at, self._take, _report(order, order.paid_at, OrderStatus.PAID))
            if order.shipped_at:
                self._at(order.shipped_at, self._take, _report(order, order.shipped_at, OrderStatus.SHIPPED))

    # ---- time ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Let it all happen."""
        end = _BEGINS + timedelta(days=DAYS)
        tick = _BEGINS + timedelta(seconds=37)
        while tick < end:
            while self._agenda and self._agenda[0][0] <= tick:
                at, _, act, arguments = heapq.heappop(self._agenda)
                self.clock.instant = at
                act(*arguments)
            self.clock.instant = tick
            self._sweep(tick)
            tick += MINUTE
        self.store.close(end)

    def _at(self, at: datetime, act: Callable[..., None], *arguments: Any) -> None:
        heapq.heappush(self._agenda, (at, next(self._numbers), act, arguments))

    def _sweep(self, now: datetime) -> None:
        watch_deadlines(self.index, self.queue, self.clock)
        for _, body, at in (*self.queue.take_later(Lane.PARCELS), *self.queue.take_later(Lane.REFUNDS)):
            event = parse_message(body)
            if isinstance(event, Event):
                delay_s = max(0, ceil((at - now).total_seconds()))
                self._at(now + timedelta(seconds=delay_s) + _HANDLING_TAKES, self._wake, event)

    # ---- the parcels ---------------------------------------------------------------------------------------------

    def _at_next(self, key: CaseKey) -> None:
        travel = self.travels[key]
        if travel.next_at is not None:
            self._at(travel.next_at, self._move, key, travel.plan)

    def _ship(self, key: CaseKey) -> None:
        journey = self.travels[key].journey
        content = Content(
            platform="sim",
            order_id=f"O{journey.number}",
            line_ids=("L1",),
            paid_fen=journey.paid_fen,
            paid_at=journey.paid_at,
            shipped_at=journey.shipped_at,
            region=journey.region,
        )
        self._take(ParcelShipped(**_about(journey), content=content))

    def _move(self, key: CaseKey, plan: int) -> None:
        travel, now = self.travels[key], self.clock.now()
        if plan != travel.plan:
            return
        place = len(travel.scans)
        step = travel.journey.steps[place]
        travel.scans.append(Scan(stage=step.stage, at=now, code=step.stage.value))
        if travel.listening:
            self._at(now + step.lag, self._take, ParcelScanned(**_about(travel.journey), scan=travel.scans[-1]))
        if place == travel.journey.dies_after:
            travel.listening = False
        travel.look_ahead(now)
        self._at_next(key)
        if self.acts and travel.is_stuck and step.stage is not Stage.HELD_AT_PICKUP_POINT:
            self._at(now + travel.journey.patience + STAFF_CALLS_AFTER, self._help, key, len(travel.scans))

    def _help(self, key: CaseKey, place: int) -> None:
        travel = self.travels[key]
        if len(travel.scans) == place and travel.help(self.clock.now()):
            self._at_next(key)

    # ---- huhang --------------------------------------------------------------------------------------------------

    def _wake(self, event: AnyEvent) -> None:
        stored = self.table.cases[event.case]
        if stored.due and stored.due <= self.clock.now():
            self.wakes.append(self.clock.now() - max(stored.due, self.store.saved_at[event.case]))
        self._take(event)

    def _take(self, event: AnyEvent) -> None:
        self.events += 1
        handle_event(event, self.store, self.clock)
        outboxes, self.store.outboxes = self.store.outboxes, []
        for key, outbox in outboxes:
            for message in outbox:
                self._hear(key, message)

    def _hear(self, key: CaseKey, message: object) -> None:
        if key not in self.travels:
            return
        travel, now = self.travels[key], self.clock.now()
        match message:
            case SubscribeTracking():
                travel.listening = True
                answer: AnyEvent = TrackingSubscribed(**_about(travel.journey), answers=message.command_id)
                self._at(now + _ANSWER_TAKES, self._take, answer)
            case QueryTracking():
                about = {**_about(travel.journey), "source": message.source, "answers": message.command_id}
                self._at(now + _ANSWER_TAKES, self._take, ParcelTraced(**about, scans=tuple(travel.scans)))
            case UrgeCourier() if self.acts:
                self._help(key, len(travel.scans))
            case NoticeRaised() if self.acts and (found := level_of(message)) and found[1] > 0:
                self._at(now + STAFF_CALLS_AFTER, self._help, key, len(travel.scans))
            case TellBuyer():
                travel.buyer_told_at = travel.buyer_told_at or now

    @property
    def unhandled(self) -> list[CaseKey]:
        """Deadlines that passed, and nobody looked."""
        late = self.clock.now() - 2 * MINUTE
        return [key for key, stored in self.table.cases.items() if stored.due and stored.due < late]

    def parcel(self, key: CaseKey) -> ParcelCase:
        """Give a parcel as stored."""
        case = self.table.cases[key].case
        if not isinstance(case, ParcelCase):
            raise TypeError(f"{key} is no parcel")
        return case


def key_of(journey: Journey) -> CaseKey:
    """Name a journey's parcel."""
    return parcel_key(MERCHANT, journey.carrier, journey.waybill)


def _report(order: Unshipped, at: datetime, status: OrderStatus) -> OrderReported:
    return OrderReported(
        merchant=MERCHANT,
        platform="sim",
        order_id=f"U{order.number}",
        at=at,
        status=status,
        paid_at=order.paid_at,
        paid_fen=order.paid_fen,
    )


def _about(journey: Journey) -> dict[str, Any]:
    return {"merchant": MERCHANT, "carrier": journey.carrier, "waybill": journey.waybill}
