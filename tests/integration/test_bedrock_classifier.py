"""A model is asked only where the lexicon is unsure, in Bedrock's own words, and never waited for too long."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.session import Session

from shared.adapters.bedrock_classifier import MODEL_SURE, UNSURE_BELOW, BedrockClassifier
from shared.adapters.signed_aws import Credentials, Service, SignedAws, sign
from shared.domain.chat import Intent, Tone
from shared.rules.understanding.understand import understand
from tests.integration.loopback import Server, reply, serving

MODEL = "vendor.small-model-v1:0"
UNSURE = "那个东西我跟你说吧真的是绝绝子哦"
SURE = "我要退款"


def said(words: str) -> bytes:
    """What Bedrock answers when the model says these words."""
    return reply(
        200,
        json.dumps(
            {
                "metrics": {"latencyMs": 312},
                "output": {"message": {"content": [{"text": words}], "role": "assistant"}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 240, "outputTokens": 17, "totalTokens": 257},
            }
        ).encode(),
    )


@contextmanager
def asking(server: Server, budget_s: float = 5.0) -> Iterator[BedrockClassifier]:
    """Ask at the server."""
    environment = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"}
    made = BedrockClassifier(
        lambda: SignedAws(environment, timeout_s=budget_s, tries_max=1),
        server.url,
        MODEL,
        timedelta(seconds=budget_s),
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _the_lexicon_is_unsure_of_the_one_and_sure_of_the_other() -> None:
    assert understand(UNSURE).confidence < UNSURE_BELOW <= understand(SURE).confidence


def test_what_the_lexicon_is_sure_of_goes_nowhere() -> None:
    with serving() as server, asking(server) as asks:
        assert asks(SURE) == understand(SURE)
        assert asks("  ") == understand("  ")
        assert server.requests == []


def test_a_model_chooses_among_our_own_words() -> None:
    with serving(said('好的：\n```json\n{"intent": "quality", "tone": "complaint"}\n```')) as server:
        with asking(server) as asks:
            reading = asks(UNSURE)
        assert (reading.intent, reading.tone, reading.confidence) == (Intent.QUALITY, Tone.COMPLAINT, MODEL_SURE)
        assert reading.version.endswith(f"+{MODEL}")
        [request] = server.requests
        assert request.head.startswith(f"POST /model/{quote(MODEL, safe='')}/converse HTTP/1.1")
        document = json.loads(request.body)
        assert set(document) == {"system", "messages", "inferenceConfig"}
        assert document["messages"] == [{"role": "user", "content": [{"text": UNSURE}]}]
        assert all(f"{word}（" in document["system"][0]["text"] for word in (*Intent, *Tone))
        assert "/us-east-1/bedrock/aws4_request" in request.headers["authorization"]


def test_long_numbers_stay_here() -> None:
    with serving(said("{}")) as server, asking(server) as asks:
        asks(UNSURE + " 13800138000 6935000000000000011")
        assert "13800138000" not in server.requests[0].body.decode()
        assert "# #" in json.loads(server.requests[0].body)["messages"][0]["content"][0]["text"]


@pytest.mark.parametrize(
    "answer",
    [
        said(""),
        said("我觉得是退款"),
        said('{"intent": "退款", "tone": "calm"}'),
        said('{"intent": "refund"}'),
        said('{"intent": "refund", "tone": ["calm"]}'),
        said('{"intent": "refund", "tone": "calm"'),
        said("[1, 2]"),
        reply(200, b"no json"),
        reply(200, b"[]"),
        reply(200, b'{"output": null}'),
        reply(200, b'{"output": {"message": {"content": [{"toolUse": {}}]}}}'),
        reply(200, b'{"output": {"message": {"content": "refund"}}}'),
        reply(400, b'{"message": "The provided model identifier is invalid."}'),
        reply(403, b'{"message": "not authorized to perform: bedrock:InvokeModel"}'),
        reply(424, b'{"message": "model error"}'),
        reply(429, b'{"message": "Too many requests"}'),
        reply(503, b"busy"),
        None,
    ],
)
def test_without_an_answer_of_use_the_lexicon_stands(answer: bytes | None) -> None:
    with serving(answer) as server, asking(server) as asks:
        assert asks(UNSURE) == understand(UNSURE)


def test_nobody_waits_longer_than_the_budget_and_the_next_line_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    first, given_up = iter([True]), Event()

    def request(self: SignedAws, *_: Any, **__: Any) -> bytes:
        if next(first, False):
            given_up.wait()
        return said('{"intent": "refund", "tone": "calm"}').partition(b"\r\n\r\n")[2]

    monkeypatch.setattr(SignedAws, "request", request)
    with serving() as server, asking(server, budget_s=1.0) as asks:
        assert asks(UNSURE) == understand(UNSURE)
        given_up.set()
        assert asks(UNSURE).intent is Intent.REFUND


def test_the_request_is_signed_as_botocore_signs() -> None:
    target = f"/model/{quote(MODEL, safe='')}/converse"
    theirs = AWSRequest("POST", f"https://bedrock-runtime.us-east-1.amazonaws.com{target}", data=b"{}")
    theirs.headers["content-type"] = "application/json"
    SigV4Auth(BotocoreCredentials("AKID", "secret"), "bedrock", "us-east-1").add_auth(theirs)
    headers = {
        "content-type": "application/json",
        "host": "bedrock-runtime.us-east-1.amazonaws.com",
        "x-amz-date": theirs.headers["X-Amz-Date"],
    }
    ours = sign(Credentials("AKID", "secret"), Service("bedrock", "us-east-1"), headers, b"{}", "POST", target)
    assert ours == theirs.headers["Authorization"]


def test_path_and_service_are_those_of_botocore() -> None:
    client = Session().create_client(
        "bedrock-runtime", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x", config=Config()
    )
    seen: list[Any] = []

    def stop(request: Any, **_: Any) -> None:
        seen.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.bedrock-runtime.Converse", stop)
    with pytest.raises(InterruptedError):
        client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "x"}]}])
    assert seen[0].url == f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{quote(MODEL, safe='')}/converse"
    assert b"/us-east-1/bedrock/aws4_request" in seen[0].headers["Authorization"]
