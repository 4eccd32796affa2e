"""SF Express (顺丰): routes, pushed or asked for, to events; returns and their cancellation through its 丰桥.

Manual: open.sf-express.com 路由推送, EXP_RECE_WANTED_INTERCEPT (截单转寄退回), EXP_RECE_REGISTER_ROUTE,
EXP_RECE_SEARCH_ROUTES (the official demos and public integrations), as of 2026-03. All times are naive Beijing time;
up to ten routes come in one push. There is no call by which SF's people could be urged.
Account: token (the last part of the address that is registered for the push: SF signs no push), partner_id,
checkword, return_name, return_phone, return_province, return_city, return_district, return_address; monthly_card
where pay_mode is 3 or 4. Unverified, so the account can say otherwise: base_url (two production hosts are in use),
role (1, the sender), pay_mode (4, the sender's monthly card), phone_tail (last four digits that registration and
query check; left out by default), registered_codes and not_picked_up_codes (error codes, separated by commas, that
mean "there is one already" and "not before the first scan"; none by default, because SF publishes no list), limits
(none by default; 100/min is said to hold in production).

There is no status of an interception: the routes tell it, and after a lost answer a person is asked.
The webhook function imports this module while a courier waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote_plus, urlencode

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import Fields, Unreadable, label
from shared.domain.vendor import NO_NUMBER, answer_of, both_ends, clip, credential, doubt, read_reply
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import MalformedMessage, Permanent, Throttled, Unclear

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from shared.domain.commands import (
        CancelInterception,
        CourierCommand,
        InterceptParcel,
        QueryTracking,
        SubscribeTracking,
    )
    from shared.domain.events import EventIgnored, EventUnknown
    from shared.domain.messages import AnyEvent
    from shared.domain.parcel import Scan
    from shared.domain.steps import Checking, Finding, Steps

CARRIER = "sf"
LANE = Lane.PARCELS
ACKNOWLEDGEMENT = '{"return_code":"0000","return_msg":"成功"}'
PRODUCTION = "https://bspgw.sf-express.com"
BACK_OFF = timedelta(seconds=10)
FIRST_YEAR = 2015  # earlier times are not times: 2000-01-01 is how some systems write "none"
RETURN = "2"  # `serviceCode` of an interception; 1 would forward it to somebody else
OK = "S0000"
NEW_NUMBER = re.compile(r"新单号为[:：]?\s*(SF[A-Z0-9]{12,14}|\d{12})(?![A-Za-z0-9])")

# `opCode`, pushed and asked for. 99 marks a return or forwarding that a customer asked for: nothing has turned round
# yet, and it may still be delivered. 660 is given back by a partner point, which need not mean to the sender: a false
# "returning" pays the buyer, while 648 and 631 still tell of a true one. 126: the courier took it out of a locker;
# 128: the customer.
# fmt: off
STAGES: dict[str, str] = {
    "43": "picked_up", "50": "picked_up", "54": "picked_up", "607": "picked_up", "700": "picked_up", "950": "picked_up",
    "10": "in_transit", "30": "in_transit", "36": "in_transit", "105": "in_transit", "106": "in_transit",
    "626": "in_transit", "3036": "in_transit",  # 626: by another courier
    "14": "in_transit", "15": "in_transit", "16": "in_transit", "604": "in_transit", "606": "in_transit",  # customs
    "621": "in_transit", "17": "exception", "18": "exception",  # customs as well; 17, 18: detained
    "11": "arrived_at_hub", "31": "arrived_at_hub",
    "44": "out_for_delivery", "123": "out_for_delivery", "204": "out_for_delivery",
    "125": "held_at_pickup_point", "130": "held_at_pickup_point", "678": "held_at_pickup_point",
    "80": "delivered", "128": "delivered", "679": "delivered", "8000": "delivered",
    "33": "delivery_failed", "70": "delivery_failed", "870": "delivery_failed",
    "34": "exception", "66": "exception", "72": "exception", "77": "exception", "833": "exception",  # held
    "99": "exception", "126": "exception", "660": "exception",
    "631": "returning", "648": "returning", "215": "returned",
}
# `apiResultCode`: what the gate did with a call. A1007 is a duplicate: what became of the first one is not said.
GATE: dict[str, str] = {
    "A1000": "passed", "A1001": "refused", "A1002": "refused", "A1003": "refused", "A1004": "refused",
    "A1005": "throttled", "A1006": "refused", "A1007": "unclear", "A1008": "refused", "A1009": "unclear",
    "A1010": "refused", "A1011": "refused", "A1099": "unclear",
}
# fmt: on
UNCLEAR = ("S0001", "S0003")  # the service's own system errors


class Verdict(NamedTuple):
    """The service's answer: `S0000` or the code of a refusal, its text, and the inner `msgData`."""

    code: str
    text: str
    data: Fields


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push. It is not signed: the address is the secret, and the door has compared its token.

    Raises:
        UnknownMerchant: the account has no token, so anybody could have sent this.
        MalformedMessage: not JSON with a list of routes.
    """
    credential(account, "token")
    try:
        _routes(push.body)
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None


def _routes(body: bytes) -> Sequence[object]:
    routes = read.items(read.nested(read.document(body), "Body"), "WaybillRoute")
    if not routes:
        raise Unreadable("Body.WaybillRoute: no route")
    return routes


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Give each route of a push its fate."""
    from shared.domain.events import EventUnknown

    try:
        return [_fate(merchant, route) for route in _routes(body)]
    except Unreadable as error:
        return [EventUnknown(what="sf push", reason=str(error))]


def _fate(merchant: str, element: object) -> AnyEvent | EventUnknown:
    from shared.domain.events import EventUnknown, ParcelScanned

    what = "sf route"
    try:
        route = read.as_object(element, "WaybillRoute")
        what = f"sf opCode {label(read.identifier(route, 'opCode'))}"
        waybill = read.identifier(route, "mailno")
        scan, return_waybill = _scan(waybill, route)
        return ParcelScanned(
            merchant=merchant, carrier=CARRIER, waybill=waybill, scan=scan, return_waybill=return_waybill
        )
    except Unreadable as error:
        return EventUnknown(what=what, reason=str(error))


def _scan(waybill: str, route: Fields) -> tuple[Scan, str | None]:
    """Read one route: the scan, and the number under which the parcel travels back.

    Raises:
        Unreadable: it has no opCode, or its time is none.
    """
    from shared.domain.parcel import Scan, Stage

    code = read.identifier(route, "opCode")
    stage, remark, at_text = STAGES.get(code, "unknown"), read.text(route, "remark"), read.text(route, "acceptTime")
    if at_text[:4].isdecimal() and int(at_text[:4]) < FIRST_YEAR:
        raise Unreadable("impossible time")
    if code == "648" and "转寄" in remark and "退回" not in remark:
        stage = "exception"  # forwarded to another address, and nothing says that it is the sender's
    reason = read.text(route, "reasonCode") if stage == "delivery_failed" else ""
    scan = Scan(
        stage=Stage(stage),
        at=read.beijing(route, "acceptTime"),
        code=f"{code}:{label(reason)}" if reason else code,
        zone_assumed=True,
        at_text=label(at_text),
    )
    return scan, _return_waybill(waybill, remark) if stage == "returning" else None


def _return_waybill(waybill: str, remark: str) -> str | None:
    """Find the number under which the parcel travels back; with two candidates nobody knows."""
    others = set(NEW_NUMBER.findall(remark)) - {waybill}
    return others.pop() if len(others) == 1 else None


def carry_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Steps:
    """Carry out one command. An accepted interception is registered; it has stopped nothing yet.

    Raises:
        Retryable: throttled, or a registration or question that failed.
        Permanent: refused for good, with SF's code.
        Unclear: the request may be registered.
    """
    from shared.domain import commands
    from shared.domain.events import InterceptionReported

    match command:
        case commands.InterceptParcel():
            return (yield from _intercept(command, account, now))
        case commands.CancelInterception():
            return (yield from _cancel(command, account, now))
        case commands.QueryInterception():
            return InterceptionReported(**answer_of(command), state="none")
        case commands.SubscribeTracking():
            return (yield from _subscribe(command, account, now))
        case commands.QueryTracking():
            return (yield from _trace(command, account, now))
    raise Permanent("not_supported", command.type)


def find_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Finding:
    """Tell that nobody can be asked what became of a call whose answer was lost.

    Raises:
        Unclear: it may have had its effect. Repeating is no way to find out: the code with which SF refuses a second
            interception is not published, so it would look like a refusal of the first.
    """
    from shared.domain.commands import CancelInterception, InterceptParcel

    yield from ()
    if isinstance(command, InterceptParcel | CancelInterception):
        raise Unclear("SF has no status of an interception")
    return None


def _intercept(command: InterceptParcel, account: Mapping[str, str], now: datetime) -> Steps:
    """EXP_RECE_WANTED_INTERCEPT; its `cusId`, which only the cancellation needs, does not always come."""
    from shared.domain.events import InterceptionAccepted, InterceptionRefused

    body = {**_order(command.waybill, account), "newDestAddress": _sender(account)}
    request = _request(account, "EXP_RECE_WANTED_INTERCEPT", body, command.command_id, now)
    code, text, data = _judge((yield request), writes=True)
    if code == OK:
        return InterceptionAccepted(**answer_of(command), number=_number(data))
    if code in _codes(account, "registered_codes"):
        return InterceptionAccepted(**answer_of(command), text=code)
    early = code in _codes(account, "not_picked_up_codes")
    return InterceptionRefused(**answer_of(command), code=code, text=text, retry_after_scan=early)


def _cancel(command: CancelInterception, account: Mapping[str, str], now: datetime) -> Steps:
    """EXP_RECE_WANTED_INTERCEPT with `cancel`, by the number that SF gave to the interception."""
    from shared.domain.events import InterceptionCancelled

    if not command.of_number:
        raise Permanent("no_interception_number", "顺丰未返回 cusId，无法取消")
    body = {**_order(command.waybill, account), "cancel": True, "cusId": command.of_number}
    request = _request(account, "EXP_RECE_WANTED_INTERCEPT", body, command.command_id, now)
    code, text, _ = _judge((yield request), writes=True)
    if code != OK:
        raise Permanent(code, text)
    return InterceptionCancelled(**answer_of(command))


def _subscribe(command: SubscribeTracking, account: Mapping[str, str], now: datetime) -> Steps:
    """EXP_RECE_REGISTER_ROUTE by waybill. Harmless to repeat, so no two calls share a number."""
    from shared.domain.events import TrackingSubscribed

    body = {"type": "2", "attributeNo": command.waybill, "language": "zh-CN", **_proof(account)}
    call = f"{command.command_id}@{now.isoformat()}"
    code, text, _ = _judge((yield _request(account, "EXP_RECE_REGISTER_ROUTE", body, call, now)), writes=False)
    if code != OK:
        raise Permanent(code, text)
    return TrackingSubscribed(**answer_of(command))


def _trace(command: QueryTracking, account: Mapping[str, str], now: datetime) -> Steps:
    """EXP_RECE_SEARCH_ROUTES, all routes at once. One that cannot be read is skipped, but never all of them."""
    from shared.domain.events import ParcelTraced

    number = {"trackingType": "1", "trackingNumber": [command.waybill], "methodType": "1"}
    body = {"language": "zh-CN", **number, **_proof(account)}
    call = f"{command.command_id}@{now.isoformat()}"
    code, text, data = _judge((yield _request(account, "EXP_RECE_SEARCH_ROUTES", body, call, now)), writes=False)
    if code != OK:
        raise Permanent(code, text)
    try:
        answers = [one for one in read.objects(data, "routeResps") if one.get("mailNo") == command.waybill]
        if not answers:
            raise Unreadable("routeResps: nothing about the parcel")  # no answer must not look like no routes
        routes = [route for one in answers for route in read.objects(one, "routes")]
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None
    known = [scan for route in routes if (scan := _known(command.waybill, route))]
    if routes and not known:
        raise Permanent("unreadable_reply", "routes: none with an opCode and a time")
    numbers = {number for _, number in known if number}
    return ParcelTraced(
        **answer_of(command),
        source=command.source,
        scans=both_ends(sorted((scan for scan, _ in known), key=lambda scan: scan.at)),
        return_waybill=numbers.pop() if len(numbers) == 1 else None,
    )


def _known(waybill: str, route: Fields) -> tuple[Scan, str | None] | None:
    try:
        return _scan(waybill, route)
    except Unreadable:
        return None


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Ask for the routes of a number that is none: whatever the service says, the gate has taken the signature.

    Raises:
        UnknownMerchant: the account is incomplete, also for an interception.
        Retryable: throttled, or the question failed.
        Permanent: refused by the gate, with its code.
    """
    credential(account, "token")
    _order(NO_NUMBER, account), _sender(account)
    number = {"trackingType": "1", "trackingNumber": [NO_NUMBER], "methodType": "1"}
    body = {"language": "zh-CN", **number, **_proof(account)}
    _judge((yield _request(account, "EXP_RECE_SEARCH_ROUTES", body, f"check@{now.isoformat()}", now)), writes=False)
    return ""


def _proof(account: Mapping[str, str]) -> dict[str, str]:
    """Show SF that we know the parcel; those of the account's monthly card need no proof."""
    return {"checkPhoneNo": account["phone_tail"]} if account.get("phone_tail") else {}


def _order(waybill: str, account: Mapping[str, str]) -> dict[str, object]:
    """What an interception and its cancellation have in common: which parcel, who asks, who pays."""
    pay_mode = account.get("pay_mode") or "4"
    order: dict[str, object] = {
        "waybillNo": waybill,
        "serviceCode": RETURN,
        "role": account.get("role") or "1",
        "payMode": pay_mode,
    }
    if pay_mode in ("3", "4"):
        order["monthlyCardNo"] = credential(account, "monthly_card")
    return order


def _sender(account: Mapping[str, str]) -> dict[str, str]:
    """Give `newDestAddress`, which is required for a return as well."""
    return {
        "province": credential(account, "return_province"),
        "city": credential(account, "return_city"),
        "county": credential(account, "return_district"),
        "address": credential(account, "return_address"),
        "contact": credential(account, "return_name"),
        "phone": credential(account, "return_phone"),
    }


def _number(data: Fields) -> str:
    try:
        return read.identifier(data, "cusId")
    except Unreadable:
        return ""


def _codes(account: Mapping[str, str], name: str) -> list[str]:
    return [code.strip() for code in account.get(name, "").split(",") if code.strip()]


def digest_of(msg_data: str, timestamp: str, checkword: str) -> str:
    """Sign a call (`msgDigest`): Base64 of MD5 over the URL-encoded text, encoded as Java does."""
    encoded = quote_plus(msg_data + timestamp + checkword, safe="*").replace("~", "%7E")
    return base64.b64encode(hashlib.md5(encoded.encode()).digest()).decode()


def _request(
    account: Mapping[str, str], service: str, fields: Mapping[str, object], call: str, now: datetime
) -> HttpRequest:
    """Sign a call; the same `call` has the same `requestID`, so that SF can tell a repeated request."""
    from uuid import NAMESPACE_OID, uuid5

    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    # the vendor's own demos encode these two differently; so escaped, all of them agree
    text = text.replace("*", "\\u002a").replace("~", "\\u007e")
    timestamp = str(int(now.timestamp() * 1000))
    form = {
        "partnerID": credential(account, "partner_id"),
        "requestID": str(uuid5(NAMESPACE_OID, call)),
        "serviceCode": service,
        "timestamp": timestamp,
        "msgDigest": digest_of(text, timestamp, credential(account, "checkword")),
        "msgData": text,
    }
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
    url = f"{account.get('base_url') or PRODUCTION}/std/service"
    return HttpRequest("POST", url, headers, urlencode(form).encode())


def _judge(reply: HttpReply, *, writes: bool) -> Verdict:
    """Judge both levels of an answer: the gate's and the service's.

    Raises:
        Throttled: too many calls.
        Retryable: a registration or question that failed.
        Unclear: a write answered without a verdict.
        Permanent: refused by the gate, with its `apiResultCode`.
    """
    answer = read_reply(reply, writes=writes)
    gate = label(answer.get("apiResultCode"))
    fate = GATE.get(gate, "unclear")
    if fate == "throttled":
        raise Throttled(gate, BACK_OFF)
    if fate == "refused":
        raise Permanent(gate, clip(answer.get("apiErrorMsg")))
    if fate == "unclear":
        raise doubt(f"apiResultCode {gate}", writes=writes)
    try:
        result = _object(answer, "apiResultData")
    except Unreadable as error:
        raise doubt(str(error), writes=writes) from None
    code, success = result.get("errorCode"), result.get("success")
    if success is True and code in (OK, "", None):
        return Verdict(OK, "", _data(result))
    if success is False and isinstance(code, str) and code not in (OK, "", *UNCLEAR):
        return Verdict(label(code), clip(result.get("errorMsg")), {})
    raise doubt(f"errorCode {label(code)}", writes=writes)


def _object(fields: Fields, name: str) -> Fields:
    """Read an object that comes as it is or as JSON text."""
    value = fields.get(name)
    return read.as_object(read.any_json(value) if isinstance(value, str) else value, name)


def _data(result: Fields) -> Fields:
    """Read what comes with a success; it may be null, and nothing in it is required."""
    try:
        return _object(result, "msgData")
    except Unreadable:
        return {}
