"""What is due? The sweep reads each shard's pointers from its cursor on and wakes the cases that wait.

A pointer is only a hint: the case itself says when it is due. Due cases get an event, which is harmless to repeat;
the others get a pointer at their real deadline, unless they have one ahead; cases that wait for nothing are dropped.
Nothing is deleted.
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

SWEEPS_FOR = timedelta(seconds=20)
"""A sweep that takes longer stops, so that it is not killed with nothing to show for it."""

# As long as pointers are kept: where no sweep has ever run, none was missed.
_FIRST_LOOK = timedelta(days=14)
_PAGES_MAX = 800
_LARGE_PAGE = 100  # after so many pointers the cursor moves at once: a crash repeats no more
_TICK = timedelta(milliseconds=1)


class Sweep(NamedTuple):
    """What one sweep of all shards did. `behind` is the oldest cursor left; equal to now when all caught up."""

    woken: int
    armed: int
    dropped: int
    behind: datetime


def watch_deadlines(index: DueIndex, queue: Queue, clock: Clock) -> Sweep:
    """Sweep all shards up to now, the oldest deadlines of all first; what is left goes on at the next tick."""
    now = clock.now()
    cursors = {shard: index.cursor(shard) for shard in range(index.shards)}
    left = {shard: cursor - OVERLAP if cursor else now - _FIRST_LOOK for shard, cursor in cursors.items()}
    woken = armed = dropped = 0
    for _ in range(_PAGES_MAX):
        if not left or clock.now() >= now + SWEEPS_FOR:
            break
        shard = min(left, key=left.__getitem__)
        page = index.reached(shard, left[shard], now)
        if not page:
            del left[shard]
            index.advance(shard, now)
            continue
        found = _visit(page, index, queue, now)
        woken, armed, dropped = woken + found[0], armed + found[1], dropped + found[2]
        left[shard] = page[-1].at + _TICK
        if len(page) >= _LARGE_PAGE:
            _advance(index, shard, cursors, left[shard])
    for shard, since in left.items():
        _advance(index, shard, cursors, since)
    return Sweep(woken, armed, dropped, behind=min([now, *left.values()]))


def _advance(index: DueIndex, shard: int, cursors: dict[int, datetime | None], since: datetime) -> None:
    """Move a shard's cursor to where its next page begins; never back, which reading the overlap could do."""
    cursor = cursors[shard]
    if cursor is None or since > cursor:
        index.advance(shard, since)
        cursors[shard] = since


def _visit(page: Sequence[DuePointer], index: DueIndex, queue: Queue, now: datetime) -> tuple[int, int, int]:
    keys = list(dict.fromkeys(pointer.key for pointer in page))
    cases = index.look(keys)
    woken: dict[CaseKey, datetime] = {}
    later: list[DuePointer] = []
    for key, (due, armed) in cases.items():
        if due is None:
            continue
        if due <= now:
            woken[key] = due
        elif armed is None or not now < armed <= due:
            later.append(DuePointer(key, due))
    index.arm(later)
    wake(sorted(woken, key=woken.__getitem__), queue)
    return len(woken), len(later), len(keys) - len(woken) - len(later)


def wake(keys: Sequence[CaseKey], queue: Queue) -> None:
    """Let cases look at the clock; one that has nothing to do yet does nothing."""
    for lane in dict.fromkeys(key.lane for key in keys):
        bodies = [
            (key.merchant, write_message(DeadlineReached(merchant=key.merchant, about=str(key))))
            for key in keys
            if key.lane is lane
        ]
        queue.send(lane, bodies)
