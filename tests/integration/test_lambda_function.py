"""What is said to Lambda when one function wakes another: signed as botocore signs, and nobody waits for the answer."""

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from shared.adapters.lambda_function import LambdaFunction
from shared.adapters.signed_aws import AwsRefused, Credentials, Service, SignedAws, sign
from shared.errors import Retryable
from tests.integration.loopback import reply, serving

CLOCK = "huhang-watch_deadlines:live"
TARGET = "/2015-03-31/functions/huhang-watch_deadlines%3Alive/invocations"


def wake_at(url: str) -> None:
    """Wake the clock behind an endpoint."""
    environment = {"AWS_ENDPOINT_URL": url, "AWS_REGION": "cn-north-1"}
    aws = SignedAws(environment, [].append)
    try:
        LambdaFunction(aws, CLOCK, environment).wake()
    finally:
        aws.close()


@pytest.mark.parametrize("region", ["us-east-1", "cn-northwest-1"])
def test_the_request_gets_the_signature_of_botocore(region: str) -> None:
    headers = {
        "content-type": "application/json",
        "host": f"lambda.{region}.amazonaws.com",
        "x-amz-date": "20261111T083000Z",
        "x-amz-invocation-type": "Event",
    }
    request = AWSRequest(method="POST", url=f"https://{headers['host']}{TARGET}", headers=dict(headers), data=b"{}")
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(BotocoreCredentials("key", "secret"), "lambda", region)
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    ours = sign(Credentials("key", "secret"), Service("lambda", region), headers, b"{}", "POST", TARGET)
    assert ours.endswith(f"Signature={expected}")


def test_a_function_is_woken_by_name_and_alias_and_not_waited_for() -> None:
    with serving(reply(202, b"")) as server:
        wake_at(server.url)
    [asked] = server.requests
    assert asked.head.startswith(f"POST {TARGET} ")
    assert asked.headers["x-amz-invocation-type"] == "Event"
    assert "/cn-north-1/lambda/aws4_request" in asked.headers["authorization"]
    assert asked.body == b"{}"


def test_who_is_too_many_is_tried_again_and_who_may_not_is_told() -> None:
    busy = reply(429, b'{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}')
    with serving(busy, reply(202, b"")) as server:
        wake_at(server.url)
    with serving(busy, busy, busy) as server, pytest.raises(Retryable):
        wake_at(server.url)
    with serving(reply(403, b'{"Message":"not authorized"}')) as server, pytest.raises(AwsRefused, match="403"):
        wake_at(server.url)
