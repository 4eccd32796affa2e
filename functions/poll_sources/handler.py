"""Every few minutes: ask each merchant's sources what is new, in case a push was lost."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from shared import wiring
from shared.workflows.patience import Patience
from shared.workflows.poll_sources import Source, Way, in_turn, poll_source, pollable

HANGS = timedelta(seconds=7)  # a long list may well take a few
POLLS_FOR = timedelta(seconds=45)  # since the tick began: the last source still has its turn, and its last call


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Poll the sources of all merchants that have not left, one after the other, as far as there is time."""
    del event, context
    found = asked = 0
    way = Way(wiring.http(), wiring.meter(), sleep, wiring.queue(), wiring.cursors(), wiring.clock())
    patience = Patience(slow=HANGS)  # of this tick: one merchant's try at a silent vendor is enough
    now = way.clock.now()
    try:
        for source in _sources(now):
            if way.clock.now() >= now + POLLS_FOR:
                wiring.telemetry().told("polls_cut_short", asked)
                break
            poll = poll_source(source, way._replace(http=patience.begin(way.http, source.name, endless=False)))
            found, asked = found + poll.found, asked + 1
            wiring.telemetry().polled(*poll)
    finally:
        wiring.telemetry().flush()
    return {"found": found}


def _sources(now: datetime) -> Iterator[Source]:
    for merchant in in_turn([one.merchant for one in wiring.merchants().memberships() if not one.has_left], now):
        yield from pollable(merchant, wiring.accounts().all_accounts(merchant), wiring.find_vendors)
