"""Which limits broke is remembered and counted, whether or not anybody wants to hear of them."""

from datetime import timedelta

import pytest

from shared.domain.events import ParcelShipped, ReturnReceived
from shared.domain.packs import packs
from shared.domain.parcel import Stage
from shared.domain.scores import ScoreRow, Scores
from shared.domain.tickets import Anomaly
from shared.domain.watching import Watching
from shared.rules.scorecard import Scorecard
from tests.unit.rules.build import DAY, HOUR, MERCHANT, MINUTE, NOW, wanted
from tests.unit.rules.parcels import answer
from tests.unit.rules.watched import Parcel, inside, on_its_way, sent_back, shipped


def alerting(*, alert: bool) -> Watching:
    """The limits of the pack, all loud or all silent."""
    every = [limit for pack in packs() for limit in pack.limits]
    return Watching(limits=tuple(limit.model_copy(update={"alert": alert}) for limit in every))


SILENT, LOUD = alerting(alert=False), alerting(alert=True)


def scores(parcel: Parcel) -> Scores:
    """The card of a shop with this one parcel."""
    card = Scorecard(MERCHANT, parcel.run.now)
    card.add(parcel.case)
    return card.scores()


def counted(row: ScoreRow) -> dict[str, object]:
    """What is counted apart from tickets and what followed from them: a silent limit has none."""
    return row.model_dump(exclude={"open_tickets", "handling"})


# where it stands -> the hours after which its limit breaks, what is then counted, what it does next
STANDING: dict[str, tuple[tuple[Stage, ...], int, Anomaly, Stage]] = {
    "at the shop": ((), 24, Anomaly.NOT_PICKED_UP, Stage.PICKED_UP),
    "picked up": ((Stage.PICKED_UP,), 24, Anomaly.NOT_MOVING, Stage.IN_TRANSIT),
    "on the road": ((Stage.PICKED_UP, Stage.IN_TRANSIT), 48, Anomaly.STALLED, Stage.ARRIVED_AT_HUB),
    "carried out": ((Stage.PICKED_UP, Stage.OUT_FOR_DELIVERY), 24, Anomaly.DELIVERY_SLOW, Stage.DELIVERED),
    "at a pickup point": (
        (Stage.PICKED_UP, Stage.HELD_AT_PICKUP_POINT),
        72,
        Anomaly.PICKUP_POINT_OVERDUE,
        Stage.DELIVERED,
    ),
    "turned round": ((Stage.PICKED_UP, Stage.RETURNING), 72, Anomaly.RETURN_STALLED, Stage.RETURNED),
}


@pytest.mark.parametrize("where", STANDING)
@pytest.mark.parametrize("late", [timedelta(minutes=-2), timedelta(minutes=2)])
def test_a_silent_policy_has_the_same_scorecard_as_a_loud_one(where: str, late: timedelta) -> None:
    stages, hours, anomaly, onwards = STANDING[where]
    parcels = [shipped(watching=watching) for watching in (SILENT, LOUD)]
    for parcel in parcels:
        parcel.moves(*stages)
        parcel.wait(hours * HOUR + late)
        parcel.scan(onwards)
        parcel.moves(Stage.DELIVERED)
    silent, loud = (scores(parcel) for parcel in parcels)
    assert [counted(row) for row in silent.rows] == [counted(row) for row in loud.rows]
    assert all(row.broken.get(anomaly, 0) == (late > timedelta(0)) for row in silent.rows)
    assert anomaly not in parcels[0].open


@pytest.mark.parametrize("where", STANDING)
def test_what_never_moves_again_is_counted_without_a_ticket_too(where: str) -> None:
    stages, _, anomaly, _ = STANDING[where]
    parcel = shipped(watching=SILENT)
    parcel.moves(*stages)
    parcel.wait(12 * DAY)
    assert anomaly in parcel.case.broken
    assert anomaly not in parcel.open


def test_nobody_is_woken_to_count_what_broke() -> None:
    silent, off = (
        shipped(watching=alerting(alert=False).model_copy(update={"limits": limits}))
        for limits in (SILENT.limits, tuple(one.model_copy(update={"breach": 60 * DAY}) for one in SILENT.limits))
    )
    for parcel in (silent, off):
        parcel.moves(Stage.PICKED_UP, Stage.IN_TRANSIT)
    breach_at = silent.run.now + 48 * HOUR
    silent.wait(breach_at - MINUTE)
    assert silent.due is not None
    assert silent.due > breach_at + MINUTE


def test_a_move_that_is_told_late_was_in_time_if_the_courier_says_so() -> None:
    parcel = on_its_way(Stage.OUT_FOR_DELIVERY, watching=SILENT)
    at = parcel.run.now + 20 * HOUR
    parcel.wait(30 * HOUR)
    parcel.scan(Stage.DELIVERED, at)
    assert Anomaly.DELIVERY_SLOW not in parcel.case.broken


def test_an_old_parcel_whose_scans_follow_its_shipping_at_once_has_broken_nothing_that_they_do_not_show() -> None:
    told = ParcelShipped(**shipped().about, content=inside(shipped_at=NOW - 3 * DAY, paid_at=NOW - 3 * DAY))
    other = ParcelShipped(**shipped().about, content=inside("O2", shipped_at=NOW - 80 * HOUR, paid_at=NOW - 80 * HOUR))
    parcel = Parcel(told, other, watching=SILENT)
    parcel.take(parcel.traced((Stage.PICKED_UP, NOW - 3 * DAY), (Stage.DELIVERED, NOW - 2 * DAY)))
    assert parcel.case.broken == ()
    late = Parcel(told, watching=SILENT)
    late.take(late.traced((Stage.PICKED_UP, NOW - 3 * DAY), (Stage.DELIVERED, NOW - MINUTE)))
    assert late.case.broken == (Anomaly.LATE,)


@pytest.mark.parametrize(("hours", "broken"), [(51, ()), (53, (Anomaly.LATE,))])
def test_the_promise_of_52_hours_is_counted_by_the_signature_and_opens_no_ticket(
    hours: int, broken: tuple[Anomaly, ...]
) -> None:
    parcel = shipped()
    parcel.moves(Stage.PICKED_UP, *[Stage.IN_TRANSIT] * 40)
    parcel.wait(NOW - 5 * HOUR + hours * HOUR)
    parcel.scan(Stage.DELIVERED)
    assert (parcel.case.broken, parcel.case.tickets) == (broken, ())


def test_what_we_stop_breaks_no_limit_and_what_was_broken_before_stays_so() -> None:
    for hours, broken in ((20, ()), (25, (Anomaly.NOT_MOVING,))):
        parcel = on_its_way(watching=SILENT)
        parcel.wait(hours * HOUR)
        parcel.take(wanted())
        parcel.take(answer(parcel.run, "accepted"))
        parcel.wait(9 * DAY)
        assert parcel.case.broken == broken


def test_goods_that_the_warehouse_counts_late_are_counted_too() -> None:
    parcel = sent_back(watching=SILENT)
    parcel.moves(Stage.PICKED_UP, Stage.DELIVERED)
    parcel.wait(49 * HOUR)
    parcel.take(ReturnReceived(**parcel.about, at=parcel.run.now))
    assert parcel.case.broken == (Anomaly.RETURN_NOT_RECEIVED,)


def test_what_an_earlier_parcel_of_the_same_number_broke_is_not_this_one_s() -> None:
    parcel = shipped(watching=SILENT)
    parcel.wait(29 * DAY)
    parcel.take(ParcelShipped(**parcel.about, content=inside("O2", shipped_at=parcel.run.now, paid_at=parcel.run.now)))
    parcel.wait(7 * DAY)
    parcel.scan(Stage.PICKED_UP)
    assert Anomaly.LATE in parcel.case.broken
    parcel.scan(Stage.DELIVERED, NOW + 5 * DAY)  # the first one's signature
    assert [content.order_id for content in parcel.case.contents] == ["O2"]
    assert parcel.case.broken == ()
