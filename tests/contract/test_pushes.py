"""Whatever arrives at the door: no forgery passes, nothing but the documented errors comes out, nothing is guessed."""

import base64
import contextlib
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.events import EventIgnored, EventUnknown
from shared.domain.messages import AnyEvent
from shared.domain.wire import Push
from shared.errors import BadSignature, MalformedMessage, Refused, StaleTimestamp
from shared.platforms import douyin, selfbuilt
from tests.contract.samples import ACCOUNTS, MERCHANT, NOW, Sample, load_samples, push_of

PUSHES = [sample for sample in load_samples() if "headers" in sample.given]
GENUINE = [sample for sample in PUSHES if isinstance(sample.expect, list)]
PUSHING = sorted({(sample.kind, sample.vendor) for sample in PUSHES})
ALLOWED = (BadSignature, StaleTimestamp, MalformedMessage)
STAMP = str(int(NOW.timestamp()))


class Signer(NamedTuple):
    """How a test signs any content as a vendor would, and wraps what the vendor calls its data."""

    sign: Callable[[bytes], Push]
    wrap: Callable[[str], bytes]


def _as_douyin(body: bytes) -> Push:
    account = ACCOUNTS["douyin"]
    sign = hashlib.md5(account["app_key"].encode() + body + account["app_secret"].encode()).hexdigest()
    return Push({"app-id": account["app_key"], "event-sign": sign}, {}, body)


def _as_zto(data: bytes) -> Push:
    digest = base64.b64encode(hashlib.md5(data + ACCOUNTS["zto"]["app_secret"].encode()).digest()).decode()
    return Push({}, {}, urlencode({"data": data, "data_digest": digest, "msg_type": "Traces"}).encode())


def _as_selfbuilt(body: bytes) -> Push:
    key = base64.b64decode(ACCOUNTS["selfbuilt"]["secret"].removeprefix("whsec_"))
    mac = hmac.new(key, b"msg_1." + STAMP.encode() + b"." + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": STAMP, "webhook-signature": signature}
    return Push(headers, {}, body)


SIGNERS: dict[str, Signer] = {
    "douyin": Signer(_as_douyin, lambda data: f'[{{"tag":"200","msg_id":"1","data":{data}}}]'.encode()),
    "zto": Signer(_as_zto, lambda data: data.encode()),
    "selfbuilt": Signer(
        _as_selfbuilt,
        lambda data: f'{{"type":"refund.created","timestamp":"2026-03-01T01:30:00Z","data":{data}}}'.encode(),
    ),
}


def _vendor(name: str) -> Any:
    return next(sample.module for sample in PUSHES if sample.vendor == name)


def _fates(name: str, push: Push) -> list[AnyEvent | EventIgnored | EventUnknown]:
    """Verify and parse; whatever was refused at the door is parsed as well, for the queue may hold anything."""
    vendor = _vendor(name)
    with contextlib.suppress(*ALLOWED):
        vendor.verify_push(push, ACCOUNTS[name], NOW)
    fates: list[AnyEvent | EventIgnored | EventUnknown] = vendor.parse_push(MERCHANT, push.body, push.headers)
    return fates


@pytest.mark.parametrize("name", SIGNERS)
@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), headers=st.dictionaries(st.sampled_from(
    ["app-id", "event-sign", "sign-method", "webhook-id", "webhook-timestamp", "webhook-signature"]),
    st.text(max_size=40)))  # fmt: skip
def test_random_bytes_are_refused_and_parse_without_an_exception(
    name: str, body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(ALLOWED):
        _vendor(name).verify_push(Push(headers, {}, body), ACCOUNTS[name], NOW)
    assert all(isinstance(fate, EventUnknown) for fate in _vendor(name).parse_push(MERCHANT, body, headers))


@settings(max_examples=400, deadline=None)
@given(sample=st.sampled_from(GENUINE), at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_of_what_was_signed_passes(sample: Sample, at: int, flip: int) -> None:
    push = push_of(sample)
    body = bytearray(push.body)
    body[at % len(body)] ^= flip
    changed = Push(push.headers, push.query, bytes(body))
    if sample.vendor == "zto":  # token, company_id and the notation of the form are not signed
        _assert_same_data(sample, changed)
    else:
        with pytest.raises(BadSignature):
            sample.module.verify_push(changed, sample.account, NOW)
    sample.module.parse_push(MERCHANT, changed.body, changed.headers)


def _assert_same_data(sample: Sample, changed: Push) -> None:
    """A change that ZTO's signature does not cover does not change the scan."""
    try:
        sample.module.verify_push(changed, sample.account, NOW)
    except ALLOWED:
        return
    genuine = sample.module.parse_push(MERCHANT, push_of(sample).body, changed.headers)
    now = sample.module.parse_push(MERCHANT, changed.body, changed.headers)
    assert now == genuine or all(isinstance(fate, EventUnknown) for fate in now)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-01 09:30:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(sample=st.sampled_from(GENUINE), data=st.data())
def test_any_value_in_any_field_has_a_fate(sample: Sample, data: st.DataObject) -> None:
    """Genuinely signed, but one field is not what the manual promises."""
    fields = _data_of(sample)
    name = data.draw(st.sampled_from(sorted(fields) or ["p_id"]))
    fields[name] = data.draw(json_values)
    signer = SIGNERS[sample.vendor]
    if sample.vendor == "douyin":
        tag = json.loads(sample.given["body"])[0]["tag"]
        body = json.dumps([{"tag": tag, "msg_id": "1", "data": fields}]).encode()
    elif sample.vendor == "selfbuilt":
        body = json.dumps(json.loads(sample.given["body"]) | {"data": fields}).encode()
    else:
        body = json.dumps(fields).encode()
    assert len(_fates(sample.vendor, signer.sign(body))) == 1


def _data_of(sample: Sample) -> dict[str, Any]:
    vendor, body = sample.vendor, sample.given["body"]
    if vendor == "zto":
        from shared.couriers.zto import _form

        document = json.loads(str(_form(body.encode())["data"]))
    else:
        message = json.loads(body)
        data = (message[0] if isinstance(message, list) else message)["data"]
        try:
            document = json.loads(data) if isinstance(data, str) else data
        except ValueError:
            document = {}
    return document if isinstance(document, dict) else {}


@pytest.mark.parametrize("name", SIGNERS)
def test_deep_nesting_is_malformed_or_unknown(name: str) -> None:
    signer = SIGNERS[name]
    for deep in ("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000):
        push = signer.sign(deep.encode())
        with pytest.raises(MalformedMessage):
            _vendor(name).verify_push(push, ACCOUNTS[name], NOW)
        assert all(isinstance(fate, EventUnknown) for fate in _fates(name, push))
    inside = '{"aftersale_id":' + "[" * 100_000 + "]" * 100_000 + "}"
    push = signer.sign(signer.wrap(json.dumps(inside) if name == "douyin" else inside))
    assert all(isinstance(fate, EventUnknown) for fate in _fates(name, push))


@pytest.mark.parametrize("name", SIGNERS)
def test_a_body_of_a_megabyte_is_read(name: str) -> None:
    sample = next(sample for sample in GENUINE if sample.vendor == name and sample.expect[0].get("type"))
    fields = _data_of(sample) | {"desc" if name == "zto" else "remark": "退" * 330_000}
    signer = SIGNERS[name]
    if name == "zto":
        push = signer.sign(json.dumps(fields, ensure_ascii=False).encode())
    elif name == "douyin":
        tag = json.loads(sample.given["body"])[0]["tag"]
        text = json.dumps(fields, ensure_ascii=False)
        push = signer.sign(json.dumps([{"tag": tag, "msg_id": "1", "data": text}], ensure_ascii=False).encode())
    else:
        body = json.loads(sample.given["body"]) | {"data": fields}
        push = signer.sign(json.dumps(body, ensure_ascii=False).encode())
    assert len(push.body) > 900_000
    _vendor(name).verify_push(push, ACCOUNTS[name], NOW)
    assert not isinstance(_fates(name, push)[0], EventUnknown)


def test_a_thousand_elements_have_a_thousand_fates() -> None:
    elements = [{"tag": "113", "msg_id": str(number), "data": "{}"} for number in range(1000)]
    assert len(_fates("douyin", _as_douyin(json.dumps(elements).encode()))) == 1000


@pytest.mark.parametrize("name", SIGNERS)
def test_numbers_that_json_does_not_know_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage):
        _vendor(name).verify_push(SIGNERS[name].sign(SIGNERS[name].wrap("NaN")), ACCOUNTS[name], NOW)
    with pytest.raises(MalformedMessage):
        _vendor(name).verify_push(SIGNERS[name].sign(SIGNERS[name].wrap("9" * 5000)), ACCOUNTS[name], NOW)


def test_every_pushed_code_has_a_sample() -> None:
    texts = "".join(sample.given["body"] for sample in PUSHES)
    for tag in [*douyin.ORDER_TAGS, *douyin.REFUND_TAGS]:
        assert f'"tag":"{tag}"' in texts
    for kind in [*selfbuilt.ORDER_TYPES, *selfbuilt.REFUND_TYPES, "return.received"]:
        assert f'"type":"{kind}"' in texts


@pytest.mark.parametrize("tag", douyin.IGNORED_TAGS)
def test_every_ignored_tag_is_ignored_whatever_it_carries(tag: str) -> None:
    (fate,) = douyin.parse_push(MERCHANT, json.dumps([{"tag": tag, "data": "no JSON"}]).encode(), {})
    assert isinstance(fate, EventIgnored)


@pytest.mark.parametrize(("kind", "vendor"), PUSHING)
def test_the_door_loads_no_heavy_module(kind: str, vendor: str) -> None:
    """Cold start is import time: a platform waits for it."""
    code = f"import sys, shared.{kind}.{vendor}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "pydantic_core", "botocore", "boto3", "httpx"} & set(loaded)
    heavy = {name for name in loaded if name.startswith("shared.")} & {"shared.domain.events", "shared.domain.commands"}
    assert not heavy


@pytest.mark.parametrize(("kind", "vendor"), PUSHING)
def test_verifying_a_push_loads_no_heavy_module(kind: str, vendor: str) -> None:
    code = (
        f"import sys, shared.{kind}.{vendor} as vendor\n"
        "from datetime import datetime, UTC\n"
        "from shared.domain.wire import Push\n"
        "from shared.errors import Refused\n"
        "account = {'app_key': 'a', 'app_secret': 'b', 'secret': 'c' * 40}\n"
        "try: vendor.verify_push(Push({'webhook-id': '1', 'webhook-timestamp': '1'}, {}, b'data=1'), account,\n"
        "    datetime.fromtimestamp(0, UTC))\n"
        "except Refused: print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded
    assert "pydantic" not in loaded


@pytest.mark.parametrize(("kind", "vendor"), PUSHING)
def test_an_acknowledgement_is_json(kind: str, vendor: str) -> None:
    assert isinstance(json.loads(_vendor(vendor).ACKNOWLEDGEMENT), dict)


def test_every_refusal_has_its_http_status() -> None:
    assert {error.http_status for error in ALLOWED} == {401, 400}
    assert all(issubclass(error, Refused) for error in ALLOWED)
