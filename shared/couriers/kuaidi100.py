"""Kuaidi100 (快递100): the tracking of any courier's parcels, pushed and queried; subscriptions and work orders.

Manual: api.kuaidi100.com 快递信息推送服务, 实时快递查询, 单号识别, 商家寄件工单 (pages, the vendor's demos, bodies that
public integrations keep), as of 2026-03. A push holds the whole history, with naive Beijing times.
Account: key, customer, salt (signs the pushes), callback_url (where they go, the whole address, for example
https://…/webhooks/kuaidi100/<merchant>/<token>; filled in when a merchant joins without); optional token (the last
part of it), phone_tail (last four digits of a phone that the parcels name: SF and ZTO want to know), base_url (for all
hosts). Work orders are for parcels that were ordered through Kuaidi100: secret, and work_order_type (`secondType` of
the kind to open; the list of kinds is not public, so without it nobody is urged).

The webhook function imports this module while a source waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import BEIJING, Fields, Unreadable, label
from shared.domain.vendor import LATER, NO_NUMBER, answer_of, both_ends, clip, credential, doubt, is_same, read_reply
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import BadSignature, MalformedMessage, Permanent, Retryable, Unclear, UnknownMerchant

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from shared.domain.commands import CourierCommand, QueryTracking, SubscribeTracking, UrgeCourier
    from shared.domain.events import CarrierCorrected, CarrierDoubted, EventIgnored, EventUnknown
    from shared.domain.messages import AnyEvent
    from shared.domain.parcel import Scan
    from shared.domain.steps import Checking, Finding, Steps

CARRIER = "kuaidi100"
LANE = Lane.PARCELS
OUR_ADDRESS = "callback_url"  # the key that says where pushes go
ACKNOWLEDGEMENT = '{"result":true,"returnCode":"200","message":"成功"}'
SUBSCRIBE = "https://poll.kuaidi100.com/poll"
QUERY = "https://poll.kuaidi100.com/poll/query.do"
DETECT = "https://www.kuaidi100.com/autonumber/auto"
WORK_ORDER = "https://api.kuaidi100.com/workorder/api/create"
NO_PARCEL = ("200", "408", "500")  # answers to a question about no parcel that come after the signature was taken
FIELDS_MAX = 50
NEWS_MAX = timedelta(days=10)  # a history that ended before is another parcel's
EARLIEST = datetime(2015, 1, 1, tzinfo=BEIJING)  # what is older is a sentinel, such as 2000-01-01 00:00:00

# `com`; where a courier has two, the first is the one that we say
# fmt: off
CARRIERS: dict[str, str] = {
    "shunfeng": "sf", "zhongtong": "zto", "yuantong": "yto", "shentong": "sto", "yunda": "yunda", "jtexpress": "jt",
    "jd": "jdl", "ems": "ems", "youzhengguonei": "ems", "debangwuliu": "deppon", "debangkuaidi": "deppon",
}
# fmt: on
COMS = {ours: theirs for theirs, ours in reversed(CARRIERS.items())}
WITH_PHONE = ("shunfeng", "shunfengkuaiyun", "zhongtong")
WITH_WORK_ORDERS = ("yuantong", "yunda", "jtexpress", "shentong", "debangwuliu")

# `statusCode`; `state` for the newest scan without one. 4 is a parcel back with its sender, but 401 a cancelled label;
# 6 is only on its way back; 14 and 203 are refused by the buyer, and nothing has turned round yet. 1 is also said of
# labels that wait: alone it proves no pickup. 1003 is forwarded to another address, and nothing says whose.
# fmt: off
STAGES: dict[str, str] = {
    "101": "label_created", "102": "label_created", "1": "label_created", "103": "picked_up",
    "0": "in_transit", "1002": "in_transit", "7": "in_transit",  # 7: by another courier
    "8": "in_transit", "10": "in_transit", "11": "in_transit", "12": "in_transit", "13": "exception",  # customs
    "1001": "arrived_at_hub", "1003": "exception",
    "5": "out_for_delivery", "501": "held_at_pickup_point", "205": "held_at_pickup_point",
    "204": "delivery_failed", "206": "delivery_failed", "203": "refused", "14": "refused", "209": "damaged",
    "2": "exception", "201": "exception", "202": "exception", "207": "exception", "208": "exception",
    "210": "label_created", "401": "label_created",  # cancelled: no more than a label that nobody picks up
    "3": "delivered", "301": "delivered", "302": "delivered", "303": "delivered", "304": "delivered",
    "6": "returning", "4": "returned",
}
# fmt: on
# what a text may add to its code; no text delivers or returns a parcel
PICKED_UP = re.compile("已揽收|已揽件|已收件|已收寄|已收取|揽收成功|揽件成功")
LOST = re.compile("(?<![如若免防勿未非止有])(?:丢失|遗失)")
CANCELLED = "销单"


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push: MD5 over `param` + salt, in any case. It holds no time; repeated pushes are harmless.

    Raises:
        BadSignature: not signed with this account's salt, or not at all.
        MalformedMessage: no form with `param`, or `param` is no JSON object.
    """
    salt = credential(account, "salt")
    try:
        form = _form(push.body)
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None
    param = form.get("param", "")
    if not param:
        raise MalformedMessage("body", "param is missing")
    if not is_same(sign_of(param, salt), form.get("sign", "").upper()):
        raise BadSignature("sign")
    try:
        read.document(param)
    except Unreadable as error:
        raise MalformedMessage("param", str(error)) from None


def sign_of(*parts: str) -> str:
    """Sign a push (param, salt), a query (param, key, customer) or a work order (param, t, key, secret)."""
    return hashlib.md5("".join(parts).encode(errors="replace")).hexdigest().upper()


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Unreadable("not a form") from None
    return {name: values[0] for name, values in fields.items()}


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Give a push its fates: the history, another courier than we were told, the end of watching; what is unlisted.

    Of a long history the oldest 20 and the newest 180 scans are told. What cannot be read hides no other scan.
    """
    from shared.domain.events import EventIgnored, EventUnknown, ParcelTraced, TrackingEnded

    fates: list[AnyEvent | EventIgnored | EventUnknown] = []
    try:
        param = read.document(_form(body).get("param", ""))
        result, status = read.nested(param, "lastResult"), read.text(param, "status")
        com = (_correction(param) if _code(param, "autoCheck") == "1" else "") or read.text(result, "com")
        parcel = {"merchant": merchant, "carrier": _carrier(com), "waybill": read.identifier(result, "nu")}
        scans, unknown = _history(result)
        reason = clip(read.text(param, "message")) or status
        if scans:
            fates.append(ParcelTraced(**parcel, source=CARRIER, scans=scans))
        fates.extend(_corrected(parcel, param, result))
    except Unreadable as error:
        return [EventUnknown(what="kuaidi100 push", reason=str(error))]
    if status in ("abort", "shutdown"):
        fates.append(TrackingEnded(**parcel, source=CARRIER, reason=reason, gave_up=status == "abort"))
    elif status not in ("polling", "updateall"):
        fates.append(EventUnknown(what=f"kuaidi100 status {label(status)}", reason="unlisted status"))
    return [*fates, *unknown] or [EventIgnored(what="kuaidi100 push without scans")]


def _correction(param: Fields) -> str:
    """Give the right courier of a corrected number: of later pushes (`autoCheck` 1), and of the one that ends it."""
    is_one = _code(param, "autoCheck") == "1" or param.get("status") == "abort"
    return read.text(param, "comNew") if is_one else ""


def _corrected(parcel: dict[str, str], param: Fields, result: Fields) -> list[CarrierCorrected | EventUnknown]:
    from shared.domain.events import CarrierCorrected, EventUnknown

    new = _correction(param)
    if not new:
        return []
    try:
        wrong, right = _carrier(read.text(param, "comOld") or read.text(result, "com")), _carrier(new)
    except Unreadable as error:
        return [EventUnknown(what="kuaidi100 correction", reason=str(error))]
    return [CarrierCorrected(**parcel | {"carrier": wrong}, source=CARRIER, right=right)] if wrong != right else []


def _carrier(com: str) -> str:
    """Give our name of a courier; Kuaidi100 leaves it empty where it found none."""
    from shared.domain.order import UNKNOWN_CARRIER

    if com and com not in CARRIERS:
        raise Unreadable(f"unlisted com {label(com)}")
    return CARRIERS.get(com, UNKNOWN_CARRIER)


def _history(result: Fields) -> tuple[tuple[Scan, ...], list[EventUnknown]]:
    """Read `data`: its scans, oldest first, and what cannot be read. Its order is no statement."""
    from shared.domain.events import EventUnknown
    from shared.domain.parcel import UNCODED, Scan, Stage

    entries: list[tuple[datetime, str, str, str]] = []
    unknown: list[EventUnknown] = []
    for element in read.items(result, "data"):
        try:
            entries.append(_entry(element))
        except Unreadable as error:
            unknown.append(EventUnknown(what="kuaidi100 scan", reason=str(error)))
    newest, state = max((at for at, *_ in entries), default=None), _code(result, "state")
    found = set()
    for at, at_text, own, text in entries:
        code = own or (state if at == newest else "")
        found.add((at, code or UNCODED, _stage(code, text), at_text))
    scans = [
        Scan(stage=Stage(stage), at=at, code=code, zone_assumed=True, at_text=at_text)
        for at, code, stage, at_text in both_ends(sorted(found))
    ]
    return tuple(scans), list(dict.fromkeys(unknown))


def _entry(element: object) -> tuple[datetime, str, str, str]:
    """Read one element of `data`: when, as Kuaidi100 writes it, the code, the text."""
    fields = read.as_object(element, "data")
    name = "ftime" if fields.get("ftime") else "time"  # the same moment, formatted and as the courier wrote it
    at = read.beijing(fields, name)
    if at < EARLIEST:
        raise Unreadable("impossible time")
    return at, read.text(fields, name), _code(fields, "statusCode"), read.text(fields, "context")


def _code(fields: Fields, name: str) -> str:
    """Read a code that comes as text or as a number; an absent one is empty, anything else is listed nowhere."""
    value = fields.get(name)
    return "" if value is None else label(value)


def _stage(code: str, text: str) -> str:
    """Give the stage of a code. Without one only a pickup is certain; the rest is a sign of life, as unlisted codes."""
    if code in ("", "1") and PICKED_UP.search(text):
        return "picked_up"
    if code.startswith("2") and code in STAGES and LOST.search(text):
        return "suspected_lost"
    if code == "4" and CANCELLED in text:  # 401 where only base codes are told
        return "label_created"
    return STAGES.get(code, "unknown")


def carry_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Steps:
    """Carry out one command.

    Raises:
        Retryable: busy, or a read that failed.
        Permanent: refused for good, with Kuaidi100's code or one of ours.
        Unclear: the work order may be open.
    """
    from shared.domain.commands import QueryTracking, SubscribeTracking, UrgeCourier
    from shared.domain.order import UNKNOWN_CARRIER

    if isinstance(command, SubscribeTracking | QueryTracking) and command.carrier == UNKNOWN_CARRIER:
        return (yield from _name_the_courier(command, account, now))
    if isinstance(command, SubscribeTracking):
        return (yield from _subscribe(command, account))
    if isinstance(command, QueryTracking):
        return (yield from _query(command, account, now))
    if isinstance(command, UrgeCourier):
        return (yield from _urge(command, account, now))
    raise Permanent("not_supported", command.type)


def find_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Finding:
    """Tell that there is nothing to find out, but for a work order: those cannot be listed.

    Raises:
        Unclear: it may be open.
    """
    from shared.domain.commands import UrgeCourier

    yield from ()
    if isinstance(command, UrgeCourier):
        raise Unclear("work orders cannot be listed")
    return None


def _com(carrier: str) -> str:
    """Give Kuaidi100's name of a courier."""
    if carrier not in COMS:
        raise Permanent("carrier_not_listed", carrier)
    return COMS[carrier]


def _phone(com: str, account: Mapping[str, str]) -> dict[str, str]:
    tail = account.get("phone_tail", "")
    return {"phone": tail} if tail and com in WITH_PHONE else {}


def _subscribe(command: SubscribeTracking, account: Mapping[str, str]) -> Steps:
    """快递信息推送服务: 501 says that the number is watched already."""
    from shared.domain.events import TrackingSubscribed

    com = _com(command.carrier)
    parameters = {
        "callbackurl": credential(account, "callback_url"),
        "salt": credential(account, "salt"),
        "resultv2": "4",  # advanced codes
    }
    parameters |= _phone(com, account)
    param = {"company": com, "number": command.waybill, "key": credential(account, "key"), "parameters": parameters}
    request = _post(account, SUBSCRIBE, {"schema": "json", "param": _dumped(param)})
    answer = read_reply((yield request), writes=False)
    code = _verdict(answer, busy=("500",))
    if code not in ("200", "501"):
        raise Permanent(code, clip(answer.get("message")))
    return TrackingSubscribed(**answer_of(command))


def _query(command: QueryTracking, account: Mapping[str, str], now: datetime) -> Steps:
    """实时快递查询: a number that is asked for more than twice an hour may be locked.

    Of a number of which nothing is known, 单号识别 says whose it may be. Only scans under that courier prove it, and
    the question for them has to wait.
    """
    from shared.domain.events import CarrierCorrected, ParcelTraced

    scans = yield from _traced(account, _com(command.as_carrier or command.carrier), command.waybill)
    if command.as_carrier is None:
        doubt_of = (yield from _doubted(command, account)) if scans is None else None
        return doubt_of or ParcelTraced(**answer_of(command), source=CARRIER, scans=scans or ())
    if not scans or _is_old(scans, now):
        return ParcelTraced(**answer_of(command), source=CARRIER, scans=())
    about = {"merchant": command.merchant, "carrier": command.carrier, "waybill": command.waybill}
    return CarrierCorrected(**about, source=CARRIER, right=command.as_carrier, first_at=scans[0].at)


def _traced(
    account: Mapping[str, str], com: str, waybill: str
) -> Generator[HttpRequest, HttpReply, tuple[Scan, ...] | None]:
    """Ask for a number's scans under a courier; None where nothing is known of it there."""
    answer = read_reply((yield _question(account, com, waybill)), writes=False)
    code = _verdict(answer, busy=("501", "502"))
    if code == "500":
        return None
    if code != "200":
        raise Permanent(code, clip(answer.get("message")))
    if _code(answer, "nu").upper() != waybill.upper():
        raise Permanent("other_waybill")
    try:
        return _history(answer)[0]
    except Unreadable as error:
        raise doubt(str(error), writes=False) from None


def _is_old(scans: tuple[Scan, ...], now: datetime) -> bool:
    """Whether scans are somebody else's, of an earlier use of the number."""
    return scans[-1].at < now - NEWS_MAX


def _doubted(
    command: QueryTracking, account: Mapping[str, str]
) -> Generator[HttpRequest, HttpReply, CarrierDoubted | None]:
    """Ask whose number it may be; nobody doubts where there are several, or no answer."""
    from shared.domain.events import CarrierDoubted

    reply = yield _whose(account, command.waybill)
    try:
        (found,) = read.objects(read_reply(_listed(reply), writes=False), "found")
        likely = CARRIERS[read.identifier(found, "comCode")]
    except (ValueError, KeyError, Permanent, Retryable):
        return None
    return CarrierDoubted(**answer_of(command), source=CARRIER, likely=likely) if likely != command.carrier else None


def _whose(account: Mapping[str, str], waybill: str) -> HttpRequest:
    query = urlencode({"num": waybill, "key": credential(account, "key")})
    return HttpRequest("GET", f"{_at(account, DETECT)}?{query}", {}, b"")


def _listed(reply: HttpReply) -> HttpReply:
    """Put an answer that is a list, where all others are objects, into one."""
    return reply._replace(body=b'{"found":' + reply.body + b"}")


def _question(account: Mapping[str, str], com: str, waybill: str) -> HttpRequest:
    param = {"com": com, "num": waybill, **_phone(com, account), "resultv2": "4", "show": "0", "order": "desc"}
    text, customer = _dumped(param), credential(account, "customer")
    form = {"customer": customer, "param": text, "sign": sign_of(text, credential(account, "key"), customer)}
    return _post(account, QUERY, form)


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Ask for the history of a number that is none: "no result" and a wrong phone are said after the signature.

    Raises:
        UnknownMerchant: the account is incomplete, also for subscriptions and for work orders where they are wanted.
        Retryable: busy.
        Permanent: refused with Kuaidi100's code, as 503 for a wrong key or customer, 601 for no balance.
    """
    credential(account, "salt")
    if urlsplit(credential(account, "callback_url")).scheme not in ("http", "https"):
        raise UnknownMerchant("account_incomplete", "callback_url")
    if account.get("work_order_type"):
        credential(account, "secret")
    number = f"{NO_NUMBER}{int(now.timestamp())}"  # one that is asked for twice in half an hour may be locked
    answer = read_reply((yield _question(account, COMS["yto"], number)), writes=False)
    code = _verdict(answer, busy=("501", "502"))
    if code not in NO_PARCEL:
        raise Permanent(code, clip(answer.get("message")))
    return ""


def _name_the_courier(command: SubscribeTracking | QueryTracking, account: Mapping[str, str], now: datetime) -> Steps:
    """单号识别: tell the one courier that it may be; nobody guesses among several.

    A courier whose numbers clearly look different is believed only where it has scans of this one. A subscription
    without a courier would be pushed under the recognised one's name, where nobody looks for it.
    """
    from shared.domain.events import CarrierCorrected
    from shared.domain.recognition import candidates, contradicts

    about = {"merchant": command.merchant, "carrier": command.carrier, "waybill": command.waybill}
    answer = read_reply(_listed((yield _whose(account, command.waybill))), writes=False)
    refusal = answer["found"]
    if isinstance(refusal, dict):
        raise Permanent(_verdict(refusal, busy=("500", "501", "502")), clip(refusal.get("message")))
    try:
        (found,) = read.objects(answer, "found")
        com = read.identifier(found, "comCode")
    except ValueError:
        raise Permanent("carrier_unknown", "快递100 无法确定快递公司") from None
    if com not in CARRIERS:
        raise Permanent("carrier_not_listed", label(com))
    right = CARRIERS[com]
    if not contradicts(candidates(command.waybill), right):
        return CarrierCorrected(**about, source=CARRIER, right=right)
    scans = yield from _traced(account, com, command.waybill)
    if not scans or _is_old(scans, now):
        raise Permanent("carrier_unknown", f"快递100 识别为 {right}，与号段不符，且查无轨迹")
    return CarrierCorrected(**about, source=CARRIER, right=right, first_at=scans[0].at)


def _urge(command: UrgeCourier, account: Mapping[str, str], now: datetime) -> Steps:
    """商家寄件工单: open one. How it is answered is not public, so no answer is asked for."""
    from shared.domain.events import CourierUrged

    kind = account.get("work_order_type", "")
    if not re.fullmatch("[1-9][0-9]{0,5}", kind) or COMS.get(command.carrier) not in WITH_WORK_ORDERS:
        raise Permanent("not_supported", "未配置工单类型，或该快递公司没有工单")
    text = _dumped({"secondType": int(kind), "kuaidinum": command.waybill, "desc": {"content": command.text}})
    key, at = credential(account, "key"), str(int(now.timestamp() * 1000))
    form = {"key": key, "t": at, "sign": sign_of(text, at, key, credential(account, "secret")), "param": text}
    answer = read_reply((yield _post(account, WORK_ORDER, form)), writes=True)
    code, data = _code(answer, "code"), answer.get("data")
    if not code:
        raise Unclear("answer without a verdict")
    if code != "200":
        raise Permanent(code, clip(answer.get("message")))
    return CourierUrged(**answer_of(command), number=_code(data, "id") if isinstance(data, dict) else "")


def _dumped(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _at(account: Mapping[str, str], url: str) -> str:
    return f"{account['base_url']}{urlsplit(url).path}" if account.get("base_url") else url


def _post(account: Mapping[str, str], url: str, form: Mapping[str, str]) -> HttpRequest:
    headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
    return HttpRequest("POST", _at(account, url), headers, urlencode(form).encode())


def _verdict(answer: Fields, busy: tuple[str, ...]) -> str:
    """Give the code of an answer: `returnCode`, or the `status` of a history.

    Raises:
        Retryable: busy, or no code at all.
    """
    code = _code(answer, "returnCode") or _code(answer, "status")
    if not code:
        raise doubt("answer without a code", writes=False)
    if code in busy:
        raise Retryable(code, LATER)
    return code
