"""Every few minutes: ask each merchant's sources what is new, in case a push was lost."""

from time import sleep
from typing import Any

from shared import wiring
from shared.workflows.poll_sources import Way, poll_source, pollable


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Poll all sources of all merchants that have not left, one after the other."""
    del event, context
    found = 0
    way = Way(wiring.http(), wiring.meter(), sleep, wiring.queue(), wiring.cursors(), wiring.clock())
    for merchant in (one.merchant for one in wiring.merchants().memberships() if not one.has_left):
        for source in pollable(merchant, wiring.accounts().all_accounts(merchant), wiring.find_vendors):
            poll = poll_source(source, way)
            found += poll.found
            wiring.telemetry().polled(*poll)
    wiring.telemetry().flush()
    return {"found": found}
