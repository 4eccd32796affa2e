"""The webhook function on HTTP API events as they come: a status, a short JSON body, and never a traceback."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.receive_webhook.handler import handler
from infra.catalog import FUNCTIONS
from shared import wiring
from shared.adapters.secret_accounts import SecretAccounts
from shared.adapters.signed_aws import SignedAws
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

    def answering_within(self, seconds: float) -> AbstractContextManager[None]:
        """There is time."""
        return nullcontext()

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
    counter = PushCounter()
    monkeypatch.setattr(wiring, "push_counter", lambda: counter)
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


class SlowAws:
    """A connection to AWS; each service takes so many seconds for its next answers, and then none."""

    def __init__(self, takes_s: dict[str, list[float]]) -> None:
        self.takes_s = takes_s
        self.elapsed_s = 0.0

    def __call__(self, netloc: str, timeout: float) -> Any:
        """Connect."""
        del netloc
        self.timeout_s = timeout
        return SimpleNamespace(request=self._request, getresponse=self._getresponse, close=lambda: None)

    def _request(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> None:
        self.operation = headers["x-amz-target"].rpartition(".")[2]

    def _getresponse(self) -> Any:
        took_s = self.takes_s[self.operation].pop(0)
        self.elapsed_s += min(took_s, self.timeout_s)
        if took_s > self.timeout_s:
            raise TimeoutError
        secret = json.dumps({"SecretString": json.dumps({"sim": {"token": "s3cret"}})})
        answer = secret if self.operation == "GetSecretValue" else '{"MessageId":"1a2b3c4d"}'
        return SimpleNamespace(status=200, read=answer.encode)


@pytest.mark.parametrize(
    ("secret_s", "queue_s", "status"),
    [
        ([0.1], [0.1], 200),
        ([2.9], [2.9], 200),
        ([5, 5, 5], [], 503),
        ([0.1], [5, 5, 5], 503),
        ([2.9], [5, 5, 5], 503),
        ([5, 2.9], [5, 5, 5], 503),
        ([5, 5, 2.9], [5], 503),
        ([5, 0.1], [5, 0.1], 200),
    ],
)
def test_however_slow_aws_is_the_answer_comes_before_the_function_ends(
    house: House, monkeypatch: pytest.MonkeyPatch, secret_s: list[float], queue_s: list[float], status: int
) -> None:
    aws = SlowAws({"GetSecretValue": secret_s, "SendMessage": queue_s})
    monkeypatch.setattr("http.client.HTTPConnection", aws)
    ours = SignedAws({"AWS_ENDPOINT_URL": "http://aws"}, lambda _: None, elapsed_s=lambda: aws.elapsed_s)
    monkeypatch.setattr(wiring, "signed_aws", lambda: ours)
    monkeypatch.setattr(wiring, "accounts", lambda: SecretAccounts(ours.secret_string, "x/"))
    assert handler(_event(), None)["statusCode"] == status
    timeout = next(spec.timeout for spec in FUNCTIONS if spec.name == "receive_webhook")
    assert aws.elapsed_s < timeout.total_seconds()
    aws.takes_s["SendMessage"], aws.elapsed_s = [0.1], 3600
    assert ours.send_message("http://aws/queue", "later", MERCHANT), "the limit ends with the push"


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
