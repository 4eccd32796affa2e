"""What happens in conversations and at desks, from their queue: load, decide, save."""

from typing import Any

from shared import wiring
from shared.domain.lanes import Lane
from shared.workflows.take_batch import Delivery, take_batch
from shared.workflows.take_chat import take_chat


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take a batch of messages; answer with those that must come again."""
    del context
    return take_batch(event["Records"], _take, wiring.deliveries(Lane.CHATS), wiring.telemetry())


def _take(delivery: Delivery) -> None:
    fates = take_chat(
        delivery.body,
        delivery.attempt,
        store=wiring.case_store(),
        clock=wiring.clock(),
        find_source=wiring.find_source,
        unknown=wiring.unknown_pushes(),
        queue=wiring.queue(),
        count=wiring.telemetry().counted,
    )
    for fate in fates:
        wiring.telemetry().fate(*fate)
