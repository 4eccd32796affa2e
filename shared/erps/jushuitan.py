"""Jushuitan openweb (聚水潭): stop an order before it ships, and list the goods that the warehouse took back.

Manual: openweb.jushuitan.com dev-doc, 签名规则, 订单查询, 转异常, 订单取消, 售后收货查询, as of 2025-01 (mirrored by
public SDKs). Success is `code` 0, and even then single orders may have failed inside. A cancel does not say what became
of the order, so every write is followed by a read.
Account: app_key, app_secret, access_token; optional base_url, cancel_type, question_type, limits, and RECEIVED's keys
with the prefix `received_`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from shared.domain import reading as read
from shared.domain.limits import ALL, RateLimit
from shared.domain.reading import BEIJING, Fields, Unreadable, label
from shared.domain.vendor import NO_NUMBER, clip, credential, read_reply
from shared.domain.wire import HttpReply, HttpRequest
from shared.errors import NotYet, Permanent, Retryable, Throttled, TooMuch, Unclear

# pydantic and the domain types are imported late, as in all vendor modules: importing one costs next to nothing
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from datetime import datetime

    from shared.domain.commands import StopOrder
    from shared.domain.events import EventUnknown, ReturnReceived
    from shared.domain.messages import AnyEvent
    from shared.domain.order import Shipment
    from shared.domain.steps import Checking, Finding, Steps

PRODUCTION = "https://openapi.jushuitan.com"
QUERY = "open/orders/single/query"
CANCEL = "open/jushuitan/orderbyoid/cancel"
HOLD = "open/webapi/orderapi/questionorder/questions"
RECEIPTS = "open/aftersale/received/query"
LIMITS = {ALL: (RateLimit(5, timedelta(seconds=1)), RateLimit(100, timedelta(minutes=1)))}  # codes 199 and 200
REQUESTS_MAX = {"stop_order": 4}  # read, hold, cancel, read
PAGE_SIZE = 50
PAGES_MAX = 10
WINDOW_MAX = timedelta(days=7)
SETTLE = timedelta(seconds=5)
PRINTED_MARK = "已打单"

# status of an order: what is left to do for it
STATUSES: dict[str, str] = {
    "WaitPay": "waiting",
    "WaitConfirm": "waiting",
    "WaitFConfirm": "waiting",
    "WaitOuterSent": "waiting",
    "Question": "held",
    "Delivering": "printed",
    "Sent": "shipped",
    "Cancelled": "cancelled",
    "Merged": "moved",
    "Split": "moved",
}
# code of an answer: when to try again; every other code but 0 is for a person
RETRIES: dict[int, timedelta] = {
    199: timedelta(seconds=2),  # more than 5 calls a second
    200: timedelta(seconds=60),  # more than 100 calls a minute
    140: timedelta(seconds=1),  # our clock; the next try is signed anew
}
THROTTLED = (199, 200)
# logistics_company, and lc_id where the name is not listed; anything else is for a person
CARRIERS: dict[str, str] = {
    "中通": "zto",
    "中通快递": "zto",
    "中通速递": "zto",
    "圆通": "yto",
    "圆通快递": "yto",
    "圆通速递": "yto",
    "申通": "sto",
    "申通快递": "sto",
    "韵达": "yunda",
    "韵达快递": "yunda",
    "韵达速递": "yunda",
    "顺丰": "sf",
    "顺丰速运": "sf",
    "顺丰快递": "sf",
    "极兔": "jt",
    "极兔速递": "jt",
    "京东快递": "jdl",
    "京东物流": "jdl",
    "ZTO": "zto",
    "YTO": "yto",
    "STO": "sto",
    "YUNDA": "yunda",
    "SF": "sf",
    "JT": "jt",
    "JD": "jdl",
}
UNLISTED = "unlisted"
# aftersale/received/query: the reply's fields are unverified, an account may name others
RECEIVED: dict[str, str] = {
    "list": "datas",
    "waybill": "l_id",
    "company": "logistics_company",
    "at": "io_date",
}


def carry_out(command: StopOrder, account: Mapping[str, str], now: datetime) -> Steps:
    """Cancel an order that is not shipped, or hold it where that is too much or too late. Safe to repeat.

    Raises:
        Retryable: throttled, or the ERP does not show yet what it was told.
        Permanent: refused, merged or split, or in a status that nobody has taught us.
        Unclear: a cancel or hold may have taken effect.
    """
    if command.type != "stop_order":
        raise Permanent("not_supported", command.type)
    orders = yield from _orders(command, account, now)
    states = _states(orders)
    printed = [order for order in orders if order.get("status") not in ("Sent", "Cancelled") and _is_printed(order)]
    free = [order for order, state in zip(orders, states, strict=True) if state in ("waiting", "held")]
    to_hold = [order for order, state in zip(orders, states, strict=True) if state == "printed"]
    to_cancel = [order for order in free if order not in printed] if command.whole else []
    if not command.whole:
        to_hold += [order for order, state in zip(orders, states, strict=True) if state == "waiting"]
    refusal = None
    if to_hold:
        refusal = yield from _hold(command, account, now, to_hold)
    if to_cancel:
        refusal = (yield from _cancel(command, account, now, to_cancel)) or refusal
    if to_hold or to_cancel:
        try:
            orders = yield from _orders(command, account, now)
            states = _states(orders)
        except Permanent as error:
            raise Unclear(f"told, but not seen: {error}") from None
    if refusal and not set(states) <= {"shipped", "cancelled"}:
        raise refusal
    if "waiting" in states or (command.whole and not printed and "held" in states):
        raise NotYet("the ERP does not show yet what it was told", SETTLE)
    return _stopped(command, orders, states, is_printed=bool(printed))


def find_out(command: StopOrder, account: Mapping[str, str], now: datetime) -> Finding:
    """Carry it out again: it begins by reading, and what is done already is left alone."""
    return (yield from carry_out(command, account, now))


def _stopped(command: StopOrder, orders: Sequence[Fields], states: Sequence[str], *, is_printed: bool) -> AnyEvent:
    """Give the outcome that the ERP shows; shipped counts before printed, printed before held."""
    from shared.domain.events import OrderStopped

    if not orders:
        result = "not_synced"
    elif "shipped" in states:
        result = "shipped"
    elif set(states) == {"cancelled"}:
        result = "cancelled"
    else:
        result = "label_printed" if is_printed else "held"
    return OrderStopped(
        merchant=command.merchant,
        platform=command.platform,
        refund_id=command.refund_id,
        order_id=command.order_id,
        answers=command.command_id,
        result=result,
        shipments=[parcel for order in orders for parcel in _shipments(order)],
    )


def _states(orders: Sequence[Fields]) -> list[str]:
    """Translate the statuses.

    Raises:
        Permanent: an order was merged or split, so that another one must be stopped; or its status is unlisted.
    """
    states = []
    for order in orders:
        status = order.get("status")
        state = STATUSES.get(status) if isinstance(status, str) else None
        if state is None:
            raise Permanent("unknown_status", label(status))
        if state == "moved":
            raise Permanent("merged_or_split", label(status))
        states.append("printed" if state == "waiting" and order.get("l_id") else state)
    return states


def _is_printed(order: Fields) -> bool:
    """Whether a label exists: a number, or our own mark from an earlier hold."""
    return (
        order.get("status") == "Delivering"
        or bool(order.get("l_id"))
        or PRINTED_MARK in clip(order.get("question_desc"))
    )


def _shipments(order: Fields) -> list[Shipment]:
    from shared.domain.order import Shipment

    if order.get("status") == "Cancelled":
        return []
    names = (order.get("logistics_company"), order.get("lc_id"))
    carrier = next((CARRIERS[name] for name in names if isinstance(name, str) and name in CARRIERS), UNLISTED)
    numbers = [number.strip() for number in read.text(order, "l_id").split(",")]
    return [Shipment(carrier=carrier, waybill=read.as_identifier(one, "l_id")) for one in numbers if one]


def _orders(
    command: StopOrder, account: Mapping[str, str], now: datetime
) -> Generator[HttpRequest, HttpReply, Sequence[Fields]]:
    """Read all ERP orders of one platform order: the order itself, and what was sent after it."""
    biz = {"so_ids": [command.order_id], "page_index": 1, "page_size": PAGE_SIZE}
    reply = yield _request(account, now, QUERY, biz)
    try:
        data = read.nested(_judge(reply, writes=False), "data")
        if "orders" not in data and data.get("data_count") != 0:
            raise Unreadable("orders: list expected, got nothing")  # no answer must not look like no order
        orders = read.objects(data, "orders")
        mine = [order for order in orders if order.get("so_id") == command.order_id]
        if orders and not mine:
            raise Unreadable("so_id: other orders")
        for order in mine:
            read.integer(order, "o_id")
            _shipments(order)
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None
    return mine


def _hold(
    command: StopOrder, account: Mapping[str, str], now: datetime, orders: Sequence[Fields]
) -> Generator[HttpRequest, HttpReply, Permanent | None]:
    """转异常: orders that fail are listed inside a success."""
    printed = any(map(_is_printed, orders))
    biz = {
        "o_ids": [order["o_id"] for order in orders],
        "question_type": account.get("question_type") or "买家退款",
        "question_desc": f"护航 {command.refund_id}" + (f" {PRINTED_MARK}" if printed else ""),
    }
    try:
        data = read.nested(_judge((yield _request(account, now, HOLD, biz)), writes=True), "data")
        if "fail" not in data:
            raise Unclear("hold without a verdict")
        if read.integer(data, "fail") > 0:
            texts = [clip(one.get("msg")) for one in read.objects(data, "message")]
            return Permanent("hold_refused", clip("；".join(texts)))
    except Unreadable as error:
        raise Unclear(str(error)) from None
    except Permanent as refusal:
        return refusal
    return None


def _cancel(
    command: StopOrder, account: Mapping[str, str], now: datetime, orders: Sequence[Fields]
) -> Generator[HttpRequest, HttpReply, Permanent | None]:
    """订单取消, by internal numbers; success says nothing about any order."""
    biz = {
        "o_ids": [order["o_id"] for order in orders],
        "cancel_type": account.get("cancel_type") or "售后取消",
        "remark": f"护航 {command.refund_id}",
    }
    try:
        _judge((yield _request(account, now, CANCEL, biz)), writes=True)
    except Permanent as refusal:
        return refusal
    return None


def list_events(
    merchant: str, account: Mapping[str, str], now: datetime, since: datetime, until: datetime
) -> Generator[HttpRequest, HttpReply, list[ReturnReceived | EventUnknown]]:
    """Read the goods that the warehouse counted in since then (售后收货查询), at most 500 receipts of seven days.

    Receipts without a parcel's number concern no parcel and are left out.

    Raises:
        TooMuch: `too_many_receipts`; the time since then is too long.
    """
    names = {key: account.get(f"received_{key}") or name for key, name in RECEIVED.items()}
    begin = max(since, until - WINDOW_MAX)
    found: list[ReturnReceived | EventUnknown] = []
    for page in range(1, PAGES_MAX + 1):
        window = {"modified_begin": _beijing(begin), "modified_end": _beijing(until)}
        biz = {**window, "page_index": page, "page_size": PAGE_SIZE}
        answer = _judge((yield _request(account, now, RECEIPTS, biz)), writes=False)
        try:
            data = read.nested(answer, "data")
            receipts = read.items(data, names["list"])
        except Unreadable as error:
            raise Permanent("unreadable_reply", str(error)) from None
        found += [event for receipt in receipts if (event := _received(merchant, names, receipt))]
        if data.get("has_next") is not True or not receipts:
            return found
    raise TooMuch("too_many_receipts", f"more than {PAGES_MAX * PAGE_SIZE}")


def _received(merchant: str, names: Mapping[str, str], receipt: object) -> ReturnReceived | EventUnknown | None:
    from shared.domain.events import EventUnknown, ReturnReceived

    try:
        fields = read.as_object(receipt, "receipt")
        if not fields.get(names["waybill"]):
            return None
        company = read.text(fields, names["company"])
        return ReturnReceived(
            merchant=merchant,
            carrier=CARRIERS.get(company, UNLISTED),
            waybill=read.identifier(fields, names["waybill"]),
            at=read.beijing(fields, names["at"]),
        )
    except Unreadable as error:
        return EventUnknown(what="jushuitan receipt", reason=str(error))


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Read an order that is none and the receipts of the last minute, so that both permissions are seen.

    One ERP may serve several merchants, so it names no shop.

    Raises:
        UnknownMerchant: the account is incomplete.
        Retryable: throttled, or a read failed.
        Permanent: refused with Jushuitan's code, `token` where the access token is to blame.
    """
    paged = {"page_index": 1, "page_size": 1}
    _judge((yield _request(account, now, QUERY, {"so_ids": [NO_NUMBER], **paged})), writes=False)
    window = {"modified_begin": _beijing(now - timedelta(minutes=1)), "modified_end": _beijing(now)}
    _judge((yield _request(account, now, RECEIPTS, {**window, **paged})), writes=False)
    return ""


def _beijing(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _request(account: Mapping[str, str], now: datetime, path: str, biz: Mapping[str, object]) -> HttpRequest:
    """Sign a form; `biz` is JSON text, signed and sent as it is."""
    form = {
        "app_key": credential(account, "app_key"),
        "access_token": credential(account, "access_token"),
        "timestamp": str(int(now.timestamp())),
        "charset": "utf-8",
        "version": "2",
        "biz": json.dumps(biz, ensure_ascii=False, separators=(",", ":")),
    }
    form["sign"] = sign_form(form, credential(account, "app_secret"))
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    base = account.get("base_url") or PRODUCTION
    return HttpRequest("POST", f"{base}/{path}", headers, urlencode(form).encode())


def sign_form(form: Mapping[str, str], secret: str) -> str:
    """Sign a call (签名规则): MD5 over the secret and all fields but `sign`, by key, not URL-encoded."""
    joined = "".join(f"{key}{form[key]}" for key in sorted(form) if key != "sign")
    return hashlib.md5((secret + joined).encode()).hexdigest()


def _judge(reply: HttpReply, *, writes: bool) -> Fields:
    """Judge the envelope: success is `code` 0 and nothing else.

    Raises:
        Throttled: too many calls.
        Retryable: the clock.
        Unclear: a write answered without a code.
        Permanent: `token` where the access token is to blame, else the vendor's code; 100 is also any business refusal.
    """
    answer = read_reply(reply, writes=writes)
    code, text = answer.get("code"), clip(answer.get("msg"))
    if not isinstance(code, int) or isinstance(code, bool):
        if writes:
            raise Unclear("answer without a code")
        raise Permanent("no_code", text)
    if code in RETRIES:
        error = Throttled if code in THROTTLED else Retryable
        raise error(f"jushuitan {code}", RETRIES[code])
    if code != 0:
        raise Permanent("token" if code == 100 and "access_token" in text else str(code), text)
    return answer
