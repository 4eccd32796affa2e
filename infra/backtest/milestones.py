"""An order's milestones become a story. What contradicts itself is counted, and told so that it raises no alarm."""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from infra.backtest.dirt import Dirt
from infra.backtest.stories import Step, Story
from shared.domain.events import OrderReported, ParcelScanned
from shared.domain.order import OrderStatus, Shipment
from shared.domain.parcel import Scan, Stage

ID = re.compile(r"[A-Za-z0-9_.:\-]{1,64}")
_OTHER_PARCEL = timedelta(days=29)  # between a scan and the shipping after it: a number that was used again
_ANSWER = "backtest:answer"  # what answers a question says nothing about when a parcel was shipped


@dataclass(frozen=True, slots=True)
class Milestones:
    """One order as a row tells it. Times are UTC; None is unknown.

    Where no column is about shipping, being handed to the carrier is what shipping is judged by.
    """

    order_id: str
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    picked_up_at: datetime | None = None
    moved_at: datetime | None = None
    out_for_delivery_at: datetime | None = None
    delivered_at: datetime | None = None
    ship_by: datetime | None = None
    paid_fen: int | None = None
    region: str = ""
    platform: str = "shop"
    carrier: str = "carrier"
    is_delivered: bool = False
    is_cancelled: bool = False
    weight: float = 1.0
    is_pickup_known: bool = True
    is_movement_known: bool = True

    @property
    def after_pickup(self) -> bool:
        """Whether it is known to have moved after its pickup."""
        return bool(self.moved_at or self.out_for_delivery_at or self.delivered_at)

    @property
    def scans(self) -> list[tuple[Stage, datetime]]:
        """What a courier would have told, in the order of the way."""
        told = (
            (Stage.PICKED_UP if self.is_movement_known else Stage.IN_TRANSIT, self.picked_up_at),
            (Stage.IN_TRANSIT, self.moved_at),
            (Stage.OUT_FOR_DELIVERY, self.out_for_delivery_at),
            (Stage.DELIVERED, self.delivered_at),
        )
        return [(stage, at) for stage, at in told if at]


class Cleaner:
    """Turns rows into stories and counts what is wrong with them. `mapped` are the fields that have a column."""

    def __init__(self, merchant: str, dirt: Dirt, mapped: Collection[str]) -> None:
        self._merchant = merchant
        self._dirt = dirt
        self._mapped = mapped

    def story(self, row: Milestones, where: str) -> Story | None:
        """Give the row's story; None where there is nothing to tell. `where` is for the count of dirt."""
        if row.paid_at is None and row.shipped_at is None and not row.scans:
            self._dirt.add("no_milestones", where)
            return None
        if not ID.fullmatch(row.carrier):
            self._dirt.add("carrier_unusable", where)
            row = replace(row, carrier="carrier")
        for kind in _problems(row, self._mapped):
            self._dirt.add(kind, where)
        # stable: what has the same time stays in the order of the way
        steps = sorted(_steps(_mended(row, self._mapped), self._merchant), key=lambda step: step.at)
        if not steps:
            return None
        ended_unknown = (row.is_delivered or row.is_cancelled) and row.delivered_at is None
        return Story(
            name=row.order_id,
            steps=tuple(steps),
            weight=row.weight,
            known_until=steps[-1].at if ended_unknown else None,
        )


def _problems(row: Milestones, mapped: Collection[str]) -> Iterator[str]:
    paid, handed, delivered = row.paid_at, row.shipped_at, row.delivered_at
    if paid is None and "paid_at" in mapped:
        yield "no_payment_time"
    if paid and handed and handed < paid:
        yield "handed_before_paid"
    if row.shipped_at and row.picked_up_at and row.picked_up_at < row.shipped_at:
        yield "pickup_before_shipping"
    if delivered and any(at and delivered < at for at in (row.shipped_at, row.picked_up_at)):
        yield "delivered_before_handed"
    if delivered and paid and delivered < paid:
        yield "delivered_before_paid"
    if handed is None and row.scans:
        yield "handover_missing"
    elif row.after_pickup and (_is_missing(row, "picked_up_at", mapped) or _is_missing(row, "moved_at", mapped)):
        yield "milestone_missing"
    if _is_movement_absurd(row) or _is_tour_absurd(row):
        yield "out_of_order"
    if row.is_delivered and delivered is None:
        yield "delivered_without_time"
    if row.is_cancelled:
        yield "cancelled_but_delivered" if delivered else "cancelled_without_time"
    if _is_deadline_absurd(row):
        yield "deadline_before_payment"


def _is_deadline_absurd(row: Milestones) -> bool:
    return bool(row.ship_by and row.paid_at and row.ship_by <= row.paid_at)


def _is_movement_absurd(row: Milestones) -> bool:
    begin, at, end = row.picked_up_at, row.moved_at, row.delivered_at
    return bool(at and ((begin and at < begin) or (end and end < at)))


def _is_tour_absurd(row: Milestones) -> bool:
    at = row.out_for_delivery_at
    return bool(at and any(before and at < before for before in (row.picked_up_at, row.moved_at)))


def _is_missing(row: Milestones, name: str, mapped: Collection[str]) -> bool:
    return name in mapped and getattr(row, name) is None


def _mended(row: Milestones, mapped: Collection[str]) -> Milestones:
    """Forget what cannot be, and say of what the row tells too little to judge it."""
    delivered, picked_up = row.delivered_at, row.picked_up_at
    if _is_tour_absurd(row):
        row = replace(row, out_for_delivery_at=None)
    if _is_movement_absurd(row):
        row = replace(row, moved_at=None)
    if delivered and row.shipped_at and delivered < row.shipped_at:
        row = replace(row, shipped_at=None, picked_up_at=None)
    if delivered and picked_up and delivered < picked_up:
        row = replace(row, picked_up_at=None)
    if row.picked_up_at and row.shipped_at and row.shipped_at - row.picked_up_at > _OTHER_PARCEL:
        row = replace(row, picked_up_at=row.shipped_at)
    return replace(
        row,
        is_pickup_known=row.picked_up_at is not None or not row.after_pickup,
        is_movement_known=not row.after_pickup or not _is_missing(row, "moved_at", mapped),
    )


def _steps(row: Milestones, merchant: str) -> Iterator[Step]:
    number = row.order_id if ID.fullmatch(row.order_id) else hashlib.blake2b(row.order_id.encode()).hexdigest()[:32]
    about = {"merchant": merchant, "platform": row.platform, "order_id": number}
    payment = {"paid_at": row.paid_at, "paid_fen": row.paid_fen, "region": row.region}
    handed, told_at = row.shipped_at, row.shipped_at or row.paid_at
    if row.scans and handed is None:
        told_at = row.paid_at or row.scans[0][1]
    elif row.paid_at and not _is_deadline_absurd(row):
        paid = OrderReported(**about, **payment, at=row.paid_at, status=OrderStatus.PAID, ship_by=row.ship_by)
        yield Step(row.paid_at, paid)
    if told_at and (handed or row.scans):
        is_known = handed is not None and row.is_pickup_known
        parcel = Shipment(carrier=row.carrier, waybill=number, shipped_at=handed if is_known else None)
        known = payment if row.paid_at and row.paid_at <= told_at else {**payment, "paid_at": None}
        asked_by = "" if is_known else _ANSWER
        shipped = OrderReported(
            **about, **known, at=told_at, status=OrderStatus.SHIPPED, shipments=(parcel,), asked_by=asked_by
        )
        yield Step(told_at, shipped)
    for stage, at in row.scans:
        scan = Scan(stage=stage, at=at, code=stage)
        yield Step(at, ParcelScanned(merchant=merchant, carrier=row.carrier, waybill=number, scan=scan))
