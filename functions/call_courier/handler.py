"""Commands to couriers, from their queue: claim, call, record."""

from typing import Any

from shared import wiring
from shared.domain.lanes import Lane
from shared.workflows.take_batch import take_batch
from shared.workflows.take_call import take_call


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of commands; answer with those that must come again."""
    del context
    lane = Lane.COURIER_CALLS
    return take_batch(event["Records"], _take, wiring.delay(lane), wiring.telemetry(), wiring.put_back(lane))


def _take(body: str, attempt: int) -> None:
    take_call(body, attempt, wiring.caller(), wiring.telemetry())
