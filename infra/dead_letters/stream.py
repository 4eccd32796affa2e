"""Changes of the table that were given up: read from its stream again, as long as that remembers, and handed over.

The dead letter names only their place. The functions behind the stream are safe to repeat.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.dead_letters.shelf import KINDS, Letter
from infra.deployed import Deployed

PAGES_MAX = 100
AT_ONCE_MAX = 50  # changes per invocation; a request of Lambda's holds 6 MB


class Forgotten(RuntimeError):
    """The stream keeps a change for 24 hours; these are older, or were never in it."""


class HandlingFailed(RuntimeError):
    """The function failed again. The message is its own."""


def hand_over(letter: Letter, deployed: Deployed) -> None:
    """Let the function take the changes that a dead letter names.

    Raises:
        Forgotten: the stream does not have them any more.
        HandlingFailed: it failed on them again; the letter must stay.
    """
    batch: list[dict[str, Any]] = []
    for record in _changes(letter, deployed.client("dynamodbstreams")):
        batch.append(record)
        if len(batch) == AT_ONCE_MAX:
            _invoke(letter, batch, deployed)
            batch = []
    if batch:
        _invoke(letter, batch, deployed)


def _changes(letter: Letter, streams: Any) -> Iterator[dict[str, Any]]:
    place = json.loads(letter.body)["DDBStreamBatchInfo"]
    try:
        position = streams.get_shard_iterator(
            StreamArn=place["streamArn"],
            ShardId=place["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=place["startSequenceNumber"],
        )["ShardIterator"]
        last = int(place["endSequenceNumber"])
        for _ in range(PAGES_MAX):
            page = streams.get_records(ShardIterator=position)
            for record in page["Records"]:
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return
                yield record
                if int(record["dynamodb"]["SequenceNumber"]) == last:
                    return
            position = page.get("NextShardIterator")
            if not position:
                return
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("TrimmedDataAccessException", "ResourceNotFoundException", "ValidationException"):
            raise Forgotten(f"{letter.id}: {code}") from None
        raise


def _invoke(letter: Letter, records: list[dict[str, Any]], deployed: Deployed) -> None:
    function = f"{deployed.stack}-{KINDS[letter.kind]}"
    payload = json.dumps({"Records": records}, default=_as_lambda_writes)
    reply = deployed.client("lambda").invoke(FunctionName=function, Payload=payload.encode())
    answer = reply["Payload"].read().decode()
    if reply.get("FunctionError"):
        raise HandlingFailed(f"{function} failed again: {answer[:500]}")


def _as_lambda_writes(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
