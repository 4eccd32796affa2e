"""Self-built shops: huhang's own format, signed both ways by Standard Webhooks 1.0.0.

Manual: docs of huhang, "Connect a self-built shop"; signatures: standardwebhooks.com. Money is fen as JSON integers,
times are ISO 8601 with an offset, ids are texts.

    shop ──▶ huhang   {"type", "timestamp", "data"}: order.* with data = order, refund.* with data = refund,
                      return.received with data = {carrier, waybill, received_at}
    huhang ──▶ shop   POST api_url {"type": "order.read" | "refund.read" | "refund.agree" | "buyer.notify",
                      "timestamp", "data"}; refund.agree and buyer.notify are idempotent by `webhook-id`
    order    {order_id, status, paid_fen, paid_at, ship_by, province, buyer_notices, updated_at,
              lines: [{line_id, quantity, amount_fen}], parcels: [{carrier, waybill, line_ids, shipped_at}]}
    refund   {refund_id, order_id, status, kind, amount_fen, version, deadline_at, line_ids,
              return_parcel: {carrier, waybill, shipped_at}}

Account: secret (several, separated by spaces, while they are changed), api_url.

The webhook function imports this module while a shop waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import Fields, Unreadable, label
from shared.domain.standard_webhooks import signed_request, verify
from shared.domain.vendor import NO_NUMBER, credential, read_reply
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import MalformedMessage, Permanent, Unclear, UnknownMerchant

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

    from shared.domain.commands import AgreeRefund, Command, FetchOrder, PlatformCommand, ReadRefund, TellBuyer
    from shared.domain.events import EventIgnored, EventUnknown, RefundReported
    from shared.domain.messages import AnyEvent
    from shared.domain.order import OrderLine, Shipment
    from shared.domain.steps import Checking, Finding, Steps

PLATFORM = "selfbuilt"
LANE = Lane.REFUNDS
ACKNOWLEDGEMENT = '{"received":true}'
PROVINCE_MAX = 40

ORDER_TYPES: dict[str, str | None] = {
    "order.paid": "paid",
    "order.shipped": "shipped",
    "order.partly_shipped": "partly_shipped",
    "order.address_changed": None,
    "order.finished": "finished",
    "order.cancelled": "cancelled",
}
REFUND_TYPES: dict[str, str] = {
    "refund.created": "pending",
    "refund.modified": "pending",
    "refund.withdrawn": "closed",
    "refund.refused": "refused",
    "refund.refunded": "refunded",
}
ORDER_STATUSES = ("paid", "partly_shipped", "shipped", "finished", "cancelled")
REFUND_STATUSES = ("pending", "in_progress", "refused", "closed", "refunded")
REFUND_KINDS = ("refund_only", "return_and_refund", "other")


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push's signature, its age and its form.

    Raises:
        BadSignature: not signed by this shop.
        StaleTimestamp: more than five minutes old, or from the future.
        MalformedMessage: no JSON object with `type` and `data`.
    """
    verify(push, account, now)
    try:
        message = read.document(push.body)
        if not isinstance(message.get("type"), str) or not isinstance(message.get("data"), dict):
            raise Unreadable("type and data expected")
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Give the one event of a push its fate."""
    from shared.domain.events import EventUnknown

    what = "selfbuilt push"
    try:
        message = read.document(body)
        kind = message.get("type")
        what = f"selfbuilt type {label(kind)}"
        at, data = read.iso(message, "timestamp"), read.nested(message, "data")
        if kind == "return.received":
            return [_return_received(merchant, at, data)]
        if isinstance(kind, str) and kind in ORDER_TYPES:
            return [_order(merchant, at, data, ORDER_TYPES[kind], address_changed=kind == "order.address_changed")]
        if isinstance(kind, str) and kind in REFUND_TYPES:
            return [_refund(merchant, at, data, REFUND_TYPES[kind])]
        return [EventUnknown(what=what, reason="unlisted type")]
    except Unreadable as error:
        return [EventUnknown(what=what, reason=str(error))]


def _return_received(merchant: str, at: datetime, data: Fields) -> AnyEvent:
    from shared.domain.events import ReturnReceived

    return ReturnReceived(
        merchant=merchant,
        carrier=read.identifier(data, "carrier"),
        waybill=read.identifier(data, "waybill"),
        at=read.iso(data, "received_at") if data.get("received_at") else at,
    )


def _order(merchant: str, at: datetime, data: Fields, status: str | None, **more: object) -> AnyEvent:
    from shared.domain.events import OrderReported

    fields = {
        "merchant": merchant,
        "platform": PLATFORM,
        "order_id": read.identifier(data, "order_id"),
        "at": read.iso(data, "updated_at") if data.get("updated_at") else at,
        "status": status,
        "paid_fen": None if data.get("paid_fen") is None else read.fen(data, "paid_fen"),
        "lines": tuple(_line(line) for line in read.objects(data, "lines")),
        "shipments": tuple(_shipment(parcel) for parcel in read.objects(data, "parcels")),
        "paid_at": _instant(data, "paid_at"),
        "ship_by": _instant(data, "ship_by"),
        "region": _province(data),
        "buyer_quiet": _is_quiet(data),
    }
    return OrderReported.model_validate(fields | more)


def _line(line: Fields) -> OrderLine:
    from shared.domain.order import OrderLine

    quantity = read.integer(line, "quantity", 0) if "quantity" in line else 1
    return OrderLine(
        line_id=read.identifier(line, "line_id"), quantity=quantity, amount_fen=read.fen(line, "amount_fen")
    )


def _shipment(parcel: Fields) -> Shipment:
    """Read a parcel; a shop need not know its carrier, least of all that of a return."""
    from shared.domain.order import UNKNOWN_CARRIER, Shipment

    return Shipment(
        carrier=UNKNOWN_CARRIER if parcel.get("carrier") in (None, "") else read.identifier(parcel, "carrier"),
        waybill=read.identifier(parcel, "waybill"),
        line_ids=_line_ids(parcel),
        shipped_at=_instant(parcel, "shipped_at"),
    )


def _instant(data: Fields, name: str) -> datetime | None:
    return read.iso(data, name) if data.get(name) not in (None, "") else None


def _province(data: Fields) -> str:
    name = read.text(data, "province")
    if len(name) > PROVINCE_MAX:
        raise Unreadable("province: too long")
    return name


def _is_quiet(data: Fields) -> bool:
    """Whether the buyer wants no messages; who has not said so gets them."""
    wanted = data.get("buyer_notices")
    if wanted is not None and not isinstance(wanted, bool):
        raise Unreadable("buyer_notices: true or false expected")
    return wanted is False


def _line_ids(data: Fields) -> tuple[str, ...]:
    return tuple(read.as_identifier(one, "line_ids") for one in read.items(data, "line_ids"))


def _refund(merchant: str, at: datetime, data: Fields, status: str, **more: object) -> RefundReported:
    from shared.domain.events import RefundReported

    fields = {
        "merchant": merchant,
        "platform": PLATFORM,
        "refund_id": read.identifier(data, "refund_id"),
        "order_id": read.identifier(data, "order_id"),
        "at": at,
        "version": read.integer(data, "version", 0),
        "status": status,
        "kind": None if data.get("kind") is None else _one_of(REFUND_KINDS, data, "kind"),
        "amount_fen": None if data.get("amount_fen") is None else read.fen(data, "amount_fen"),
        "line_ids": _line_ids(data),
        "deadline_at": _instant(data, "deadline_at"),
        "return_parcel": None if data.get("return_parcel") is None else _shipment(read.nested(data, "return_parcel")),
    }
    return RefundReported.model_validate(fields | more)


def _one_of(words: tuple[str, ...], data: Fields, name: str) -> str:
    word = read.text(data, name)
    if word not in words:
        raise Unreadable(f"{name}: one of {', '.join(words)} expected")
    return word


def carry_out(command: PlatformCommand, account: Mapping[str, str], now: datetime) -> Steps:
    """Carry out one command at the shop.

    Raises:
        Retryable: a read that failed, or too many calls.
        Permanent: refused with the shop's word (`stale_version`, `not_pending`, `not_found` …).
        Unclear: the agreement may have taken effect, or the buyer may have been told.
    """
    from shared.domain import commands

    match command:
        case commands.FetchOrder():
            return (yield from _fetch_order(command, account, now))
        case commands.ReadRefund():
            return (yield from _read_refund(command, account, now))
        case commands.AgreeRefund():
            return (yield from _agree_refund(command, account, now))
        case commands.TellBuyer():
            return (yield from _tell_buyer(command, account, now))
    raise Permanent("not_supported", command.type)


def find_out(command: PlatformCommand, account: Mapping[str, str], now: datetime) -> Finding:
    """Ask whether an agreement whose answer was lost took effect.

    Reads leave nothing to find, and a notice is simply sent again: by its id the shop answers as it did before.
    """
    from shared.domain.commands import AgreeRefund
    from shared.domain.events import CommandFailed

    if not isinstance(command, AgreeRefund):
        return None
    refund = yield from _read_refund(command, account, now)
    if refund.status == "refunded":
        return _agreed(command, now)
    if refund.status == "in_progress":
        raise Unclear("in_progress")
    if refund.status == "pending" and refund.version == command.version:
        return None
    code = "stale_version" if refund.status == "pending" else "not_pending"
    asked = {"merchant": command.merchant, "reply_to": command.reply_to, "answers": command.command_id}
    return CommandFailed(**asked, command=command.type, code=code)


def _fetch_order(command: FetchOrder, account: Mapping[str, str], now: datetime) -> Steps:
    from shared.domain.keys import CaseKey, CaseKind

    answer = yield from _ask(command, "order.read", {"order_id": command.order_id}, account, now)
    asker = CaseKey.parse(command.reply_to)
    try:
        order = read.nested(answer, "order")
        if read.identifier(order, "order_id") != command.order_id:
            raise Unreadable("order_id: another order")
        read.iso(order, "updated_at")
        status = _one_of(ORDER_STATUSES, order, "status")
        asked_by = asker.id if asker.kind is CaseKind.REFUND else ""
        return _order(command.merchant, now, order, status, paid_fen=read.fen(order, "paid_fen"), asked_by=asked_by)
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None


def _read_refund(
    command: ReadRefund | AgreeRefund, account: Mapping[str, str], now: datetime
) -> Generator[HttpRequest, HttpReply, RefundReported]:
    answer = yield from _ask(command, "refund.read", {"refund_id": command.refund_id}, account, now)
    try:
        refund = read.nested(answer, "refund")
        if read.identifier(refund, "refund_id") != command.refund_id:
            raise Unreadable("refund_id: another refund")
        status = _one_of(REFUND_STATUSES, refund, "status")
        fresh = {"amount_fen": read.fen(refund, "amount_fen"), "kind": _one_of(REFUND_KINDS, refund, "kind")}
        return _refund(command.merchant, now, refund, status, answers=command.command_id, **fresh)
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None


def _agree_refund(command: AgreeRefund, account: Mapping[str, str], now: datetime) -> Steps:
    data = {"refund_id": command.refund_id, "amount_fen": command.amount_fen, "version": command.version}
    reply = yield signed_request(account, now, command.command_id, "refund.agree", data)
    answer = _judge(reply, writes=True)
    if answer.get("result") != "refunded":
        raise Unclear("agreement without a result")
    return _agreed(command, now)


def _agreed(command: AgreeRefund, at: datetime) -> AnyEvent:
    from shared.domain.events import RefundAgreed

    case = {"merchant": command.merchant, "platform": PLATFORM, "refund_id": command.refund_id}
    return RefundAgreed(**case, answers=command.command_id, at=at)


def _tell_buyer(command: TellBuyer, account: Mapping[str, str], now: datetime) -> Steps:
    from shared.domain.events import BuyerTold

    parcel = {"carrier": command.carrier, "waybill": command.waybill}
    told = {"topic": command.topic, "moment": command.moment, "text": command.text}
    data = {"order_id": command.order_id, "parcel": parcel, **told}
    answer = _judge((yield signed_request(account, now, command.command_id, "buyer.notify", data)), writes=True)
    accepted = answer.get("accepted")
    if not isinstance(accepted, bool):
        raise Unclear("notice without a verdict")
    return BuyerTold(merchant=command.merchant, **parcel, answers=command.command_id, accepted=accepted)


def _ask(
    command: Command, kind: str, data: Mapping[str, object], account: Mapping[str, str], now: datetime
) -> Generator[HttpRequest, HttpReply, Fields]:
    """Ask a question; each has an id of its own, so that no shop answers from its memory of an earlier one."""
    identity = f"{command.command_id}:{kind}:{int(now.timestamp() * 1000)}"
    reply = yield signed_request(account, now, identity, kind, data)
    return _judge(reply, writes=False)


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Ask for an order that does not exist: only a shop that took the signature says `not_found`.

    Gives `selfbuilt:` and the address of the shop.

    Raises:
        UnknownMerchant: the account is incomplete, or `api_url` is no address.
        Retryable: the shop is in trouble.
        Permanent: refused with the shop's word, `bad_signature` or the like; `http_404` where something else answers.
    """
    shop = _shop(account)
    identity = f"check:order.read:{int(now.timestamp() * 1000)}"
    try:
        _judge((yield signed_request(account, now, identity, "order.read", {"order_id": NO_NUMBER})), writes=False)
    except Permanent as refusal:
        if refusal.code == "not_found":
            return shop
        raise
    raise Permanent("no_such_order_exists", "查询不存在的订单应返回 404 not_found")


def _shop(account: Mapping[str, str]) -> str:
    """Name a shop by its address, without what may change."""
    try:
        url = urlsplit(credential(account, "api_url"))
        port = f":{url.port}" if url.port else ""
    except ValueError:
        raise UnknownMerchant("account_incomplete", "api_url") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise UnknownMerchant("account_incomplete", "api_url")
    return f"{PLATFORM}:{url.hostname}{port}{url.path.rstrip('/')}"


def _judge(reply: HttpReply, *, writes: bool) -> Fields:
    """Judge the answer: 2xx is the shop's yes, everything else its no, with its word for it.

    Raises:
        Retryable, Unclear: as `read_reply` says.
        Permanent: refused.
    """
    answer = read_reply(reply, writes=writes)
    if 200 <= reply.status < 300:
        return answer
    word = answer.get("error")
    raise Permanent(label(word) if isinstance(word, str) and word else f"http_{reply.status}")
