"""ZTO's open API: interception, its status, tracking subscription and query, work orders and what becomes of them.

Unverified: the form of `handleTime`, the code for missing fields (E418 here), the answer to a status query without
interception (`result` null), and the Chinese scan types of the query. Another courier's number is one that ZTO has
never seen.
"""

from collections.abc import Callable
from typing import Any

from infra.local.sandbox.clock import beijing_text, epoch_s
from infra.local.sandbox.gate import VendorCall, VendorReply, parse_object
from infra.local.sandbox.interceptions import InterceptWish, cancel_interception, request_interception
from infra.local.sandbox.records import Merchant, Parcel
from infra.local.sandbox.signatures import same, zto_digest
from infra.local.sandbox.subscriptions import subscribe_zto
from infra.local.sandbox.tracking_records import TrackQuery, WorkOrder
from infra.local.sandbox.world import Refused, World

STATUS_NAMES = {
    "INTERCEPTING": "拦截中",
    "INTERCEPT_SUCCESS": "拦截成功",
    "INTERCEPT_FAIL": "拦截失败",
    "INTERCEPT_CANCEL": "拦截取消",
    "PACKAGE_DELIVERING": "退改中",
    "INTERCEPT_DISCONTINUE": "拦截完结",
}
SCAN_NAMES = {
    "GOT": "收件",
    "DEPARTURE": "发件",
    "ARRIVAL": "到件",
    "DISPATCH": "派件",
    "INBOUND": "ARRIVAL",
    "HANDOVERSCAN_SIGNED": "签收",
    "DEPARTURE_SIGNED": "SIGNED",
    "SIGNED": "签收",
    "PROBLEM": "问题件",
    "RETURN_SCAN": "退件",
    "RETURN_SIGNED": "退件签收",
}
ADDRESS_FIELDS = (
    "receivePhone",
    "receiveUsername",
    "receiveProvince",
    "receiveCity",
    "receiveDistrict",
    "receiveAddress",
)


def _reply(ok: bool, code: str, message: str, result: Any, verdict: str) -> VendorReply:
    body = {"status": ok, "statusCode": code, "message": message, "result": result}
    return VendorReply(body, verdict=verdict, note="" if ok else f"{code} {message}")


def refuse(code: str, message: str = "业务处理失败") -> VendorReply:
    """Word a refusal."""
    return _reply(False, code, message, None, "refused")


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return refuse("S206", "请求频率超限")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check the app key and the digest over the body, under the current header names or the older ones."""
    app_key = call.headers.get("x-appkey") or call.headers.get("x-companyid", "")
    merchant = world.find_merchant("zto", "app_key", app_key)
    if merchant is None or merchant.zto is None:
        return _reply(False, "S207", "应用不存在或未授权", None, "rejected")
    if not same(zto_digest(call.body, merchant.zto.app_secret), call.headers.get("x-datadigest", "")):
        return _reply(False, "S211", "签名校验失败", None, "rejected")
    if call.method != "POST":
        return _reply(False, "S210", "仅支持POST", None, "rejected")
    return merchant


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Carry out one call of the table."""
    handle = CALLS.get(call.api)
    body = parse_object(call.body)
    if handle is None:
        return refuse("S208", f"接口不存在 {call.api}")
    if body is None:
        return refuse("E418", "请求体不是JSON对象")
    try:
        return _reply(True, "SYS000", "操作成功", handle(world, merchant, body), "ok")
    except Refused as error:
        return refuse(error.code, error.message)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused("E418", f"参数错误：{name}必须为非空字符串")
    return value


def create_intercept(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any]:
    """Register an interception; a repeated `requestId` gets the first answer."""
    waybill, request_id, number = _text(body, "billCode"), _text(body, "requestId"), _text(body, "thirdBizNo")
    destination = str(body.get("destinationType", ""))
    if destination not in ("1", "2", "3", "4"):
        raise Refused("E23108", "退改类型错误")
    if destination in ("3", "4"):
        for name in ADDRESS_FIELDS:
            _text(body, name)
    wish = InterceptWish(merchant.key, waybill, request_id, number, destination)
    interception = request_interception(world, wish)
    return {"centerBizNo": interception.centre_biz_no}


def cancel_intercept(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any]:
    parcel = _parcel(world, merchant, body)
    cancel_interception(world, parcel.key, _text(body, "thirdBizNo"))
    return {}


def query_intercept(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any] | None:
    """Tell how the latest interception stands."""
    parcel = _parcel(world, merchant, body)
    if not parcel.interceptions:
        return None
    latest = parcel.interceptions[-1]
    return {
        "billCode": _text(body, "billCode"),
        "serviceCode": latest.centre_biz_no,
        "status": latest.status,
        "statusName": STATUS_NAMES[latest.status],
    }


def subscribe(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any]:
    """From now on push the scans of this number; earlier ones are not repeated."""
    _check_phone(_parcel(world, merchant, body), merchant, body)
    subscribe_zto(world, merchant.key, _text(body, "billCode"))
    return {}


def query_track(world: World, merchant: Merchant, body: dict[str, Any]) -> list[dict[str, Any]]:
    """List the scans under this number so far, oldest first."""
    parcel = _parcel(world, merchant, body)
    _check_phone(parcel, merchant, body)
    waybill, now = _text(body, "billCode"), world.now()
    key = str(world.next_number("track_query"))
    world.track_queries.put(TrackQuery(key=key, merchant=merchant.key, tracker="zto", waybill=waybill, at=now))
    return [
        {
            "billCode": waybill,
            "scanDate": epoch_s(scan.at) * 1000,
            "scanType": SCAN_NAMES[scan.action],
            "desc": scan.desc,
            "scanSite": {"name": scan.facility, "code": "57100", "city": scan.city},
        }
        for scan in reversed(parcel.told_of(waybill, now))
        if scan.action
    ]


def create_incident(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any]:
    """Take a question to ZTO's people."""
    incident, customer = body.get("incident"), body.get("customer")
    if not isinstance(incident, dict) or not isinstance(customer, dict):
        raise Refused("E418", "参数错误：customer与incident必填")
    for fields, name in ((body, "traceId"), (customer, "name"), (incident, "mobile"), (incident, "desc")):
        _text(fields, name)
    if incident.get("type") != "event-urge":
        raise Refused("E418", "参数错误：工单类型")
    parcel = _parcel(world, merchant, incident)
    number = f"GD{world.next_number('work_order', first=1_000_001)}"
    world.work_orders.put(
        WorkOrder(
            key=number,
            merchant=merchant.key,
            waybill=_text(incident, "billCode"),
            kind=str(incident["type"]),
            content=_text(incident, "desc"),
            at=world.now(),
            param={"traceId": body["traceId"], "parcel": parcel.key},
        )
    )
    return {"bizNo": number}


def query_incident(world: World, merchant: Merchant, body: dict[str, Any]) -> dict[str, Any]:
    """Tell what ZTO's people have written so far."""
    order = world.work_orders.get(_text(body, "bizNo"))
    if order is None or order.merchant != merchant.key or order.waybill != _text(body, "billCode"):
        raise Refused("E418", "工单不存在")
    order.asked_after += 1
    world.work_orders.put(order)
    status = "finished" if order.closed else "processing" if order.written else "created"
    return {
        "bizNo": order.key,
        "billCode": order.waybill,
        "incidentStatus": status,
        "incidentMessage": {"created": "已受理", "processing": "处理中", "finished": "已完结"}[status],
        "handleRecords": [{"handleTime": beijing_text(one.at), "reply": one.text} for one in order.written],
    }


def _parcel(world: World, merchant: Merchant, body: dict[str, Any]) -> Parcel:
    parcel = world.find_parcel(_text(body, "billCode"))
    if parcel is None or parcel.carrier != "zto":
        raise Refused("E416", "运单号不存在")
    if parcel.merchant != merchant.key:
        raise Refused("E23102", "无权限操作该运单")
    return parcel


def _check_phone(parcel: Parcel, merchant: Merchant, body: dict[str, Any]) -> None:
    tail = parcel.phone_tail or (merchant.zto.phone_tail if merchant.zto else "")
    if tail and not str(body.get("mobilePhone", "")).endswith(tail):
        raise Refused("E409", "手机号后四位校验失败")


CALLS: dict[str, Callable[[World, Merchant, dict[str, Any]], Any]] = {
    "thirdcenter.createIntercept": create_intercept,
    "thirdcenter.cancelIntercept": cancel_intercept,
    "thirdcenter.queryInterceptAndReturnStatus": query_intercept,
    "zto.merchant.waybill.track.subsrcibe": subscribe,
    "zto.merchant.waybill.track.query": query_track,
    "zto.open.merchant.incident.create": create_incident,
    "zto.open.merchant.incident.query": query_incident,
}
