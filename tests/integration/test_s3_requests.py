"""What the archive says to S3: signed as botocore signs, addressed as S3 is, repeated when S3 is busy."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.session import Session

from shared.adapters.s3_archive import S3Archive, bucket_url
from shared.adapters.signed_aws import AwsRefused, Credentials, Service, SignedAws, sign
from shared.errors import Retryable
from tests.integration.loopback import reply, serving

REGIONS = ["us-east-1", "eu-central-1", "cn-north-1", "cn-northwest-1"]
SHA256 = hashlib.sha256(b"data").hexdigest()
NAME = "history/shop/2026-11-11/1-包 裹.jsonl.gz"
ENCODED = "history/shop/2026-11-11/1-%E5%8C%85%20%E8%A3%B9.jsonl.gz"


@pytest.fixture
def archive_at() -> Iterator[Callable[..., S3Archive]]:
    """Makes archives in a bucket `b` behind an endpoint."""
    opened: list[SignedAws] = []

    def make(url: str, pauses: list[float] | None = None) -> S3Archive:
        environment = {"AWS_ENDPOINT_URL": url, "AWS_REGION": "cn-north-1", "AWS_SESSION_TOKEN": "token"}
        opened.append(SignedAws(environment, ([] if pauses is None else pauses).append))
        return S3Archive(opened[-1], bucket_url("b", environment))

    yield make
    for aws in opened:
        aws.close()


@pytest.mark.parametrize("token", ["", "session/token+with=signs"])
@pytest.mark.parametrize("region", ["us-east-1", "cn-northwest-1"])
@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PUT", f"/{ENCODED}", b"data"),
        ("PUT", f"/bucket/{ENCODED}", b""),
        ("PUT", "/a//b/../c%2B%25%27.gz", b"data"),
        ("GET", f"/{ENCODED}", b""),
        ("GET", "/?list-type=2&max-keys=1000&prefix=history%2Fshop%2F", b""),
        ("GET", "/?continuation-token=a%2Bb%2F%3D%3D&list-type=2&max-keys=1000&prefix=%E5%8C%85", b""),
    ],
)
def test_a_request_gets_the_signature_of_botocore(
    method: str, target: str, body: bytes, region: str, token: str
) -> None:
    url = bucket_url("bucket", {"AWS_REGION": region})
    headers = {
        "content-type": "application/gzip",
        "host": url.removeprefix("https://"),
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-amz-date": "20261111T083000Z",
    } | ({"x-amz-security-token": token} if token else {})
    request = AWSRequest(method=method, url=url + target, headers=dict(headers), data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = S3SigV4Auth(BotocoreCredentials("key", "secret", token or None), "s3", region)
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    ours = sign(Credentials("key", "secret", token), Service("s3", region), headers, body, method, target)
    assert ours.endswith(f"Signature={expected}")


@pytest.mark.parametrize("region", REGIONS)
def test_a_bucket_has_the_host_that_botocore_gives_it(region: str) -> None:
    config = Config(
        signature_version="s3v4", s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"}
    )
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    client = Session().create_client("s3", region_name=region, config=config, **keys)
    signed = client.generate_presigned_url("get_object", Params={"Bucket": "huhang-history", "Key": NAME})
    expected = signed.partition("?")[0]
    assert f"{bucket_url('huhang-history', {'AWS_REGION': region})}/{ENCODED}" == expected
    suffix = ".cn" if region.startswith("cn-") else ""
    assert expected.startswith(f"https://huhang-history.s3.{region}.amazonaws.com{suffix}/")


def test_an_endpoint_of_the_environment_is_addressed_by_path() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://localhost:4566", "AWS_REGION": "cn-north-1"}
    assert bucket_url("b", environment) == "http://localhost:4566/b"


def test_an_object_is_put_with_the_hash_of_its_bytes(archive_at: Callable[..., S3Archive]) -> None:
    with serving(reply(200, b"")) as server:
        archive_at(server.url).put(NAME, b"data")
    (received,) = server.requests
    assert received.head.startswith(f"PUT /b/{ENCODED} HTTP/1.1")
    assert received.body == b"data"
    headers = received.headers
    assert headers["x-amz-content-sha256"] == SHA256
    assert headers["content-type"] == "application/gzip"
    assert "/cn-north-1/s3/aws4_request, " in headers["authorization"]
    assert (
        "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
        in (headers["authorization"])
    )
    assert received.head.lower().count("\r\nhost:") == 1


def error(status: int, code: str) -> bytes:
    """An error as S3 writes it."""
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>'
    return reply(status, document.encode())


@pytest.mark.parametrize(
    "answer",
    [None, error(503, "SlowDown"), error(500, "InternalError"), error(400, "RequestTimeout"), reply(502, b"<html>")],
)
def test_a_busy_s3_is_asked_three_times(answer: bytes | None, archive_at: Callable[..., S3Archive]) -> None:
    pauses: list[float] = []
    with serving(answer, answer, reply(200, b"")) as server:
        archive_at(server.url, pauses).put("h/1", b"data")
    assert pauses == [0.1, 0.2]
    assert [received.body for received in server.requests] == [b"data"] * 3
    with serving(answer, answer, answer) as server, pytest.raises(Retryable, match=r"^PUT: "):
        archive_at(server.url).put("h/1", b"data")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(403, "AccessDenied"), "403 AccessDenied"),
        (error(404, "NoSuchBucket"), "404 NoSuchBucket"),
        (error(301, "PermanentRedirect"), "301 PermanentRedirect"),
        (reply(403, b"<html>no</html>"), "403 "),
        (reply(404, b""), "404 "),
    ],
)
def test_a_refusal_is_a_bug_and_not_repeated(answer: bytes, said: str, archive_at: Callable[..., S3Archive]) -> None:
    with serving(answer) as server, pytest.raises(AwsRefused, match=f"^{said}$"):
        archive_at(server.url).put("h/1", b"data")
    assert len(server.requests) == 1


def loaded_by(code: str) -> set[str]:
    """The modules that some code leaves behind."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_archiving_function_loads_no_models_and_no_clients() -> None:
    loaded = loaded_by("import functions.archive_history.handler, shared.adapters.s3_archive")
    assert not {"pydantic", "botocore", "boto3", "httpx", "asyncio", "xml", "gzip"} & loaded


def test_the_door_does_not_load_the_archive() -> None:
    loaded = loaded_by("import functions.receive_webhook.handler; from shared import wiring; wiring.signed_aws()")
    assert "shared.adapters.signed_aws" in loaded
    assert not {"shared.adapters.s3_archive", "shared.workflows.archive_history"} & loaded
