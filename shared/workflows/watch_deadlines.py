"""What is due? The sweep reads each shard's pointers from its cursor on and wakes the cases that wait.

A pointer is only a hint: the case itself says when it is due. Due cases get an event, which is harmless to repeat;
the others get a pointer at their real deadline; cases that wait for nothing are dropped. Nothing is deleted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.events import DeadlineReached
from shared.domain.keys import CaseKey
from shared.domain.messages import write_message
from shared.ports import Clock, DueIndex, DuePointer, Queue

OVERLAP = timedelta(seconds=40)
"""Pointers this much older than the cursor are read again: longer than any writer may run plus clock skew."""

# As long as pointers are kept: where no sweep has ever run, none was missed.
_FIRST_LOOK = timedelta(days=14)
_PAGES_MAX = 50
_TICK = timedelta(milliseconds=1)


class Sweep(NamedTuple):
    """What one sweep of all shards did. `behind` is the oldest cursor left; equal to now when all caught up."""

    woken: int
    armed: int
    dropped: int
    behind: datetime


def watch_deadlines(index: DueIndex, queue: Queue, clock: Clock) -> Sweep:
    """Sweep every shard up to now, oldest deadline first; a sweep that stops early goes on at the next tick."""
    now = clock.now()
    total = Sweep(0, 0, 0, now)
    for shard in range(index.shards):
        cursor = index.cursor(shard)
        since = (cursor - OVERLAP) if cursor else now - _FIRST_LOOK
        for _ in range(_PAGES_MAX):
            page = index.reached(shard, since, now)
            if not page:
                since = now
                break
            woken, armed, dropped = _visit(page, index, queue, now)
            total = Sweep(total.woken + woken, total.armed + armed, total.dropped + dropped, total.behind)
            since = page[-1].at + _TICK
        index.advance(shard, min(since, now))
        total = total._replace(behind=min(total.behind, since))
    return total


def _visit(page: Sequence[DuePointer], index: DueIndex, queue: Queue, now: datetime) -> tuple[int, int, int]:
    keys = list(dict.fromkeys(pointer.key for pointer in page))
    dues = index.look(keys)
    woken: dict[CaseKey, datetime] = {}
    armed = dropped = 0
    for key in keys:
        due = dues.get(key)
        if due is None:
            dropped += 1
        elif due <= now:
            woken[key] = due
        else:
            index.arm(key, due)
            armed += 1
    wake(sorted(woken, key=woken.__getitem__), queue)
    return len(woken), armed, dropped


def wake(keys: Sequence[CaseKey], queue: Queue) -> None:
    """Let cases look at the clock; one that has nothing to do yet does nothing."""
    for lane in dict.fromkeys(key.lane for key in keys):
        bodies = [
            (key.merchant, write_message(DeadlineReached(merchant=key.merchant, about=str(key))))
            for key in keys
            if key.lane is lane
        ]
        queue.send(lane, bodies)
