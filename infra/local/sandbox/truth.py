"""The truth for checking: what really happened to money and parcels, whatever huhang believes."""

from collections.abc import Iterable
from typing import Any, TypeVar

from infra.local.sandbox.parcels import stage_of
from infra.local.sandbox.records import DoneScan, Order, Parcel, Push, Refund
from infra.local.sandbox.tracking_records import BuyerMessage, Subscription, TrackQuery, WorkOrder
from infra.local.sandbox.world import World

TRACKERS = ("zto", "kuaidi100")
N = TypeVar("N", Subscription, TrackQuery, WorkOrder, BuyerMessage)
EFFECTIVE = {"INTERCEPT_SUCCESS", "PACKAGE_DELIVERING", "INTERCEPT_DISCONTINUE"}


def truth_of(world: World) -> dict[str, Any]:
    """Give refunds, parcels and orders by id, and the sums."""
    refunds = {refund.key: _refund(refund) for refund in world.refunds}
    asked = Asked(world)
    return {
        "now": world.now().isoformat(),
        "refunds": refunds,
        "parcels": {parcel.key: parcel_truth(parcel, asked) for parcel in world.parcels},
        "strange_subscriptions": [
            _subscription(one) for one in world.subscriptions if not world.find_parcel(one.waybill)
        ],
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
            "subscriptions": sum(one.by == "huhang" for one in world.subscriptions),
            "queries_answered": len(world.track_queries),
            "work_orders": len(world.work_orders),
            "buyer_messages": len(world.buyer_messages),
            "buyer_messages_accepted": sum(message.accepted for message in world.buyer_messages),
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
        "return_waybill": refund.return_waybill,
    }


def _effective(parcel: Parcel) -> int:
    return sum(interception.status in EFFECTIVE for interception in parcel.interceptions)


class Asked:
    """What anybody asked and was told, by number."""

    def __init__(self, world: World) -> None:
        self.subscriptions = _by_number(world.subscriptions)
        self.queries = _by_number(world.track_queries)
        self.work_orders = _by_number(world.work_orders)
        self.buyer_messages = _by_number(world.buyer_messages)


def _by_number(rows: Iterable[N]) -> dict[str | None, list[N]]:
    found: dict[str | None, list[N]] = {}
    for row in rows:
        found.setdefault(row.waybill, []).append(row)
    return found


def parcel_truth(parcel: Parcel, asked: Asked) -> dict[str, Any]:
    """Tell everything about one parcel: its way, and what anybody asked and was told of it."""
    actions = [scan.action for scan in parcel.scans]
    return {
        "merchant": parcel.merchant,
        "carrier": parcel.carrier,
        "named": parcel.named,
        "kind": parcel.kind,
        "refund_id": parcel.refund_id,
        "stage": stage_of(parcel),
        "stalled": parcel.stalled,
        "shipped_at": parcel.shipped_at.isoformat(),
        "lines": [line.model_dump() for line in parcel.lines],
        "scans": [_scan(scan) for scan in parcel.scans],
        "interception_requests": parcel.interception_requests,
        "interceptions": [one.model_dump(mode="json") for one in parcel.interceptions],
        "effective_interceptions": _effective(parcel),
        "return_waybill": parcel.return_waybill,
        "returned": "RETURN_SIGNED" in actions,
        "received_at": parcel.received_at.isoformat() if parcel.received_at else None,
    } | _tracking(parcel, asked)


def _scan(scan: DoneScan) -> dict[str, Any]:
    return {
        "at": scan.at.isoformat(),
        "known_at": (scan.known_at or scan.at).isoformat(),
        "action": scan.action,
        "stage": scan.stage,
        "waybill": scan.waybill,
        "told_by": scan.told_by,
    }


def _tracking(parcel: Parcel, asked: Asked) -> dict[str, Any]:
    numbers = dict.fromkeys([parcel.key, parcel.return_waybill])
    subscriptions = [one for number in numbers for one in asked.subscriptions.get(number, [])]
    queries = [one for number in numbers for one in asked.queries.get(number, [])]
    orders = [one for number in numbers for one in asked.work_orders.get(number, [])]
    messages = [one for number in numbers for one in asked.buyer_messages.get(number, [])]
    return {
        "subscriptions": [_subscription(one) for one in subscriptions],
        "subscribed_by_huhang": sum(one.by == "huhang" for one in subscriptions),
        "scans_pushed": {tracker: sum(tracker in scan.told_by for scan in parcel.scans) for tracker in TRACKERS},
        "queries_answered": {tracker: sum(one.tracker == tracker for one in queries) for tracker in TRACKERS},
        "queries_too_soon": sum(query.too_soon for query in queries),
        "work_orders": [order.model_dump(mode="json", exclude={"param"}) for order in orders],
        "buyer_messages": [message.model_dump(mode="json", exclude={"key"}) for message in messages],
    }


def _subscription(one: Subscription) -> dict[str, Any]:
    """Tell of a subscription; `asks` counts the first wish and its repetitions."""
    return {
        "tracker": one.tracker,
        "by": one.by,
        "waybill": one.waybill,
        "company": one.company,
        "status": one.status,
        "alive": one.status == "alive",
        "made_at": one.made_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
        "asks": 1 + one.duplicates,
        "pushes": one.pushes,
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
        "waybills": [parcel.key for parcel in world.parcels_of(order.key) if parcel.kind == "forward"],
        "return_waybills": [parcel.key for parcel in world.parcels_of(order.key) if parcel.kind == "buyer_return"],
        "remarks": order.remarks,
        "buyer_messages": sum(message.order_id == order.key for message in world.buyer_messages),
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
