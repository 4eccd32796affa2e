"""Couriers measured in one generation of parcels are warned of by that in the next: does it settle, what does it cost?

In each generation people and couriers act, so that what a warning brings about is measured, and in force in the next.
One courier carries everything, so that enough is measured of it. What the earlier warnings cost is seen where nobody
acts: the same parcels are warned of by the limits alone, and by the pace.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.domain.watching import Pace
from shared.rules.scorecard import Scorecard
from tests.simulation.fleet.figures import Watched
from tests.simulation.fleet.fleet import MERCHANT, Fleet
from tests.simulation.fleet.journeys import make_journey

COURIER = "zto"


class Generation(NamedTuple):
    """One fleet: the paces that were in force, and what was warned of."""

    paces: Mapping[str, Pace]
    seen: Watched

    @property
    def warnings(self) -> float:
        """How many tickets were opened before their limit broke, among 1,000 parcels."""
        return 1000 * len(self.seen.alarms) / self.seen.shipments

    @property
    def breaches(self) -> float:
        """How many of them broke, among 1,000 parcels."""
        return 1000 * len(self.seen.broken) / self.seen.shipments


def generations(seed: int, shipments: int, count: int) -> Iterator[Generation]:
    """Let fleets travel one after the other, the first with a courier of which nothing was measured."""
    paces: Mapping[str, Pace] = {}
    for generation in range(count):
        fleet = _travel(seed + generation, shipments, paces, acts=True)
        yield _seen(fleet, paces)
        card = Scorecard(MERCHANT, fleet.clock.now())
        for key in fleet.travels:
            card.add(fleet.parcel(key))
        paces = card.paces()


def unattended(seed: int, shipments: int, paces: Mapping[str, Pace]) -> Generation:
    """Let a fleet travel while nobody acts: what is warned of either breaks, or would have gone on by itself."""
    return _seen(_travel(seed, shipments, paces, acts=False), paces)


def _travel(seed: int, shipments: int, paces: Mapping[str, Pace], *, acts: bool) -> Fleet:
    fleet = Fleet([make_journey(seed, number)._replace(carrier=COURIER) for number in range(shipments)], acts=acts)
    policies = fleet.table.policies
    policies[MERCHANT] = policies[MERCHANT].model_copy(update={"paces": dict(paces)})
    fleet.run()
    return fleet


def _seen(fleet: Fleet, paces: Mapping[str, Pace]) -> Generation:
    return Generation(paces, Watched(shipments=len(fleet.travels), alarms=fleet.store.alarms))
