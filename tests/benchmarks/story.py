"""Two stories, told by the sandbox: a parcel that is delivered, and one that a refund stops on the road.

Both orders are paid and shipped, both parcels scanned twelve times.
"""

from datetime import timedelta
from typing import Any

from tests.benchmarks.givens import MERCHANT
from tests.benchmarks.loop import Loop

SCANS = 12
_ROAD = ("GOT", "DEPARTURE", "ARRIVAL", "DEPARTURE", "ARRIVAL", "DEPARTURE", "ARRIVAL", "DEPARTURE", "ARRIVAL")
_HOURS_BETWEEN = 4
_LAST = ("ARRIVAL", "DISPATCH", "SIGNED")


def _plan(actions: tuple[str, ...], **more: Any) -> dict[str, Any]:
    minutes = 60 * _HOURS_BETWEEN
    return {"scans": [{"after_min": 5 + minutes * place, "action": one} for place, one in enumerate(actions)], **more}


def _paid_and_shipped(loop: Loop, number: int, plan: dict[str, Any]) -> tuple[str, str]:
    order, line = f"69178456789012345{number:02d}", f"69178456789012346{number:02d}"
    lines = [{"line_id": line, "sku_id": "SKU-RED", "quantity": 2, "amount_fen": 1990}]
    paid = {"merchant": MERCHANT, "platform": "douyin", "order_id": order, "paid_fen": 1990, "lines": lines}
    loop.control("POST", "/orders", paid)
    parcel = {"waybill": f"750000000000{number:02d}", "line_ids": [line], "plan": plan, "subscribed": True}
    loop.control("POST", f"/orders/{order}/ship", {"parcels": [parcel]})
    return order, line


def tell_delivered(loop: Loop) -> None:
    """A parcel like most: nine scans on the road, three at its end."""
    _paid_and_shipped(loop, 17, _plan(_ROAD + _LAST))
    loop.live(timedelta(hours=_HOURS_BETWEEN * SCANS))


def tell_refunded(loop: Loop) -> None:
    """A refund after the ninth scan; the courier stops the parcel, scans it, sends it back; the shop counts it in."""
    back = [{"after_min": 30, "action": "RETURN_SCAN"}, {"after_min": 600, "action": "DEPARTURE"}]
    back += [{"after_min": 1440, "action": "RETURN_SIGNED"}]
    plan = _plan(_ROAD, way_back={"scans": back}, warehouse_after_min=1500)
    plan |= {"interception": {"result": "succeed", "after_min": 45}}
    order, line = _paid_and_shipped(loop, 18, plan)
    on_the_road = timedelta(minutes=30 + 60 * _HOURS_BETWEEN * (len(_ROAD) - 1))
    loop.live(on_the_road)
    refund = {"merchant": MERCHANT, "platform": "douyin", "refund_id": "7012345678901234567", "order_id": order}
    loop.control("POST", "/refunds", refund | {"line_id": line, "kind": "refund_only_shipped", "amount_fen": 1990})
    loop.live(on_the_road + timedelta(hours=48))
