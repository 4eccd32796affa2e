"""Kuaidi100's tracking for companies: subscribing, querying, telling the carrier of a number, and work orders.

    poll                   form schema=json, param; the key is inside of param, nothing is signed
    poll/query.do          form customer, param, sign
    autonumber/auto        GET num, key; the answer is a list, the first is the likeliest
    workorder/api/create   form key, t, param, sign; only for couriers that take work orders here

The hosts differ in reality (poll., www., api.kuaidi100.com), here all is below one base.
UNVERIFIED: the texts, codes 400 and 500 of the query, all error codes of work orders, their `status`.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.sandbox.carriers import BY_CODE, CARRIERS
from infra.local.sandbox.clock import epoch_s
from infra.local.sandbox.gate import VendorCall, VendorReply, exceeds, parse_form, parse_object
from infra.local.sandbox.records import Merchant
from infra.local.sandbox.signatures import kuaidi100_call_sign, kuaidi100_query_sign, same
from infra.local.sandbox.subscriptions import Wish, subscribe_kuaidi100
from infra.local.sandbox.tracking_records import TrackQuery, WorkOrder
from infra.local.sandbox.vendors.kuaidi100_documents import history_of
from infra.local.sandbox.world import World

M = TypeVar("M", bound=BaseModel)
QUERY_PAUSE = timedelta(minutes=30)
WORK_ORDERS_MAX, WORK_ORDERS_WINDOW = 100, timedelta(seconds=5)
WITH_WORK_ORDERS = ("yto", "yunda", "jt", "sto", "deppon")
WRONG_WEIGHT = 4  # the only kind of work order whose number is public
TEXTS = {
    "200": "提交成功",
    "400": "数据不完整或接口不存在",
    "408": "验证码错误：请提供收件人或寄件人手机号后四位",
    "500": "查询无结果，请隔段时间再查",
    "501": "重复订阅",
    "502": "服务器繁忙",
    "503": "验证签名失败",
    "600": "您不是合法的订阅者（即授权Key出错）",
    "700": "订阅数据存在错误或错误的回调地址",
    "701": "拒绝订阅的快递公司",
    "702": "识别不到该单号对应的快递公司",
}


class Param(BaseModel):
    """A `param`: numbers are taken for texts, unknown fields are ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class PollParameters(Param):
    callbackurl: str = Field(pattern=r"^https?://[^/\s]+")
    salt: str = ""
    resultv2: str = ""
    autoCom: str = ""
    phone: str = ""


class PollParam(Param):
    company: str = ""
    number: str = Field(min_length=6, max_length=32)
    parameters: PollParameters


class QueryParam(Param):
    com: str
    num: str = Field(min_length=6, max_length=32)
    phone: str = ""
    resultv2: str = ""
    order: str = "desc"


class Description(Param):
    content: str = ""
    attach: list[dict[str, Any]] = []


class WorkOrderParam(Param):
    secondType: int = Field(ge=1)
    kuaidinum: str = Field(min_length=1)
    desc: Description
    content: str = ""  # the vendor's demos put it here, the manual into `desc`
    telWeight: str = Field(default="", max_length=5)


def _reply(code: str, verdict: str = "refused", note: str = "") -> VendorReply:
    text = TEXTS.get(code, "业务处理失败")
    body = {"result": code == "200", "returnCode": code, "message": text}
    return VendorReply(body, verdict=verdict, note=note or ("" if code == "200" else f"{code} {text}"))


def refuse(code: str, message: str = "") -> VendorReply:
    """Word a refusal."""
    return _reply(code, note=f"{code} {message}".strip())


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return refuse("502")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Find whose key it is, and check the signature where there is one."""
    fields = parse_form(call)
    param = fields.get("param", "")
    if call.api == "autonumber/auto":
        return _by_key(world, call.query.get("key", "")) or _reply("600", "rejected")
    if call.method != "POST":
        return _reply("400", "rejected")
    if call.api == "poll":
        document = parse_object(param.encode())
        if document is None or fields.get("schema") != "json":
            return _reply("700", "rejected")
        return _by_key(world, str(document.get("key", ""))) or _reply("600", "rejected")
    if call.api == "poll/query.do":
        merchant = world.find_merchant("kuaidi100", "customer", fields.get("customer", ""))
        account = merchant.kuaidi100 if merchant else None
        ours = kuaidi100_query_sign(param, account.key, account.customer) if account else ""
    else:
        merchant = _by_key(world, fields.get("key", ""))
        account = merchant.kuaidi100 if merchant else None
        ours = kuaidi100_call_sign(param, fields.get("t", ""), account.key, account.secret) if account else ""
    if merchant is None or not same(ours, fields.get("sign", "")):
        return _reply("503", "rejected")
    return merchant


def _by_key(world: World, key: str) -> Merchant | None:
    return world.find_merchant("kuaidi100", "key", key)


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Carry out one call of the table."""
    handle = CALLS.get(call.api)
    return handle(world, merchant, call) if handle else _reply("400", note=f"no such interface {call.api}")


def _read(call: VendorCall, model: type[M]) -> M | None:
    document = parse_object(parse_form(call).get("param", "").encode())
    try:
        return model.model_validate(document) if document is not None else None
    except ValidationError:
        return None


def poll(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Subscribe to a number; a repetition is answered 501 and changes nothing."""
    param = _read(call, PollParam)
    if param is None:
        return _reply("700")
    wish = Wish(
        merchant=merchant.key,
        waybill=param.number,
        company=param.company,
        callback_url=param.parameters.callbackurl,
        salt=param.parameters.salt,
        resultv2=param.parameters.resultv2,
        phone=param.parameters.phone,
        finds_carrier=param.parameters.autoCom == "1",
    )
    code = subscribe_kuaidi100(world, wish)
    return _reply(code, "ok" if code in ("200", "501") else "refused")


def query(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Tell the whole history of a number, newest first unless asked otherwise."""
    param = _read(call, QueryParam)
    if param is None or param.com not in BY_CODE:
        return _reply("400")
    parcel = world.find_parcel(param.num)
    if parcel is None or parcel.carrier != BY_CODE[param.com]:
        return _reply("500")
    if parcel.phone_tail and not param.phone.endswith(parcel.phone_tail):
        return _reply("408")
    scans = parcel.told_of(param.num, call.now)
    before = [one.at for one in world.track_queries if (one.tracker, one.waybill) == ("kuaidi100", param.num)]
    world.track_queries.put(
        TrackQuery(
            key=str(world.next_number("track_query")),
            merchant=merchant.key,
            tracker="kuaidi100",
            waybill=param.num,
            at=call.now,
            too_soon=bool(before) and call.now < before[-1] + QUERY_PAUSE,
        )
    )
    if not scans:
        return _reply("500")
    answer = history_of(scans, param.com, param.num, param.resultv2)
    if param.order == "asc":
        answer["data"].reverse()
    return VendorReply(answer)


def detect(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Tell which carrier a number belongs to; nothing where nobody can tell."""
    parcel = world.find_parcel(call.query.get("num", ""))
    if parcel is None or not parcel.recognisable:
        return VendorReply([])
    words = CARRIERS[parcel.carrier]
    ignored = {"lengthPre": len(parcel.key), "noCount": 1, "noPre": parcel.key[:2]}
    return VendorReply([{"comCode": words.code, "name": words.name} | ignored])


def create_work_order(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Take a question to a courier's people; what they answer, and how, is not public."""
    if exceeds(world, f"kuaidi100:{merchant.key}:workorder", WORK_ORDERS_MAX, WORK_ORDERS_WINDOW):
        return _answer_work_order(call, 502, TEXTS["502"])
    param = _read(call, WorkOrderParam)
    content = (param.desc.content or param.content) if param else ""
    if param is None or not content or (param.secondType == WRONG_WEIGHT and not param.telWeight):
        return _answer_work_order(call, 400, "参数错误")
    parcel = world.find_parcel(param.kuaidinum)
    if parcel is None or parcel.carrier not in WITH_WORK_ORDERS:
        return _answer_work_order(call, 400, "单号不存在或快递公司不支持工单")
    order = WorkOrder(
        key=str(world.next_number("work_order", first=1_000_001)),
        merchant=merchant.key,
        waybill=param.kuaidinum,
        kind=str(param.secondType),
        content=content,
        at=call.now,
        param=parse_object(parse_form(call)["param"].encode()) or {},
    )
    world.work_orders.put(order)
    return _answer_work_order(call, 200, "提交成功", {"id": int(order.key), "status": 0})


def _answer_work_order(call: VendorCall, code: int, message: str, data: dict[str, Any] | None = None) -> VendorReply:
    well = code == 200
    body = {"code": code, "data": data, "message": message, "time": epoch_s(call.now) * 1000, "success": well}
    return VendorReply(body, verdict="ok" if well else "refused", note="" if well else f"{code} {message}")


CALLS: dict[str, Callable[[World, Merchant, VendorCall], VendorReply]] = {
    "poll": poll,
    "poll/query.do": query,
    "autonumber/auto": detect,
    "workorder/api/create": create_work_order,
}
