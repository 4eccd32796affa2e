"""What is due? The sweep reads each shard's pointers from its cursor on and wakes the cases that wait.

A pointer is only a hint: the case itself says when it is due. Due cases get an event, which is harmless to repeat;
the others get a pointer at their real deadline (or at an earlier one that they still hold to), unless they have one
ahead; cases that wait for nothing are dropped.
Nothing is deleted.

The sweep also looks ahead: what falls due before the next one gets its event now, to be delivered at its deadline.
Nothing rests on that: cursors never pass the present, so the next sweep comes by those pointers as if nobody had.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from shared.domain.events import DeadlineReached
from shared.domain.keys import CaseKey
from shared.domain.messages import write_message
from shared.ports import Clock, DueIndex, DuePointer, Queue

OVERLAP = timedelta(seconds=40)
"""Pointers this much older than the cursor are read again: longer than any writer may run plus clock skew."""

AHEAD = timedelta(seconds=75)
"""How far a sweep looks ahead: to the next one, with what a tick may be late."""

SWEEPS_FOR = timedelta(seconds=20)
"""A sweep that takes longer stops, so that it is not killed with nothing to show for it."""

# As long as pointers are kept: where no sweep has ever run, none was missed.
_FIRST_LOOK = timedelta(days=14)
_PAGES_MAX = 110  # what a sweep reads is bounded too: pages of 500 pointers
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
        page = index.reached(shard, left[shard], now + AHEAD)
        if not page:
            del left[shard]
            index.advance(shard, now)
            continue
        found = _visit(page, index, queue, now)
        woken, armed, dropped = woken + found[0], armed + found[1], dropped + found[2]
        left[shard] = page[-1].at + _TICK
        if len(page) >= _LARGE_PAGE:
            _advance(index, shard, cursors, min(left[shard], now))
    for shard, since in left.items():
        _advance(index, shard, cursors, min(since, now))
    return Sweep(woken, armed, dropped, behind=min([now, *left.values()]))


def _advance(index: DueIndex, shard: int, cursors: dict[int, datetime | None], since: datetime) -> None:
    """Move a shard's cursor to where its next page begins; never back, which reading the overlap could do."""
    cursor = cursors[shard]
    if cursor is None or since > cursor:
        index.advance(shard, since)
        cursors[shard] = since


def _visit(page: Sequence[DuePointer], index: DueIndex, queue: Queue, now: datetime) -> tuple[int, int, int]:
    cases = index.look(list(dict.fromkeys(pointer.key for pointer in page)))
    passed = {pointer.key for pointer in page if pointer.at <= now}
    woken: dict[CaseKey, datetime] = {}
    later: list[DuePointer] = []
    for key, waiting in cases.items():
        if waiting.due is None:
            continue
        if waiting.due <= now + AHEAD:
            woken[key] = waiting.due
        if key in passed and waiting.due > now and not _lies_ahead(waiting.armed, waiting.due, now):
            held = waiting.held if _lies_ahead(waiting.held, waiting.due, now) else None
            later.append(DuePointer(key, held or waiting.due))
    index.arm(later)
    _wake(sorted(woken.items(), key=itemgetter(1)), queue)
    return len(woken), len(later), len(passed - woken.keys() - {pointer.key for pointer in later})


def _lies_ahead(at: datetime | None, due: datetime, now: datetime) -> bool:
    return at is not None and now < at <= due


def _wake(dues: Sequence[tuple[CaseKey, datetime]], queue: Queue) -> None:
    """Let each case look at the clock once its deadline has passed."""
    for lane in dict.fromkeys(key.lane for key, _ in dues):
        bodies = [
            (key.merchant, write_message(DeadlineReached(merchant=key.merchant, about=str(key), due=due)), due)
            for key, due in dues
            if key.lane is lane
        ]
        queue.send_later(lane, bodies)
