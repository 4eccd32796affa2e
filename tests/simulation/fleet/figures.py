"""Fleets in cohorts, and their figures added up: what the gates and the report look at."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

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


def watch(seed: int, shipments: int) -> Watched:
    """Let a fleet travel while huhang watches and nobody acts."""
    total = Watched()
    for first in range(0, shipments, COHORT):
        numbers = range(first, min(first + COHORT, shipments))
        fleet = Fleet([make_journey(seed, number) for number in numbers], make_orders(seed, numbers))
        fleet.run()
        _add(total, fleet)
    return total


def _add(total: Watched, fleet: Fleet) -> None:
    book = fleet.store
    total.events += fleet.events
    total.dues += len(fleet.wakes)
    total.wake_max = max([total.wake_max, *fleet.wakes])
    total.told += len(book.delays)
    total.told_max = max([total.told_max, *book.delays])
    total.rises += len(book.rises)
    total.rise_max = max([total.rise_max, *book.rises])
    total.missed += book.missed
    total.unhandled += len(fleet.unhandled)
    total.alarms += book.alarms
    for key, travel in fleet.travels.items():
        pointers, is_calm = book.pointers[key] + fleet.index.armed[key], travel.journey.trouble is None
        total.shipments += 1
        total.scans += len(travel.scans)
        total.pointers += pointers
        total.calm_shipments += is_calm
        total.calm_pointers += pointers if is_calm else 0
        if key in book.weights:
            weight = book.weights[key]
            total.weighed += 1
            total.case_units += weight.case_units
            total.register_units += weight.register_units
            total.weighed_pointers += pointers
            total.largest_at_rest = max(total.largest_at_rest, weight.at_rest)
            total.largest_with_ticket = max(total.largest_with_ticket, weight.with_ticket)


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
