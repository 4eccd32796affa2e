"""Commands to ERPs, from their queue: claim, call, record."""

from typing import Any

from shared import wiring
from shared.domain.lanes import Lane
from shared.workflows.take_batch import Delivery, take_batch
from shared.workflows.take_call import take_call


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of commands; answer with those that must come again."""
    del context
    return take_batch(event["Records"], _take, wiring.deliveries(Lane.ERP_CALLS), wiring.telemetry())


def _take(delivery: Delivery) -> None:
    take_call(delivery, wiring.caller(), wiring.telemetry())
