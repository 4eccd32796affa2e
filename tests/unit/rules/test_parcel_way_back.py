"""The way back: under a new number, under the old one, into the warehouse."""

import pytest

from shared.domain.events import ReturnLegLinked, ReturnLegScanned, ReturnReceived
from shared.domain.parcel import InterceptionPhase, Progress, Scan, Stage
from shared.domain.policy import RefundMoment
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    WAYBILL,
    Run,
    courier,
    parcel,
    progressed_to,
    scanned,
    types,
    wanted,
)

BACK = "W1R"
ABOUT = {"merchant": MERCHANT, "carrier": "zto"}


def _stopped() -> Run:
    return Run(decide_parcel, parcel(InterceptionPhase.ACCEPTED, Stage.IN_TRANSIT))


def _linked() -> Run:
    run = Run(decide_parcel)
    run.take(ReturnLegLinked(**ABOUT, waybill=BACK, original=WAYBILL))
    return run


def test_a_new_number_for_the_way_back_is_linked_once() -> None:
    run = _stopped()
    [linked, told] = run.take(scanned(Stage.RETURNING, NOW + MINUTE, return_waybill=BACK))
    assert (linked.type, linked.waybill, linked.original) == ("return_leg_linked", BACK, WAYBILL)
    assert told.progress is Progress.RETURNING
    assert run.take(scanned(Stage.RETURNING, NOW + HOUR, return_waybill="OTHER")) == []


def test_a_parcel_is_not_its_own_way_back() -> None:
    run = _stopped()
    assert types(run.take(scanned(Stage.RETURNING, NOW + MINUTE, return_waybill=WAYBILL))) == ["parcel_progressed"]
    run = Run(decide_parcel)
    assert run.take(ReturnLegLinked(**ABOUT, waybill=WAYBILL, original=WAYBILL)) == []


def test_the_way_back_is_subscribed_once() -> None:
    run = _linked()
    [subscribed] = run.said
    assert (subscribed.type, subscribed.waybill) == ("subscribe_tracking", BACK)
    assert run.take(ReturnLegLinked(**ABOUT, waybill=BACK, original=WAYBILL)) == []


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        (Stage.PICKED_UP, Stage.RETURNING),
        (Stage.OUT_FOR_DELIVERY, Stage.RETURNING),
        (Stage.DELIVERED, Stage.RETURNED),
        (Stage.RETURNED, Stage.RETURNED),
    ],
)
def test_scans_of_the_way_back_are_told_to_the_parcel_it_belongs_to(stage: Stage, told: Stage) -> None:
    run = _linked()
    [forwarded] = run.take(scanned(stage, waybill=BACK))
    assert (forwarded.waybill, forwarded.scan.stage, forwarded.scan.at) == (WAYBILL, told, NOW)
    assert run.take(scanned(stage, waybill=BACK)) == []


def test_scans_that_came_before_the_link_are_told_with_it() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT, waybill=BACK))
    said = run.take(ReturnLegLinked(**ABOUT, waybill=BACK, original=WAYBILL))
    assert [message.type for message in said] == ["return_leg_scanned", "subscribe_tracking"]


def test_a_scan_of_the_way_back_means_that_the_parcel_was_stopped() -> None:
    run = _stopped()
    scan = Scan(stage=Stage.RETURNING, at=NOW + HOUR, code="GOT")
    assert progressed_to(run.take(ReturnLegScanned(**ABOUT, waybill=WAYBILL, scan=scan))) == ["returning"]
    assert run.case.interception.phase is InterceptionPhase.SUCCEEDED


@pytest.mark.parametrize("phase", InterceptionPhase)
def test_goods_in_the_warehouse_are_received_whatever_was_thought_before(phase: InterceptionPhase) -> None:
    run = Run(decide_parcel, parcel(phase, Stage.IN_TRANSIT))
    received = ReturnReceived(**ABOUT, waybill=WAYBILL, at=NOW + HOUR)
    assert progressed_to(run.take(received)) == ["received"]
    assert run.case.stage is Stage.RETURNED
    assert run.take(received) == []
    assert run.last.due is None


def test_goods_received_under_the_new_number_are_received_under_the_old_one() -> None:
    run = _linked()
    received = ReturnReceived(**ABOUT, waybill=BACK, at=NOW + HOUR)
    [told] = run.take(received)
    assert (told.waybill, told.at) == (WAYBILL, NOW + HOUR)
    assert run.take(received) == []
    original = _stopped()
    assert progressed_to(original.take(told)) == ["received"]


def test_goods_received_before_anybody_knew_of_the_way_back_are_received_all_the_same() -> None:
    run = Run(decide_parcel)
    run.take(ReturnReceived(**ABOUT, waybill=BACK, at=NOW))
    said = run.take(ReturnLegLinked(**ABOUT, waybill=BACK, original=WAYBILL))
    assert [message.waybill for message in said if message.type == "return_received"] == [WAYBILL]


def test_a_refund_of_goods_that_are_back_already_hears_so_and_asks_nobody() -> None:
    run = Run(decide_parcel)
    run.take(ReturnReceived(**ABOUT, waybill=WAYBILL, at=NOW))
    said = run.take(wanted())
    assert progressed_to(said) == ["received"]
    assert types(said) == ["parcel_progressed"]


def test_a_parcel_that_turns_back_without_the_courier_s_promise_counts_only_once_it_is_received() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.REFUSED, Stage.DELIVERY_FAILED))
    assert progressed_to(run.take(scanned(Stage.RETURNING, NOW + HOUR))) == ["turned_back"]
    assert all(Progress.TURNED_BACK not in moment.reached_by for moment in RefundMoment)
    assert progressed_to(run.take(ReturnReceived(**ABOUT, waybill=WAYBILL, at=NOW))) == ["received"]


def test_a_return_scan_that_overtakes_the_courier_s_answer_counts_once_the_answer_is_there() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.REQUESTED, Stage.IN_TRANSIT))
    assert progressed_to(run.take(scanned(Stage.RETURNING, NOW + HOUR))) == ["turned_back"]
    assert progressed_to(run.take(courier("accepted", 1))) == ["returning"]


def test_two_numbers_that_name_each_other_do_not_chase_each_other_for_ever() -> None:
    runs = {WAYBILL: Run(decide_parcel), BACK: Run(decide_parcel)}
    waiting = [
        scanned(Stage.RETURNING, return_waybill=BACK),
        scanned(Stage.RETURNING, waybill=BACK, return_waybill=WAYBILL),
    ]
    for _ in range(30):
        if not waiting:
            return
        message = waiting.pop(0)
        said = runs[message.waybill].take(message)
        waiting += [m for m in said if m.type in ("return_leg_linked", "return_leg_scanned", "parcel_scanned")]
    raise AssertionError("they never come to rest")
