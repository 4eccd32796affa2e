"""Fleets in cohorts, and their figures added up: what the gates and the report look at."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from shared.domain.keys import CaseKey
from shared.domain.tickets import Anomaly
from tests.simulation.fleet.buyers import by_hand, outcome_of
from tests.simulation.fleet.fleet import Fleet, key_of
from tests.simulation.fleet.journeys import make_journey, make_orders
from tests.simulation.fleet.notebook import Alarm, Due

COHORT = 5_000
EARLY = timedelta(hours=6)
MINUTE = timedelta(minutes=1)


@dataclass
class Watched:
    """What was seen of a fleet that huhang watched while nobody acted on it."""

    shipments: int = 0
    scans: int = 0
    events: int = 0
    pointers: int = 0
    calm_shipments: int = 0
    calm_pointers: int = 0
    dues: int = 0
    wake_max: timedelta = timedelta(0)
    told: int = 0
    told_max: timedelta = timedelta(0)
    rises: int = 0
    rise_max: timedelta = timedelta(0)
    missed: list[tuple[CaseKey, Due]] = field(default_factory=list)
    unhandled: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    weighed: int = 0
    case_units: int = 0
    register_units: int = 0
    weighed_pointers: int = 0
    largest_at_rest: int = 0
    largest_with_ticket: int = 0

    def add(self, other: "Watched") -> None:
        """Take in what was seen of other parcels: lists join, maxima stay maxima, counts add up."""
        for name, theirs in vars(other).items():
            ours = getattr(self, name)
            is_highest = name.endswith("_max") or name.startswith("largest_")
            setattr(self, name, max(ours, theirs) if is_highest else ours + theirs)

    @property
    def broken(self) -> list[Alarm]:
        """The warnings that came true."""
        return [alarm for alarm in self.alarms if alarm.broken_at]

    @property
    def early_share(self) -> float:
        """The share of all breaches that were warned of with six hours left, as people read it: to the minute."""
        early = sum(alarm.left >= EARLY - MINUTE / 2 for alarm in self.broken)
        return early / len(self.broken) if self.broken else 1.0

    @property
    def false_share(self) -> float:
        """The share of all warnings that came to nothing."""
        return 1 - len(self.broken) / len(self.alarms) if self.alarms else 0.0

    @property
    def by_anomaly(self) -> Iterator[tuple[Anomaly, int, int]]:
        """Give warnings and breaches per kind."""
        warned = Counter(alarm.anomaly for alarm in self.alarms)
        broken = Counter(alarm.anomaly for alarm in self.broken)
        for anomaly in sorted(warned):
            yield anomaly, warned[anomaly], broken[anomaly]


def watch(seed: int, shipments: int, arrived: Callable[[int], None] = lambda _: None) -> Watched:
    """Let a fleet travel while huhang watches and nobody acts; `arrived` hears how many have, cohort by cohort.

    Cohorts have nothing in common, so that each processor takes its own.
    """
    total = Watched()
    with ProcessPoolExecutor() as pool:
        for cohort in pool.map(partial(_watch_cohort, seed, shipments), range(0, shipments, COHORT)):
            total.add(cohort)
            arrived(total.shipments)
    return total


def _watch_cohort(seed: int, shipments: int, first: int) -> Watched:
    numbers = range(first, min(first + COHORT, shipments))
    fleet = Fleet([make_journey(seed, number) for number in numbers], make_orders(seed, numbers))
    fleet.run()
    return _watched(fleet)


def _watched(fleet: Fleet) -> Watched:
    book = fleet.store
    seen = Watched(
        events=fleet.events,
        dues=len(fleet.wakes),
        wake_max=max([timedelta(0), *fleet.wakes]),
        told=len(book.delays),
        told_max=max([timedelta(0), *book.delays]),
        rises=len(book.rises),
        rise_max=max([timedelta(0), *book.rises]),
        missed=book.missed,
        unhandled=len(fleet.unhandled),
        alarms=book.alarms,
    )
    for key, travel in fleet.travels.items():
        pointers, is_calm = book.pointers[key] + fleet.index.armed[key], travel.journey.trouble is None
        seen.shipments += 1
        seen.scans += len(travel.scans)
        seen.pointers += pointers
        seen.calm_shipments += is_calm
        seen.calm_pointers += pointers if is_calm else 0
        if key in book.weights:
            weight = book.weights[key]
            seen.weighed += 1
            seen.case_units += weight.case_units
            seen.register_units += weight.register_units
            seen.weighed_pointers += pointers
            seen.largest_at_rest = max(seen.largest_at_rest, weight.at_rest)
            seen.largest_with_ticket = max(seen.largest_with_ticket, weight.with_ticket)
    return seen


@dataclass
class Effect:
    """What buyers did in two worlds with the same parcels."""

    shipments: int = 0
    complaints_by_hand: int = 0
    refunds_by_hand: int = 0
    complaints: int = 0
    refunds: int = 0

    @property
    def complaints_avoided(self) -> float:
        """The share of the complaints that huhang avoids."""
        return 1 - self.complaints / self.complaints_by_hand if self.complaints_by_hand else 0.0

    @property
    def refunds_avoided(self) -> float:
        """The share of the refunds that huhang avoids."""
        return 1 - self.refunds / self.refunds_by_hand if self.refunds_by_hand else 0.0


def compare(seed: int, shipments: int) -> Effect:
    """Let the same fleet travel twice: looked after by hand, and by huhang with people and couriers who act on it."""
    effect = Effect()
    for first in range(0, shipments, COHORT):
        journeys = [make_journey(seed, number) for number in range(first, min(first + COHORT, shipments))]
        fleet = Fleet(journeys, acts=True)
        fleet.run()
        for journey in journeys:
            travel = fleet.travels[key_of(journey)]
            manual = outcome_of(journey, by_hand(journey), None)
            ours = outcome_of(journey, travel.scans, travel.buyer_told_at)
            effect.shipments += 1
            effect.complaints_by_hand += manual.complained
            effect.refunds_by_hand += manual.refunded
            effect.complaints += ours.complained
            effect.refunds += ours.refunded
    return effect
