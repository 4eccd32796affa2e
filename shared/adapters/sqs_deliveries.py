"""How does a message come again? Later as it is, as a new one, or on its lane's second queue: one call each."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from shared.domain.lanes import ASIDE, Lane
from shared.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

VISIBILITY_S_MAX = 43_200 - 900  # twelve hours in all since it was received
DELAY_S_MAX = 900
PAST = "past"


class SqsDeliveries:
    """The two queues of one lane, for its consumer; `make_client` is only called when there is something to do."""

    def __init__(self, make_client: Callable[[], "SQSClient"], settings: Settings, lane: Lane) -> None:
        self._make_client = make_client
        self._settings = settings
        self._lane = lane

    def delay(self, record: Mapping[str, Any], after: timedelta) -> None:
        """Let a message that is reported as failed be delivered again after a pause of at most twelve hours."""
        self._make_client().change_message_visibility(
            QueueUrl=self._own_url(record),
            ReceiptHandle=record["receiptHandle"],
            VisibilityTimeout=min(max(int(after.total_seconds()), 0), VISIBILITY_S_MAX),
        )

    def put_back(self, record: Mapping[str, Any], after: timedelta, past: str) -> None:
        """Put a copy on the queue that a message came from, for after a pause of at most a quarter of an hour."""
        self._copy(record, self._own_url(record), after, past)

    def set_aside(self, record: Mapping[str, Any], past: str) -> None:
        """Put a copy of a message on its lane's second queue."""
        self._copy(record, self._settings.aside_url(self._lane), timedelta(), past)

    def _own_url(self, record: Mapping[str, Any]) -> str:
        is_aside = str(record.get("eventSourceARN", "")).endswith(ASIDE)
        return self._settings.aside_url(self._lane) if is_aside else self._settings.queue_url(self._lane)

    def _copy(self, record: Mapping[str, Any], url: str, after: timedelta, past: str) -> None:
        self._make_client().send_message(
            QueueUrl=url,
            MessageBody=record["body"],
            MessageGroupId=json.loads(record["body"])["merchant"],
            DelaySeconds=min(max(ceil(after.total_seconds()), 0), DELAY_S_MAX),
            MessageAttributes={PAST: {"DataType": "String", "StringValue": past}},
        )
