"""What happened: past participles, each about exactly one case.

Vendors' pushes, outcomes of our own commands, clock ticks and what one case tells another are all events.
"""

from typing import Literal

from shared.domain.keys import CaseKey, digest_key, order_key, parcel_key, refund_key
from shared.domain.notices import Notice
from shared.domain.order import OrderLine, OrderStatus, RefundShare, Shipment, Trouble
from shared.domain.parcel import Content, Progress, Scan, Wish
from shared.domain.record import Fen, Id, Instant, MerchantId, Name, Record
from shared.domain.refund import RefundKind, RefundStatus
from shared.domain.roles import Role
from shared.domain.tickets import Anomaly, Reply, Ticket
from shared.domain.why import Why


class Event(Record):
    """Something that happened to a merchant's case."""

    merchant: MerchantId

    @property
    def case(self) -> CaseKey:
        """The one case that this event is about."""
        raise NotImplementedError


class _OrderEvent(Event):
    platform: Id
    order_id: Id

    @property
    def case(self) -> CaseKey:
        return order_key(self.merchant, self.platform, self.order_id)


class _RefundEvent(Event):
    platform: Id
    refund_id: Id

    @property
    def case(self) -> CaseKey:
        return refund_key(self.merchant, self.platform, self.refund_id)


class _ParcelEvent(Event):
    carrier: Id
    waybill: Id

    @property
    def case(self) -> CaseKey:
        return parcel_key(self.merchant, self.carrier, self.waybill)


class OrderReported(_OrderEvent):
    """The platform told of an order; absent fields were not part of what it told."""

    type: Literal["order_reported"] = "order_reported"
    at: Instant
    status: OrderStatus | None = None
    paid_fen: Fen | None = None
    lines: tuple[OrderLine, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    address_changed: bool = False
    paid_at: Instant | None = None
    ship_by: Instant | None = None
    region: str = ""
    buyer_quiet: bool = False
    asked_by: str = ""  # the refund (platform:refund_id) that asked, where this answers a question


class OrderRefunded(_OrderEvent):
    """A refund of the order was paid, by whatever hand, or (a share of nothing) will not be."""

    type: Literal["order_refunded"] = "order_refunded"
    share: RefundShare


class OrderTroubled(_OrderEvent):
    """A parcel of the order has other tickets than before, or (`what` empty) none any more."""

    type: Literal["order_troubled"] = "order_troubled"
    trouble: Trouble


class RefundReported(_RefundEvent):
    """The platform told of a refund request. `version` is its update time and its lock.

    `answers` is the command that asked, where this is an answer: only then are all fields as fresh as the lock.
    """

    type: Literal["refund_reported"] = "refund_reported"
    order_id: Id
    at: Instant
    version: int
    status: RefundStatus
    kind: RefundKind | None = None
    amount_fen: Fen | None = None
    line_ids: tuple[Id, ...] = ()
    deadline_at: Instant | None = None
    return_parcel: Shipment | None = None
    answers: str = ""


class OrderLearned(_RefundEvent):
    """The order that a refund asked for is known now."""

    type: Literal["order_learned"] = "order_learned"
    order_id: Id


class OrderStopped(_RefundEvent):
    """The ERP's answer to stopping an order that was not shipped."""

    type: Literal["order_stopped"] = "order_stopped"
    order_id: Id
    answers: str
    result: Literal["cancelled", "held", "label_printed", "shipped", "not_synced"]
    shipments: tuple[Shipment, ...] = ()


class RefundAgreed(_RefundEvent):
    """The platform accepted our agreement; the buyer is paid."""

    type: Literal["refund_agreed"] = "refund_agreed"
    answers: str
    at: Instant


class ParcelProgressed(_RefundEvent):
    """A parcel tells one of its refunds how far its interception has come.

    `forced_refund_at`: it stalls, and from then on the platform may pay the buyer without asking.
    """

    type: Literal["parcel_progressed"] = "parcel_progressed"
    carrier: Id
    waybill: Id
    progress: Progress
    reason: str = ""
    at: Instant
    forced_refund_at: Instant | None = None


class ParcelShipped(_ParcelEvent):
    """An order says that this parcel holds these of its lines.

    `looked_at`: a source was asked about the number a moment ago, under the courier that it was said to be with.
    """

    type: Literal["parcel_shipped"] = "parcel_shipped"
    content: Content
    looked_at: Instant | None = None


class ParcelScanned(_ParcelEvent):
    """The courier told where the parcel is. `return_waybill`: the number under which it travels back."""

    type: Literal["parcel_scanned"] = "parcel_scanned"
    scan: Scan
    return_waybill: Id | None = None


class InterceptionWanted(_ParcelEvent):
    """A refund wants the parcel stopped; `content` is what its order says is inside."""

    type: Literal["interception_wanted"] = "interception_wanted"
    content: Content
    wish: Wish


class InterceptionReleased(_ParcelEvent):
    """A refund does not want the parcel stopped any more."""

    type: Literal["interception_released"] = "interception_released"
    refund: str


class InterceptionAccepted(_ParcelEvent):
    """The courier registered our request; it has stopped nothing yet. `number`: the courier's own, to cancel by."""

    type: Literal["interception_accepted"] = "interception_accepted"
    answers: str
    text: str = ""
    number: str = ""


class InterceptionRefused(_ParcelEvent):
    """The courier refused. `retry_after_scan`: it will not before the first scan."""

    type: Literal["interception_refused"] = "interception_refused"
    answers: str
    code: str
    text: str = ""
    retry_after_scan: bool = False


class InterceptionReported(_ParcelEvent):
    """The courier's own status of the interception."""

    type: Literal["interception_reported"] = "interception_reported"
    answers: str
    state: Literal["none", "in_progress", "succeeded", "failed", "cancelled", "returning", "finished"]


class InterceptionCancelled(_ParcelEvent):
    """The courier dropped the interception at our request."""

    type: Literal["interception_cancelled"] = "interception_cancelled"
    answers: str


class ParcelTraced(_ParcelEvent):
    """A source told all that it knows of a parcel, in any order. `answers`: the question, where it was asked.

    `raw`: the answer as it came, without persons, where it holds codes that nobody has taught us.
    """

    type: Literal["parcel_traced"] = "parcel_traced"
    source: Id
    scans: tuple[Scan, ...]
    return_waybill: Id | None = None
    answers: str = ""
    raw: str = ""


class TrackingSubscribed(_ParcelEvent):
    """A source will push this parcel's scans."""

    type: Literal["tracking_subscribed"] = "tracking_subscribed"
    answers: str


class TrackingEnded(_ParcelEvent):
    """A source has stopped watching: the parcel's way is over, or it gave up (`reason` in its words)."""

    type: Literal["tracking_ended"] = "tracking_ended"
    source: Id
    reason: str
    gave_up: bool


class CarrierCorrected(_ParcelEvent):
    """The number travels with another courier than we were told. `first_at` is its first scan there, where we asked.

    `told` is what its buyers have heard of so far.
    """

    type: Literal["carrier_corrected"] = "carrier_corrected"
    source: Id
    right: Id
    first_at: Instant | None = None
    told: tuple[str, ...] = ()


class CarrierDoubted(_ParcelEvent):
    """A source knows nothing of the number, and takes it for another courier's. Nothing is proved by that."""

    type: Literal["carrier_doubted"] = "carrier_doubted"
    source: Id
    likely: Id
    answers: str


class CourierUrged(_ParcelEvent):
    """The courier took our question about a parcel under a number of its own."""

    type: Literal["courier_urged"] = "courier_urged"
    answers: str
    number: str = ""


class CourierAnswered(_ParcelEvent):
    """The courier's people answered about a parcel."""

    type: Literal["courier_answered"] = "courier_answered"
    source: Id
    text: str
    at: Instant
    number: str = ""


class TroubleFiled(_ParcelEvent):
    """People say what is wrong with a parcel. `source` is the role of who filed it, or the merchant itself."""

    type: Literal["trouble_filed"] = "trouble_filed"
    anomaly: Anomaly
    source: Id
    text: str
    at: Instant


class WorkOrderReported(_ParcelEvent):
    """What has become of our question to the courier's people. `done`: they have no more to say."""

    type: Literal["work_order_reported"] = "work_order_reported"
    answers: str
    source: Id
    replies: tuple[Reply, ...] = ()
    done: bool = False


class BuyerTold(_ParcelEvent):
    """The buyer's platform took our message, or (`accepted` false) the buyer wants none."""

    type: Literal["buyer_told"] = "buyer_told"
    answers: str
    accepted: bool = True


class ReturnShipped(_ParcelEvent):
    """A buyer says that this parcel brings the goods of a refund back."""

    type: Literal["return_shipped"] = "return_shipped"
    refund: str  # platform:refund_id
    content: Content
    at: Instant


class ReturnLegLinked(_ParcelEvent):
    """This waybill is the way back of the parcel `original`."""

    type: Literal["return_leg_linked"] = "return_leg_linked"
    original: Id


class ReturnLegScanned(_ParcelEvent):
    """The way back of this parcel, under its own number, was scanned."""

    type: Literal["return_leg_scanned"] = "return_leg_scanned"
    scan: Scan


class ReturnReceived(_ParcelEvent):
    """The warehouse counted the goods in."""

    type: Literal["return_received"] = "return_received"
    at: Instant


class CommandFailed(Event):
    """A command ended without effect, or (`certain` false) nobody knows with which."""

    type: Literal["command_failed"] = "command_failed"
    reply_to: str
    answers: str
    command: str
    code: str
    text: str = ""
    certain: bool = True

    @property
    def case(self) -> CaseKey:
        return CaseKey.parse(self.reply_to)


class NoticeRaised(Event):
    """A case has something to tell a staff group; the group's digest decides when."""

    type: Literal["notice_raised"] = "notice_raised"
    group: Id
    about: str  # the case
    notice: Notice
    why: Why

    @property
    def case(self) -> CaseKey:
        return digest_key(self.merchant, self.group)


class MessagePosted(Event):
    """A robot's answer: said, or muted for a while."""

    type: Literal["message_posted"] = "message_posted"
    group: Id
    answers: str
    throttled_for_s: int = 0

    @property
    def case(self) -> CaseKey:
        return digest_key(self.merchant, self.group)


class DeadlineReached(Event):
    """The clock passed what a case was waiting for. Harmless when repeated.

    `due` is the deadline that was meant: where the case waits for a later one by now, there is nothing to do yet.
    """

    type: Literal["deadline_reached"] = "deadline_reached"
    about: str
    due: Instant | None = None

    @property
    def case(self) -> CaseKey:
        return CaseKey.parse(self.about)


class TicketTaken(Event):
    """A person deals with a ticket: its escalations stop. `closed`: nothing more is to be done until it moves.

    `approve` decides what somebody asked for whose authority it was beyond; None: that is not what this is about.
    `since` is the beginning of the trouble as the person was shown it, `said` names what she was shown that people
    said; None: whatever there is.
    """

    type: Literal["ticket_taken"] = "ticket_taken"
    about: str  # the case
    anomaly: Anomaly
    by: Name
    role: Role | None = None  # by whose token; None: the merchant's own
    text: str = ""
    closed: bool = False
    approve: bool | None = None
    at: Instant | None = None  # when it was said; of two copies, the later is no second request
    since: Instant | None = None
    said: tuple[str, ...] | None = None

    def is_about(self, ticket: Ticket) -> bool:
        """Whether this is the ticket that the person was shown; what began later is another."""
        is_later = self.since is not None and ticket.since is not None and ticket.since > self.since
        return ticket.anomaly is self.anomaly and not is_later

    @property
    def who(self) -> str:
        """The name that a person gave, and the role whose token proves it."""
        return f"{self.by}（{self.role.text}）" if self.role else self.by

    @property
    def case(self) -> CaseKey:
        return CaseKey.parse(self.about)


OrderEvent = OrderReported | OrderRefunded | OrderTroubled
RefundEvent = RefundReported | OrderLearned | OrderStopped | RefundAgreed | ParcelProgressed
ParcelEvent = (
    ParcelShipped
    | ParcelScanned
    | InterceptionWanted
    | InterceptionReleased
    | InterceptionAccepted
    | InterceptionRefused
    | InterceptionReported
    | InterceptionCancelled
    | ParcelTraced
    | TrackingSubscribed
    | TrackingEnded
    | CarrierCorrected
    | CarrierDoubted
    | CourierUrged
    | CourierAnswered
    | TroubleFiled
    | WorkOrderReported
    | BuyerTold
    | ReturnShipped
    | ReturnLegLinked
    | ReturnLegScanned
    | ReturnReceived
)


class EventIgnored(Record):
    """A message of a vendor that huhang passes over on purpose."""

    what: str


class EventUnknown(Record):
    """A message of a vendor that nobody has taught us; kept raw and alarmed."""

    what: str
    reason: str
