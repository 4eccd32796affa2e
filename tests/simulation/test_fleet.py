"""A fleet of synthetic parcels: what should be told is told in time, and what that costs stays small.

`HUHANG_SHIPMENTS` sets how many parcels travel (default 2,000).
"""

import os

import pytest

from shared.domain.tickets import Anomaly
from tests.simulation.fleet.buyers import by_hand, outcome_of
from tests.simulation.fleet.figures import MINUTE, Watched, watch
from tests.simulation.fleet.fleet import Fleet, key_of
from tests.simulation.fleet.journeys import ORDER_EVERY, make_journey
from tests.simulation.fleet.paces import generations

SHIPMENTS = int(os.environ.get("HUHANG_SHIPMENTS", "2000"))
SEED = 2026


@pytest.fixture(scope="module")
def seen() -> Watched:
    """A fleet that nobody acts on."""
    return watch(SEED, SHIPMENTS)


def test_every_deadline_is_looked_at_within_a_minute(seen: Watched) -> None:
    assert seen.dues > seen.shipments // 3
    assert seen.wake_max <= MINUTE
    assert seen.unhandled == 0


def test_what_stands_still_is_told_within_a_minute_of_its_moment(seen: Watched) -> None:
    """The moments are computed from the parcels' facts, not taken from the rules' own deadlines."""
    assert seen.told > seen.shipments / 40
    assert seen.told_max <= MINUTE
    assert seen.missed == []


def test_breaches_and_escalations_are_told_within_a_minute_of_their_moment(seen: Watched) -> None:
    assert seen.rises > 2 * seen.told
    assert seen.rise_max <= MINUTE


def test_orders_that_nobody_ships_are_warned_of_too(seen: Watched) -> None:
    assert sum(alarm.anomaly is Anomaly.NOT_SHIPPED for alarm in seen.broken) > seen.shipments / ORDER_EVERY / 4


def test_nearly_all_breaches_were_warned_of_with_six_hours_left(seen: Watched) -> None:
    assert seen.early_share >= 0.95


def test_measured_couriers_do_not_flood_the_desk_from_generation_to_generation() -> None:
    """Each is warned of by what was measured in the one before."""
    unmeasured, *measured = generations(SEED, 1_200, 4)
    assert not unmeasured.paces
    for generation in measured:
        assert generation.paces
        assert generation.warnings <= 2.5 * unmeasured.warnings
        assert generation.breaches <= unmeasured.breaches * 1.1
        assert generation.seen.early_share >= 0.95


def test_a_shipment_without_trouble_needs_four_pointers_on_average(seen: Watched) -> None:
    assert seen.calm_pointers / seen.calm_shipments <= 4


def test_a_parcel_is_one_write_unit_at_rest_and_two_with_a_ticket(seen: Watched) -> None:
    assert seen.largest_at_rest < 1024
    assert seen.largest_with_ticket < 2048


def test_a_journey_is_the_same_each_time_and_helped_sooner_by_the_watch_than_by_hand() -> None:
    journeys = [make_journey(SEED, number) for number in range(600)]
    assert journeys == [make_journey(SEED, number) for number in range(600)]
    fleet = Fleet(journeys, acts=True)
    fleet.run()
    ours = theirs = 0
    for journey in journeys:
        travel = fleet.travels[key_of(journey)]
        manual = by_hand(journey)
        assert [scan.stage for scan in travel.scans[: len(manual)]] == [
            scan.stage for scan in manual[: len(travel.scans)]
        ]
        ours += outcome_of(journey, travel.scans, travel.buyer_told_at).complained
        theirs += outcome_of(journey, manual, None).complained
    assert ours < theirs
