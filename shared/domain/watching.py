"""How closely orders and parcels are watched: limits, their scope, who hears of it and when. Part of the policy."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from shared.domain.hours import BusinessHours
from shared.domain.record import Fen, Id, Instant, Record
from shared.domain.roles import Role
from shared.domain.tickets import Anomaly, BuyerMoment

Seconds = Annotated[int, Field(ge=0)]
Positive = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=60))]


class Span(StrEnum):
    """A stretch of the way on which a clock runs, from one milestone to the next."""

    PAY_TO_SHIP = "pay_to_ship"
    SHIP_TO_PICKUP = "ship_to_pickup"
    PICKUP_TO_MOVEMENT = "pickup_to_movement"
    STAGNATION = "stagnation"  # since the last scan on the road
    OUT_FOR_DELIVERY = "out_for_delivery"
    PICKUP_POINT = "pickup_point"
    PAY_TO_SIGN = "pay_to_sign"
    SILENCE = "silence"  # as stagnation, but so long that the parcel is probably lost
    RETURN_PICKUP = "return_pickup"
    RETURN_STAGNATION = "return_stagnation"
    RETURN_RECEIPT = "return_receipt"  # signed for by the sender, until the warehouse has counted it

    @property
    def anomaly(self) -> Anomaly:
        """What is wrong when it takes too long."""
        return _ANOMALIES[self]


_ANOMALIES = {
    Span.PAY_TO_SHIP: Anomaly.NOT_SHIPPED,
    Span.SHIP_TO_PICKUP: Anomaly.NOT_PICKED_UP,
    Span.PICKUP_TO_MOVEMENT: Anomaly.NOT_MOVING,
    Span.STAGNATION: Anomaly.STALLED,
    Span.OUT_FOR_DELIVERY: Anomaly.DELIVERY_SLOW,
    Span.PICKUP_POINT: Anomaly.PICKUP_POINT_OVERDUE,
    Span.PAY_TO_SIGN: Anomaly.LATE,
    Span.SILENCE: Anomaly.SUSPECTED_LOST,
    Span.RETURN_PICKUP: Anomaly.RETURN_NOT_PICKED_UP,
    Span.RETURN_STAGNATION: Anomaly.RETURN_STALLED,
    Span.RETURN_RECEIPT: Anomaly.RETURN_NOT_RECEIVED,
}


class Exposure(Record):
    """What a breach costs: a share of what was paid, within bounds."""

    percent: Annotated[int, Field(ge=0, le=100)]
    min_fen: Fen = 0
    max_fen: Fen = 10**11

    def of(self, paid_fen: int) -> int:
        """Give the exposure for an order's payment, in fen."""
        return max(self.min_fen, min(self.max_fen, paid_fen * self.percent // 100))


class Limit(Record):
    """One rule: how long a span may take, when to warn, for whom it holds.

    Empty scopes hold for all; `regions` and the remote list are beginnings of province names. `since` and `until` are
    about the payment: a promotion's orders keep the promotion's rules. `lead` is the warning before the breach,
    longer where the courier was measured to react more slowly. `watch` false switches the rule off, `alert` false lets
    its clock run, to be looked at and counted, but opens no ticket. `source` says where the figure comes from.
    """

    rule: Id
    span: Span
    breach: Positive
    lead: Positive
    platforms: tuple[Id, ...] = ()
    carriers: tuple[Id, ...] = ()
    regions: tuple[str, ...] = ()
    remote_exempt: bool = False
    since: Instant | None = None
    until: Instant | None = None
    in_hours: bool = False
    watch: bool = True
    alert: bool = True
    exposure: Exposure | None = None
    source: str = ""

    @model_validator(mode="after")
    def _warns_within(self) -> "Limit":
        if self.lead >= self.breach:
            raise ValueError(f"limit {self.rule}: lead ({self.lead}) must be shorter than breach ({self.breach})")
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"limit {self.rule}: since must be before until")
        return self


class Escalation(Record):
    """Who hears of a ticket that has been open for so long, in business hours, and that nobody has taken."""

    after: Positive
    group: Id


class Authority(Record):
    """What a role settles by itself; the rest waits for the approval of one that may. What is not set has no limit."""

    close_fen_max: Fen | None = None
    answer_fen_max: Fen | None = None
    refer: tuple[Anomaly, ...] = ()


class Pace(Record):
    """What was measured of one courier: how late its scans reach us, how long it takes to react.

    `handling_by_part` is the same for what it was urged for in each quarter of a day, from midnight on; None where too
    little was measured.
    """

    lag_s: Seconds = 0
    handling_s: Seconds | None = None
    handling_by_part: tuple[Seconds | None, ...] = ()

    def handling_at(self, hour: int) -> int | None:
        """How long it takes to react to what it is urged for at an hour of the day."""
        part = self.handling_by_part[part_of(hour)] if self.handling_by_part else None
        return self.handling_s if part is None else part


PARTS = 4


def part_of(hour: int) -> int:
    """Give the part of the day into which an hour falls."""
    return hour * PARTS // 24


_ESCALATIONS = (
    Escalation(after=timedelta(hours=1), group="desk"),
    Escalation(after=timedelta(hours=4), group="specialist"),
    Escalation(after=timedelta(hours=24), group="director"),
)


class Watching(Record):
    """How a merchant wants its parcels watched. `limits` replace those of the rule pack that have the same name.

    A source that was silent for `heartbeat` is asked; a parcel of which nothing was heard for `watch_max` is given up.
    What was older than `backfill_after` when we first heard of it stays silent. Where `forced_refund_after` is not set,
    the rule pack says when a platform may refund by itself. The last of the `escalations` is as long as buyers are
    promised to wait from the breach on; half of that is a moment of `buyer_progress`.
    """

    limits: tuple[Limit, ...] = ()
    hours: BusinessHours = Field(default_factory=BusinessHours)
    escalations: tuple[Escalation, ...] = _ESCALATIONS
    owners: dict[Anomaly, Id] = Field(default_factory=dict)
    authority: dict[Role, Authority] = Field(default_factory=dict)
    margin: Positive = timedelta(hours=1)
    trackers: dict[Id, Id] = Field(default_factory=lambda: {"zto": "zto", "sf": "sf"})
    tracker: Id = "kuaidi100"
    urge_by: dict[Id, Id] = Field(default_factory=dict)
    heartbeat: Positive = timedelta(hours=36)
    resubscribe_after: Positive = timedelta(minutes=31)
    subscriptions_max: Annotated[int, Field(ge=1, le=20)] = 4
    watch_max: Positive = timedelta(days=60)
    backfill_after: Positive = timedelta(days=10)
    forced_refund_after: Positive | None = None
    buyer_platforms: tuple[Id, ...] = ("selfbuilt",)
    buyer_progress: tuple[BuyerMoment, ...] = (BuyerMoment.OPEN,)

    @model_validator(mode="after")
    def _escalates_upwards(self) -> "Watching":
        times = [step.after for step in self.escalations]
        if times != sorted(set(times)):
            raise ValueError("escalations must come one after the other, each later than the one before")
        return self

    def tracker_of(self, carrier: str) -> str:
        """Who is asked first about a courier's parcels."""
        return self.trackers.get(carrier, self.tracker)
