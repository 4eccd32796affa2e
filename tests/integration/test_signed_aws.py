"""The webhook function's own client signs as botocore does and survives what a network does."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.session import Session

from shared.adapters.signed_aws import AwsRefused, Credentials, Service, SignedAws, endpoint_of, sign, signing_key
from shared.errors import Retryable
from tests.integration.loopback import reply, serving

KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
QUEUE = "https://sqs.cn-north-1.amazonaws.com.cn/1/parcels"


_opened: list[SignedAws] = []


@pytest.fixture(autouse=True)
def _closed():
    yield
    while _opened:
        _opened.pop().close()


def client(url: str, pauses=None, **more: str) -> SignedAws:
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        **more,
    }
    _opened.append(SignedAws(environment, ([] if pauses is None else pauses).append))
    return _opened[-1]


def test_the_published_signing_key_comes_out() -> None:
    """AWS General Reference, examples of how to derive a signing key."""
    key = signing_key(KEY.secret, "20150830/us-east-1/iam/aws4_request")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_published_request_is_signed_as_published() -> None:
    """AWS Signature Version 4 test suite, post-vanilla."""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    assert sign(KEY, Service("service", "us-east-1"), headers, b"") == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    )


@pytest.mark.parametrize("token", ["", "session/token+with=signs"])
@pytest.mark.parametrize("region", ["us-east-1", "cn-northwest-1"])
@pytest.mark.parametrize("name", ["sqs", "secretsmanager"])
def test_the_same_headers_get_the_signature_of_botocore(name: str, region: str, token: str) -> None:
    service = Service(name, region)
    body = '{"MessageBody":"包裹"}'.encode()
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": endpoint_of(service, {}).removeprefix("https://"),
        "x-amz-date": "20261111T083000Z",
        "x-amz-target": "AmazonSQS.SendMessage",
    } | ({"x-amz-security-token": token} if token else {})
    request = AWSRequest(method="POST", url=endpoint_of(service, {}) + "/", headers=dict(headers), data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(BotocoreCredentials("key", "secret", token or None), name, region)
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    ours = sign(Credentials("key", "secret", token), service, headers, body)
    assert ours.endswith(f"Signature={expected}")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "cn-northwest-1"])
@pytest.mark.parametrize("name", ["sqs", "secretsmanager"])
def test_the_hosts_are_those_of_botocore(name: str, region: str) -> None:
    expected = Session().create_client(name, region_name=region).meta.endpoint_url
    assert endpoint_of(Service(name, region), {}) == expected


def test_a_message_is_sent_as_sqs_wants_it() -> None:
    with serving(reply(200, b'{"MessageId":"1"}')) as server:
        client(server.url, AWS_SESSION_TOKEN="token").send_message(QUEUE, '{"包":1}', "shop")
    (received,) = server.requests
    assert received.head.startswith("POST / HTTP/1.1")
    assert json.loads(received.body) == {"QueueUrl": QUEUE, "MessageBody": '{"包":1}', "MessageGroupId": "shop"}
    headers = received.headers
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-security-token"] == "token"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target," in headers["authorization"]
    assert received.head.lower().count("\r\nhost:") == 1


def test_the_real_time_is_signed_whatever_clock_the_product_runs_on(monkeypatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    with serving(reply(200)) as server:
        client(server.url).send_message(QUEUE, "{}", "shop")
    assert server.requests[0].headers["x-amz-date"] > "2025"


def test_a_secret_is_read_and_a_missing_one_is_none() -> None:
    missing = reply(400, b'{"__type":"ResourceNotFoundException","Message":"m"}')
    with serving(reply(200, b'{"SecretString":"{}"}'), missing) as server:
        aws = client(server.url)
        assert aws.secret_string("huhang/merchants/shop") == "{}"
        assert aws.secret_string("huhang/merchants/nobody") is None
    assert server.requests[0].headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert server.requests[0].headers["content-type"] == "application/x-amz-json-1.1"
    assert json.loads(server.requests[1].body) == {"SecretId": "huhang/merchants/nobody"}


def test_connections_are_kept() -> None:
    with serving(*[reply(200)] * 5) as server:
        aws = client(server.url)
        for _ in range(5):
            aws.send_message(QUEUE, "{}", "shop")
    assert (server.connections, len(server.requests)) == (1, 5)


def test_calls_at_once_have_a_connection_each_and_keep_it() -> None:
    with serving(*[reply(200)] * 200) as server, ThreadPoolExecutor(4) as callers:
        aws = client(server.url)
        list(callers.map(lambda number: aws.send_message(QUEUE, str(number), "shop"), range(200)))
    assert sorted(int(json.loads(request.body)["MessageBody"]) for request in server.requests) == list(range(200))
    assert server.connections <= 4


def test_a_connection_that_went_stale_is_replaced_without_a_pause() -> None:
    pauses: list[float] = []
    with serving(b"!" + reply(200), reply(200)) as server:
        aws = client(server.url, pauses)
        aws.send_message(QUEUE, "{}", "shop")
        aws.send_message(QUEUE, "{}", "shop")
    assert (server.connections, pauses) == (2, [])


@pytest.mark.parametrize(
    "answer",
    [
        None,
        reply(500, b""),
        reply(503, b"<html>"),
        reply(400, b'{"__type":"com.amazon.coral.availability#ThrottlingException"}'),
        reply(400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'),
    ],
)
def test_a_busy_service_is_asked_three_times_with_growing_pauses(answer: bytes | None) -> None:
    pauses: list[float] = []
    with serving(answer, answer, reply(200)) as server:
        client(server.url, pauses).send_message(QUEUE, "{}", "shop")
    assert pauses == [0.1, 0.2]
    with serving(answer, answer, answer) as server, pytest.raises(Retryable):
        client(server.url).send_message(QUEUE, "{}", "shop")
    assert len(server.requests) == 3


def test_nobody_listening_is_retryable() -> None:
    with serving() as server:
        url = server.url
    with pytest.raises(Retryable, match="ConnectionRefusedError"):
        client(url).send_message(QUEUE, "{}", "shop")


def test_a_refusal_is_a_bug_and_not_repeated() -> None:
    denied = reply(400, b'{"__type":"com.amazon.coral.service#AccessDeniedException"}')
    with serving(denied) as server, pytest.raises(AwsRefused, match="400 AccessDeniedException"):
        client(server.url).secret_string("x")
    assert len(server.requests) == 1


def test_a_regional_endpoint_is_spoken_to_over_tls(monkeypatch) -> None:
    """Loopback does not speak TLS: the handshake must fail, and nothing is sent in the clear."""
    monkeypatch.setattr("shared.adapters.signed_aws.TIMEOUT_S", 0.2)
    with serving() as server, pytest.raises(Retryable):
        client(server.url.replace("http:", "https:")).send_message(QUEUE, "{}", "shop")
    assert not any("AmazonSQS" in received.head for received in server.requests)


@pytest.mark.parametrize("module", ["signed_aws", "secret_accounts", "vendors", "clock"])
def test_what_the_webhook_function_uses_loads_no_heavy_library(module: str) -> None:
    code = (
        f"import sys, shared.adapters.{module}; "
        "print({'pydantic', 'botocore', 'boto3', 'httpx', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
