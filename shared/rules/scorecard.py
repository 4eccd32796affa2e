"""How good are the couriers? A pure fold over parcels, one after the other, in any order. The hourly scan calls it.

Windows are about shipping: every parcel handed over in the last 7 or 30 days is counted with all that is known of it
by now. Returns are not counted, nor numbers that travel with another courier: those are parcels of their own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from shared.domain.packs import pack_for
from shared.domain.parcel import ParcelCase, Stage
from shared.domain.scores import Days, Interceptions, ScoreRow, Scores, Spread
from shared.domain.tickets import Anomaly
from shared.domain.watching import PARTS, Pace
from shared.rules.account import furthest
from shared.rules.parcel_spans import STALLS, packs_of

WINDOWS: tuple[Days, ...] = (7, 30)
SAMPLES_MIN = 20
LAG_MAX = timedelta(hours=6)
HANDLING_MAX = timedelta(days=1)
"""What moves later than this after its courier was urged is taken to have moved by itself."""
REGION_MAX = 40
NOBODY = "none"
_STALLS = frozenset({*(span.anomaly for span in STALLS), Anomaly.SUSPECTED_LOST})
_MINUTE = timedelta(minutes=1)


class Scorecard:
    """One merchant's scorecard in the making."""

    def __init__(self, merchant: str, now: datetime) -> None:
        self._merchant = merchant
        self._now = now
        self._rows: dict[tuple[Days, str, str], _Row] = {}
        self._watched: Counter[str] = Counter()
        self._unwatched: Counter[str] = Counter()

    def add(self, case: ParcelCase) -> None:
        """Count a parcel."""
        shipped_at = case.shipped_at or case.picked_up_at
        if case.moved_to or not case.contents or shipped_at is None:
            return
        age = self._now - shipped_at
        for days in WINDOWS:
            if age < timedelta(days=days) and not case.is_return:
                for carrier, region in _places(case):
                    row = self._rows.setdefault((days, carrier, region), _Row())
                    row.add(case, shipped_at, self._now)
        if age < timedelta(days=max(WINDOWS)) and case.awaits_courier:
            source = case.watch.source or NOBODY
            self._watched[source] += 1
            if source == NOBODY or case.watch.ended:
                self._unwatched[source] += 1

    def scores(self) -> Scores:
        """Give the card: all couriers, each courier, then the regions with most parcels first."""
        rows = [row.close(*place) for place, row in self._rows.items()]
        return Scores(
            merchant=self._merchant,
            as_of=self._now,
            rows=tuple(sorted(rows, key=_by_size)),
            watched=dict(sorted(self._watched.items())),
            unwatched=dict(sorted(self._unwatched.items())),
        )

    def paces(self) -> dict[str, Pace]:
        """Give what deadlines need to know: nine in ten reports, and nine in ten reactions, are not later than this."""
        paces: dict[str, Pace] = {}
        for (days, carrier, region), row in self._rows.items():
            if days == max(WINDOWS) and carrier and not region:
                lag, handling = _measured(row.lags), row.handling()
                if lag is not None or handling is not None:
                    lag_s = min(lag or 0, int(LAG_MAX.total_seconds()))
                    paces[carrier] = Pace(lag_s=lag_s, handling_s=handling, handling_by_part=row.handling_by_part())
        return paces


class _Row:
    """One row in the making."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.open_tickets: Counter[Anomaly] = Counter()
        self.broken: Counter[Anomaly] = Counter()
        self.steps: Counter[int] = Counter()
        self.lags: list[int] = []
        self.handled: list[tuple[int, int]] = []  # the part of the day in which it was urged, how long it took

    def add(self, case: ParcelCase, shipped_at: datetime, now: datetime) -> None:
        """Count a parcel."""
        self.counts.update(shipped=1, delivered=_is_delivered(case), stalled=bool(_STALLS & set(case.broken)))
        self._add_pickup(case, shipped_at, now)
        self._add_arrivals(case, now)
        self.open_tickets.update(ticket.anomaly for ticket in case.tickets if not ticket.closed)
        self.broken.update(case.broken)
        if case.interception.wanted_at is not None:
            self.steps.update(range(furthest(case) + 1))
        if case.lag_s:
            self.lags.append(case.lag_s)
        if case.handled_s:
            self.handled.append((case.handled_part, case.handled_s))

    def handling(self, part: int | None = None) -> int | None:
        """Give nine in ten reactions (to what was urged for in that part of the day), in seconds."""
        longest = HANDLING_MAX.total_seconds()
        return _measured([took for mine, took in self.handled if took <= longest and part in (None, mine)])

    def handling_by_part(self) -> tuple[int | None, ...]:
        """Give nine in ten reactions for each part of the day; nothing where no part has enough of them."""
        parts = [self.handling(part) for part in range(PARTS)]
        return tuple(parts) if any(part is not None for part in parts) else ()

    def _add_pickup(self, case: ParcelCase, shipped_at: datetime, now: datetime) -> None:
        end = shipped_at + min(pack.pickup for pack in packs_of(case))
        if case.picked_up_at or now > end:
            in_time = case.picked_up_at is not None and case.picked_up_at <= end
            self.counts.update(pickups_due=1, pickups_in_24h=in_time)

    def _add_arrivals(self, case: ParcelCase, now: datetime) -> None:
        signed_at = case.last_scan.at if case.last_scan and _is_delivered(case) else None
        paid = {(content.platform, content.order_id): content.paid_at for content in case.contents}
        for (platform, _), paid_at in paid.items():
            if paid_at is None:
                continue
            bands = pack_for(platform, paid_at).bands
            if signed_at:
                took = max(timedelta(0), signed_at - paid_at)
                self.counts.update(arrivals=1, arrivals_due=1, arrival_minutes=took // _MINUTE)
                self.counts.update(arrivals_in_52h=took <= bands.five, arrivals_in_59h=took <= bands.four)
            elif now - paid_at > bands.four and not _is_going_home(case):
                self.counts.update(arrivals_due=1)

    def close(self, days: Days, carrier: str, region: str) -> ScoreRow:
        """Give the finished row."""
        steps = dict(zip(Interceptions.model_fields, (self.steps[step] for step in range(6)), strict=True))
        return ScoreRow(
            days=days,
            carrier=carrier,
            region=region,
            **self.counts,
            open_tickets=dict(sorted(self.open_tickets.items())),
            broken=dict(sorted(self.broken.items())),
            interceptions=Interceptions(**steps),
            lag=spread_of(self.lags),
            handling=spread_of([took for _, took in self.handled]),
        )


def _by_size(row: ScoreRow) -> tuple[bool, int, str, str, int]:
    return bool(row.region), -row.shipped, row.carrier, row.region, row.days


def spread_of(samples: Sequence[int]) -> Spread | None:
    """Describe samples; None where there are none."""
    if not samples:
        return None
    ranked = sorted(samples)
    return Spread(samples=len(ranked), median_s=_rank(ranked, 50), p90_s=_rank(ranked, 90))


def _rank(ranked: Sequence[int], percent: int) -> int:
    """Give the smallest sample that so many of a hundred do not exceed."""
    return ranked[-(-percent * len(ranked) // 100) - 1]


def _measured(samples: Sequence[int]) -> int | None:
    spread = spread_of(samples) if len(samples) >= SAMPLES_MIN else None
    return spread.p90_s if spread else None


def region_of(case: ParcelCase) -> str:
    """Give the province into which a parcel goes; empty where nobody said."""
    return next((content.region[:REGION_MAX] for content in case.contents if content.region), "")


def _places(case: ParcelCase) -> Iterator[tuple[str, str]]:
    yield "", ""
    yield case.carrier, ""
    if region := region_of(case):
        yield case.carrier, region


def _is_delivered(case: ParcelCase) -> bool:
    return case.stage is Stage.DELIVERED


def _is_going_home(case: ParcelCase) -> bool:
    return bool(case.wishes) or case.stage in (Stage.RETURNING, Stage.RETURNED)
