"""Alarms of the last moments, from their queue: said in one message by the operators' robots."""

from typing import Any

from shared import wiring
from shared.workflows.page_operators import page_operators


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Tell a batch; answer with all of it if no robot could say it now."""
    del context
    records = event["Records"]
    told = page_operators(
        [record["body"] for record in records],
        wiring.robots(),
        find_channel=wiring.find_channel,
        http=wiring.http(),
        clock=wiring.clock(),
        telemetry=wiring.telemetry(),
    )
    wiring.telemetry().flush()
    return {"batchItemFailures": [] if told else [{"itemIdentifier": record["messageId"]} for record in records]}
