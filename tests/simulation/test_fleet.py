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
from tests.simulation.fleet.paces import Generation, fixed, generations, unattended

SHIPMENTS = int(os.environ.get("HUHANG_SHIPMENTS", "2000"))
SEED = 2026
QUICK_AND_SLOW = ("sf", "jt")


@pytest.fixture(scope="module")
def seen() -> Watched:
    """A fleet that nobody acts on."""
    return watch(SEED, SHIPMENTS)


@pytest.fixture(scope="module")
def paced() -> list[Generation]:
    """Two fleets of two couriers: of the first nothing was measured, the second is warned of by what was there."""
    return list(generations(SEED, 1_600, 2, QUICK_AND_SLOW))


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


def test_measured_couriers_do_not_flood_the_desk_in_the_next_generation(paced: list[Generation]) -> None:
    unmeasured, warned_of_by_pace = paced
    assert warned_of_by_pace.warnings <= 1.5 * unmeasured.warnings
    assert warned_of_by_pace.breaches <= unmeasured.breaches
    assert warned_of_by_pace.seen.early_share >= 0.95
    for generation in paced:
        quick, slow = (generation.measured.paces[courier].handling_s for courier in QUICK_AND_SLOW)
        assert quick
        assert slow
        assert quick < slow


def test_by_measured_paces_as_many_breaches_are_warned_of_in_time_as_by_one_lead_with_half_of_its_false_warnings(
    paced: list[Generation],
) -> None:
    leads = paced[-1].measured
    by_pace, by_hours = unattended(SEED + 2, 800, (leads, fixed(14, leads)), QUICK_AND_SLOW)
    assert by_pace.recall >= by_hours.recall
    assert by_pace.false < by_hours.false / 2
    assert by_pace.seen.early_share >= 0.95


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
