"""A batch from a queue, message by message: what fails is delivered again, what succeeded is not.

A `Retryable` says when; anything else is a bug, is logged with its traceback, and ends in the dead-letter queue. So
does what fails too often. A message is not to blame for a vendor that wants fewer calls: a `Throttled` one is put back
as a new message, which has all its deliveries before it, for a day. It remembers when it was sent first, and how often
it has been tried.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from shared.errors import Retryable, Throttled
from shared.telemetry import Telemetry

PUT_BACK_MAX = timedelta(days=1)
PAST = "past"
_ATTEMPT, _SENT, _RECEIVED = "ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp"

Record = Mapping[str, Any]


class Past(NamedTuple):
    """What a message remembers of those that it replaces: when the first was sent, how often they were tried."""

    first_ms: int
    tries: int

    def __str__(self) -> str:
        return f"{self.first_ms},{self.tries}"


class Delay(Protocol):
    """Sets when a message of the batch is delivered again."""

    def __call__(self, receipt_handle: str, after: timedelta) -> None: ...


class PutBack(Protocol):
    """Sends a message to the queue that it came from, as a new one."""

    def __call__(self, body: str, after: timedelta, past: Past) -> None: ...


def take_batch(
    records: Sequence[Record],
    take: Callable[[str, int], None],
    delay: Delay,
    telemetry: Telemetry,
    put_back: PutBack | None = None,
) -> dict[str, list[dict[str, str]]]:
    """Give each record's body and number of tries to `take`; answer with the messages that failed."""
    failures = []
    for record in records:
        telemetry.taking(record["messageId"])
        past = _past(record)
        tries = past.tries + int(record["attributes"][_ATTEMPT])
        try:
            take(record["body"], tries)
        except Retryable as error:
            telemetry.postponed(record["messageId"], str(error), error.after)
            if put_back is not None and isinstance(error, Throttled) and _age(record, past) <= PUT_BACK_MAX:
                with suppress(Retryable):
                    put_back(record["body"], error.after, past._replace(tries=tries - 1))
                    continue
            with suppress(Retryable):  # not put off: it comes when the queue's own timeout has passed
                delay(record["receiptHandle"], error.after)
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception:  # noqa: BLE001 - one message's bug must not fail the others
            telemetry.failed(record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    telemetry.flush()
    return {"batchItemFailures": failures}


def _past(record: Record) -> Past:
    told = record.get("messageAttributes", {}).get(PAST, {}).get("stringValue")
    if not told:
        return Past(int(record["attributes"].get(_SENT, 0)), 0)
    first_ms, _, tries = told.partition(",")
    return Past(int(first_ms), int(tries))


def _age(record: Record, past: Past) -> timedelta:
    """How long ago the first of these messages was sent, by the queue's clock."""
    return timedelta(milliseconds=int(record["attributes"].get(_RECEIVED, 0)) - past.first_ms)
