"""The clock: wake every case whose deadline has passed, and those whose merchant has changed its policy."""

from datetime import timedelta
from typing import Any

from shared import wiring
from shared.workflows.await_pushes import await_pushes
from shared.workflows.spread_policies import spread_policies
from shared.workflows.watch_deadlines import watch_deadlines

SPREADS_FOR = timedelta(seconds=45)
"""Since the tick began, of the 55 seconds that it may take: more than half of them are left when a sweep ends."""


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Sweep all shards up to now, then go on telling open cases of new policies."""
    del event, context
    clock, index, queue = wiring.clock(), wiring.due_index(), wiring.wide_queue()
    until = clock.now() + SPREADS_FOR
    sweep = watch_deadlines(index, queue, clock)
    wiring.telemetry().swept(sweep.woken, sweep.armed, clock.now() - sweep.behind)
    await_pushes(wiring.settings().talking_sources, clock.now(), wiring.telemetry().awaited)
    wiring.telemetry().flush()
    told = spread_policies(wiring.policy_changes(), index, queue, clock, since=sweep.behind, until=until)
    if told:
        wiring.telemetry().told("policy_spread", told)
    return {"woken": sweep.woken, "armed": sweep.armed, "dropped": sweep.dropped, "told": told}
