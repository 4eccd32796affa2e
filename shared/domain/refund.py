"""The refund case: one request of a buyer, from the first event to the last."""

from datetime import date, datetime
from enum import StrEnum

from shared.domain.order import Shipment
from shared.domain.parcel import Progress
from shared.domain.record import Fen, Id, Instant, Record


class RefundKind(StrEnum):
    """What the buyer asks for."""

    REFUND_ONLY = "refund_only"
    RETURN_AND_REFUND = "return_and_refund"
    OTHER = "other"  # exchange, reship, repair, price protection: left to the desk


class RefundStatus(StrEnum):
    """Where the request stands on the platform. Later members are nearer to the end."""

    PENDING = "pending"  # waits for the merchant
    IN_PROGRESS = "in_progress"  # agreed, goods on the way, arbitration: nothing for us to agree
    REFUSED = "refused"  # the merchant said no
    CLOSED = "closed"  # withdrawn by the buyer, or failed
    REFUNDED = "refunded"  # the money is gone

    @property
    def rank(self) -> int:
        """Order among statuses reported for the same instant."""
        return list(RefundStatus).index(self)


class RefundPhase(StrEnum):
    """What huhang is doing about it."""

    READING = "reading"  # the platform told too little to begin
    AWAITING_ORDER = "awaiting_order"
    STOPPING_ORDER = "stopping_order"
    STOPPING_PARCELS = "stopping_parcels"
    REVIEWING = "reviewing"
    AGREEING = "agreeing"
    FOLLOWING = "following"  # refunded, goods on the way back
    BY_HAND = "by_hand"  # a person decides
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a closed case ended."""

    REFUNDED = "refunded"  # money back, goods never left
    RECOVERED = "recovered"  # money back, goods back
    LOST = "lost"  # money back, goods gone
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"  # by the merchant


class ParcelState(Record):
    """What the refund knows of one parcel that it wants stopped.

    `forced_refund_at`: it stalls, and from then on the platform may pay without asking.
    """

    carrier: Id
    waybill: Id
    progress: Progress = Progress.WANTED
    reason: str = ""
    at: Instant
    forced_refund_at: Instant | None = None


class RefundCase(Record):
    """The state of one refund request.

    `version` is the platform's lock: what it was when the request was last reviewed. `step` numbers our commands.
    `reserved_fen` is what the case holds of the budget of `reserved_on`. `read_at` is when it was last read for nothing
    but its deadline.
    """

    platform: Id
    refund_id: Id
    order_id: Id
    line_ids: tuple[Id, ...] = ()
    kind: RefundKind
    status: RefundStatus = RefundStatus.PENDING
    amount_fen: Fen
    version: int
    deadline_at: Instant
    opened_at: Instant
    phase: RefundPhase = RefundPhase.READING
    outcome: Outcome | None = None
    rule: str = ""
    reason: str = ""
    step: int = 0
    tries: int = 0
    reviews: int = 0
    asked_at: Instant | None = None
    read_at: Instant | None = None
    parcels: tuple[ParcelState, ...] = ()
    return_parcel: Shipment | None = None
    escalations: int = 0
    tickets: tuple[str, ...] = ()
    agreed_by_us: bool = False
    refunded_at: Instant | None = None
    closed_at: Instant | None = None
    order_stopped: bool = False
    reserved_fen: Fen = 0
    reserved_on: date | None = None

    @property
    def needs_people(self) -> bool:
        """Whether somebody should look at it."""
        return self.phase is RefundPhase.BY_HAND

    @property
    def forced_refund_at(self) -> datetime | None:
        """From when on the platform may pay unasked, since a parcel stalls; None where none does, or it is decided."""
        if self.status not in (RefundStatus.PENDING, RefundStatus.IN_PROGRESS):
            return None
        return min(filter(None, (parcel.forced_refund_at for parcel in self.parcels)), default=None)

    @property
    def name(self) -> str:
        """The refund's name inside its merchant."""
        return f"{self.platform}:{self.refund_id}"
