"""The clock's cost does not grow with what is in flight, it catches up after an outage, and no partition gets hot.

`make bench` prints the same figures for a million parcels and ten minutes.
"""

from datetime import timedelta

import pytest

from tests.benchmarks.promotion import habits_of, heat_of
from tests.benchmarks.sweeps import catch_up, cost_of_a_minute, spread


def test_a_minute_of_the_clock_costs_the_same_however_many_parcels_are_in_flight() -> None:
    few, many = (cost_of_a_minute(in_flight, minutes=10) for in_flight in (10_000, 60_000))
    for before, after in zip(few, many, strict=True):
        assert after / before <= 1.05


def test_two_hours_without_the_clock_are_made_up_for_within_ten_minutes() -> None:
    found = catch_up(in_flight=300_000)
    assert found.backlog > 30_000
    assert (found.lost, found.doubled) == (0, 0)
    assert found.minutes <= 10
    assert found.disorder <= timedelta(minutes=10), "the oldest deadlines come first, page by page"
    assert found.read_units_max < 60_000
    assert found.calls_max < 4_000


@pytest.mark.parametrize("backlog", [False, True])
def test_ten_thousand_open_cases_know_a_new_policy_within_a_minute(*, backlog: bool) -> None:
    """The change has just missed a tick; with a backlog, the sweep before it uses up its time."""
    found = spread(10_000, backlog=backlog)
    assert found.walks == 1
    assert found.seconds <= 60


def test_five_thousand_scans_a_second_keep_every_partition_below_half_of_what_it_takes() -> None:
    heat = heat_of(minutes=1, habits=habits_of(shipments=300))
    assert heat.pointers <= 500
    assert heat.register <= 500
