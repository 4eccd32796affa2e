"""The webhook function on HTTP API events as they come: a status, a short JSON body, and never a traceback."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.receive_webhook import handler as receive_webhook
from functions.receive_webhook.handler import handler
from shared import wiring
from shared.domain.lanes import Lane
from shared.domain.wire import Push
from shared.errors import (
    BadSignature,
    MalformedMessage,
    Refused,
    Retryable,
    StaleTimestamp,
    UnknownMerchant,
    UnknownSource,
)
from shared.workflows.count_pushes import PushCounter
from tests.fakes import FakeClock
from tests.unit.rules.build import MERCHANT, NOW, SECOND

Knock = Callable[..., dict[str, Any]]


class House:
    """What stands behind the door."""

    def __init__(self) -> None:
        self.verdict: Exception | None = None
        self.pushes: list[Push] = []
        self.sent: list[tuple[str, str, str]] = []
        self.queue_trouble: Exception | None = None

    def accepted(self, merchant: str, vendor: str, now: Any) -> Iterator[dict[str, str]]:
        """A merchant's credentials; one token."""
        if merchant != MERCHANT:
            raise UnknownMerchant("no_account")
        yield {"token": "s3cret"}

    def send_message(self, url: str, message: str, group: str) -> str:
        """Put a message on a queue."""
        if self.queue_trouble:
            raise self.queue_trouble
        self.sent.append((url, message, group))
        return "1a2b3c4d-0000-4000-8000-000000000000"

    def find_source(self, name: str) -> Any:
        """One vendor pushes."""
        if name != "sim":
            raise UnknownSource("unknown_source")
        return SimpleNamespace(LANE=Lane.REFUNDS, ACKNOWLEDGEMENT='{"code":0}', verify_push=self._verify)

    def _verify(self, push: Push, account: Any, now: Any) -> None:
        self.pushes.append(push)
        if self.verdict:
            raise self.verdict


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    house = House()
    monkeypatch.setattr(receive_webhook, "_counter", PushCounter())
    monkeypatch.setattr(wiring, "signed_aws", lambda: house)
    monkeypatch.setattr(wiring, "accounts", lambda: house)
    monkeypatch.setattr(wiring, "clock", lambda: FakeClock(NOW))
    monkeypatch.setattr(wiring, "find_source", house.find_source)
    monkeypatch.setattr(wiring, "settings", lambda: SimpleNamespace(queue_url=lambda lane: f"queue://{lane}"))
    return house


def _event(body: str | None = "{}", *, base64_encoded: bool = False, **fields: Any) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    parameters = {"source": "sim", "merchant_id": MERCHANT, "token": "s3cret"}
    event = {
        "version": "2.0",
        "routeKey": "POST /webhooks/{source}/{merchant_id}/{token}",
        "headers": {"Content-Type": "application/json", "EVENT-SIGN": "abc"},
        "pathParameters": parameters,
        "body": body,
        "isBase64Encoded": base64_encoded,
    }
    return {**event, **fields}


def test_a_genuine_push_is_acknowledged_and_queued(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler(_event('{"a":"退款"}'), None)
    assert (answer["statusCode"], answer["body"]) == (200, '{"code":0}')
    assert answer["headers"]["content-type"].startswith("application/json")
    [(url, message, group)] = house.sent
    assert (url, group, json.loads(message)["body"]) == ("queue://refunds", MERCHANT, '{"a":"退款"}')
    first = json.loads(capsys.readouterr().out)
    expected = {"level": "INFO", "message": "webhook", "source": "sim", "merchant": MERCHANT, "status": 200}
    assert expected.items() <= first.items()
    handler(_event(), None)
    assert json.loads(capsys.readouterr().out) == {**expected, "message_id": "1a2b3c4d"}


def test_the_line_of_a_refusal_counts_it_by_its_kind(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.verdict = BadSignature("event-sign")
    handler(_event(), None)
    line = json.loads(capsys.readouterr().out)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "reason"]]
    assert (line["reason"], line["service"], line["PushesRefused"]) == ("BadSignature", "huhang", 1)


def test_header_names_are_given_in_lower_case(house: House) -> None:
    handler(_event(), None)
    assert house.pushes[0].headers == {"content-type": "application/json", "event-sign": "abc"}


def test_a_base64_body_is_verified_as_the_bytes_it_was(house: House) -> None:
    raw = b"\xff\xfe\x00data=%7B%7D"
    assert handler(_event(base64.b64encode(raw).decode(), base64_encoded=True), None)["statusCode"] == 200
    assert house.pushes[0].body == raw
    assert base64.b64decode(json.loads(house.sent[0][1])["body64"]) == raw


@pytest.mark.parametrize("fields", [{"headers": None}, {"headers": {}}, {"body": None}, {"body": ""}])
def test_what_may_be_missing_is_no_trouble(house: House, fields: dict[str, Any]) -> None:
    assert handler({**_event(), **fields}, None)["statusCode"] == 200


def test_the_query_string_reaches_the_vendor_s_module(house: House) -> None:
    handler(_event(queryStringParameters={"sign": "x"}), None)
    assert house.pushes[0].query == {"sign": "x"}


VERDICTS: list[tuple[Refused, int]] = [
    (BadSignature("event-sign"), 401),
    (StaleTimestamp("too_old"), 401),
    (UnknownMerchant("account_incomplete", "app_secret"), 404),
    (MalformedMessage("body", "array of objects expected"), 400),
]


@pytest.mark.parametrize(("verdict", "status"), VERDICTS)
def test_a_refusal_is_short_json_and_has_no_effect(house: House, verdict: Refused, status: int) -> None:
    house.verdict = verdict
    answer = handler(_event(), None)
    assert (answer["statusCode"], house.sent) == (status, [])
    assert json.loads(answer["body"]) == {"error": verdict.code, "message": verdict.told}
    assert verdict.told
    assert len(answer["body"]) < 300


PATHS: dict[str, Any] = {
    "an unknown vendor": {"source": "nobody", "merchant_id": MERCHANT, "token": "s3cret"},
    "a vendor that is a module path": {"source": "../zto", "merchant_id": MERCHANT, "token": "s3cret"},
    "an unknown merchant": {"source": "sim", "merchant_id": "stranger", "token": "s3cret"},
    "a wrong token": {"source": "sim", "merchant_id": MERCHANT, "token": "wrong"},
    "a token that is not ASCII": {"source": "sim", "merchant_id": MERCHANT, "token": "密钥"},
    "no token": {"source": "sim", "merchant_id": MERCHANT},
    "nothing": {},
    "no parameters at all": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_strangers_get_404(house: House, path: str) -> None:
    answer = handler(_event(pathParameters=PATHS[path]), None)
    assert (answer["statusCode"], house.sent, house.pushes) == (404, [], [])
    assert set(json.loads(answer["body"])) == {"error", "message"}


def test_too_much_at_once_is_413(house: House) -> None:
    assert handler(_event("x" * 1_200_000), None)["statusCode"] == 413
    assert house.sent == []


@pytest.mark.parametrize("trouble", [Retryable("sqs 503", 5 * SECOND), Retryable("secret", timedelta(0))])
def test_what_could_not_be_queued_is_asked_for_again(house: House, trouble: Exception) -> None:
    house.queue_trouble = trouble
    answer = handler(_event(), None)
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["error"] == "busy"
    assert "sqs" not in answer["body"]


def test_neither_the_answer_nor_the_log_repeats_what_strangers_wrote_at_length(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "a" * 5000
    answer = handler(_event(pathParameters={"source": long, "merchant_id": long, "token": long}), None)
    assert answer["statusCode"] == 404
    assert len(answer["body"]) + len(capsys.readouterr().out) < 500


def test_no_credential_or_token_is_logged(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    handler(_event(), None)
    house.verdict = BadSignature("event-sign")
    handler(_event(), None)
    assert "s3cret" not in capsys.readouterr().out
