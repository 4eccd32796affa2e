"""A self-built shop's side of huhang's own contract: commands signed by Standard Webhooks.

`refund.read`, `refund.agree`, `order.read` and `buyer.notify`. Agreeing and notifying once is enough: a repeated
`webhook-id` gets the first answer. The shop's secret tells whose command it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.sandbox.gate import VendorCall, VendorReply, parse_object
from infra.local.sandbox.records import Answered, Merchant, Order, Refund
from infra.local.sandbox.refunds import agree, note_operate
from infra.local.sandbox.signed import whose_standard_webhook
from infra.local.sandbox.tracking_records import BuyerMessage
from infra.local.sandbox.views import selfbuilt_order, selfbuilt_refund
from infra.local.sandbox.world import World


@dataclass(frozen=True)
class Command:
    """What is wanted; `key` is the same for every repetition."""

    key: str
    data: dict[str, Any]


def refuse(code: str, message: str = "") -> VendorReply:
    """Word a refusal: HTTP 409."""
    return VendorReply({"error": code}, 409, "refused", f"{code} {message}".strip())


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return VendorReply({"error": "too_many_requests"}, 429, "refused", "too_many_requests")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check the signature against every shop's secret."""
    return whose_standard_webhook(world, call, lambda one: one.selfbuilt.secret if one.selfbuilt else "")


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Carry out one command."""
    body = parse_object(call.body)
    data = body.get("data") if body else None
    handle = COMMANDS.get(str(body.get("type"))) if body else None
    if call.api != "commands" or handle is None or not isinstance(data, dict):
        return VendorReply({"error": "bad_request"}, 400, "refused", "bad_request")
    key = f"{merchant.key}:{call.headers['webhook-id']}"
    before = world.answered.get(key)
    if before is not None:
        message = world.buyer_messages.get(key)
        if message is not None:
            message.times += 1
            world.buyer_messages.put(message)
        return VendorReply(before.body, before.status, "ok", "repeated webhook-id")
    reply = handle(world, merchant, Command(key, data))
    if handle is agree_refund or (handle is notify_buyer and reply.status == 200):
        world.answered.put(Answered(key=key, status=reply.status, body=reply.body))
    return reply


def _not_found() -> VendorReply:
    return VendorReply({"error": "not_found"}, 404, "refused", "not_found")


def _refund(world: World, merchant: Merchant, data: dict[str, Any]) -> Refund | None:
    refund = world.refunds.get(str(data.get("refund_id")))
    mine = refund is not None and refund.merchant == merchant.key and refund.platform == "selfbuilt"
    return refund if mine else None


def read_refund(world: World, merchant: Merchant, command: Command) -> VendorReply:
    refund = _refund(world, merchant, command.data)
    return VendorReply({"refund": selfbuilt_refund(refund)}) if refund else _not_found()


def agree_refund(world: World, merchant: Merchant, command: Command) -> VendorReply:
    """Refund, when nothing has changed since the version that huhang read."""
    refund = _refund(world, merchant, command.data)
    if refund is None:
        return _not_found()
    error = ""
    if refund.status not in ("waiting", "buyer_shipped"):
        error = "not_pending"
    elif command.data.get("version") != refund.version or command.data.get("amount_fen") != refund.amount_fen:
        error = "stale_version"
    note_operate(world, refund, "refund.agree", accepted=not error, note=error)
    if error:
        return refuse(error)
    if refund.status == "waiting" and refund.kind == "return_and_refund":
        refund.status = "buyer_shipped"  # the shop's answer has one word only, so agreeing means paying
    agree(world, refund, "merchant_api")
    return VendorReply({"result": "refunded"})


def _order(world: World, merchant: Merchant, data: dict[str, Any]) -> Order | None:
    order = world.orders.get(str(data.get("order_id")))
    mine = order is not None and order.merchant == merchant.key and order.platform == "selfbuilt"
    return order if mine else None


def read_order(world: World, merchant: Merchant, command: Command) -> VendorReply:
    order = _order(world, merchant, command.data)
    return VendorReply({"order": selfbuilt_order(order)}) if order else _not_found()


def notify_buyer(world: World, merchant: Merchant, command: Command) -> VendorReply:
    """Tell the buyer something about a parcel, unless the buyer wants no messages."""
    order = _order(world, merchant, command.data)
    if order is None:
        return _not_found()
    parcel, text, topic = (command.data.get(name) for name in ("parcel", "text", "topic"))
    if not isinstance(parcel, dict) or not isinstance(text, str) or not text or not isinstance(topic, str):
        return VendorReply({"error": "bad_request"}, 400, "refused", "bad_request")
    world.buyer_messages.put(
        BuyerMessage(
            key=command.key,
            merchant=merchant.key,
            order_id=order.key,
            carrier=str(parcel.get("carrier", "")),
            waybill=str(parcel.get("waybill", "")),
            topic=topic,
            text=text,
            at=world.now(),
            accepted=order.buyer_notices,
        )
    )
    return VendorReply({"accepted": True} if order.buyer_notices else {"accepted": False, "reason": "opted_out"})


COMMANDS: dict[str, Callable[[World, Merchant, Command], VendorReply]] = {
    "refund.read": read_refund,
    "refund.agree": agree_refund,
    "order.read": read_order,
    "buyer.notify": notify_buyer,
}
