"""Changes of the table that were given up are read from the stream again and handed to the function."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.dead_letters.reasons import reasons_of
from infra.dead_letters.shelf import Letter
from infra.dead_letters.stream import Forgotten, HandlingFailed, hand_over
from infra.deployed import Deployed

AT = datetime(2026, 11, 11, 8, 30, tzinfo=UTC)
BODY = {
    "requestContext": {"condition": "RetryAttemptsExhausted"},
    "DDBStreamBatchInfo": {
        "streamArn": "arn:stream",
        "shardId": "shard-1",
        "startSequenceNumber": "100",
        "endSequenceNumber": "219",
    },
}
LETTER = Letter("outbox", "id-1", "handle", json.dumps(BODY), "", AT)


class Streams:
    """A shard of 200 changes, in pages of 30."""

    def __init__(self, refuses: str = "") -> None:
        self._refuses = refuses

    def get_shard_iterator(self, **asked: str) -> dict[str, str]:
        assert (asked["StreamArn"], asked["ShardId"]) == ("arn:stream", "shard-1")
        assert asked["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
        if self._refuses:
            raise ClientError({"Error": {"Code": self._refuses, "Message": ""}}, "GetShardIterator")
        return {"ShardIterator": asked["SequenceNumber"]}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:
        first = int(ShardIterator)
        changes = [
            {
                "eventName": "MODIFY",
                "dynamodb": {
                    "SequenceNumber": str(number),
                    "ApproximateCreationDateTime": AT,
                    "NewImage": {"pk": {"S": str(number)}, "raw": {"B": b"\xff"}},
                },
            }
            for number in range(first, min(first + 30, 300))
        ]
        return {"Records": changes, "NextShardIterator": str(first + 30)}


class Functions:
    """Takes invocations."""

    def __init__(self, fails: bool = False) -> None:
        self.taken: list[tuple[str, list[dict[str, Any]]]] = []
        self._fails = fails

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        self.taken.append((FunctionName, json.loads(Payload)["Records"]))
        failed = {"FunctionError": "Unhandled"} if self._fails else {}
        return {"Payload": io.BytesIO(b'"KeyError"'), **failed}


def deployed(streams: Streams, functions: Functions) -> Deployed:
    made = Deployed("shop-stack")
    made.client = lambda service: {"dynamodbstreams": streams, "lambda": functions}[service]
    return made


def test_exactly_the_changes_that_are_named_go_to_the_function_as_lambda_would_write_them() -> None:
    functions = Functions()
    hand_over(LETTER, deployed(Streams(), functions))
    assert {name for name, _ in functions.taken} == {"shop-stack-publish_outbox"}
    assert [len(records) for _, records in functions.taken] == [50, 50, 20]
    changes = [record["dynamodb"] for _, records in functions.taken for record in records]
    assert [change["SequenceNumber"] for change in changes] == [str(number) for number in range(100, 220)]
    assert changes[0]["ApproximateCreationDateTime"] == AT.timestamp()
    assert changes[0]["NewImage"]["raw"] == {"B": "/w=="}


def test_a_function_that_fails_again_is_heard() -> None:
    with pytest.raises(HandlingFailed, match="publish_outbox failed again"):
        hand_over(LETTER, deployed(Streams(), Functions(fails=True)))


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_what_the_stream_has_forgotten_is_said(code: str) -> None:
    with pytest.raises(Forgotten, match=code):
        hand_over(LETTER, deployed(Streams(refuses=code), Functions()))


def test_the_letter_itself_says_why_it_was_given_up() -> None:
    assert reasons_of([LETTER], deployed(Streams(), Functions())) == {"id-1": "RetryAttemptsExhausted"}
    assert LETTER.what == "places in the stream"
