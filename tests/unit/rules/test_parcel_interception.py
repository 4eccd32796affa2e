"""Stopping one parcel: many refunds, one request at a time, and no goods held that somebody is waiting for."""

import pytest

from shared.domain.notices import TicketKind
from shared.domain.parcel import InterceptionPhase, Progress, Stage
from shared.rules.decide_parcel import decide_parcel
from tests.unit.rules.build import (
    HOUR,
    NOW,
    PARCEL_KEY,
    Run,
    parcel,
    progressed_to,
    scanned,
    tickets,
    types,
    wanted,
    wish,
)
from tests.unit.rules.parcels import accepted, answer, courier_due, failed, released, requested, shipped

# ---- the first scan ----------------------------------------------------------------------------------------------


def test_a_parcel_that_was_not_picked_up_is_asked_for_at_its_first_scan() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.LABEL_CREATED))
    assert progressed_to(run.take(wanted())) == ["waiting"]
    said = run.take(scanned(Stage.PICKED_UP, NOW + HOUR))
    assert types(said) == ["intercept_parcel", "parcel_progressed"]
    assert said[1].progress is Progress.REQUESTED


def test_a_courier_that_wants_the_first_scan_is_asked_again_after_it() -> None:
    run = Run(decide_parcel)
    run.take(wanted())
    said = run.take(answer(run, "refused", code="E23119", text="快件未揽收", retry_after_scan=True))
    assert (said[0].progress, said[0].reason) == (Progress.WAITING, "E23119 快件未揽收")
    first = run.said[0].command_id
    [again, _] = run.take(scanned(Stage.PICKED_UP, NOW + HOUR))
    assert again.type == "intercept_parcel"
    assert again.command_id != first


def test_a_courier_that_refuses_says_why_to_every_refund() -> None:
    run = requested()
    run.take(wanted("R2"))
    said = run.take(answer(run, "refused", code="E23137", text="快件已到达派件网点"))
    assert [(m.refund_id, m.progress, m.reason) for m in said] == [
        ("R1", Progress.REFUSED, "E23137 快件已到达派件网点"),
        ("R2", Progress.REFUSED, "E23137 快件已到达派件网点"),
    ]
    assert courier_due(run) is None


# ---- whose goods are inside --------------------------------------------------------------------------------------


def test_a_merged_parcel_is_not_stopped_for_one_of_its_orders() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT), shipped("O2", "M1"))
    said = run.take(wanted())
    assert types(said) == ["parcel_progressed"]
    assert (said[0].progress, said[0].reason) == (Progress.WAITING, "other_goods_inside")


def test_a_second_refund_of_the_other_goods_lifts_the_block() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT), shipped("O2", "M1"), wanted())
    said = run.take(wanted("R2", "O2", "M1"))
    assert types(said) == ["intercept_parcel", "parcel_progressed", "parcel_progressed"]
    assert said[0].why.facts["refunds"] == "sim:R1,sim:R2"


def test_goods_found_inside_late_take_an_accepted_interception_back() -> None:
    run = accepted()
    [cancel, told] = run.take(shipped("O2", "M1"))
    assert (cancel.type, cancel.of_command) == ("cancel_interception", f"{PARCEL_KEY}#1")
    assert told.progress is Progress.WAITING
    said = run.take(answer(run, "cancelled"))
    assert [(m.progress, m.reason) for m in said] == [(Progress.WAITING, "other_goods_inside")]


def test_goods_found_inside_while_the_courier_is_asked_take_it_back_once_it_has_accepted() -> None:
    run = requested()
    assert types(run.take(shipped("O2", "M1"))) == []
    assert "cancel_interception" in types(run.take(answer(run, "accepted")))


@pytest.mark.parametrize("certain", [True, False])
def test_a_courier_that_does_not_take_it_back_is_a_person_s_affair(*, certain: bool) -> None:
    run = accepted()
    run.take(released())
    said = run.take(failed(run, certain=certain))
    assert tickets(said) == [TicketKind.STOPPED_THEN_WITHDRAWN]


# ---- withdrawn ---------------------------------------------------------------------------------------------------


def test_a_withdrawn_refund_lets_the_parcel_go_on() -> None:
    run = accepted()
    assert types(run.take(released())) == ["cancel_interception"]
    assert run.take(answer(run, "cancelled")) == []
    assert run.case.interception.phase is InterceptionPhase.CANCELLED
    assert courier_due(run) is None


def test_a_refund_withdrawn_while_the_courier_is_asked_is_taken_back_after_the_answer() -> None:
    run = requested()
    assert run.take(released()) == []
    assert types(run.take(answer(run, "accepted"))) == ["cancel_interception"]


def test_a_refund_withdrawn_while_nobody_knows_whether_the_courier_was_asked_is_taken_back_too() -> None:
    run = requested()
    run.take(released())
    assert types(run.take(failed(run, certain=False))) == ["cancel_interception"]


def test_one_of_two_refunds_withdrawn_takes_back_what_the_other_alone_does_not_cover() -> None:
    run = Run(decide_parcel)
    run.take(scanned(Stage.IN_TRANSIT), shipped("O2", "M1"), wanted(), wanted("R2", "O2", "M1"))
    run.take(answer(run, "accepted"))
    assert types(run.take(released("R2"))) == ["cancel_interception", "parcel_progressed"]


def test_one_of_two_refunds_of_the_same_goods_withdrawn_takes_nothing_back() -> None:
    run = accepted()
    run.take(wanted("R2"))
    assert run.take(released("R2")) == []


def test_a_refund_withdrawn_after_the_parcel_was_stopped_is_a_person_s_affair() -> None:
    run = Run(decide_parcel, parcel(InterceptionPhase.SUCCEEDED, Stage.IN_TRANSIT))
    said = run.take(released())
    assert (types(said), tickets(said)) == ([], [TicketKind.STOPPED_THEN_WITHDRAWN])


def test_a_refund_that_comes_back_while_the_interception_is_taken_back_asks_anew() -> None:
    run = accepted()
    run.take(released())
    assert progressed_to(run.take(wanted())) == ["waiting"]
    assert types(run.take(answer(run, "cancelled")))[0] == "intercept_parcel"
    assert len({m.command_id for m in run.said if m.type == "intercept_parcel"}) == 2


def test_a_parcel_has_one_interception_however_many_refunds_want_it() -> None:
    run = Run(decide_parcel, parcel(wishes=(), stage=Stage.IN_TRANSIT))
    run.take(*(wanted(f"R{number}") for number in range(1, 6)))
    assert types(run.said).count("intercept_parcel") == 1
    assert run.case.interception.phase is InterceptionPhase.REQUESTED


def test_a_refund_that_asks_twice_is_counted_once_and_answered_twice() -> None:
    run = Run(decide_parcel)
    run.take(wanted(), wanted())
    assert [known.refund for known in run.case.wishes] == [wish().refund]
    assert progressed_to(run.said) == ["requested", "requested"]


# ---- what operators count ----------------------------------------------------------------------------------------


def test_how_an_interception_ends_is_counted_once() -> None:
    run = accepted()
    run.take(answer(run, "reported", state="in_progress"))
    assert run.last.counts == ()
    succeeded = answer(run, "reported", state="succeeded")
    run.take(succeeded)
    assert run.last.counts == ("interception_succeeded",)
    run.take(succeeded)
    assert run.last.counts == ()
    run.take(scanned(Stage.DELIVERED, NOW + HOUR))
    assert run.last.counts == ("interception_failed",)
