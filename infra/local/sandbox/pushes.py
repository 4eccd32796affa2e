"""What the vendors tell huhang by themselves: the content of each message, put in line for delivery.

Douyin: tag messages, money in fen, `update_time` of after-sale tags as ISO text. ZTO: one scan each. Self-built shop:
Standard Webhooks events. Bad habit kept: copies of one event have message ids of their own and differ by some ms.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from infra.local.sandbox.carriers import CARRIERS
from infra.local.sandbox.clock import BEIJING, beijing_text, epoch_s
from infra.local.sandbox.people import rider_of
from infra.local.sandbox.records import DoneScan, Order, Parcel, PlatformParcel, Push, Refund
from infra.local.sandbox.views import (
    AFTER_SALE_STATUSES,
    AFTER_SALE_TYPES,
    DOUYIN_ORDER_STATUSES,
    as_number,
    selfbuilt_order,
    selfbuilt_refund,
)
from infra.local.sandbox.world import World

DOUYIN_TAGS = {
    "order.paid": "101",
    "order.shipped": "102",
    "order.finished": "103",
    "order.address_changed": "105",
    "order.cancelled": "106",
    "order.partly_shipped": "108",
    "refund.created": "200",
    "refund.agreed": "201",
    "return.agreed": "202",
    "return.shipped": "203",
    "refund.refused": "204",
    "refund.refunded": "206",
    "refund.withdrawn": "207",
    "refund.modified": "208",
}
SELFBUILT_REFUNDS = ("refund.created", "refund.modified", "refund.withdrawn", "refund.refused", "refund.refunded")
TIME_FIELDS = {
    "200": "apply_time",
    "201": "agree_time",
    "202": "agree_time",
    "203": "return_time",
    "204": "refuse_time",
    "206": "success_time",
    "207": "close_time",
    "208": "modify_time",
}


def push_order(world: World, order: Order, what: str, at: datetime, parcel: PlatformParcel | None = None) -> None:
    """Tell huhang what happened to an order; `what` is the self-built name, Douyin's tag follows from it."""
    if order.platform == "selfbuilt":
        _queue_event(world, order.merchant, what, selfbuilt_order(order), order.key, at)
        return
    data: dict[str, Any] = {
        "p_id": int(order.key),
        "s_ids": [int(line.line_id) for line in order.lines],
        "shop_id": _shop_id(world, order.merchant),
        "order_status": DOUYIN_ORDER_STATUSES[order.status],
        "order_type": 0,
        "biz": 2,
    }
    data |= _order_extras(order, what, at, parcel)
    _queue_tag(world, order.merchant, DOUYIN_TAGS[what], data, order.key, at)


def _order_extras(order: Order, what: str, at: datetime, parcel: PlatformParcel | None) -> dict[str, Any]:
    if what == "order.paid":
        return {"pay_amount": order.paid_fen, "pay_time": epoch_s(order.created_at), "pay_type": 1}
    if what in ("order.finished", "order.cancelled"):
        return {"complete_time" if what == "order.finished" else "cancel_time": epoch_s(at)}
    extras: dict[str, Any] = {"update_time": epoch_s(at)}
    if what == "order.address_changed":
        return extras | {"receiver_msg": {"addr": "{}", "encrypt_name": "##masked##", "encrypt_tel": "$$masked$$"}}
    if parcel is not None:
        message: dict[str, Any] = {
            "express_company_id": CARRIERS[parcel.carrier].code,
            "logistics_code": parcel.waybill,
        }
        if what == "order.partly_shipped":
            message |= {"pack_id": parcel.waybill, "shipped_order_info": _shipped_lines(order, parcel)}
        extras |= {"logistics_msg": message, "receiver_msg": {"addr": "{}", "name": "##masked##", "tel": "$$masked$$"}}
    return extras


def _shipped_lines(order: Order, parcel: PlatformParcel) -> list[dict[str, int]]:
    return [
        {
            "shipped_order_id": int(line.line_id),
            "shipped_num": line.quantity,
            "sku_num": line.quantity,
            "sku_id": as_number(line.sku_id),
            "product_id": as_number(line.sku_id),
        }
        for line in order.lines
        if line.line_id in parcel.line_ids
    ]


def push_refund(world: World, refund: Refund, what: str, at: datetime, copies: int = 1) -> None:
    """Tell huhang what happened to a refund, `copies` times."""
    for copy in range(copies):
        sent_at = at + timedelta(milliseconds=137 * copy)
        if refund.platform == "selfbuilt":
            kind = "refund.modified" if what == "return.shipped" else what
            if kind in SELFBUILT_REFUNDS:
                _queue_event(world, refund.merchant, kind, selfbuilt_refund(refund), refund.key, sent_at)
            continue
        tag = DOUYIN_TAGS[what]
        moment = datetime.fromtimestamp(refund.update_s, BEIJING) + timedelta(milliseconds=137 * copy)
        data = {
            "aftersale_id": int(refund.key),
            "aftersale_status": AFTER_SALE_STATUSES[refund.status],
            "aftersale_type": AFTER_SALE_TYPES[refund.kind],
            TIME_FIELDS[tag]: refund.update_s,
            "p_id": int(refund.order_id),
            "s_id": int(refund.line_id),
            "reason_code": 1,
            "refund_amount": refund.amount_fen,
            "refund_post_amount": 0,
            "refund_voucher_num": 0,
            "shop_id": _shop_id(world, refund.merchant),
            "store_id": 0,
            "update_time": moment.isoformat(timespec="milliseconds" if copy else "seconds"),
        }
        _queue_tag(world, refund.merchant, tag, data, refund.key, sent_at)


def push_scan(world: World, parcel: Parcel, scan: DoneScan, at: datetime) -> None:
    """Let ZTO report a scan of a number that was subscribed."""
    rider = rider_of(scan.waybill)
    data = {
        "billCode": scan.waybill,
        "action": scan.action,
        "actionTime": beijing_text(scan.at),
        "facilityCode": "57100",
        "facilityName": scan.facility,
        "facilityContactPhone": "",
        "city": scan.city,
        "dist": "",
        "nextNodeCode": "",
        "nextNodeName": "",
        "nextCity": "",
        "courier": rider.name,
        "courierPhone": rider.phone,
        "expressSigner": rider.name,
        "comCode": "",
        "comName": "",
        "desc": scan.desc,
        "problemCode": scan.problem_code,
        "returnType": scan.return_type,
        "returnUpdateType": "",
    }
    key = f"zto-{world.next_number('push')}"
    queue_push(
        world,
        Push(
            key=key,
            merchant=parcel.merchant,
            vendor="zto",
            topic=scan.action,
            body=data,
            about=parcel.key,
            made_at=at,
        ),
    )


def push_received(world: World, parcel: Parcel, order: Order, at: datetime) -> None:
    """Let a self-built shop's warehouse report that goods came home."""
    waybill = parcel.return_waybill or parcel.key
    lines = [line.line_id for line in parcel.lines if line.order_id == order.key]
    data = {
        "order_id": order.key,
        "carrier": parcel.carrier,
        "waybill": waybill,
        "line_ids": lines,
        "received_at": at.isoformat(),
    }
    _queue_event(world, parcel.merchant, "return.received", data, parcel.key, at)


def _queue_tag(world: World, merchant: str, tag: str, data: dict[str, Any], about: str, at: datetime) -> None:
    number = world.next_number("push")
    message_id = f"{6959844832937886000 + number}:{tag}:{epoch_s(at)}"
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    body = {"tag": tag, "msg_id": message_id, "data": text}
    queue_push(
        world, Push(key=message_id, merchant=merchant, vendor="douyin", topic=tag, body=body, about=about, made_at=at)
    )


def _queue_event(world: World, merchant: str, kind: str, data: dict[str, Any], about: str, at: datetime) -> None:
    message_id = f"msg_{world.next_number('push'):08d}"
    body = {"type": kind, "timestamp": at.isoformat(timespec="milliseconds"), "data": data}
    queue_push(
        world,
        Push(key=message_id, merchant=merchant, vendor="selfbuilt", topic=kind, body=body, about=about, made_at=at),
    )


def queue_push(world: World, push: Push) -> None:
    """Put a message in line."""
    world.pushes.put(push)
    world.schedule(push.made_at, "push", push.key)


def _shop_id(world: World, merchant_id: str) -> int:
    merchant = world.merchants.get(merchant_id)
    return int(merchant.douyin.shop_id) if merchant and merchant.douyin else 0
