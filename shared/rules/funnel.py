"""Does the funnel of interceptions fall? A pure fold over the parcels of all merchants, beside their scorecards.

The last six hours are compared with the rest of the month; where fewer than twenty interceptions ended in them, the
last twenty are, however long they took. So a small deployment is told as well, and a single refusal is no fall.
"""

from collections import Counter
from datetime import datetime, timedelta
from heapq import heappush, heappushpop

from shared.domain.parcel import InterceptionPhase, ParcelCase

RECENT, MONTH = timedelta(hours=6), timedelta(days=30)
SAMPLES_MIN = 20
FALL = 0.25  # of all that were tried


class Funnel:
    """The two steps that couriers answer for: they accept an interception, and it succeeds."""

    def __init__(self, now: datetime) -> None:
        self._accepted, self._succeeded = _Step(now), _Step(now)

    def add(self, case: ParcelCase) -> None:
        """Count a parcel, if it is decided how its interception ended."""
        mine = case.interception
        asked_at = mine.requested_at or mine.asked_at
        if case.moved_to or asked_at is None:
            return
        if mine.accepted_at or mine.phase is InterceptionPhase.REFUSED:
            self._accepted.add(asked_at, good=mine.accepted_at is not None)
        if mine.accepted_at and mine.phase in (InterceptionPhase.SUCCEEDED, InterceptionPhase.FAILED):
            ended_at = mine.succeeded_at or case.heard_at or mine.accepted_at
            self._succeeded.add(ended_at, good=mine.phase is InterceptionPhase.SUCCEEDED)

    @property
    def falls(self) -> bool:
        """Tell whether a step is clearly worse than it was."""
        return self._accepted.falls or self._succeeded.falls


class _Step:
    """How often one step was made, in all and lately."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._month, self._recent = Counter[bool](), Counter[bool]()
        self._latest: list[tuple[datetime, bool]] = []

    def add(self, at: datetime, *, good: bool) -> None:
        if self._now - at >= MONTH:
            return
        self._month[good] += 1
        self._recent[good] += self._now - at < RECENT
        if len(self._latest) < SAMPLES_MIN:
            heappush(self._latest, (at, good))
        else:
            heappushpop(self._latest, (at, good))

    @property
    def falls(self) -> bool:
        lately = self._recent
        if lately.total() < SAMPLES_MIN:
            lately = Counter(good for _, good in self._latest)
        before = self._month - lately
        if min(before.total(), lately.total()) < SAMPLES_MIN:
            return False
        return _rate(before) - _rate(lately) >= FALL


def _rate(counted: Counter[bool]) -> float:
    return counted[True] / counted.total()
