"""The scorecard as tables: which parcels count, in which window, for what."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.parcel import Content, Interception, ParcelCase, Scan, Stage, Watch
from shared.domain.scores import Interceptions, Scores, Spread
from shared.domain.tickets import Anomaly
from shared.domain.watching import Pace
from shared.rules.scorecard import Scorecard, spread_of
from tests.unit.board import ticket
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, SECOND, wish

SHIPPED = NOW - 2 * DAY


def content(order_id: str = "O1", *, paid: timedelta | None = timedelta(hours=4), **fields: Any) -> Content:
    """An order's lines, paid four hours before they were shipped."""
    shipped_at = fields.pop("shipped_at", SHIPPED)
    paid_at = shipped_at - paid if paid is not None and shipped_at else None
    return Content(
        platform="sim", order_id=order_id, line_ids=("L1",), paid_at=paid_at, shipped_at=shipped_at, **fields
    )


def parcel(stage: Stage | None = None, at: datetime | None = None, **fields: Any) -> ParcelCase:
    """A parcel of ZTO's, shipped two days ago."""
    known: dict[str, Any] = {"carrier": "zto", "waybill": "W1", "contents": (content(),)}
    if stage:
        at = at or NOW - HOUR
        known |= {"last_scan": Scan(stage=stage, at=at, code="x"), "heard_at": at, "picked_up_at": at}
    return ParcelCase.model_validate(known | fields)


def card(*parcels: ParcelCase) -> Scores:
    """Fold parcels."""
    made = Scorecard(MERCHANT, NOW)
    for one in parcels:
        made.add(one)
    return made.scores()


def counts(*parcels: ParcelCase, days: Any = 7, carrier: str = "zto", region: str = "") -> dict[str, int]:
    """What is not zero of a row."""
    row = card(*parcels).row(days, carrier, region)
    return {name: value for name, value in row if isinstance(value, int) and value and name != "days"} if row else {}


# ---- who counts, and where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "windows"),
    [(timedelta(0), [7, 30]), (7 * DAY - SECOND, [7, 30]), (7 * DAY, [30]), (30 * DAY - SECOND, [30]), (30 * DAY, [])],
)
def test_a_parcel_counts_in_the_windows_in_which_it_was_shipped(age: timedelta, windows: list[int]) -> None:
    found = card(parcel(contents=(content(shipped_at=NOW - age),)))
    assert [row.days for row in found.rows if row.carrier] == windows


def test_a_row_is_for_all_for_a_courier_and_for_its_region() -> None:
    found = card(
        parcel(contents=(content(region="浙江省"),)),
        parcel(contents=(content(region="浙江省"), content("O2", region="广东省"))),
        parcel(carrier="sf"),
    )
    week = [(row.carrier, row.region, row.shipped) for row in found.rows if row.days == 7]
    assert week == [("", "", 3), ("zto", "", 2), ("sf", "", 1), ("zto", "浙江省", 2)]


LEFT_OUT = {
    "a return": parcel(return_for="sim:R1", returned_from=SHIPPED),
    "the way back of another": parcel(return_of="W0"),
    "a number that travels with another courier": parcel(moved_to="sf"),
    "a stranger's parcel": parcel(Stage.IN_TRANSIT, contents=()),
    "one that nobody has shipped yet": parcel(contents=(content(shipped_at=None),)),
}


@pytest.mark.parametrize("one", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_what_is_no_delivery_is_left_out(one: ParcelCase) -> None:
    assert card(one).rows == ()


def test_without_a_word_about_shipping_the_pickup_is_the_beginning() -> None:
    one = parcel(Stage.PICKED_UP, at=NOW - 8 * DAY, contents=(content(shipped_at=None),))
    assert [row.days for row in card(one).rows if row.carrier] == [30]


# ---- pickup and arrival ------------------------------------------------------------------------------------------

PICKUPS = {
    "at once": (timedelta(0), NOW, (1, 1)),
    "within the day": (24 * HOUR, NOW, (1, 1)),
    "a second later": (24 * HOUR + SECOND, NOW, (1, 0)),
    "not yet, and there is time": (None, SHIPPED + 24 * HOUR, (0, 0)),
    "not yet, and it is late": (None, SHIPPED + 24 * HOUR + SECOND, (1, 0)),
}


@pytest.mark.parametrize(("after", "now", "expected"), PICKUPS.values(), ids=PICKUPS.keys())
def test_a_pickup_is_due_once_it_is_known_whether_it_was_in_time(
    after: timedelta | None, now: datetime, expected: tuple[int, int]
) -> None:
    made = Scorecard(MERCHANT, now)
    made.add(parcel(picked_up_at=None if after is None else SHIPPED + after))
    row = made.scores().row(7, "zto")
    assert row
    assert (row.pickups_due, row.pickups_in_24h) == expected


ARRIVALS = {
    "five points": (52 * HOUR, {"arrivals": 1, "arrivals_due": 1, "arrivals_in_52h": 1, "arrivals_in_59h": 1}),
    "four points": (59 * HOUR, {"arrivals": 1, "arrivals_due": 1, "arrivals_in_59h": 1}),
    "fewer": (59 * HOUR + SECOND, {"arrivals": 1, "arrivals_due": 1}),
}


@pytest.mark.parametrize(("took", "expected"), ARRIVALS.values(), ids=ARRIVALS.keys())
def test_an_arrival_is_in_the_band_of_its_hours(took: timedelta, expected: dict[str, int]) -> None:
    one = parcel(Stage.DELIVERED, at=SHIPPED - 4 * HOUR + took)
    found = counts(one)
    minutes = found.pop("arrival_minutes")
    assert minutes == took // MINUTE
    assert {name: value for name, value in found.items() if name.startswith("arrivals")} == expected


@pytest.mark.parametrize(
    ("age", "fields", "due"),
    [
        (59 * HOUR, {}, 0),
        (59 * HOUR + SECOND, {}, 1),
        (90 * HOUR, {"wishes": (wish(),)}, 0),
        (90 * HOUR, {"return_scan_at": NOW - 2 * HOUR}, 0),
    ],
    ids=["there is time", "overdue", "to be stopped", "on its way back"],
)
def test_what_has_not_arrived_is_due_after_59_hours_unless_it_shall_not(
    age: timedelta, fields: dict[str, Any], due: int
) -> None:
    shipped_at = NOW - age + 4 * HOUR
    one = parcel(Stage.IN_TRANSIT, contents=(content(shipped_at=shipped_at),), **fields)
    found = counts(one)
    assert (found.get("arrivals", 0), found.get("arrivals_due", 0)) == (0, due)


def test_every_order_in_a_parcel_arrives_and_its_time_is_counted_to_the_minute() -> None:
    orders = (content("O1", paid=timedelta(hours=4)), content("O2", paid=timedelta(hours=10)), content("O3", paid=None))
    found = card(parcel(Stage.DELIVERED, at=SHIPPED + 30 * HOUR + 90 * SECOND, contents=orders)).row(7, "zto")
    assert found
    assert (found.arrivals, found.arrival_minutes) == (2, (34 * 60 + 1) + (40 * 60 + 1))
    assert (found.shipped, found.delivered) == (1, 1)


def test_the_sender_s_signature_is_no_arrival() -> None:
    found = counts(parcel(Stage.DELIVERED, return_scan_at=NOW - 2 * HOUR))
    assert not {"delivered", "arrivals"} & set(found)


# ---- trouble, interceptions, paces -------------------------------------------------------------------------------


def test_open_tickets_are_counted_now_and_broken_limits_for_ever() -> None:
    late, closed = ticket(Anomaly.LATE), ticket(Anomaly.STALLED, closed=True)
    found = card(
        parcel(tickets=(late, closed), broken=(Anomaly.LATE, Anomaly.STALLED)),
        parcel(tickets=(late,)),
        parcel(Stage.DELIVERED, broken=(Anomaly.NOT_MOVING, Anomaly.STALLED)),
        parcel(Stage.DELIVERED, broken=(Anomaly.NOT_PICKED_UP,)),
    ).row(30, "zto")
    assert found
    assert found.open_tickets == {Anomaly.LATE: 2}
    assert found.broken == {Anomaly.LATE: 1, Anomaly.NOT_MOVING: 1, Anomaly.NOT_PICKED_UP: 1, Anomaly.STALLED: 2}
    assert found.stalled == 2


def test_interceptions_count_as_far_as_they_came() -> None:
    def stopped(*steps: str, **fields: Any) -> ParcelCase:
        return parcel(interception=Interception.model_validate({f"{step}_at": NOW for step in steps}), **fields)

    steps = ("wanted", "eligible", "requested", "accepted", "succeeded")
    found = card(parcel(), *(stopped(*steps[:n]) for n in range(1, 6)), stopped(*steps, received_at=NOW)).row(7, "zto")
    assert found
    assert found.interceptions == Interceptions(wanted=6, eligible=5, requested=4, accepted=3, succeeded=2, received=1)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], None),
        ([7], Spread(samples=1, median_s=7, p90_s=7)),
        ([1, 2], Spread(samples=2, median_s=1, p90_s=2)),
        (list(range(1, 11)), Spread(samples=10, median_s=5, p90_s=9)),
        (list(range(1, 102)), Spread(samples=101, median_s=51, p90_s=91)),
    ],
)
def test_of_n_samples_the_90th_percent_is_the_smallest_that_nine_in_ten_do_not_exceed(
    samples: list[int], expected: Spread | None
) -> None:
    random.Random(1).shuffle(samples)
    assert spread_of(samples) == expected


def paces(*parcels: ParcelCase) -> dict[str, Pace]:
    """What is measured of these."""
    made = Scorecard(MERCHANT, NOW)
    for one in parcels:
        made.add(one)
    return made.paces()


def test_twenty_samples_make_a_pace_and_nineteen_do_not() -> None:
    heard = [parcel(Stage.IN_TRANSIT, lag_s=60 * n, handled_s=3600 * n) for n in range(1, 21)]
    assert paces(*heard) == {
        "zto": Pace(lag_s=60 * 18, handling_s=3600 * 18, handling_by_part=(3600 * 18, None, None, None))
    }
    assert paces(*heard[1:]) == {}
    some = [one.model_copy(update={"handled_s": 0}) for one in heard]
    assert paces(*some) == {"zto": Pace(lag_s=60 * 18, handling_s=None)}


def test_a_parcel_whose_source_was_never_measured_does_not_make_it_faster() -> None:
    measured = [parcel(Stage.IN_TRANSIT, lag_s=7_200) for _ in range(20)]
    only_asked = [parcel(Stage.IN_TRANSIT) for _ in range(60)]
    assert paces(*measured, *only_asked)["zto"].lag_s == 7_200


def test_each_part_of_the_day_has_a_pace_of_its_own_where_enough_was_measured() -> None:
    night = [parcel(Stage.IN_TRANSIT, handled_s=36_000 + n, handled_part=0) for n in range(20)]
    noon = [parcel(Stage.IN_TRANSIT, handled_s=3_600 + n, handled_part=2) for n in range(20)]
    few = [parcel(Stage.IN_TRANSIT, handled_s=9, handled_part=3) for n in range(19)]
    pace = paces(*night, *noon, *few)["zto"]
    assert pace.handling_by_part == (36_017, None, 3_617, None)
    assert [pace.handling_at(hour) for hour in (0, 5, 12, 17)] == [36_017, 36_017, 3_617, 3_617]
    assert {pace.handling_at(hour) for hour in (6, 11, 18, 23)} == {pace.handling_s}


def test_what_moves_a_day_after_its_courier_was_urged_does_not_make_the_courier_slower() -> None:
    helped = [parcel(Stage.IN_TRANSIT, handled_s=3_600 * n) for n in range(5, 25)]
    by_itself = [parcel(Stage.IN_TRANSIT, handled_s=86_401 + n) for n in range(30)]
    assert paces(*helped, *by_itself)["zto"].handling_s == 3_600 * 22
    assert paces(*by_itself) == {}
    row = card(*helped, *by_itself).row(30, "zto")
    assert row
    assert row.handling == Spread(samples=50, median_s=86_405, p90_s=86_425)


def test_paces_are_those_of_a_month() -> None:
    known = [parcel(Stage.IN_TRANSIT, lag_s=9, contents=(content(shipped_at=NOW - 10 * DAY),)) for _ in range(20)]
    assert paces(*known) == {"zto": Pace(lag_s=9)}


def test_a_lag_counts_for_six_hours_at_most_and_old_parcels_not_at_all() -> None:
    slow = [parcel(Stage.IN_TRANSIT, lag_s=90_000, carrier="sf") for _ in range(20)]
    assert paces(*slow) == {"sf": Pace(lag_s=6 * 3600)}
    old = [parcel(Stage.IN_TRANSIT, lag_s=9, contents=(content(shipped_at=NOW - 31 * DAY),)) for _ in range(99)]
    assert paces(*old) == {}


def test_handling_that_was_never_needed_is_no_sample() -> None:
    row = card(parcel(Stage.IN_TRANSIT, lag_s=5), parcel()).row(7, "zto")
    assert row
    assert (row.lag, row.handling) == (Spread(samples=1, median_s=5, p90_s=5), None)


def test_parcels_on_their_way_are_counted_by_who_watches_them() -> None:
    found = card(
        parcel(watch=Watch(source="zto", step=1)),
        parcel(watch=Watch(source="kuaidi100", step=1, ended="abort")),
        parcel(watch=Watch(source="kuaidi100", step=2)),
        parcel(),
        parcel(Stage.DELIVERED, watch=Watch(source="zto", step=1, ended="over")),
        parcel(watch=Watch(source="zto", step=1, ended="x"), contents=(content(shipped_at=NOW - 30 * DAY),)),
        parcel(watch=Watch(source="zto", step=1, ended="x"), contents=(content(shipped_at=NOW - 31 * DAY),)),
        parcel(return_for="sim:R1", returned_from=SHIPPED, watch=Watch(source="zto", step=1)),
    )
    assert found.watched == {"kuaidi100": 2, "none": 1, "zto": 2}
    assert found.unwatched == {"kuaidi100": 1, "none": 1}


def test_the_order_of_parcels_does_not_matter() -> None:
    parcels = [
        parcel(Stage.IN_TRANSIT, carrier=f"c{n % 3}", lag_s=n, broken=(Anomaly.STALLED,) * (n % 2)) for n in range(50)
    ]
    assert card(*parcels) == card(*parcels[::-1])
