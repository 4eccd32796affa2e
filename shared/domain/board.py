"""What the board says over HTTP, field by field: open tickets, one parcel, and what a person answers to a ticket.

`docs/openapi.json` is made from these models. Instants are UTC, money is fen, hours that are left turn negative.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.domain.keys import CaseKind
from shared.domain.order import OrderStatus
from shared.domain.record import Fen, Id, Instant, MerchantId, Name, Record
from shared.domain.refund import RefundPhase
from shared.domain.tickets import Anomaly, Approval, Category
from shared.domain.watching import Span
from shared.domain.why import STAGES

TEXT_MAX = 200
BY_HAND = "refund_by_hand"
"""Stands where tickets have their anomaly: a refund request that a person decides."""


STAGE_TEXTS: dict[str, str] = {
    **STAGES,
    OrderStatus.PAID: "待发货",
    OrderStatus.PARTLY_SHIPPED: "部分发货",
    OrderStatus.SHIPPED: "已发货",
    OrderStatus.FINISHED: "已完成",
    OrderStatus.CANCELLED: "已取消",
    RefundPhase.BY_HAND: "转人工",
}
"""Where a case stands, as people read it."""


class OpenTicket(Record):
    """Something that a person should look at, and by when.

    `level`: 1 warned, 2 broken, above that escalated; `group` is who was told last. A refund that a person decides has
    no limit of ours: its `breach_at` is the platform's own deadline, and it has no `category`. `review_at` is when it
    comes up next: the level above hears of it; none where nobody will. `count`: how many limits have passed on its
    clock, or how often it was said and nobody has seen to it; 1 where neither counts. `forced_refund_at`: the parcel
    stands still, and from then on a platform may refund it unasked. `approvals` are the steps of what went beyond
    somebody's authority.
    """

    merchant: MerchantId
    kind: CaseKind
    case_id: str
    anomaly: str
    category: Category | None = None
    title: str
    advice: str
    stage: str
    stage_text: str
    carrier: str = ""
    carrier_text: str = ""
    waybill: str = ""
    order_ids: tuple[Id, ...] = ()
    opened_at: Instant
    breach_at: Instant
    hours_left: float
    exposure_fen: Fen
    group: Id
    level: int
    rule: str
    count: int = 1
    forced_refund_at: Instant | None = None
    forced_refund_hours_left: float | None = None
    urged_at: Instant | None = None
    urge_number: str = ""
    answer: str = ""
    answered_at: Instant | None = None
    answered_by: str = ""
    answered_by_text: str = ""
    taken_by: str = ""
    review_at: Instant | None = None
    waits_for_approval: bool = False
    approvals: tuple[Approval, ...] = ()


class TicketList(Record):
    """The most urgent open tickets first.

    `found` counts all that fit the question, shown or not. `complete` false: so many cases are open that not all were
    looked at, and a narrower question is worth asking.
    """

    merchant: MerchantId
    as_of: Instant
    found: int
    complete: bool
    tickets: tuple[OpenTicket, ...]


class Moment(Record):
    """Something that is known to have happened."""

    at: Instant
    what: str
    text: str


class RunningLimit(Record):
    """A limit whose clock runs, and how much of it is left.

    `zone_assumed`: the clock began with a scan whose time came without a zone, and was taken as Beijing's.
    """

    span: Span
    rule: Id
    since: Instant
    limit_hours: float
    warn_at: Instant
    breach_at: Instant
    hours_left: float
    exposure_fen: Fen
    alert: bool
    zone_assumed: bool


class Band(StrEnum):
    """What a platform gives for the time from payment to signature, by the rule pack of the day of payment."""

    FIVE = "5"
    FOUR = "4"
    LESS = "below_4"


class Basis(StrEnum):
    """What an expectation rests on."""

    SIGNED = "signed"  # it has happened
    REGION = "courier_region"  # the shop's average of 30 days with this courier into this region
    COURIER = "courier"  # the shop's average of 30 days with this courier
    ELAPSED = "elapsed"  # nothing was measured yet, or the average has passed: it takes longer than until now


class ArrivalTime(Record):
    """How long one order takes from payment to signature.

    `expected_hours` is what it took, or the shop's average while that lies ahead, or what has passed already.
    """

    platform: Id
    order_id: Id
    region: str
    paid_at: Instant
    signed_at: Instant | None
    hours_used: float
    hours_left_for_5: float
    hours_left_for_4: float
    expected_hours: float
    expected_band: Band
    basis: Basis


class ParcelView(Record):
    """All that is known of a parcel. `watch_ended` says why nobody reports its scans at the moment.

    `moved_to` is the courier with which the number really travels, `return_waybill` the number of its way back: there
    the story goes on.
    """

    merchant: MerchantId
    as_of: Instant
    carrier: Id
    carrier_text: str
    waybill: Id
    stage: str
    stage_text: str
    finished: bool
    moved_to: str
    return_waybill: str
    watched_by: str
    watched_by_text: str
    watch_ended: str
    lag_s: int
    timeline: tuple[Moment, ...]
    limits: tuple[RunningLimit, ...]
    arrivals: tuple[ArrivalTime, ...]
    tickets: tuple[OpenTicket, ...]
    broken_once: tuple[Anomaly, ...]
    broken_once_texts: tuple[str, ...]


class ReadSource(Record):
    """A source that is asked what it has, whatever it pushes: all its events until then are here."""

    source: str
    complete_until: Instant
    minutes_behind: float


class SourceList(Record):
    """How far the sources of a merchant were read. Couriers are not among them: every parcel has a watch of its own."""

    merchant: MerchantId
    as_of: Instant
    sources: tuple[ReadSource, ...]


class TakeRequest(Record):
    """A person deals with a ticket: it escalates no further. `closed`: it stays silent until something moves.

    What is beyond the authority of a role waits for approval; `approve` gives or refuses it, and stands alone.
    """

    by: Name
    text: Annotated[str, StringConstraints(max_length=TEXT_MAX)] = ""
    closed: bool = False
    approve: bool | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "TakeRequest":
        if self.closed and self.approve is not None:
            raise ValueError("approve decides what was asked for; closed does not go with it")
        return self


class AnswerRequest(Record):
    """What a courier's people said about a parcel, now or `at` some time.

    The same words `at` the same time change nothing, nor do they within an hour where no time is given.
    `source` is who said it, the courier itself where nothing stands; `number` is the work order's, where there is one.
    """

    text: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, strip_whitespace=True)]
    at: Instant | None = None
    source: Id | None = None
    number: Annotated[str, StringConstraints(max_length=64)] = ""


class TroubleRequest(Record):
    """What is wrong with a parcel and no scan tells, said now or `at` some time.

    The same words `at` the same time change nothing, nor do they within an hour where no time is given. Other words, or
    the same `at` a time after their ticket was closed, open it again.
    """

    anomaly: Literal[Anomaly.MIS_SHIPPED, Anomaly.WRONG_ADDRESS]
    text: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, strip_whitespace=True)]
    at: Instant | None = None


class Filed(Record):
    """What was said of a parcel is on its way to it, and shows within seconds.

    `tickets` are the open ones that it is for; where there is none, it opens one of its own, which stays until somebody
    closes it: `courier_answer`, or the trouble that was filed.
    """

    about: str
    tickets: tuple[Anomaly, ...]
    message: str


class Accepted(Record):
    """What was said is on its way to the case, and shows within seconds.

    `waits_because` says what goes beyond this role's authority and waits for approval; empty where nothing does.
    """

    about: str
    anomaly: Anomaly
    message: str
    waits_because: str = ""


class Problem(Record):
    """Why a request was not answered: a word for programs, a sentence for people."""

    error: str
    message: Annotated[str, Field(description="One sentence.")]
