"""What moto takes and AWS does not: the guards refuse it, so that no test is green on what AWS would refuse.

`tests/README.md` lists them.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.home import ROOT
from shared.adapters.signed_aws import SECRETS, AwsRefused
from tests.integration.conftest import TABLE, Backend
from tests.moto_aws import MotoAws


def key(name: str) -> dict[str, Any]:
    """A place in the table."""
    return {"pk": {"S": name}, "sk": {"S": "-"}}


def batch(*requests: dict[str, Any]) -> Callable[[MotoAws], object]:
    """Write many."""
    return lambda clients: clients.dynamodb.batch_write_item(RequestItems={TABLE: list(requests)})


def put(**more: Any) -> Callable[[MotoAws], object]:
    """Put one."""
    attributes = more.pop("attributes", {})
    return lambda clients: clients.dynamodb.put_item(TableName=TABLE, Item={**key("a"), **attributes}, **more)


def send(body: str) -> Callable[[MotoAws], object]:
    """Send a message."""

    def call(clients: MotoAws) -> object:
        url = clients.sqs.create_queue(QueueName="q")["QueueUrl"]
        return clients.sqs.send_message(QueueUrl=url, MessageBody=body)

    return call


def rewritten(text: str, *, deleted: bool = False) -> Callable[[MotoAws], object]:
    """Write a new version of a secret."""

    def call(clients: MotoAws) -> object:
        clients.secrets.create_secret(Name="huhang/x", SecretString="{}")
        if deleted:
            clients.secrets.delete_secret(SecretId="huhang/x", RecoveryWindowInDays=7)
        return clients.call(SECRETS, "PutSecretValue", {"SecretId": "huhang/x", "SecretString": text})

    return call


DIFFERENCES: dict[str, Callable[[MotoAws], object]] = {
    "a put and a delete of one item in a batch": batch(
        {"PutRequest": {"Item": key("a")}}, {"DeleteRequest": {"Key": key("a")}}
    ),
    "more than 25 writes in a batch": batch(*({"PutRequest": {"Item": key(str(number))}} for number in range(26))),
    "a number of more than 38 digits": put(attributes={"v": {"N": "1" * 39}}),
    "a number that comes back as another text": put(attributes={"v": {"N": "1.50"}}),
    "a value that no expression uses": put(
        ConditionExpression="attribute_not_exists(pk)", ExpressionAttributeValues={":v": {"N": "1"}}
    ),
    "a message with a control character": send('{"text":"\x00"}'),
    "a version of a secret that is being deleted": rewritten("{}", deleted=True),
    "a secret of more than 64 KB": rewritten("x" * 65_537),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_moto_takes_and_aws_does_not_is_refused(dynamo: Backend, name: str) -> None:
    assert dynamo.clients is not None
    with pytest.raises((AssertionError, AwsRefused)):
        DIFFERENCES[name](dynamo.clients)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_moto_still_takes_it(dynamo: Backend, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What moto has learnt to refuse needs no guard any more."""
    assert dynamo.clients is not None
    monkeypatch.setattr(MotoAws, "_is_being_deleted", lambda *_: False)
    assert DIFFERENCES[name](MotoAws())


def test_the_list_is_complete() -> None:
    listed = re.findall(
        r"^\| ([^|]+) \| .* \| guard \|$", (ROOT / "tests" / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert set(listed) == DIFFERENCES.keys()
