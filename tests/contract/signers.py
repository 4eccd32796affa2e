"""Pushes of any content, signed as each vendor would sign them for the test account."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from shared.channels import chat
from shared.domain.wire import Push
from tests.contract.samples import ACCOUNTS, NOW

STAMP = str(int(NOW.timestamp()))


class Signer(NamedTuple):
    """How a test pushes any content as a vendor would: one entry per vendor.

    `wrap` makes a body around what the vendor calls its data, `unwrap` finds the data in a sample's body, `put` gives
    a sample's body other data. `signed` is what the vendor's signature covers, `fates_max` how many one push may have.
    """

    sign: Callable[[bytes], Push]
    wrap: Callable[[str], bytes]
    unwrap: Callable[[str], Any]
    put: Callable[[str, Any], bytes]
    signed: Literal["body", "data", "nothing"] = "body"
    fates_max: int = 1


def as_douyin(body: bytes) -> Push:
    account = ACCOUNTS["douyin"]
    sign = hashlib.md5(account["app_key"].encode() + body + account["app_secret"].encode()).hexdigest()
    return Push({"app-id": account["app_key"], "event-sign": sign}, {}, body)


def as_zto(data: bytes) -> Push:
    digest = base64.b64encode(hashlib.md5(data + ACCOUNTS["zto"]["app_secret"].encode()).digest()).decode()
    return Push({}, {}, urlencode({"data": data, "data_digest": digest, "msg_type": "Traces"}).encode())


def as_kuaidi100(param: bytes) -> Push:
    sign = hashlib.md5(param + ACCOUNTS["kuaidi100"]["salt"].encode()).hexdigest()
    return Push({}, {}, urlencode({"sign": sign, "param": param}).encode())


def as_standard(vendor: str, body: bytes) -> Push:
    key = base64.b64decode(ACCOUNTS[vendor]["secret"].removeprefix("whsec_"))
    mac = hmac.new(key, b"msg_1." + STAMP.encode() + b"." + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": STAMP, "webhook-signature": signature}
    return Push(headers, {}, body)


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()  # half an emoji is no UTF-8


SIGNERS: dict[str, Signer] = {
    "douyin": Signer(
        as_douyin,
        lambda data: f'[{{"tag":"200","msg_id":"1","data":{data}}}]'.encode(),
        lambda body: json.loads(body)[0]["data"],
        lambda body, data: dumped([json.loads(body)[0] | {"data": data}]).encode(),
    ),
    "zto": Signer(
        as_zto,
        lambda data: data.encode(),
        lambda body: (json.loads(body) if body.startswith("{") else dict(parse_qsl(body)))["data"],
        lambda _, data: dumped(data).encode(),
        signed="data",
    ),
    "sf": Signer(
        lambda body: Push({}, {}, body),
        lambda data: f'{{"Body":{{"WaybillRoute":[{data}]}}}}'.encode(),
        lambda body: json.loads(body)["Body"]["WaybillRoute"][0],
        lambda _, data: dumped({"Body": {"WaybillRoute": [data]}}).encode(),
        signed="nothing",
    ),
    "kuaidi100": Signer(
        as_kuaidi100,
        lambda param: param.encode(),
        lambda body: dict(parse_qsl(body))["param"],
        lambda _, param: dumped(param).encode(),
        signed="data",
        fates_max=20,
    ),
    "selfbuilt": Signer(
        partial(as_standard, "selfbuilt"),
        lambda data: f'{{"type":"refund.created","timestamp":"2026-03-01T01:30:00Z","data":{data}}}'.encode(),
        lambda body: json.loads(body)["data"],
        lambda body, data: dumped(json.loads(body) | {"data": data}).encode(),
    ),
    "chat": Signer(
        partial(as_standard, "chat"),
        lambda data: f'{{"type":"chat.message","timestamp":"2026-03-01T01:30:00Z","data":{data}}}'.encode(),
        lambda body: json.loads(body)["data"],
        lambda body, data: dumped(json.loads(body) | {"data": data}).encode(),
        fates_max=chat.EVENTS_MAX,
    ),
}
