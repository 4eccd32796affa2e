"""CloudFormation is always answered, at no other address than its own, and nothing secret is ever said or logged."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from functions.onboard_merchant.handler import handler
from shared import wiring
from shared.domain.joining import BYTES_MAX
from shared.domain.wire import HttpReply
from shared.errors import Permanent, Retryable
from shared.telemetry import Telemetry
from tests.fakes import FakeHttp
from tests.unit.rules.build import MINUTE
from tests.unit.workflows.joining import ACCOUNTS, House, Stack

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 200_000)


class Outside(House):
    """A house whose function answers over HTTP."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = FakeHttp(lambda request: HttpReply(200, b""))

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Let the function take an event; give what CloudFormation was told."""
        handler(event, CONTEXT)
        [request] = self.cloud.requests[-1:]
        assert (request.method, request.url, dict(request.headers)) == (
            "PUT",
            event["ResponseURL"],
            {"content-type": ""},
        )
        assert len(request.body) < 4096
        told: dict[str, Any] = json.loads(request.body)
        assert [told[name] for name in ("StackId", "RequestId", "LogicalResourceId")] == [
            event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
        ]
        return told


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Outside:
    house = Outside()
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(wiring, "office", lambda time_left_s: house.office())
    monkeypatch.setattr(wiring, "http", lambda: house.cloud)
    telemetry = Telemetry("onboard_merchant")
    monkeypatch.setattr(wiring, "telemetry", lambda: telemetry)
    return house


def test_a_merchant_that_joins_is_told_its_addresses(house: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    told = house.handle(Stack(house).event("Create"))
    assert (told["Status"], told["PhysicalResourceId"]) == ("SUCCESS", "demo")
    assert told["Data"]["Webhooks"].startswith("shop: https://hooks.example.com/webhooks/shop/demo")
    line = json.loads(capsys.readouterr().out)
    assert line == {"level": "INFO", "message": "onboarded", "wish": "Create", "merchant": "demo", "accepted": True}


def test_a_refused_merchant_is_told_why(house: Outside) -> None:
    told = house.handle(Stack(house, accounts="{}").event("Create"))
    assert (told["Status"], told["Reason"][:9]) == ("FAILED", "Accounts：")


HERE = "arn:aws:secretsmanager:cn-north-1:111122223333:secret:"
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a bad name": ({"Merchant": "Demo!"}, "Merchant：商户号由小写字母"),
    "a name that is none": ({"Merchant": "a|b"}, "Merchant：商户号由小写字母"),
    "a bad status": ({"Status": "on"}, "Status：只能是"),
    "another's secret": (
        {"SecretArn": f"{HERE}x-AbCdEf"},
        "SecretArn：",
    ),
    "a working copy": (
        {"SecretArn": f"{HERE}huhang/merchants/demo-AbCdEf"},
        "SecretArn：",
    ),
    "another merchant's secret": (
        {"SecretArn": f"{HERE}huhang-merchant-demo2-AbCdEf"},
        "SecretArn：",
    ),
    "another account's secret": (
        {"SecretArn": "arn:aws:secretsmanager:cn-north-1:999999999999:secret:huhang-merchant-demo-AbCdEf"},
        "SecretArn：",
    ),
    "another region's secret": (
        {"SecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:huhang-merchant-demo-AbCdEf"},
        "SecretArn：",
    ),
    "another partition's secret": (
        {"SecretArn": "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:huhang-merchant-demo-AbCdEf"},
        "SecretArn：",
    ),
    "a name instead of an ARN": ({"SecretArn": "huhang-merchant-demo"}, "SecretArn："),
}


@pytest.mark.parametrize("name", WRONG)
def test_properties_that_are_wrong_or_another_s_are_refused(house: Outside, name: str) -> None:
    changes, sentence = WRONG[name]
    stack = Stack(house)
    house.secrets.theirs[changes.get("SecretArn", "")] = json.dumps(ACCOUNTS)
    told = house.handle(stack.event("Create", **changes))
    assert (told["Status"], sentence in told["Reason"]) == ("FAILED", True)
    assert house.table.memberships == {}
    assert house.checked == []


def test_a_resource_keeps_its_name_whatever_is_wished(house: Outside) -> None:
    stack = Stack(house)
    house.handle(stack.event("Create"))
    told = house.handle(stack.event("Update", Merchant="other"))
    assert (told["Status"], told["PhysicalResourceId"]) == ("FAILED", "demo")


def test_more_problems_than_fit_are_cut(house: Outside) -> None:
    accounts = {f"vendor{number}": {"key": "值" * 300} for number in range(60)}
    told = house.handle(Stack(house, accounts=accounts).event("Create"))
    assert told["Status"] == "FAILED"
    assert "更多问题" in told["Reason"]
    assert len(json.dumps(told, ensure_ascii=False).encode()) <= BYTES_MAX


def test_a_bug_is_answered_and_told_without_its_text(house: Outside, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(arn: str) -> str:
        raise ValueError("Invalid character in 'key-of-the-shop'")

    house.secrets.offered = broken  # type: ignore[method-assign]
    event = Stack(house).event("Create")
    told = house.handle(event)
    said = capsys.readouterr().out
    assert told["Status"] == "FAILED"
    assert event["RequestId"] in told["Reason"]
    assert "ValueError at" in said
    assert '"MessagesFailed"' in said
    assert "key-of-the-shop" not in said + json.dumps(told)


FOREIGN = [
    "http://s3.cn-north-1.amazonaws.com.cn/x",
    "https://example.com/x",
    "https://amazonaws.com.example.com/x",
    "https://example.com/.amazonaws.com/",
    "https://x@example.com:443/.amazonaws.com/",
    "https://s3.amazonaws.com:8443/",
    "http://169.254.169.254/latest/.amazonaws.com/",
    "http://127.0.0.1:4566/x",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_nothing_is_done_for_who_wants_the_answer_elsewhere(house: Outside, url: str) -> None:
    with pytest.raises(Permanent, match="address_refused"):
        handler({**Stack(house).event("Create"), "ResponseURL": url}, CONTEXT)
    assert (house.cloud.requests, house.table.memberships) == ([], {})


def test_on_a_local_cloud_only_this_machine_is_answered(house: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    event = Stack(house).event("Create")
    for url in (event["ResponseURL"], "http://localhost.example.com:80/x", "http://10.0.0.1:4566/x"):
        with pytest.raises(Permanent, match="address_refused"):
            handler({**event, "ResponseURL": url}, CONTEXT)
    told = house.handle({**event, "ResponseURL": "http://localhost:4566/_ministack/cfn-response/x"})
    assert told["Status"] == "SUCCESS"


@pytest.mark.parametrize("trouble", [HttpReply(503, b""), Retryable("ConnectError", MINUTE)])
def test_an_answer_that_is_not_delivered_is_given_again(house: Outside, trouble: Any) -> None:
    event = Stack(house).event("Create")
    house.cloud.script.append(trouble)
    with pytest.raises((Permanent, Retryable)):
        handler(event, CONTEXT)
    house.refuse["shop"] = Permanent("sign", "meanwhile")
    assert house.handle(event)["Status"] == "SUCCESS"
