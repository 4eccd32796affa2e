"""Couriers measured in one generation of parcels are warned of by that in the next: does it settle, is it any good?

In each generation people and couriers act, so that what a warning brings about is measured, and in force in the next.
What warnings are good for is seen where nobody acts: the same parcels are warned of by what was measured, and by leads
that are the same for all couriers. A call prevents a breach if the warning leaves as long as the courier of this very
parcel takes to react; some parcels no call helps.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from shared.domain.keys import CaseKey
from shared.domain.packs import packs
from shared.domain.watching import Limit, Pace
from shared.rules.scorecard import Scorecard
from tests.simulation.fleet.figures import Watched
from tests.simulation.fleet.fleet import MERCHANT, Fleet
from tests.simulation.fleet.journeys import make_journey

COURIERS = ("sf", "yto", "jt")  # quick, middling and slow
HOURS = (2, 4, 6, 8, 10, 12, 14, 15, 16, 17, 18, 24)
TIMES = (1, 1.25, 1.5, 1.75, 2)
_LEAD_MAX = 3 / 4  # of a limit, as the rule has it


class Leads(NamedTuple):
    """By what people are warned: what was measured of the couriers, and limits in place of the pack's."""

    paces: Mapping[str, Pace] = {}
    limits: tuple[Limit, ...] = ()


class Generation(NamedTuple):
    """One fleet: what was warned of, what was measured, and how long the couriers take to react where a call helps."""

    seen: Watched
    measured: Leads
    reactions: Mapping[CaseKey, timedelta]

    @property
    def warnings(self) -> float:
        """How many tickets were opened before their limit broke, among 1,000 parcels."""
        return 1000 * len(self.seen.alarms) / self.seen.shipments

    @property
    def breaches(self) -> float:
        """How many of them broke, among 1,000 parcels."""
        return 1000 * len(self.seen.broken) / self.seen.shipments

    @property
    def false(self) -> float:
        """How many of them came to nothing, among 1,000 parcels."""
        return self.warnings - self.breaches

    @property
    def recall(self) -> float:
        """Of the breaches that an early call would have prevented, the share that was warned of early enough."""
        left = [(alarm.left, self.reactions[alarm.key]) for alarm in self.seen.broken if alarm.key in self.reactions]
        return sum(left >= reaction for left, reaction in left) / len(left) if left else 1.0


def generations(seed: int, shipments: int, count: int, couriers: Sequence[str] = COURIERS) -> Iterator[Generation]:
    """Let fleets travel one after the other, the first with couriers of which nothing was measured."""
    leads = Leads()
    for generation in range(count):
        one = _travel(seed + generation, shipments, couriers, leads, acts=True)
        yield one
        leads = one.measured


def unattended(
    seed: int, shipments: int, leads: Iterable[Leads], couriers: Sequence[str] = COURIERS
) -> list[Generation]:
    """Let the same fleet travel once with each of the leads, while nobody acts."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(partial(_unattended, seed, shipments, couriers), leads))


def fixed(hours: float, measured: Leads) -> Leads:
    """Warn so long before every limit, whoever the courier is."""
    return _led({limit.rule: timedelta(hours=hours) for limit in packs()[-1].limits}, measured)


def stretched(times: float, measured: Leads) -> Leads:
    """Warn by the limits' own leads, so many times as long, whoever the courier is."""
    return _led({limit.rule: times * limit.lead for limit in packs()[-1].limits}, measured)


def first_with(recall: float, swept: Sequence[Generation]) -> Generation:
    """Give the first, of the shortest leads first, that has such a recall; the last where none does."""
    return next((one for one in swept if one.recall >= recall), swept[-1])


def _led(leads: Mapping[str, timedelta], measured: Leads) -> Leads:
    """Give limits with these leads; of the couriers, only how late they report is known."""
    limits = tuple(
        limit.model_copy(update={"lead": min(leads[limit.rule], _LEAD_MAX * limit.breach)})
        for limit in packs()[-1].limits
    )
    return Leads({carrier: Pace(lag_s=pace.lag_s) for carrier, pace in measured.paces.items()}, limits)


def _unattended(seed: int, shipments: int, couriers: Sequence[str], leads: Leads) -> Generation:
    return _travel(seed, shipments, couriers, leads, acts=False)


def _travel(seed: int, shipments: int, couriers: Sequence[str], leads: Leads, *, acts: bool) -> Generation:
    fleet = Fleet([make_journey(seed, number, couriers) for number in range(shipments)], acts=acts)
    policies = fleet.table.policies
    watching = policies[MERCHANT].watching.model_copy(update={"limits": leads.limits})
    policies[MERCHANT] = policies[MERCHANT].model_copy(update={"watching": watching, "paces": dict(leads.paces)})
    fleet.run()
    card = Scorecard(MERCHANT, fleet.clock.now())
    for key in fleet.travels:
        card.add(fleet.parcel(key))
    troubles = {key: travel.journey.trouble for key, travel in fleet.travels.items()}
    return Generation(
        seen=Watched(shipments=shipments, alarms=fleet.store.alarms),
        measured=Leads(card.paces()),
        reactions={key: trouble.reaction for key, trouble in troubles.items() if trouble and trouble.helps},
    )
