"""Douyin shop (抖店): pushed tags to events; orders read, refunds read and agreed through its open API.

Manual: op.jinritemai.com, 消息推送 (guide-docs 153/99, message-docs 30 and 31), API (guide-docs 215/1977, 217/1979,
api-docs 15/555), as of 2026-03. Money is fen, times are epoch seconds except the ISO `update_time` of pushes, ids
exceed 2^53.
Buyers are not told anything: the chat has no API, and /sms/send wants a phone number, which huhang never keeps.
Account: app_key, app_secret, access_token, shop_id (店铺ID, as the shop's console shows it); optional base_url,
operate_type_agree_refund_only.

The webhook function imports this module while a platform waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import Fields, Unreadable, label
from shared.domain.vendor import LATER, SOON, clip, credential, is_same, read_reply
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import BadSignature, MalformedMessage, Permanent, Retryable, Throttled, TooMuch, Unclear

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

    from shared.domain.commands import AgreeRefund, FetchOrder, PlatformCommand, ReadRefund
    from shared.domain.events import EventIgnored, EventUnknown, RefundReported
    from shared.domain.messages import AnyEvent
    from shared.domain.order import Shipment
    from shared.domain.steps import Checking, Finding, Steps

PLATFORM = "douyin"
LANE = Lane.REFUNDS
ACKNOWLEDGEMENT = '{"code":0,"msg":"success"}'
PRODUCTION = "https://openapi-fxg.jinritemai.com"
PAGE_SIZE = 100
PAGES_MAX = 10
ORDERS_SPAN = timedelta(days=90)  # order/searchList looks no further back

# message-docs 30: the order's status, and the field with the time of the event
ORDER_TAGS: dict[str, tuple[str | None, str]] = {
    "101": ("paid", "pay_time"),
    "102": ("shipped", "update_time"),
    "103": ("finished", "complete_time"),
    "105": (None, "update_time"),  # the receiver's address changed
    "106": ("cancelled", "cancel_time"),
    "108": ("partly_shipped", "update_time"),
}
# message-docs 31: the refund's status, and the field with the time of the event where `update_time` is missing
REFUND_TAGS: dict[str, tuple[str, str]] = {
    "200": ("pending", "apply_time"),
    "201": ("in_progress", "agree_time"),
    "202": ("in_progress", "agree_time"),
    "203": ("in_progress", "return_time"),
    "204": ("refused", "refuse_time"),
    "205": ("refused", "refuse_time"),
    "206": ("refunded", "success_time"),
    "207": ("closed", "close_time"),
    "208": ("pending", "modify_time"),
    "209": ("pending", "update_time"),  # the deadline changed
}
IGNORED_TAGS: dict[str, str] = {
    "0": "probe of the URL",
    "100": "order created, not paid",
    "104": "logistics changed after shipping",
    "109": "amount changed before payment",
    "110": "paid, pending; carries neither amount nor time, 101 follows",
    "111": "address change requested",
    "112": "appointment changed",
    "113": "merchant memo",
    "126": "ship deadline changed",
    "211": "exchange confirmed",
    "212": "arbitration applied",
    "213": "evidence wanted",
    "214": "evidence submitted",
    "215": "arbitration cancelled",
    "216": "arbitration decided",
    "217": "customer service intervened",
    "218": "negotiation upload",
    "224": "special-benefit refund",
    "225": "special-benefit refund paid",
    "226": "reship sent",
    "227": "reship agreed",
    "400": "product changed",
    "417": "product changed",
}
# afterSale/Detail, after_sale_status
REFUND_STATUSES: dict[int, str] = {
    0: "in_progress",
    6: "pending",
    7: "in_progress",
    8: "in_progress",
    11: "in_progress",
    12: "refunded",
    13: "in_progress",
    14: "in_progress",
    27: "refused",
    28: "closed",
    29: "refused",
    51: "closed",
    53: "in_progress",
}
PAID_BACK = 3  # afterSale/Detail, refund_status: 退款成功
PAYING_BACK = 2  # 退款中
# order/orderDetail, order_status
ORDER_STATUSES: dict[int, str] = {
    1: "unknown",  # unpaid
    2: "paid",
    3: "shipped",
    4: "cancelled",
    5: "finished",
    101: "partly_shipped",
    105: "paid",
}
REFUND_KINDS: dict[int, str] = {0: "return_and_refund", 1: "refund_only", 2: "refund_only"}
# Douyin's company codes; an unlisted one is kept as it is
CARRIERS: dict[str, str] = {
    "zhongtong": "zto",
    "yuantong": "yto",
    "shentong": "sto",
    "yunda": "yunda",
    "shunfeng": "sf",
    "jtexpress": "jt",
    "jd": "jdl",
}
NOT_ALLOWED = "20309541"  # the refund's status does not allow it: perhaps done already
THROTTLED = ("call-limit", "rate-limit", "flow-limit", "throttl", "frequency")


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push (guide-docs 153/99): MD5 over app_key + body + app_secret, HMAC only where the header says so.

    The signature holds no time; repeated pushes are harmless because events are.

    Raises:
        BadSignature: not signed by this app.
        MalformedMessage: no JSON array of objects.
    """
    key, secret = credential(account, "app_key"), credential(account, "app_secret")
    signed = key.encode() + push.body + secret.encode()
    method = push.headers.get("sign-method", "").lower()
    if method in ("", "md5"):
        ours = hashlib.md5(signed).hexdigest()
    elif method.startswith("hmac"):
        ours = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    else:
        raise BadSignature("sign_method", label(method))
    if not is_same(ours, push.headers.get("event-sign", "")) or not is_same(key, push.headers.get("app-id", "")):
        raise BadSignature("event-sign")
    try:
        elements = read.any_json(push.body)
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None
    if not isinstance(elements, list) or not all(isinstance(element, dict) for element in elements):
        raise MalformedMessage("body", "array of objects expected")


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Give every element of a push its fate."""
    from shared.domain.events import EventUnknown

    try:
        elements = read.any_json(body)
        if not isinstance(elements, list):
            raise Unreadable("array expected")
    except Unreadable as error:
        return [EventUnknown(what="douyin push", reason=str(error))]
    return [_parse_element(merchant, element) for element in elements]


def _parse_element(merchant: str, element: object) -> AnyEvent | EventIgnored | EventUnknown:
    from shared.domain.events import EventIgnored, EventUnknown

    tag = label(element.get("tag")) if isinstance(element, dict) else ""
    what = f"douyin tag {tag}"
    if tag in IGNORED_TAGS:
        return EventIgnored(what=f"{what}: {IGNORED_TAGS[tag]}")
    if tag not in ORDER_TAGS and tag not in REFUND_TAGS:
        return EventUnknown(what=what, reason="unlisted tag")
    try:
        message = read.as_object(element, "element")
        data = message.get("data")
        fields = read.document(data) if isinstance(data, str) else read.as_object(data, "data")
        if tag == "209" and "update_time" not in fields:
            # documented without any time: it cannot be put in order. The poll of changed refunds brings the deadline,
            # and the daily reading where that knows of no change.
            return EventIgnored(what=f"{what}: deadline changed, without a time")
        return _order_pushed(merchant, tag, fields) if tag in ORDER_TAGS else _refund_pushed(merchant, tag, fields)
    except Unreadable as error:
        return EventUnknown(what=what, reason=str(error))


def _order_pushed(merchant: str, tag: str, fields: Fields) -> AnyEvent:
    from shared.domain.events import OrderReported

    status, time_field = ORDER_TAGS[tag]
    at = read.epoch_s(fields, time_field)
    return OrderReported(
        merchant=merchant,
        platform=PLATFORM,
        order_id=read.identifier(fields, "p_id"),
        at=at,
        status=status,
        paid_fen=read.fen(fields, "pay_amount") if tag == "101" else None,
        paid_at=at if tag == "101" else None,
        shipments=_pushed_shipments(read.nested(fields, "logistics_msg"), at),
        address_changed=tag == "105",
    )


def _pushed_shipments(logistics: Fields, at: datetime) -> tuple[Shipment, ...]:
    from shared.domain.order import Shipment

    if not logistics:
        return ()
    carrier, waybill = _carrier(logistics, "express_company_id"), read.identifier(logistics, "logistics_code")
    inside = read.objects(logistics, "shipped_order_info")  # only tag 108 says what is inside
    line_ids = tuple(read.identifier(line, "shipped_order_id") for line in inside)
    return (Shipment(carrier=carrier, waybill=waybill, line_ids=line_ids, shipped_at=at),)


def _carrier(fields: Fields, name: str) -> str:
    from shared.domain.order import UNKNOWN_CARRIER

    if fields.get(name) in (None, ""):
        return UNKNOWN_CARRIER
    code = read.identifier(fields, name)
    return CARRIERS.get(code, code)


def _refund_pushed(merchant: str, tag: str, fields: Fields) -> AnyEvent:
    status, time_field = REFUND_TAGS[tag]
    # `update_time` is the lock; the event's own time stands in where it is missing
    if isinstance(fields.get("update_time"), str):
        at = read.iso(fields, "update_time")
    else:
        at = read.epoch_s(fields, "update_time" if "update_time" in fields else time_field)
    return _refund(
        merchant,
        at,
        refund_id=read.identifier(fields, "aftersale_id"),
        order_id=read.identifier(fields, "p_id"),
        status=status,
        kind=_kind(fields, "aftersale_type") if "aftersale_type" in fields else None,
        amount_fen=read.fen(fields, "refund_amount") if "refund_amount" in fields else None,
        line_ids=(read.identifier(fields, "s_id"),) if fields.get("s_id") else (),
        deadline_at=_time(fields, "status_deadline"),
    )


def _refund(merchant: str, at: datetime, **fields: object) -> RefundReported:
    from shared.domain.events import RefundReported

    version = int(at.timestamp())
    return RefundReported.model_validate(
        {"merchant": merchant, "platform": PLATFORM, "at": at, "version": version, **fields}
    )


def _time(fields: Fields, name: str) -> datetime | None:
    """Read a time that need not be there; 0 is none."""
    return read.epoch_s(fields, name) if fields.get(name) else None


def _kind(fields: Fields, name: str) -> str:
    return REFUND_KINDS.get(read.integer(fields, name), "other")


def carry_out(command: PlatformCommand, account: Mapping[str, str], now: datetime) -> Steps:
    """Carry out one command: reads are harmless, an agreement is locked to the reviewed version.

    Raises:
        Retryable: throttled, or a read that failed.
        Permanent: refused with Douyin's sub-code.
        Unclear: the agreement may have taken effect.
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
            raise Permanent("no_buyer_channel", "抖店不开放会话接口，短信需买家电话")
    raise Permanent("not_supported", command.type)


def find_out(command: PlatformCommand, account: Mapping[str, str], now: datetime) -> Finding:
    """Ask whether an agreement whose answer was lost took effect; reads leave nothing to find."""
    from shared.domain.commands import AgreeRefund

    if not isinstance(command, AgreeRefund):
        return None
    info, _, _ = yield from _read_detail(command, account, now)
    status = _status(info)
    if status == "refunded" or info.get("refund_status") == PAYING_BACK:
        return _agreed(command, now)
    if status == "pending":
        is_same_version = read.epoch_s(info, "update_time").timestamp() == command.version
        return None if is_same_version else _failed(command, "stale_version")
    if status in ("closed", "refused"):
        return _failed(command, "not_pending")
    raise Unclear(f"after_sale_status {label(info.get('after_sale_status'))}")


def _agreed(command: AgreeRefund, at: datetime) -> AnyEvent:
    from shared.domain.events import RefundAgreed

    case = {"merchant": command.merchant, "platform": PLATFORM, "refund_id": command.refund_id}
    return RefundAgreed(**case, answers=command.command_id, at=at)


def _failed(command: AgreeRefund, code: str) -> AnyEvent:
    from shared.domain.events import CommandFailed

    asked = {"merchant": command.merchant, "reply_to": command.reply_to, "answers": command.command_id}
    return CommandFailed(**asked, command=command.type, code=code)


def _agree_refund(command: AgreeRefund, account: Mapping[str, str], now: datetime) -> Steps:
    """afterSale/operate with one item; `update_time` makes the platform refuse what was not reviewed."""
    item = {"aftersale_id": command.refund_id, "update_time": command.version}
    request = _request(account, now, "afterSale/operate", {"type": _agreeing(account), "items": [item]})
    try:
        data = _data((yield request), writes=True)
        verdicts = {
            read.identifier(done, "aftersale_id"): read.integer(done, "status_code")
            for done in read.objects(data, "items")
        }
    except Unreadable as error:
        raise Unclear(str(error)) from None
    except Permanent as refusal:
        if NOT_ALLOWED not in refusal.code:
            raise
        return (yield from _unless_agreed(command, account, now, refusal))
    verdict = verdicts.get(command.refund_id)
    if verdict is None:
        raise Unclear("operate without a verdict")
    if verdict != 0:
        return (yield from _unless_agreed(command, account, now, Permanent(f"operate_{verdict}")))
    return _agreed(command, now)


def _agreeing(account: Mapping[str, str]) -> int:
    kind = account.get("operate_type_agree_refund_only") or "201"
    if not kind.isdecimal():
        raise Permanent("account_incomplete", "operate_type_agree_refund_only")
    return int(kind)


def _unless_agreed(command: AgreeRefund, account: Mapping[str, str], now: datetime, refusal: Permanent) -> Steps:
    """Believe a refusal only when the refund itself shows that it was not agreed."""
    try:
        found = yield from find_out(command, account, now)
    except Permanent as error:
        raise Unclear(f"{refusal}; {error}") from None
    if found is None:
        raise refusal
    return found


def _read_refund(command: ReadRefund, account: Mapping[str, str], now: datetime) -> Steps:
    info, order, process = yield from _read_detail(command, account, now)
    try:
        return _refund(
            command.merchant,
            read.epoch_s(info, "update_time"),
            refund_id=command.refund_id,
            order_id=read.identifier(order, "shop_order_id"),
            status=_status(info),
            kind=_kind(info, "after_sale_type"),
            amount_fen=read.fen(info, "refund_total_amount"),
            line_ids=tuple(read.identifier(line, "sku_order_id") for line in read.objects(order, "sku_order_infos")),
            deadline_at=_time(info, "status_deadline"),
            return_parcel=_goods_back(process),
            answers=command.command_id,
        )
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None


def _goods_back(process: Fields) -> Shipment | None:
    """Read the parcel of a return; its number is what a buyer typed, so one that is none must not stop a refund."""
    try:
        parcel = read.nested(read.nested(process, "logistics_info"), "return")
        return _parcel(parcel, "company_code", "logistics_time") if parcel.get("tracking_no") else None
    except Unreadable:
        return None


def _read_detail(
    command: AgreeRefund | ReadRefund, account: Mapping[str, str], now: datetime
) -> Generator[HttpRequest, HttpReply, tuple[Fields, Fields, Fields]]:
    """afterSale/Detail: the refund's own fields, its order's, and all that is said of its course."""
    request = _request(account, now, "afterSale/Detail", {"after_sale_id": command.refund_id})
    data = _data((yield request), writes=False)
    try:
        process = read.nested(data, "process_info")
        info = read.nested(process, "after_sale_info")
        if read.identifier(info, "after_sale_id") != command.refund_id:
            raise Unreadable("after_sale_id: another refund")
        read.epoch_s(info, "update_time")
        return info, read.nested(data, "order_info"), process
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None


def _status(info: Fields, name: str = "after_sale_status") -> str:
    """Where a refund stands; money that is gone counts before what the status says."""
    if info.get("refund_status") == PAID_BACK:
        return "refunded"
    number = info.get(name)
    if not isinstance(number, int) or number not in REFUND_STATUSES:
        raise Permanent("unknown_status", label(number))
    return REFUND_STATUSES[number]


def _fetch_order(command: FetchOrder, account: Mapping[str, str], now: datetime) -> Steps:
    """order/orderDetail: what was paid, in which lines, in which parcels."""
    from shared.domain.events import OrderReported
    from shared.domain.keys import CaseKey, CaseKind

    asker = CaseKey.parse(command.reply_to)
    data = _data((yield _request(account, now, "order/orderDetail", {"shop_order_id": command.order_id})), writes=False)
    try:
        order = read.nested(data, "shop_order_detail")
        status = ORDER_STATUSES.get(read.integer(order, "order_status"))
        if status is None or read.identifier(order, "order_id") != command.order_id:
            raise Unreadable("order_status or order_id: unlisted, or another order's")
        return OrderReported(
            merchant=command.merchant,
            platform=PLATFORM,
            order_id=command.order_id,
            at=read.epoch_s(order, "update_time"),
            status=status,
            paid_fen=read.fen(order, "pay_amount"),
            lines=[_line(line) for line in read.objects(order, "sku_order_list")],
            shipments=[_parcel(parcel, "company", "ship_time") for parcel in read.objects(order, "logistics_info")],
            paid_at=_time(order, "pay_time"),
            ship_by=_time(order, "exp_ship_time"),
            region=read.text(read.nested(read.nested(order, "post_addr"), "province"), "name"),
            asked_by=asker.id if asker.kind is CaseKind.REFUND else "",
        )
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None


def _line(line: Fields) -> dict[str, object]:
    return {
        "line_id": read.identifier(line, "order_id"),
        "quantity": read.integer(line, "item_num", 0),
        "amount_fen": read.fen(line, "pay_amount"),
    }


def _parcel(parcel: Fields, carrier: str, shipped_at: str) -> Shipment:
    """Read a parcel; an order's and a refund's name its carrier and time differently."""
    from shared.domain.order import Shipment

    return Shipment(
        carrier=_carrier(parcel, carrier),
        waybill=read.identifier(parcel, "tracking_no"),
        line_ids=[read.identifier(product, "sku_order_id") for product in read.objects(parcel, "product_info")],
        shipped_at=_time(parcel, shipped_at),
    )


def list_events(
    merchant: str, account: Mapping[str, str], now: datetime, since: datetime, until: datetime
) -> Generator[HttpRequest, HttpReply, list[RefundReported | EventUnknown]]:
    """Read the refunds changed since then (afterSale/List), oldest change first, at most 1,000.

    Let `since` overlap: a refund that changes during the reading moves the others up a page.

    Raises:
        TooMuch: `too_many_changes`; the time since then is too long.
    """
    found: list[RefundReported | EventUnknown] = []
    window = {"update_start_time": int(since.timestamp()), "update_end_time": int(until.timestamp())}
    for page in range(PAGES_MAX):
        param = {**window, "order_by": ["update_time asc"], "page": page, "size": PAGE_SIZE}
        data = _data((yield _request(account, now, "afterSale/List", param)), writes=False)
        try:
            items = read.items(data, "items")
        except Unreadable as error:
            raise Permanent("unreadable_reply", str(error)) from None
        found += [_listed(merchant, item) for item in items]
        if data.get("has_more") is not True or not items:
            return found
    raise TooMuch("too_many_changes", f"more than {PAGES_MAX * PAGE_SIZE}")


def _listed(merchant: str, item: object) -> RefundReported | EventUnknown:
    from shared.domain.events import EventUnknown

    try:
        info = read.nested(read.as_object(item, "item"), "aftersale_info")
        order = read.nested(read.as_object(item, "item"), "order_info")
        return _refund(
            merchant,
            read.epoch_s(info, "update_time"),
            refund_id=read.identifier(info, "aftersale_id"),
            order_id=read.identifier(order, "shop_order_id"),
            status=_status(info, "aftersale_status"),
            kind=_kind(info, "aftersale_type"),
            amount_fen=read.fen(info, "refund_amount"),
            line_ids=tuple(read.identifier(line, "sku_order_id") for line in read.objects(order, "related_order_info")),
            deadline_at=_time(info, "status_deadline"),
        )
    except (Unreadable, Permanent) as error:
        return EventUnknown(what="douyin afterSale/List item", reason=str(error))


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Read one order and the refunds of the last minute, so that both permissions are seen; gives `douyin:<shop_id>`.

    A shop's orders say which shop it is (order/searchList); of a shop without orders the account's word is taken.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: throttled, or the platform's own trouble.
        Permanent: refused with Douyin's sub-code; `other_shop` where the token is another shop's.
    """
    shop_id, until = credential(account, "shop_id"), int(now.timestamp())
    _agreeing(account)
    window = {"create_time_start": int((now - ORDERS_SPAN).timestamp()), "create_time_end": until}
    data = _data((yield _request(account, now, "order/searchList", {**window, "page": 0, "size": 1})), writes=False)
    try:
        shops = {read.identifier(order, "shop_id") for order in read.objects(data, "shop_order_list")}
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None
    if shops - {shop_id}:
        raise Permanent("other_shop", f"access_token 属于店铺 {'、'.join(sorted(shops))}，shop_id 填写的是 {shop_id}")
    minute = {"update_start_time": until - 60, "update_end_time": until}
    _data((yield _request(account, now, "afterSale/List", {**minute, "page": 0, "size": 1})), writes=False)
    return f"{PLATFORM}:{shop_id}"


def _request(account: Mapping[str, str], now: datetime, path: str, param: Mapping[str, object]) -> HttpRequest:
    """Sign a call; the body's bytes are the signed ones, and the URL holds the token: never log it."""
    key, secret = credential(account, "app_key"), credential(account, "app_secret")
    body = json.dumps(param, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    method, timestamp = path.replace("/", "."), str(int(now.timestamp()))
    query = {
        "app_key": key,
        "method": method,
        "access_token": credential(account, "access_token"),
        "timestamp": timestamp,
        "v": "2",
        "sign_method": "hmac-sha256",
        "sign": sign_call(key, secret, method, body, timestamp),
    }
    base = account.get("base_url") or PRODUCTION
    headers = {"content-type": "application/json;charset=UTF-8"}
    return HttpRequest("POST", f"{base}/{path}?{urlencode(query)}", headers, body.encode())


def sign_call(key: str, secret: str, method: str, param_json: str, timestamp: str) -> str:
    """Sign an API call (guide-docs 217/1979): HMAC-SHA256; access_token and sign_method are not signed."""
    text = f"{secret}app_key{key}method{method}param_json{param_json}timestamp{timestamp}v2{secret}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _data(reply: HttpReply, *, writes: bool) -> Fields:
    """Judge the envelope: success is `code` 10000 and nothing else.

    Raises:
        Throttled: too many calls.
        Retryable: the platform's own trouble (isp.*) with a read.
        Unclear: the platform's own trouble with a write.
        Permanent: isv.* and everything unlisted, with the sub-code.
    """
    envelope = read_reply(reply, writes=writes)
    code, sub_code = envelope.get("code"), clip(envelope.get("sub_code"))
    try:
        if code == 10000:
            return read.nested(envelope, "data")
    except Unreadable as error:
        if writes:
            raise Unclear(str(error)) from None
        raise Permanent("unreadable_reply", str(error)) from None
    if writes and not isinstance(code, int):
        raise Unclear("answer without a code")
    if any(word in sub_code for word in THROTTLED):
        raise Throttled(sub_code, LATER)
    if sub_code.startswith("isp."):
        raise Unclear(sub_code) if writes else Retryable(sub_code, SOON)
    raise Permanent(sub_code or f"code_{label(code)}", clip(envelope.get("sub_msg")) or clip(envelope.get("msg")))
