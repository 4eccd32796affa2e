"""The order as far as refunds need it: what was paid, in which lines, in which parcels."""

from enum import StrEnum

from shared.domain.record import Fen, Id, Instant, Record
from shared.domain.tickets import Ticket

UNKNOWN_CARRIER = "unknown"


class OrderStatus(StrEnum):
    """Where an order stands on its platform."""

    UNKNOWN = "unknown"
    PAID = "paid"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class OrderLine(Record):
    """One line of an order; a refund is for lines, not for orders."""

    line_id: Id
    quantity: int = 1
    amount_fen: Fen


class Shipment(Record):
    """A parcel as the order knows it. No `line_ids` means that the platform did not say what is in it.

    The carrier is `UNKNOWN_CARRIER` where the platform did not name one.
    """

    carrier: Id
    waybill: Id
    line_ids: tuple[Id, ...] = ()
    shipped_at: Instant | None = None


class RefundShare(Record):
    """What one refund (platform:refund_id) has of the payment: paid, or being agreed. Later steps replace earlier."""

    refund: str
    amount_fen: Fen
    step: int


class Trouble(Record):
    """What is the matter with one of the order's parcels (carrier:waybill), as it said last."""

    parcel: Id
    what: tuple[str, ...]
    at: Instant


class OrderCase(Record):
    """The newest known state of an order. Every field only grows, but tickets, the limit for shipping, the province and
    a refund's share that was not paid.

    `ship_by` is the platform's own limit for shipping, as it said at `ship_by_at`; `region` is the receiver's province,
    as it was said at `region_at`; `read_at` is when the order was last read for nothing but that. `backfilled`: it was
    old when we first heard of it, and nobody is told of its delay.
    """

    platform: Id
    order_id: Id
    status: OrderStatus = OrderStatus.UNKNOWN
    updated_at: Instant
    paid_fen: Fen | None = None
    lines: tuple[OrderLine, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    address_changed_at: Instant | None = None
    paid_at: Instant | None = None
    ship_by: Instant | None = None
    ship_by_at: Instant | None = None
    read_at: Instant | None = None
    region: str = ""
    region_at: Instant | None = None
    buyer_quiet: bool = False
    backfilled: bool = False
    tickets: tuple[Ticket, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    refunds: tuple[RefundShare, ...] = ()

    @property
    def needs_people(self) -> bool:
        """Whether somebody should look at it."""
        return any(not ticket.closed for ticket in self.tickets)

    @property
    def is_complete(self) -> bool:
        """Whether a refund of one of its lines can be decided without asking the platform."""
        contents_known = len(self.lines) == 1 or all(shipment.line_ids for shipment in self.shipments)
        shipped = self.status in (OrderStatus.PARTLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.FINISHED)
        return (
            self.paid_fen is not None and bool(self.lines) and contents_known and (bool(self.shipments) or not shipped)
        )

    @property
    def line_ids(self) -> frozenset[str]:
        """All lines of the order."""
        return frozenset(line.line_id for line in self.lines)

    def left_fen(self, refund: str) -> int | None:
        """What a refund may take of the payment beside all others; None while nobody knows what was paid."""
        taken = sum(share.amount_fen for share in self.refunds if share.refund != refund)
        return None if self.paid_fen is None else self.paid_fen - taken

    def with_share(self, share: RefundShare) -> "OrderCase":
        """Give the order with this refund's share, unless a later step is known."""
        by_name = {known.refund: known for known in self.refunds}
        known = by_name.get(share.refund)
        if known is None or share.step >= known.step:
            by_name[share.refund] = share
        return self.model_copy(update={"refunds": tuple(by_name[name] for name in sorted(by_name))})

    def contents(self, shipment: Shipment) -> frozenset[str]:
        """The lines in a parcel; all of the order's where the platform did not say."""
        return frozenset(shipment.line_ids) or self.line_ids

    def shipments_with(self, line_ids: frozenset[str]) -> tuple[Shipment, ...]:
        """The parcels that hold at least one of these lines."""
        return tuple(shipment for shipment in self.shipments if self.contents(shipment) & line_ids)
