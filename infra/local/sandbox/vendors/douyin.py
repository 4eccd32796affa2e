"""The Douyin shop's open API : gateway, error words and the dispatch to `douyin_calls`.

Known: signature, `code` 10000, `isv.`/`isp.` sub codes, 20309541 for a status that does not allow the operation.
Unverified: the other sub codes (those with `sandbox-` are visibly invented) and the timestamp window of ten minutes.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from infra.local.sandbox.accounts import DouyinAccount
from infra.local.sandbox.clock import parse_beijing
from infra.local.sandbox.gate import VendorCall, VendorReply, parse_object
from infra.local.sandbox.records import Merchant
from infra.local.sandbox.signatures import douyin_api_sign, same
from infra.local.sandbox.vendors.douyin_calls import CALLS
from infra.local.sandbox.world import Refused, World

WINDOW = timedelta(minutes=10)


def _reply(code: int, sub_code: str, message: str, data: Any, verdict: str) -> VendorReply:
    body = {
        "code": code,
        "msg": "success" if code == 10000 else message,
        "sub_code": sub_code,
        "sub_msg": "" if code == 10000 else message,
        "log_id": "sandbox",
        "data": data,
    }
    return VendorReply(body, verdict=verdict, note=f"{sub_code} {message}".strip())


def refuse(code: str, message: str = "业务处理失败") -> VendorReply:
    """Word a refusal; a bare number becomes `isv.business-failed:<number>`."""
    sub_code = code if code.startswith(("isv.", "isp.")) else f"isv.business-failed:{code}"
    return _reply(20000 if sub_code.startswith("isp.") else 50002, sub_code, message, None, "refused")


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return refuse("isp.sandbox-rate-limit", "接口调用频率超限，请稍后重试")


def _stranger(sub_code: str, message: str) -> VendorReply:
    return _reply(30001, sub_code, message, None, "rejected")


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check app, parameters, canonical body, signature, clock and token, in this order."""
    query = call.query
    missing = {"app_key", "method", "access_token", "timestamp", "v", "sign"} - set(query)
    if call.method != "POST" or missing:
        return _stranger("isv.parameter-invalid", f"缺少参数 {sorted(missing)}")
    merchant = world.find_merchant("douyin", "app_key", query["app_key"])
    if merchant is None or merchant.douyin is None:
        return _stranger("isv.app-key-invalid", "app_key不存在")
    if query["method"] != call.api.replace("/", ".") or query["v"] != "2":
        return _stranger("isv.parameter-invalid", "method与路径不一致或v不为2")
    problem = _signature_problem(merchant.douyin, call)
    return _stranger(*problem) if problem else merchant


def _signature_problem(account: DouyinAccount, call: VendorCall) -> tuple[str, str] | None:
    query = call.query
    sign_method = query.get("sign_method", "md5")
    text = call.body.decode("utf-8", "replace")
    ours = douyin_api_sign(query["app_key"], account.app_secret, query["method"], text, query["timestamp"], sign_method)
    if sign_method not in ("md5", "hmac-sha256") or not _is_canonical(text) or not same(ours, query["sign"]):
        return "isv.signature-invalid", "签名校验失败，请检查签名规则"
    if not _is_timely(query["timestamp"], call.now):
        return "isv.timestamp-invalid", "timestamp与服务器时间相差过大"
    if not same(account.access_token, query["access_token"]):
        return "isv.access-token-no-existed", "access_token不存在或已过期"
    return None


def _is_canonical(text: str) -> bool:
    """Tell whether the body is compact JSON with sorted keys and nothing escaped that need not be."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == text


def _is_timely(timestamp: str, now: datetime) -> bool:
    try:
        at = datetime.fromtimestamp(int(timestamp), UTC) if timestamp.isdigit() else parse_beijing(timestamp)
    except (ValueError, OverflowError):
        return False
    return abs(now - at) <= WINDOW


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Carry out one call of the table."""
    known = CALLS.get(call.api)
    if known is None:
        return refuse("isv.method-invalid", f"接口不存在 {call.api}")
    model, handle = known
    try:
        data = handle(world, merchant, model.model_validate(parse_object(call.body)))
    except ValidationError as error:
        first = error.errors()[0]
        return refuse("isv.parameter-invalid", f"参数错误 {'.'.join(map(str, first['loc']))}: {first['msg']}")
    except Refused as error:
        return refuse(error.code, error.message)
    return _reply(10000, "", "", data, "ok")
