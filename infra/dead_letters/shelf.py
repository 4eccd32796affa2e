"""The dead-letter queues of a deployment: what lies in them, and how it gets back to where it came from.

A message goes back by receive, send, delete, in this order: a crash in between doubles it, which is harmless (events
are idempotent, commands are claimed), and never loses it. SQS's own move task is not used: the China regions and the
emulator have none, and it moves all or nothing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from infra.catalog import FUNCTIONS, LOST_TICKS, UNANSWERED
from infra.deployed import Deployed
from infra.watched import PAGES

BATCH_MAX = 10
HIDDEN_S = 60  # while it is looked at or moved; then it shows again by itself
EMPTY_MAX = 3  # so many empty answers in a row are believed: SQS asks only a part of its servers at a time

KINDS: dict[str, str] = {
    **{spec.consumes.value: spec.name for spec in FUNCTIONS if spec.consumes},
    **{spec.changes.dead_letters: spec.name for spec in FUNCTIONS if spec.changes},
    PAGES: "page_operators",
    LOST_TICKS: "any scheduled function",
    UNANSWERED: "onboard_merchant",
}
"""The kinds of dead letters and the function that failed on each."""


class Letter(NamedTuple):
    """A message that nobody could handle."""

    kind: str
    id: str
    handle: str
    body: str
    group: str
    sent_at: datetime

    @property
    def what(self) -> str:
        """Say what kind of message it is: an event, a command, or a vendor's push."""
        try:
            message = json.loads(self.body)
            named = message["type"]
        except (ValueError, KeyError, TypeError):
            if "DDBStreamBatchInfo" in self.body:
                return "places in the stream"
            return {LOST_TICKS: "a tick", UNANSWERED: "a merchant's stack"}.get(self.kind, "not a message of ours")
        return f"push of {message.get('source')}" if named == "raw_push" else str(named)

    @property
    def merchant(self) -> str:
        """Say whose it is."""
        try:
            return self.group or str(json.loads(self.body)["merchant"])
        except (ValueError, KeyError, TypeError):
            return ""


class Shelf:
    """One dead-letter queue."""

    def __init__(self, deployed: Deployed, kind: str) -> None:
        self.kind = kind
        self._sqs = deployed.client("sqs")
        self._stack = deployed.stack
        self._url = self._url_of(f"{kind}-dead")

    def depth(self) -> int:
        """Count about how many messages lie here, those included that somebody is looking at."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(names))["Attributes"]
        return sum(int(found[name]) for name in names)

    def look(self, letters_max: int) -> list[Letter]:
        """Give some of the messages and leave them where they are."""
        letters = [one for batch in self._receive(letters_max) for one in batch]
        self._release(letters)
        return letters

    def put_back(self, wanted: Callable[[Letter], bool], send: "Send", letters_max: int) -> Iterator[Letter]:
        """Hand wanted messages to `send` and take them off the shelf, one by one; leave the others visible."""
        left: list[Letter] = []
        moved = 0
        try:
            for batch in self._receive(self.depth()):
                left += batch
                for letter in filter(wanted, batch):
                    if moved == letters_max:
                        return
                    send(letter)
                    self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
                    left.remove(letter)
                    moved += 1
                    yield letter
        finally:
            self._release(left)

    def send_to_queue(self, letter: Letter) -> None:
        """Put a message on the queue that it came from, grouped by merchant as it was."""
        group = {"MessageGroupId": letter.merchant} if letter.merchant else {}
        self._sqs.send_message(QueueUrl=self._url_of(self.kind), MessageBody=letter.body, **group)

    def _receive(self, letters_max: int) -> Iterator[list[Letter]]:
        seen: set[str] = set()
        empty = 0
        while len(seen) < letters_max and empty < EMPTY_MAX:
            found = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(BATCH_MAX, letters_max - len(seen)),
                VisibilityTimeout=HIDDEN_S,
                AttributeNames=["All"],
            ).get("Messages", [])
            fresh = [_letter(self.kind, message) for message in found if message["MessageId"] not in seen]
            empty = 0 if fresh else empty + 1
            seen.update(one.id for one in fresh)
            if fresh:
                yield fresh

    def _release(self, letters: Sequence[Letter]) -> None:
        """Let messages be seen again at once."""
        for start in range(0, len(letters), BATCH_MAX):
            entries = [
                {"Id": str(n), "ReceiptHandle": one.handle, "VisibilityTimeout": 0}
                for n, one in enumerate(letters[start : start + BATCH_MAX])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _url_of(self, name: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=f"{self._stack}-{name}")["QueueUrl"])


Send = Callable[[Letter], None]
"""Hands a message to where it shall be handled; it is safe there when this returns."""


def _letter(kind: str, message: dict[str, Any]) -> Letter:
    attributes = message.get("Attributes", {})
    return Letter(
        kind,
        message["MessageId"],
        message["ReceiptHandle"],
        message["Body"],
        attributes.get("MessageGroupId", ""),
        datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
    )
