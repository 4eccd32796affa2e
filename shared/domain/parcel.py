"""The parcel: where it is, what is in it, and how far its interception has come."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.domain.record import Fen, Id, Instant, Record
from shared.domain.tickets import Anomaly, Answer, Ticket


class Stage(StrEnum):
    """Where a parcel is, in one vocabulary for all couriers."""

    UNKNOWN = "unknown"  # nobody has told us anything
    LABEL_CREATED = "label_created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    ARRIVED_AT_HUB = "arrived_at_hub"
    OUT_FOR_DELIVERY = "out_for_delivery"
    HELD_AT_PICKUP_POINT = "held_at_pickup_point"
    DELIVERY_FAILED = "delivery_failed"
    EXCEPTION = "exception"
    REFUSED = "refused"
    DAMAGED = "damaged"
    SUSPECTED_LOST = "suspected_lost"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"  # signed for by the sender; not yet counted by the warehouse

    @property
    def leg(self) -> int:
        """How far along the way this is; scans of a later leg count more than younger ones of an earlier leg."""
        return _LEGS.get(self, 3)


_LEGS = {
    Stage.UNKNOWN: 0,
    Stage.LABEL_CREATED: 1,
    Stage.PICKED_UP: 2,
    Stage.DELIVERED: 4,
    Stage.RETURNING: 4,
    Stage.RETURNED: 5,
}
UNCODED = "uncoded"
"""The code of a scan to which its courier gave none."""
UNDOING = ("ems",)
"""Couriers that take a scan back: of theirs the youngest scan that says anything counts, whatever it says."""


class Progress(StrEnum):
    """How far the interception of one parcel has come, as its refunds are told."""

    WANTED = "wanted"  # a refund has asked, the parcel has not answered yet
    WAITING = "waiting"  # possible only after the first scan, or blocked by other goods inside
    REQUESTED = "requested"  # the courier is being asked
    ACCEPTED = "accepted"  # the courier will try
    SUCCEEDED = "succeeded"  # the courier says that it stopped the parcel
    RETURNING = "returning"  # a scan shows it on the way back, as the courier had promised us
    TURNED_BACK = "turned_back"  # such a scan without such a promise: may be a redirect, proves nothing
    RECEIVED = "received"  # the warehouse has it
    REFUSED = "refused"  # the courier or a rule said no
    FAILED = "failed"  # the courier tried and did not stop it
    SILENT = "silent"  # accepted, but nothing heard since
    RELEASED = "released"  # nobody wants it stopped any more

    @property
    def is_hopeless(self) -> bool:
        """Whether the goods will not come back this way."""
        return self in (Progress.REFUSED, Progress.FAILED, Progress.RELEASED)


class InterceptionPhase(StrEnum):
    """State of the one interception that a parcel can have at a time."""

    NONE = "none"
    WAITING = "waiting"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"

    @property
    def was_promised(self) -> bool:
        """Whether the courier had our request, and nobody took it back: a return scan is its doing."""
        return self in (InterceptionPhase.ACCEPTED, InterceptionPhase.SUCCEEDED, InterceptionPhase.FAILED)


class Content(Record):
    """The lines of one order in a parcel; a merged parcel holds several orders'.

    What its deadlines need travels along: what was paid and when, when it was shipped, where to (a province's name; of
    an order whose address was changed, also when that was said).
    """

    platform: Id
    order_id: Id
    line_ids: tuple[Id, ...]
    paid_fen: Fen | None = None
    paid_at: Instant | None = None
    shipped_at: Instant | None = None
    region: str = ""
    region_at: Instant | None = None
    buyer_quiet: bool = False  # the buyer wants no messages

    def is_of_same_order(self, other: "Content") -> bool:
        """Whether both say what the same order has inside."""
        return (self.platform, self.order_id) == (other.platform, other.order_id)


class Wish(Record):
    """A refund that wants this parcel stopped."""

    refund: str  # platform:refund_id
    platform: Id
    order_id: Id
    line_ids: tuple[Id, ...]
    amount_fen: Fen


class Scan(Record):
    """One statement of the courier. `at_text` is its time as the vendor wrote it.

    `zone_assumed`: that was a local time without a zone, taken as Beijing's.
    """

    stage: Stage
    at: Instant
    code: str
    zone_assumed: bool = False
    at_text: str = ""

    @property
    def is_unlisted(self) -> bool:
        """Whether nobody has taught us its code: then it is a sign of life, and no more."""
        return self.stage is Stage.UNKNOWN and self.code != UNCODED


class Watch(Record):
    """Who tells us of the parcel: the source's subscription, and what we did to keep it alive.

    `step` numbers the subscriptions, `asks` the questions; `tries` counts the subscriptions since a push last brought
    news. `ended` says why nobody watches at the moment, `lost_at` since when nobody could be found to, `gave_up_at`
    when a source first said that it finds nothing. `likely` is the courier for which a source takes the number, `tried`
    the one under which it was asked for.
    """

    source: Id | None = None
    step: int = 0
    tries: int = 0
    asked_at: Instant | None = None
    ended: str = ""
    retry_at: Instant | None = None
    lost_at: Instant | None = None
    gave_up_at: Instant | None = None
    asks: int = 0
    queried_at: Instant | None = None
    likely: Id | None = None
    tried: Id | None = None


class Interception(Record):
    """The courier's side of stopping a parcel. `step` numbers our commands, so an answer finds its question;
    `number` is the courier's own for what it accepted.

    The instants are the steps of the funnel: a refund wanted it, the rules allowed it, the courier answered the
    request, registered it, and said that it stopped the parcel.
    """

    phase: InterceptionPhase = InterceptionPhase.NONE
    step: int = 0
    request_step: int = 0
    number: str = ""
    tries: int = 0
    asked_at: Instant | None = None
    reason: str = ""
    silent: bool = False
    wanted_at: Instant | None = None
    eligible_at: Instant | None = None
    requested_at: Instant | None = None
    accepted_at: Instant | None = None
    succeeded_at: Instant | None = None


class ParcelCase(Record):
    """The newest known state of one parcel of one carrier.

    `heard_at` is the time of the youngest scan, `picked_up_at` that of the oldest one after the label, `moved_at` that
    of the oldest one after the pickup, `out_at` and `held_at` those of the oldest ones out for delivery and at a
    pickup point. `stalled_since` is the beginning of a standstill, once the clock has noticed it. `return_of` is the
    parcel whose way back this is, `return_for` the refund (platform:refund_id) for which a buyer sent it,
    `returns_also` the others of which it holds goods, `returned_from` since when either is known, `moved_to` the
    carrier under which the number really travels. `earlier_until` is the signature that ended an earlier use of the
    number. `broken` remembers which limits were broken once, whatever became of their tickets; `unmatched` holds what
    the courier answered unasked and what people filed, until a person has seen to it, `settled` the names of what she
    has seen to, and when. `lag_s` is how late the last push was, `handled_s` the longest that the courier took to move
    once it was urged, `handled_part` the part of the day in which that was; 0 where nothing was measured.
    """

    carrier: Id
    waybill: Id
    contents: tuple[Content, ...] = ()
    last_scan: Scan | None = None
    heard_at: Instant | None = None
    picked_up_at: Instant | None = None
    moved_at: Instant | None = None
    out_at: Instant | None = None
    held_at: Instant | None = None
    stalled_since: Instant | None = None
    return_scan_at: Instant | None = None
    wishes: tuple[Wish, ...] = ()
    interception: Interception = Field(default_factory=Interception)
    return_waybill: Id | None = None
    return_of: Id | None = None
    return_for: str = ""
    returns_also: tuple[str, ...] = ()
    returned_from: Instant | None = None
    received_at: Instant | None = None
    moved_to: Id | None = None
    earlier_until: Instant | None = None
    watch: Watch = Field(default_factory=Watch)
    tickets: tuple[Ticket, ...] = ()
    buyer_told: tuple[str, ...] = ()
    broken: tuple[Anomaly, ...] = ()
    unmatched: tuple[Answer, ...] = ()
    settled: dict[str, Instant] = Field(default_factory=dict)
    lag_s: int = 0
    handled_s: int = 0
    handled_part: int = 0

    @property
    def shipped_at(self) -> datetime | None:
        """When the parcel was handed over, by what its orders or its buyer say."""
        times = [content.shipped_at for content in self.contents if content.shipped_at]
        return min([*times, self.returned_from] if self.returned_from else times, default=None)

    @property
    def is_finished(self) -> bool:
        """Whether nothing more is expected of the courier or the warehouse."""
        if self.moved_to or self.received_at:
            return True
        return self.stage is Stage.DELIVERED and not self.is_return

    @property
    def returned_refunds(self) -> tuple[str, ...]:
        """The refunds of which buyers send goods back in this parcel."""
        return (self.return_for, *self.returns_also) if self.return_for else ()

    @property
    def is_return(self) -> bool:
        """Whether the whole parcel travels to the warehouse."""
        return bool(self.return_of or self.return_for)

    @property
    def awaits_courier(self) -> bool:
        """Whether the courier has more to tell: not of what is over, under another number, or at our own door."""
        at_our_door = self.stage is Stage.RETURNED or (self.is_return and self.stage is Stage.DELIVERED)
        return not (self.is_finished or self.return_waybill or at_our_door)

    @property
    def needs_people(self) -> bool:
        """Whether somebody should look at it."""
        return any(not ticket.closed for ticket in self.tickets)

    @property
    def stage(self) -> Stage:
        """Where the parcel is. A signature after a return scan is the sender's."""
        if self.received_at:
            return Stage.RETURNED
        if self.last_scan is None:
            return Stage.UNKNOWN
        if self.return_scan_at and self.last_scan.at >= self.return_scan_at:
            at_sender = self.last_scan.stage in (Stage.DELIVERED, Stage.RETURNED)
            return Stage.RETURNED if at_sender else Stage.RETURNING
        return self.last_scan.stage

    @property
    def progress(self) -> Progress:
        """How far the interception has come, in the words that refunds are told."""
        if self.received_at:
            return Progress.RECEIVED
        if self.return_scan_at and self.stage in (Stage.RETURNING, Stage.RETURNED):
            return Progress.RETURNING if self.interception.phase.was_promised else Progress.TURNED_BACK
        if self.interception.silent and self.interception.phase is InterceptionPhase.ACCEPTED:
            return Progress.SILENT
        return _PROGRESS[self.interception.phase]


_PROGRESS = {
    InterceptionPhase.NONE: Progress.WANTED,
    InterceptionPhase.WAITING: Progress.WAITING,
    InterceptionPhase.REQUESTED: Progress.REQUESTED,
    InterceptionPhase.ACCEPTED: Progress.ACCEPTED,
    InterceptionPhase.SUCCEEDED: Progress.SUCCEEDED,
    InterceptionPhase.REFUSED: Progress.REFUSED,
    InterceptionPhase.FAILED: Progress.FAILED,
    InterceptionPhase.CANCELLING: Progress.WAITING,
    InterceptionPhase.CANCELLED: Progress.RELEASED,
}
