"""Four times a day: what is stored of merchants that have left, and is due to be forgotten."""

from typing import Any

from shared import wiring
from shared.workflows.forget_merchants import forget_merchants


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Delete what is due."""
    del event, context
    erased = forget_merchants(wiring.merchants(), wiring.remains(), wiring.clock())
    if erased:
        wiring.telemetry().told("items_erased", erased)
    return {"erased": erased}
