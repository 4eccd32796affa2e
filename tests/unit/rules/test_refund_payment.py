"""What may be paid: exactly what was read right before, for goods that are stopped."""

import pytest

from shared.domain.notices import TicketKind
from shared.domain.order import RefundShare
from shared.domain.parcel import Progress
from shared.domain.refund import RefundKind, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    MINUTE,
    PAID,
    REFUND_KEY,
    Run,
    order,
    order_stopped,
    progressed,
    reported,
    tick,
    tickets,
    types,
)
from tests.unit.rules.refunds import agreeing, answer, reviewing

# ---- what may be agreed ------------------------------------------------------------------------------------------


def test_what_is_agreed_is_exactly_what_was_just_read() -> None:
    run = reviewing()
    run.order = order("W1", paid_fen=5000)
    [command] = run.take(answer(run, version=9, amount_fen=2500))
    assert (command.amount_fen, command.version, command.order_id) == (2500, 9, "O1")
    assert command.command_id == f"{REFUND_KEY}#2"
    assert (command.why.rule, command.why.policy_version) == ("reviewed", 7)
    assert command.why.facts["amount_fen"] == 2500


def test_news_that_nobody_asked_for_never_pays() -> None:
    run = reviewing()
    assert run.take(reported(version=2), reported(version=3), reported(version=3)) == []
    assert run.case.phase is RefundPhase.REVIEWING


@pytest.mark.parametrize("step", [0, 2, 99])
def test_an_answer_to_another_question_never_pays(step: int) -> None:
    run = reviewing()
    assert run.take(reported(version=2, answers=f"{REFUND_KEY}#{step}")) == []


def test_an_answer_older_than_the_news_never_pays() -> None:
    run = reviewing()
    run.take(reported(version=5))
    assert run.take(answer(run, version=4)) == []
    assert types(run.take(answer(run, version=5))) == ["agree_refund"]


def test_news_that_comes_while_we_agree_changes_nothing_of_what_is_agreed() -> None:
    run = agreeing()
    first = run.said[-1]
    run.take(reported(version=2, amount_fen=PAID + 1), reported(RefundStatus.IN_PROGRESS, 3))
    [again] = run.take(tick(), after=2 * MINUTE)
    assert again == first.model_copy(update={"why": again.why})


def test_an_answer_that_comes_twice_pays_once() -> None:
    run = reviewing()
    again = answer(run)
    assert types(run.take(again, again, again)) == ["agree_refund"]


OBJECTIONS = {
    "above what was paid": ({"amount_fen": PAID + 1}, TicketKind.ABOVE_PAID),
    "part of the price": ({"amount_fen": PAID - 1}, TicketKind.PARTIAL_AMOUNT),
    "goods are sent back instead": ({"kind": RefundKind.RETURN_AND_REFUND}, TicketKind.REQUEST_CHANGED),
    "an exchange instead": ({"kind": RefundKind.OTHER}, TicketKind.REQUEST_CHANGED),
    "somebody is at it": ({"status": RefundStatus.IN_PROGRESS}, TicketKind.REQUEST_CHANGED),
}


@pytest.mark.parametrize("what", OBJECTIONS)
def test_a_request_that_changed_before_it_was_read_is_left_to_a_person(what: str) -> None:
    fields, kind = OBJECTIONS[what]
    run = reviewing()
    said = run.take(answer(run, **{"version": 2, **fields}))
    assert "agree_refund" not in types(said)
    assert tickets(said) == [kind]
    assert run.case.phase is RefundPhase.BY_HAND


def test_what_other_refunds_took_meanwhile_is_not_paid_again() -> None:
    run = reviewing()
    run.order = order("W1", refunds=(RefundShare(refund="sim:R2", amount_fen=1, step=2),))
    assert tickets(run.take(answer(run))) == [TicketKind.ABOVE_PAID]


def test_nothing_is_paid_when_the_order_is_not_known_any_more() -> None:
    run = reviewing()
    run.order = None
    assert "agree_refund" not in types(run.take(answer(run)))


# ---- goods that nobody stopped -----------------------------------------------------------------------------------


@pytest.mark.parametrize("hopeless", [Progress.FAILED, Progress.REFUSED])
def test_a_parcel_that_is_delivered_while_the_request_is_read_is_not_paid(hopeless: Progress) -> None:
    run = reviewing()
    run.take(progressed(hopeless, reason="delivered"))
    said = run.take(answer(run))
    assert (types(said), tickets(said)) == ([], [TicketKind.INTERCEPTION_FAILED])
    assert run.case.phase is RefundPhase.BY_HAND


def test_a_parcel_that_falls_back_while_the_request_is_read_must_reach_the_moment_again() -> None:
    run = reviewing()
    run.take(progressed(Progress.WAITING))
    assert types(run.take(answer(run))) == []
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert types(run.take(progressed(Progress.SUCCEEDED))) == ["read_refund"]


def test_a_parcel_that_shows_up_late_must_be_stopped_before_the_money_goes() -> None:
    run = reviewing()
    run.order = order("W1", "W2", lines=2).model_copy(
        update={"lines": order().lines, "shipments": order("W1").shipments + order("W2").shipments}
    )
    assert types(run.take(answer(run))) == ["interception_wanted", "interception_wanted"]
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    run.take(progressed(Progress.SUCCEEDED, "W1"))
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert types(run.take(progressed(Progress.SUCCEEDED, "W2"))) == ["read_refund"]


def test_an_order_cancelled_in_the_erp_that_was_shipped_all_the_same_is_not_paid() -> None:
    run = Run(decide_refund)
    run.order = order()
    run.take(reported(), order_stopped("cancelled", f"{REFUND_KEY}#1"))
    run.order = order("W1")
    assert types(run.take(answer(run))) == ["interception_wanted"]


def test_lines_added_to_the_request_are_not_paid_while_their_parcel_travels() -> None:
    run = Run(decide_refund)
    run.order = order("W1", "W2", lines=2)
    run.take(reported(amount_fen=PAID // 2), progressed(Progress.SUCCEEDED))
    said = run.take(answer(run, version=2, line_ids=("L1", "L2"), amount_fen=PAID))
    assert "agree_refund" not in types(said)
    assert {m.waybill for m in said if m.type == "interception_wanted"} == {"W1", "W2"}


def test_lines_added_to_the_request_that_have_not_left_are_not_paid() -> None:
    run = Run(decide_refund)
    run.order = order("W1", lines=2)
    run.take(reported(amount_fen=PAID // 2), progressed(Progress.SUCCEEDED))
    said = run.take(answer(run, version=2, line_ids=("L1", "L2"), amount_fen=PAID))
    assert "agree_refund" not in types(said)
    assert tickets(said) == [TicketKind.HELD_IN_PART]
