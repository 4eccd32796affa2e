"""Every few minutes: ask each merchant's sources what is new, in case a push was lost."""

from datetime import timedelta
from time import sleep
from typing import Any

from shared import wiring
from shared.workflows.patience import Patience
from shared.workflows.poll_sources import Way, poll_source, pollable

HANGS = timedelta(seconds=7)  # a long list may well take a few


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Poll all sources of all merchants that have not left, one after the other."""
    del event, context
    found = 0
    way = Way(wiring.http(), wiring.meter(), sleep, wiring.queue(), wiring.cursors(), wiring.clock())
    patience = Patience(slow=HANGS)  # of this tick: one merchant's try at a silent vendor is enough
    for merchant in (one.merchant for one in wiring.merchants().memberships() if not one.has_left):
        for source in pollable(merchant, wiring.accounts().all_accounts(merchant), wiring.find_vendors):
            poll = poll_source(source, way._replace(http=patience.begin(way.http, source.name, endless=False)))
            found += poll.found
            wiring.telemetry().polled(*poll)
    wiring.telemetry().flush()
    return {"found": found}
