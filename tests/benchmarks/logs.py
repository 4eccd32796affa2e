"""How much is logged about an event: the door's line and the worker's, over many scans."""

from datetime import timedelta

from tests.benchmarks.counts import tally
from tests.benchmarks.givens import WAYBILL, zto_scan
from tests.benchmarks.loop import Loop

PARCELS = 50


def log_bytes_per_event(loop: Loop, events: int) -> tuple[float, float]:
    """Push scans of different parcels through the loop; give the door's and the workers' bytes per event."""
    before = len(loop.taken)
    for number in range(events):
        waybill = str(int(WAYBILL) + number % PARCELS)
        loop.invoke("receive_webhook", "zto", zto_scan(waybill, "ARRIVAL", loop.clock.now()))
        loop.settle()
        loop.clock.advance(timedelta(minutes=1))
    total = tally(loop.taken[before:])
    if total.events != events:
        raise RuntimeError(f"{total.events} events came of {events} pushes")
    return total.door_bytes / events, total.worker_bytes / events
