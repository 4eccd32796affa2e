"""How the platforms word the same order and refund: status numbers, ids, and the self-built shop's documents."""

import zlib
from typing import Any

from infra.local.sandbox.people import buyer_of
from infra.local.sandbox.records import Order, OrderStatus, Refund, RefundKind, RefundStatus

DOUYIN_ORDER_STATUSES: dict[OrderStatus, int] = {
    "paid": 2,
    "shipped": 3,
    "cancelled": 4,
    "finished": 5,
    "partly_shipped": 101,
}
AFTER_SALE_TYPES: dict[RefundKind, int] = {
    "return_and_refund": 0,
    "refund_only_shipped": 1,
    "refund_only_unshipped": 2,
}
AFTER_SALE_STATUSES: dict[RefundStatus, int] = {
    "waiting": 6,
    "returning": 7,
    "buyer_shipped": 11,
    "refunded": 12,
    "refused": 27,
    "closed": 28,
}
SELFBUILT_REFUND_STATUSES: dict[RefundStatus, str] = {
    "waiting": "pending",
    "returning": "pending",
    "buyer_shipped": "pending",
    "refunded": "refunded",
    "refused": "closed",
    "closed": "closed",
}


def as_number(text: str) -> int:
    """Give an id as int64; a text that is no number gets a stable one."""
    return int(text) if text.isascii() and text.isdigit() else 3_500_000_000_000_000_000 + zlib.crc32(text.encode())


def selfbuilt_order(order: Order) -> dict[str, Any]:
    """The `order` document of huhang's contract for self-built shops."""
    return {
        "order_id": order.key,
        "status": order.status,
        "paid_fen": order.paid_fen,
        "paid_at": order.created_at.isoformat(),
        "province": order.province,
        "buyer_notices": order.buyer_notices,
        "receiver": buyer_of(order.key)._asdict(),
        "updated_at": order.updated_at.isoformat(),
        "lines": [
            {"line_id": line.line_id, "quantity": line.quantity, "amount_fen": line.amount_fen} for line in order.lines
        ],
        "parcels": [
            {
                "carrier": parcel.carrier,
                "waybill": parcel.waybill,
                "line_ids": parcel.line_ids,
                "shipped_at": parcel.shipped_at.isoformat(),
            }
            for parcel in order.parcels
        ],
    }


def selfbuilt_refund(refund: Refund) -> dict[str, Any]:
    """The `refund` document of huhang's contract for self-built shops."""
    return {
        "refund_id": refund.key,
        "order_id": refund.order_id,
        "status": SELFBUILT_REFUND_STATUSES[refund.status],
        "kind": "return_and_refund" if refund.kind == "return_and_refund" else "refund_only",
        "amount_fen": refund.amount_fen,
        "version": refund.version,
        "deadline_at": refund.deadline_at.isoformat() if refund.deadline_at else None,
        "line_ids": [refund.line_id],
        "return_parcel": _return_parcel(refund),
    }


def _return_parcel(refund: Refund) -> dict[str, Any] | None:
    """What the buyer entered of the parcel that brings the goods back."""
    if not refund.return_waybill or refund.return_shipped_at is None:
        return None
    return {
        "carrier": refund.return_carrier,
        "waybill": refund.return_waybill,
        "shipped_at": refund.return_shipped_at.isoformat(),
    }
