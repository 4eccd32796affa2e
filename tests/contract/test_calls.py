"""What holds for every vendor that is called, beyond its samples."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from shared.channels import chat, dingtalk, feishu, webhook, wecom
from shared.couriers import kuaidi100, sf, zto
from shared.domain.events import MessagePosted
from shared.domain.vendor import CUT
from shared.domain.wire import HttpReply
from shared.erps import jushuitan
from shared.errors import HuhangError, Permanent, Retryable, Unclear
from shared.platforms import douyin, selfbuilt
from tests.contract.samples import ACCOUNTS, NOW, Sample, command_of, load_samples, steps_of

CALLS = [sample for sample in load_samples() if "replies" in sample.given]
TEXTS = {
    vendor: json.dumps([sample.given for sample in CALLS if sample.vendor == vendor], ensure_ascii=False)
    for vendor in {sample.vendor for sample in CALLS}
}
SECRETS = [
    value
    for account in ACCOUNTS.values()
    for name, value in account.items()
    if name == "key" or any(word in name for word in ("secret", "token", "checkword", "salt"))
]


@pytest.mark.parametrize(
    ("vendor", "codes"),
    [
        ("douyin", [f'"after_sale_status": {code},' for code in douyin.REFUND_STATUSES]),
        ("douyin", [f'"order_status": {code},' for code in douyin.ORDER_STATUSES]),
        ("zto", [*zto.FINAL, *zto.REGISTERED, *zto.INTERCEPTION_STATES, *zto.THROTTLED, zto.NOT_PICKED_UP]),
        ("zto", [f'"scanType": "{kind}"' for kind in zto.QUERIED_STAGES]),
        ("sf", [*sf.GATE, *sf.UNCLEAR, sf.OK]),
        (
            "kuaidi100",
            [f'"returnCode": "{code}"' for code in (200, 400, 408, 500, 501, 502, 503, 600, 601, 700, 701, 702)],
        ),
        ("jushuitan", [f'"status": "{status}"' for status in jushuitan.STATUSES]),
        ("jushuitan", [f'"code": {code},' for code in jushuitan.RETRIES]),
        ("dingtalk", [f'"errcode": {code},' for code in [0, -1, *dingtalk.THROTTLED, *dingtalk.REFUSALS]]),
        ("wecom", [f'"errcode": {code},' for code in [0, *wecom.BUSY, *wecom.THROTTLED, *wecom.REFUSALS]]),
        ("feishu", [f'"code": {code},' for code in [0, *feishu.THROTTLED, *feishu.REFUSALS]]),
    ],
)
def test_every_listed_code_has_a_sample(vendor: str, codes: list[str]) -> None:
    assert [code for code in codes if code not in TEXTS[vendor]] == []


ENVELOPES = ["code", "data", "status", "statusCode", "errcode", "result", "orders", "items", "refund", "order"]
ENVELOPES += ["apiResultCode", "apiResultData", "success", "errorCode", "msgData", "routeResps", "routes", "accepted"]
ENVELOPES += ["returnCode", "message", "nu", "comCode", "ftime", "statusCode"]
json_answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(ENVELOPES) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
answers = st.binary(max_size=60) | json_answers.map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("sample", [one for one in CALLS if hasattr(one.module, "LIMITS")], ids=str)
def test_a_vendor_that_limits_calls_says_how_many_a_command_takes(sample: Sample) -> None:
    if "command" in sample.given:
        known = sample.module.REQUESTS_MAX.get(sample.given["command"]["type"], 1)
        assert len(sample.given["replies"]) <= known


@settings(max_examples=600, deadline=None)
@given(sample=st.sampled_from(CALLS), data=st.data())
def test_any_answer_ends_in_an_outcome_or_a_documented_error(sample: Sample, data: st.DataObject) -> None:
    """Up to some point the vendor answers as in the sample, then it answers anything."""
    genuine = data.draw(st.integers(0, len(sample.given["replies"])))
    steps = steps_of(sample)
    try:
        next(steps)
        for number in range(30):
            if number < genuine:
                reply = sample.given["replies"][number]
                body = reply["body"] if isinstance(reply["body"], str) else json.dumps(reply["body"])
                steps.send(HttpReply(reply.get("status", 200), body.encode()))
            else:
                steps.send(HttpReply(data.draw(st.sampled_from([200, 200, 200, 404, 429, 500])), data.draw(answers)))
    except StopIteration:
        return
    except (Retryable, Unclear, Permanent) as error:
        _assert_no_secret(error)
        return
    pytest.fail("the conversation does not end")


@settings(max_examples=200, deadline=None)
@given(sample=st.sampled_from(CALLS), data=st.data())
def test_money_is_never_reported_as_paid_by_an_answer_that_does_not_say_so(sample: Sample, data: st.DataObject) -> None:
    if sample.given.get("command", {}).get("type") != "agree_refund" or sample.given.get("call"):
        return
    steps = steps_of(sample)
    next(steps)
    with pytest.raises((HuhangError, StopIteration)) as caught:
        steps.send(HttpReply(200, data.draw(answers)))
    assert not isinstance(caught.value, StopIteration)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_buyer_is_told_or_not_only_by_an_answer_that_says_so(data: st.DataObject) -> None:
    sample = next(sample for sample in CALLS if sample.vendor == "selfbuilt" and sample.name == "tell_buyer")
    answer = data.draw(json_answers.filter(lambda value: not isinstance(value, dict) or "accepted" not in value))
    steps = steps_of(sample)
    next(steps)
    with pytest.raises(Unclear):
        steps.send(HttpReply(200, json.dumps(answer).encode()))


PARCEL = {"carrier": "zto", "waybill": "75399000000121", "source": "zto"}
ORDER = {"platform": "douyin", "order_id": "1"}
FOREIGN = [
    (douyin, {"type": "subscribe_tracking", **PARCEL}),
    (selfbuilt, {"type": "subscribe_tracking", **PARCEL}),
    (zto, {"type": "fetch_order", **ORDER}),
    (sf, {"type": "fetch_order", **ORDER}),
    (kuaidi100, {"type": "fetch_order", **ORDER}),
    (jushuitan, {"type": "fetch_order", **ORDER}),
    (chat, {"type": "post_message", "channel": "chat", "account": "chat", "group": "desk", "title": "", "text": ""}),
]


@pytest.mark.parametrize(("vendor", "fields"), FOREIGN, ids=[vendor.__name__ for vendor, _ in FOREIGN])
def test_a_command_that_is_not_for_a_vendor_is_refused_before_anything_is_sent(
    vendor: Any, fields: dict[str, Any]
) -> None:
    with pytest.raises(Permanent) as caught:
        next(vendor.carry_out(command_of(fields), {}, NOW))
    assert (caught.value.code, caught.value.text) == ("not_supported", fields["type"])


@pytest.mark.parametrize("sample", CALLS, ids=lambda sample: f"{sample.vendor}/{sample.name}")
def test_no_error_shows_a_secret_or_a_url(sample: Sample) -> None:
    try:
        steps = steps_of(sample)
        next(steps)
        for reply in sample.given["replies"]:
            body = reply["body"] if isinstance(reply["body"], str) else json.dumps(reply["body"])
            steps.send(HttpReply(reply.get("status", 200), body.encode()))
    except StopIteration:
        return
    except HuhangError as error:
        _assert_no_secret(error)


def _assert_no_secret(error: HuhangError) -> None:
    assert not any(secret in str(error) for secret in SECRETS)
    assert "://" not in str(error)


@pytest.mark.parametrize("sample", CALLS, ids=lambda sample: f"{sample.vendor}/{sample.name}")
def test_a_base_url_of_the_account_is_used(sample: Sample) -> None:
    """So that the same code speaks to the vendor's sandbox."""
    name = {"selfbuilt": "api_url", "chat": "api_url", "webhook": "url"}.get(sample.vendor, "base_url")
    account = {**sample.given.get("account", {}), name: "http://127.0.0.1:9/x"}
    try:
        request = next(steps_of(replace(sample, given={**sample.given, "account": account})))
    except (StopIteration, Permanent, Unclear):
        return
    assert request.url.startswith("http://127.0.0.1:9/x")


def _post(text: str, title: str = "退款") -> Any:
    robot = {"channel": "dingtalk", "account": "desk-robot", "group": "desk"}
    return command_of({"type": "post_message", "title": title, "text": text, **robot})


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet='退款a\n"\\😀 ', min_size=1, max_size=60), times=st.integers(1, 2000))
def test_a_robots_message_never_exceeds_its_limit(text: str, times: int) -> None:
    command = _post(text * times, text * 10)
    for robot, bytes_max in ((dingtalk, dingtalk.BODY_BYTES_MAX), (feishu, feishu.BODY_BYTES_MAX), (wecom, 4096)):
        body = next(robot.carry_out(command, ACCOUNTS[robot.__name__.rpartition(".")[2]], NOW)).body
        said, length = _said(json.loads(body)), len(body)
        if robot is wecom:  # its limit is the content's
            length = len(said.encode())
        assert length <= bytes_max
        if said != command.text:
            assert said.endswith(CUT)
            assert command.text.startswith(said.removesuffix(CUT))
            assert length > bytes_max - 12  # not one more character would have fitted


def _said(message: Any) -> str:
    if "card" in message:
        return str(message["card"]["elements"][0]["text"]["content"])
    return str(message["markdown"].get("text") or message["markdown"]["content"])


def test_a_groups_own_webhook_is_signed_by_the_standard() -> None:
    request = next(webhook.carry_out(_post("x"), ACCOUNTS["webhook"], NOW))
    signer = Webhook(ACCOUNTS["webhook"]["secret"])
    assert request.headers["webhook-signature"] == signer.sign(
        request.headers["webhook-id"], NOW, request.body.decode()
    )
    assert request.headers["webhook-id"] == _post("x").command_id


def test_feishu_is_signed_as_its_vector() -> None:
    assert feishu.sign("1767225600", "huhangFeishuSecret01") == "XpWSggCcyp6Kb8BqS5rFJbuf3934cDjqHfL0Sr50Dcw="
    account = ACCOUNTS["feishu"] | {"secret": "huhangFeishuSecret01"}
    message = json.loads(next(feishu.carry_out(_post("x"), account, NOW)).body)
    assert message["sign"] == feishu.sign(message["timestamp"], "huhangFeishuSecret01")


def test_a_robot_without_a_secret_is_not_signed() -> None:
    account = ACCOUNTS["dingtalk"] | {"secret": ""}
    assert next(dingtalk.carry_out(_post("x"), account, NOW)).url.endswith("/robot/send?access_token=ding-token")
    signed = next(dingtalk.carry_out(_post("x"), ACCOUNTS["dingtalk"], NOW)).url
    assert "&timestamp=1772328600000&sign=" in signed


def test_a_posted_message_names_its_group() -> None:
    steps = dingtalk.carry_out(_post("x"), ACCOUNTS["dingtalk"], NOW)
    next(steps)
    with pytest.raises(StopIteration) as stop:
        steps.send(HttpReply(200, b'{"errcode":0}'))
    assert isinstance(stop.value.value, MessagePosted)
    assert stop.value.value.group == "desk"
