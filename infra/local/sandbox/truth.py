"""The truth for checking: what really happened to money and parcels, whatever huhang believes."""

from typing import Any

from infra.local.sandbox.parcels import stage_of
from infra.local.sandbox.records import Order, Parcel, Push, Refund
from infra.local.sandbox.world import World

EFFECTIVE = {"INTERCEPT_SUCCESS", "PACKAGE_DELIVERING", "INTERCEPT_DISCONTINUE"}


def truth_of(world: World) -> dict[str, Any]:
    """Give refunds, parcels and orders by id, and the sums."""
    refunds = {refund.key: _refund(refund) for refund in world.refunds}
    return {
        "now": world.now().isoformat(),
        "refunds": refunds,
        "parcels": {parcel.key: _parcel(parcel) for parcel in world.parcels},
        "orders": {order.key: _order(world, order) for order in world.orders},
        "robot_messages": _by_merchant([message.merchant for message in world.messages]),
        "calls": _calls(world),
        "pushes": _pushes(list(world.pushes)),
        "totals": {
            "refunds": len(refunds),
            "refund_effects": sum(refund.effects for refund in world.refunds),
            "refunds_paid_twice": sum(refund.effects > 1 for refund in world.refunds),
            "refunded_fen": sum(refund.refunded_fen for refund in world.refunds),
            "interception_requests": sum(parcel.interception_requests for parcel in world.parcels),
            "effective_interceptions": sum(_effective(parcel) for parcel in world.parcels),
        },
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "merchant": refund.merchant,
        "platform": refund.platform,
        "order_id": refund.order_id,
        "line_id": refund.line_id,
        "kind": refund.kind,
        "status": refund.status,
        "amount_fen": refund.amount_fen,
        "version": refund.version,
        "update_time": refund.update_s,
        "deadline_at": refund.deadline_at.isoformat() if refund.deadline_at else None,
        "refund_effects": refund.effects,
        "refunded_fen": refund.refunded_fen,
        "refunded_by": refund.refunded_by,
        "operate_calls": len(refund.operate_calls),
        "operate_accepted": sum(call.accepted for call in refund.operate_calls),
        "operate_log": [call.model_dump(mode="json") for call in refund.operate_calls],
        "remarks": refund.remarks,
    }


def _effective(parcel: Parcel) -> int:
    return sum(interception.status in EFFECTIVE for interception in parcel.interceptions)


def _parcel(parcel: Parcel) -> dict[str, Any]:
    actions = [scan.action for scan in parcel.scans]
    return {
        "merchant": parcel.merchant,
        "stage": stage_of(parcel),
        "lines": [line.model_dump() for line in parcel.lines],
        "scans": [{"at": scan.at.isoformat(), "action": scan.action, "waybill": scan.waybill} for scan in parcel.scans],
        "interception_requests": parcel.interception_requests,
        "interceptions": [one.model_dump(mode="json") for one in parcel.interceptions],
        "effective_interceptions": _effective(parcel),
        "return_waybill": parcel.return_waybill,
        "returned": "RETURN_SIGNED" in actions,
        "received_at": parcel.received_at.isoformat() if parcel.received_at else None,
    }


def _order(world: World, order: Order) -> dict[str, Any]:
    return {
        "merchant": order.merchant,
        "platform": order.platform,
        "status": order.status,
        "paid_fen": order.paid_fen,
        "erp": [
            {"o_id": int(erp.key), "status": erp.status, "l_ids": [parcel.l_id for parcel in erp.parcels]}
            for erp in world.erp_orders_of(order.key)
        ],
        "platform_waybills": [parcel.waybill for parcel in order.parcels],
        "waybills": [parcel.key for parcel in world.parcels_of(order.key)],
        "remarks": order.remarks,
    }


def _by_merchant(merchants: list[str]) -> dict[str, int]:
    return {merchant: merchants.count(merchant) for merchant in dict.fromkeys(merchants)}


def _calls(world: World) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for call in world.calls:
        of_vendor = counts.setdefault(call.vendor, {})
        of_vendor[call.verdict] = of_vendor.get(call.verdict, 0) + 1
    return counts


def _pushes(pushes: list[Push]) -> dict[str, int]:
    return {status: sum(push.status == status for push in pushes) for status in ("pending", "delivered", "given_up")}
