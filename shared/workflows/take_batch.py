"""A batch from a queue, message by message: what fails is delivered again, what succeeded is not.

A `Retryable` says when; anything else is a bug, is logged with its traceback, and ends in the dead-letter queue. A
message is not to blame for a vendor that is away or wants fewer calls: it is put back as a new one, which has all its
deliveries before it, for a day. It remembers when it was sent first, and how often it has been tried.

    Waiting ─▶ the lane's second queue             Retryable ─▶ again after its pause
    Throttled, and any fifth delivery ─▶ put back as a new message
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from shared.domain.lanes import ASIDE
from shared.errors import Retryable, Throttled, Waiting
from shared.ports import Deliveries
from shared.telemetry import Telemetry

PUT_BACK_MAX = timedelta(days=1)
CROWD_PAUSE_MAX = timedelta(minutes=2)
PAST = "past"
DELIVERIES_MAX = 5  # as many as the inboxes have
_PAUSE_MIN = timedelta(seconds=30)
_PAUSE_MAX = timedelta(minutes=15)
_ATTEMPT, _SENT, _RECEIVED = "ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp"

Record = Mapping[str, Any]


class Past(NamedTuple):
    """What a message remembers of those that it replaces: when the first was sent, how often they were tried.

    `backs` counts those that a vendor wanted later: each waits longer, so that a crowd does not come back at once.
    """

    first_ms: int
    tries: int = 0
    backs: int = 0

    def __str__(self) -> str:
        return f"{self.first_ms},{self.tries},{self.backs}"

    def pause(self, after: timedelta) -> timedelta:
        """How long to wait where a vendor wants `after` at least."""
        return max(after, min(after * (1 << min(self.backs, 9)), CROWD_PAUSE_MAX))


class Delivery(NamedTuple):
    """A message as it comes: which try this is, and whether it comes from the lane's second queue."""

    body: str
    attempt: int
    is_aside: bool = False


def take_batch(
    records: Sequence[Record], take: Callable[[Delivery], None], deliveries: Deliveries, telemetry: Telemetry
) -> dict[str, list[dict[str, str]]]:
    """Give each record to `take`; answer with the messages that are to be delivered again."""
    failures = []
    for record in records:
        telemetry.taking(record["messageId"])
        try:
            take(_delivery(record))
        except Retryable as error:
            telemetry.postponed(record["messageId"], str(error), error.after, _age(record, _past(record)))
            if not _handed_on(record, error, deliveries):
                failures.append({"itemIdentifier": record["messageId"]})
        except Exception:  # noqa: BLE001 - one message's bug must not fail the others
            telemetry.failed(record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    telemetry.flush()
    return {"batchItemFailures": failures}


def _handed_on(record: Record, error: Retryable, deliveries: Deliveries) -> bool:
    """See to it that a message comes again; tell whether it does so as a new one, and this one is done with.

    Where the queues do not listen, it comes when their own timeout has passed.
    """
    past = _past(record)
    untried = past._replace(tries=_delivery(record).attempt - 1)
    with suppress(Retryable):
        if isinstance(error, Waiting):
            deliveries.set_aside(record, str(untried))
            return True
        if _age(record, past) <= PUT_BACK_MAX:
            if isinstance(error, Throttled):
                again = untried._replace(backs=past.backs + 1)
                deliveries.put_back(record, past.pause(error.after), str(again))
                return True
            if int(record["attributes"][_ATTEMPT]) >= DELIVERIES_MAX:
                tried = past._replace(tries=untried.tries + 1)
                deliveries.put_back(record, max(error.after, _pause(tried)), str(tried))
                return True
        deliveries.delay(record, error.after)
    return False


def _delivery(record: Record) -> Delivery:
    attempt = _past(record).tries + int(record["attributes"][_ATTEMPT])
    return Delivery(record["body"], attempt, str(record.get("eventSourceARN", "")).endswith(ASIDE))


def _pause(past: Past) -> timedelta:
    """The longer somebody has been away, the longer the pause."""
    doublings = min(past.tries // DELIVERIES_MAX - 1, 5)
    return min(_PAUSE_MIN * (1 << doublings), _PAUSE_MAX)


def _past(record: Record) -> Past:
    told = record.get("messageAttributes", {}).get(PAST, {}).get("stringValue")
    if not told:
        return Past(int(record["attributes"].get(_SENT, 0)))
    return Past(*map(int, told.split(",")))


def _age(record: Record, past: Past) -> timedelta:
    """How long ago the first of these messages was sent, by the queue's clock."""
    return timedelta(milliseconds=int(record["attributes"].get(_RECEIVED, 0)) - past.first_ms)
