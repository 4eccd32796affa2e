"""How do messages get onto the lanes? Ten per call, grouped by merchant, so that the queue can be fair.

Who sends thousands lets several calls be under way at once.

Where one shop sends very many events, those that exceed go to the lane's second queue, so that others' do not wait.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from shared.adapters.signed_aws import RETRY_AFTER
from shared.domain.crowd import Crowd
from shared.domain.lanes import INBOXES, Lane
from shared.errors import Retryable
from shared.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from shared.ports import Clock

BATCH_MAX = 10
BATCH_BYTES_MAX = 1024 * 1024
TRIES_MAX = 3
DELAY_S_MAX = 900
SENDERS = 4  # calls under way at once, of who sends thousands: more would wait for the processor's share
CROWD_MIN = 200  # events of one merchant in ten seconds, from one environment
_REFUSED = {0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}
"""A vendor's text may hold these two, and the queue would refuse all that is sent along with them."""


class _Letter(NamedTuple):
    merchant: str
    body: str
    delay_s: int = 0


class _Batch(NamedTuple):
    url: str
    letters: Sequence[_Letter]


Each = Callable[[Callable[[_Batch], None], Iterable[_Batch]], Iterable[None]]


class SqsQueue:
    """The lanes, as standard queues with message groups."""

    def __init__(self, client: "SQSClient", settings: Settings, clock: "Clock", each: Each = map) -> None:
        """`each` makes the calls as `map` does: all of them, or up to the first error."""
        self._client = client
        self._settings = settings
        self._clock = clock
        self._each = each
        self._crowd = Crowd(CROWD_MIN)

    def send(self, lane: Lane, bodies: Sequence[tuple[str, str]]) -> None:
        """Send (merchant, JSON body) pairs; all of them are durable when this returns.

        Raises:
            Retryable: some were not accepted; sending all of them again is harmless.
        """
        self._send(lane, [_Letter(merchant, body) for merchant, body in bodies])

    def send_later(self, lane: Lane, bodies: Sequence[tuple[str, str, datetime]]) -> None:
        """Send (merchant, JSON body, instant): delivered within a second of its instant, at most a quarter hour ahead.

        Raises:
            Retryable: some were not accepted; sending all of them again is harmless.
        """
        now = self._clock.now()
        letters = [
            _Letter(merchant, body, min(max(ceil((at - now).total_seconds()), 0), DELAY_S_MAX))
            for merchant, body, at in bodies
        ]
        self._send(lane, letters)

    def _send(self, lane: Lane, letters: Sequence[_Letter]) -> None:
        lane_url = self._settings.queue_url(lane)
        by_url: dict[str, list[_Letter]] = {}
        for letter in letters:
            is_crowd = lane in INBOXES and self._crowd.is_one(letter.merchant, self._clock.now())
            by_url.setdefault(self._settings.aside_url(lane) if is_crowd else lane_url, []).append(letter)
        batches = [_Batch(url, batch) for url, some in by_url.items() for batch in _batches(some)]
        for _ in self._each(self._send_batch, batches):
            pass

    def _send_batch(self, batch: _Batch) -> None:
        left = [_entry(number, letter) for number, letter in enumerate(batch.letters)]
        codes: set[str] = set()
        for _ in range(TRIES_MAX):
            failed = self._client.send_message_batch(QueueUrl=batch.url, Entries=left).get("Failed", [])
            if not failed:
                return
            codes = {failure["Code"] for failure in failed}
            again = {failure["Id"] for failure in failed}
            left = [entry for entry in left if entry["Id"] in again]
        raise Retryable(", ".join(sorted(codes)), RETRY_AFTER)


def _entry(number: int, letter: _Letter) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(number),
        "MessageBody": letter.body.translate(_REFUSED),
        "MessageGroupId": letter.merchant,
    }
    return {**entry, "DelaySeconds": letter.delay_s} if letter.delay_s else entry


def _batches(letters: Sequence[_Letter]) -> Iterator[Sequence[_Letter]]:
    """Cut into batches of at most ten messages and one mebibyte; a larger message travels alone, and SQS refuses it."""
    batch: list[_Letter] = []
    size = 0
    for letter in letters:
        length = len(letter.body.encode())
        if batch and (len(batch) == BATCH_MAX or size + length > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += length
    if batch:
        yield batch
