"""Whatever arrives at the door: no forgery passes, nothing but the documented errors comes out, nothing is guessed."""

import contextlib
import json
import subprocess
import sys
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.channels import chat
from shared.couriers import kuaidi100, sf
from shared.domain.chat_events import LineSaid
from shared.domain.events import EventIgnored, EventUnknown
from shared.domain.messages import AnyEvent
from shared.domain.wire import Push
from shared.errors import BadSignature, MalformedMessage, Refused, StaleTimestamp, UnknownMerchant
from shared.platforms import douyin, selfbuilt
from shared.workflows.receive_push import receive_push
from tests.contract.samples import ACCOUNTS, MERCHANT, NOW, Sample, load_samples, push_of
from tests.contract.signers import SIGNERS, as_douyin, dumped

PUSHES = [sample for sample in load_samples() if "headers" in sample.given]
GENUINE = [sample for sample in PUSHES if isinstance(sample.expect, list)]
PUSHING = sorted({(sample.kind, sample.vendor) for sample in PUSHES})
ALLOWED = (BadSignature, StaleTimestamp, MalformedMessage)


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
    match SIGNERS[sample.vendor].signed:
        case "body":
            with pytest.raises(BadSignature):
                sample.module.verify_push(changed, sample.account, NOW)
        case "data":  # token, company_id and the notation of the form are not signed
            _assert_same_data(sample, changed)
        case "nothing":  # the token in the address is the protection
            with contextlib.suppress(MalformedMessage):
                sample.module.verify_push(changed, sample.account, NOW)
    sample.module.parse_push(MERCHANT, changed.body, changed.headers)


def _assert_same_data(sample: Sample, changed: Push) -> None:
    """A change that the signature does not cover can hide a scan or uncover it; it does not change the scan."""
    try:
        sample.module.verify_push(changed, sample.account, NOW)
    except ALLOWED:
        return
    genuine = sample.module.parse_push(MERCHANT, push_of(sample).body, changed.headers)
    now = sample.module.parse_push(MERCHANT, changed.body, changed.headers)
    assert now == genuine or any(isinstance(fate, EventUnknown) for fate in [*now, *genuine])


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
    fates = _fates(sample.vendor, signer.sign(signer.put(sample.given["body"], fields)))
    assert 1 <= len(fates) <= signer.fates_max


def _data_of(sample: Sample) -> dict[str, Any]:
    try:
        data = SIGNERS[sample.vendor].unwrap(sample.given["body"])
        document = json.loads(data) if isinstance(data, str) else data
    except (ValueError, LookupError):
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
    push = SIGNERS[name].sign(SIGNERS[name].put(sample.given["body"], fields))
    assert len(push.body) > 900_000
    _vendor(name).verify_push(push, ACCOUNTS[name], NOW)
    assert not isinstance(_fates(name, push)[0], EventUnknown)


def test_a_thousand_elements_have_a_thousand_fates() -> None:
    elements = [{"tag": "113", "msg_id": str(number), "data": "{}"} for number in range(1000)]
    assert len(_fates("douyin", as_douyin(json.dumps(elements).encode()))) == 1000


@pytest.mark.parametrize("name", SIGNERS)
def test_numbers_that_json_does_not_know_are_refused(name: str) -> None:
    with pytest.raises(MalformedMessage):
        _vendor(name).verify_push(SIGNERS[name].sign(SIGNERS[name].wrap("NaN")), ACCOUNTS[name], NOW)
    with pytest.raises(MalformedMessage):
        _vendor(name).verify_push(SIGNERS[name].sign(SIGNERS[name].wrap("9" * 5000)), ACCOUNTS[name], NOW)


@pytest.mark.parametrize("token", ["", "sf-token-02", "sf-token-01 ", "令牌", "\udcff"])
def test_an_unsigned_push_is_taken_under_its_accounts_token_only(token: str) -> None:
    push = push_of(next(sample for sample in GENUINE if sample.vendor == "sf"))
    taken: list[str] = []

    def receive(token: str) -> None:
        receive_push(
            "sf",
            MERCHANT,
            token,
            push,
            find_source=_vendor,
            find_accounts=lambda _, vendor, now: [ACCOUNTS[vendor]],
            send=lambda _, __, message: taken.append(message),
            now=NOW,
        )

    with pytest.raises(UnknownMerchant):
        receive(token)
    assert not taken
    receive(ACCOUNTS["sf"]["token"])
    assert len(taken) == 1


def test_every_vendor_that_pushes_is_forged() -> None:
    assert set(SIGNERS) == {vendor for _, vendor in PUSHING}


def test_every_pushed_code_has_a_sample() -> None:
    texts = "".join(unquote_plus(sample.given["body"]) for sample in PUSHES)
    for code in sf.STAGES:
        assert f'"opCode":"{code}"' in texts
    for code in kuaidi100.STAGES:
        assert f'"statusCode":"{code}"' in texts
    for com in kuaidi100.CARRIERS:
        assert f'"com":"{com}"' in texts
    for tag in [*douyin.ORDER_TAGS, *douyin.REFUND_TAGS]:
        assert f'"tag":"{tag}"' in texts
    for kind in [*selfbuilt.ORDER_TYPES, *selfbuilt.REFUND_TYPES, "return.received"]:
        assert f'"type":"{kind}"' in texts
    for kind in chat.PARSERS:
        assert f'"type":"{kind}"' in texts
    for presence in chat.PRESENCES:
        assert f'"presence":"{presence}"' in texts


@pytest.mark.parametrize("sample", [sample for sample in PUSHES if sample.vendor == "chat"], ids=lambda one: one.name)
def test_what_is_kept_of_a_chat_push_holds_nothing_that_people_said(sample: Sample) -> None:
    kept = chat.redact(sample.given["body"].encode()).decode()
    assert not {letter for letter in kept if "\u4e00" <= letter <= "\u9fff"}
    fates = chat.parse_push(MERCHANT, kept.encode(), {})
    assert not [fate for fate in fates if isinstance(fate, LineSaid)]


@settings(max_examples=200, deadline=None)
@given(words=st.text(alphabet="退款怒骂电话ABC123@ ", min_size=6), name=st.text(max_size=8), value=json_values)
def test_words_are_not_kept_wherever_they_stand(words: str, name: str, value: Any) -> None:
    data = {name: words, "buyer": {"nick": words, "tags": [words]}, words: value, "phone": 13800138000}
    body = {"type": "chat.summary", "timestamp": "2026-03-01T01:30:00Z", "data": data, "more": [[words]]}
    named = ("type", "timestamp", "at", "session_id", "channel", "message_id", "agent", "group", "presence")
    kept = chat.redact(dumped(body).encode()).decode()
    assert words not in kept or name in named
    assert "13800138000" not in kept


@pytest.mark.parametrize("tag", douyin.IGNORED_TAGS)
def test_every_ignored_tag_is_ignored_whatever_it_carries(tag: str) -> None:
    (fate,) = douyin.parse_push(MERCHANT, json.dumps([{"tag": tag, "data": "no JSON"}]).encode(), {})
    assert isinstance(fate, EventIgnored)


@pytest.mark.parametrize(("kind", "vendor"), PUSHING)
def test_the_door_loads_no_heavy_module(kind: str, vendor: str) -> None:
    """Cold start is import time: a platform waits for it."""
    code = f"import sys, shared.{kind}.{vendor}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "pydantic_core", "botocore", "boto3", "httpcore"} & set(loaded)
    heavy = {name for name in loaded if name.startswith("shared.")} & {"shared.domain.events", "shared.domain.commands"}
    assert not heavy


@pytest.mark.parametrize(("kind", "vendor"), PUSHING)
def test_verifying_a_push_loads_no_heavy_module(kind: str, vendor: str) -> None:
    code = (
        f"import sys, shared.{kind}.{vendor} as vendor\n"
        "from datetime import datetime, UTC\n"
        "from shared.domain.wire import Push\n"
        "from shared.errors import Refused\n"
        "account = {'app_key': 'a', 'app_secret': 'b', 'secret': 'c' * 40, 'token': 'd', 'salt': 'e'}\n"
        "try: vendor.verify_push(Push({'webhook-id': '1', 'webhook-timestamp': '1'}, {}, b'data=1&param=1'), account,\n"
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
