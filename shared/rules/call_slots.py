"""How are limits kept by many callers that do not see each other? Time is cut into slots, each with a number of calls.

    |<------ length ------>|                     a stretch as long as a limit's touches only so many slots,
    |<-- usable --->| rest |                     so it never holds more calls than the limit says
    |  half |                                    in the first half, one class of calls goes first

Urgent calls go first, and in every fifth slot all others: neither can starve the other. In the second half whoever
comes may take what is left.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.domain.limits import Limits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = tuple(timedelta(seconds=s) for s in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 300, 3600, 86400))
_NOTHING = timedelta(0)
_USABLE_MIN = timedelta(seconds=2)  # queues delay by whole seconds: who is told to come then shall not come too late
OTHERS_FIRST_EVERY = 5
BLOCK = 3
"""A caller takes a third of a slot's calls at once, so that a busy one seldom has to ask."""


class Slots(NamedTuple):
    """Slots of one length, counted from 1970. Their calls are made in the first part, `usable`."""

    length: timedelta
    usable: timedelta
    calls: int

    def start(self, at: datetime) -> datetime:
        """When the slot began."""
        return at - (at - _EPOCH) % self.length

    def is_urgent_first(self, start: datetime) -> bool:
        """Whether urgent calls go first in the slot that begins then."""
        return ((start - _EPOCH) // self.length) % OTHERS_FIRST_EVERY != 0


class Chance(NamedTuple):
    """What a caller may do now: let `gone` calls of the slot be gone after its own; else come again at `again`."""

    gone: int
    again: datetime


@lru_cache
def slots_for(limits: Limits, calls_max: int = 1) -> Slots:
    """Choose the slots that keep all limits and allow most; with room for the longest conversation, if they can."""
    return max(
        _choices(limits),
        key=lambda one: (min(one.calls, calls_max), one.calls / one.length.total_seconds(), one.calls),
    )


def _choices(limits: Limits) -> Iterator[Slots]:
    shortest = min(limit.per for limit in limits)
    for length in _LENGTHS:
        for rest in (_NOTHING, shortest):
            if length - rest >= _USABLE_MIN:
                calls = min(limit.calls // _slots_touched(limit.per, length, rest) for limit in limits)
                if calls:
                    yield Slots(length, length - rest, calls)
    slowest = max(limit.per / limit.calls for limit in limits)
    usable = max(slowest / 2, _USABLE_MIN)
    yield Slots(slowest + usable, usable, 1)  # where the limits leave less than that


def _slots_touched(stretch: timedelta, length: timedelta, rest: timedelta) -> int:
    """How many slots' usable parts a stretch of time can meet."""
    return 1 + max(-(-(stretch - rest) // length), 0)


def chance(slots: Slots, now: datetime, calls_max: int, *, urgent: bool) -> Chance:
    """Say what may be taken now, and when there is more."""
    start = slots.start(now)
    into, half, following = now - start, slots.usable / 2, start + slots.length
    if into >= slots.usable:
        return Chance(0, following)
    if into >= half or urgent == slots.is_urgent_first(start):
        return Chance(slots.calls, following)
    kept = max(slots.calls - slots.calls // 2, min(calls_max, slots.calls) if slots.is_urgent_first(start) else 1)
    return Chance(slots.calls - kept, start + half)
