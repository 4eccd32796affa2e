"""The clock: wake every case whose deadline has passed."""

from typing import Any

from shared import wiring
from shared.workflows.watch_deadlines import watch_deadlines


def handler(event: dict[str, Any], context: object) -> dict[str, int]:
    """Sweep all shards up to now."""
    del event, context
    clock = wiring.clock()
    sweep = watch_deadlines(wiring.due_index(), wiring.queue(), clock)
    wiring.telemetry().swept(sweep.woken, sweep.armed, clock.now() - sweep.behind)
    wiring.telemetry().flush()
    return {"woken": sweep.woken, "armed": sweep.armed, "dropped": sweep.dropped}
