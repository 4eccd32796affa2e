"""Small histories: rows of CSV, and what the product itself would have recorded."""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from infra.backtest.csv_history import CsvHistory
from infra.backtest.csv_rows import CsvOptions
from infra.backtest.figures import Figures, figures_of
from infra.backtest.image_history import ImageHistory
from infra.backtest.progress import Progress
from infra.backtest.run import Question, Result, run_backtest
from shared.domain.events import (
    CommandFailed,
    CourierAnswered,
    DeadlineReached,
    InterceptionAccepted,
    InterceptionReleased,
    InterceptionWanted,
    NoticeRaised,
    OrderRefunded,
    OrderReported,
    ParcelScanned,
    ParcelShipped,
    TicketTaken,
    TrackingEnded,
    TrackingSubscribed,
)
from shared.domain.hours import BusinessHours
from shared.domain.keys import CaseKey
from shared.domain.messages import AnyEvent, parse_message
from shared.domain.order import OrderStatus, RefundShare, Shipment
from shared.domain.parcel import Content, Scan, Stage, Wish
from shared.domain.policy import Policy
from shared.domain.tickets import Anomaly
from shared.domain.watching import Watching
from shared.workflows.archive_history import archive_history
from shared.workflows.handle_event import handle_event
from tests.fakes import FakeArchive, FakeCaseStore, FakeClock, FakeTable

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
QUIET = Progress(None)
HEADER = ("order_id", "paid_at", "picked_up_at", "delivered_at")


def limit(rule: str, span: str, hours: float, lead: float = 1, **more: Any) -> dict[str, Any]:
    """A rule, in hours."""
    breach, before = (timedelta(hours=one) for one in (hours, lead))
    return {"rule": rule, "span": span, "breach": breach, "lead": before, **more}


OFF = [
    limit("ship_48h", "pay_to_ship", 48, watch=False),
    limit("arrival_52h", "pay_to_sign", 52, watch=False),
    limit("arrival_59h", "pay_to_sign", 59, watch=False),
]


def policy(*limits: dict[str, Any], **watching: Any) -> Policy:
    """A policy with these rules on the milestones, and none of the pack's."""
    watched = Watching.model_validate({"limits": [*OFF, *limits], **watching})
    return Policy(merchant="shop", version=1, watching=watched)


SHIP_24H = limit("ship_24h", "pay_to_ship", 24, 6)
CLOSED_AT_WEEKENDS = BusinessHours.model_validate(
    {"zone": "UTC", "week": {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}
)


def at(hours: float | None) -> str:
    """A cell: hours after Monday morning, or empty."""
    return "" if hours is None else (MONDAY + hours * HOUR).isoformat()


def write_csv(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    """Write a file; numbers among the milestones are hours after Monday morning."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([at(cell) if isinstance(cell, int | float) or cell is None else cell for cell in row])
    path.write_text(text.getvalue())
    return path


def csv_history(path: Path, **options: Any) -> CsvHistory:
    """The history of one file."""
    return CsvHistory([path], CsvOptions(merchant="shop", **options), QUIET)


def run_csv(path: Path, tried: Policy, other: Policy | None = None, **options: Any) -> Result:
    """A backtest of one file, without an earlier end."""
    return run_backtest(csv_history(path, **options), Question(tried, other, sample_max=3))


def rules_of(result: Result) -> Figures:
    """The figures of the rules."""
    rules: Figures = figures_of(result, predict=False)["rules"]
    return rules


# ---- what the product records ------------------------------------------------------------------------------------


class Recorder:
    """The product itself on a virtual clock, and the archive that its stream would have filled."""

    def __init__(self, in_force: Policy) -> None:
        self.table = FakeTable()
        self.table.policies[in_force.merchant] = in_force
        self.store = FakeCaseStore(self.table)
        self.clock = FakeClock(MONDAY)
        self.archive = FakeArchive()
        self.changes = 0
        self.said: Counter[str] = Counter()  # commands by type, notices by rule

    def take(self, event: AnyEvent, now: datetime) -> None:
        """Let time pass, take an event and everything that orders and parcels tell each other."""
        self.pass_time(now)
        self._take(event)

    def pass_time(self, until: datetime) -> None:
        """Let deadlines be reached."""
        while True:
            waiting = [(one.due, key) for key, one in self.table.cases.items() if one.due]
            due, key = min(waiting, default=(until, None))
            if key is None or due >= until:
                break
            self.clock.instant = max(due, self.clock.instant)
            before = self.table.cases[key]
            self._take(DeadlineReached(merchant=key.merchant, about=str(key)))
            if self.table.cases[key] == before:
                raise AssertionError(f"{key} does not come to rest at {due}")
        self.clock.instant = until

    def save(self, folder: Path) -> Path:
        """Write the archive's objects to files."""
        for name, data in self.archive.objects.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def _take(self, event: AnyEvent) -> None:
        before = self.table.cases.get(event.case)
        handle_event(event, self.store, self.clock)
        after = self.table.cases.get(event.case)
        if after is not None and after is not before:
            self._archive(event.case)
        for record in self.table.take_stream():
            for letter in json.loads(record.outbox or "[]"):
                message = parse_message(letter["body"])
                self.said[message.why.rule if isinstance(message, NoticeRaised) else message.type] += 1
                if isinstance(message, ParcelShipped):
                    self._take(message)

    def _archive(self, key: CaseKey) -> None:
        stored = self.table.cases[key]
        self.changes += 1
        body = stored.case.model_dump_json(exclude_defaults=True) if stored.case else ""
        change = {
            "ApproximateCreationDateTime": self.clock.instant.timestamp(),
            "SequenceNumber": str(self.changes),
            "NewImage": {"pk": {"S": str(key)}, "v": {"N": str(stored.version)}, "body": {"S": body}},
        }
        archive_history([{"dynamodb": change}], self.archive)


def image_history(folder: Path, merchant: str = "shop") -> ImageHistory:
    """The history of a folder."""
    return ImageHistory([folder], merchant, "UTC", QUIET)


def paid(order_id: str, when: datetime, fen: int = 10_000) -> OrderReported:
    """An order is paid."""
    return OrderReported(
        merchant="shop", platform="sim", order_id=order_id, at=when, status=OrderStatus.PAID, paid_fen=fen, paid_at=when
    )


def shipped(order_id: str, when: datetime) -> OrderReported:
    """An order is shipped in one parcel."""
    parcel = Shipment(carrier="zto", waybill=f"W{order_id}", shipped_at=when)
    return OrderReported(
        merchant="shop", platform="sim", order_id=order_id, at=when, status=OrderStatus.SHIPPED, shipments=(parcel,)
    )


def scanned(order_id: str, when: datetime, stage: Stage) -> ParcelScanned:
    """A parcel is scanned."""
    scan = Scan(stage=stage, at=when, code=stage)
    return ParcelScanned(merchant="shop", carrier="zto", waybill=f"W{order_id}", scan=scan)


Life = Callable[[str, random.Random], list[tuple[datetime, AnyEvent]]]
ROAD = (Stage.PICKED_UP, Stage.IN_TRANSIT, Stage.ARRIVED_AT_HUB, Stage.OUT_FOR_DELIVERY, Stage.DELIVERED)


def some_life(order_id: str, drawn: random.Random) -> list[tuple[datetime, AnyEvent]]:
    """An order's way with everything late now and then; the courier's news come late too."""
    when = MONDAY + drawn.uniform(0, 200) * HOUR
    events: list[tuple[datetime, AnyEvent]] = [(when, paid(order_id, when, drawn.randrange(1_000, 50_000)))]
    if drawn.random() < 0.05:
        return events
    when += drawn.expovariate(1 / 24) * HOUR
    events.append((when, shipped(order_id, when)))
    for stage in ROAD[: drawn.choice((2, 4, 5, 5, 5, 5))]:
        when += drawn.expovariate(1 / 20) * HOUR
        events.append((when + drawn.choice((0, 0, 0.2, 5)) * HOUR, scanned(order_id, when, stage)))
    return events


def a_rough_life(order_id: str, drawn: random.Random) -> list[tuple[datetime, AnyEvent]]:
    """The same with everything in between: sources that end, people who answer, refunds that stop parcels."""
    events = some_life(order_id, drawn)
    parcel = {"merchant": "shop", "carrier": "zto", "waybill": f"W{order_id}"}
    key = f"shop|parcel|zto:W{order_id}"
    content = Content(platform="sim", order_id=order_id, line_ids=("L1",))
    wish = Wish(refund=f"sim:R{order_id}", platform="sim", order_id=order_id, line_ids=("L1",), amount_fen=100)
    begin, end = events[0][0], events[-1][0]
    others: list[AnyEvent] = [
        TrackingEnded(**parcel, source="zto", reason="abort", gave_up=drawn.random() < 0.5),
        CommandFailed(merchant="shop", reply_to=key, answers=f"{key}#watch-1", command="subscribe_tracking", code="no"),
        TrackingSubscribed(**parcel, answers=f"{key}#watch-2"),
        TicketTaken(merchant="shop", about=key, anomaly=Anomaly.NOT_PICKED_UP, by="li", closed=drawn.random() < 0.5),
        TicketTaken(merchant="shop", about=key, anomaly=Anomaly.STALLED, by="li", text="asked"),
        CourierAnswered(**parcel, source="zto", text="on its way", at=begin + 30 * HOUR),
        InterceptionWanted(**parcel, content=content, wish=wish),
        InterceptionAccepted(**parcel, answers=f"{key}#1"),
        InterceptionReleased(**parcel, refund=wish.refund),
        OrderRefunded(
            merchant="shop",
            platform="sim",
            order_id=order_id,
            share=RefundShare(refund=wish.refund, amount_fen=10**6, step=1),
        ),
    ]
    for other in drawn.sample(others, drawn.randrange(4)):
        events.append((begin + drawn.random() * (end - begin + 50 * HOUR), other))
    again = [(when + drawn.random() * 30 * HOUR, event) for when, event in events if drawn.random() < 0.1]
    return events + again


def record_some(count: int, in_force: Policy, seed: int, life: Life = some_life) -> Recorder:
    """What the product records of many orders."""
    drawn = random.Random(seed)
    recorder = Recorder(in_force)
    events = [event for number in range(count) for event in life(f"O{number}", drawn)]
    for when, event in sorted(events, key=lambda one: (one[0], str(one[1].case))):
        recorder.take(event, when)
    recorder.pass_time(recorder.clock.instant + 3 * DAY)
    return recorder
