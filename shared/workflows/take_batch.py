"""A batch from a queue, message by message: what fails is delivered again, what succeeded is not.

A `Retryable` says when; anything else is a bug, is logged with its traceback, and ends in the dead-letter queue.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol

from shared.errors import Retryable
from shared.telemetry import Telemetry

_ATTEMPT = "ApproximateReceiveCount"


class Delay(Protocol):
    """Sets when a message of the batch is delivered again."""

    def __call__(self, receipt_handle: str, after: timedelta) -> None: ...


def take_batch(
    records: Sequence[Mapping[str, Any]], take: Callable[[str, int], None], delay: Delay, telemetry: Telemetry
) -> dict[str, list[dict[str, str]]]:
    """Give each record's body and delivery count to `take`; answer with the messages that failed."""
    failures = []
    for record in records:
        telemetry.taking(record["messageId"])
        try:
            take(record["body"], int(record["attributes"][_ATTEMPT]))
        except Retryable as error:
            telemetry.postponed(record["messageId"], str(error), error.after)
            with suppress(Retryable):  # not put off: it comes when the queue's own timeout has passed
                delay(record["receiptHandle"], error.after)
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception:  # noqa: BLE001 - one message's bug must not fail the others
            telemetry.failed(record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    telemetry.flush()
    return {"batchItemFailures": failures}
