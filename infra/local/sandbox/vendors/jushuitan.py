"""Jushuitan openweb: form gateway, signature, call limits, error words.

Unverified: the code for an unknown `app_key` (10 here); whether the limits count per app or per token (per app here).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from pydantic import ValidationError

from infra.local.sandbox.gate import VendorCall, VendorReply, exceeds
from infra.local.sandbox.records import Merchant
from infra.local.sandbox.signatures import jushuitan_sign, same
from infra.local.sandbox.vendors.jushuitan_calls import CALLS
from infra.local.sandbox.world import Refused, World

WINDOW = timedelta(minutes=15)
FIELDS = ("app_key", "access_token", "timestamp", "charset", "version", "biz", "sign")


def _reply(code: int, message: str, data: Any, verdict: str) -> VendorReply:
    body = {"code": code, "issuccess": code == 0, "msg": message, "data": data}
    return VendorReply(body, verdict=verdict, note="" if code == 0 else f"{code} {message}")


def refuse(code: str, message: str = "业务处理失败") -> VendorReply:
    """Word a refusal; what is no number becomes 100, the code of plain business refusals."""
    return _reply(int(code) if code.isdigit() else 100, message, None, "refused")


def throttle() -> VendorReply:
    """Word "too many calls"."""
    return refuse("199", "调用频次超过限制!请稍后再试")


def _stranger(code: int, message: str) -> VendorReply:
    return _reply(code, message, None, "rejected")


def _fields(call: VendorCall) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50))


def authenticate(world: World, call: VendorCall) -> Merchant | VendorReply:
    """Check the form, signature, clock, token, and then the limits: 5 calls a second, 100 a minute."""
    if call.method != "POST" or "application/x-www-form-urlencoded" not in call.headers.get("content-type", ""):
        return _stranger(100, "请使用POST表单提交")
    try:
        fields = _fields(call)
    except ValueError:
        return _stranger(100, "表单字段过多")
    missing = [name for name in FIELDS if name not in fields]
    if missing:
        return _stranger(100, f"缺少参数 {missing[0]}")
    merchant = world.find_merchant("jushuitan", "app_key", fields["app_key"])
    if merchant is None or merchant.jushuitan is None:
        return _stranger(10, "无效的app_key")
    if not same(jushuitan_sign(merchant.jushuitan.app_secret, fields), fields["sign"]):
        return _stranger(10, "无效签名")
    return _check_session(world, call, merchant, fields)


def _check_session(
    world: World, call: VendorCall, merchant: Merchant, fields: Mapping[str, str]
) -> Merchant | VendorReply:
    stamp = fields["timestamp"]
    if not stamp.isdigit() or abs(call.now - datetime.fromtimestamp(min(int(stamp), 2**33), UTC)) > WINDOW:
        return _stranger(140, "timestamp超出允许范围")
    if merchant.jushuitan is None or not same(merchant.jushuitan.access_token, fields["access_token"]):
        return _stranger(100, "无效的access_token或access_token已过期")
    if exceeds(world, f"jushuitan:{fields['app_key']}:minute", 100, timedelta(minutes=1)):
        return refuse("200", "每分钟调用次数超过限制!请稍后再试")
    if exceeds(world, f"jushuitan:{fields['app_key']}:second", 5, timedelta(seconds=1)):
        return refuse("199", "调用频次超过限制!请稍后再试")
    return merchant


def act(world: World, merchant: Merchant, call: VendorCall) -> VendorReply:
    """Carry out one call of the table."""
    known = CALLS.get(call.api)
    if known is None:
        return refuse("190", f"接口不存在或无权限 /{call.api}")
    model, handle = known
    try:
        biz = model.model_validate(json.loads(_fields(call)["biz"]))
        return _reply(0, "执行成功", handle(world, merchant, biz), "ok")
    except ValidationError as error:
        first = error.errors()[0]
        return refuse("100", f"参数错误 {'.'.join(map(str, first['loc']))}: {first['msg']}")
    except ValueError:
        return refuse("100", "biz不是合法的JSON")
    except Refused as error:
        return refuse("100", error.message)
