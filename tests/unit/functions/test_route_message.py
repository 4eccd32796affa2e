"""The chat desktop's door: signed questions get an answer, others a short refusal; words are never logged."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from functions.route_message.handler import handler
from shared import wiring
from shared.domain.standard_webhooks import signatures
from shared.errors import Retryable
from shared.ports import Loaded
from tests.fakes import FakeAccounts, FakeCaseStore, FakeClock, FakeQueue, FakeTable
from tests.unit.rules.chat.build import MERCHANT, NOW, policy

ACCOUNT = {"secret": "whsec_aHVoYW5nLWNoYXQtc2VjcmV0LTAwMDAwMDAwMDAwMQ=="}
WORDS = "你们是骗子，电话13800138000"
QUESTION = {
    "session_id": "S1",
    "channel": "web",
    "message_id": "m-1",
    "text": WORDS,
    "buyer": {"id": "b-1", "platform": "douyin"},
    "order_ids": ["O1"],
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeCaseStore:
    table = FakeTable()
    table.policies[MERCHANT] = policy()
    store = FakeCaseStore(table)
    monkeypatch.setattr(wiring, "case_store", lambda: store)
    monkeypatch.setattr(wiring, "queue", FakeQueue)
    monkeypatch.setattr(wiring, "clock", lambda: FakeClock(NOW))
    monkeypatch.setattr(wiring, "accounts", lambda: FakeAccounts({MERCHANT: {"chat": ACCOUNT}, "other": {"zto": {}}}))
    wiring.reception.cache_clear()
    return store


def ask(
    body: str | None = None,
    *,
    merchant: str = MERCHANT,
    age: timedelta = timedelta(0),
    sent: str = "",
    **fields: Any,
) -> Any:
    """Ask as a desktop does; give the status and the document. `sent` is what the API gives us in place of `body`."""
    raw = (json.dumps(QUESTION) if body is None else body).encode()
    at = NOW - age
    headers = {
        "Webhook-Id": "q-1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": signatures(ACCOUNT, "q-1", at, raw.decode())[0],
    }
    event = {"pathParameters": {"merchant_id": merchant}, "headers": headers, "body": sent or raw.decode()}
    answer = handler(event | fields, None)
    assert answer["headers"]["content-type"].startswith("application/json")
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.usefixtures("store")
def test_a_signed_question_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    status, answer = ask()
    assert status == 200
    assert (answer["holder"], answer["group"], answer["rule"]) == ("waiting", "presale", "default.upset_buyer")
    assert answer["understanding"]["tone"] == "complaint"
    log = capsys.readouterr().out
    assert json.loads(log) == {
        "level": "INFO", "message": "route", "merchant": MERCHANT, "status": 200, "session": "web:S1",
        "holder": "waiting", "rule": "default.upset_buyer", "queued": True,
    }  # fmt: skip
    assert len(log.encode()) < 250


@pytest.mark.usefixtures("store")
def test_a_base64_body_is_verified_as_the_bytes_it_was() -> None:
    encoded = base64.b64encode(json.dumps(QUESTION).encode()).decode()
    assert ask(sent=encoded, isBase64Encoded=True)[0] == 200


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"headers": {}}, 401, "webhook-id or webhook-timestamp"),
        ({"headers": None}, 401, "webhook-id or webhook-timestamp"),
        ({"sent": json.dumps({**QUESTION, "text": "x"})}, 401, "webhook-signature"),
        ({"age": timedelta(minutes=6)}, 401, "webhook-timestamp"),
        ({"merchant": "nobody"}, 404, "no_account"),
        ({"merchant": "other"}, 404, "no_account"),
        ({"pathParameters": None}, 404, "no_account"),
        ({"body": "[]"}, 400, "body"),
        ({"body": json.dumps({**QUESTION, "channel": "Web!"})}, 400, "body"),
        ({"body": json.dumps({**QUESTION, "text": "长" * 64_000})}, 413, "too_large"),
    ],
)  # fmt: skip
def test_a_refusal_is_short_and_says_why(
    asked: dict[str, Any], status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, document = ask(**asked)
    assert (found, document["error"]) == (status, code)
    assert len(document["message"]) > 10
    log = capsys.readouterr().out
    assert json.loads(log)["reason"] == code
    assert "骗子" not in log


def test_without_a_policy_there_is_nothing_to_go_by(store: FakeCaseStore) -> None:
    store.table.policies.clear()
    assert ask() == (404, {"error": "no_policy", "message": "the merchant has no policy yet"})


def test_a_busy_table_asks_for_patience(store: FakeCaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> Loaded:
        raise Retryable("BatchGetItem: ThrottlingException", timedelta(seconds=1))

    monkeypatch.setattr(store, "load", busy)
    assert ask() == (503, {"error": "busy", "message": "not decided; please ask again"})


def test_what_is_to_be_counted_is_written_as_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    wiring.count_now("second_hop")
    assert '"SessionsMovedTwice":[1.0]' in capsys.readouterr().out
