"""The order as far as refunds need it: what was paid, in which lines, in which parcels."""

from enum import StrEnum

from shared.domain.record import Fen, Id, Instant, Record


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
    """A parcel as the order knows it. No `line_ids` means that the platform did not say what is in it."""

    carrier: Id
    waybill: Id
    line_ids: tuple[Id, ...] = ()


class PaidRefund(Record):
    """A refund of this order that the buyer has received. `refund` is platform:refund_id."""

    refund: str
    amount_fen: Fen


class OrderCase(Record):
    """The newest known state of an order. Every field only grows."""

    platform: Id
    order_id: Id
    status: OrderStatus = OrderStatus.UNKNOWN
    updated_at: Instant
    paid_fen: Fen | None = None
    lines: tuple[OrderLine, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    address_changed_at: Instant | None = None
    refunds: tuple[PaidRefund, ...] = ()

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

    def contents(self, shipment: Shipment) -> frozenset[str]:
        """The lines in a parcel; all of the order's where the platform did not say."""
        return frozenset(shipment.line_ids) or self.line_ids

    def shipments_with(self, line_ids: frozenset[str]) -> tuple[Shipment, ...]:
        """The parcels that hold at least one of these lines."""
        return tuple(shipment for shipment in self.shipments if self.contents(shipment) & line_ids)
