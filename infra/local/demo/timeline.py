"""Simulated time, from one event to the next: what people do, what the world has planned, which deadline comes.

Steps fall on whole minutes, as the schedules do. After each: the world ticks, the sweep runs where a deadline has
come, the poll where five minutes have passed, and everything comes to rest before the clock moves on. Sweeps and polls
that could not find anything, because nothing that they look at has changed since the last one, are left out.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from heapq import heapify, heappop
from itertools import count
from typing import NamedTuple

from infra.local.demo.flow import Flow
from infra.local.demo.inside import Inside
from infra.local.demo.outside import Outside
from infra.local.time_machine import LocalClock

POLL_EVERY = timedelta(minutes=5)
SWEEPS_MAX = 5
STEPS_MAX = 3000
_MINUTE = timedelta(minutes=1)


class Happening(NamedTuple):
    """Something that somebody does at an instant."""

    at: datetime
    act: Callable[[], None]


class Timeline:
    """Moves one local cloud and its outside world through simulated time."""

    def __init__(self, clock: LocalClock, outside: Outside, inside: Inside, flow: Flow) -> None:
        self.clock = clock
        self.steps = 0
        self._outside = outside
        self._inside = inside
        self._flow = flow
        self._polled_at = clock.now()
        self._has_moved = True  # what is polled, since the last poll
        self._polled: object = None

    def play(self, happenings: Iterable[Happening], until: datetime, after_step: Callable[[], None]) -> None:
        """Play everything up to an instant.

        Raises:
            RuntimeError: there is no end of events before that instant.
        """
        order = count()
        waiting = [(each.at, next(order), each.act) for each in happenings]
        heapify(waiting)
        next_at = self._outside.tick()
        for _ in range(STEPS_MAX):
            poll_at = self._polled_at + POLL_EVERY if self._has_moved else None
            times = [waiting[0][0] if waiting else None, next_at, poll_at, self._flow.chronicle.next_due()]
            following = min((at for at in times if at is not None), default=until)
            if following >= until:
                return
            self._move_to(following)
            while waiting and waiting[0][0] <= self.clock.now():
                heappop(waiting)[2]()
            next_at = self._let_it_happen(outside_moves=following in (times[0], times[1]))
            self.steps += 1
            after_step()
        raise RuntimeError(f"more than {STEPS_MAX} steps")

    def _move_to(self, at: datetime) -> None:
        """Move to the whole minute at or after an instant; the clock never goes back, and always goes on."""
        at = max(at, self.clock.now())
        whole = at.replace(second=0, microsecond=0)
        self.clock.set(whole if whole >= at else whole + _MINUTE)

    def _let_it_happen(self, *, outside_moves: bool) -> datetime | None:
        self._outside.tick()
        self._flow.settle()
        if outside_moves:
            self._look_at_what_is_polled()
        for _ in range(SWEEPS_MAX):
            due = self._flow.chronicle.next_due()
            if due is None or due > self.clock.now():
                break
            self._inside.wake("watch_deadlines")
            self._flow.settle()
        if self._has_moved and self.clock.now() - self._polled_at >= POLL_EVERY:
            self._polled_at, self._has_moved = self.clock.now(), False
            self._inside.wake("poll_sources")
            self._flow.settle()
        next_at = self._outside.tick()
        self._flow.settle()  # time runs on meanwhile: something may have come true with this very tick
        self._look_at_what_is_polled()
        return next_at

    def _look_at_what_is_polled(self) -> None:
        """Notice whether a poll could find more than the last one: refunds that changed, goods that were counted in."""
        truth = self._outside.truth()
        refunds = {number: (one["status"], one["version"]) for number, one in truth["refunds"].items()}
        received = {number for number, parcel in truth["parcels"].items() if parcel["received_at"]}
        self._has_moved |= self._polled != (refunds, received)
        self._polled = (refunds, received)
