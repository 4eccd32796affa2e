"""Pushes that nobody has taught us: what is kept, and how one is tried again after a new version knows its kind."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from infra.deployed import Deployed
from shared.adapters.dynamo_leftovers import BODY_MAX
from shared.adapters.vendors import find_source
from shared.domain.wire import Push
from shared.workflows.receive_push import write_raw_push
from shared.workflows.take_message import ANSWER


class NotReplayable(RuntimeError):
    """This push cannot be tried again. The message says why."""


class UnknownPush(NamedTuple):
    """A push as it was kept. `id` names it among those of its merchant."""

    merchant: str
    id: str
    source: str
    reason: str
    at: str
    raw: bytes


class UnknownPushes:
    """The kept pushes of a deployment."""

    def __init__(self, deployed: Deployed) -> None:
        self._table = deployed.table
        self._dynamodb = deployed.client("dynamodb")
        self._sqs = deployed.client("sqs")
        self._stack = deployed.stack

    def of(self, merchant: str) -> Iterator[UnknownPush]:
        """Give a merchant's pushes, source by source."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{merchant}|unknown"}},
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                yield _read(merchant, item)

    def replay(self, push: UnknownPush) -> str:
        """Put a push on the lane of its source, and off the shelf; give the lane. Verified it was when it came.

        What is still not known is kept again by whoever meets it, under the same id.

        Raises:
            NotReplayable: it was cut when it was kept, or was no push but an answer.
        """
        if push.source.startswith(ANSWER):
            raise NotReplayable(f"{push.id}: an answer to a question of ours; the next question brings it again")
        if len(push.raw) >= BODY_MAX:
            raise NotReplayable(f"{push.id}: only the first {BODY_MAX} bytes were kept")
        lane = str(find_source(push.source).LANE)
        message = write_raw_push(push.source, push.merchant, Push({}, {}, push.raw), datetime.fromisoformat(push.at))
        url = self._sqs.get_queue_url(QueueName=f"{self._stack}-{lane}")["QueueUrl"]
        self._sqs.send_message(QueueUrl=url, MessageBody=message, MessageGroupId=push.merchant)
        self._take_off(push)
        return lane

    def _take_off(self, push: UnknownPush) -> None:
        """Delete a push, unless it has been kept anew since it was read."""
        try:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"pk": {"S": f"{push.merchant}|unknown"}, "sk": {"S": push.id}},
                ConditionExpression="#at = :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": push.at}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return


def _read(merchant: str, item: dict[str, Any]) -> UnknownPush:
    return UnknownPush(
        merchant, item["sk"]["S"], item["source"]["S"], item["reason"]["S"], item["at"]["S"], item["raw"]["B"]
    )
