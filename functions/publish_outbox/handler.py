"""The table's stream: every new outbox is put on its lanes, and the clock looks at what rings."""

from typing import Any

from shared import wiring
from shared.adapters.signed_aws import AwsRefused
from shared.errors import Retryable
from shared.workflows.publish_outbox import publish_outbox

RINGS_FOR_S = 4.0  # of the ten that it may run: one try that hangs, or several that are refused at once


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Forward a batch of stream records; an error delivers the whole batch again, which is harmless."""
    del context
    wiring.telemetry().told("published", publish_outbox(event["Records"], wiring.queue(), _ring))
    return {"batchItemFailures": []}


def _ring() -> None:
    """Wake the clock; if it cannot be woken its next tick does the same, and commands wait for one try at most."""
    try:
        with wiring.signed_aws().answering_within(RINGS_FOR_S):
            wiring.clock_function().wake()
    except (AwsRefused, Retryable) as error:
        wiring.telemetry().told("clock_not_rung", 1, str(error))
