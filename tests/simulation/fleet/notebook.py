"""A store that writes down what a fleet's cases do: when they should have been looked at, who was warned, what it cost.

When something should be told is computed here a second time, from the parcel's own facts and the figures of the rule
pack, so that a deadline which the rules forget is noticed too.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.adapters.dynamo_cases import begin_to_need_people, cease_to_need_people, write_case
from shared.adapters.outbox import write_outbox
from shared.adapters.table_layout import pointer_needed, whole_ms
from shared.domain.decision import AnyCase
from shared.domain.keys import CaseKey
from shared.domain.order import OrderCase, OrderStatus
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.tickets import Anomaly, Ticket
from shared.ports import DuePointer, StoredCase
from shared.rules.ticketing import BROKEN, SETTLES_IN, WARNED, review_at
from tests.fakes import FakeCaseStore, FakeDueIndex
from tests.fakes.table import FakeTable
from tests.simulation.witness import tickets_of
from tests.sizes import WRITE_UNIT, item_size, units

Tickets = tuple[Ticket, ...]
TOLERANCE = timedelta(seconds=120)


@dataclass
class Alarm:
    """One ticket instance of a case: when people were warned, when its limit was to break, and whether it did."""

    key: CaseKey
    anomaly: Anomaly
    warned_at: datetime
    breach_at: datetime
    broken_at: datetime | None = None

    @property
    def left(self) -> timedelta:
        """How much time the warning left."""
        return self.breach_at - self.warned_at


class Due(NamedTuple):
    """What has to be told at a moment if nothing happens; `by` is later where the news came after that moment."""

    anomaly: Anomaly
    at: datetime
    by: datetime


class CountingIndex(FakeDueIndex):
    """Counts the pointers that the sweep puts."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.armed = Counter[CaseKey]()

    def arm(self, pointers: Sequence[DuePointer]) -> None:
        """Put pointers."""
        self.armed.update(pointer.key for pointer in self._lately.new(pointers))
        super().arm(pointers)


@dataclass
class Weight:
    """What one parcel's items cost to write."""

    case_units: int = 0
    register_units: int = 0
    size: int = 0
    at_rest: int = 0  # bytes of the case without an outbox, at its largest while nothing was the matter
    with_ticket: int = 0  # the same while something was


class Notebook(FakeCaseStore):
    """Behaves as the store does, and remembers."""

    def __init__(self, table: FakeTable) -> None:
        super().__init__(table)
        self.pointers = Counter[CaseKey]()
        self.saved_at: dict[CaseKey, datetime] = {}
        self.outboxes: list[tuple[CaseKey, Any]] = []
        self.expected: dict[CaseKey, Due] = {}
        self.delays: list[timedelta] = []  # from the moment that something should be told until it was
        self.missed: list[tuple[CaseKey, Due]] = []
        self.rises: list[timedelta] = []  # from the moment that a ticket should rise until it did
        self.alarms: list[Alarm] = []
        self._open: dict[tuple[CaseKey, Anomaly], Alarm] = {}
        self.weights: dict[CaseKey, Weight] = defaultdict(Weight)
        self.sampled: set[CaseKey] = set()

    def save(self, before: StoredCase, case: AnyCase, **more: Any) -> None:
        """Save, and write down."""
        super().save(before, case, **more)
        key, now, due, outbox = before.key, more["now"], more["due"], more["outbox"]
        if pointer_needed(None if due is None else whole_ms(due), before, now):
            self.pointers[key] += 1
        seen_at, self.saved_at[key] = self.saved_at.get(key, now), now
        if outbox:
            self.outboxes.append((key, outbox))
        if isinstance(case, ParcelCase | OrderCase):
            self._compare(key, case, now)
            self._follow_rises(key, tickets_of(before.case), case.tickets, seen_at, now)
            self._follow_alarms(key, tickets_of(before.case), case.tickets, now)
        if key in self.sampled:
            self._weigh(key, before, case, outbox, now)

    def _compare(self, key: CaseKey, case: ParcelCase | OrderCase, now: datetime) -> None:
        """Hold what was told against what should have been."""
        told = {ticket.anomaly for ticket in case.tickets if ticket.told >= WARNED}
        old, new = self.expected.pop(key, None), expected(case)
        if old and old.anomaly in told:
            self.delays.append(now - old.by)
        elif old and old[:2] == (new[:2] if new else None):
            new = old
        elif old and old.by + TOLERANCE < now:
            self.missed.append((key, old))
        if new and new.anomaly not in told:
            self.expected[key] = new if new is old or new.at >= now else new._replace(by=now + SETTLES_IN)

    def _follow_rises(self, key: CaseKey, known: Tickets, tickets: Tickets, seen_at: datetime, now: datetime) -> None:
        """Breaches and escalations, by what the ticket itself promised when it was last seen."""
        watching = self.table.policies[key.merchant].watching
        before = {(ticket.anomaly, ticket.since): review_at(ticket, watching) for ticket in known}
        for ticket in tickets:
            due = before.get((ticket.anomaly, ticket.since))
            if due and due <= now and due != review_at(ticket, watching):
                self.rises.append(now - max(due, seen_at))

    def _follow_alarms(self, key: CaseKey, known: Tickets, tickets: Tickets, now: datetime) -> None:
        mine = {ticket.anomaly: ticket for ticket in tickets}
        for ticket in known:
            since = mine[ticket.anomaly].since if ticket.anomaly in mine else None
            if since != ticket.since:
                self._open.pop((key, ticket.anomaly), None)
        for ticket in tickets:
            if ticket.opened_at >= ticket.breach_at or not ticket.told:
                continue
            alarm = self._open.get((key, ticket.anomaly))
            if alarm is None:
                alarm = self._open[key, ticket.anomaly] = Alarm(key, ticket.anomaly, now, ticket.breach_at)
                self.alarms.append(alarm)
            alarm.breach_at = ticket.breach_at
            if ticket.told >= BROKEN and alarm.broken_at is None:
                alarm.broken_at = now

    def _weigh(self, key: CaseKey, before: StoredCase, case: AnyCase, outbox: Any, now: datetime) -> None:
        weight, stored = self.weights[key], self.table.cases[key]
        item = write_case(stored, write_outbox(stored.key.merchant, outbox), now)
        size = item_size(item)
        weight.case_units += units(max(size, weight.size), WRITE_UNIT)
        weight.size = size
        item.pop("outbox", None)
        if case.needs_people:
            weight.with_ticket = max(weight.with_ticket, item_size(item))
        else:
            weight.at_rest = max(weight.at_rest, item_size(item))
        changes = [(before, case)]
        weight.register_units += len(begin_to_need_people(changes, now)) + len(cease_to_need_people(changes))

    def close(self, now: datetime) -> None:
        """Nothing more will happen: what should have been told by now and was not is missed."""
        self.missed += [(key, due) for key, due in self.expected.items() if due.by + TOLERANCE < now]
        for key, stored in self.table.cases.items():
            watching = self.table.policies[key.merchant].watching
            for ticket in tickets_of(stored.case):
                at = review_at(ticket, watching)
                if at and at + TOLERANCE < now:
                    self.missed.append((key, Due(ticket.anomaly, at, at)))


def expected(case: ParcelCase | OrderCase) -> Due | None:
    """Give when to warn of what does not move on from where it is, by the general rule pack of 2024."""
    if isinstance(case, OrderCase):
        return _due(Anomaly.NOT_SHIPPED, case.paid_at, 36) if case.status is OrderStatus.PAID else None
    scan, heard = case.last_scan, case.heard_at
    if case.is_finished or not case.contents:
        return None
    if scan is None or heard is None or case.stage.leg < Stage.PICKED_UP.leg:
        return _due(Anomaly.NOT_PICKED_UP, case.shipped_at, 18)
    match case.stage:
        case Stage.PICKED_UP:
            return _due(Anomaly.NOT_MOVING, case.picked_up_at, 18)
        case Stage.OUT_FOR_DELIVERY:
            return _due(Anomaly.DELIVERY_SLOW, heard, 18)
        case Stage.HELD_AT_PICKUP_POINT:
            return _due(Anomaly.PICKUP_POINT_OVERDUE, case.held_at or scan.at, 48)
        case Stage.IN_TRANSIT | Stage.ARRIVED_AT_HUB:
            return _due(Anomaly.STALLED, heard, 72 if case.contents[0].region.startswith("新疆") else 36)
    return None


def _due(anomaly: Anomaly, since: datetime | None, hours: int) -> Due | None:
    at = since + timedelta(hours=hours) if since else None
    return Due(anomaly, at, at) if at else None
