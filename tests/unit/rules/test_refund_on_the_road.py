"""A refund while the parcel travels: when the money may go, what a failure means, how the goods are followed."""

from datetime import timedelta

import pytest

from shared.domain.events import RefundAgreed
from shared.domain.notices import TicketKind
from shared.domain.parcel import Progress
from shared.domain.policy import RefundMoment
from shared.domain.refund import Outcome, RefundPhase, RefundStatus
from shared.rules.decide_refund import decide_refund
from tests.unit.rules.build import (
    HOUR,
    MERCHANT,
    MINUTE,
    NOW,
    PAID,
    REFUND,
    REFUND_KEY,
    Run,
    order,
    progressed,
    reported,
    tick,
    tickets,
    types,
)

LADDER = (Progress.ACCEPTED, Progress.SUCCEEDED, Progress.RETURNING, Progress.RECEIVED)
REACHED = {moment: LADDER[place:] for place, moment in enumerate(RefundMoment)}


def _on_the_road(*waybills: str, **policy: object) -> Run:
    waybills = waybills or ("W1",)
    run = Run(decide_refund, **policy)
    run.order = order(*waybills, lines=len(waybills))
    run.take(reported(line_ids=()))
    return run


@pytest.mark.parametrize("progress", Progress)
@pytest.mark.parametrize("moment", RefundMoment)
def test_the_request_is_read_again_only_once_the_parcel_has_come_as_far_as_the_policy_wants(
    moment: RefundMoment, progress: Progress
) -> None:
    run = _on_the_road(refund_on=moment)
    said = run.take(progressed(progress, reason="x"))
    assert (types(said) == ["read_refund"]) == (progress in REACHED[moment])
    assert (run.case.phase is RefundPhase.BY_HAND) == progress.is_hopeless
    assert "agree_refund" not in types(said)


@pytest.mark.parametrize("hopeless", [p for p in Progress if p.is_hopeless])
@pytest.mark.parametrize("place", range(3))
def test_one_parcel_that_cannot_be_stopped_leaves_the_whole_refund_to_a_person(place: int, hopeless: Progress) -> None:
    waybills = ("W1", "W2", "W3")
    run = _on_the_road(*waybills)
    for number, waybill in enumerate(waybills):
        run.take(progressed(hopeless if number == place else Progress.SUCCEEDED, waybill))
    assert run.case.phase is RefundPhase.BY_HAND
    assert tickets(run.said) == [TicketKind.INTERCEPTION_FAILED]
    assert "read_refund" not in types(run.said)


def test_a_parcel_not_worth_the_fee_is_left_to_a_person() -> None:
    run = _on_the_road()
    assert tickets(run.take(progressed(Progress.WAITING, reason="not_worth_it"))) == [TicketKind.INTERCEPTION_FAILED]


@pytest.mark.parametrize(
    ("progress", "reason", "kind"),
    [
        (Progress.SILENT, "courier_silent", TicketKind.COURIER_SILENT),
        (Progress.SILENT, "no_answer", TicketKind.OUTCOME_UNKNOWN),
        (Progress.WAITING, "other_goods_inside", TicketKind.OTHER_GOODS_INSIDE),
    ],
)
def test_trouble_with_a_parcel_is_told_once_and_waited_for(progress: Progress, reason: str, kind: TicketKind) -> None:
    run = _on_the_road()
    later = progressed(progress, reason=reason, at=NOW + HOUR)
    said = run.take(progressed(progress, reason=reason), progressed(Progress.ACCEPTED), later)
    assert tickets(said) == [kind]
    assert run.case.phase is RefundPhase.STOPPING_PARCELS
    assert run.last.due


def test_news_from_before_what_is_known_changes_nothing() -> None:
    run = _on_the_road(refund_on=RefundMoment.RECEIVED)
    run.take(progressed(Progress.RETURNING, at=NOW + HOUR))
    before = run.case
    assert run.take(progressed(Progress.FAILED, at=NOW)) == []
    assert run.case == before


def test_news_of_a_parcel_that_is_not_this_refund_s_changes_nothing() -> None:
    run = _on_the_road()
    before = run.case
    assert run.take(progressed(Progress.SUCCEEDED, "W7")) == []
    assert run.case == before


def test_a_parcel_that_does_not_answer_is_asked_again() -> None:
    run = _on_the_road("W1", "W2")
    run.take(progressed(Progress.SUCCEEDED, "W2"))
    assert run.last.due == NOW + timedelta(minutes=2)
    assert [m.waybill for m in run.take(tick(), after=2 * MINUTE)] == ["W1", "W2"]
    assert run.take(tick()) == []


def test_a_parcel_is_asked_again_even_when_its_order_is_not_at_hand() -> None:
    run = _on_the_road()
    run.order = None
    [again] = run.take(tick(), after=2 * MINUTE)
    assert (again.waybill, again.content.line_ids) == ("W1", ())


def test_a_parcel_that_waits_is_asked_again_rarely() -> None:
    run = _on_the_road()
    run.take(progressed(Progress.WAITING))
    assert run.last.due == NOW + 6 * HOUR
    assert types(run.take(tick(), after=6 * HOUR)) == ["interception_wanted"]


# ---- after the money ---------------------------------------------------------------------------------------------


def _paid(*waybills: str, progress: Progress = Progress.SUCCEEDED) -> Run:
    run = _on_the_road(*waybills)
    run.take(*(progressed(progress, state.waybill) for state in run.case.parcels))
    run.take(reported(line_ids=(), answers=f"{REFUND_KEY}#1"))
    assert run.said[-1].type == "agree_refund"
    answers = run.said[-1].command_id
    run.take(RefundAgreed(merchant=MERCHANT, platform="sim", refund_id=REFUND, answers=answers, at=NOW))
    assert run.case.phase is RefundPhase.FOLLOWING
    return run


def test_a_paid_refund_is_over_when_the_warehouse_has_every_parcel() -> None:
    run = _paid("W1", "W2")
    run.take(progressed(Progress.RECEIVED, "W1", at=NOW + HOUR))
    assert run.case.phase is RefundPhase.FOLLOWING
    said = run.take(progressed(Progress.RECEIVED, "W2", at=NOW + HOUR))
    assert (run.case.outcome, run.last.due, len(said)) == (Outcome.RECOVERED, None, 1)


def test_a_parcel_lost_after_the_money_went_opens_a_loss_with_evidence() -> None:
    run = _paid()
    said = run.take(progressed(Progress.FAILED, reason="delivered", at=NOW + HOUR))
    assert tickets(said) == [TicketKind.LOSS]
    lines = said[0].notice.lines
    assert any("W1：拦截失败，已签收（11-11 09:00）" in line for line in lines)
    assert any("本系统退款时间" in line for line in lines)
    assert run.case.outcome is Outcome.LOST


def test_a_loss_after_a_forced_refund_says_who_paid() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(RefundStatus.REFUNDED))
    said = run.take(progressed(Progress.REFUSED, reason="too_late_delivered"))
    assert tickets(said) == [TicketKind.LOSS]
    assert any("平台或人工退款时间" in line for line in said[0].notice.lines)


def test_one_lost_parcel_of_two_is_told_at_once_and_the_other_one_followed() -> None:
    run = _paid("W1", "W2")
    assert tickets(run.take(progressed(Progress.FAILED, "W1", at=NOW + HOUR))) == [TicketKind.LOSS]
    assert run.case.phase is RefundPhase.FOLLOWING
    run.take(progressed(Progress.RECEIVED, "W2", at=NOW + HOUR))
    assert run.case.outcome is Outcome.LOST


@pytest.mark.parametrize("days", [1, 7])
def test_goods_that_do_not_come_back_are_claimed_once_after_the_policy_s_time(days: int) -> None:
    run = Run(decide_refund, return_max=timedelta(days=days))
    run.order = order("W1")
    run.take(reported(RefundStatus.REFUNDED), progressed(Progress.SUCCEEDED))
    assert TicketKind.CLAIM_DUE not in tickets(run.take(tick(), after=timedelta(days=days) - MINUTE))
    assert tickets(run.take(tick(), after=MINUTE)) == [TicketKind.CLAIM_DUE]
    assert tickets(run.take(tick(), after=HOUR)) == []
    assert run.last.due


def test_money_is_counted_against_the_order_once() -> None:
    run = _paid()
    run.take(reported(RefundStatus.REFUNDED, 2), reported(RefundStatus.REFUNDED, 3))
    told = [message for message in run.said if message.type == "order_refunded"]
    assert [message.share.amount_fen for message in told] == [PAID]


# ---- the platform may pay first ----------------------------------------------------------------------------------

RISK = "强制退款风险：11-11 16:00 起平台可不经商家同意直接退款（剩余 8.0 小时）"


def _lines(run: Run) -> tuple[str, ...]:
    return tuple(line for said in run.said if said.type == "notice_raised" for line in said.notice.lines)


def test_a_person_who_decides_is_told_that_the_platform_may_pay_first() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(), progressed(Progress.REQUESTED, forced_refund_at=NOW + 8 * HOUR))
    assert _lines(run) == ()
    run.take(progressed(Progress.REFUSED, reason="too_late", forced_refund_at=NOW + 8 * HOUR))
    assert RISK in _lines(run)
    assert "快递单号：中通 W1" in _lines(run)


def test_a_parcel_that_moves_on_is_no_risk() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(), progressed(Progress.REQUESTED, forced_refund_at=NOW + 8 * HOUR))
    run.take(progressed(Progress.REFUSED, reason="too_late"))
    assert run.case.parcels[0].forced_refund_at is None
    assert not any("强制退款" in line for line in _lines(run))


def test_once_the_money_is_gone_nobody_is_told_that_it_may_go() -> None:
    run = Run(decide_refund)
    run.order = order("W1")
    run.take(reported(RefundStatus.REFUNDED))
    run.take(progressed(Progress.FAILED, forced_refund_at=NOW + 8 * HOUR))
    assert _lines(run)
    assert not any("强制退款" in line for line in _lines(run))


def test_the_first_of_several_risks_counts_and_a_deadline_says_how_much_is_left() -> None:
    run = Run(decide_refund)
    run.order = order("W1", "W2", lines=2)
    run.take(reported(line_ids=("L1", "L2")))
    run.take(progressed(Progress.REQUESTED, "W2", forced_refund_at=NOW + 30 * HOUR))
    run.take(progressed(Progress.REFUSED, "W1", forced_refund_at=NOW + 8 * HOUR))
    assert RISK in _lines(run)
    assert "处理时限：11-12 20:00（剩余 36.0 小时）" in _lines(run)
