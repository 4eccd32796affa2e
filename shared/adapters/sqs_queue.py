"""How do messages get onto the lanes? Ten per call, grouped by merchant, so one shop's burst does not delay others."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from shared.adapters.signed_aws import RETRY_AFTER
from shared.domain.lanes import Lane
from shared.errors import Retryable
from shared.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH_MAX = 10
BATCH_BYTES_MAX = 1024 * 1024
TRIES_MAX = 3
DELAY_S_MAX = 900
VISIBILITY_S_MAX = 43_200 - 900  # twelve hours in all since it was received
_REFUSED = {0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}
"""A vendor's text may hold these two, and the queue would refuse all that is sent along with them."""


class SqsQueue:
    """The lanes, as standard queues with message groups."""

    def __init__(self, client: "SQSClient", settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def send(self, lane: Lane, bodies: Sequence[tuple[str, str]]) -> None:
        """Send (merchant, JSON body) pairs; all of them are durable when this returns.

        Raises:
            Retryable: some were not accepted; sending all of them again is harmless.
        """
        url = self._settings.queue_url(lane)
        for batch in _batches(bodies):
            self._send_batch(url, batch)

    def delay(self, lane: Lane, receipt_handle: str, after: timedelta) -> None:
        """Let a received message be delivered again after a pause of at most twelve hours."""
        seconds = min(max(int(after.total_seconds()), 0), VISIBILITY_S_MAX)
        self._client.change_message_visibility(
            QueueUrl=self._settings.queue_url(lane), ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    def send_later(self, lane: Lane, merchant: str, body: str, after: timedelta, attributes: Mapping[str, str]) -> None:
        """Send a message that is delivered after a pause of at most a quarter of an hour.

        Raises:
            Retryable: it was not accepted; sending it again is harmless.
        """
        self._client.send_message(
            QueueUrl=self._settings.queue_url(lane),
            MessageBody=body,
            MessageGroupId=merchant,
            DelaySeconds=min(max(ceil(after.total_seconds()), 0), DELAY_S_MAX),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def _send_batch(self, url: str, batch: Sequence[tuple[str, str]]) -> None:
        left: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": body.translate(_REFUSED), "MessageGroupId": merchant}
            for number, (merchant, body) in enumerate(batch)
        ]
        codes: set[str] = set()
        for _ in range(TRIES_MAX):
            failed = self._client.send_message_batch(QueueUrl=url, Entries=left).get("Failed", [])
            if not failed:
                return
            codes = {failure["Code"] for failure in failed}
            again = {failure["Id"] for failure in failed}
            left = [entry for entry in left if entry["Id"] in again]
        raise Retryable(", ".join(sorted(codes)), RETRY_AFTER)


def _batches(bodies: Sequence[tuple[str, str]]) -> Iterator[Sequence[tuple[str, str]]]:
    """Cut into batches of at most ten messages and one mebibyte; a larger message travels alone, and SQS refuses it."""
    batch: list[tuple[str, str]] = []
    size = 0
    for merchant, body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_MAX or size + length > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append((merchant, body))
        size += length
    if batch:
        yield batch
