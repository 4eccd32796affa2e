"""Refund and order events, from their queue: load, decide, save."""

from typing import Any

from shared import wiring
from shared.domain.lanes import Lane
from shared.workflows.take_batch import Delivery, take_batch
from shared.workflows.take_message import take_message


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of messages; answer with those that must come again."""
    del context
    return take_batch(event["Records"], _take, wiring.deliveries(Lane.REFUNDS), wiring.telemetry())


def _take(delivery: Delivery) -> None:
    fates = take_message(
        delivery.body,
        store=wiring.case_store(),
        clock=wiring.clock(),
        find_source=wiring.find_source,
        unknown=wiring.unknown_pushes(),
        count=wiring.telemetry().counted,
    )
    for fate in fates:
        wiring.telemetry().fate(*fate)
