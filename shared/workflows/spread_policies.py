"""Does every open case know its policy? After a change, the clock walks along all pointers and wakes the merchant's
cases: each decides anew, and arms an earlier deadline by its own save.

The next days come first, since that is where nearly all cases wait; a walk that is too long for one tick goes on at
the next. It is gone twice, the second time when every writer who read the old policy has ended: one may have written
behind the first. Waking a case twice, or one that is not due, changes nothing. A change rings for the clock itself
(`publish_outbox.py`), so that two clocks may walk at once: at each step one of them goes on.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.events import DeadlineReached
from shared.domain.keys import CaseKey
from shared.domain.messages import write_message
from shared.ports import Clock, DueIndex, PolicyChange, PolicyChanges, Queue
from shared.workflows.watch_deadlines import OVERLAP

HORIZON = timedelta(days=60)
"""No limit may be longer, so that no pointer lies further ahead than a stretch behind this."""

STRETCH = timedelta(days=1)
LAPS = 2
_STEPS_MAX = 2_000
_TICK = timedelta(milliseconds=1)


def spread_policies(
    changes: PolicyChanges, index: DueIndex, queue: Queue, clock: Clock, *, since: datetime, until: datetime
) -> int:
    """Walk on until `until`; give how many cases were woken.

    `since` is up to when the sweep has come: what waits before that is woken by the sweep itself.
    """
    walking = [_begun(change, since - OVERLAP) for change in changes.changes() if _may_go(change, clock.now())]
    woken = 0
    for _ in range(_STEPS_MAX):
        if not walking or clock.now() >= until:
            break
        place = min(map(_place, walking))
        together = [change for change in walking if _place(change) == place]
        after, count = _step(together[0], {change.merchant for change in together}, index, queue, clock)
        woken += count
        walking = [change for change in walking if _place(change) != place]
        walking += _go_on(together, after, changes)
    return woken


def _may_go(change: PolicyChange, now: datetime) -> bool:
    return change.began is not None or change.since is None or change.since <= now


def _begun(change: PolicyChange, at: datetime) -> PolicyChange:
    return change if change.began else change._replace(began=at, since=at)


def _place(change: PolicyChange) -> tuple[int, int, datetime]:
    if change.since is None:
        raise TypeError("a walk that has begun is somewhere")
    return change.laps, change.stretch, change.since


def _step(
    change: PolicyChange, merchants: set[str], index: DueIndex, queue: Queue, clock: Clock
) -> tuple[PolicyChange, int]:
    """Wake one page of a stretch, or find that it has ended; give the place behind it and the number of the woken."""
    _, stretch, since = _place(change)
    began = change.began or since
    day, shard = divmod(stretch, index.shards)
    page = index.reached(shard, since, began + (day + 1) * STRETCH)
    if page:
        keys = list(dict.fromkeys(pointer.key for pointer in page if pointer.key.merchant in merchants))
        _wake(keys, queue)
        return change._replace(since=page[-1].at + _TICK), len(keys)
    following = (stretch + 1) // index.shards
    if following * STRETCH <= HORIZON:
        return change._replace(stretch=stretch + 1, since=began + following * STRETCH), 0
    return change._replace(laps=change.laps + 1, began=None, stretch=0, since=clock.now() + OVERLAP), 0


def _go_on(together: Sequence[PolicyChange], after: PolicyChange, changes: PolicyChanges) -> list[PolicyChange]:
    """Store the new place of those who walked together; give who has still a way to go at this tick."""
    moved = [after._replace(merchant=one.merchant, version=one.version, steps=one.steps + 1) for one in together]
    if after.laps >= LAPS:
        for change in moved:
            changes.done(change)
        return []
    return [change for change in moved if changes.keep(change) and change.began]


def _wake(keys: Sequence[CaseKey], queue: Queue) -> None:
    """Let cases look at the clock whatever they wait for; one that has nothing to do yet does nothing."""
    for lane in dict.fromkeys(key.lane for key in keys):
        bodies = [
            (key.merchant, write_message(DeadlineReached(merchant=key.merchant, about=str(key))))
            for key in keys
            if key.lane is lane
        ]
        queue.send(lane, bodies)
