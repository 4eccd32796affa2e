"""ZTO (中通): pushed scans to events; interception, tracking and urging through its open platform.

Manual: open.zto.com 物流轨迹推送/订阅/查询, 拦截件 thirdcenter.* (official SDK zopsdk-java and three public
integrations), 售后工单 zto.open.merchant.incident.create and .query (one public integration), as of 2026-03. Pushed
times are naive Beijing time, queried ones epoch milliseconds; scans come one per push.
Account: app_key, app_secret; optional base_url, phone_tail (last four digits that subscription and query check),
destination_type (2 sender's address, the default; 1 pickup outlet; 4 the address in return_name, return_phone,
return_province, return_city, return_district, return_address); contact_name and contact_phone, whom ZTO's people call
back, where parcels are to be urged.

The webhook function imports this module while a courier waits: pydantic and the domain types are imported late.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from shared.domain import reading as read
from shared.domain.lanes import Lane
from shared.domain.reading import Fields, Unreadable, label
from shared.domain.vendor import NO_NUMBER, answer_of, both_ends, clip, credential, is_same, read_reply
from shared.domain.wire import HttpReply, HttpRequest, Push
from shared.errors import BadSignature, MalformedMessage, Permanent, Throttled, Unclear

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from shared.domain.commands import (
        CancelInterception,
        CourierCommand,
        InterceptParcel,
        QueryTracking,
        QueryWorkOrder,
        SubscribeTracking,
        UrgeCourier,
    )
    from shared.domain.events import EventIgnored, EventUnknown
    from shared.domain.messages import AnyEvent
    from shared.domain.parcel import Scan
    from shared.domain.steps import Checking, Finding, Steps
    from shared.domain.tickets import Reply

CARRIER = "zto"
LANE = Lane.PARCELS
ACKNOWLEDGEMENT = '{"status":true,"message":"调用成功","result":"成功","statusCode":"200"}'
PRODUCTION = "https://japi.zto.com"
FIELDS_MAX = 50
BACK_OFF = timedelta(seconds=10)
YEARS = range(2015, 2100)  # outside of it stand no times: 2000-01-01 is how some systems write "none"
REPLIES_MAX = 20
WAYBILL = re.compile(r"(?<!\d)7[3-68]\d{12}(?!\d)")

# pushed `action`; the query API uses some of these words for other things
STAGES: dict[str, str] = {
    "GOT": "picked_up",
    "DEPARTURE": "in_transit",
    "ARRIVAL": "arrived_at_hub",
    "DISPATCH": "out_for_delivery",
    "INBOUND": "held_at_pickup_point",
    "HANDOVERSCAN_SIGNED": "delivered",
    "DEPARTURE_SIGNED": "delivered",
    "SIGNED": "delivered",
    "PROBLEM": "delivery_failed",
    "RETURN_SCAN": "returning",
    "RETURN_SIGNED": "returned",
}
# `returnType` and `returnUpdateType` of a RETURN_SCAN that mean "back to the sender". A redirect to another address
# comes under the same action, and the values are published nowhere: whatever is not listed here is an exception for a
# person, because a false "returning" pays the buyer, while RETURN_SIGNED and the interception's status still tell of
# a true one.
RETURN_TYPES: dict[str, str] = {"": "returning"}
# zto.merchant.waybill.track.query, `scanType`. Its English words are about pickup points, unlike the push's: so a
# queried scan's code begins with "query:". 退件 is a return or a redirect, and here nothing says which, so it is for a
# person, as above. Not listed is 第三方签收: nobody publishes whether the buyer has such a parcel or a pickup point.
QUERIED_STAGES: dict[str, str] = {
    "收件": "picked_up",
    "发件": "in_transit",
    "到件": "arrived_at_hub",
    "派件": "out_for_delivery",
    "ARRIVAL": "held_at_pickup_point",
    "SIGNED": "delivered",
    "签收": "delivered",
    "问题件": "delivery_failed",
    "退件": "exception",
    "退件签收": "returned",
}
# thirdcenter.queryInterceptAndReturnStatus
INTERCEPTION_STATES: dict[str, str] = {
    "INTERCEPTING": "in_progress",
    "INTERCEPT_SUCCESS": "succeeded",
    "INTERCEPT_FAIL": "failed",
    "INTERCEPT_CANCEL": "cancelled",
    "PACKAGE_DELIVERYING": "returning",  # the manual's spelling
    "PACKAGE_DELIVERING": "returning",  # the same, spelt well
    "INTERCEPT_DISCONTINUE": "finished",
}
LIVE = ("in_progress", "succeeded", "returning")
# thirdcenter.createIntercept: the courier will never stop this parcel
FINAL: dict[str, str] = {
    "E23101": "快件已签收",
    "E23111": "时效件不支持拦截",
    "E23112": "快件已入第三方代收点",
    "E23113": "快件已转其他快递",
    "E23114": "网点未开通到付或代收",
    "E23115": "网点未开通到付或代收",
    "E23116": "渠道不符或超过拦截次数",
    "E23120": "快件已派件",
    "E23122": "目的地停发",
    "E23123": "快件已在退回",
    "E23124": "快件轨迹异常",
    "E23136": "港澳台件不支持拦截",
    "E23137": "快件已到达派件网点",
    "E23138": "国际件不支持拦截",
    "E23139": "业务规则不允许拦截",
    "E23140": "快件已遗失",
    "E23141": "快件已弃件",
    "E23146": "跨境件不支持拦截",
}
REGISTERED = ("E23121", "E23127", "E23151", "E23157", "E23160")  # there is one already
NOT_PICKED_UP = "E23119"
THROTTLED = ("S206", "S221")
# zto.merchant.waybill.track.query of a number that is none: said only after the signature was taken
NO_PARCEL = ("E409", "E413", "E416", "E418")
URGE = "event-urge"  # 催件
SENDER = 2  # kind of customer: who sent the parcel
HEARD_OUT = "finished"  # after created (已受理) and processing (处理中)


def verify_push(push: Push, account: Mapping[str, str], now: datetime) -> None:
    """Check a push: Base64 of MD5 over `data` + secret, in a form or in JSON.

    The signature holds no time; repeated pushes are harmless because events are.

    Raises:
        BadSignature: not signed with this account's secret.
        MalformedMessage: neither form nor JSON with `data` and `data_digest`, or `data` is no JSON object.
    """
    secret = credential(account, "app_secret")
    try:
        form = _form(push.body)
        data, digest = read.text(form, "data"), read.text(form, "data_digest")
    except Unreadable as error:
        raise MalformedMessage("body", str(error)) from None
    if not data:
        raise MalformedMessage("body", "data is missing")
    # a sender that forgets to encode a plus sign sends a space
    if not is_same(digest_of(data.encode(errors="replace"), secret), digest.replace(" ", "+")):
        raise BadSignature("data_digest")
    try:
        read.document(data)
    except Unreadable as error:
        raise MalformedMessage("data", str(error)) from None


def digest_of(content: bytes, secret: str) -> str:
    """Sign a body (`x-dataDigest`) or a push's data (`data_digest`)."""
    return base64.b64encode(hashlib.md5(content + secret.encode()).digest()).decode()


def _form(body: bytes) -> Fields:
    """Both shapes are in use; only JSON begins with a brace."""
    if body.lstrip().startswith(b"{"):
        return read.document(body)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Unreadable("neither form nor JSON") from None
    return {name: values[0] for name, values in fields.items()}


def parse_push(merchant: str, body: bytes, headers: Mapping[str, str]) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Give the one scan of a push its fate."""
    from shared.domain.events import EventUnknown

    what = "zto push"
    try:
        form = _form(body)
        kind = read.text(form, "msg_type")
        if kind not in ("", "Traces"):
            return [EventUnknown(what=f"zto msg_type {label(kind)}", reason="unlisted msg_type")]
        data = read.document(read.text(form, "data"))
        action = read.text(data, "action")
        what = f"zto action {label(action)}"
        if not action:
            raise Unreadable("action: missing")
        return [_scanned(merchant, action, data)]
    except Unreadable as error:
        return [EventUnknown(what=what, reason=str(error))]


def _scanned(merchant: str, action: str, data: Fields) -> AnyEvent:
    from shared.domain.events import ParcelScanned
    from shared.domain.parcel import Scan, Stage

    waybill, stage, detail = read.identifier(data, "billCode"), STAGES.get(action, "unknown"), ""
    if action == "PROBLEM":
        detail = read.text(data, "problemCode")
    elif action == "RETURN_SCAN":
        detail = read.text(data, "returnType") or read.text(data, "returnUpdateType")
        stage = RETURN_TYPES.get(detail, "exception")
    code = f"{action}:{label(detail)}" if detail else label(action)
    return ParcelScanned(
        merchant=merchant,
        carrier=CARRIER,
        waybill=waybill,
        scan=Scan(
            stage=Stage(stage),
            at=_pushed_at(data),
            code=code,
            zone_assumed=True,
            at_text=label(read.text(data, "actionTime")),
        ),
        return_waybill=_return_waybill(waybill, read.text(data, "desc")) if stage == "returning" else None,
    )


def _pushed_at(data: Fields) -> datetime:
    year = read.text(data, "actionTime")[:4]
    if year.isdecimal() and int(year) < YEARS.start:
        raise Unreadable("impossible time")
    return read.beijing(data, "actionTime")


def _return_waybill(waybill: str, remark: str) -> str | None:
    """Find the number under which the parcel travels back; with two candidates nobody knows."""
    others = set(WAYBILL.findall(remark)) - {waybill}
    return others.pop() if len(others) == 1 else None


def carry_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Steps:
    """Carry out one command. An accepted interception is registered; it has stopped nothing yet.

    Raises:
        Retryable: throttled (`Throttled`), or a read that failed.
        Permanent: refused for good, with ZTO's code.
        Unclear: the request may be registered.
    """
    from shared.domain import commands
    from shared.domain.events import InterceptionReported

    match command:
        case commands.InterceptParcel():
            return (yield from _intercept(command, account))
        case commands.CancelInterception():
            return (yield from _cancel(command, account))
        case commands.QueryInterception():
            state, _ = yield from _query(command.waybill, account)
            return InterceptionReported(**answer_of(command), state=state)
        case commands.SubscribeTracking():
            return (yield from _subscribe(command, account))
        case commands.QueryTracking():
            return (yield from _trace(command, account))
        case commands.UrgeCourier():
            return (yield from _urge(command, account))
        case commands.QueryWorkOrder():
            return (yield from _listen(command, account))
    raise Permanent("not_supported", command.type)


def find_out(command: CourierCommand, account: Mapping[str, str], now: datetime) -> Finding:
    """Ask what became of an interception or its cancellation whose answer was lost.

    Reads leave nothing to find. A parcel is simply urged again: two work orders cost a reply, none costs the parcel.
    """
    from shared.domain.commands import CancelInterception, InterceptParcel
    from shared.domain.events import InterceptionAccepted, InterceptionCancelled

    if not isinstance(command, InterceptParcel | CancelInterception):
        return None
    state, status = yield from _query(command.waybill, account)
    if isinstance(command, InterceptParcel):
        return InterceptionAccepted(**answer_of(command), text=status) if state in LIVE else None
    return InterceptionCancelled(**answer_of(command)) if state == "cancelled" else None


def number_of(command_id: str) -> str:
    """Derive our number of an interception: stable, 32 characters, so that a repeated request is the same request."""
    return "hh" + hashlib.sha256(command_id.encode()).hexdigest()[:30]


def _intercept(command: InterceptParcel, account: Mapping[str, str]) -> Steps:
    """thirdcenter.createIntercept; a duplicate counts as registered."""
    from shared.domain.events import InterceptionAccepted, InterceptionRefused

    number = number_of(command.command_id)
    body = {"billCode": command.waybill, "requestId": number, "thirdBizNo": number, **_destination(account)}
    try:
        answer = _judge((yield _request(account, "thirdcenter.createIntercept", body)), writes=True)
    except Permanent as refusal:
        code = refusal.code
        if code in REGISTERED:
            return InterceptionAccepted(**answer_of(command), text=code)
        if code == NOT_PICKED_UP:
            text = "快件未揽收"
            return InterceptionRefused(**answer_of(command), code=code, text=text, retry_after_scan=True)
        if code in FINAL:
            return InterceptionRefused(**answer_of(command), code=code, text=FINAL[code])
        raise
    result = answer.get("result") or answer.get("data")
    centre_number = result.get("centerBizNo") if isinstance(result, dict) else None
    return InterceptionAccepted(**answer_of(command), text=clip(centre_number))


def _destination(account: Mapping[str, str]) -> dict[str, str]:
    kind = account.get("destination_type") or "2"
    if kind in ("1", "2"):
        return {"destinationType": kind}
    if kind != "4":
        raise Permanent("account_incomplete", "destination_type is 1, 2 or 4")
    return {
        "destinationType": kind,
        "receiveUsername": credential(account, "return_name"),
        "receivePhone": credential(account, "return_phone"),
        "receiveProvince": credential(account, "return_province"),
        "receiveCity": credential(account, "return_city"),
        "receiveDistrict": credential(account, "return_district"),
        "receiveAddress": credential(account, "return_address"),
    }


def _cancel(command: CancelInterception, account: Mapping[str, str]) -> Steps:
    """thirdcenter.cancelIntercept, by the number of the interception to undo."""
    from shared.domain.events import InterceptionCancelled

    body = {"billCode": command.waybill, "thirdBizNo": number_of(command.of_command)}
    _judge((yield _request(account, "thirdcenter.cancelIntercept", body)), writes=True)
    return InterceptionCancelled(**answer_of(command))


def _subscribe(command: SubscribeTracking, account: Mapping[str, str]) -> Steps:
    """zto.merchant.waybill.track.subsrcibe, spelt as the vendor spells it."""
    from shared.domain.events import TrackingSubscribed

    body = {"billCode": command.waybill, "mobilePhone": account.get("phone_tail", "")}
    _judge((yield _request(account, "zto.merchant.waybill.track.subsrcibe", body)), writes=False)
    return TrackingSubscribed(**answer_of(command))


def _trace(command: QueryTracking, account: Mapping[str, str]) -> Steps:
    """zto.merchant.waybill.track.query, all scans at once. One that cannot be read is skipped, but never all."""
    from shared.domain.events import ParcelTraced

    body = {"billCode": command.waybill, "mobilePhone": account.get("phone_tail", "")}
    answer = _judge((yield _request(account, "zto.merchant.waybill.track.query", body)), writes=False)
    try:
        if "result" not in answer:
            raise Unreadable("result: list expected, got nothing")  # no answer must not look like no scans
        rows = read.objects(answer, "result")
        if any((row.get("billCode") or command.waybill) != command.waybill for row in rows):
            raise Unreadable("billCode: another parcel")
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None
    scans = sorted((scan for row in rows if (scan := _queried(row))), key=lambda scan: scan.at)
    if rows and not scans:
        raise Permanent("unreadable_reply", "result: none with a scanType and a time")
    return ParcelTraced(**answer_of(command), source=command.source, scans=both_ends(scans))


def _queried(row: Fields) -> Scan | None:
    from shared.domain.parcel import Scan, Stage

    kind, at_ms = row.get("scanType"), row.get("scanDate")
    if not isinstance(kind, str) or not kind:
        return None
    try:
        at = datetime.fromtimestamp(read.integer(row, "scanDate") // 1000, UTC)
    except (Unreadable, ValueError, OverflowError, OSError):
        return None
    if at.year not in YEARS:
        return None
    stage = Stage(QUERIED_STAGES.get(kind, "unknown"))
    return Scan(stage=stage, at=at, code=f"query:{label(kind)}", at_text=str(at_ms))


def _urge(command: UrgeCourier, account: Mapping[str, str]) -> Steps:
    """zto.open.merchant.incident.create (售后工单创建), of the kind 催件; `bizNo` is the work order's number."""
    from shared.domain.events import CourierUrged

    body = {
        "traceId": number_of(command.command_id),
        "customer": {"name": credential(account, "contact_name"), "type": SENDER},
        "incident": {
            "type": URGE,
            "billCode": command.waybill,
            "mobile": credential(account, "contact_phone"),
            "desc": command.text,
        },
    }
    answer = _judge((yield _request(account, "zto.open.merchant.incident.create", body)), writes=True)
    result = answer.get("result")
    return CourierUrged(**answer_of(command), number=clip(result.get("bizNo")) if isinstance(result, dict) else "")


def _listen(command: QueryWorkOrder, account: Mapping[str, str]) -> Steps:
    """zto.open.merchant.incident.query (售后工单查询): the replies so far. The form of their times is not published."""
    from shared.domain.events import WorkOrderReported

    body = {"bizNo": command.number, "billCode": command.waybill}
    answer = _judge((yield _request(account, "zto.open.merchant.incident.query", body)), writes=False)
    try:
        result = read.as_object(answer.get("result"), "result")
        if (result.get("billCode") or command.waybill) != command.waybill:
            raise Unreadable("billCode: another parcel")
        records = read.objects(result, "handleRecords")
    except Unreadable as error:
        raise Permanent("unreadable_reply", str(error)) from None
    told = (result.get("incidentStatus"), result.get("incidentMessage"))
    return WorkOrderReported(
        **answer_of(command),
        source=command.source,
        replies=tuple(reply for record in records if (reply := _reply(record)))[-REPLIES_MAX:],
        done=HEARD_OUT in told,
    )


def _reply(record: Fields) -> Reply | None:
    from shared.domain.tickets import Reply

    text = clip(record.get("reply")).strip()
    return Reply(text=text, at=_reply_at(record)) if text else None


def _reply_at(record: Fields) -> datetime | None:
    try:
        if isinstance(record.get("handleTime"), str):
            at = read.beijing(record, "handleTime")
        else:
            at = datetime.fromtimestamp(read.integer(record, "handleTime") // 1000, UTC)
    except (Unreadable, ValueError, OverflowError, OSError):
        return None
    return at if at.year in YEARS else None


def _query(waybill: str, account: Mapping[str, str]) -> Generator[HttpRequest, HttpReply, tuple[str, str]]:
    """thirdcenter.queryInterceptAndReturnStatus: our state and the vendor's word; no record is "none"."""
    request = _request(account, "thirdcenter.queryInterceptAndReturnStatus", {"billCode": waybill})
    answer = _judge((yield request), writes=False)
    result = answer.get("result") or answer.get("data") or {}
    status = result.get("status") if isinstance(result, dict) else label(result)
    if not status:
        return "none", ""
    if not isinstance(status, str) or status not in INTERCEPTION_STATES:
        raise Permanent("unknown_status", label(status))
    return INTERCEPTION_STATES[status], status


def check_account(account: Mapping[str, str], now: datetime) -> Checking:
    """Ask for the scans of a number that is none; ZTO's accounts have no shop.

    Raises:
        UnknownMerchant: the account is incomplete: the address of returns, or whom ZTO calls back.
        Retryable: throttled, or the read failed.
        Permanent: refused with ZTO's code.
    """
    _destination(account)
    if account.get("contact_name") or account.get("contact_phone"):
        credential(account, "contact_name"), credential(account, "contact_phone")
    body = {"billCode": NO_NUMBER, "mobilePhone": account.get("phone_tail", "")}
    try:
        _judge((yield _request(account, "zto.merchant.waybill.track.query", body)), writes=False)
    except Permanent as refusal:
        if refusal.code not in NO_PARCEL:
            raise
    return ""


def _request(account: Mapping[str, str], api: str, fields: Mapping[str, object]) -> HttpRequest:
    """Sign a call; the body's bytes are the signed ones."""
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/json; charset=UTF-8",
        "x-appKey": credential(account, "app_key"),
        "x-dataDigest": digest_of(body, credential(account, "app_secret")),
    }
    return HttpRequest("POST", f"{account.get('base_url') or PRODUCTION}/{api}", headers, body)


def _judge(reply: HttpReply, *, writes: bool) -> Fields:
    """Judge the envelope: success is `status` true and nothing else.

    Raises:
        Throttled: S206 or S221, too many calls.
        Unclear: a write answered without a verdict.
        Permanent: refused, with ZTO's `statusCode`.
    """
    answer = read_reply(reply, writes=writes)
    if answer.get("status") is True:
        return answer
    code = answer.get("statusCode")
    if code in THROTTLED:
        raise Throttled(str(code), BACK_OFF)
    if not isinstance(code, str) or not code:
        if writes:
            raise Unclear("answer without a verdict")
        raise Permanent("no_status_code")
    raise Permanent(label(code), clip(answer.get("message")))
